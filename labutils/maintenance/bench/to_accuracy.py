"""How long our best recipe with the homework's levels takes to the homework's accuracy, beside the homework's loop.

The recipe is lab 06's: the homework's own with one knob turned, the rate and its schedule. It and the epochs were fixed
on 5,000 training images that were held out; the test images are looked at once, at the end of a run.
"""

import time
from typing import NamedTuple

import torch

from ...datasets import find
from ...networks import checkpoints, hardware, training
from ...networks.resnet import ResNet20, quantized
from . import homework_loop, targets
from .turns import Row


class Goal(NamedTuple):
    """What the homework reports at these bits: its accuracy after so many epochs; and how many of our recipe's do."""

    bits: tuple
    accuracy: float
    homework_epochs: int
    epochs: int


GOALS = (
    Goal((4, 4, 4), 0.9127, 10, 1),
    Goal((3, 3, 3), 0.9064, 10, 1),
    Goal((2, 2, 2), 0.8654, 20, 2),
    Goal((4, 4, 2), 0.8919, 10, 1),
    Goal((4, 2, 4), 0.8863, 10, 1),
    Goal((2, 4, 4), 0.9042, 10, 1),
)


def homework_speed(images, batches=4):
    """Return the images a second that the homework's loop trains on, from so many batches after a first one."""
    device = hardware.default_device()
    count = (batches + 1) * homework_loop.BATCH
    model = ResNet20((4, 4, 4)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), 0.002, momentum=0.875, weight_decay=1e-4)
    loader = homework_loop.loader(images.train_images[:count], images.train_labels[:count], augmented=True)
    homework_loop.train(model, loader, optimizer, device)  # its workers start
    start = time.perf_counter()
    homework_loop.train(model, loader, optimizer, device)
    return count / (time.perf_counter() - start)


def run(float_model, images, goal, seed):
    """Return (accuracy on the test images, seconds of training, seconds that the homework's loop needs here)."""
    model = quantized(float_model, goal.bits).to(hardware.default_device())
    unseen = images._replace(test_images=images.test_images[:1], test_labels=images.test_labels[:1])
    speeds = [homework_speed(images)]
    start = time.perf_counter()
    training.train(model, unseen, training.Annealed(epochs=goal.epochs, seed=seed), progress=False)
    taken = time.perf_counter() - start
    speeds.append(homework_speed(images))  # before and after: other work on the computer comes and goes
    theirs = goal.homework_epochs * len(images.train_images) / (sum(speeds) / 2)
    return training.evaluate(model, images.test_images, images.test_labels), taken, theirs


def rows(quick=False):
    """Yield a Row for each scheme, seed and accuracy to reach: seconds, None where it was not reached.

    Parameters: quick, 4 bits from one seed alone. Raises: ValueError or OSError where CIFAR-10 is not there.
    """
    images = find.load("cifar10")
    float_model = checkpoints.load(images.name)
    for goal in GOALS[:1] if quick else GOALS:
        ours = checkpoints.entry(images.name, goal.bits)["accuracy_best_epoch"]
        for seed in range(1 if quick else 3):
            accuracy, taken, theirs = run(float_model, images, goal, seed)
            for whose, wanted in (("the report's", goal.accuracy), ("our network's, by its recipe,", ours)):
                what = f"{goal.bits}, seed {seed}, {goal.epochs} epochs: {accuracy:.4f}; {whose} {wanted:.4f}"
                seconds = taken if accuracy >= wanted else None
                beside = f"its loop, {goal.homework_epochs} epochs"
                yield Row(what, beside, "s", seconds, theirs, 1 / targets.TO_ACCURACY)
