"""What each claim of Problem 1 comes to, measured by its check. The claims stand in notebooks/00.

A check compares a prediction with a measurement of its own, on other numbers than the notebook's: no answer is written
down here. Each measurement takes a seed and returns (verdict, evidence): whether the claim held, and what was seen.
"""

import functools
from itertools import combinations

import numpy as np

from ..linear import admm, descent, penalties
from ..linear.proximal import soft_threshold
from ..linear.regression import THREE_POINTS, lasso_three_points, sparse_problem
from .failure import Misbehaved, unwritten
from .report import Report

FIRST = {}  # for each claim, what was predicted before its verdict was shown for the first time


def committed(prediction):
    """Return what `prediction()` says, True or False; raise ValueError where it says anything else."""
    value = prediction()
    if not isinstance(value, (bool, np.bool_)):
        raise Misbehaved(f"expected True or False, found {value!r}")
    return bool(value)


def outcome(claim, verdict, measured, prediction):
    """Print what became of a claim, once the prediction is made, and return its row of the closing table.

    What was predicted first counts, and the table shows it, whatever is said after the verdict.
    Parameters: claim, its name; verdict, True or False as the experiment found it; measured, the numbers behind that;
        prediction, a function that returns True or False. Returns: (claim, verdict, measured, prediction) as text;
        as long as nothing is predicted, the row tells no verdict. Used in notebooks/00.
    """
    try:
        predicted = committed(prediction)
    except Exception as error:
        found = "" if unwritten(error) or isinstance(error, ValueError) else f" ({type(error).__name__}: {error})"[:200]
        print(f"No verdict yet{found}: first commit to a prediction above, True or False. Then run this cell again.")
        return claim, "?", "?", "none yet"
    first = FIRST.setdefault(claim, predicted)
    print(f"measured: {measured}\nverdict: {bool(verdict)}, and you said {first}" + ", at first" * (first != predicted))
    return claim, str(bool(verdict)), measured, str(first)


def check_of(number, title, measure):
    """Return the check of one claim, which gives no points: they are for the reason, which a person reads."""
    measured = functools.cache(measure)  # the seed decides all of it: a second prediction, or a class, need not wait

    def check(prediction, seed=1):
        verdict, evidence = measured(seed)
        report = Report(f"problem1_{number}", title)
        label = "the prediction agrees with a second measurement, on other numbers"
        hint = f"the measurement says otherwise: {evidence}"
        return report.true(label, lambda: committed(prediction) == verdict, 0, hint)

    check.__doc__ = f"Check `prediction()` of claim {number} against `{measure.__name__}(seed)`: no points."
    return check


def _rate(problem):
    return 0.9 / problem.lipschitz


def exact_zeros(seed):
    """Count exact zeros after stochastic gradient descent with L1 and with Hoyer-square."""
    problem, _ = sparse_problem(seed, points=40, weights=20, nonzeros=4)
    zeros = 0
    for slope in (np.sign, penalties.hoyer_square_gradient):
        rng = np.random.default_rng(seed)
        w = rng.normal(size=20)
        for _ in range(500):
            i = rng.integers(40)
            residual = problem.X[i] @ w - problem.y[i]
            w = w - 0.0005 * (80 * residual * problem.X[i] + 20 * slope(w))
        zeros += int((w == 0).sum())
    return zeros > 0, f"{zeros} of 40 weights were exactly zero"


def sparsity_by_step(seed):
    """Count zeros at every step of hard and of soft thresholding, from dense weights."""
    problem, _ = sparse_problem(seed, points=60, weights=30, nonzeros=5)
    rate, dense = _rate(problem), np.linalg.lstsq(problem.X, problem.y, rcond=None)[0]
    hard = descent.iterative_pruning(problem, 5, rate, 100, dense).weights[1:]
    soft = descent.proximal_gradient(problem, rate * 20, rate, 100, dense).weights
    hard, soft = ((run == 0).sum(axis=-1) for run in (hard, soft))
    steps = np.diff(soft)
    verdict = bool(np.ptp(hard) == 0 and soft[-1] > soft[0] and (steps > 0).sum() > (steps < 0).sum())
    return (
        verdict,
        f"zeros by hard thresholding {hard.min()} to {hard.max()}, by soft thresholding {soft[0]} to {soft[-1]}",
    )


def bias_left(seed):
    """Measure how far soft thresholding ends from the unpenalised two-sparse solution of the three points."""
    penalty = np.random.default_rng(seed).uniform(1, 2)
    soft = descent.proximal_gradient(THREE_POINTS, 0.02 * penalty, steps=2000)
    direct = descent.l1_subgradient(THREE_POINTS, penalty, steps=2000)
    smoother = np.ptp(soft.losses(THREE_POINTS)[-50:]) < np.ptp(direct.losses(THREE_POINTS)[-50:])
    bias = np.abs(soft.final - [0, 3, 0, 0, -1]).max()
    return bool(smoother and bias < 1e-6), f"with lambda {penalty:.2f} a weight is off by {bias:.2f}"


def rows_emptied(seed):
    """Count the rows that the L2 norm of L1 norms empties, at thresholds at which group Lasso empties some."""
    w = np.random.default_rng(seed).normal(size=(8, 5)) * np.linspace(0.2, 2, 8)[:, None]
    thresholds = np.array([0.5, 1.0, 2.0])
    claimed = penalties.l2_of_l1_threshold(w, thresholds)
    group = penalties.group_soft_threshold(w, thresholds[:, None])
    empty = [int((z == 0).all(axis=-1).sum()) for z in (claimed, group)]
    return empty[0] > 0, f"L2 of L1 norms emptied {empty[0]} of 24 rows, L1 of L2 norms {empty[1]}"


def scale_and_trimming(seed):
    """Compare Hoyer at several scales, and the sign of Hoyer-square's push with the trimming threshold."""
    w = np.random.default_rng(seed).normal(size=(100, 20))
    same = np.allclose(penalties.hoyer(7 * w), penalties.hoyer(w), rtol=1e-12)
    down = penalties.hoyer_square_gradient(w) * np.sign(w) > 0
    trims = (down == (np.abs(w) < penalties.trimming_threshold(w)[:, None])).all()
    return bool(same and trims), f"scale invariant: {same}, trims at sum(w^2) / sum|w|: {trims}"


def same_optimum(seed):
    """Compare where proximal runs with several step sizes end, and how calmly, with the subgradient's."""
    penalty = np.random.default_rng(seed).uniform(1, 2)
    apart, calmer = 0.0, []
    for rate in (0.01, 0.02, 0.03):
        soft = descent.proximal_gradient(THREE_POINTS, rate * penalty, rate, 2000)
        direct = descent.l1_subgradient(THREE_POINTS, penalty, rate, 2000)
        apart = max(apart, np.abs(soft.final - lasso_three_points(penalty)).max())
        calmer.append(np.ptp(soft.losses(THREE_POINTS)[-50:]) < np.ptp(direct.losses(THREE_POINTS)[-50:]))
    verdict = bool(apart < 1e-9 and all(calmer))
    return verdict, f"largest distance to the optimum {apart:.1e}, calmer in {sum(calmer)} of 3 runs"


def trimmed_minimum(problem, penalty, keep):
    """Return the minimum of L plus the trimmed L1 penalty: the best over all choices of what goes unpenalised."""
    d, rate = problem.X.shape[1], _rate(problem)
    penalised = np.array([[j not in free for j in range(d)] for free in combinations(range(d), keep)])

    def step(w):
        return soft_threshold(w - rate * problem.gradient(w), rate * penalty * penalised)

    ends = descent.descend(step, np.zeros(penalised.shape), 1000).final
    return ends[np.argmin(problem.loss(ends) + penalty * (np.abs(ends) * penalised).sum(axis=-1))]


def exact_penalty(seed, count=5, keep=2):
    """Count on how many problems trimmed L1, above the exact-penalty bound, has the best subset as its minimum."""
    agree = 0
    for offset in range(count):
        problem, _ = sparse_problem(count * seed + offset, points=8, weights=5, nonzeros=keep, noise=1.0)
        penalty = 2.02 * np.linalg.norm(problem.y) * np.linalg.norm(problem.X, axis=0).max()
        best = problem.best_subsets(keep)[0][1]
        agree += np.allclose(trimmed_minimum(problem, penalty, keep), best, atol=1e-6)
    return agree == count, f"the minimum was the best subset on {agree} of {count} problems"


def cost_of_admm(seed):
    """Compare ADMM with L1: non-zeros at equal loss, numbers kept, and gradient steps to the same objective."""
    problem, _ = sparse_problem(seed)
    rate, penalty = 1 / problem.lipschitz, 0.2 * np.abs(problem.X.T @ problem.y).max()
    pruned = admm.l0(problem, 8, rho=30.0).z.final
    path = descent.proximal_gradient(problem, rate * np.geomspace(100, 1, 20), rate, 1000).final
    left = np.count_nonzero(path[problem.loss(path) <= problem.loss(pruned)], axis=-1).min()
    single = descent.proximal_gradient(problem, rate * penalty, rate, 500)
    split = admm.lasso(problem, penalty, rho=100.0, steps=500, inner=1)

    def steps(run):
        objective = problem.loss(run.weights) + penalty * np.abs(run.weights).sum(axis=-1)
        return int(np.argmax(objective < (1 + 1e-6) * objective[-1]))

    few, numbers = np.count_nonzero(pruned), sum(part.final.size for part in split)
    verdict = few < left and numbers <= single.final.size and steps(split.z) <= steps(single)
    cost = f"{numbers} numbers kept for {single.final.size}, {steps(split.z)} gradient steps for {steps(single)}"
    return bool(verdict), f"{few} non-zeros where L1 has {left}, {cost}"


problem1_1 = check_of(1, "Exact zeros without pruning", exact_zeros)
problem1_2 = check_of(2, "Sparsity, step by step", sparsity_by_step)
problem1_3 = check_of(3, "Soft thresholding and the bias", bias_left)
problem1_4 = check_of(4, "Group Lasso", rows_emptied)
problem1_5 = check_of(5, "Hoyer and Hoyer-square", scale_and_trimming)
problem1_6 = check_of(6, "The proximity term", same_optimum)
problem1_7 = check_of(7, "Trimmed L1 and the L0 constraint", exact_penalty)
problem1_8 = check_of(8, "The cost of ADMM", cost_of_admm)
