"""What questions (a) to (c) of Lab 1 must show. They stand in notebooks/01 and 02.

Each answer is compared with a reference of the check's own, on arguments drawn from a seed; a wrong result that equals
what a known mistake gives is told so.
"""

import numpy as np

from ..linear.regression import THREE_POINTS
from . import lab1_cases, mistakes_pruning
from .lab1_cases import AWAY, RATE
from .lab1_reference import ends, moved, pruned, slope, twice
from .mistakes_gradient_step import around
from .report import Report

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


def lab1_a(gradient, seed=0):
    """Check `gradient(X, y, w)`, the gradient of the sum of squared residuals: 1.5 points, 0.5 hidden."""
    drawn = [(problem.X, problem.y, w) for w, problem, _ in lab1_cases.steps(seed)]

    def right(X, y, w):
        return 2 * X.T @ (X @ w - y)

    report = Report("lab1_a", "The gradient of the sum of squares")
    at_start = [(X, y, np.zeros(X.shape[1])) for X, y, _ in drawn]
    report.agree("at the start, W = 0", gradient, right, at_start, 0.5, GRADIENT, more=drawn)
    return report.agree("at a point away from zero", gradient, right, drawn, 1, GRADIENT)


def lab1_b(step, seed=0):
    """Check `step(w, problem, learning_rate)`, one step of gradient descent: 3 points, 1 hidden."""

    def one_step(w):
        return step(w, THREE_POINTS, RATE)

    report = Report("lab1_b", "One step of gradient descent")
    known = around(lambda v, w, rate: v)
    report.agree("one step from a point away from zero", step, moved, lab1_cases.steps(seed), 1, known)
    right = moved(AWAY, THREE_POINTS, RATE)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), right)
    least = np.linalg.pinv(THREE_POINTS.X) @ THREE_POINTS.y
    return ends(report, one_step, least, "200 steps from zero end at the minimum-norm solution")


def pruning_step(w, p, rate, keep):
    """Return the weights after a gradient step and pruning to the `keep` largest magnitudes."""
    return pruned(moved(w, p, rate), keep)


def lab1_c(step, seed=0):
    """Check `step(w, problem, learning_rate, keep)`, a gradient step and then hard thresholding: 3 points, 1 hidden."""
    drawn = [(*case, keep) for case, keep in zip(lab1_cases.steps(seed), (2, 2, 0, 4, 3, 2, 1))]

    def one_step(w):
        return step(w, THREE_POINTS, RATE, 2)

    report = Report("lab1_c", "One step of iterative pruning")
    label = "one step from a point away from zero"
    report.agree(label, step, pruning_step, drawn, 1, mistakes_pruning.PRUNING)
    report.agree("magnitudes that tie", step, pruning_step, lab1_cases.ties(seed), 0.5, mistakes_pruning.CHOOSING)
    once = pruning_step(AWAY, THREE_POINTS, RATE, 2)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), once, 0.5)
    return ends(report, one_step, [0, 3, 0, 0, -1], "200 steps from zero end at the two-sparse solution")
