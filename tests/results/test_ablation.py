"""Tables of knobs and seeds: kept whole, not measured twice, and knobs are judged by held-out training images."""

import json

import numpy as np
import pytest
from helpers.small_networks import random_data

from labutils.few_bits import recipes
from labutils.networks import checkpoints, training
from labutils.results import ablation

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def small(tmp_path, monkeypatch, random_network):
    """A folder with a float network for a small data set of its own."""
    monkeypatch.setattr(ablation, "HELD_OUT", 16)
    images = random_data(48, 8)._replace(source="CIFAR-10")
    recipe = training.Cosine(epochs=1)
    checkpoints.save(random_network, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path)
    return random_network, images, tmp_path


def test_the_table_of_knobs_is_kept_and_not_measured_twice(small, monkeypatch):
    model, images, folder = small
    found = ablation.measure(model, images, "homework", epochs=2, folder=folder)
    ablation.measure(model, images, "range", epochs=2, folder=folder)
    kept = ablation.load("knobs", "cifar10", folder)
    assert kept["accuracy"]["homework"] == found and len(found) == 2 and set(kept["accuracy"]) == {"homework", "range"}
    assert (kept["held_out"], kept["bits"], kept["epochs"], kept["seed"]) == (16, [2, 2, 2], 2, 0)
    written = json.loads((folder / "cifar10-knobs.json").read_text())
    assert written["sha256"] == checkpoints.entry("cifar10", folder=folder)["sha256"]
    assert not list(folder.glob("*.training"))
    monkeypatch.setattr(training, "finetune", None)
    assert ablation.measure(model, images, "homework", epochs=2, folder=folder) == found


def test_a_table_of_other_knobs_is_not_added_to(small, refused):
    model, images, folder = small
    ablation.measure(model, images, "cosine", epochs=1, folder=folder)
    with refused("knobs.json", "delete the file"):
        ablation.measure(model, images, "range", epochs=2, folder=folder)


def test_other_seeds_are_measured_on_the_test_set_and_kept_beside_each_other(small):
    model, images, folder = small
    one, two = (ablation.measure_seed(model, images, seed, epochs=1, folder=folder) for seed in (1, 2))
    kept = ablation.load("seeds", "cifar10", folder)
    assert kept == {"recipe": "learned", "bits": [2, 2, 2], "epochs": 1, "accuracy": {"1": one, "2": two}}
    _, history = recipes.train(model, images, (2, 2, 2), recipes.named("learned", 1, 1), progress=False)
    assert one == [round(history[-1]["accuracy"], 4)]
    assert sorted(path.name for path in folder.glob("*seeds*")) == ["cifar10-seeds.json"]


def test_knobs_are_judged_by_held_out_images_and_never_by_the_test_set(small, monkeypatch):
    model, images, folder = small
    judged, evaluate = [], training.evaluate
    monkeypatch.setattr(training, "evaluate", lambda m, x, y: judged.append(np.asarray(x)) or evaluate(m, x, y))
    ablation.measure(model, images, "cosine", epochs=1, folder=folder)
    assert len(judged) == 1 and np.array_equal(judged[0], ablation.held_out(images, 16).test_images)


WHOLE = {"held_out": 5, "bits": [2, 2, 2], "epochs": 1, "seed": 0, "accuracy": {"cosine": [0.5]}, "sha256": ""}


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps(WHOLE | {"accuracy": {"cosine": 3}})])
def test_a_damaged_table(tmp_path, content, refused):
    (tmp_path / "cifar10-knobs.json").write_text(content)
    with refused("labutils knobs --data cifar10"):
        ablation.load("knobs", "cifar10", tmp_path)


@pytest.mark.parametrize("word", ["held_out", "bits", "epochs", "seed"])
def test_a_table_that_does_not_say_how_it_was_measured(tmp_path, word, refused):
    (tmp_path / "cifar10-knobs.json").write_text(json.dumps({key: WHOLE[key] for key in WHOLE if key != word}))
    with refused("labutils knobs --data cifar10"):
        ablation.load("knobs", "cifar10", tmp_path)


def test_no_table_and_no_such_knob(tmp_path, refused):
    with refused("labutils seeds --data cifar10", error=FileNotFoundError):
        ablation.load("seeds", "cifar10", tmp_path)
    with refused("recipe", "homework", "cosine"):
        ablation.measure(None, random_data(), "pruned", folder=tmp_path)
    with refused("recipe", "cosine"):
        ablation.measure_seed(None, random_data(), 1, "allocated", folder=tmp_path)
