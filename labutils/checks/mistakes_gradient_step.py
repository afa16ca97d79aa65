"""What known mistakes in a gradient step give, by what is said of them: Lab 1 (b), and the first half of (c) to (f).

Each is a function of the step's arguments: weights w, problem p and learning rate, here and in the other files of
mistakes of Lab 1, where penalty c and how many to keep come on top.
"""

from ..linear.regression import THREE_POINTS
from .lab1_cases import RATE
from .lab1_reference import CLIMBS, ITS_OWN_PROBLEM, ITS_OWN_RATE, MEAN, ONE_BY_ONE, STILL, moved, one_by_one, slope

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
