"""The five methods against independent implementations, the known ends of their runs, and what they refuse."""

import numpy as np
import pytest

from labutils.linear import descent
from labutils.linear.regression import THREE_POINTS, TWO_POINTS

MINIMUM_NORM = [-0.747596, 2.389423, -0.122596, 0.031250, -1.564904]
SPARSE = [0, 3, 0, 0, -1]
RATE = 0.02
PENALTIES = [0.2, 0.5, 1.0, 2.0]

# Every method once, by what it takes besides the problem.
METHODS = {
    "gradient_descent": lambda problem, **more: descent.gradient_descent(problem, **more),
    "iterative_pruning": lambda problem, **more: descent.iterative_pruning(problem, 2, **more),
    "l1_subgradient": lambda problem, **more: descent.l1_subgradient(problem, 1.0, **more),
    "proximal_gradient": lambda problem, **more: descent.proximal_gradient(problem, 0.02, **more),
    "trimmed_proximal_gradient": lambda problem, **more: descent.trimmed_proximal_gradient(problem, 0.02, 2, **more),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def sign(value):
    return (value > 0) - (value < 0)


def shrunk(value, threshold):
    return sign(value) * max(abs(value) - threshold, 0)


def by_magnitude(w):
    return sorted(range(len(w)), key=lambda j: (-abs(w[j]), j))


def run_by_hand(after, problem=THREE_POINTS, steps=200, start=(0.0,) * 5):
    """Run w -> after(w, moved) with plain Python floats; moved is w after the gradient step."""
    X, y = problem.X.tolist(), problem.y.tolist()
    w, rows = list(start), [list(start)]
    for _ in range(steps):
        residuals = [sum(x * v for x, v in zip(row, w)) - target for row, target in zip(X, y)]
        moved = [v - RATE * 2 * sum(r * row[j] for r, row in zip(residuals, X)) for j, v in enumerate(w)]
        w = after(w, moved)
        rows.append(w)
    return np.array(rows)


def close(found, expected, tolerance=1e-10):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_gradient_descent_is_torchs_sgd():
    import torch

    w = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    X, y = torch.tensor(THREE_POINTS.X), torch.tensor(THREE_POINTS.y)
    optimizer = torch.optim.SGD([w], lr=RATE)
    rows = [w.detach().clone()]
    for _ in range(200):
        optimizer.zero_grad()
        ((X @ w - y) ** 2).sum().backward()
        optimizer.step()
        rows.append(w.detach().clone())
    close(descent.gradient_descent(THREE_POINTS).weights, torch.stack(rows).numpy())


@pytest.mark.parametrize("keep", range(6))
def test_iterative_pruning_by_hand(keep):
    def after(w, moved):
        kept = by_magnitude(moved)[:keep]
        return [v if j in kept else 0.0 for j, v in enumerate(moved)]

    run = descent.iterative_pruning(THREE_POINTS, keep)
    close(run.weights, run_by_hand(after))
    assert (np.count_nonzero(run.weights, axis=1) <= keep).all()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_l1_subgradient_by_hand(penalty):
    by_hand = run_by_hand(lambda w, moved: [m - RATE * penalty * sign(v) for v, m in zip(w, moved)])
    close(descent.l1_subgradient(THREE_POINTS, penalty).weights, by_hand)


@pytest.mark.parametrize("threshold", [0.004, 0.01, 0.02, 0.04])
def test_proximal_gradient_by_hand(threshold):
    by_hand = run_by_hand(lambda w, moved: [shrunk(m, threshold) for m in moved])
    close(descent.proximal_gradient(THREE_POINTS, threshold).weights, by_hand)


@pytest.mark.parametrize("threshold", [0.02, 0.04, 0.1, 0.2])
def test_trimmed_proximal_gradient_by_hand(threshold):
    def after(w, moved):
        free = by_magnitude(moved)[:2]
        return [m if j in free else shrunk(m, threshold) for j, m in enumerate(moved)]

    close(descent.trimmed_proximal_gradient(THREE_POINTS, threshold, 2).weights, run_by_hand(after))


def test_where_the_runs_end():
    close(descent.gradient_descent(THREE_POINTS).final, MINIMUM_NORM, 1e-6)
    close(descent.gradient_descent(THREE_POINTS).final, np.linalg.pinv(THREE_POINTS.X) @ THREE_POINTS.y, 1e-6)
    close(descent.iterative_pruning(THREE_POINTS, 2).final, SPARSE, 1e-6)
    trimmed = descent.trimmed_proximal_gradient(THREE_POINTS, RATE * np.array([1, 2, 5, 10]), 2)
    close(trimmed.final, [SPARSE] * 4, 1e-6)
    assert (trimmed.final[:, [0, 2, 3]] == 0).all()
    # Two-sparse from these steps on, for lambda = 1, 2, 5, 10.
    sparse = (trimmed.weights[:, :, [0, 2, 3]] == 0).all(axis=-1)
    assert [int(np.flatnonzero(~column)[-1]) + 1 for column in sparse.T] == [76, 39, 16, 8]


def test_pruning_changes_its_support_at_step_seven():
    support = [tuple(np.flatnonzero(w) + 1) for w in descent.iterative_pruning(THREE_POINTS, 2).weights]
    assert support[0] == ()
    assert set(support[1:7]) == {(1, 2)}
    assert set(support[7:]) == {(2, 5)}


@pytest.mark.parametrize("penalty", PENALTIES)
def test_proximal_gradient_converges_to_scikit_learns_lasso(penalty):
    from sklearn.linear_model import Lasso

    model = Lasso(alpha=penalty / (2 * 3), fit_intercept=False, tol=1e-14, max_iter=1_000_000)
    expected = model.fit(THREE_POINTS.X, THREE_POINTS.y).coef_
    run = descent.proximal_gradient(THREE_POINTS, RATE * penalty, steps=3000)
    close(run.final, expected, 1e-6)
    assert (run.final[[0, 2, 3]] == 0).all()


def test_the_subgradient_run_finds_no_exact_zero():
    run = descent.l1_subgradient(THREE_POINTS, PENALTIES)
    assert np.count_nonzero(run.final) == run.final.size


def test_an_array_of_settings_is_one_run_for_each():
    settings = np.array([[0.004, 0.01, 0.02], [0.04, 0.1, 0.2]])
    for many in (
        lambda value: descent.proximal_gradient(THREE_POINTS, value),
        lambda value: descent.trimmed_proximal_gradient(THREE_POINTS, value, 2),
        lambda value: descent.l1_subgradient(THREE_POINTS, value / RATE),
    ):
        weights = many(settings).weights
        assert weights.shape == (201, 2, 3, 5)
        for index in np.ndindex(2, 3):
            close(weights[(slice(None), *index)], many(settings[index]).weights, 1e-12)


@every_method
def test_an_array_of_starts_is_one_run_for_each(method):
    starts = np.random.default_rng(3).normal(size=(4, 5))
    runs = method(TWO_POINTS, start=starts, steps=30).weights
    assert runs.shape == (31, 4, 5)
    np.testing.assert_array_equal(runs[0], starts)
    for index, start in enumerate(starts):
        close(runs[:, index], method(TWO_POINTS, start=start, steps=30).weights, 1e-12)


@every_method
def test_steps_and_start(method):
    start = np.array([1.0, -2, 0, 3, 0.5])
    before = start.copy()
    run = method(THREE_POINTS, start=start, steps=3)
    assert run.weights.dtype == np.float64
    assert run.weights.shape == (4, 5)
    np.testing.assert_array_equal(run.weights[0], before)
    np.testing.assert_array_equal(start, before)
    np.testing.assert_array_equal(method(THREE_POINTS, start=start, steps=0).weights, [before])
    assert method(THREE_POINTS).weights.shape == (201, 5)


def test_trajectory_helpers():
    rows = np.zeros((5, 5))
    rows[1, 0], rows[2, 0], rows[3:, 1], rows[3:, 4] = 1, 2, 3, -1
    run = descent.Trajectory(rows)
    assert run.support_changes() == [1, 3]
    assert run.first_step_below(THREE_POINTS) == 3
    assert run.first_step_below(THREE_POINTS, level=0) is None
    assert run.first_step_below(THREE_POINTS, level=1e6) == 0
    assert run.losses(THREE_POINTS).tolist() == [THREE_POINTS.loss(w) for w in rows]
    assert run.final.tolist() == SPARSE
    assert descent.Trajectory(rows[3:]).support_changes() == []


def test_descend_keeps_every_result_of_a_step_that_works_in_place():
    def halve(w):
        w /= 2
        return w

    start = np.array([8.0, -4.0])
    run = descent.descend(halve, start, 3)
    assert run.weights.tolist() == [[8, -4], [4, -2], [2, -1], [1, -0.5]]
    assert start.tolist() == [8, -4]


@pytest.mark.parametrize("wrong", [np.zeros(4), np.zeros((1, 5)), 0.0, [], None])
def test_a_step_of_another_shape_is_refused(wrong, refused):
    with refused("step 1", "(5,)", str(np.shape(wrong))):
        descent.descend(lambda w: wrong, np.zeros(5), 3)


def test_a_step_that_raises_is_named():
    def step(w):
        if w[0] == 2:
            raise ValueError("no more")
        return w + 1

    with pytest.raises(ValueError, match=r"^step 3: no more$"):
        descent.descend(step, np.zeros(5), 9)
    with pytest.raises(ValueError, match=r"^step 1: .*dict"):
        descent.descend(lambda w: {}, np.zeros(5), 9)

    def unfinished(w):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):  # which the checks turn into "not written yet"
        descent.descend(unfinished, np.zeros(5), 9)


def test_zero_by_zero_is_no_matter_of_the_rate(refused):
    with refused("step 1", "found nan", "zero by zero"):
        descent.descend(lambda w: np.where(w > 1, w, w / w), np.array([2.0, 0.0]), 9)
    with refused("step 28", "found nan", "lower the learning rate"):
        descent.gradient_descent(THREE_POINTS, learning_rate=1e10, steps=50)


def test_weights_that_overflow_are_named_with_their_step(refused):
    with refused("step 4", "finite", "learning rate"):
        descent.descend(lambda w: w * 1e100, np.ones(2), 9)


@every_method
@pytest.mark.parametrize("rate", [0.1, 0.5, 1e3, 1e200])
def test_a_diverging_run_says_where_and_what_the_bound_is(method, rate, refused):
    with refused("step ", "2 / lipschitz = 0.0762", f"{rate:g}"):
        method(THREE_POINTS, learning_rate=rate)


def test_the_step_that_is_named_is_the_first_bad_one():
    with pytest.raises(ValueError) as caught:
        descent.gradient_descent(THREE_POINTS, learning_rate=0.1)
    named = int(str(caught.value).removeprefix("step ").partition(":")[0])
    assert 1 < named < 200
    close(descent.gradient_descent(THREE_POINTS, learning_rate=0.1, steps=1).weights[0], 0)
    losses = [THREE_POINTS.loss(np.zeros(5))]
    w = np.zeros(5)
    while losses[-1] <= 1e3 * losses[0]:
        w = w - 0.1 * 2 * THREE_POINTS.X.T @ (THREE_POINTS.X @ w - THREE_POINTS.y)
        losses.append(((THREE_POINTS.X @ w - THREE_POINTS.y) ** 2).sum())
    assert named == len(losses) - 1


@every_method
def test_just_below_the_bound_nothing_is_refused(method):
    assert np.isfinite(method(THREE_POINTS, learning_rate=0.076).weights).all()


@every_method
@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "0.02", None, [0.02, 0.03]])
def test_bad_learning_rates_are_refused(method, rate, refused):
    with refused("learning_rate"):
        method(THREE_POINTS, learning_rate=rate)


@every_method
@pytest.mark.parametrize("steps", [-1, 2.0, "2", None, True])
def test_bad_steps_are_refused(method, steps, refused):
    with refused("steps"):
        method(THREE_POINTS, steps=steps)


@every_method
@pytest.mark.parametrize("start", [np.zeros(4), 0.0, np.full(5, np.nan), "zero", np.zeros((5, 2))])
def test_bad_starts_are_refused(method, start, refused):
    with refused("start"):
        method(THREE_POINTS, start=start)


def test_bad_settings_are_refused(refused):
    with refused("keep", "from 0 to 5"):
        descent.iterative_pruning(THREE_POINTS, 6)
    with refused("keep", "from 0 to 5"):
        descent.trimmed_proximal_gradient(THREE_POINTS, 0.02, -1)
    with refused("penalty"):
        descent.l1_subgradient(THREE_POINTS, [0.1, -0.1])
    with refused("threshold"):
        descent.proximal_gradient(THREE_POINTS, -0.1)
    with refused("threshold"):
        descent.trimmed_proximal_gradient(THREE_POINTS, np.nan, 2)
