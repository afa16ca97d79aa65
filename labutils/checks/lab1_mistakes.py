"""What known mistakes in the steps of Lab 1 (b) to (d) give, by what is said of them. Used by `lab1`, `lab1_penalties`.

Each is a function of the step's arguments: weights w, problem p, learning rate, penalty c, and how many to keep.
"""

import numpy as np

from ..linear.regression import THREE_POINTS
from .cases import RATE
from .reference import (
    CLIMBS,
    ITS_OWN_PROBLEM,
    ITS_OWN_RATE,
    MEAN,
    ONE_BY_ONE,
    STILL,
    moved,
    of_largest,
    one_by_one,
    pruned,
    shrunk,
    slope,
)

# What stands in place of the weights after a gradient step.
STEPS = {
    CLIMBS: lambda w, p, rate: w + rate * slope(w, p),
    MEAN: lambda w, p, rate: w - rate * slope(w, p) / len(p.y),
    "the learning rate is missing on the gradient": lambda w, p, rate: w - slope(w, p),
    "the factor 2 stands in problem.gradient already": lambda w, p, rate: w - 2 * rate * slope(w, p),
    "the factor 2 of the gradient is missing: problem.gradient has it": lambda w, p, rate: w - rate * slope(w, p) / 2,
    "the gradient step is missing": lambda w, p, rate: w,
    "this is the change of the weights: take the new weights": lambda w, p, rate: -rate * slope(w, p),
    "this is the gradient times the rate: take it off w": lambda w, p, rate: rate * slope(w, p),
    "the gradient is taken at zero: take it at w": lambda w, p, rate: w - rate * slope(0 * w, p),
    "the rate counts twice on the gradient": lambda w, p, rate: w - rate * rate * slope(w, p),
    ITS_OWN_PROBLEM: lambda w, p, rate: moved(w, THREE_POINTS, rate),
    "the learning rate of the gradient step is an argument, too: this uses 0.02 there": (
        lambda w, p, rate: moved(w, p, RATE)
    ),
    ONE_BY_ONE: one_by_one,
    "these are two gradient steps: take one": lambda w, p, rate: moved(moved(w, p, rate), p, rate),
}


def around(then):
    """Return the mistakes of a gradient step from w that `then(weights, w, rate, *rest)` follows."""

    def followed(step):
        return lambda w, p, rate, *rest: then(step(w, p, rate), w, rate, *rest)

    own_rate = {ITS_OWN_RATE: lambda w, p, rate, *rest: then(moved(w, p, RATE), w, RATE, *rest)}
    return {STILL: lambda w, *_: w} | own_rate | {text: followed(step) for text, step in STEPS.items()}


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


def pushed(push):
    """Return a subgradient step that pushes by `push(w, slope, weights after a gradient step)` in place of sign(w)."""
    return lambda w, p, rate, c: w - rate * (slope(w, p) + c * push(w, slope(w, p), moved(w, p, rate)))


def subgradient_step(w, p, rate, c):
    """Return the weights after a step against the gradient and the sign of the weights."""
    return w - rate * (slope(w, p) + c * np.sign(w))


SUBGRADIENT = around(lambda v, w, rate, c: v - rate * c * np.sign(w)) | {
    "the learning rate is missing on the penalty": lambda w, p, rate, c: moved(w, p, rate) - c * np.sign(w),
    "the sign of the penalty is wrong: this pushes weights away from zero": pushed(lambda w, *_: -np.sign(w)),
    "lambda times W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(lambda w, *_: w),
    "2 lambda W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(lambda w, *_: 2 * w),
    "|W| is the penalty itself: its slope is the sign of W": pushed(lambda w, *_: np.abs(w)),
    "the sum of |W| is the penalty itself: its slope is the sign of W": pushed(lambda w, *_: np.abs(w).sum()),
    "every weight has a sign of its own: this penalises their sum": pushed(lambda w, *_: 1.0),
    "every weight has a sign of its own: this adds them up": pushed(lambda w, *_: np.sign(w).sum()),
    "the sign of W belongs to the penalty alone: the gradient has its own": (
        lambda w, p, rate, c: w - rate * (slope(w, p) + c) * np.sign(w)
    ),
    "take the gradient at w: here the penalty moves the weights before": (
        lambda w, p, rate, c: moved(w - rate * c * np.sign(w), p, rate)
    ),
    "the penalty counts twice: its slope is lambda sign(W), without a factor 2": pushed(lambda w, *_: 2 * np.sign(w)),
    "the penalty counts half: its slope is lambda sign(W)": pushed(lambda w, *_: np.sign(w) / 2),
    "the learning rate counts twice on the penalty": lambda w, p, rate, c: moved(w, p, rate) - rate**2 * c * np.sign(w),
    "the penalty's slope is a mean here: every weight pays lambda": lambda w, p, rate, c: (
        moved(w, p, rate) - rate * c * np.sign(w) / len(w)
    ),
    "this takes the sign of the gradient: the penalty pushes by the sign of W": pushed(lambda w, g, v: np.sign(g)),
    "the loss counts by its whole gradient, not by the gradient's sign": (
        lambda w, p, rate, c: w - rate * (np.sign(slope(w, p)) + c * np.sign(w))
    ),
    "sign(0) must be 0, not 1: the penalty leaves a zero alone": pushed(lambda w, *_: np.where(w >= 0, 1, -1)),
    "sign(0) must be 0, not -1: the penalty leaves a zero alone": pushed(lambda w, *_: np.where(w > 0, 1, -1)),
    "0 / 0: w / |w| is no number where a weight is zero; np.sign gives 0 there": pushed(lambda w, *_: w / np.abs(w)),
    "negative weights have the sign -1: this leaves them without a penalty": pushed(lambda w, *_: 1.0 * (w > 0)),
    "take the sign of w, not of the weights after the gradient step": pushed(lambda w, g, v: np.sign(v)),
    "weights at zero move too: the gradient of L pushes them": (
        lambda w, *rest: np.where(w == 0, 0, subgradient_step(w, *rest))
    ),
    "the sign is wrong: this step climbs": lambda w, p, rate, c: w + rate * (slope(w, p) + c * np.sign(w)),
    "the learning rate is missing": lambda w, p, rate, c: w - slope(w, p) - c * np.sign(w),
    "the penalty is missing": lambda w, p, rate, c: moved(w, p, rate),
    "this is soft thresholding, which is (e): a subgradient step may cross zero": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), rate * c)
    ),
    "a subgradient step may cross zero: this stops there": (
        lambda w, *rest: np.where(w * subgradient_step(w, *rest) < 0, 0, subgradient_step(w, *rest))
    ),
    **{
        f"the penalty is an argument: this uses lambda {own:g}": lambda w, p, rate, c, own=own: subgradient_step(
            w, p, rate, own
        )
        for own in (0.2, 0.5, 1.0, 2.0)
    },
}
