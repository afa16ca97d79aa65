"""What questions (d) to (f) of Lab 1 must show. They stand in notebooks/03 to 05.

Each answer is compared with a reference of the check's own, on arguments drawn from a seed; a wrong result that equals
what a known mistake gives is told so.
"""

import numpy as np

from ..linear.regression import THREE_POINTS, Regression, lasso_three_points
from . import lab1_cases, mistakes_proximal
from .lab1_cases import AWAY, RATE
from .lab1_reference import after, ends, moved, shrunk, subgradient_step, trimmed, twice
from .mistakes_l1 import SUBGRADIENT
from .mistakes_trimmed import TRIMMED
from .report import Report


def lab1_d(step, seed=0):
    """Check `step(w, problem, learning_rate, penalty)`, a subgradient step with an L1 penalty: 3 points, 1 hidden."""
    here, zeros = (AWAY, THREE_POINTS, RATE, 0.5), np.array([0.1, 0, -0.2, 0, 0.3])
    others = lab1_cases.priced(seed)[1:]
    at_zeros = [(zeros, *here[1:]), *others]
    no_zeros = [(np.where(w == 0, 0.35, w), *rest) for w, *rest in (here, *others)]

    def one_step(w):
        return step(w, *here[1:])

    report = Report("lab1_d", "One subgradient step with an L1 penalty")
    known = SUBGRADIENT
    report.agree("one step from a point away from zero", step, subgradient_step, no_zeros, 1, known)
    report.agree("one step from two zeros", step, subgradient_step, at_zeros, 1, known)
    once = subgradient_step(*here)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), once, 0.5)
    end = after(lambda w: subgradient_step(w, THREE_POINTS, RATE, 1.0))
    label = "200 steps from zero, lambda 1"
    return ends(report, lambda w: step(w, THREE_POINTS, RATE, 1.0), end, label, 0.5)


def lab1_e(operator, step, seed=0):
    """Check `operator(w, threshold)` and `step(w, problem, learning_rate, penalty)` of (e): 3 points, 1 hidden."""
    w = np.array([0.7, -1.3, 0.05, 2.1, -0.02])
    vectors = [w, -np.abs(w), w[2:3], lab1_cases.weights(np.random.default_rng(seed), 7) / 3]
    operated = [(one, cut) for one in vectors for cut in (0.1, 0.0, 0.65, 3.0)]

    def right(w, p, rate, penalty):
        return shrunk(moved(w, p, rate), rate * penalty)

    report = Report("lab1_e", "Soft thresholding and the proximal gradient step")
    label = "the operator, called twice on the same array"
    report.agree(label, operator, shrunk, operated, 1, mistakes_proximal.OPERATOR)
    label = "one step, called twice on the same array"
    report.agree(label, step, right, lab1_cases.priced(seed), 1, mistakes_proximal.PROXIMAL)
    label = "200 steps from zero, lambda 1, end at the closed form of the Lasso"
    return ends(report, lambda w: step(w, THREE_POINTS, RATE, 1.0), lasso_three_points(1.0), label)


def trimmed_step(w, p, rate, penalty, keep):
    """Return the weights after a gradient step and shrinking all but the `keep` largest magnitudes."""
    return trimmed(moved(w, p, rate), rate * penalty, keep)


def lab1_f(step, seed=0):
    """Check `step(w, problem, learning_rate, penalty, keep)`, a trimmed proximal step: 4 points, 1 hidden."""
    # A place and a rate at which nearly every mistake gives a result of its own.
    here = (AWAY[::-1].copy(), THREE_POINTS, 0.4, 3.0, 2)
    drawn = [here, *[(*case, keep) for case, keep in zip(lab1_cases.priced(seed), (1, 2, 3, 0, 5, 4, 1))]]
    small = (np.array([0.1, 0.2, 0.3, 0.4]), Regression(np.eye(4), np.zeros(4)), 0.1, 5.0, 2)  # below the threshold
    tied = [small, *((w, problem, 0.5, 1.0, keep) for w, problem, _, keep in lab1_cases.ties(seed))]

    def one_step(keep):
        return lambda w: step(w, THREE_POINTS, RATE, 1.0, keep)

    report = Report("lab1_f", "One step with the trimmed L1 penalty")
    label = "one step, called twice on the same array"
    report.agree(label, step, trimmed_step, [*drawn, *tied], 2, TRIMMED)
    biased = {"this is the Lasso's biased solution: the `keep` largest must go unpenalised": lasso_three_points(1.0)}
    ends(report, one_step(2), [0, 3, 0, 0, -1], "200 steps from zero, lambda 1, keep 2", mistakes=biased)
    return ends(report, one_step(0), lasso_three_points(1.0), "with keep 0 it ends at the Lasso")
