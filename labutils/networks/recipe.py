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


@dataclass(frozen=True, kw_only=True)
class Cosine(Recipe):
    """A recipe whose rate warms up during the share `warm_up` of the run, then falls along a cosine; see `pretrain`.

    Source: the recipe of He et al. (2016), the schedule of Loshchilov and Hutter (2017).
    """

    epochs: int = 200
    learning_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warm_up: float = 0.1
    nesterov = True

    def rate(self, done):
        if done < self.warm_up:
            return self.learning_rate * (done + 1e-3) / (self.warm_up + 1e-3)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up)))
