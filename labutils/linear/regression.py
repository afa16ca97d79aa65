"""The least-squares problems of Lab 1, with five weights and three or two data points. Derived in notebooks/01."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np


def finite_array(name, values):
    """Return `values` as a float64 array; raise ValueError, naming it, where an entry is NaN, infinite or no number."""
    try:
        array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=np.float64)
    except (TypeError, ValueError):
        found = " ".join(repr(values).split())[:60]
        raise ValueError(f"{name}: expected numbers in a rectangular array, found {found}") from None
    if not np.isfinite(array).all():
        worst = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name}: expected finite numbers, found {worst}")
    return array


@dataclass(frozen=True, eq=False)
class Regression:
    """The problem of minimising L(w), the SUM of the squared residuals (X w - y)^2 over the data points.

    Parameters: X, numbers (n, d), one data point per row; y, numbers (n,), the targets.
    Raises: ValueError where X and y do not fit together, are empty, or hold anything but finite numbers.
    Derived in notebooks/01.
    """

    X: np.ndarray
    y: np.ndarray

    def __post_init__(self):
        X, y = finite_array("X", self.X).copy(), finite_array("y", self.y).copy()
        if X.ndim != 2 or X.size == 0 or y.shape != X.shape[:1]:
            raise ValueError(f"X, y: expected shapes (n, d) and (n,), both non-empty, found {X.shape} and {y.shape}")
        for name, array in (("X", X), ("y", y)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def loss(self, w):
        """Return L for weights (..., d), of shape (...)."""
        residuals = w @ self.X.T - self.y
        return (residuals * residuals).sum(axis=-1)

    def gradient(self, w):
        """Return the gradient of L, 2 X^T (X w - y), for weights (..., d), of the same shape."""
        return 2 * ((w @ self.X.T - self.y) @ self.X)

    @cached_property
    def lipschitz(self):
        """The gradient's Lipschitz constant, 2 lambda_max(X^T X): gradient descent needs a rate below 2 / lipschitz."""
        return 2 * float(np.linalg.norm(self.X, ord=2)) ** 2

    def best_on_support(self, support):
        """Return the weights (d,) that minimise L with zeros outside `support`, a tuple of column indices from 0.

        Of several minimisers it returns the one of least norm.
        """
        columns = list(support)
        w = np.zeros(self.X.shape[1])
        w[columns] = np.linalg.lstsq(self.X[:, columns], self.y, rcond=None)[0]
        return w

    def best_subsets(self, size):
        """Return [(support, weights), ...] for all supports of `size` columns, the smallest loss first.

        Parameters: size, a whole number from 0 to d. Ties are kept in the order of the supports.
        Raises: ValueError for another size. Brute force: meant for the small problems of the labs.
        """
        d = self.X.shape[1]
        if not isinstance(size, (int, np.integer)) or not 0 <= size <= d:
            raise ValueError(f"size: expected a whole number from 0 to {d}, found {size!r}")
        found = [(support, self.best_on_support(support)) for support in combinations(range(d), size)]
        # Rounded, so that exact fits tie instead of being sorted by their rounding errors.
        return sorted(found, key=lambda pair: round(float(self.loss(pair[1])), 12))


THREE_POINTS = Regression(
    X=[[1, -2, -1, -1, 1], [2, -1, 2, 0, -2], [-1, 0, 2, 2, 1]],
    y=[-7, -1, -1],
)  # fmt: skip
TWO_POINTS = Regression(THREE_POINTS.X[:2], THREE_POINTS.y[:2])


def sparse_problem(seed, points=80, weights=40, nonzeros=8, noise=0.5):
    """Return a random Regression whose targets come from few weights plus noise, and these weights (weights,).

    Parameters: seed; points and weights, the shape of X, whose entries are standard normal; nonzeros, how many weights
        differ from zero, with magnitudes from 1 to 3 and random signs; noise, the standard deviation of what is added
        to the targets. Used in notebooks/00.
    """
    rng = np.random.default_rng(seed)
    truth = np.zeros(weights)
    truth[rng.permutation(weights)[:nonzeros]] = rng.uniform(1, 3, nonzeros) * rng.choice([-1, 1], nonzeros)
    X = rng.normal(size=(points, weights))
    return Regression(X, X @ truth + noise * rng.normal(size=points)), truth


def lasso_three_points(penalty):
    """Return the minimiser of L(w) + penalty * ||w||_1 for THREE_POINTS in closed form.

    Columns 2 and 5 of X are orthogonal, so on their support each weight is shrunk by itself.
    Parameters: penalty, a number or an array (...), from 0 (excluded) up. Returns: weights (..., 5).
    Raises: ValueError for a penalty of 0 or less: at 0 the minimiser is not unique.
    Source: the optimality conditions of the Lasso (Tibshirani, 1996). Derived in notebooks/03.
    """
    penalty = finite_array("penalty", penalty)
    if (penalty <= 0).any():
        raise ValueError(f"penalty: expected numbers above 0, found {penalty.min():g}")
    w = np.zeros((*penalty.shape, 5))
    w[..., 1] = np.maximum(3 - penalty / 10, 0)
    w[..., 4] = -np.maximum(1 - penalty / 12, 0) + 0.0  # + 0.0 turns -0.0 into 0.0
    return w
