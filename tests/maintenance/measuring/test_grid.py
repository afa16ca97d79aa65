"""Measuring the grid of all combinations of bits: each accuracy is the one that evaluate gives."""

import numpy as np
import pytest
import torch

from labutils.maintenance.measuring import grid
from labutils.networks import augmentation, training
from labutils.networks.resnet import quantized


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
