"""Pruning by magnitude: the masks are PyTorch's own, ties and counts are exact, and the schedule is its formula."""

import pytest
import torch
from torch.nn.utils import prune

from labutils.few_bits.pruning import apply_masks, gradual, magnitude_masks, sparsity
from labutils.networks.resnet import ResNet20, inner_layers

WEIGHTS = 269_824  # of the 20 layers


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ResNet20()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 0.999])
def test_the_masks_are_those_of_pytorch(model, share):
    masks = magnitude_masks(model, share)
    layers = inner_layers(model)
    assert list(masks) == list(layers) and len(masks) == 20
    pairs = [(layer.conv, "weight") for layer in layers.values()]
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=share)
    for name, layer in layers.items():
        assert masks[name].dtype == torch.bool
        assert torch.equal(masks[name], layer.conv.weight_mask.bool()), name


@pytest.mark.parametrize("share", [0.5, 0.777, 1 / 3, 3e-6])
def test_exactly_as_many_go_as_were_asked_for(model, share):
    before = {name: layer.weight.detach().clone() for name, layer in inner_layers(model).items()}
    outside = [model.head_conv[0].weight.detach().clone(), model.final_fc.weight.detach().clone()]
    assert sparsity(model) == 0
    masks = magnitude_masks(model, share)
    assert all(torch.equal(layer.weight, before[name]) for name, layer in inner_layers(model).items())
    apply_masks(model, masks)
    assert sparsity(model) == round(share * WEIGHTS) / WEIGHTS
    for name, layer in inner_layers(model).items():
        assert torch.equal(layer.weight, torch.where(masks[name], before[name], 0))
        assert layer.weight.requires_grad
    assert torch.equal(model.head_conv[0].weight, outside[0]) and torch.equal(model.final_fc.weight, outside[1])


def test_pruned_weights_stay_pruned_at_a_higher_sparsity(model):
    low = magnitude_masks(model, 0.4)
    apply_masks(model, low)
    high = magnitude_masks(model, 0.8)
    assert not any((high[name] & ~low[name]).any() for name in low)


def test_of_equal_magnitudes_the_lower_index_is_kept(model):
    for number, layer in enumerate(inner_layers(model).values()):
        layer.weight.data.fill_(-1.0 if number % 2 else 1.0)
    kept = torch.cat([mask.flatten() for mask in magnitude_masks(model, 0.7).values()])
    count = WEIGHTS - round(0.7 * WEIGHTS)
    assert kept[:count].all() and not kept[count:].any()


def test_one_threshold_serves_all_layers(model):
    layers = list(inner_layers(model).values())
    layers[3].weight.data.mul_(100)
    masks = list(magnitude_masks(model, 0.9).values())
    assert masks[3].float().mean() > 0.9 > 0.2 > masks[-1].float().mean()


@pytest.mark.parametrize("share", [1, 1.0, -0.1, 80, float("nan")])
def test_another_sparsity_is_refused(model, share, refused):
    with refused("sparsity", "below 1", str(share)):
        magnitude_masks(model, share)
    with refused("final", "below 1", str(share)):
        gradual(share, 1, 2)


def test_weights_that_are_not_finite_are_refused(model, refused):
    model.body_op[2].conv1[0].weight.data[0, 0, 0, 1] = float("nan")
    with refused("finite", "1"):
        magnitude_masks(model, 0.5)


def test_masks_of_another_network_are_refused(model, refused):
    masks = magnitude_masks(model, 0.5)
    with refused("masks", "body_op.0.conv2.0", "None"):
        apply_masks(model, {name: mask for name, mask in masks.items() if name != "body_op.0.conv2.0"})
    with refused("masks", "(16, 16, 3, 3)", "(1,)"):
        apply_masks(model, masks | {"body_op.0.conv1.0": torch.ones(1, dtype=torch.bool)})


def test_the_schedule_ends_where_it_should_and_slows_down():
    found = [gradual(0.8, step, 4) for step in range(5)]
    assert found[0] == 0 and found[-1] == 0.8
    assert found == pytest.approx([0, 0.8 * 37 / 64, 0.8 * 7 / 8, 0.8 * 63 / 64, 0.8])
    steps = [b - a for a, b in zip(found, found[1:])]
    assert steps == sorted(steps, reverse=True) and min(steps) > 0


@pytest.mark.parametrize("step, steps", [(-1, 4), (5, 4), (0, 0), (float("nan"), 4)])
def test_steps_out_of_range_are_refused(step, steps, refused):
    with refused("step, steps", str(step)):
        gradual(0.8, step, steps)
