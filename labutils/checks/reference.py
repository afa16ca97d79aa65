"""What the steps of Lab 1 must give, and what known mistakes give instead. Used by `lab1` and `lab1_penalties`.

The reference stands here once, apart from what students can import; the mistakes are functions of the same arguments.
"""

import numpy as np

from ..linear.regression import THREE_POINTS
from .cases import RATE

MEAN = "this follows the MEAN of the squares: problem.gradient is the sum's"
CLIMBS = "the sign of the gradient is wrong: this step climbs"
STILL = "the weights did not move"
ONE_BY_ONE = "this steps after every data point: one step follows the gradient of all points together"
ITS_OWN_RATE = f"the learning rate is an argument: this uses {RATE}"
ITS_OWN_PROBLEM = "the problem is an argument: this uses THREE_POINTS"
NO_RATE = "the learning rate is missing on the gradient"


def twice(function, w):
    """Return function(w) called a second time on the same array: an answer that works in place gives itself away."""
    w = w.copy()
    function(w)
    return function(w)


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


def around(then):
    """Return the mistakes of a gradient step that `then(weights, *rest)` follows: functions of a step's arguments."""
    return {
        CLIMBS: lambda w, problem, rate, *rest: then(w + rate * slope(w, problem), *rest),
        MEAN: lambda w, problem, rate, *rest: then(w - rate * slope(w, problem) / len(problem.y), *rest),
        NO_RATE: lambda w, problem, rate, *rest: then(w - slope(w, problem), *rest),
        ITS_OWN_PROBLEM: lambda w, problem, rate, *rest: then(moved(w, THREE_POINTS, rate), *rest),
        ITS_OWN_RATE: lambda w, problem, rate, *rest: then(moved(w, problem, RATE), *rest),
        ONE_BY_ONE: lambda w, problem, rate, *rest: then(one_by_one(w, problem, rate), *rest),
        STILL: lambda w, *_: w,
    }
