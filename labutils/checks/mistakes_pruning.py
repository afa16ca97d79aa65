"""What known mistakes in pruning give, by what is said of them: Lab 1 (c); those in the choice of weights: (f) too."""

import numpy as np

from .lab1_reference import moved, of_largest, pruned, slope
from .mistakes_gradient import around


def _signed(v, keep):
    """Return a mask of the `keep` largest values, signs and all."""
    return np.isin(np.arange(len(v)), np.argsort(-v, kind="stable")[:keep])


def _flat_order(v, keep):
    """Return a mask of what an order along the wrong axis keeps: the first weight, again and again."""
    return np.arange(len(v)) < min(keep, 1)


# Which weights an answer leaves: in (c) those that survive, in (f) those that are spared. v: after the gradient step.
CHOICES = {
    "this leaves the smallest magnitudes: leave the largest": lambda w, v, keep: ~of_largest(v, len(v) - keep),
    "the choice is the wrong way round: it hits the `keep` largest and leaves the others": (
        lambda w, v, keep: ~of_largest(v, keep)
    ),
    "this leaves d - keep weights: leave `keep`": lambda w, v, keep: of_largest(v, len(v) - keep),
    "rank the weights after the gradient step, not before it": lambda w, v, keep: of_largest(w, keep),
    "this leaves the largest signed values: compare magnitudes": lambda w, v, keep: _signed(v, keep),
    "`keep` is an argument: this leaves two weights": lambda w, v, keep: of_largest(v, 2),
    "with keep 0 no weight is left: a slice [-0:] is everything, an index [0 - 1] is the last": lambda w, v, keep: (
        of_largest(v, keep or len(v))
    ),
    "with keep 0 no weight is left: here the largest stays": lambda w, v, keep: of_largest(v, keep or 1),
    "with keep d all weights are left: is a slice [-0:] there, which is everything?": (
        lambda w, v, keep: of_largest(v, keep % len(v))
    ),
    "this leaves one weight more than `keep`": lambda w, v, keep: of_largest(v, keep + 1),
    "this leaves one weight less than `keep`": lambda w, v, keep: of_largest(v, max(keep - 1, 0)),
    "this leaves the first `keep` weights, whatever their magnitudes": lambda w, v, keep: np.arange(len(v)) < keep,
    "this leaves the last `keep` weights, whatever their magnitudes": (
        lambda w, v, keep: np.arange(len(v)) >= len(v) - keep
    ),
    "this ranks along the wrong axis, which has one weight: rank along the other": lambda w, v, keep: _flat_order(
        v, keep
    ),
    "this ranks along the wrong axis, which has one weight, and drops the first: rank along the other": (
        lambda w, v, keep: ~_flat_order(v, keep)
    ),
    "this ranks the weights' change: rank the new weights": lambda w, v, keep: of_largest(v - w, keep),
    "where magnitudes tie, the lower index stays: sort -abs(w), kind='stable', and keep the first": (
        lambda w, v, keep: of_largest(v[::-1], keep)[::-1]
    ),
    "where magnitudes tie, the lower index stays: the end of an ascending order has the higher one": (
        lambda w, v, keep: np.isin(np.arange(len(v)), np.argsort(np.abs(v))[len(v) - keep :])
    ),
    "a plain argsort breaks ties as it likes: kind='stable' keeps the lower index": (
        lambda w, v, keep: np.isin(np.arange(len(v)), np.argsort(-np.abs(v))[:keep])
    ),
    "all magnitudes that tie stay here: leave `keep` weights": (
        lambda w, v, keep: np.abs(v) >= np.sort(np.abs(v))[::-1][keep - 1]
    ),
    "> drops the smallest that should stay, and all that tie with it": (
        lambda w, v, keep: np.abs(v) > np.sort(np.abs(v))[::-1][keep - 1]
    ),
    "magnitudes that tie with the largest to go are dropped here: leave `keep` weights": (
        lambda w, v, keep: np.abs(v) > np.sort(np.abs(v))[::-1][keep]
    ),
}

CHOOSING = {
    message: lambda w, p, rate, keep, chosen=chosen: np.where(chosen(w, moved(w, p, rate), keep), moved(w, p, rate), 0)
    for message, chosen in CHOICES.items()
}
PRUNING = CHOOSING | around(lambda v, w, rate, keep: pruned(v, keep))
PRUNING |= {
    "prune after the gradient step, not before it": lambda w, p, rate, keep: moved(pruned(w, keep), p, rate),
    "prune after the gradient step, not before it: the result must be sparse": (
        lambda w, p, rate, keep: pruned(w, keep) - rate * slope(w, p)
    ),
    "prune the weights, not the gradient": lambda w, p, rate, keep: w - rate * pruned(slope(w, p), keep),
    "prune the weights, not their change": lambda w, p, rate, keep: w + pruned(-rate * slope(w, p), keep),
    "nothing was pruned: set all but the `keep` largest magnitudes to zero": lambda w, p, rate, keep: moved(w, p, rate),
    "this returns the magnitudes: the weights must keep their signs": (
        lambda w, p, rate, keep: np.abs(pruned(moved(w, p, rate), keep))
    ),
    "this drops one weight: argmin finds its zero again and again": (
        lambda w, p, rate, keep: pruned(moved(w, p, rate), len(w) - 1)
    ),
    "the weights are in another order: each stays in its place": (
        lambda w, p, rate, keep: np.array(sorted(pruned(moved(w, p, rate), keep), key=abs)[::-1])
    ),
    "this returns the mask, not the weights": lambda w, p, rate, keep: of_largest(moved(w, p, rate), keep),
    "the old weights are returned: prune those after the gradient step": (
        lambda w, p, rate, keep: np.where(of_largest(moved(w, p, rate), keep), w, 0)
    ),
}
