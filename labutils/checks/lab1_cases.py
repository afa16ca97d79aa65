"""Arguments for the checks of Lab 1, drawn from a seed: everything that a signature names varies.

What students see is drawn from seed 0, hidden tests from another. The first case is the lab's own. Numbers are short,
so that a student can follow the one that fails by hand.
"""

import numpy as np

from ..linear.regression import THREE_POINTS, TWO_POINTS, Regression

# A point away from zero, with uneven entries on purpose: zeros and ones hide errors.
AWAY = np.array([0.7, -1.3, 0.4, 2.1, -0.6])
AWAY.flags.writeable = False
RATE = 0.02


def numbers(rng, *shape, scale=1.0):
    """Return numbers from -3 to 3 with one decimal, times `scale`, of a shape."""
    return rng.integers(-30, 31, shape) / 10 * scale


def weights(rng, d):
    """Return d weights, no two of one magnitude, the second a zero where there are three or more."""
    w = rng.permutation(np.arange(1, d + 1)) * 0.7 * rng.choice([-1, 1], d)
    w[1:2] *= d < 3
    return w + 0.0  # no zero with a sign


def steps(seed=0):
    """Return [(w, problem, learning rate), ...]: the lab's own, its two points, and problems of other sizes."""
    rng = np.random.default_rng(seed)
    found = [(AWAY.copy(), THREE_POINTS, RATE), (weights(rng, 5), TWO_POINTS, 0.05)]
    for n, d, scale in ((4, 3, 1.0), (2, 6, 1.0), (3, 5, 30.0), (5, 4, 0.01), (2, 1, 1.0)):
        problem = Regression(numbers(rng, n, d, scale=scale), numbers(rng, n))
        found.append((weights(rng, d), problem, float(rng.integers(1, 100)) / 1000))
    return found


def priced(seed=0):
    """Return [(w, problem, learning rate, penalty), ...], some thresholds small and some large."""
    thresholds = (0.2, 1.0, 0.05, 0.4, 2.0, 0.1, 0.3)
    return [(*case, round(threshold / case[2], 2)) for case, threshold in zip(steps(seed), thresholds)]


def ties(seed=0):
    """Return [(w, problem, learning rate, keep), ...] without a slope, with magnitudes that tie or nearly do."""
    rng = np.random.default_rng(seed)
    vectors = [np.array([1.0, -2, 2, -1, -2])]
    vectors += [rng.choice([-2.0, -1.0, 1.0, 2.0], d) for d in (5, 6, 20, 40, 40)]
    vectors += [rng.choice([-1.0, 1.0, 1.001, -1.001], 12)]
    few = (2, 3, 4, 2, 3, 1, 5)  # so that an answer may try all choices
    return [(w, Regression(np.zeros((1, len(w))), [0]), RATE, keep) for w, keep in zip(vectors, few)]
