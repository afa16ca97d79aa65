"""What the bonus questions (g) of Lab 1 must show. They stand in notebooks/02 to 05."""

from itertools import combinations
from math import comb, factorial

import numpy as np

from ..linear import descent
from ..linear.regression import THREE_POINTS, TWO_POINTS, Regression
from .comparison import single
from .failure import Misbehaved
from .lab1_cases import RATE
from .report import Report


def count_exact(problem, size):
    """Return how many supports of a size fit exactly: those to whose rank the targets add nothing."""
    supports = combinations(range(problem.X.shape[1]), size)
    both = ((problem.X[:, chosen], np.column_stack([problem.X[:, chosen], problem.y])) for chosen in supports)
    return sum(np.linalg.matrix_rank(whole) == np.linalg.matrix_rank(part) for part, whole in both)


def _by_residuals(empty):
    """Return the mistake that counts by lstsq's residuals, in place of which `empty` stands where there are none."""

    def count(problem, size):
        supports = combinations(range(problem.X.shape[1]), size)
        found = (np.linalg.lstsq(problem.X[:, chosen], problem.y, rcond=None)[1] for chosen in supports)
        return sum(bool(one[0] < 1e-9) if one.size else empty for one in found)

    return count


def lab1_g_pruning(exact_supports, seed=0):
    """Check `exact_supports(problem, size)`, how many supports of that size fit exactly: 0.75 points, 0.25 hidden."""
    rng = np.random.default_rng(seed)
    drawn = [(Regression(rng.integers(-2, 3, (2, d)), rng.integers(1, 4, 2)), k) for d, k in ((4, 2), (6, 1), (5, 3))]
    X, off = rng.permutation(np.vander([1.0, 2, 3, 4], 5)), np.array([1.0, -1, 1, -1])
    drawn.append((Regression(X, X[:, 2] + 2.6e-5 * off), 1))  # nearly exact: the sum of squares is 2e-9 or so
    mistakes = {
        "this counts all supports, whether they fit or not": lambda p, size: comb(p.X.shape[1], size),
        "no exact fit is found: is it by == 0, lstsq's residuals (empty there), or an inverse of X.T @ X?": (
            lambda p, size: 0
        ),
        "count the supports of exactly `size` columns": (
            lambda p, size: sum(count_exact(p, smaller) for smaller in range(1, size + 1))
        ),
        "this is the share of supports: count them": lambda p, size: count_exact(p, size) / comb(p.X.shape[1], size),
        "lstsq gives no residuals where there are as many columns as points: compute them": _by_residuals(False),
        "where lstsq gives no residuals, a fit need not be exact: compute them": _by_residuals(True),
        "a support is a set: its order does not matter": lambda p, size: count_exact(p, size) * factorial(size),
        "the problem is an argument: this uses THREE_POINTS": lambda p, size: count_exact(THREE_POINTS, size),
        "the problem is an argument: this uses TWO_POINTS": lambda p, size: count_exact(TWO_POINTS, size),
        "size is an argument: this takes two columns": lambda p, size: count_exact(p, 2),
        "this stops at the first support that fits: count them all": lambda p, size: min(count_exact(p, size), 1),
    }
    rows = {
        "two weights, three points": [(THREE_POINTS, 2)],
        "two weights, two points": [(TWO_POINTS, 2)],
        "one weight, two points, and other problems": [(TWO_POINTS, 1), *drawn],
    }
    more = [case for cases in rows.values() for case in cases]
    report = Report("lab1_g_pruning", "How many supports fit exactly")
    for label, cases in rows.items():
        report.agree(label, exact_supports, count_exact, cases, 0.25, mistakes, more=more)
    return report


def positive(value, name):
    """Return `value` if it is one finite number above 0; raise ValueError otherwise."""
    number = single(value)
    if isinstance(value, (bool, np.bool_)) or number is None or not 0 < number < np.inf:
        raise Misbehaved(f"{name}: expected one number above 0, found {repr(value)[:80]}")
    return number.item()


def pushed_down(penalty, steps):
    """Return the weights after a subgradient run on the two points, and whether at most three are above 0.05."""
    final = descent.l1_subgradient(TWO_POINTS, positive(penalty, "lambda"), steps=steps).final
    return final, np.sum(np.abs(final) > 0.05) <= 3


def lab1_g_l1(penalty_two_points):
    """Check `penalty_two_points()`, a lambda that works well with two data points: 0.75 points, 0.25 hidden."""

    def after_200_steps():
        return pushed_down(penalty_two_points(), steps=200)

    report = Report("lab1_g_l1", "A penalty for two data points")
    hint = "L is too large: lower lambda"
    report.true("L is below 0.2", lambda: TWO_POINTS.loss(after_200_steps()[0]) < 0.2, 0.25, hint)
    hint = "too many weights are left: a small lambda is slow to push them down, a large one makes them rattle"
    return report.true("at most three magnitudes above 0.05", lambda: after_200_steps()[1], 0.5, hint)


def sparse_and_close(threshold, steps):
    """Return whether a proximal run on the two points ends with at least two exact zeros and L below 0.5."""
    final = descent.proximal_gradient(TWO_POINTS, positive(threshold, "threshold"), steps=steps).final
    return np.sum(final == 0) >= 2 and TWO_POINTS.loss(final) < 0.5


def lab1_g_proximal(threshold_two_points):
    """Check `threshold_two_points()`, a threshold that works well with two data points: 0.5 points, 0.5 hidden."""
    report = Report("lab1_g_proximal", "A threshold for two data points")
    return report.true(
        "after 200 steps at least two exact zeros, and L below 0.5",
        lambda: sparse_and_close(threshold_two_points(), steps=200),
        points=0.5,
        hint="a small threshold leaves no time for zeros, a large one a large loss: run a few",
    )


def exact_from_everywhere(penalty, seed):
    """Return whether trimmed L1 on the two points, with keep 2, finds a two-sparse exact fit fast and from everywhere.

    Fast: from zero within 100 steps. From everywhere: from 100 random starts within 2,000 steps. Exact: L below 1e-6.
    """
    starts = np.random.default_rng(seed).normal(size=(100, 5))
    threshold = RATE * positive(penalty, "lambda")
    from_zero = descent.trimmed_proximal_gradient(TWO_POINTS, threshold, keep=2, steps=100).final
    from_starts = descent.trimmed_proximal_gradient(TWO_POINTS, threshold, keep=2, steps=2000, start=starts).final
    ends = np.vstack([from_zero, from_starts])
    return np.all((ends != 0).sum(axis=1) <= 2) and np.all(TWO_POINTS.loss(ends) < 1e-6)


def lab1_g_trimmed(penalty_trimmed_two_points):
    """Check `penalty_trimmed_two_points()`, a lambda for the trimmed penalty on two points: 0.5 points, 0.5 hidden."""
    report = Report("lab1_g_trimmed", "A trimmed penalty for two data points")
    return report.true(
        "two non-zeros and L < 1e-6: from zero in 100 steps, from 100 random starts in 2,000",
        lambda: exact_from_everywhere(penalty_trimmed_two_points(), seed=0),
        points=0.5,
        hint="a small lambda is too slow from zero, a large one gets stuck from some starts: run a few",
    )
