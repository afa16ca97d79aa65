"""What the steps of Lab 1 must give. Used by `lab1`, `lab1_penalties` and the mistakes.

The reference stands here once, apart from what students can import.
"""

import numpy as np

from .comparison import IN_PLACE, numbers
from .failure import Misbehaved
from .lab1_cases import RATE

MEAN = "this follows the MEAN of the squares: problem.gradient is the sum's"
CLIMBS = "the sign of the gradient is wrong: this step climbs"
STILL = "the weights did not move"
ONE_BY_ONE = "this steps after every data point: one step follows the gradient of all points together"
ITS_OWN_RATE = f"the learning rate is an argument: this uses {RATE}"
ITS_OWN_PROBLEM = "the problem is an argument: this uses THREE_POINTS"


RUNS_AWAY = "the weights run away to infinity: mend the single step first"


def twice(function, w):
    """Return function(w) called a second time on the same array; raise Misbehaved where the first call changed it."""
    given = w.copy()
    function(given)
    if not np.array_equal(given, w):
        raise Misbehaved(IN_PLACE)
    return function(given)


def after(step, steps=200):
    """Return the five weights after so many steps from zero, infinity for each where they run away."""
    w = np.zeros(5)
    for _ in range(steps):
        found = step(w.copy())
        w = numbers(found)
        if np.shape(w) != (5,) or np.isnan(w).any():  # of more numbers, the next step might make more again
            return found
        if not (np.abs(w) < 1e6).all():
            return np.full(5, np.inf)
    return w


def ends(report, step, expected, label, points=1, mistakes=None):
    """Add a row to a report that is right where 200 steps from zero end at `expected`; return the report."""
    known = {RUNS_AWAY: np.full(5, np.inf), **(mistakes or {})}

    def end():
        found, zero = after(step), np.equal(expected, 0)
        w = numbers(found)
        if np.shape(w) == zero.shape and 0 < np.abs(w[zero]).max(initial=0) < 1e-6:
            raise Misbehaved("what is dropped is exactly zero: this leaves tiny numbers there")
        return found

    return report.close(label, end, expected, points, known)


def slope(w, problem):
    """Return the gradient of the sum of squares."""
    return 2 * problem.X.T @ (problem.X @ w - problem.y)


def moved(w, problem, rate):
    """Return the weights after a step of gradient descent."""
    return w - rate * slope(w, problem)


def one_by_one(w, problem, rate):
    """Return the weights after a step for each data point in turn."""
    for x, y in zip(problem.X, problem.y):
        w = w - rate * 2 * x * (x @ w - y)
    return w


def of_largest(w, keep):
    """Return a mask of the `keep` largest magnitudes; where they tie, of the first."""
    order = sorted(range(len(w)), key=lambda j: (-abs(w[j]), j))
    return np.isin(np.arange(len(w)), order[:keep])


def pruned(w, keep):
    """Return w with zeros for all but the `keep` largest magnitudes."""
    return np.where(of_largest(w, keep), w, 0.0)


def shrunk(w, threshold):
    """Return w with every weight moved towards zero by the threshold, and stopped there."""
    return np.sign(w) * np.maximum(np.abs(w) - threshold, 0)


def trimmed(w, threshold, keep):
    """Return w with all but the `keep` largest magnitudes shrunk."""
    return np.where(of_largest(w, keep), w, shrunk(w, threshold))


def subgradient_step(w, p, rate, c):
    """Return the weights after a step against the gradient and the sign of the weights."""
    return w - rate * (slope(w, p) + c * np.sign(w))
