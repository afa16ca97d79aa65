"""What questions (d) to (f) of Lab 1 must show. They stand in notebooks/03 to 05.

Each answer is compared with a reference of the check's own, on arguments drawn from a seed; a wrong result that equals
what a known mistake gives is told so.
"""

import numpy as np

from ..linear.descent import descend
from ..linear.regression import THREE_POINTS, Regression, lasso_three_points
from . import cases
from .cases import AWAY, RATE
from .reference import (
    CLIMBS,
    ITS_OWN_PROBLEM,
    ITS_OWN_RATE,
    MEAN,
    STILL,
    around,
    moved,
    of_largest,
    pruned,
    shrunk,
    slope,
    trimmed,
    twice,
)
from .report import IN_PLACE, Report


def pushed(push, factor=1.0, sign=1):
    """Return a subgradient step that pushes by `push(w, problem, rate)` in place of the sign of w."""
    return lambda w, p, rate, penalty: w - rate * (sign * factor * slope(w, p) + penalty * push(w, p, rate))


def sign_of(w, *_):
    """Return the sign of each weight, 0 at zero."""
    return np.sign(w)


subgradient_step = pushed(sign_of)
SUBGRADIENT_MISTAKES = {
    "the learning rate is missing on the penalty": (
        lambda w, p, rate, penalty: w - rate * slope(w, p) - penalty * np.sign(w)
    ),
    "the sign of the penalty is wrong: this pushes weights away from zero": pushed(lambda w, *_: -np.sign(w)),
    "lambda times W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(lambda w, *_: w),
    "2 lambda W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(lambda w, *_: 2 * w),
    "every weight has a sign of its own: this penalises their sum": pushed(lambda w, *_: 1.0),
    "the penalty counts twice: its slope is lambda sign(W), without a factor 2": (pushed(lambda w, *_: 2 * np.sign(w))),
    "sign(0) must be 0, not 1: the penalty leaves a zero alone": pushed(lambda w, *_: np.where(w >= 0, 1, -1)),
    "sign(0) must be 0, not -1: the penalty leaves a zero alone": pushed(lambda w, *_: np.where(w > 0, 1, -1)),
    "0 / 0: w / |w| is no number where a weight is zero; np.sign gives 0 there": (pushed(lambda w, *_: w / np.abs(w))),
    "take the sign of w, not of the weights after the gradient step": (
        pushed(lambda w, p, rate: np.sign(moved(w, p, rate)))
    ),
    "weights at zero move too: the gradient of L pushes them": (
        lambda w, *rest: np.where(w == 0, 0, subgradient_step(w, *rest))
    ),
    MEAN: lambda w, p, rate, penalty: w - rate * (slope(w, p) / len(p.y) + penalty * np.sign(w)),
    "the sign is wrong: this step climbs": lambda w, p, rate, c: w + rate * (slope(w, p) + c * np.sign(w)),
    CLIMBS: pushed(sign_of, sign=-1),
    "the learning rate is missing": lambda w, p, rate, penalty: w - slope(w, p) - penalty * np.sign(w),
    "the penalty is missing": lambda w, p, rate, penalty: moved(w, p, rate),
    ITS_OWN_RATE: lambda w, p, rate, penalty: subgradient_step(w, p, RATE, penalty),
    ITS_OWN_PROBLEM: lambda w, p, rate, penalty: subgradient_step(w, THREE_POINTS, rate, penalty),
    "the penalty is an argument: this uses lambda 1": lambda w, p, rate, penalty: subgradient_step(w, p, rate, 1.0),
    STILL: lambda w, *_: w,
}


def lab1_d(step):
    """Check `step(w, problem, learning_rate, penalty)`, a subgradient step with an L1 penalty: 3 points, 1 hidden."""

    here, zeros = (AWAY, THREE_POINTS, RATE, 0.5), np.array([0.1, 0, -0.2, 0, 0.3])
    at_zeros = [(zeros, THREE_POINTS, RATE, 0.5), *cases.priced()[1:]]
    no_zeros = [(np.where(w == 0, 0.35, w), *rest) for w, *rest in (here, *cases.priced()[1:])]

    def one_step(w):
        return step(w, *here[1:])

    report = Report("lab1_d", "One subgradient step with an L1 penalty")
    report.agree("one step from a point away from zero", step, subgradient_step, no_zeros, 1, SUBGRADIENT_MISTAKES)
    report.agree("one step from two zeros", step, subgradient_step, at_zeros, 1, SUBGRADIENT_MISTAKES)
    in_place = {IN_PLACE: subgradient_step(subgradient_step(*here), *here[1:])}
    report.close(
        "called twice on the same array", lambda: twice(one_step, AWAY), subgradient_step(*here), 0.5, in_place
    )
    return report.close(
        "200 steps from zero, lambda 1",
        lambda: descend(lambda w: step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        descend(lambda w: subgradient_step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        points=0.5,
    )


HARD = "this is hard thresholding: what survives must move towards zero too"
OPERATOR_MISTAKES = {
    HARD: lambda w, cut: np.where(np.abs(w) > cut, w, 0),
    "the sign is lost: the operator returns magnitudes": lambda w, cut: np.abs(shrunk(w, cut)),
    "weights smaller than the threshold must stop at zero, not cross it": lambda w, cut: w - cut * np.sign(w),
    "negative weights are lost: they must move up by the threshold": lambda w, cut: np.maximum(w - cut, 0),
    "the sign is wrong: weights must move towards zero": lambda w, cut: w + cut * np.sign(w),
    "negative weights must move up, not down": lambda w, cut: w - cut,
    "the threshold is an argument: this uses another one": lambda w, cut: shrunk(w, 0.1),
    STILL: lambda w, cut: w,
}
PROXIMAL_MISTAKES = {
    "the threshold is learning_rate * penalty, not the penalty": lambda w, p, rate, c: shrunk(moved(w, p, rate), c),
    "threshold after the gradient step, not before it": (
        lambda w, p, rate, c: shrunk(w, rate * c) - rate * slope(w, p)
    ),
    "threshold after the gradient step, and take the gradient at w": (
        lambda w, p, rate, c: moved(shrunk(w, rate * c), p, rate)
    ),
    HARD: lambda w, p, rate, c: OPERATOR_MISTAKES[HARD](moved(w, p, rate), rate * c),
    "the sign is lost: the step returns magnitudes": (
        lambda w, p, rate, c: np.abs(shrunk(moved(w, p, rate), rate * c))
    ),
    "weights smaller than the threshold must stop at zero, not cross it": (
        lambda w, p, rate, c: moved(w, p, rate) - rate * c * np.sign(moved(w, p, rate))
    ),
    "this is a step against the gradient and the sign of w: threshold after the step": (
        lambda w, p, rate, c: moved(w, p, rate) - rate * c * np.sign(w)
    ),
    "the gradient step is missing": lambda w, p, rate, c: shrunk(w, rate * c),
    "nothing was thresholded: this is plain gradient descent": lambda w, p, rate, c: moved(w, p, rate),
    ITS_OWN_RATE: lambda w, p, rate, c: shrunk(moved(w, p, RATE), RATE * c),
    "the threshold's learning rate is an argument too: this uses 0.02 there": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), RATE * c)
    ),
}


def lab1_e(operator, step):
    """Check `operator(w, threshold)` and `step(w, problem, learning_rate, penalty)` of (e): 3 points, 1 hidden."""
    named = {
        message: lambda w, p, rate, c, wrong=wrong: wrong(w, p, rate, rate * c)
        for message, wrong in around(shrunk).items()
    }
    w = np.array([0.7, -1.3, 0.05, 2.1, -0.02])
    vectors = [w, -np.abs(w), w[2:3], cases.weights(np.random.default_rng(5), 7) / 3]
    operated = [(one, cut) for one in vectors for cut in (0.1, 0.0, 0.65, 3.0)]
    priced = cases.priced()

    def right(w, p, rate, penalty):
        return shrunk(moved(w, p, rate), rate * penalty)

    report = Report("lab1_e", "Soft thresholding and the proximal gradient step")
    report.agree("the operator, called twice on the same array", operator, shrunk, operated, 1, OPERATOR_MISTAKES)
    report.agree("one step, called twice on the same array", step, right, priced, 1, named | PROXIMAL_MISTAKES)
    return report.close(
        "200 steps from zero, lambda 1, end at the closed form of the Lasso",
        lambda: descend(lambda w: step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        lasso_three_points(1.0),
    )


def trimmed_step(w, p, rate, penalty, keep):
    """Return the weights after a gradient step and shrinking all but the `keep` largest magnitudes."""
    return trimmed(moved(w, p, rate), rate * penalty, keep)


def spared(w, free, rate, penalty):
    """Return w with all shrunk but what is `free`, a mask."""
    return np.where(free, w, shrunk(w, rate * penalty))


TRIMMED_MISTAKES = {
    "the threshold is learning_rate * penalty, not the penalty": (
        lambda w, p, rate, c, keep: trimmed(moved(w, p, rate), c, keep)
    ),
    "this leaves the smallest weights alone: leave the largest": (
        lambda w, p, rate, c, keep: spared(moved(w, p, rate), ~of_largest(moved(w, p, rate), len(w) - keep), rate, c)
    ),
    "this leaves the three smallest weights alone: leave the largest": (
        lambda w, p, rate, c, keep: spared(moved(w, p, rate), ~of_largest(moved(w, p, rate), keep), rate, c)
    ),
    "this thresholds all weights, which is plain L1: leave the `keep` largest alone": (
        lambda w, p, rate, c, keep: shrunk(moved(w, p, rate), rate * c)
    ),
    "rank the weights after the gradient step, not before it": (
        lambda w, p, rate, c, keep: spared(moved(w, p, rate), of_largest(w, keep), rate, c)
    ),
    "this sets the rest to zero, which is pruning: soft-threshold it": (
        lambda w, p, rate, c, keep: pruned(moved(w, p, rate), keep)
    ),
    "threshold after the gradient step, not before it": (
        lambda w, p, rate, c, keep: trimmed(w, rate * c, keep) - rate * slope(w, p)
    ),
    "this leaves the largest signed values alone: compare magnitudes": lambda w, p, rate, c, keep: spared(
        moved(w, p, rate), moved(w, p, rate) >= np.sort(moved(w, p, rate))[-keep], rate, c
    ),
    "this leaves d - keep weights alone: leave `keep`": (
        lambda w, p, rate, c, keep: trimmed(moved(w, p, rate), rate * c, len(w) - keep)
    ),
    "with keep 0 no weight is left alone: [-0:] is everything": (
        lambda w, p, rate, c, keep: trimmed_step(w, p, rate, c, keep or len(w))
    ),
    "`keep` is an argument: this leaves two weights alone": lambda w, p, rate, c, keep: trimmed_step(w, p, rate, c, 2),
    "the gradient step is missing": lambda w, p, rate, c, keep: trimmed(w, rate * c, keep),
    "nothing was thresholded: this is plain gradient descent": lambda w, p, rate, c, keep: moved(w, p, rate),
    ITS_OWN_RATE: lambda w, p, rate, c, keep: trimmed_step(w, p, RATE, c, keep),
    "rank the weights before they are thresholded: those that end at zero all tie": lambda w, p, rate, c, keep: spared(
        moved(w, p, rate), of_largest(shrunk(moved(w, p, rate), rate * c), keep), rate, c
    ),
    "where magnitudes tie, spare the lower index: sort -abs(w), kind='stable'": (
        lambda w, p, rate, c, keep: trimmed_step(w[::-1], p, rate, c, keep)[::-1]
    ),
}


def lab1_f(step):
    """Check `step(w, problem, learning_rate, penalty, keep)`, a trimmed proximal step: 4 points, 1 hidden."""
    # A place and a rate at which every mistake below gives a result of its own.
    here = (AWAY[::-1].copy(), THREE_POINTS, 0.4, 3.0, 2)
    drawn = [here, *[(*case, keep) for case, keep in zip(cases.priced(), (1, 2, 3, 0, 5, 4, 1))]]
    small = (np.array([0.1, 0.2, 0.3, 0.4]), Regression(np.eye(4), np.zeros(4)), 0.1, 5.0, 2)  # below the threshold
    tied = [small, *((w, problem, 0.5, 1.0, keep) for w, problem, _, keep in cases.ties())]

    named = {
        message: lambda w, p, rate, c, keep, wrong=wrong: wrong(w, p, rate, rate * c, keep)
        for message, wrong in around(trimmed).items()
    }

    def run(keep):
        return descend(lambda w: step(w, THREE_POINTS, RATE, 1.0, keep), np.zeros(5), 200).final

    report = Report("lab1_f", "One step with the trimmed L1 penalty")
    report.agree(
        "one step, called twice on the same array", step, trimmed_step, [*drawn, *tied], 2, named | TRIMMED_MISTAKES
    )
    biased = {"this is the Lasso's biased solution: the `keep` largest must go unpenalised": lasso_three_points(1.0)}
    report.close("200 steps from zero, lambda 1, keep 2", lambda: run(2), [0, 3, 0, 0, -1], mistakes=biased)
    return report.close("with keep 0 it ends at the Lasso", lambda: run(0), lasso_three_points(1.0))
