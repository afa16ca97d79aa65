"""The checks of Lab 1 (e), (f) and their bonus: full marks for the reference, fewer and a reason for wrong ones."""

import numpy as np
import pytest

from labutils import checks
from labutils.linear import descent, proximal
from labutils.linear.regression import THREE_POINTS, TWO_POINTS, lasso_three_points

RATE = 0.02


def soft(w, threshold):
    return np.sign(w) * np.maximum(np.abs(w) - threshold, 0)


def proximal_step(w, problem, learning_rate, penalty):
    return soft(w - learning_rate * problem.gradient(w), learning_rate * penalty)


def trimmed_step(w, problem, learning_rate, penalty, keep):
    return proximal.trimmed_soft_threshold(w - learning_rate * problem.gradient(w), learning_rate * penalty, keep)


def stub(*settings):
    raise NotImplementedError


def messages(report):
    return " | ".join(row["message"] for row in report.rows)


def in_place(step):
    """Return `step` as an answer that overwrites its input."""

    def overwrite(w, *settings):
        w[:] = step(w, *settings)
        return w

    return overwrite


def test_lab1_e_reference_has_full_marks():
    report = checks.lab1_e(soft, proximal_step)
    assert (report.points, report.max) == (3, 3)
    assert messages(report).strip(" |") == ""


def test_lab1_e_stub_scores_zero():
    report = checks.lab1_e(stub, stub)
    assert report.points == 0
    assert "not written yet" in messages(report)


def hard(w, threshold):
    return np.where(np.abs(w) > threshold, w, 0)


def crossing(w, threshold):
    return w - threshold * np.sign(w)


OPERATORS = {
    "hard thresholding": hard,
    "sign is lost": lambda w, t: np.maximum(np.abs(w) - t, 0),
    "stop at zero": crossing,
    "negative weights are lost": lambda w, t: np.maximum(w - t, 0),
    "move towards zero": lambda w, t: w + t * np.sign(w),
    "up, not down": lambda w, t: w - t,
    "did not move": lambda w, t: w,
    "in place": in_place(soft),
    "returns nothing": lambda w, t: None,
}


@pytest.mark.parametrize("named", OPERATORS)
def test_lab1_e_names_the_operators_mistake(named):
    report = checks.lab1_e(OPERATORS[named], proximal_step)
    assert report.points == 2
    assert named in report.rows[0]["message"]


def moved(w, problem, rate):
    return w - rate * problem.gradient(w)


STEPS = {
    "not the penalty": lambda w, problem, rate, penalty: soft(moved(w, problem, rate), penalty),
    "not before it": lambda w, problem, rate, penalty: soft(w, rate * penalty) - rate * problem.gradient(w),
    "take the gradient at w": lambda w, problem, rate, penalty: moved(soft(w, rate * penalty), problem, rate),
    "hard thresholding": lambda w, problem, rate, penalty: hard(moved(w, problem, rate), rate * penalty),
    "sign is lost": lambda *settings: np.abs(proximal_step(*settings)),
    "stop at zero": lambda w, problem, rate, penalty: crossing(moved(w, problem, rate), rate * penalty),
    "sign of the gradient": lambda w, problem, rate, penalty: soft(moved(w, problem, -rate), rate * penalty),
    "MEAN": lambda w, problem, rate, penalty: soft(moved(w, problem, rate / len(problem.y)), rate * penalty),
    "learning rate is missing": lambda w, problem, rate, penalty: soft(w - problem.gradient(w), rate * penalty),
    "gradient step is missing": lambda w, problem, rate, penalty: soft(w, rate * penalty),
    "plain gradient descent": lambda w, problem, rate, penalty: moved(w, problem, rate),
    "did not move": lambda w, *settings: w,
    "in place": in_place(proximal_step),
}


@pytest.mark.parametrize("named", STEPS)
def test_lab1_e_names_the_steps_mistake(named):
    report = checks.lab1_e(soft, STEPS[named])
    assert report.points < 3
    assert named in report.rows[1]["message"]


def test_lab1_e_a_constant_earns_no_more_than_the_row_it_ends_at():
    constant = lasso_three_points(1.0)
    assert checks.lab1_e(soft, lambda *settings: constant).points == 2  # the operator, and the end point alone
    assert checks.lab1_e(lambda w, t: np.array([0.6, -1.2, 0, 2.0, 0]), stub).points == 0


def test_lab1_f_reference_has_full_marks():
    report = checks.lab1_f(trimmed_step)
    assert (report.points, report.max) == (4, 4)
    assert messages(report).strip(" |") == ""


def test_lab1_f_stub_scores_zero():
    report = checks.lab1_f(stub)
    assert report.points == 0
    assert "not written yet" in messages(report)


def spare(chosen):
    """Return a trimmed step that spares the weights that chosen(w, w after the gradient step, keep) marks."""

    def step(w, problem, rate, penalty, keep):
        proposal = moved(w, problem, rate)
        return np.where(chosen(w, proposal, keep), proposal, soft(proposal, rate * penalty))

    return step


def prune(w, problem, rate, penalty, keep):
    return proximal.hard_threshold(moved(w, problem, rate), keep)


def trim(w, threshold, keep):
    return proximal.trimmed_soft_threshold(w, threshold, keep)


TRIMMED = {
    "not the penalty": lambda w, problem, rate, penalty, keep: trim(moved(w, problem, rate), penalty, keep),
    "leaves the smallest": spare(lambda w, m, keep: ~proximal.largest(m, len(m) - keep)),
    "the wrong way round": spare(lambda w, m, keep: ~proximal.largest(m, keep)),
    "plain L1": spare(lambda w, m, keep: np.zeros(5, bool)),
    "rank the weights after": spare(lambda w, m, keep: proximal.largest(w, keep)),
    "which is pruning": prune,
    "not before it": lambda w, problem, rate, penalty, keep: trim(w, rate * penalty, keep) - rate * problem.gradient(w),
    "signed values": spare(lambda w, m, keep: np.isin(np.arange(5), np.argsort(m)[5 - keep :])),
    "d - keep": spare(lambda w, m, keep: proximal.largest(m, len(m) - keep)),
    "sign of the gradient": lambda w, problem, rate, penalty, keep: trim(
        moved(w, problem, -rate), rate * penalty, keep
    ),
    "gradient step is missing": lambda w, problem, rate, penalty, keep: trim(w, rate * penalty, keep),
    "plain gradient descent": lambda w, problem, rate, penalty, keep: moved(w, problem, rate),
    "did not move": lambda w, *settings: w,
    "in place": in_place(trimmed_step),
}


@pytest.mark.parametrize("named", TRIMMED)
def test_lab1_f_names_the_mistake(named):
    report = checks.lab1_f(TRIMMED[named])
    assert report.points < 4
    assert named in report.rows[0]["message"]


def test_lab1_f_plain_l1_is_told_about_its_bias():
    assert "biased" in checks.lab1_f(TRIMMED["plain L1"]).rows[1]["message"]


def test_lab1_f_a_constant_gets_one_point_at_most():
    sparse = np.array([0, 3, 0, 0, -1.0])
    assert checks.lab1_f(lambda *settings: sparse).points == 1


@pytest.mark.parametrize("report", [checks.lab1_e(stub, stub), checks.lab1_f(stub)])
def test_a_red_row_always_says_why(report):
    assert all(row["message"] for row in report.rows)


BONUS = {
    "lab1_g_proximal": (checks.lab1_g_proximal, 0.02),
    "lab1_g_trimmed": (checks.lab1_g_trimmed, 5.0),
}


@pytest.mark.parametrize("name", BONUS)
def test_bonus_reference_has_full_marks(name):
    check, right = BONUS[name]
    report = check(lambda: right)
    assert (report.id, report.points, report.max) == (name, 0.5, 0.5)


@pytest.mark.parametrize("wrong", [0, 0.0, -1.0, 1e-4, 1e3, "0.02", None, float("nan"), float("inf"), [0.02, 5.0]])
@pytest.mark.parametrize("name", BONUS)
def test_bonus_refuses_what_does_not_work(name, wrong):
    report = BONUS[name][0](lambda: wrong)
    assert report.points == 0
    assert report.rows[0]["message"]


@pytest.mark.parametrize("name", BONUS)
def test_bonus_stub_scores_zero(name):
    report = BONUS[name][0](stub)
    assert report.points == 0
    assert "not written yet" in messages(report)


def test_a_small_threshold_fails_by_its_zeros_and_a_large_one_by_its_loss():
    small, large = (descent.proximal_gradient(TWO_POINTS, threshold).final for threshold in (0.01, 0.1))
    assert not checks.lab1_bonus.sparse_and_close(0.01, 200) and (small == 0).sum() < 2
    assert not checks.lab1_bonus.sparse_and_close(0.1, 200) and TWO_POINTS.loss(large) > 0.5
    assert checks.lab1_bonus.sparse_and_close(0.02, 200) and checks.lab1_bonus.sparse_and_close(0.02, 2000)


@pytest.mark.parametrize("seed", [0, 3])
def test_the_trimmed_criterion_has_a_lower_and_an_upper_end(seed):
    assert not checks.lab1_bonus.exact_from_everywhere(1.0, seed)  # too slow from zero
    assert not checks.lab1_bonus.exact_from_everywhere(100.0, seed)  # pruning: some starts get stuck
    assert all(checks.lab1_bonus.exact_from_everywhere(penalty, seed) for penalty in (2.0, 5.0, 10.0))


def test_the_oracle_of_the_end_points_is_the_minimum():
    """No random point near the closed form has a smaller objective: the check's oracle stands by itself."""
    target = lasso_three_points(1.0)
    nearby = target + np.random.default_rng(0).normal(scale=0.01, size=(1000, 5))
    objective = THREE_POINTS.loss(nearby) + np.abs(nearby).sum(axis=1)
    assert (objective > THREE_POINTS.loss(target) + np.abs(target).sum()).all()
