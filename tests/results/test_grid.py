"""The grid of all combinations of bits: nothing beats the front, and what is kept comes back."""

import json

import numpy as np
import pytest

from labutils.datasets import find
from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import grid as measuring
from labutils.networks import checkpoints, training
from labutils.networks.quantize import average_precision, size_in_kb
from labutils.networks.resnet import ResNet20
from labutils.results import grid
from labutils.results.grid import Scheme


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
    kept_networks.save(random_network, "cifar10", recipe, [{"accuracy": 0.5}], 0.5, folder=tmp_path)
    accuracies = {bits: sum(bits) / 20 for bits in [(a, b, c) for a in (2, 4) for b in (2, 4) for c in (2, 4)]}
    measuring.save("cifar10", accuracies, 70, tmp_path)
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
