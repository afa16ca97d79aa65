"""What questions (a) to (c) of Lab 1 must show. They stand in notebooks/01 and 02.

Each answer is compared with a reference of the check's own, on arguments drawn from a seed; a wrong result that equals
what a known mistake gives is told so.
"""

import numpy as np

from ..linear.descent import descend
from ..linear.regression import THREE_POINTS
from . import cases
from .cases import AWAY, RATE
from .reference import around, moved, of_largest, pruned, slope, twice
from .report import IN_PLACE, Report


def lab1_a(gradient):
    """Check `gradient(X, y, w)`, the gradient of the sum of squared residuals: 1.5 points, 0.5 hidden."""
    mistakes = {
        "the factor 2 is missing: differentiate the square": lambda X, y, w: X.T @ (X @ w - y),
        "this is the gradient of the MEAN; the loss here is the sum": lambda X, y, w: 2 * X.T @ (X @ w - y) / len(y),
        "the sign is wrong: the residual is X w - y": lambda X, y, w: -2 * X.T @ (X @ w - y),
        "half of everything: the loss is the sum of squares, without a factor 1/2 or 1/n": (
            lambda X, y, w: X.T @ (X @ w - y) / len(y)
        ),
        "the targets y are missing from the residual": lambda X, y, w: 2 * X.T @ (X @ w),
        "the problem is given as X and y: this uses THREE_POINTS": lambda X, y, w: slope(w, THREE_POINTS),
    }
    drawn = [(problem.X, problem.y, w) for w, problem, _ in cases.steps()]

    def right(X, y, w):
        return 2 * X.T @ (X @ w - y)

    report = Report("lab1_a", "The gradient of the sum of squares")
    at_start = [(X, y, np.zeros(X.shape[1])) for X, y, _ in drawn]
    report.agree("at the start, W = 0", gradient, right, at_start, 0.5, mistakes)
    return report.agree("at a point away from zero", gradient, right, drawn, 1, mistakes)


def lab1_b(step):
    """Check `step(w, problem, learning_rate)`, one step of gradient descent: 3 points, 1 hidden."""
    mistakes = {
        "the learning rate is missing": lambda w, problem, rate: w - slope(w, problem),
        "this returns the change, not the new weights": lambda w, problem, rate: -rate * slope(w, problem),
        "the factor 2 stands in problem.gradient already": lambda w, problem, rate: w - 2 * rate * slope(w, problem),
        "the sign is wrong: this step climbs": lambda w, problem, rate: w + rate * slope(w, problem),
        **around(lambda w: w),
    }
    right = moved(AWAY, THREE_POINTS, RATE)

    def one_step(w):
        return step(w, THREE_POINTS, RATE)

    report = Report("lab1_b", "One step of gradient descent")
    report.agree("one step from a point away from zero", step, moved, cases.steps(), 1, mistakes)
    in_place = {IN_PLACE: moved(right, THREE_POINTS, RATE)}
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), right, mistakes=in_place)
    return report.close(
        "200 steps from zero end at the minimum-norm solution",
        lambda: descend(one_step, np.zeros(5), 200).final,
        np.linalg.pinv(THREE_POINTS.X) @ THREE_POINTS.y,
    )


def pruning_step(w, p, rate, keep):
    """Return the weights after a gradient step and pruning to the `keep` largest magnitudes."""
    return pruned(moved(w, p, rate), keep)


PRUNING_MISTAKES = {
    "this keeps the smallest magnitudes: keep the largest": (
        lambda w, p, rate, keep: np.where(of_largest(moved(w, p, rate), len(w) - keep), 0, moved(w, p, rate))
    ),
    "the mask is the wrong way round: the largest were set to zero, not the smallest": (
        lambda w, p, rate, keep: np.where(of_largest(moved(w, p, rate), keep), 0, moved(w, p, rate))
    ),
    "this prunes the `keep` smallest: `keep` weights survive": (
        lambda w, p, rate, keep: pruned(moved(w, p, rate), len(w) - keep)
    ),
    "prune after the gradient step, not before it": lambda w, p, rate, keep: moved(pruned(w, keep), p, rate),
    "prune after the gradient step, not before it: the result must be sparse": (
        lambda w, p, rate, keep: pruned(w, keep) - rate * slope(w, p)
    ),
    "what to prune is decided by the weights after the gradient step": (
        lambda w, p, rate, keep: np.where(of_largest(w, keep), moved(w, p, rate), 0)
    ),
    "nothing was pruned: set all but the `keep` largest magnitudes to zero": (
        lambda w, p, rate, keep: moved(w, p, rate)
    ),
    "this keeps the largest signed values: compare magnitudes": lambda w, p, rate, keep: np.where(
        moved(w, p, rate) >= np.sort(moved(w, p, rate))[-keep], moved(w, p, rate), 0
    ),
    "this returns the magnitudes: the weights must keep their signs": (
        lambda w, p, rate, keep: np.abs(pruned(moved(w, p, rate), keep))
    ),
    "`keep` is an argument: this keeps two weights": lambda w, p, rate, keep: pruned(moved(w, p, rate), 2),
    "with keep 0 nothing survives: [-0:] is everything": lambda w, p, rate, keep: pruned(
        moved(w, p, rate), keep or len(w)
    ),
    "the gradient step is missing": lambda w, p, rate, keep: pruned(w, keep),
    **around(pruned),
}


TIE_MISTAKES = {
    "where magnitudes tie, the lower index is kept: sort -abs(w), kind='stable', and keep the first": (
        lambda w, p, rate, keep: pruned(w[::-1], keep)[::-1]
    ),
    "this keeps all magnitudes that tie: keep `keep` weights": (
        lambda w, p, rate, keep: np.where(np.abs(w) >= np.sort(np.abs(w))[-keep], w, 0)
    ),
}


def lab1_c(step):
    """Check `step(w, problem, learning_rate, keep)`, a gradient step and then hard thresholding: 3 points, 1 hidden."""

    drawn = [(*case, keep) for case, keep in zip(cases.steps(), (2, 2, 0, 4, 3, 2, 1))]

    def one_step(w):
        return step(w, THREE_POINTS, RATE, 2)

    report = Report("lab1_c", "One step of iterative pruning")
    label = "one step from a point away from zero"
    report.agree(label, step, pruning_step, drawn, 1, PRUNING_MISTAKES)
    report.agree("magnitudes that tie", step, pruning_step, cases.ties(), 0.5, TIE_MISTAKES | PRUNING_MISTAKES)
    once = pruning_step(AWAY, THREE_POINTS, RATE, 2)
    in_place = {IN_PLACE: pruning_step(once, THREE_POINTS, RATE, 2)}
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), once, 0.5, in_place)
    return report.close(
        "200 steps from zero end at the two-sparse solution",
        lambda: descend(one_step, np.zeros(5), 200).final,
        [0, 3, 0, 0, -1],
    )
