"""Two evaluations at once, as in two notebooks, with threads that sleep while they wait, or spin."""

import os
import statistics
import subprocess
import sys

import numpy as np

from ...networks import training
from ...networks.resnet import ResNet20
from .turns import Row, time_of

SLEEP, SPIN = "0", "300000"  # turns of GOMP_SPINCOUNT; the second is what Linux's OpenMP does unless told otherwise


def images_a_second(count):
    """Print how many random images a second are evaluated, for a process that has loaded PyTorch in its own way."""
    model, images = ResNet20(), np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    labels = np.zeros(count, int)
    training.evaluate(model, images[:100], labels[:100])
    print(count / time_of(lambda: training.evaluate(model, images, labels), 1))


def two_at_once(quick):
    """Yield the row for evaluating in two processes at once, with threads that sleep, as labutils has them, or spin."""
    if sys.platform != "linux":
        print("bench: two at once left out: expected Linux's OpenMP, found another system")
        return
    words = [sys.executable, "-c", f"from {__name__} import images_a_second; images_a_second({100 if quick else 1000})"]
    means = []
    for turns in (SLEEP, SPIN):
        own = os.environ | {"GOMP_SPINCOUNT": turns, "LABUTILS_DEVICE": "cpu"}
        both = [subprocess.Popen(words, env=own, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        means.append(statistics.mean(float(one.communicate()[0]) for one in both))
    yield Row("evaluation, each of two at once", "threads that spin", "images/s", *means)
