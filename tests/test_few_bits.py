"""Recipes for few bits: each knob does what it says, and what is kept is what is loaded."""

import numpy as np
import pytest
import torch
from test_training import random_data, same_weights
from torch.nn import functional as F

from labutils import allocation, checkpoints, data, few_bits, pruning, quantize, ranges, training
from labutils.resnet import ResNet20, inner_layers

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def float_model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ResNet20().eval()


def layers(model):
    return [layer for _, layer in quantize.quant_layers(model) if layer.bits is not None]


@pytest.mark.parametrize("quantizer", few_bits.QUANTIZERS)
def test_every_quantizer_rounds_to_as_many_levels_as_the_bits_allow(float_model, quantizer):
    model = few_bits.rounded(float_model, (2, 3, 2), quantizer)
    for layer in layers(model):
        levels = layer.rounded().unique()
        assert 2 < len(levels) <= 2**layer.bits
        assert (0 in levels) == (quantizer in ("with zero", "of non-zeros"))


def test_the_homeworks_quantizer_is_one_of_them(float_model):
    ours, homeworks = few_bits.rounded(float_model, (2, 2, 2)), checkpoints.quantized(float_model, (2, 2, 2))
    for one, other in zip(layers(ours), layers(homeworks)):
        torch.testing.assert_close(one.rounded(), other.rounded())


@pytest.mark.parametrize("recipe", few_bits.RECIPES)
def test_every_recipe_trains_the_copy_and_leaves_the_float_network(float_model, recipe):
    before = {key: value.clone() for key, value in float_model.state_dict().items()}
    epochs = 4 if recipe in ("progressive", "gradual") else 1
    options = {"layer_bits": {"body_op.0.conv1.0": 4}} if recipe == "allocated" else {}
    model, history = few_bits.train(
        float_model, random_data(32, 8), (2, 2, 2), recipe, epochs, progress=False, **options
    )
    assert len(history) == epochs and np.isfinite(history[-1]["loss"])
    assert not same_weights(model, few_bits.rounded(float_model, (2, 2, 2)))
    assert all(torch.equal(value, before[key]) for key, value in float_model.state_dict().items())
    assert set(few_bits.numbers(recipe, 1, 0)) >= set(few_bits.RECIPES[recipe]) | {"epochs", "seed", "learning_rate"}


def test_knobs_differ_from_cosine_in_one_thing_each():
    single = [name for name in few_bits.KNOBS if name not in ("cosine", "annealed", "learned")]
    assert few_bits.KNOBS["cosine"] == {} and all(len(few_bits.KNOBS[name]) == 1 for name in single)
    both = few_bits.RECIPES["annealed"] | {"quantizer": "learned"}
    assert both == few_bits.RECIPES["learned"] and "quantizer" not in few_bits.RECIPES["annealed"]


def test_learned_levels_move_and_no_weight_decay_pulls_them(float_model):
    def one_step(weight_decay):
        model = few_bits.rounded(float_model, (2, 2, 2), "learned")
        training.anneal(model, random_data(32, 8), 1, weight_decay=weight_decay, progress=False)
        return model, [layer.quantizer.step.item() for layer in layers(model)]

    (with_decay, steps), (without, same_steps) = one_step(10.0), one_step(0.0)
    start = [layer.quantizer.step.item() for layer in layers(few_bits.rounded(float_model, (2, 2, 2), "learned"))]
    assert steps == same_steps != start
    assert not torch.equal(layers(with_decay)[0].weight, layers(without)[0].weight)


def test_the_distillation_loss_by_hand():
    generator = torch.Generator().manual_seed(1)
    scores, wanted = torch.randn(2, 5, 10, generator=generator)
    labels = torch.tensor([0, 3, 9, 1, 1])
    p, q = (wanted / 4).softmax(1), (scores / 4).softmax(1)
    by_hand = 0.9 * 16 * (p * (p / q).log()).sum(1).mean() + 0.1 * F.cross_entropy(scores, labels)
    torch.testing.assert_close(training.distillation_loss(scores, wanted, labels), by_hand)


def test_a_teacher_is_learned_from_and_is_no_part_of_another_run(float_model, tmp_path):
    taught, alone = (few_bits.rounded(float_model, (4, 4, 4)) for _ in range(2))
    images, state = random_data(32, 8), tmp_path / "state"
    training.anneal(taught, images, 1, teacher=float_model, state_file=state, progress=False)
    training.anneal(alone, images, 1, progress=False)
    assert not same_weights(taught, alone)
    with pytest.raises(ValueError, match="expected the state of a run with .* found one with"):
        training.anneal(few_bits.rounded(float_model, (4, 4, 4)), images, 1, state_file=state, progress=False)


def test_held_out_images_are_training_images_that_are_trained_on_no_more():
    images = random_data(50, 10)
    parts = data.held_out(images, 20)
    together = np.concatenate([parts.train_images, parts.test_images])
    labels = np.concatenate([parts.train_labels, parts.test_labels])
    assert len(parts.train_images) == 30 and parts.name == images.name
    assert data.fingerprint(together, labels) == data.fingerprint(images.train_images, images.train_labels)
    assert np.array_equal(parts.test_images, data.held_out(images, 20).test_images)
    assert not np.array_equal(parts.test_images, data.held_out(images, 20, seed=1).test_images)


def test_no_such_recipe_and_none_without_its_bits(float_model, refused):
    with refused("recipe", "learned"):
        few_bits.numbers("magic", 1, 0)
    with refused("layer_bits", "allocated"):
        few_bits.train(float_model, random_data(32, 8), (3, 3, 3), "allocated", 1)


def test_a_network_of_a_recipe_is_kept_beside_the_homeworks_and_loads_with_its_levels(float_model, tmp_path):
    model = few_bits.rounded(float_model, (2, 2, 2), "learned").eval()
    for layer in layers(model):  # levels -0.2, 0, 0.2 and 0.4: the last may not be used
        layer.quantizer.lowest.data.fill_(-0.2)
        layer.quantizer.step.data.fill_(0.2)
    recipe = few_bits.numbers("learned", 3, 1)
    path = checkpoints.save(model, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path, named="learned")
    assert path.name == "cifar10-2-2-2-learned.pt" and checkpoints.parse(path.name) == ("cifar10", (2, 2, 2), "learned")
    entry = checkpoints.entry("cifar10", (2, 2, 2), "learned", tmp_path)
    command = "python -m labutils anneal --recipe learned --bits 2,2,2 --data cifar10 --epochs 3 --seed 1"
    assert entry["command"] == command
    loaded = checkpoints.load("cifar10", (2, 2, 2), "learned", tmp_path)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(loaded(x), model(x))
    assert loaded.bits == (2, 2, 2) and quantize.average_precision(loaded) == quantize.average_precision(model)
    again = [ranges.follows(ranges.min_max)(layer.weight, 2) for layer in layers(loaded)]
    assert any(not torch.allclose(w, layer.weight) for w, layer in zip(again, layers(loaded)))  # not rounded again


def test_bits_are_allocated_for_the_average_that_is_counted(float_model):
    rng = np.random.default_rng(0)
    increase = {name: dict(zip((2, 3, 4), sorted(rng.random(3))[::-1])) for name in inner_layers(float_model)}
    chosen = few_bits.allocated(float_model, increase, 3.0)
    model = few_bits.rounded(float_model, (3, 3, 3), "learned", chosen)
    assert len(set(chosen.values())) > 1 and 2.9 < quantize.average_precision(model) <= 3.0
    sizes = {name: layer.weight.numel() for name, layer in inner_layers(model).items()}
    richer = allocation.allocate(increase, sizes, 3.0)  # the float layers forgotten
    assert quantize.average_precision(few_bits.rounded(float_model, (3, 3, 3), "learned", richer)) > 3.0
    assert all(layer.bits == chosen[name] for name, layer in inner_layers(model).items())
    assert all(len(layer.rounded().unique()) <= 2**layer.bits for layer in layers(model))


def test_an_allocated_network_is_loaded_with_each_layers_bits(float_model, tmp_path):
    chosen = {name: 2 + number % 3 for number, name in enumerate(inner_layers(float_model))}
    model = few_bits.rounded(float_model, (3, 3, 3), "learned", chosen).eval()
    recipe = few_bits.numbers("allocated", 1, 0)
    path = checkpoints.save(model, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path, named="allocated")
    loaded = checkpoints.load("cifar10", (3, 3, 3), "allocated", tmp_path)
    assert path.name == "cifar10-3-3-3-allocated.pt"
    assert {name: layer.bits for name, layer in inner_layers(loaded).items()} == chosen
    assert quantize.average_precision(loaded) == quantize.average_precision(model)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(loaded(x), model(x))


def test_a_pruned_network_is_kept_and_then_rounded_with_its_zeros(float_model, tmp_path):
    images = random_data(32, 8)
    pruned, history = few_bits.train(float_model, images, None, "gradual", 4, progress=False)
    numbers = few_bits.numbers("gradual", 4, 0)
    path = checkpoints.save(pruned, "cifar10", numbers, history, 0.1, folder=tmp_path, named="gradual")
    assert path.name == "cifar10-float-gradual.pt" and checkpoints.parse(path.name) == ("cifar10", None, "gradual")
    entry = checkpoints.entry("cifar10", None, "gradual", tmp_path)
    assert entry["command"] == "python -m labutils anneal --recipe gradual --data cifar10 --epochs 4"
    loaded = checkpoints.load("cifar10", None, "gradual", tmp_path)
    assert same_weights(loaded, pruned) and abs(pruning.sparsity(loaded) - 0.8) < 1e-5
    small, _ = few_bits.train(float_model, images, (2, 2, 2), "gradual", 4, progress=False, start=loaded)
    for (name, layer), before in zip(inner_layers(small).items(), inner_layers(loaded).values()):
        assert torch.equal(layer.weight == 0, before.weight == 0), name  # none comes back, though gradual() starts low
        assert (layer.rounded()[before.weight == 0] == 0).all()
        assert (layer.weight != before.weight).any()


def test_all_zero_layers_have_nothing_to_round(float_model):
    model, _ = few_bits.train(float_model, random_data(32, 8), (4, 4, 0), "learned", 1, progress=False)
    assert all((layer.rounded() == 0).all() for layer in layers(model) if layer.bits == 0)
