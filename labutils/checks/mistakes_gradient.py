"""What known mistakes in the gradient and its step give, by what is said of them: Lab 1 (a), (b), half of (c) to (f).

Each in a step is a function of its arguments: weights w, problem p and learning rate, here and in the other files of
mistakes of Lab 1, where penalty c and how many to keep come on top.
"""

import numpy as np

from ..linear.regression import THREE_POINTS
from .lab1_cases import RATE
from .lab1_reference import CLIMBS, ITS_OWN_PROBLEM, ITS_OWN_RATE, MEAN, ONE_BY_ONE, STILL, moved, one_by_one, slope

GRADIENT = {
    "the factor 2 is missing: differentiate the square": lambda X, y, w: X.T @ (X @ w - y),
    "this is the gradient of the MEAN; the loss here is the sum": lambda X, y, w: 2 * X.T @ (X @ w - y) / len(y),
    "this divides by the number of weights; the loss here is the sum over the data points": (
        lambda X, y, w: 2 * X.T @ (X @ w - y) / len(w)
    ),
    "the sign is wrong: the residual is X w - y": lambda X, y, w: -2 * X.T @ (X @ w - y),
    "sign and factor are wrong: the residual is X w - y, and its square gives a factor 2": (
        lambda X, y, w: -X.T @ (X @ w - y)
    ),
    "half of everything: the loss is the sum of squares, without a factor 1/2 or 1/n": (
        lambda X, y, w: X.T @ (X @ w - y) / len(y)
    ),
    "the factor is 2: this is twice the gradient": lambda X, y, w: 4 * X.T @ (X @ w - y),
    "the targets y are missing from the residual": lambda X, y, w: 2 * X.T @ (X @ w),
    "the residual is X w - y, this adds y": lambda X, y, w: 2 * X.T @ (X @ w + y),
    "the prediction X w is missing from the residual": lambda X, y, w: -2 * X.T @ y,
    "the gradient is linear in the residuals: don't square them": lambda X, y, w: 2 * X.T @ (X @ w - y) ** 2,
    "the gradient is linear in the residuals: this has their magnitudes": lambda X, y, w: 2 * X.T @ np.abs(X @ w - y),
    "these are the residuals: multiply by the data points": lambda X, y, w: X @ w - y,
    "this is the loss: its gradient has one number for each weight": lambda X, y, w: np.sum((X @ w - y) ** 2),
    "this is the mean loss: the gradient has one number for each weight": lambda X, y, w: np.mean((X @ w - y) ** 2),
    "this adds up over the weights: add up over the data points": lambda X, y, w: 2 * X @ X.T @ (X @ w - y),
    "these are the terms of all data points: add them up": lambda X, y, w: 2 * X * (X @ w - y)[:, None],
    **{
        f"add up over all data points: this {what}": lambda X, y, w, part=part: 2 * X[part].T @ (X[part] @ w - y[part])
        for what, part in {
            "has the last alone": slice(-1, None),
            "has the first alone": slice(1),
            "leaves out the first": slice(1, None),
            "leaves out the last": slice(-1),
        }.items()
    },
    "the problem is given as X and y: this uses THREE_POINTS": lambda X, y, w: slope(w, THREE_POINTS),
    "this is a step: return the gradient alone": lambda X, y, w: w - 2 * RATE * X.T @ (X @ w - y),
}

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
