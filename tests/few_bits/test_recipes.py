"""Recipes for few bits: each knob does what it says, and what is kept is what is loaded."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from helpers.small_networks import network, random_data, same_weights
from torch.nn import functional as F

from labutils.datasets import find
from labutils.few_bits import allocation, pruning, ranges, recipes
from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import ablation
from labutils.networks import checkpoints, quantize, training
from labutils.networks.resnet import ResNet20, inner_layers, quantized

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def float_model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ResNet20().eval()


def layers(model):
    return [layer for _, layer in quantize.quant_layers(model) if layer.bits is not None]


@pytest.mark.parametrize("quantizer", recipes.QUANTIZERS)
def test_every_quantizer_rounds_to_as_many_levels_as_the_bits_allow(float_model, quantizer):
    bits, fewest = {"ternary": ((2, 2, 2), 3), "binary": ((1, 1, 1), 2)}.get(quantizer, ((2, 3, 2), 3))
    model = recipes.rounded(float_model, bits, quantizer)
    for layer in layers(model):
        levels = layer.rounded().unique()
        assert fewest <= len(levels) <= 2**layer.bits
        assert (0 in levels) == (quantizer in ("with zero", "ternary", "of non-zeros"))


def test_the_homeworks_quantizer_is_one_of_them(float_model):
    ours, homeworks = recipes.rounded(float_model, (2, 2, 2)), quantized(float_model, (2, 2, 2))
    for one, other in zip(layers(ours), layers(homeworks)):
        torch.testing.assert_close(one.rounded(), other.rounded())


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_every_recipe_trains_the_copy_and_leaves_the_float_network(float_model, recipe):
    before = {key: value.clone() for key, value in float_model.state_dict().items()}
    epochs = 4 if recipe == "progressive" or "prunings" in recipes.RECIPES[recipe] else 1
    options = {"layer_bits": {"body_op.0.conv1.0": 4}} if recipe == "allocated" else {}
    bits = (1, 1, 1) if recipe == "binary" else (2, 2, 2)
    model, history = recipes.train(
        float_model, random_data(32, 8), bits, recipes.named(recipe, epochs), progress=False, **options
    )
    assert len(history) == epochs and np.isfinite(history[-1]["loss"])
    assert not same_weights(model, recipes.rounded(float_model, (2, 2, 2)))
    assert all(torch.equal(value, before[key]) for key, value in float_model.state_dict().items())
    numbers = asdict(recipes.named(recipe, epochs, seed=3))
    assert numbers.items() >= (recipes.RECIPES[recipe] | {"epochs": epochs, "seed": 3}).items()
    assert numbers["learning_rate"] > 0


def test_knobs_differ_from_cosine_in_one_thing_each():
    single = [name for name in recipes.KNOBS if name not in ("cosine", "annealed", "learned")]
    assert recipes.KNOBS["cosine"] == {} and all(len(recipes.KNOBS[name]) == 1 for name in single)
    both = recipes.RECIPES["annealed"] | {"quantizer": "learned"}
    assert both == recipes.RECIPES["learned"] and "quantizer" not in recipes.RECIPES["annealed"]


def test_learned_levels_move_and_no_weight_decay_pulls_them(float_model):
    def one_step(weight_decay):
        model = recipes.rounded(float_model, (2, 2, 2), "learned")
        recipes.anneal(model, random_data(32, 8), recipes.FewBits(epochs=1, weight_decay=weight_decay), progress=False)
        return model, [layer.quantizer.step.item() for layer in layers(model)]

    (with_decay, steps), (without, same_steps) = one_step(10.0), one_step(0.0)
    start = [layer.quantizer.step.item() for layer in layers(recipes.rounded(float_model, (2, 2, 2), "learned"))]
    assert steps == same_steps != start
    assert not torch.equal(layers(with_decay)[0].weight, layers(without)[0].weight)


def test_a_run_goes_on_where_its_first_levels_were_summed_otherwise(float_model, tmp_path, interrupt):
    def run(state_file=None, nudge=1.0):
        model = recipes.rounded(float_model, (2, 2, 2), "learned")
        with torch.no_grad():
            for layer in layers(model):
                layer.quantizer.step *= nudge
        recipes.anneal(model, random_data(32, 8), recipes.FewBits(epochs=2), state_file, progress=False)
        return model

    whole, state = run(), tmp_path / "state"
    interrupt(training, "evaluate")
    with pytest.raises(KeyboardInterrupt):
        run(state)
    assert same_weights(run(state, nudge=1 + 1e-6), whole)


def test_the_distillation_loss_by_hand():
    generator = torch.Generator().manual_seed(1)
    scores, wanted = torch.randn(2, 5, 10, generator=generator)
    labels = torch.tensor([0, 3, 9, 1, 1])
    p, q = (wanted / 4).softmax(1), (scores / 4).softmax(1)
    by_hand = 0.9 * 16 * (p * (p / q).log()).sum(1).mean() + 0.1 * F.cross_entropy(scores, labels)
    torch.testing.assert_close(recipes.distillation_loss(scores, wanted, labels), by_hand)


def test_a_teacher_is_learned_from_and_is_no_part_of_another_run(float_model, tmp_path):
    taught, alone = (recipes.rounded(float_model, (4, 4, 4)) for _ in range(2))
    images, state, once = random_data(32, 8), tmp_path / "state", recipes.FewBits(epochs=1)
    recipes.anneal(taught, images, once, state, progress=False, teacher=float_model)
    recipes.anneal(alone, images, once, progress=False)
    assert not same_weights(taught, alone)
    with pytest.raises(ValueError, match="expected the state of a run with .* found one with"):
        recipes.anneal(recipes.rounded(float_model, (4, 4, 4)), images, once, state, progress=False)


def test_held_out_images_are_training_images_that_are_trained_on_no_more():
    images = random_data(50, 10)
    parts = ablation.held_out(images, 20)
    together = np.concatenate([parts.train_images, parts.test_images])
    labels = np.concatenate([parts.train_labels, parts.test_labels])
    assert len(parts.train_images) == 30 and parts.name == images.name
    assert find.fingerprint(together, labels) == find.fingerprint(images.train_images, images.train_labels)
    assert np.array_equal(parts.test_images, ablation.held_out(images, 20).test_images)
    assert not np.array_equal(parts.test_images, ablation.held_out(images, 20, seed=1).test_images)


def test_no_such_recipe(refused):
    with refused("recipe", "learned"):
        recipes.named("magic", 1)


def test_a_network_of_a_recipe_is_kept_beside_the_homeworks_and_loads_with_its_levels(float_model, tmp_path):
    model = recipes.rounded(float_model, (2, 2, 2), "learned").eval()
    for layer in layers(model):  # levels -0.2, 0, 0.2 and 0.4: the last may not be used
        layer.quantizer.lowest.data.fill_(-0.2)
        layer.quantizer.step.data.fill_(0.2)
    recipe = recipes.named("learned", 3, 1)
    path = kept_networks.save(model, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path, named="learned")
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
    chosen = recipes.allocated(float_model, increase, 3.0)
    model = recipes.rounded(float_model, (3, 3, 3), "learned", chosen)
    assert len(set(chosen.values())) > 1 and 2.9 < quantize.average_precision(model) <= 3.0
    sizes = {name: layer.weight.numel() for name, layer in inner_layers(model).items()}
    richer = allocation.allocate(increase, sizes, 3.0)  # the float layers forgotten
    assert quantize.average_precision(recipes.rounded(float_model, (3, 3, 3), "learned", richer)) > 3.0
    assert all(layer.bits == chosen[name] for name, layer in inner_layers(model).items())
    assert all(len(layer.rounded().unique()) <= 2**layer.bits for layer in layers(model))


def test_an_allocated_network_is_loaded_with_each_layers_bits(float_model, tmp_path):
    chosen = {name: 2 + number % 3 for number, name in enumerate(inner_layers(float_model))}
    model = recipes.rounded(float_model, (3, 3, 3), "learned", chosen).eval()
    recipe = recipes.named("allocated", 1)
    path = kept_networks.save(model, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path, named="allocated")
    loaded = checkpoints.load("cifar10", (3, 3, 3), "allocated", tmp_path)
    assert path.name == "cifar10-3-3-3-allocated.pt"
    assert {name: layer.bits for name, layer in inner_layers(loaded).items()} == chosen
    assert quantize.average_precision(loaded) == quantize.average_precision(model)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(loaded(x), model(x))


def test_a_pruned_network_is_kept_and_then_rounded_with_its_zeros(float_model, tmp_path):
    images = random_data(32, 8)
    recipe = recipes.named("gradual", 4)
    pruned, history = recipes.train(float_model, images, None, recipe, progress=False)
    path = kept_networks.save(pruned, "cifar10", recipe, history, 0.1, folder=tmp_path, named="gradual")
    assert path.name == "cifar10-float-gradual.pt" and checkpoints.parse(path.name) == ("cifar10", None, "gradual")
    entry = checkpoints.entry("cifar10", None, "gradual", tmp_path)
    assert entry["command"] == "python -m labutils anneal --recipe gradual --data cifar10 --epochs 4"
    loaded = checkpoints.load("cifar10", None, "gradual", tmp_path)
    assert same_weights(loaded, pruned) and abs(pruning.sparsity(loaded) - 0.8) < 1e-5
    small, _ = recipes.train(float_model, images, (2, 2, 2), recipe, progress=False, start=loaded)
    for (name, layer), before in zip(inner_layers(small).items(), inner_layers(loaded).values()):
        assert torch.equal(layer.weight == 0, before.weight == 0), name  # none comes back, though gradual() starts low
        assert (layer.rounded()[before.weight == 0] == 0).all()
        assert (layer.weight != before.weight).any()


@pytest.mark.parametrize("percent", [90, 95, 98])
def test_a_higher_sparsity_is_reached_in_as_many_steps_and_named_by_its_percentage(float_model, percent):
    name, without = f"gradual{percent}", {"sparsity": None}
    assert recipes.RECIPES[name] | without == recipes.RECIPES["gradual"] | without
    pruned, _ = recipes.train(float_model, random_data(32, 8), None, recipes.named(name, 4), progress=False)
    assert abs(pruning.sparsity(pruned) - percent / 100) < 1e-5


def test_all_zero_layers_have_nothing_to_round(float_model):
    model, _ = recipes.train(float_model, random_data(32, 8), (4, 4, 0), recipes.named("learned", 1), progress=False)
    assert all((layer.rounded() == 0).all() for layer in layers(model) if layer.bits == 0)


def annealed(model, state_file=None, **numbers):
    recipe = recipes.FewBits(**{"batch": 32, "learning_rate": 0.01} | numbers)
    return recipes.anneal(model, random_data(), recipe, state_file, progress=False)


def pruned_run(model, state_file=None, **numbers):
    return annealed(model, state_file, **{"epochs": 3, "sparsity": 0.7, "prunings": 2} | numbers)


def zeros(model):
    return {name: layer.weight == 0 for name, layer in inner_layers(model).items()}


def test_what_is_pruned_stays_zero_to_the_end_and_all_else_is_trained():
    model, start = network(), network()
    wanted = pruning.magnitude_masks(start, 0.7)
    pruned_run(model, prunings=1)
    assert all(torch.equal(found, ~wanted[name]) for name, found in zeros(model).items())
    assert not torch.equal(model.head_conv[0].weight, start.head_conv[0].weight)
    one, other = (layers["body_op.4.conv1.0"].weight for layers in map(inner_layers, (model, start)))
    assert (one != other)[wanted["body_op.4.conv1.0"]].all()


def test_pruning_step_by_step_asks_each_epochs_weights(monkeypatch):
    shares, model = [], network()
    monkeypatch.setattr(training, "evaluate", lambda model, *_: shares.append(pruning.sparsity(model)) or 0.1)
    pruned_run(model)
    np.testing.assert_allclose(shares, [pruning.gradual(0.7, 1, 2), 0.7, 0.7], atol=1e-5)
    at_once = pruning.magnitude_masks(network(), 0.7)
    assert any(not torch.equal(found, ~at_once[name]) for name, found in zeros(model).items())


def test_a_pruned_run_that_is_stopped_goes_on_with_the_same_weights_pruned(tmp_path, interrupt):
    whole, stopped, resumed = network(), network(), network()
    history = pruned_run(whole)
    interrupt(training, "evaluate")
    with pytest.raises(KeyboardInterrupt):
        pruned_run(stopped, tmp_path / "state")
    assert pruned_run(resumed, tmp_path / "state") == history
    assert same_weights(resumed, whole)


@pytest.mark.parametrize("prunings", [0, 4])
def test_more_prunings_than_epochs_are_refused(prunings, refused):
    with refused("prunings", "1 to 3"):
        pruned_run(network(), prunings=prunings)


def test_extra_bits_are_lost_in_the_first_half(monkeypatch, refused):
    seen, model = [], network((2, None, 3))
    layers = [layer for _, layer in quantize.quant_layers(model)]
    monkeypatch.setattr(training, "evaluate", lambda *_: seen.append({layer.bits for layer in layers}) or 0.1)
    annealed(model, epochs=6, batch=64, extra_bits=2)
    assert seen == [{bits + extra if bits else None for bits in (2, None, 3)} for extra in (2, 2, 1, 0, 0, 0)]
    with refused("epochs", "4 or more"):
        annealed(network((2, 2, 2)), epochs=3, extra_bits=2)
