"""ADMM: the weights in two copies, one for the loss and one for sparsity, drawn together. Used in notebooks/00.

Minimise L(w) + g(z) with w = z. A step solves for w, then for z, then adds what they differ by to a third vector u:
w = argmin L(w) + rho/2 ||w - z + u||^2, z = prox of g at w + u, u = u + w - z. Source: Boyd, Parikh, Chu, Peleato and
Eckstein (2011), in scaled form.
"""

from numbers import Real
from typing import NamedTuple

import numpy as np

from .descent import Trajectory, descend
from .proximal import check_keep, check_threshold, hard_threshold, soft_threshold
from .regression import finite_array


class Split(NamedTuple):
    """The three vectors of a run of ADMM, each a Trajectory: w fits the data, z is sparse, u sums up how they differ.

    All three are part of the state: ADMM keeps three numbers for each weight.
    """

    w: Trajectory
    z: Trajectory
    u: Trajectory


def _run(problem, operator, rho, steps, start, inner, settings_shape=()):
    """Run ADMM with z <- operator(w + u); `start` is where w and z begin."""
    if not (isinstance(rho, Real) and 0 < rho < np.inf):
        raise ValueError(f"rho: expected one finite number above 0, found {rho!r}")
    if inner is not None and (not isinstance(inner, (int, np.integer)) or isinstance(inner, bool) or inner < 1):
        raise ValueError(f"inner: expected None or a whole number from 1, found {inner!r}")
    d = problem.X.shape[1]
    start = np.zeros(d) if start is None else finite_array("start", start)
    if start.shape[-1:] != (d,):
        raise ValueError(f"start: expected {d} weights in its last axis, found shape {start.shape}")
    start = np.broadcast_to(start, np.broadcast_shapes(start.shape[:-1], settings_shape) + (d,))
    inverse = np.linalg.inv(2 * problem.X.T @ problem.X + rho * np.eye(d))  # once, not in every step
    rate = 1 / (problem.lipschitz + rho)

    def fit(w, target):
        if inner is None:
            return (2 * problem.y @ problem.X + rho * target) @ inverse
        for _ in range(inner):
            w = w - rate * (problem.gradient(w) + rho * (w - target))
        return w

    def step(state):
        w, z, u = np.moveaxis(state, -2, 0)
        w = fit(w, z - u)
        z = operator(w + u)
        return np.stack([w, z, u + w - z], axis=-2)

    run = descend(step, np.stack([start, start, np.zeros_like(start)], axis=-2), steps)
    return Split(*(Trajectory(run.weights[..., row, :]) for row in range(3)))


def lasso(problem, penalty, rho=10.0, steps=200, start=None, inner=None):
    """Minimise L(w) + penalty * ||w||_1 by ADMM; `z` of the result ends at the Lasso's minimum, with exact zeros.

    Parameters: problem, a Regression with d weights; penalty (lambda), 0 or more, a number or an array (...), which
        adds leading axes: one run for each; rho, above 0, how hard w and z are drawn together; steps; start, numbers
        (..., d), zeros by default; inner, None to solve for w exactly with the inverse of 2 X^T X + rho, or how many
        gradient steps to take instead, as with a network, where nothing can be inverted.
    Returns: Split of three Trajectories (steps + 1, ..., d).
    Raises: ValueError where an argument is out of range.
    Source: Boyd et al. (2011), section 6.4. Used in notebooks/00.
    """
    per_weight = check_threshold(penalty, "penalty")[..., None]
    shape = np.shape(penalty)
    return _run(problem, lambda v: soft_threshold(v, per_weight / rho), rho, steps, start, inner, shape)


def l0(problem, keep, rho=10.0, steps=200, start=None, inner=None):
    """Minimise L(w) over weights with at most `keep` non-zeros by ADMM: `z` is the projection, `hard_threshold`.

    The constraint is not convex: the result has at most `keep` non-zeros, and it need not be the best of these.
    Parameters: as in `lasso`; keep, a whole number from 0 to d. Returns and raises: as in `lasso`.
    Source: Boyd et al. (2011), section 9.1; Zhang et al. (2018) prune networks this way. Used in notebooks/00.
    """
    check_keep(keep, problem.X.shape[1])
    return _run(problem, lambda v: hard_threshold(v, keep), rho, steps, start, inner)
