"""The homework's runs from other seeds: trained once, kept with their predictions, and compared image by image."""

import math

import numpy as np
import pytest
import scipy.stats
from helpers.small_networks import random_data

from labutils.networks import checkpoints, training
from labutils.networks.resnet import quantized
from labutils.results import repeats

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def small(tmp_path, monkeypatch, random_network):
    monkeypatch.setattr(repeats, "EPOCHS", dict.fromkeys(repeats.SCHEMES, 1))
    recipe = training.Cosine(epochs=1)
    checkpoints.save(random_network, "cifar10", recipe, [{"accuracy": 0.1}], 0.1, folder=tmp_path)
    return random_network, random_data(48, 8)._replace(source="CIFAR-10"), tmp_path


def test_a_run_is_kept_and_not_trained_twice(small, monkeypatch):
    model, images, folder = small
    found = repeats.measure(model, images, (4, 4, 2), 1, folder)
    again = quantized(model, (4, 4, 2))
    history = training.finetune(again, images, 1, seed=1, progress=False)
    kept = repeats.load("cifar10", folder)[4, 4, 2][1]
    assert found.accuracy == kept.accuracy == [round(history[-1]["accuracy"], 4)]
    assert np.array_equal(kept.classes, training.predict(again, images.test_images))
    assert np.array_equal(kept.right, kept.classes == images.test_labels)
    assert round(float(kept.right.mean()), 4) == kept.accuracy[-1]
    assert sorted(path.name for path in folder.glob("*repeats*")) == ["cifar10-repeats.json"]
    monkeypatch.setattr(training, "finetune", None)
    assert repeats.measure(model, images, (4, 4, 2), 1, folder).accuracy == found.accuracy


def test_runs_stand_beside_each_other(small):
    _, _, folder = small
    for bits, seed in (((4, 4, 2), 0), ((4, 4, 2), 1), ((2, 4, 4), 0)):
        repeats.keep("cifar10", bits, seed, repeats.Run([0.5], np.arange(8), np.ones(8, bool)), folder)
    assert {bits: list(runs) for bits, runs in repeats.load("cifar10", folder).items()} == {
        (4, 4, 2): [0, 1],
        (2, 4, 4): [0],
    }


def test_predictions_come_back():
    classes = np.random.default_rng(0).integers(0, 10, 10_000)
    assert np.array_equal(repeats.unpacked(repeats.packed(classes)), classes)
    assert len(repeats.packed(classes)) < 7_000
    assert np.array_equal(repeats.unpacked(repeats.packed(classes < 3), bool), classes < 3)


@pytest.mark.parametrize("one, other", [(0, 0), (1, 0), (3, 9), (40, 41), (300, 200)])
def test_mcnemar_is_the_binomial_test(one, other):
    right = np.zeros((2, 2000), bool)
    right[0, :one] = right[1, one : one + other] = True
    right[:, 1000:] = True
    found = repeats.mcnemar(*right)
    assert found[:2] == (one, other)
    expected = scipy.stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert math.isclose(found[2], expected, rel_tol=1e-9)


def test_what_is_kept_is_the_kept_networks_first():
    """Seed 0 is that of the networks in checkpoints/: the same accuracies, and as many right as they say."""
    for bits, runs in repeats.load("cifar10").items():
        entry = checkpoints.entry("cifar10", bits)
        assert runs[0].accuracy == entry["accuracy_by_epoch"], bits
        for run in runs.values():
            assert len(run.classes) == 10_000 and round(float(run.right.mean()), 4) == run.accuracy[-1]
        assert len(runs) >= 2
