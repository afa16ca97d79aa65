"""Repeating the homework's runs from other seeds: trained once, and kept with their predictions."""

import numpy as np
import pytest
from helpers.small_networks import random_data

from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import repeats
from labutils.networks import training
from labutils.networks.resnet import quantized
from labutils.results import repeats as kept

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def small(tmp_path, monkeypatch, random_network):
    monkeypatch.setattr(repeats, "EPOCHS", dict.fromkeys(repeats.SCHEMES, 1))
    recipe = training.Cosine(epochs=1)
    kept_networks.save(random_network, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path)
    return random_network, random_data(48, 8)._replace(source="CIFAR-10"), tmp_path


def test_a_run_is_kept_and_not_trained_twice(small, monkeypatch):
    model, images, folder = small
    found = repeats.measure(model, images, (4, 4, 2), 1, folder)
    again = quantized(model, (4, 4, 2))
    history = training.finetune(again, images, 1, seed=1, progress=False)
    run = kept.load("cifar10", folder)[4, 4, 2][1]
    assert found.accuracy == run.accuracy == [round(history[-1]["accuracy"], 4)]
    assert np.array_equal(run.classes, training.predict(again, images.test_images))
    assert np.array_equal(run.right, run.classes == images.test_labels)
    assert round(float(run.right.mean()), 4) == run.accuracy[-1]
    assert sorted(path.name for path in folder.glob("*repeats*")) == ["cifar10-repeats.json"]
    monkeypatch.setattr(training, "finetune", None)
    assert repeats.measure(model, images, (4, 4, 2), 1, folder).accuracy == found.accuracy


def test_runs_stand_beside_each_other(small):
    _, _, folder = small
    for bits, seed in (((4, 4, 2), 0), ((4, 4, 2), 1), ((2, 4, 4), 0)):
        repeats.keep("cifar10", bits, seed, kept.Run([0.5], np.arange(8), np.ones(8, bool)), folder)
    assert {bits: list(runs) for bits, runs in kept.load("cifar10", folder).items()} == {
        (4, 4, 2): [0, 1],
        (2, 4, 4): [0],
    }


def test_predictions_come_back():
    classes = np.random.default_rng(0).integers(0, 10, 10_000)
    assert np.array_equal(kept.unpacked(repeats.packed(classes)), classes)
    assert len(repeats.packed(classes)) < 7_000
    assert np.array_equal(kept.unpacked(repeats.packed(classes < 3), bool), classes < 3)
