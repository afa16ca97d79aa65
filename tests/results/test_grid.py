"""The grid of all combinations of bits: accuracies are evaluate's, nothing beats the front, what is kept comes back."""

import json

import numpy as np
import pytest
import torch

from labutils.datasets import find
from labutils.networks import augmentation, checkpoints, training
from labutils.networks.quantize import average_precision, size_in_kb
from labutils.networks.resnet import ResNet20, quantized
from labutils.results import grid
from labutils.results.grid import Scheme


@pytest.fixture(scope="module")
def images():
    """Seventy random images, so that the last batch of 32 is a short one, and labels that the network often gives."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (70, 32, 32, 3), np.uint8)


def test_every_accuracy_is_what_evaluate_says(random_network, images):
    x = augmentation.normalise(torch.as_tensor(images))
    with torch.no_grad():
        labels = random_network(x).argmax(1).numpy()  # the float network is right
    measured = grid.measure(random_network, images, labels, choices=(3, 5), batch=32)
    assert len(measured) == 8
    for bits, accuracy in measured.items():
        rounded = quantized(random_network, bits)
        assert accuracy == training.evaluate(rounded, images, labels, batch=32), bits
    assert len(set(measured.values())) > 3  # the combinations can be told apart


def test_the_front_is_what_nothing_beats():
    rng = np.random.default_rng(1)
    found = {(i, 0, 0): Scheme(*rng.integers(0, 8, 2) / 8, rng.integers(0, 8) / 8) for i in range(60)}

    def beats(a, b):
        return (
            a.average <= b.average and a.accuracy >= b.accuracy and (a.average, a.accuracy) != (b.average, b.accuracy)
        )

    expected = {bits for bits, scheme in found.items() if not any(beats(other, scheme) for other in found.values())}
    kept = grid.front(found)
    key = {(found[bits].average, found[bits].accuracy) for bits in expected}
    assert {(found[bits].average, found[bits].accuracy) for bits in kept} == key
    assert len(kept) == len(key) and set(kept) <= expected
    assert [found[bits].average for bits in kept] == sorted(found[bits].average for bits in kept)


@pytest.fixture
def folder(tmp_path, random_network):
    """A checkpoints folder with a float network and its grid of eight combinations."""
    recipe = training.Cosine(epochs=1)
    checkpoints.save(random_network, "cifar10", recipe, [{"accuracy": 0.5}], 0.5, folder=tmp_path)
    accuracies = {bits: sum(bits) / 20 for bits in [(a, b, c) for a in (2, 4) for b in (2, 4) for c in (2, 4)]}
    grid.save("cifar10", accuracies, 70, tmp_path)
    return tmp_path


def test_what_is_saved_comes_back_with_sizes(folder):
    found = grid.load("cifar10", folder)
    assert len(found) == 8
    for bits, scheme in found.items():
        network = ResNet20(bits)
        assert scheme == (average_precision(network), size_in_kb(network), sum(bits) / 20)
    content = json.loads((folder / "cifar10-grid.json").read_text())
    assert content["test_images"] == 70
    assert [tuple(map(int, bits.split(","))) for bits in content["front"]] == grid.front(found)


def test_the_kept_grid_is_whole_and_belongs_to_the_kept_network():
    found = grid.load("cifar10")
    assert len(found) == 125
    content = json.loads((checkpoints.FOLDER / "cifar10-grid.json").read_text())
    assert content["test_images"] == find.SIZES["test"]
    assert content["front"] == [grid.as_text(bits) for bits in grid.front(found)]
    shares = np.array([scheme.accuracy for scheme in found.values()]) * content["test_images"]
    np.testing.assert_allclose(shares, shares.round(), atol=1e-6)  # counts of images
    best = max(scheme.accuracy for scheme in found.values())
    assert found[6, 6, 6].accuracy > best - 0.01 and found[2, 2, 2].accuracy < 0.3
