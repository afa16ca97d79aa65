"""Measuring knobs: kept whole, not measured twice, and knobs are judged by held-out training images."""

import json

import numpy as np
import pytest
from helpers.small_networks import random_data

from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import ablation
from labutils.networks import checkpoints, training
from labutils.results import ablation as kept

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def small(tmp_path, monkeypatch, random_network):
    """A folder with a float network for a small data set of its own."""
    monkeypatch.setattr(ablation, "HELD_OUT", 16)
    images = random_data(48, 8)._replace(source="CIFAR-10")
    recipe = training.Cosine(epochs=1)
    kept_networks.save(random_network, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path)
    return random_network, images, tmp_path


def test_the_table_of_knobs_is_kept_and_not_measured_twice(small, monkeypatch):
    model, images, folder = small
    found = ablation.measure(model, images, "homework", epochs=2, folder=folder)
    ablation.measure(model, images, "range", epochs=2, folder=folder)
    table = kept.load("cifar10", folder)
    assert (
        table["accuracy"]["homework"] == found and len(found) == 2 and set(table["accuracy"]) == {"homework", "range"}
    )
    assert (table["held_out"], table["bits"], table["epochs"], table["seed"]) == (16, [2, 2, 2], 2, 0)
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


def test_knobs_are_judged_by_held_out_images_and_never_by_the_test_set(small, monkeypatch):
    model, images, folder = small
    judged, evaluate = [], training.evaluate
    monkeypatch.setattr(training, "evaluate", lambda m, x, y: judged.append(np.asarray(x)) or evaluate(m, x, y))
    ablation.measure(model, images, "cosine", epochs=1, folder=folder)
    assert len(judged) == 1 and np.array_equal(judged[0], ablation.held_out(images, 16).test_images)


def test_no_such_knob(tmp_path, refused):
    with refused("recipe", "homework", "cosine"):
        ablation.measure(None, random_data(), "pruned", folder=tmp_path)
