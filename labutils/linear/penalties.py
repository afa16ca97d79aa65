"""Penalties that make weights sparse, beside plain L1: Hoyer, Hoyer-square, group Lasso, and group Lasso the wrong way.

There are values and gradients of Hoyer's two, and proximal operators of the two on groups. Weights are of shape
(..., d); groups take (..., groups, d), one group a row. Used in notebooks/00.
"""

import numpy as np

from .proximal import check_threshold, soft_threshold
from .regression import finite_array


def _scaled(w):
    """Return (w / s, s) with s the largest magnitude along the last axis, so that no square over- or underflows."""
    w = finite_array("w", w)
    size = np.abs(w).max(axis=-1, keepdims=True)
    if not size.all():
        raise ValueError("w: expected at least one weight that is not zero, found none: Hoyer divides by the L2 norm")
    return w / size, size


def hoyer(w):
    """Return the Hoyer penalty ||w||_1 / ||w||_2 of weights (..., d), of shape (...): from 1 to sqrt(d).

    Raises: ValueError where all weights are zero or one is not finite; so do the three functions below.
    Source: Hoyer (2004), up to an affine change; Yang, Wen and Li (2020). Used in notebooks/00.
    """
    w, _ = _scaled(w)
    return np.abs(w).sum(axis=-1) / np.linalg.norm(w, axis=-1)


def hoyer_square(w):
    """Return the Hoyer-square penalty ||w||_1^2 / ||w||_2^2 of weights (..., d), of shape (...): from 1 to d.

    It equals the number of non-zeros where these share one magnitude, and is smaller otherwise.
    Source: Yang, Wen and Li (2020). Used in notebooks/00.
    """
    return hoyer(w) ** 2


def hoyer_gradient(w):
    """Return the gradient of `hoyer`, of w's shape, with sign(0) = 0.

    Source: Yang, Wen and Li (2020). Used in notebooks/00.
    """
    w, size = _scaled(w)
    l1, square = np.abs(w).sum(axis=-1, keepdims=True), (w * w).sum(axis=-1, keepdims=True)
    return (np.sign(w) * square - w * l1) / square**1.5 / size


def hoyer_square_gradient(w):
    """Return the gradient of `hoyer_square`, of w's shape, with sign(0) = 0.

    Below `trimming_threshold` it pushes a magnitude down, above it pushes a magnitude up.
    Source: Yang, Wen and Li (2020). Used in notebooks/00.
    """
    return 2 * hoyer(w)[..., None] * hoyer_gradient(w)


def trimming_threshold(w):
    """Return sum(w^2) / sum|w| (...), the magnitude at which the gradients of `hoyer` and `hoyer_square` change sign.

    Source: Yang, Wen and Li (2020). Used in notebooks/00.
    """
    w, size = _scaled(w)
    return (w * w).sum(axis=-1) / np.abs(w).sum(axis=-1) * size[..., 0]


def group_soft_threshold(w, threshold):
    """Shorten every row by `threshold` in its L2 norm, to zero at most: the proximal operator of group Lasso.

    Group Lasso is the sum of the rows' L2 norms. Groups of one size need no factor sqrt(d) each.
    Parameters: w, finite numbers (..., groups, d); threshold, 0 or more, broadcast against the norms (..., groups).
    Returns: a new array; zeros are never negative zeros.
    Raises: ValueError for a negative threshold or a w that is not finite.
    Source: Yuan and Lin (2006). Used in notebooks/00.
    """
    w = finite_array("w", w)
    norms = np.linalg.norm(w, axis=-1)
    left = soft_threshold(norms, threshold)
    share = np.divide(left, norms, out=np.zeros_like(left), where=norms > 0)
    return w * share[..., None] + 0.0


def l2_of_l1_threshold(w, threshold):
    """Take the proximal step of group Lasso the wrong way: it thins out every row and empties none, or all at once.

    That penalty is the L2 norm of the rows' L1 norms; its square is the exclusive Lasso (Zhou, Jin and Hoi, 2010).
    At the minimum z each row is soft-thresholded by c times the L1 norm that it keeps, with one c for all rows. For a
    given c that norm is the largest of (sum of the m largest magnitudes) / (1 + c m); c itself is found by bisection.
    Parameters: w, finite numbers (..., groups, d); threshold, 0 or more, broadcast against the penalties (...).
    Returns: a new array. It is all zero where the threshold is at least the L2 norm of the rows' largest magnitudes.
    Raises: ValueError for a negative threshold or a w that is not finite.
    Source: the optimality condition; for the rows, the proximal step of the exclusive Lasso. Used in notebooks/00.
    """
    w = finite_array("w", w)
    sums = np.cumsum(-np.sort(-np.abs(w), axis=-1), axis=-1)
    counts = np.arange(1, w.shape[-1] + 1)

    def kept(c):
        return (sums / (1 + c[..., None, None] * counts)).max(axis=-1)

    all_zero = np.linalg.norm(sums[..., 0], axis=-1) <= check_threshold(threshold)
    low, high = np.full(all_zero.shape, -500.0), np.full(all_zero.shape, 500.0)  # exponents of 2
    for _ in range(64):
        c = 2 ** ((low + high) / 2)
        enough = c * np.linalg.norm(kept(c), axis=-1) >= threshold
        low, high = np.where(enough, low, np.log2(c)), np.where(enough, np.log2(c), high)
    return np.where(all_zero[..., None, None], 0.0, soft_threshold(w, (c[..., None] * kept(c))[..., None]))
