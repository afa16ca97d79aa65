"""Whether two networks differ by more than chance, by which of the same images each has right. Used in notebooks/07."""

import math

import numpy as np


def mcnemar(right_one, right_other):
    """Return (images that only one gets right, that only the other does, the probability of so uneven a split).

    Parameters: right_one, right_other, whether each of two networks is right, booleans (n,) for the same images.
    Returns: two counts, and the two-sided p-value of McNemar's test, exact: how often a fair coin splits so unevenly.
    Source: McNemar (1947).
    """
    one, other = int(np.sum(right_one & ~right_other)), int(np.sum(right_other & ~right_one))
    tosses = one + other
    tail = sum(math.comb(tosses, k) for k in range(min(one, other) + 1))
    return one, other, min(1.0, 2 * tail / 2**tosses)
