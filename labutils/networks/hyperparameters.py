"""The numbers of a training run: the homework's recipe, and one whose rate falls along a cosine. Used by `training`."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The numbers of a training run, as the manifest keeps them; by default the homework's for fine-tuning.

    `rate(done)` is the learning rate where the share `done` in [0, 1) of the run is over: here it is constant.
    """

    epochs: int = 10
    learning_rate: float = 0.002
    momentum: float = 0.875
    weight_decay: float = 1e-4
    batch: int = 256
    seed: int = 0
    nesterov = False  # no number, and so no field

    def rate(self, done):
        return self.learning_rate

    def schedule(self):
        """Return the rate and its schedule in words."""
        return f"rate {self.learning_rate:g} throughout"


@dataclass(frozen=True, kw_only=True)
class Annealed(Recipe):
    """The homework's recipe with one knob turned: the rate warms up, during the share `warm_up`, then falls to zero.

    Source: a cosine, as in Loshchilov and Hutter (2017).
    """

    learning_rate: float = 0.02
    warm_up: float = 0.1

    def rate(self, done):
        if done < self.warm_up:
            return self.learning_rate * (done + 1e-3) / (self.warm_up + 1e-3)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up)))

    def schedule(self):
        return f"rate up to {self.learning_rate:g}, along a cosine"


@dataclass(frozen=True, kw_only=True)
class Cosine(Annealed):
    """The recipe that trains from random weights; see `pretrain`. Source: He et al. (2016)."""

    epochs: int = 200
    learning_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    nesterov = True
