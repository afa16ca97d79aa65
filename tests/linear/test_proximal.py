"""The three operators: property tests against brute force over subsets and against their optimality conditions."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from labutils.linear.proximal import hard_threshold, soft_threshold, trimmed_soft_threshold

# Eighths are added, halved and squared without rounding, and are full of ties and of zeros of both signs.
EIGHTHS = st.integers(-24, 24).map(lambda n: n / 8) | st.just(-0.0)
SPECIAL = st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.3e-308, 1e300, -1e300, 1.7e308, -1.7e308])
ANY = SPECIAL | st.floats(allow_nan=False, allow_infinity=False)
THRESHOLDS = st.integers(0, 24).map(lambda n: n / 8)


def vectors(elements=EIGHTHS, max_side=5):
    return arrays(float, st.integers(1, max_side), elements=elements)


def batches(elements=ANY):
    return arrays(float, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=elements)


@st.composite
def with_keep(draw, weights):
    w = draw(weights)
    return w, draw(st.integers(0, w.shape[-1]))


@given(with_keep(vectors()))
def test_hard_threshold_is_the_nearest_sparse_vector(case):
    w, keep = case
    z = hard_threshold(w, keep)
    distances = [sum(w[j] ** 2 for j in range(len(w)) if j not in kept) for kept in combinations(range(len(w)), keep)]
    assert np.count_nonzero(z) <= keep
    assert ((z - w) ** 2).sum() == min(distances)


@given(with_keep(batches()))
def test_hard_threshold_row_by_row_with_stable_ties(case):
    w, keep = case
    before = w.copy()
    z = hard_threshold(w, keep)
    for found, row in zip(z.reshape(-1, w.shape[-1]), w.reshape(-1, w.shape[-1])):
        kept = sorted(range(len(row)), key=lambda j: (-abs(row[j]), j))[:keep]
        np.testing.assert_array_equal(found, [row[j] if j in kept else 0 for j in range(len(row))])
    assert z.shape == w.shape
    assert w.tobytes() == before.tobytes()
    assert not np.shares_memory(z, w)


def test_ties_keep_the_lower_index():
    w = np.array([1.0, -2.0, 2.0, -2.0, 1.0])
    assert hard_threshold(w, 2).tolist() == [0, -2, 2, 0, 0]
    assert hard_threshold(w, 4).tolist() == [1, -2, 2, -2, 0]
    assert trimmed_soft_threshold(w, 0.5, 2).tolist() == [0.5, -2, 2, -1.5, 0.5]
    long = np.tile([1.0, -2.0, 2.0], 40)  # short vectors are sorted stably by every algorithm
    assert np.flatnonzero(hard_threshold(long, 40)).tolist() == [j for j in range(60) if j % 3]


@given(vectors(), THRESHOLDS)
def test_soft_threshold_meets_the_optimality_condition(w, threshold):
    z = soft_threshold(w, threshold)
    moved = z != 0
    np.testing.assert_array_equal((w - z)[moved], threshold * np.sign(z[moved]))
    assert (np.abs(w[~moved]) <= threshold).all()


@given(EIGHTHS, THRESHOLDS)
def test_soft_threshold_beats_every_point_of_a_grid(w, threshold):
    def objective(z):
        return (z - w) ** 2 / 2 + threshold * np.abs(z)

    assert objective(soft_threshold(w, threshold)) <= objective(np.arange(-40, 41) / 8).min()


@given(batches(), st.floats(0, 1.7e308) | st.sampled_from([0.0, -0.0, 5e-324]))
def test_soft_threshold_at_any_size(w, threshold):
    before = w.copy()
    z = soft_threshold(w, threshold)
    assert z.shape == w.shape
    assert np.isfinite(z).all()
    assert not (np.signbit(z) & (z == 0)).any(), "a negative zero"
    assert (np.abs(z) <= np.abs(w)).all()
    assert (z * np.sign(w) >= 0).all(), "a weight has changed its sign"
    assert w.tobytes() == before.tobytes()
    assert not np.shares_memory(z, w)


@given(st.floats(-1e6, 1e6) | EIGHTHS, st.floats(-1e6, 1e6) | EIGHTHS, st.floats(0, 1e6))
def test_soft_threshold_never_moves_two_points_apart(a, b, threshold):
    apart = abs(soft_threshold(a, threshold) - soft_threshold(b, threshold))
    assert apart <= abs(a - b) + 1e-15 * max(abs(a), abs(b), threshold)


@given(with_keep(vectors()), THRESHOLDS)
def test_trimmed_is_the_exact_proximal_operator(case, threshold):
    w, keep = case
    trimmed = len(w) - keep
    z = trimmed_soft_threshold(w, threshold, keep)
    objective = ((z - w) ** 2).sum() / 2 + threshold * np.sort(np.abs(z))[:trimmed].sum()
    # The least that one penalised weight can cost, and the best choice of the ones that are penalised.
    cost = np.where(np.abs(w) <= threshold, w * w / 2, threshold * np.abs(w) - threshold**2 / 2)
    assert objective == min(sum(cost[list(chosen)]) for chosen in combinations(range(len(w)), trimmed))


@given(with_keep(batches()), st.floats(0, 1.7e308))
def test_trimmed_joins_soft_and_hard(case, threshold):
    w, keep = case
    before = w.copy()
    z = trimmed_soft_threshold(w, threshold, keep)
    np.testing.assert_array_equal(trimmed_soft_threshold(w, threshold, 0), soft_threshold(w, threshold))
    np.testing.assert_array_equal(trimmed_soft_threshold(w, threshold, w.shape[-1]), w)
    np.testing.assert_array_equal(trimmed_soft_threshold(w, np.finfo(float).max, keep), hard_threshold(w, keep))
    np.testing.assert_array_equal(trimmed_soft_threshold(w, 0, keep), w)
    assert z.shape == w.shape
    assert not (np.signbit(z) & (z == 0)).any(), "a negative zero"
    assert w.tobytes() == before.tobytes()


def test_thresholds_broadcast():
    w = np.array([[3.0, -2.0, 1.0], [0.5, 4.0, -6.0]])
    for thresholds in (np.array([[0.5], [2.0]]), np.array([[[0.5]], [[2.0]]]), np.array([0.5, 1.0, 2.0])):
        full = np.broadcast_to(thresholds, np.broadcast_shapes(thresholds.shape, w.shape))
        stacked = np.broadcast_to(w, full.shape)
        expected = np.sign(stacked) * np.maximum(np.abs(stacked) - full, 0)
        np.testing.assert_array_equal(soft_threshold(w, thresholds), expected)
        largest = np.abs(stacked) == np.abs(stacked).max(axis=-1, keepdims=True)
        np.testing.assert_array_equal(trimmed_soft_threshold(w, thresholds, 1), np.where(largest, stacked, expected))


@pytest.mark.parametrize("keep", [-1, 4, 1.0, True, "2", None, np.nan])
def test_bad_keep_is_refused(keep, refused):
    with refused("keep", "from 0 to 3"):
        hard_threshold(np.ones(3), keep)
    with refused("keep", "from 0 to 3"):
        trimmed_soft_threshold(np.ones(3), 0.1, keep)


@pytest.mark.parametrize("threshold", [-0.1, [0.1, -0.2, 0.3], np.nan, np.inf, "small", None])
def test_bad_threshold_is_refused(threshold, refused):
    with refused("threshold"):
        soft_threshold(np.ones(3), threshold)
    with refused("threshold"):
        trimmed_soft_threshold(np.ones(3), threshold, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(bad, refused):
    w = np.array([[1.0, 2.0], [bad, 3.0]])
    for operator in (
        lambda: hard_threshold(w, 1),
        lambda: soft_threshold(w, 0.1),
        lambda: trimmed_soft_threshold(w, 0.1, 1),
    ):
        with refused("w", str(bad)):
            operator()
