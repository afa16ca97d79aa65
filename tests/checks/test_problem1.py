"""The checks of Problem 1: predictions are judged by measurements, and these can come out both ways."""

import numpy as np
import pytest

from labutils import checks
from labutils.checks import problem1, problem1_networks
from labutils.linear import admm, descent, penalties

# What the literature says of the ten claims, to hold the measurements against.
LITERATURE = (False, True, False, False, True, True, True, False, False, True)
MEASURES = (
    problem1.exact_zeros,
    problem1.sparsity_by_step,
    problem1.bias_left,
    problem1.rows_emptied,
    problem1.scale_and_trimming,
    problem1.same_optimum,
    problem1.exact_penalty,
    problem1.cost_of_admm,
    problem1_networks.float_forward,
    problem1_networks.mixed_precision,
)
NUMBERS = range(1, 11)


def not_written():
    raise NotImplementedError


def check(number):
    return getattr(checks, f"problem1_{number}")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("number", NUMBERS)
def test_measurements_agree_with_the_literature_whatever_the_seed(number, seed):
    verdict, evidence = MEASURES[number - 1](seed)
    assert verdict is LITERATURE[number - 1], evidence
    assert len(evidence) > 20 and "\n" not in evidence


@pytest.mark.parametrize("number", NUMBERS)
def test_a_prediction_is_judged_and_gives_no_points(number):
    right = LITERATURE[number - 1]
    report = check(number)(lambda: right)
    assert report.id == f"problem1_{number}"
    assert report.rows[0]["ok"] and report.points == report.max == 0 and "points" not in report._repr_html_()
    wrong = check(number)(lambda: not right)
    assert not wrong.rows[0]["ok"]
    assert "the measurement says otherwise: " in wrong.rows[0]["message"]


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (not_written, "not written yet"),
        (lambda: None, "expected True or False, found None"),
        (lambda: "False", "expected True or False, found 'False'"),
        (lambda: 0, "expected True or False, found 0"),
        (lambda: 1, "expected True or False, found 1"),
        (lambda: [True], "expected True or False"),
    ],
)
@pytest.mark.parametrize("number", [1, 2])
def test_what_is_no_prediction_earns_nothing(number, prediction, message):
    report = check(number)(prediction)
    assert not report.rows[0]["ok"]
    assert message in report.rows[0]["message"]


def test_a_numpy_answer_counts():
    assert checks.problem1_4(lambda: np.bool_(False)).rows[0]["ok"]


# Were the world otherwise, the verdicts would be, too.
def test_zeros_are_seen_where_there_are_some(monkeypatch):
    real = problem1.sparse_problem

    def with_a_dead_column(*arguments, **settings):
        problem, truth = real(*arguments, **settings)
        X = problem.X.copy()
        X[:, 0] = 0
        return type(problem)(X, problem.y), truth

    monkeypatch.setattr(problem1, "sparse_problem", with_a_dead_column)
    # A slope that takes a weight which the data don't move to zero in one step.
    monkeypatch.setattr(penalties, "hoyer_square_gradient", lambda w: w / (0.0005 * 20))
    verdict, evidence = problem1.exact_zeros(1)
    assert verdict is True, evidence


def test_a_shrinking_keep_or_a_missing_threshold_is_seen(monkeypatch):
    monkeypatch.setattr(
        descent, "proximal_gradient", lambda p, t, r, s, start: descent.gradient_descent(p, r, s, start)
    )
    assert problem1.sparsity_by_step(1)[0] is False


def test_an_unbiased_operator_is_seen(monkeypatch):
    monkeypatch.setattr(
        descent, "proximal_gradient", lambda p, t, steps: descent.trimmed_proximal_gradient(p, t, 2, steps=steps)
    )
    assert problem1.bias_left(1)[0] is True


def test_rows_are_seen_empty_where_the_norms_are_exchanged(monkeypatch):
    group = penalties.group_soft_threshold
    monkeypatch.setattr(penalties, "l2_of_l1_threshold", lambda w, t: group(w, np.asarray(t)[:, None]))
    assert problem1.rows_emptied(1)[0] is True


@pytest.mark.parametrize("name", ["hoyer", "hoyer_square_gradient", "trimming_threshold"])
def test_another_penalty_is_neither_scale_free_nor_trimming(monkeypatch, name):
    others = {
        "hoyer": lambda w: np.abs(w).sum(axis=-1),
        "hoyer_square_gradient": np.sign,
        "trimming_threshold": lambda w: np.abs(w).max(axis=-1),
    }
    monkeypatch.setattr(penalties, name, others[name])
    assert problem1.scale_and_trimming(1)[0] is False


def test_an_optimum_that_moves_with_the_step_size_is_seen(monkeypatch):
    real = descent.proximal_gradient
    monkeypatch.setattr(descent, "proximal_gradient", lambda p, t, rate, steps: real(p, t / rate * 0.02, rate, steps))
    assert problem1.same_optimum(1)[0] is False


def test_a_penalty_below_the_bound_is_seen(monkeypatch):
    real = problem1.trimmed_minimum
    monkeypatch.setattr(problem1, "trimmed_minimum", lambda p, penalty, keep: real(p, penalty / 1000, keep))
    assert problem1.exact_penalty(1)[0] is False


def test_the_minimum_of_trimmed_l1_against_a_search_from_many_starts():
    problem, _ = problem1.sparse_problem(3, points=8, weights=5, nonzeros=2, noise=1.0)
    starts = np.random.default_rng(0).normal(size=(200, 5)) * 3
    for penalty in (2.0, 20.0):
        rate = 0.9 / problem.lipschitz
        ends = descent.trimmed_proximal_gradient(problem, rate * penalty, 2, rate, 3000, starts).final
        objective = [problem.loss(w) + penalty * np.sort(np.abs(w))[:3].sum() for w in ends]
        found = problem1.trimmed_minimum(problem, penalty, 2)
        least = problem.loss(found) + penalty * np.sort(np.abs(found))[:3].sum()
        assert least <= min(objective) + 1e-6
        assert least == pytest.approx(min(objective), rel=1e-4)


def test_an_admm_for_free_is_seen(monkeypatch):
    class OnlyZ(tuple):
        z = property(lambda self: self[0])

    real = descent.proximal_gradient

    def free(problem, penalty, rho, steps, inner):
        return OnlyZ([real(problem, penalty / problem.lipschitz, 1 / problem.lipschitz, steps)])

    monkeypatch.setattr(admm, "lasso", free)
    verdict, evidence = problem1.cost_of_admm(1)
    assert verdict is True, evidence


def test_a_forward_pass_in_float_is_seen(monkeypatch):
    real = problem1_networks.QuantLinear
    monkeypatch.setattr(problem1_networks, "QuantLinear", lambda a, b, bits: real(a, b, None))
    verdict, evidence = problem1_networks.float_forward(1)
    assert verdict is True, evidence


def test_a_bad_choice_of_bits_is_seen(monkeypatch):
    monkeypatch.setattr(problem1_networks, "by_sensitivity", lambda *a: (1, 4, 4, 4))
    assert problem1_networks.mixed_precision(1)[0] is False


def test_bits_by_sensitivity_keep_to_the_budget():
    generator = problem1_networks.torch.Generator().manual_seed(0)
    x, y = problem1_networks.spirals(300, generator)
    network = problem1_networks.small_network(x, y, 0)
    sizes = [layer.weight.numel() for _, layer in problem1_networks.quant_layers(network)]
    for budget in (2, 4):
        bits = problem1_networks.by_sensitivity(network, x, y, budget)
        assert np.dot(bits, sizes) <= budget * sum(sizes)


def test_no_outcome_before_the_prediction(capsys):
    for silent in (not_written, lambda: None, lambda x: x, lambda: 1 / 0, True):
        assert checks.outcome("a claim", True, "3 of 4", silent) == ("a claim", "?", "?", "none yet")
        printed = capsys.readouterr().out
        assert "commit" in printed and "verdict: " not in printed and "3 of 4" not in printed


@pytest.mark.parametrize("verdict", [True, np.bool_(False)])
def test_the_outcome_tells_verdict_numbers_and_prediction(verdict, capsys):
    row = checks.outcome("a claim", verdict, "3 of 4", lambda: True)
    assert row == ("a claim", str(bool(verdict)), "3 of 4", "True")
    assert f"verdict: {bool(verdict)}, and you said True" in capsys.readouterr().out


def test_what_was_said_first_stays_in_the_table(capsys):
    for said in (True, False, True):
        row = checks.outcome("a claim of its own", False, "3 of 4", lambda said=said: said)
        assert row[3] == "True"
        assert capsys.readouterr().out.endswith("and you said True" + ", at first" * (not said) + "\n")
