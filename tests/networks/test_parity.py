"""The course's own network, loaded unchanged, gives the homework's accuracies on real CIFAR-10."""

import os
import platform

import pytest

from labutils.datasets import find
from labutils.networks import checkpoints, training
from labutils.networks.resnet import ResNet20, quantized

COURSE = os.environ.get("LABUTILS_COURSE_CHECKPOINT")
HOMEWORK = {
    (None, None, None): 0.9151,
    (6, 6, 6): 0.9145,
    (5, 5, 5): 0.9112,
    (4, 4, 4): 0.8972,
    (3, 3, 3): 0.7662,
    (2, 2, 2): 0.0899,
    (4, 4, 2): 0.4727,
    (4, 2, 4): 0.4157,
    (2, 4, 4): 0.1041,
}
# How many of 10,000 images may fall otherwise. Each processor adds up in an order of its own, so images whose two best
# scores agree to rounding change sides: up to three on x86, between the homework's table and ours, and up to seven in
# a public run on a Mac, whose four printed digits hide another half.
IMAGES = 3 if platform.machine().lower() in ("x86_64", "amd64") else 10
pytestmark = [
    pytest.mark.cifar,
    pytest.mark.skipif(
        not (COURSE and find.locate()),
        reason="needs CIFAR-10, and the course's own network in LABUTILS_COURSE_CHECKPOINT",
    ),
]


@pytest.fixture(scope="module")
def course_network():
    return checkpoints.load_weights(ResNet20(), COURSE, "LABUTILS_COURSE_CHECKPOINT must name the course's file")


@pytest.fixture(scope="module")
def images():
    return find.load("cifar10")


@pytest.mark.parametrize("bits", HOMEWORK)
def test_homework_accuracy_within_a_few_images(bits, course_network, images):
    model = quantized(course_network, bits)
    accuracy = training.evaluate(model, images.test_images, images.test_labels)
    assert round(abs(accuracy - HOMEWORK[bits]) * len(images.test_images)) <= IMAGES
