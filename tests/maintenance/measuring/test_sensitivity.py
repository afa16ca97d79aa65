"""Measuring how much each layer loses: the losses are those of networks rounded one by one; the table comes back."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from labutils import __main__
from labutils.datasets import find
from labutils.datasets.find import ImageData
from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import sensitivity
from labutils.networks import augmentation, checkpoints, training
from labutils.networks.resnet import inner_layers, quantized
from labutils.results import sensitivity as kept


@pytest.fixture(scope="module")
def images():
    """Three random images, so that the last batch of two is a short one, and their labels."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (3, 32, 32, 3), np.uint8), rng.integers(0, 10, 3)


def loss(network, images, labels):
    """Return the mean cross-entropy, all images at once and nothing folded."""
    with torch.inference_mode():
        scores = network(augmentation.normalise(torch.as_tensor(images)))
        return float(F.cross_entropy(scores, torch.as_tensor(labels)))


def test_every_increase_is_that_of_a_network_with_this_layer_rounded(random_network, images):
    before = {key: value.clone() for key, value in random_network.state_dict().items()}
    measured = sensitivity.measure(random_network, *images, choices=(2, 4), batch=2)
    assert list(measured) == list(inner_layers(random_network)) and len(measured) == 20
    plain = loss(random_network, *images)
    for number, (name, by_bits) in enumerate(measured.items()):
        bits = (2, 4)[number % 2]
        rounded = quantized(random_network, (None,) * 3)
        inner_layers(rounded)[name].bits = bits
        expected = loss(rounded, *images) - plain
        assert by_bits[bits] == pytest.approx(expected, rel=1e-3, abs=1e-5), name
        assert abs(expected) > 1e-4 and by_bits[2] != by_bits[4]  # each can be told from none and from the other
    assert all(torch.equal(value, before[key]) for key, value in random_network.state_dict().items())


def test_the_models_own_bits_do_not_matter(random_network, images):
    first = [array[:1] for array in images]
    few = sensitivity.measure(quantized(random_network, (2, 2, 2)), *first, choices=(3,))
    assert few == sensitivity.measure(random_network, *first, choices=(3,))


@pytest.fixture
def folder(tmp_path, random_network):
    """A checkpoints folder with a float network and a table of two layers."""
    kept_networks.save(random_network, "cifar10", training.Cosine(epochs=1), [{"accuracy": 0.5}], 0.5, folder=tmp_path)
    sensitivity.save("cifar10", {"a": {2: 0.5, 3: 0.25}, "b": {2: -1e-9, 10: 0.123456789}}, 70, tmp_path)
    return tmp_path


def test_what_is_saved_comes_back(folder):
    assert kept.load("cifar10", folder) == {"a": {2: 0.5, 3: 0.25}, "b": {2: 0, 10: 0.1234568}}
    content = json.loads((folder / "cifar10-sensitivity.json").read_text())
    assert content["train_images"] == 70


def test_the_verb_looks_at_the_first_training_images_only(folder, images, monkeypatch, capsys):
    nowhere, seen = (np.zeros((0, 32, 32, 3), np.uint8), np.zeros(0, np.int64)), []

    def measure(model, *arrays):
        seen.extend(arrays)
        return {"a": dict.fromkeys(kept.CHOICES, 0.5), "b": dict.fromkeys(kept.CHOICES, 0.75)}

    monkeypatch.setattr(find, "load", lambda name=None: ImageData(*images, *nowhere, "CIFAR-10"))
    monkeypatch.setattr(checkpoints, "FOLDER", folder)
    monkeypatch.setattr(sensitivity, "measure", measure)
    monkeypatch.setattr(sensitivity, "IMAGES", 2)
    assert __main__.main(["sensitivity", "--data", "cifar10"]) == 0
    output = capsys.readouterr().out
    assert output.count("\n") == 1 and "2 layers, b " in output
    assert len(seen) == 2 and all(np.array_equal(given, whole[:2]) for given, whole in zip(seen, images))
    assert kept.load("cifar10") == measure(None)
    assert json.loads((folder / "cifar10-sensitivity.json").read_text())["train_images"] == 2
