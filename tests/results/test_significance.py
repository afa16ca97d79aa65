"""The paired test of two networks on the same images is the binomial test."""

import math

import numpy as np
import pytest
import scipy.stats

from labutils.results import significance


@pytest.mark.parametrize("one, other", [(0, 0), (1, 0), (3, 9), (40, 41), (300, 200)])
def test_mcnemar_is_the_binomial_test(one, other):
    right = np.zeros((2, 2000), bool)
    right[0, :one] = right[1, one : one + other] = True
    right[:, 1000:] = True
    found = significance.mcnemar(*right)
    assert found[:2] == (one, other)
    expected = scipy.stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert math.isclose(found[2], expected, rel_tol=1e-9)
