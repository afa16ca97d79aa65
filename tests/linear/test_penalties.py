"""The penalties: values by hand, slopes against finite differences, proximal steps against what minimises."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labutils.linear import penalties
from labutils.linear.proximal import soft_threshold


def group_lasso(w):
    """Return the sum of the rows' L2 norms."""
    return np.linalg.norm(w, axis=-1).sum(axis=-1)


def l2_of_l1(w):
    """Return the L2 norm of the rows' L1 norms: group Lasso the wrong way."""
    return np.linalg.norm(np.abs(w).sum(axis=-1), axis=-1)


def group_lasso_subgradient(w):
    """Return each row over its L2 norm, and 0 where the row is zero: a subgradient of the penalty."""
    norms = np.linalg.norm(w, axis=-1, keepdims=True)
    return np.divide(w, norms, out=np.zeros_like(w, dtype=float), where=norms > 0)


PARTS = st.integers(-24, 24).map(lambda n: n / 8)
VECTORS = arrays(float, st.integers(1, 6), elements=PARTS)
MATRICES = arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=PARTS)
THRESHOLDS = st.integers(1, 40).map(lambda n: n / 8)
SLOPES = {"hoyer": penalties.hoyer_gradient, "hoyer_square": penalties.hoyer_square_gradient}


def differences(penalty, w, step=1e-6):
    """Return the slope of a penalty at w by central differences."""
    slope = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        up, down = w.copy(), w.copy()
        up[index] += step
        down[index] -= step
        slope[index] = (penalty(up) - penalty(down)) / (2 * step)
    return slope


def test_values_by_hand():
    w = np.array([3.0, 0, -4.0])
    assert penalties.hoyer(w) == pytest.approx(7 / 5)
    assert penalties.hoyer_square(w) == pytest.approx(49 / 25)
    assert penalties.trimming_threshold(w) == pytest.approx(25 / 7)
    rows = np.array([[3.0, -4.0], [0, 0], [0, 2.0]])
    assert group_lasso(rows) == pytest.approx(5 + 0 + 2)
    assert l2_of_l1(rows) == pytest.approx(np.hypot(7, 2))
    np.testing.assert_allclose(group_lasso_subgradient(rows), [[0.6, -0.8], [0, 0], [0, 1]])


@given(VECTORS)
def test_hoyer_square_lies_between_one_and_the_number_of_non_zeros(w):
    assume(w.any())
    count = np.count_nonzero(w)
    assert 1 - 1e-12 <= penalties.hoyer_square(w) <= count + 1e-9
    assert penalties.hoyer_square(np.sign(w)) == pytest.approx(count)
    assert penalties.hoyer(w) ** 2 == pytest.approx(penalties.hoyer_square(w))


@given(VECTORS, st.sampled_from([1e-200, 1e-3, 7.0, -2.0, 1e200]))
def test_hoyer_does_not_feel_the_scale(w, factor):
    assume(w.any())
    assert penalties.hoyer(factor * w) == pytest.approx(penalties.hoyer(w), rel=1e-12)
    np.testing.assert_allclose(
        penalties.hoyer_square_gradient(factor * w) * factor, penalties.hoyer_square_gradient(w), rtol=1e-9, atol=1e-12
    )
    assert penalties.trimming_threshold(factor * w) == pytest.approx(abs(factor) * penalties.trimming_threshold(w))


@pytest.mark.parametrize("name", SLOPES)
@given(VECTORS)
def test_gradients_against_finite_differences(name, w):
    assume(w.all())  # at zero there is no gradient
    expected = differences(getattr(penalties, name), w)
    np.testing.assert_allclose(SLOPES[name](w), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", SLOPES)
def test_sign_of_zero_is_zero(name):
    assert SLOPES[name](np.array([2.0, 0, -1.0]))[1] == 0


@given(VECTORS)
def test_the_push_changes_its_sign_at_the_trimming_threshold(w):
    assume(w.any())
    away = np.abs(w) - penalties.trimming_threshold(w)
    clear = (w != 0) & (np.abs(away) > 1e-9)
    push = penalties.hoyer_square_gradient(w) * np.sign(w)  # above 0: descent makes the magnitude smaller
    assert ((push < 0) == (away > 0))[clear].all()


@pytest.mark.parametrize("function", [penalties.hoyer, penalties.hoyer_square_gradient, penalties.trimming_threshold])
def test_all_zero_weights_have_no_hoyer_penalty(function, refused):
    with refused("w", "zero"):
        function(np.array([[1.0, 2.0], [0, 0]]))


@given(MATRICES)
def test_group_lasso_subgradient_lies_below_the_penalty(w):
    slope = group_lasso_subgradient(w)
    for other in np.random.default_rng(0).normal(size=(20, *w.shape)):
        assert group_lasso(w + other) >= group_lasso(w) + (slope * other).sum() - 1e-9


@given(MATRICES, THRESHOLDS)
def test_group_soft_threshold_meets_the_optimality_condition(w, threshold):
    before, z = w.copy(), penalties.group_soft_threshold(w, threshold)
    for row, kept in zip(w, z):
        if kept.any():
            np.testing.assert_allclose(row - kept, threshold * kept / np.linalg.norm(kept), atol=1e-12)
        else:
            assert np.linalg.norm(row) <= threshold * (1 + 1e-12)
    np.testing.assert_array_equal(w, before)
    assert not (np.signbit(z) & (z == 0)).any()


def test_groups_of_one_are_plain_soft_thresholding():
    w = np.array([[3.0], [-0.5], [1.0], [0]])
    np.testing.assert_allclose(penalties.group_soft_threshold(w, 1.0), soft_threshold(w, 1.0))


@given(MATRICES, THRESHOLDS)
def test_l2_of_l1_threshold_meets_the_optimality_condition(w, threshold):
    z = penalties.l2_of_l1_threshold(w, threshold)
    norm = l2_of_l1(z)
    if not z.any():
        assert np.linalg.norm(np.abs(w).max(axis=1)) <= threshold * (1 + 1e-9)  # the dual norm
        return
    push = threshold * np.abs(z).sum(axis=1, keepdims=True) / norm
    np.testing.assert_allclose(z, soft_threshold(w, push), atol=1e-9)


@given(MATRICES, THRESHOLDS)
def test_l2_of_l1_threshold_empties_no_row_unless_all(w, threshold):
    z = penalties.l2_of_l1_threshold(w, threshold)
    assume(z.any())
    np.testing.assert_array_equal((z == 0).all(axis=1), (w == 0).all(axis=1))


OPERATORS = {
    penalties.group_soft_threshold: group_lasso,
    penalties.l2_of_l1_threshold: l2_of_l1,
}


@pytest.mark.parametrize("operator", OPERATORS)
@given(MATRICES, THRESHOLDS)
def test_proximal_steps_beat_everything_near_them(operator, w, threshold):
    def objective(z):
        return ((z - w) ** 2).sum(axis=(-2, -1)) / 2 + threshold * OPERATORS[operator](z)

    z = operator(w, threshold)
    rng = np.random.default_rng(0)
    others = z + rng.normal(size=(200, *w.shape)) * 10.0 ** rng.integers(-4, 1, (200, 1, 1))
    assert objective(z) <= objective(np.concatenate([others, [w, 0 * w]])).min() + 1e-9


def test_thresholds_and_leading_axes_broadcast():
    w = np.random.default_rng(0).normal(size=(2, 3, 4))
    per_matrix, per_row = np.array([0.3, 1.1]), np.array([0.1, 0.5, 2.0])
    found = penalties.group_soft_threshold(w, per_row)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(found[i, j], penalties.group_soft_threshold(w[i, j][None], per_row[j])[0])
    found = penalties.l2_of_l1_threshold(w, per_matrix[:, None])
    assert found.shape == (2, 2, 3, 4)
    for i, j in np.ndindex(2, 2):
        np.testing.assert_allclose(found[i, j], penalties.l2_of_l1_threshold(w[j], per_matrix[i]))
    np.testing.assert_allclose(penalties.hoyer_gradient(w)[1, 2], penalties.hoyer_gradient(w[1, 2]))
    assert penalties.hoyer(w).shape == penalties.trimming_threshold(w).shape == (2, 3)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("threshold", [-0.1, np.nan, "small"])
def test_bad_thresholds_are_refused(operator, threshold, refused):
    with refused("threshold"):
        operator(np.ones((2, 2)), threshold)


@pytest.mark.parametrize("function", [*SLOPES.values(), penalties.hoyer])
def test_weights_that_are_not_finite_are_refused(function, refused):
    with refused("w", "nan"):
        function(np.array([[1.0, np.nan]]))
