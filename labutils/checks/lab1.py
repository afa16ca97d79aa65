"""What questions (a) to (c) of Lab 1 must show. They stand in notebooks/01 and 02.

Each answer is compared with a reference of the check's own, on arguments drawn from a seed; a wrong result that equals
what a known mistake gives is told so.
"""

import numpy as np

from ..linear.regression import THREE_POINTS
from . import lab1_cases, mistakes_pruning
from .lab1_cases import AWAY, RATE
from .lab1_reference import ends, moved, pruned, twice
from .mistakes_gradient import GRADIENT, around
from .report import Report


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
