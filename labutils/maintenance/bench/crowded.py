"""An evaluation beside programs that keep every core busy, with threads that sleep while they wait, or spin."""

import os
import subprocess
import sys
import time

import numpy as np

from ...networks import training
from ...networks.resnet import ResNet20
from .turns import Row

SPIN = {"GOMP_SPINCOUNT": "300000"}  # as the OpenMP of Linux does unless told otherwise; another's takes no notice
BUSY = "while True: pass"


def images_a_second(count):
    """Print how many random images a second are evaluated, for a process that has loaded PyTorch in its own way."""
    model, images = ResNet20(), np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    labels = np.zeros(count, int)
    training.evaluate(model, images[:100], labels[:100])
    start = time.perf_counter()
    training.evaluate(model, images, labels)
    print(count / (time.perf_counter() - start))


def crowded(quick):
    """Yield the row for an evaluation with sleeping threads, as labutils has them, beside spinning ones."""
    words = [sys.executable, "-c", f"from {__name__} import images_a_second; images_a_second({100 if quick else 1000})"]
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count())]
    try:
        ours, theirs = (
            float(subprocess.run(words, env=os.environ | how, capture_output=True, text=True, check=True).stdout)
            for how in ({}, SPIN)
        )
    finally:
        for one in busy:
            one.kill()
            one.wait()
    yield Row("evaluation beside busy programs", "threads that spin", "images/s", ours, theirs)
