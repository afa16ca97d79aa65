"""ADMM against scikit-learn, the proximal method, a solver written out, and brute force over supports."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Lasso

from labutils.linear import admm, descent
from labutils.linear.proximal import hard_threshold, soft_threshold
from labutils.linear.regression import THREE_POINTS, lasso_three_points, sparse_problem


@given(st.integers(0, 20), st.sampled_from([1.0, 10.0, 80.0]), st.sampled_from([20.0, 100.0]))
def test_lasso_ends_where_scikit_learn_does(seed, penalty, rho):
    problem, _ = sparse_problem(seed, points=30, weights=10, nonzeros=3)
    expected = Lasso(penalty / 60, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(problem.X, problem.y).coef_
    run = admm.lasso(problem, penalty, rho, steps=600)
    np.testing.assert_allclose(run.z.final, expected, atol=1e-5)
    np.testing.assert_array_equal(run.z.final == 0, expected == 0)
    np.testing.assert_allclose(run.w.final, run.z.final, atol=1e-6)


@pytest.mark.parametrize("inner", [1, 3])
def test_gradient_steps_in_place_of_the_inverse_lead_to_the_same_end(inner):
    run = admm.lasso(THREE_POINTS, np.array([0.5, 1.0, 4.0]), rho=10.0, steps=3000, inner=inner)
    np.testing.assert_allclose(run.z.final, lasso_three_points([0.5, 1.0, 4.0]), atol=1e-6)


@pytest.mark.parametrize("inner", [None, 2])
@pytest.mark.parametrize("keep", [None, 2])
def test_every_step_is_the_one_that_is_written_down(inner, keep):
    problem, rho, penalty = THREE_POINTS, 3.0, 0.7
    start = np.array([0.7, -1.3, 0.4, 2.1, -0.6])
    run = (
        admm.lasso(problem, penalty, rho, 5, start, inner)
        if keep is None
        else admm.l0(problem, keep, rho, 5, start, inner)
    )
    w, z, u = start, start, np.zeros(5)
    X, y = problem.X, problem.y
    for k in range(1, 6):
        if inner is None:
            w = np.linalg.solve(2 * X.T @ X + rho * np.eye(5), 2 * X.T @ y + rho * (z - u))
        else:
            for _ in range(inner):
                w = w - (2 * X.T @ (X @ w - y) + rho * (w - z + u)) / (problem.lipschitz + rho)
        z = soft_threshold(w + u, penalty / rho) if keep is None else hard_threshold(w + u, keep)
        u = u + w - z
        for found, expected in zip(run, (w, z, u)):
            np.testing.assert_allclose(found.weights[k], expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_l0_finds_the_best_subset_where_it_stands_out(seed):
    problem, _ = sparse_problem(seed, points=30, weights=8, nonzeros=2, noise=0.1)
    run = admm.l0(problem, 2, rho=30.0, steps=300)
    np.testing.assert_allclose(run.z.final, problem.best_subsets(2)[0][1], atol=1e-6)


@given(st.integers(0, 30), st.integers(0, 10))
def test_l0_never_keeps_more_than_it_should(seed, keep):
    problem, _ = sparse_problem(seed, points=12, weights=10, nonzeros=4, noise=2.0)
    run = admm.l0(problem, keep, rho=5.0, steps=30)
    assert (np.count_nonzero(run.z.weights, axis=-1) <= keep).all()


def test_penalties_and_starts_add_leading_axes():
    penalties, starts = np.array([0.5, 2.0]), np.random.default_rng(0).normal(size=(2, 5))
    run = admm.lasso(THREE_POINTS, penalties, steps=20, start=starts)
    assert run.w.weights.shape == run.z.weights.shape == run.u.weights.shape == (21, 2, 5)
    for row in range(2):
        alone = admm.lasso(THREE_POINTS, penalties[row], steps=20, start=starts[row])
        np.testing.assert_allclose(run.z.weights[:, row], alone.z.weights, atol=1e-12)
    np.testing.assert_array_equal(run.w.weights[0], starts)
    assert not run.u.weights[0].any()
    assert admm.l0(THREE_POINTS, 2, steps=7, start=starts).z.weights.shape == (8, 2, 5)


def test_three_numbers_for_each_weight():
    run = admm.lasso(THREE_POINTS, 1.0, steps=2)
    assert isinstance(run.z, descent.Trajectory)
    assert sum(part.final.size for part in run) == 15


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"rho": 0}, "rho"),
        ({"rho": np.inf}, "rho"),
        ({"rho": "1"}, "rho"),
        ({"inner": 0}, "inner"),
        ({"inner": 1.5}, "inner"),
        ({"inner": True}, "inner"),
        ({"steps": -1}, "steps"),
        ({"start": np.zeros(4)}, "start"),
        ({"start": np.full(5, np.nan)}, "start"),
    ],
)
def test_bad_settings_are_refused(arguments, word, refused):
    with refused(word):
        admm.lasso(THREE_POINTS, 1.0, **arguments)
    with refused(word):
        admm.l0(THREE_POINTS, 2, **arguments)


def test_bad_penalties_and_counts_are_refused(refused):
    with refused("penalty"):
        admm.lasso(THREE_POINTS, -1.0)
    with refused("keep", "from 0 to 5"):
        admm.l0(THREE_POINTS, 6)
