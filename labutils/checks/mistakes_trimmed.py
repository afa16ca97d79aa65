"""What known mistakes in the step of trimmed L1 give, by what is said of them: Lab 1 (f)."""

import numpy as np

from .lab1_reference import moved, of_largest, pruned, shrunk, slope, trimmed
from .mistakes_gradient import around
from .mistakes_proximal import PROXIMAL
from .mistakes_pruning import CHOICES


def spared(v, free, cut):
    """Return v with all shrunk but what is `free`, a mask."""
    return np.where(free, v, shrunk(v, cut))


TRIMMED = {
    "this sets the rest to zero, which is pruning: soft-threshold it": (
        lambda w, p, rate, c, keep: pruned(moved(w, p, rate), keep)
    ),
}
TRIMMED |= around(lambda v, w, rate, c, keep: trimmed(v, rate * c, keep))
TRIMMED |= {
    message: lambda w, p, rate, c, keep, chosen=chosen: spared(
        moved(w, p, rate), chosen(w, moved(w, p, rate), keep), rate * c
    )
    for message, chosen in CHOICES.items()
}
TRIMMED |= {
    message: lambda w, p, rate, c, keep, wrong=wrong: np.where(
        of_largest(moved(w, p, rate), keep), moved(w, p, rate), wrong(w, p, rate, c)
    )
    for message, wrong in PROXIMAL.items()
    if "threshold" in message and "plain" not in message
}
TRIMMED |= {
    "this thresholds all weights, which is plain L1: leave the `keep` largest alone": (
        lambda w, p, rate, c, keep: shrunk(moved(w, p, rate), rate * c)
    ),
    "the largest are gone, too: give them their values back": lambda w, p, rate, c, keep: np.where(
        of_largest(moved(w, p, rate), keep), 0, shrunk(moved(w, p, rate), rate * c)
    ),
    "spared weights take the gradient step: these have the values of w": lambda w, p, rate, c, keep: np.where(
        of_largest(moved(w, p, rate), keep), w, shrunk(moved(w, p, rate), rate * c)
    ),
    "threshold after the gradient step, not before it": (
        lambda w, p, rate, c, keep: trimmed(w, rate * c, keep) - rate * slope(w, p)
    ),
    "threshold after the gradient step, and take the gradient at w": (
        lambda w, p, rate, c, keep: moved(trimmed(w, rate * c, keep), p, rate)
    ),
    "nothing was thresholded: this is plain gradient descent": lambda w, p, rate, c, keep: moved(w, p, rate),
    "rank the weights before they are thresholded: those that end at zero all tie": lambda w, p, rate, c, keep: spared(
        moved(w, p, rate), of_largest(shrunk(moved(w, p, rate), rate * c), keep), rate * c
    ),
}
