"""Runs an iteration and keeps every step; the five methods of Lab 1. Derived in notebooks/01 to 05."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from .proximal import check_keep, check_threshold, hard_threshold, soft_threshold, trimmed_soft_threshold
from .regression import finite_array

DIVERGED = 1e3  # a loss this many times the loss of all-zero weights means that the iteration runs away


@dataclass(frozen=True, eq=False)
class Trajectory:
    """All weights of a run: `weights` is float64 (steps + 1, ..., d), row 0 the start, row k after k steps."""

    weights: np.ndarray

    @property
    def final(self):
        """The weights after the last step, (..., d)."""
        return self.weights[-1]

    def losses(self, problem):
        """Return the problem's loss L at every step, (steps + 1, ...)."""
        return problem.loss(self.weights)

    def first_step_below(self, problem, level=1e-6):
        """Return the first step at which L is below `level`, or None if there is none. For a single run."""
        below = np.flatnonzero(self.losses(problem) < level)
        return int(below[0]) if len(below) else None

    def support_changes(self):
        """Return the steps at which a weight becomes or stops being exactly zero. For a single run."""
        support = self.weights != 0
        return (np.flatnonzero((support[1:] != support[:-1]).any(axis=-1)) + 1).tolist()


def descend(step, start, steps):
    """Apply `step` again and again and keep every result.

    Parameters: step, a function from weights (..., d) to new weights of the same shape; it gets a copy, so it may
        work in place; start, finite numbers (..., d); steps, how many times, 0 or more.
    Returns: Trajectory of shape (steps + 1, ..., d).
    Raises: ValueError, naming the step, where `step` returns another shape, raises ValueError, or returns weights
        that are not finite.
    Derived in notebooks/01.
    """
    start = finite_array("start", start)
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 0:
        raise ValueError(f"steps: expected a whole number from 0, found {steps!r}")
    weights = np.empty((steps + 1, *start.shape))
    weights[0] = start
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is reported below, with its step
        for k in range(1, steps + 1):
            try:
                new = step(weights[k - 1].copy())
                new = np.asarray(new.detach().cpu() if hasattr(new, "detach") else new, dtype=np.float64)
            except (ValueError, TypeError) as error:
                raise ValueError(f"step {k}: {error}") from None
            if new.shape != start.shape:
                raise ValueError(f"step {k}: expected weights of shape {start.shape}, found {new.shape}")
            weights[k] = new
    finite = np.isfinite(weights.reshape(steps + 1, -1)).all(axis=1)
    if not finite.all():
        k = int(np.argmin(finite))
        found = weights[k][~np.isfinite(weights[k])][0]
        ran_away = np.isinf(found) or np.abs(weights[k - 1]).max() > 1e6  # infinity less infinity is no number, either
        advice = "lower the learning rate" if ran_away else "does the step divide zero by zero?"
        raise ValueError(f"step {k}: expected finite weights, found {found}; {advice}")
    return Trajectory(weights)


def _start(problem, start, settings_shape=()):
    """Return the start weights with the leading axes that an array of settings adds; zeros by default."""
    d = problem.X.shape[1]
    start = np.zeros(d) if start is None else finite_array("start", start)
    if start.shape[-1:] != (d,):
        raise ValueError(f"start: expected {d} weights in its last axis, found shape {start.shape}")
    return np.broadcast_to(start, np.broadcast_shapes(start.shape[:-1], settings_shape) + (d,))


def _run(problem, learning_rate, steps, start, after):
    """Run w -> after(w, w - learning_rate * gradient(w)); say so where that diverges."""
    if not (isinstance(learning_rate, Real) and 0 < learning_rate < np.inf):
        raise ValueError(f"learning_rate: expected one finite number above 0, found {learning_rate!r}")
    bound = 2 / problem.lipschitz if problem.lipschitz > 0 else np.inf
    advice = f"the learning rate {learning_rate:g} must stay below 2 / lipschitz = {bound:.4g} here"
    try:
        run = descend(lambda w: after(w, w - learning_rate * problem.gradient(w)), start, steps)
    except ValueError as error:
        raise ValueError(f"{error}; {advice}" if learning_rate >= bound else str(error)) from None
    if learning_rate >= bound:
        with np.errstate(over="ignore"):
            losses = run.losses(problem).reshape(steps + 1, -1).max(axis=1)
        limit = DIVERGED * max(losses[0], float(problem.y @ problem.y))
        if losses[-1] > limit:
            k = int(np.argmax(losses > limit))
            raise ValueError(f"step {k}: expected a loss below {limit:.3g}, found {losses[k]:.3g}; {advice}")
    return run


def gradient_descent(problem, learning_rate=0.02, steps=200, start=None):
    """Run plain full-batch gradient descent, w <- w - learning_rate * gradient.

    Parameters: problem, a Regression with d weights; learning_rate, above 0; steps; start, numbers (..., d), zeros by
        default.
    Returns: Trajectory (steps + 1, ..., d).
    Raises: ValueError where an argument is out of range or the run diverges (which step, and what the bound is).
    Derived in notebooks/01.
    """
    return _run(problem, learning_rate, steps, _start(problem, start), lambda w, moved: moved)


def iterative_pruning(problem, keep, learning_rate=0.02, steps=200, start=None):
    """Run gradient descent and keep only the `keep` largest magnitudes after every step (iterative hard thresholding).

    Parameters: as in `gradient_descent`; keep, a whole number from 0 to d. Where magnitudes tie, the lower index is
        kept.
    Returns and raises: as in `gradient_descent`.
    Source: Blumensath and Davies (2008). Derived in notebooks/02.
    """
    check_keep(keep, problem.X.shape[1])
    return _run(problem, learning_rate, steps, _start(problem, start), lambda w, moved: hard_threshold(moved, keep))


def l1_subgradient(problem, penalty, learning_rate=0.02, steps=200, start=None):
    """Run subgradient descent on L(w) + penalty * ||w||_1, with sign(0) = 0.

    Parameters: as in `gradient_descent`; penalty (lambda), 0 or more, a number or an array (...), which adds leading
        axes: one run for each.
    Returns: Trajectory (steps + 1, ..., d). Raises: as in `gradient_descent`, and for a negative penalty.
    Source: Tibshirani (1996) for the penalty. Derived in notebooks/03.
    """
    per_weight = check_threshold(penalty, "penalty")[..., None]
    start = _start(problem, start, np.shape(penalty))
    return _run(problem, learning_rate, steps, start, lambda w, moved: moved - learning_rate * per_weight * np.sign(w))


def proximal_gradient(problem, threshold, learning_rate=0.02, steps=200, start=None):
    """Run proximal gradient descent on L(w) + lambda * ||w||_1: a gradient step, then `soft_threshold`.

    Parameters: as in `gradient_descent`; threshold, learning_rate * lambda, 0 or more, a number or an array (...),
        which adds leading axes: one run for each.
    Returns: Trajectory (steps + 1, ..., d). Raises: as in `gradient_descent`, and for a negative threshold.
    Source: Daubechies, Defrise and De Mol (2004); Beck and Teboulle (2009). Derived in notebooks/04.
    """
    per_weight = check_threshold(threshold)[..., None]
    start = _start(problem, start, np.shape(threshold))
    return _run(problem, learning_rate, steps, start, lambda w, moved: soft_threshold(moved, per_weight))


def trimmed_proximal_gradient(problem, threshold, keep, learning_rate=0.02, steps=200, start=None):
    """Run proximal gradient descent on L(w) + lambda * (the sum of the d - keep smallest magnitudes).

    Parameters: as in `proximal_gradient`; keep, how many of the largest magnitudes go unpenalised, from 0 to d. Where
        magnitudes tie, the lower index is kept.
    Returns and raises: as in `proximal_gradient`.
    Source: Yun, Zheng, Yang, Lozano and Aravkin (2019). Derived in notebooks/05.
    """
    check_keep(keep, problem.X.shape[1])
    per_weight = check_threshold(threshold)[..., None]
    start = _start(problem, start, np.shape(threshold))
    return _run(problem, learning_rate, steps, start, lambda w, moved: trimmed_soft_threshold(moved, per_weight, keep))
