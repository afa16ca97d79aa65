"""What each question of Lab 1 must show. Its exercises stand in notebooks/01 to 05."""

import numbers

import numpy as np

from ..linear import descent
from ..linear.proximal import hard_threshold, soft_threshold, trimmed_soft_threshold
from ..linear.regression import THREE_POINTS, TWO_POINTS, Regression, lasso_three_points
from .report import Report

# A point away from zero, with uneven entries on purpose: zeros and ones hide errors.
AWAY = np.array([0.7, -1.3, 0.4, 2.1, -0.6])
AWAY.flags.writeable = False
RATE = 0.02
IN_PLACE = "the answer changes its input in place: work on a new array"


def twice(function, w):
    """Return function(w) called a second time on the same array: an answer that works in place gives itself away."""
    w = w.copy()
    function(w)
    return function(w)


def lab1_a(gradient):
    """Check `gradient(X, y, w)`, the gradient of the sum of squared residuals: 1.5 points, 0.5 hidden."""
    X, y = THREE_POINTS.X, THREE_POINTS.y
    right = 2 * X.T @ (X @ AWAY - y)
    mistakes = {
        "the factor 2 is missing: differentiate the square": right / 2,
        "this is the gradient of the MEAN; the loss here is the sum": right / len(y),
        "the sign is wrong: the residual is X w - y": -right,
        "half of everything: the loss is the sum of squares, without a factor 1/2 or 1/n": right / 2 / len(y),
        "the targets y are missing from the residual": 2 * X.T @ (X @ AWAY),
    }
    report = Report("lab1_a", "The gradient of the sum of squares")
    report.close("at the start, W = 0", lambda: gradient(X, y, np.zeros(5)), -2 * X.T @ y, points=0.5)
    return report.close("at a point away from zero", lambda: gradient(X, y, AWAY), right, mistakes=mistakes)


def lab1_b(step):
    """Check `step(w, problem, learning_rate)`, one step of gradient descent: 3 points, 1 hidden."""
    slope = THREE_POINTS.gradient(AWAY)
    moved = AWAY - RATE * slope
    mistakes = {
        "the sign is wrong: this step climbs": AWAY + RATE * slope,
        "the learning rate is missing": AWAY - slope,
        "this returns the change, not the new weights": -RATE * slope,
        "this follows the MEAN of the squares: problem.gradient is the sum's already": AWAY - RATE * slope / 3,
        "the factor 2 stands in problem.gradient already": AWAY - 2 * RATE * slope,
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: moved - RATE * THREE_POINTS.gradient(moved)}

    def one_step(w):
        return step(w, THREE_POINTS, RATE)

    report = Report("lab1_b", "One step of gradient descent")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), moved, mistakes=mistakes)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), moved, mistakes=in_place)
    return report.close(
        "200 steps from zero end at the minimum-norm solution",
        lambda: descent.descend(one_step, np.zeros(5), 200).final,
        np.linalg.pinv(THREE_POINTS.X) @ THREE_POINTS.y,
    )


def lab1_c(step):
    """Check `step(w, problem, learning_rate, keep)`, a gradient step and then hard thresholding: 3 points, 1 hidden."""
    slope = THREE_POINTS.gradient(AWAY)
    moved, mean = AWAY - RATE * slope, AWAY - RATE * slope / 3
    right = hard_threshold(moved, 2)
    early = hard_threshold(AWAY, 2)
    mistakes = {
        "this keeps the smallest magnitudes: keep the largest": np.where(hard_threshold(moved, 3) == 0, moved, 0),
        "prune after the gradient step, not before it": early - RATE * THREE_POINTS.gradient(early),
        "prune after the gradient step, not before it: the result must be sparse": early - RATE * slope,
        "what to prune is decided by the weights after the gradient step": np.where(early == 0, 0, moved),
        "nothing was pruned: set all but the `keep` largest magnitudes to zero": moved,
        "this follows the MEAN of the squares: problem.gradient is the sum's": hard_threshold(mean, 2),
        "the sign is wrong: this step climbs": hard_threshold(AWAY + RATE * slope, 2),
        "this keeps the largest signed values: compare magnitudes": np.where(moved >= np.sort(moved)[-2], moved, 0),
        "this returns the magnitudes: the weights must keep their signs": np.abs(right),
        "the gradient step is missing": early,
        "the learning rate is missing": hard_threshold(AWAY - slope, 2),
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: hard_threshold(right - RATE * THREE_POINTS.gradient(right), 2)}
    flat, tied = Regression(np.zeros((1, 5)), [0]), np.array([1.0, -2, 2, -1, -2])  # no slope: all it does is prune
    ties = {
        "where magnitudes tie, the lower index is kept: sort with kind='stable'": [0, 0, 2, 0, -2],
        "this keeps all magnitudes that tie: keep `keep` weights": [0, -2, 2, 0, -2],
        "this keeps the largest signed values: compare magnitudes": [1, 0, 2, 0, 0],
    }

    def one_step(w):
        return step(w, THREE_POINTS, RATE, 2)

    report = Report("lab1_c", "One step of iterative pruning")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), right, mistakes=mistakes)
    report.close("magnitudes that tie", lambda: step(tied.copy(), flat, RATE, 2), [0, -2, 2, 0, 0], 0.5, ties)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), right, 0.5, in_place)
    return report.close(
        "200 steps from zero end at the two-sparse solution",
        lambda: descent.descend(one_step, np.zeros(5), 200).final,
        [0, 3, 0, 0, -1],
    )


def lab1_d(step):
    """Check `step(w, problem, learning_rate, penalty)`, a subgradient step with an L1 penalty: 3 points, 1 hidden."""
    penalty = 0.5

    def pushed(w, slope, push):
        return w - RATE * (slope + penalty * push)

    slope, sign = THREE_POINTS.gradient(AWAY), np.sign(AWAY)
    right = pushed(AWAY, slope, sign)
    mistakes = {
        "the learning rate is missing on the penalty": AWAY - RATE * slope - penalty * sign,
        "the sign of the penalty is wrong: this pushes weights away from zero": pushed(AWAY, slope, -sign),
        "lambda times W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(AWAY, slope, AWAY),
        "2 lambda W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(AWAY, slope, 2 * AWAY),
        "every weight has a sign of its own: this penalises their sum": pushed(AWAY, slope, 1),
        "this follows the MEAN of the squares: problem.gradient is the sum's": pushed(AWAY, slope / 3, sign),
        "the sign is wrong: this step climbs": AWAY + RATE * (slope + penalty * sign),
        "the sign of the gradient is wrong: this step climbs": pushed(AWAY, -slope, sign),
        "the learning rate is missing": AWAY - slope - penalty * sign,
        "the penalty is missing": AWAY - RATE * slope,
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: pushed(right, THREE_POINTS.gradient(right), np.sign(right))}
    # Two weights are zero, and the gradient step turns the signs of the others, so that the order shows.
    zeros = np.array([0.1, 0, -0.2, 0, 0.3])
    slope_there = THREE_POINTS.gradient(zeros)
    right_there = pushed(zeros, slope_there, np.sign(zeros))
    at_zero = {
        "sign(0) must be 0, not 1: the penalty leaves a zero alone": np.where(zeros >= 0, 1, -1),
        "sign(0) must be 0, not -1: the penalty leaves a zero alone": np.where(zeros > 0, 1, -1),
        "take the sign of w, not of the weights after the gradient step": np.sign(zeros - RATE * slope_there),
    }
    at_zero = {message: pushed(zeros, slope_there, push) for message, push in at_zero.items()}
    at_zero["weights at zero move too: the gradient of L pushes them"] = np.where(zeros == 0, 0, right_there)

    def one_step(w):
        return step(w, THREE_POINTS, RATE, penalty)

    report = Report("lab1_d", "One subgradient step with an L1 penalty")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), right, mistakes=mistakes)
    report.close("one step from two zeros", lambda: one_step(zeros.copy()), right_there, mistakes=at_zero)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), right, 0.5, in_place)
    return report.close(
        "200 steps from zero, lambda 1",
        lambda: descent.descend(lambda w: step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        descent.l1_subgradient(THREE_POINTS, 1.0).final,
        points=0.5,
    )


def lab1_e(operator, step):
    """Check `operator(w, threshold)` and `step(w, problem, learning_rate, penalty)` of (e): 3 points, 1 hidden."""
    w = np.array([0.7, -1.3, 0.05, 2.1, -0.02])
    thresholded = np.array([0.6, -1.2, 0, 2.0, 0])
    operator_mistakes = {
        "this is hard thresholding: what survives must move towards zero too": [0.7, -1.3, 0, 2.1, 0],
        "the sign is lost: the operator returns magnitudes": [0.6, 1.2, 0, 2.0, 0],
        "weights smaller than the threshold must stop at zero, not cross it": w - 0.1 * np.sign(w),
        "negative weights are lost: they must move up by the threshold": [0.6, 0, 0, 2.0, 0],
        "the sign is wrong: weights must move towards zero": w + 0.1 * np.sign(w),
        "negative weights must move up, not down": w - 0.1,
        "the weights did not move": w,
        IN_PLACE: [0.5, -1.1, 0, 1.9, 0],
    }
    penalty = 10.0
    slope, cut = THREE_POINTS.gradient(AWAY), RATE * penalty
    moved = AWAY - RATE * slope
    right = soft_threshold(moved, cut)
    mean = AWAY - RATE * slope / 3
    mistakes = {
        "the threshold is learning_rate * penalty, not the penalty": soft_threshold(moved, penalty),
        "threshold after the gradient step, not before it": soft_threshold(AWAY, cut) - RATE * slope,
        "threshold after the gradient step, and take the gradient at w": (
            soft_threshold(AWAY, cut) - RATE * THREE_POINTS.gradient(soft_threshold(AWAY, cut))
        ),
        "this is hard thresholding: what survives must move towards zero too": np.where(np.abs(moved) > cut, moved, 0),
        "the sign is lost: the step returns magnitudes": np.abs(right),
        "weights smaller than the threshold must stop at zero, not cross it": moved - cut * np.sign(moved),
        "the sign of the gradient is wrong: this step climbs": soft_threshold(AWAY + RATE * slope, cut),
        "this follows the MEAN of the squares: problem.gradient is the sum's": soft_threshold(mean, cut),
        "the learning rate is missing on the gradient": soft_threshold(AWAY - slope, cut),
        "the gradient step is missing": soft_threshold(AWAY, cut),
        "nothing was thresholded: this is plain gradient descent": moved,
        "the weights did not move": AWAY,
        IN_PLACE: soft_threshold(right - RATE * THREE_POINTS.gradient(right), cut),
    }

    def one_step(w):
        return step(w, THREE_POINTS, RATE, penalty)

    report = Report("lab1_e", "Soft thresholding and the proximal gradient step")
    report.close(
        "the operator, called twice on the same array",
        lambda: twice(lambda w: operator(w, 0.1), w),
        thresholded,
        mistakes=operator_mistakes,
    )
    report.close("one step, called twice on the same array", lambda: twice(one_step, AWAY), right, mistakes=mistakes)
    return report.close(
        "200 steps from zero, lambda 1, end at the closed form of the Lasso",
        lambda: descent.descend(lambda w: step(w, THREE_POINTS, RATE, 1.0), np.zeros(5), 200).final,
        lasso_three_points(1.0),
    )


def lab1_f(step):
    """Check `step(w, problem, learning_rate, penalty, keep)`, a trimmed proximal step: 4 points, 1 hidden."""
    # A place and a rate at which every mistake below gives a result of its own.
    here, rate, penalty, keep = AWAY[::-1].copy(), 0.4, 3.0, 2
    slope, cut = THREE_POINTS.gradient(here), rate * penalty
    moved, climbed = here - rate * slope, here + rate * slope
    right = trimmed_soft_threshold(moved, cut, keep)

    def free(w, count):
        return hard_threshold(w, count) != 0

    shrunk = soft_threshold(moved, cut)
    early = trimmed_soft_threshold(here, cut, keep)
    mistakes = {
        "the threshold is learning_rate * penalty, not the penalty": trimmed_soft_threshold(moved, penalty, keep),
        "this leaves the smallest weights alone: leave the largest": np.where(free(moved, 3), shrunk, moved),
        "this leaves the three smallest weights alone: leave the largest": np.where(free(moved, 2), shrunk, moved),
        "this thresholds all weights, which is plain L1: leave the `keep` largest alone": shrunk,
        "rank the weights after the gradient step, not before it": np.where(free(here, keep), moved, shrunk),
        "this sets the rest to zero, which is pruning: soft-threshold it": hard_threshold(moved, keep),
        "threshold after the gradient step, not before it": early - rate * slope,
        "this leaves the largest signed values alone: compare magnitudes": (
            np.where(moved >= np.sort(moved)[-keep], moved, shrunk)
        ),
        "this leaves d - keep weights alone: leave `keep`": trimmed_soft_threshold(moved, cut, 5 - keep),
        "the sign of the gradient is wrong: this step climbs": trimmed_soft_threshold(climbed, cut, keep),
        "the gradient step is missing": early,
        "nothing was thresholded: this is plain gradient descent": moved,
        "the weights did not move": here,
        IN_PLACE: trimmed_soft_threshold(right - rate * THREE_POINTS.gradient(right), cut, keep),
    }

    def run(keep):
        return descent.descend(lambda w: step(w, THREE_POINTS, RATE, 1.0, keep), np.zeros(5), 200).final

    report = Report("lab1_f", "One step with the trimmed L1 penalty")
    report.close(
        "one step, called twice on the same array",
        lambda: twice(lambda w: step(w, THREE_POINTS, rate, penalty, keep), here),
        right,
        points=2,
        mistakes=mistakes,
    )
    biased = {"this is the Lasso's biased solution: the `keep` largest must go unpenalised": lasso_three_points(1.0)}
    report.close("200 steps from zero, lambda 1, keep 2", lambda: run(2), [0, 3, 0, 0, -1], mistakes=biased)
    return report.close("with keep 0 it ends at the Lasso", lambda: run(0), lasso_three_points(1.0))


def lab1_g_pruning(exact_supports):
    """Check `exact_supports(problem, size)`, how many supports of that size fit exactly: 0.75 points, 0.25 hidden."""
    none = "no support fits to the last bit: call a loss below 1e-9 exact, do not compare with zero"
    sparser = "count the supports of exactly `size` columns"
    report = Report("lab1_g_pruning", "How many supports fit exactly")
    two = {"this counts all supports, whether they fit or not": 10, none: 0}
    report.close("two weights, three points", lambda: exact_supports(THREE_POINTS, 2), 1, 0.25, two)
    report.close("two weights, two points", lambda: exact_supports(TWO_POINTS, 2), 9, 0.25, {**two, sparser: 10})
    one = {"this counts all supports, whether they fit or not": 5}
    return report.close("one weight, two points", lambda: exact_supports(TWO_POINTS, 1), 0, 0.25, one)


def positive(value, name):
    """Return `value` if it is one finite number above 0; raise ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < np.inf:
        raise ValueError(f"{name}: expected one number above 0, found {value!r}")
    return value


def lab1_g_l1(penalty_two_points):
    """Check `penalty_two_points()`, a lambda that works well with two data points: 0.75 points, 0.25 hidden."""

    def final():
        return descent.l1_subgradient(TWO_POINTS, positive(penalty_two_points(), "lambda")).final

    def few(w):
        return np.sum(np.abs(w) > 0.05) <= 3

    report = Report("lab1_g_l1", "A penalty for two data points")
    report.true("L is below 0.2", lambda: TWO_POINTS.loss(final()) < 0.2, 0.25, "L is too large: lower lambda")
    hint = "too many weights are left: a small lambda is slow to push them down, a large one makes them rattle"
    return report.true("at most three magnitudes above 0.05", lambda: few(final()), 0.5, hint)


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
