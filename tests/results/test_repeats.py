"""The homework's runs from several seeds: they are the kept networks', and are compared image by image."""

import math

import numpy as np
import pytest
import scipy.stats

from labutils.networks import checkpoints
from labutils.results import repeats


@pytest.mark.parametrize("one, other", [(0, 0), (1, 0), (3, 9), (40, 41), (300, 200)])
def test_mcnemar_is_the_binomial_test(one, other):
    right = np.zeros((2, 2000), bool)
    right[0, :one] = right[1, one : one + other] = True
    right[:, 1000:] = True
    found = repeats.mcnemar(*right)
    assert found[:2] == (one, other)
    expected = scipy.stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert math.isclose(found[2], expected, rel_tol=1e-9)


def test_what_is_kept_is_the_kept_networks_first():
    """Seed 0 is that of the networks in checkpoints/: the same accuracies, and as many right as they say."""
    for bits, runs in repeats.load("cifar10").items():
        entry = checkpoints.entry("cifar10", bits)
        assert runs[0].accuracy == entry["accuracy_by_epoch"], bits
        for run in runs.values():
            assert len(run.classes) == 10_000 and round(float(run.right.mean()), 4) == run.accuracy[-1]
        assert len(runs) >= 2
