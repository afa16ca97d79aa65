"""The three operators that make weights exactly zero. Derived in notebooks/02 (hard), 04 (soft) and 05 (trimmed).

Each takes weights of shape (..., d) and works along the last axis. Where magnitudes tie, the lower index is kept.
"""

import numpy as np

from .regression import finite_array


def check_keep(keep, d):
    """Return `keep` if it is a whole number from 0 to d; raise ValueError otherwise."""
    if isinstance(keep, (int, np.integer)) and not isinstance(keep, bool) and 0 <= keep <= d:
        return int(keep)
    raise ValueError(f"keep: expected a whole number from 0 to {d}, the number of weights, found {keep!r}")


def check_threshold(threshold, name="threshold"):
    """Return `threshold` as a float64 array if it is finite and nowhere negative; raise ValueError otherwise."""
    threshold = finite_array(name, threshold)
    if (threshold < 0).any():
        raise ValueError(f"{name}: expected 0 or more, found {threshold.min():g}")
    return threshold


def largest(w, keep):
    """Return a mask of w's shape that is True at the `keep` largest magnitudes along the last axis.

    Where magnitudes tie, the lower index is kept (a stable sort).
    """
    order = np.argsort(-np.abs(w), axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1)  # the inverse permutation: each weight's place in the order
    return rank < keep


def hard_threshold(w, keep):
    """Keep the `keep` weights of largest magnitude and set the others to zero.

    Parameters: w, finite numbers (..., d); keep, a whole number from 0 to d. Where magnitudes tie, the lower index is
        kept.
    Returns: a new array of w's shape, the nearest one to w with at most `keep` non-zeros.
    Raises: ValueError for a `keep` out of range or a w that is not finite.
    Source: Blumensath and Davies (2008). Derived in notebooks/02.
    """
    w = finite_array("w", w)
    check_keep(keep, w.shape[-1])
    return np.where(largest(w, keep), w, 0.0)


def soft_threshold(w, threshold):
    """Move every weight towards zero by `threshold` and stop at zero: the proximal operator of threshold * ||w||_1.

    Parameters: w, finite numbers (..., d); threshold, 0 or more, broadcast against w.
    Returns: a new array; zeros are never negative zeros.
    Raises: ValueError for a negative threshold or a w that is not finite.
    Source: Donoho and Johnstone (1994); Daubechies, Defrise and De Mol (2004). Derived in notebooks/04.
    """
    w = finite_array("w", w)
    threshold = check_threshold(threshold)
    return w - np.clip(w, -threshold, threshold) + 0.0  # which makes a negative zero a plain one


def trimmed_soft_threshold(w, threshold, keep):
    """Soft-threshold all weights but the `keep` of largest magnitude, which pass unchanged.

    The proximal operator of threshold * (the sum of the d - keep smallest magnitudes), exactly.
    Parameters: w, finite numbers (..., d); threshold, 0 or more, broadcast against w; keep, a whole number from 0 to d.
        Where magnitudes tie, the lower index is kept.
    Returns: a new array. With keep = 0 it is `soft_threshold`, with a large threshold `hard_threshold`.
    Raises: ValueError for a `keep` out of range, a negative threshold, or a w that is not finite.
    Source: Yun, Zheng, Yang, Lozano and Aravkin (2019). Derived in notebooks/05.
    """
    w = finite_array("w", w)
    check_keep(keep, w.shape[-1])
    return np.where(largest(w, keep), w, soft_threshold(w, threshold)) + 0.0
