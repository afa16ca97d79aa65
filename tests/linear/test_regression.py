"""The least-squares problems: loss, gradient, supports and the closed-form Lasso, against independent computations."""

from itertools import combinations

import numpy as np
import pytest

from labutils.linear.regression import THREE_POINTS, TWO_POINTS, Regression, lasso_three_points, sparse_problem

RNG = np.random.default_rng(1)


def random_problem(n, d):
    return Regression(RNG.normal(size=(n, d)), RNG.normal(size=n))


PROBLEMS = [THREE_POINTS, TWO_POINTS, random_problem(4, 3), random_problem(1, 1)]


def loss_by_hand(problem, w):
    return sum((sum(x * v for x, v in zip(row, w)) - target) ** 2 for row, target in zip(problem.X, problem.y))


def test_the_three_points_are_the_homeworks():
    assert THREE_POINTS.X.tolist() == [[1, -2, -1, -1, 1], [2, -1, 2, 0, -2], [-1, 0, 2, 2, 1]]
    assert THREE_POINTS.y.tolist() == [-7, -1, -1]
    assert TWO_POINTS.X.tolist() == THREE_POINTS.X[:2].tolist()
    assert TWO_POINTS.y.tolist() == [-7, -1]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_loss_is_the_sum_of_squares(problem):
    w = RNG.normal(size=(2, 3, problem.X.shape[1]))
    expected = [[loss_by_hand(problem, single) for single in row] for row in w]
    np.testing.assert_allclose(problem.loss(w), expected, rtol=1e-12)
    assert np.ndim(problem.loss(w[0, 0])) == 0


@pytest.mark.parametrize("problem", PROBLEMS)
def test_gradient_is_the_slope_of_the_loss(problem):
    d = problem.X.shape[1]
    w = RNG.normal(size=(2, 3, d))
    h = 1e-5
    slopes = [(problem.loss(w + h * axis) - problem.loss(w - h * axis)) / (2 * h) for axis in np.eye(d)]
    np.testing.assert_allclose(problem.gradient(w), np.moveaxis(slopes, 0, -1), rtol=1e-6, atol=1e-6)


def test_lipschitz_constant():
    assert round(THREE_POINTS.lipschitz, 3) == 26.246
    for problem in PROBLEMS:
        assert problem.lipschitz == pytest.approx(2 * np.linalg.eigvalsh(problem.X.T @ problem.X).max(), rel=1e-12)


@pytest.mark.parametrize("support", [s for size in range(6) for s in combinations(range(5), size)])
def test_best_on_support_solves_the_normal_equations(support):
    w = THREE_POINTS.best_on_support(support)
    columns = THREE_POINTS.X[:, support]
    assert not w[np.setdiff1d(range(5), support)].any()
    np.testing.assert_allclose(THREE_POINTS.gradient(w)[list(support)], 0, atol=1e-11)
    # Of all minimisers the shortest: the pseudo-inverse by way of the eigenvectors.
    values, vectors = np.linalg.eigh(columns.T @ columns)
    inverse = np.where(values > 1e-9, 1 / np.where(values > 1e-9, values, 1), 0)
    expected = vectors @ (inverse * (vectors.T @ (columns.T @ THREE_POINTS.y)))
    np.testing.assert_allclose(w[list(support)], expected, atol=1e-10)


def test_of_ten_supports_one_fits_three_points_and_nine_fit_two():
    def exact(problem):
        return [support for support, w in problem.best_subsets(2) if problem.loss(w) < 1e-12]

    assert exact(THREE_POINTS) == [(1, 4)]
    assert len(exact(TWO_POINTS)) == 9
    assert (2, 4) not in exact(TWO_POINTS)  # columns 3 and 5 are each other's negative


def test_best_subsets_are_all_there_and_sorted_with_ties_in_order():
    for problem in (THREE_POINTS, TWO_POINTS):
        found = problem.best_subsets(2)
        losses = [np.linalg.lstsq(problem.X[:, s], problem.y, rcond=None)[0] for s, _ in found]
        losses = [((problem.X[:, s] @ w - problem.y) ** 2).sum() for (s, _), w in zip(found, losses)]
        assert sorted(s for s, _ in found) == list(combinations(range(5), 2))
        assert (np.diff(losses) > -1e-11).all()
    assert [s for s, _ in TWO_POINTS.best_subsets(2)][:9] == [s for s in combinations(range(5), 2) if s != (2, 4)]
    assert [round(float(THREE_POINTS.loss(w)), 4) for _, w in THREE_POINTS.best_subsets(2)[:3]] == [0, 0.2857, 1.8]


@pytest.mark.parametrize("penalty", [0.05, 0.2, 1, 2, 5, 11.9, 12, 13, 20, 29.9, 30, 40])
def test_closed_form_lasso_is_scikit_learns(penalty):
    from sklearn.linear_model import Lasso

    model = Lasso(alpha=penalty / (2 * 3), fit_intercept=False, tol=1e-14, max_iter=1_000_000)
    expected = model.fit(THREE_POINTS.X, THREE_POINTS.y).coef_
    np.testing.assert_allclose(lasso_three_points(penalty), expected, atol=1e-6)


def test_closed_form_lasso_on_arrays():
    penalties = np.array([[0.2, 1.0, 3.0], [6.0, 11.0, 50.0]])
    paths = lasso_three_points(penalties)
    assert paths.shape == (2, 3, 5)
    np.testing.assert_array_equal(paths[1, 1], lasso_three_points(11.0))
    np.testing.assert_allclose(THREE_POINTS.loss(paths)[penalties < 12], 11 * penalties[penalties < 12] ** 2 / 120)
    assert not np.signbit(paths[1, 2]).any()


def test_a_problem_cannot_be_changed_from_outside():
    X, y = np.eye(2), np.ones(2)
    problem = Regression(X, y)
    X[0, 0] = y[0] = 7
    assert problem.loss(np.ones(2)) == 0
    with pytest.raises(ValueError):
        problem.X[0, 0] = 7


@pytest.mark.parametrize(
    "X, y, words",
    [
        (np.ones((3, 2)), np.ones(2), ["(n, d)", "(3, 2)", "(2,)"]),
        (np.ones(3), np.ones(3), ["(3,)"]),
        (np.ones((3, 2)), np.ones((3, 1)), ["(3, 1)"]),
        (np.ones((0, 2)), np.ones(0), ["(0, 2)"]),
        (np.ones((2, 0)), np.ones(2), ["(2, 0)"]),
        ([[1, np.nan]], [1], ["X", "nan"]),
        ([[1, 2]], [-np.inf], ["y", "-inf"]),
        ([["a", "b"], ["c", "d"]], [1, 2], ["X", "numbers"]),
        (np.array([["a", "b"], ["c", "d"]]), [1, 2], ["X", "numbers"]),
        ([[1, 2], [3]], [1, 2], ["X", "rectangular"]),
        ([[1, 2]], "one", ["y", "'one'"]),
    ],
)
def test_bad_data_is_refused(X, y, words, refused):
    with refused(*words):
        Regression(X, y)


@pytest.mark.parametrize("size", [-1, 6, 1.5, "2", None])
def test_bad_sizes_are_refused(size, refused):
    with refused("size", "from 0 to 5"):
        THREE_POINTS.best_subsets(size)


@pytest.mark.parametrize("penalty", [0, -1, np.nan, [1, 0], "one"])
def test_bad_penalties_are_refused(penalty, refused):
    with refused("penalty"):
        lasso_three_points(penalty)


def test_sparse_problem_is_made_of_its_truth():
    problem, truth = sparse_problem(3, points=200, weights=12, nonzeros=4, noise=0.25)
    assert problem.X.shape == (200, 12) and np.count_nonzero(truth) == 4
    magnitudes = np.abs(truth[truth != 0])
    assert (magnitudes >= 1).all() and (magnitudes <= 3).all()
    assert np.std(problem.y - problem.X @ truth) == pytest.approx(0.25, rel=0.2)
    again, _ = sparse_problem(3, points=200, weights=12, nonzeros=4, noise=0.25)
    other, _ = sparse_problem(4, points=200, weights=12, nonzeros=4, noise=0.25)
    np.testing.assert_array_equal(again.X, problem.X)
    assert (other.X != problem.X).all()
