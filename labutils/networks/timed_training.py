"""Trains a network step by step, for as long as one likes to watch. Used by `show.live` and `checks.agreement`."""

import math
import os
import statistics
import time

import torch

from . import hardware
from .evaluation import evaluate
from .training import batch, make_optimizer, plan_epoch

VARIABLE = "LABUTILS_LIVE_SECONDS"  # in the environment: how long a network is trained; tests cut it to some seconds
SECONDS = 120
EVERY = 15  # seconds from one look at the accuracy to the next
IMAGES = 1000  # test images of such a look
TIMED = 3  # steps, after the first, that tell how many more fit


def seconds():
    """Return how long a network may be trained: `SECONDS`, or what the environment's `LABUTILS_LIVE_SECONDS` says.

    Raises: ValueError where that is no number above 0.
    """
    text = os.environ.get(VARIABLE) or str(SECONDS)
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise ValueError(f"{VARIABLE}: expected seconds, a number above 0, found {text!r}")
    return found


class Run:
    """One training, which can be stopped at any moment and go on: of at most an epoch, in about `seconds()`.

    Parameters: make, a function from `bits` to a ResNet20; take_step, a function of (model, optimizer, inputs, labels)
        that trains it by one step and returns the loss (nats); data, an ImageData; recipe, a `Recipe`.
    Attributes: model, None before it is made; losses, one a step; accuracies, {steps done: share of `IMAGES` test
        images}; steps, how many it will be; accuracy, of all test images at the end, None before.
    """

    def __init__(self, make, bits, take_step, data, recipe):
        self.make, self.bits, self.take_step, self.data, self.recipe = make, bits, take_step, data, recipe
        self.model, self.losses, self.accuracies, self.accuracy = None, [], {}, None
        self.steps, self.every, self.taken = math.ceil(len(data.train_images) / recipe.batch), 1, []

    def begin(self):
        """Make the network, on the device that networks run on, and what its training needs."""
        seconds()  # a wrong setting is said before anything takes time
        model, device = self.make(self.bits), hardware.default_device()
        if not isinstance(model, torch.nn.Module):
            raise ValueError(f"expected a network to train, found {type(model).__name__}")
        self.images, self.labels, *test = (torch.as_tensor(array).to(device) for array in self.data[:4])
        self.test, self.few = test, [part[:IMAGES] for part in test]
        generator = torch.Generator().manual_seed(self.recipe.seed)
        self.planned = plan_epoch(len(self.images), self.recipe.batch, generator, device)
        model.to(device, memory_format=torch.channels_last).train()
        self.optimizer, self.model = make_optimizer(model, self.recipe), model

    def advance(self):
        """Train to the end, or on from where it was stopped; yield after each step and each look at the accuracy.

        Raises: ValueError where a step returns no finite number; whatever `make` or `take_step` raises.
        """
        if self.model is None:
            self.begin()
        while (done := len(self.losses)) < self.steps:
            if done % self.every == 0 and done not in self.accuracies and (done == 0 or done > TIMED):
                self.look()
                yield
            start = time.perf_counter()
            self.losses.append(self.step(done))
            self.taken.append(time.perf_counter() - start)
            if done == TIMED:
                self.fit(statistics.median(self.taken[1:]))
            yield
        self.look()
        yield
        self.accuracy = self.accuracy or evaluate(self.model, *self.test)

    def look(self):
        """Measure the accuracy on `IMAGES` test images."""
        self.accuracies[len(self.losses)] = evaluate(self.model, *self.few)

    def step(self, done):
        """Train by one step at the rate that the recipe has for it, and return the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(done / self.steps)
        inputs = batch(self.images, self.labels, *self.planned[done])
        with hardware.autocast(self.images.device):
            loss = self.take_step(self.model, self.optimizer, *inputs)
        try:
            loss = float(loss.detach() if isinstance(loss, torch.Tensor) else loss)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"expected the loss, a number, found {type(loss).__name__}") from None
        if not math.isfinite(loss):
            raise ValueError(f"expected a finite loss, found {loss}")
        return loss

    def fit(self, one_step):
        """Plan as many steps in all as fit the time, from the seconds of `one_step`, and how often to look."""
        self.steps = max(TIMED + 2, min(self.steps, int(seconds() / one_step)))
        self.every = max(TIMED + 1, round(EVERY / one_step))
