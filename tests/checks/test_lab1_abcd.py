"""The checks of Lab 1 (a) to (d): full marks for the reference, fewer for each known-wrong answer, which is named."""

import inspect
import itertools

import numpy as np
import pytest

from labutils import checks
from labutils.linear import descent
from labutils.linear.regression import THREE_POINTS, TWO_POINTS


def largest(w, keep):
    """Keep the `keep` largest magnitudes: an implementation of its own, with a loop, so that no check judges itself."""
    kept = sorted(range(len(w)), key=lambda j: (-abs(w[j]), j))[:keep]
    return np.array([value if j in kept else 0.0 for j, value in enumerate(w)])


def gradient(X, y, w):
    return 2 * sum(row * (row @ w - target) for row, target in zip(X, y))


def step(w, problem, rate):
    return w - rate * gradient(problem.X, problem.y, w)


def pruning(w, problem, rate, keep):
    return largest(step(w, problem, rate), keep)


def l1(w, problem, rate, penalty):
    return step(w, problem, rate) - rate * penalty * np.array([(v > 0) * 1.0 - (v < 0) * 1.0 for v in w])


def exact_supports(problem, size, tolerance=1e-9):
    found = 0
    for support in itertools.combinations(range(problem.X.shape[1]), size):
        part = problem.X[:, support]
        found += np.linalg.norm(part @ (np.linalg.pinv(part) @ problem.y) - problem.y) < tolerance
    return int(found)


CHECKS = {
    "lab1_a": (checks.lab1_a, gradient, 1.5),
    "lab1_b": (checks.lab1_b, step, 3),
    "lab1_c": (checks.lab1_c, pruning, 3),
    "lab1_d": (checks.lab1_d, l1, 3),
    "lab1_g_pruning": (checks.lab1_g_pruning, exact_supports, 0.75),
    "lab1_g_l1": (checks.lab1_g_l1, lambda: 1.0, 0.75),
}


def in_place_step(w, problem, rate):
    w -= rate * problem.gradient(w)
    return w


def in_place_pruning(w, problem, rate, keep):
    w[:] = pruning(w, problem, rate, keep)
    return w


def in_place_l1(w, problem, rate, penalty):
    w -= rate * (problem.gradient(w) + penalty * np.sign(w))
    return w


def smallest(w, keep):
    return np.where(largest(w, len(w) - keep) == 0, w, 0)


def largest_signed(w, keep):
    return np.where(np.isin(np.arange(len(w)), np.argsort(-w, kind="stable")[:keep]), w, 0)


def higher_index(w, keep):
    return largest(w[::-1], keep)[::-1]


def all_that_tie(w, keep):
    return np.where(np.abs(w) >= np.sort(np.abs(w))[-keep], w, 0)


def pushed_by(push):
    """Return an L1 step whose penalty pushes by `push(w)` in place of sign(w)."""
    return lambda w, p, rate, penalty: w - rate * (p.gradient(w) + penalty * push(w))


# (question, what is wrong, the answer, a part of the message that names it)
WRONG = [
    ("lab1_a", "identity", lambda X, y, w: w, "expected"),
    ("lab1_a", "no factor 2", lambda X, y, w: gradient(X, y, w) / 2, "factor 2 is missing"),
    ("lab1_a", "mean", lambda X, y, w: gradient(X, y, w) / len(y), "MEAN"),
    ("lab1_a", "half the mean", lambda X, y, w: gradient(X, y, w) / len(y) / 2, "1/2 or 1/n"),
    ("lab1_a", "wrong sign", lambda X, y, w: -gradient(X, y, w), "sign is wrong"),
    ("lab1_a", "no targets", lambda X, y, w: gradient(X, 0 * y, w), "targets y are missing"),
    ("lab1_a", "fits the start only", lambda X, y, w: gradient(X, y, 0 * w), "prediction X w is missing"),
    ("lab1_a", "nothing returned", lambda X, y, w: None, "returns nothing"),
    ("lab1_b", "identity", lambda w, p, rate: w, "did not move"),
    ("lab1_b", "wrong sign", lambda w, p, rate: w + rate * p.gradient(w), "climbs"),
    ("lab1_b", "no learning rate", lambda w, p, rate: w - p.gradient(w), "learning rate is missing"),
    ("lab1_b", "only the change", lambda w, p, rate: -rate * p.gradient(w), "the change"),
    ("lab1_b", "mean", lambda w, p, rate: w - rate * p.gradient(w) / len(p.y), "MEAN"),
    ("lab1_b", "factor 2 twice", lambda w, p, rate: w - 2 * rate * p.gradient(w), "factor 2"),
    ("lab1_b", "in place", in_place_step, "in place"),
    ("lab1_b", "a constant", lambda w, p, rate: np.linalg.pinv(p.X) @ p.y, "expected"),
    ("lab1_c", "identity", lambda w, p, rate, keep: w, "did not move"),
    ("lab1_c", "k smallest", lambda w, p, rate, keep: smallest(step(w, p, rate), keep), "smallest"),
    ("lab1_c", "pruned first", lambda w, p, rate, keep: step(largest(w, keep), p, rate), "not before it"),
    (
        "lab1_c",
        "pruned first, gradient at w",
        lambda w, p, rate, keep: largest(w, keep) - rate * p.gradient(w),
        "must be sparse",
    ),
    (
        "lab1_c",
        "chosen by the old weights",
        lambda w, p, rate, keep: np.where(largest(w, keep) == 0, 0, step(w, p, rate)),
        "after the gradient step, not before",
    ),
    ("lab1_c", "no pruning", lambda w, p, rate, keep: step(w, p, rate), "nothing was pruned"),
    ("lab1_c", "no gradient step", lambda w, p, rate, keep: largest(w, keep), "gradient step is missing"),
    ("lab1_c", "mean", lambda w, p, rate, keep: pruning(w, p, rate / len(p.y), keep), "MEAN"),
    ("lab1_c", "wrong sign", lambda w, p, rate, keep: pruning(w, p, -rate, keep), "climbs"),
    ("lab1_c", "no learning rate", lambda w, p, rate, keep: pruning(w, p, 1.0, keep), "learning rate is missing"),
    ("lab1_c", "signed", lambda w, p, rate, keep: largest_signed(step(w, p, rate), keep), "compare magnitudes"),
    ("lab1_c", "magnitudes", lambda w, p, rate, keep: abs(pruning(w, p, rate, keep)), "keep their signs"),
    ("lab1_c", "higher index", lambda w, p, rate, keep: higher_index(step(w, p, rate), keep), "lower index"),
    (
        "lab1_c",
        "all that tie",
        lambda w, p, rate, keep: all_that_tie(step(w, p, rate), keep),
        "all magnitudes that tie",
    ),
    ("lab1_c", "in place", in_place_pruning, "in place"),
    ("lab1_c", "the known end", lambda w, p, rate, keep: np.array([0, 3.0, 0, 0, -1]), "expected"),
    ("lab1_d", "identity", lambda w, p, rate, penalty: w, "did not move"),
    ("lab1_d", "no penalty", lambda w, p, rate, penalty: step(w, p, rate), "penalty is missing"),
    (
        "lab1_d",
        "no learning rate on the penalty",
        lambda w, p, rate, penalty: step(w, p, rate) - penalty * np.sign(w),
        "missing on the penalty",
    ),
    ("lab1_d", "penalty's sign", lambda w, p, rate, penalty: l1(w, p, rate, -penalty), "sign of the penalty"),
    ("lab1_d", "L2", pushed_by(lambda w: w), "L2"),
    ("lab1_d", "L2 with its factor", pushed_by(lambda w: 2 * w), "L2"),
    ("lab1_d", "sum", pushed_by(lambda w: np.sign(w.sum())), "sign of its own"),
    ("lab1_d", "sign(0) = 1", pushed_by(lambda w: np.where(w >= 0, 1, -1)), "sign(0) must be 0, not 1"),
    ("lab1_d", "sign(0) = -1", pushed_by(lambda w: np.where(w > 0, 1, -1)), "sign(0) must be 0, not -1"),
    (
        "lab1_d",
        "sign after the step",
        lambda w, p, rate, penalty: step(w, p, rate) - rate * penalty * np.sign(step(w, p, rate)),
        "take the sign of w",
    ),
    (
        "lab1_d",
        "zeros stay",
        lambda w, p, rate, penalty: np.where(w == 0, 0, l1(w, p, rate, penalty)),
        "weights at zero move",
    ),
    (
        "lab1_d",
        "mean",
        lambda w, p, rate, penalty: w - rate * (p.gradient(w) / len(p.y) + penalty * np.sign(w)),
        "MEAN",
    ),
    (
        "lab1_d",
        "wrong sign",
        lambda w, p, rate, penalty: w + rate * (p.gradient(w) + penalty * np.sign(w)),
        "the sign is wrong",
    ),
    (
        "lab1_d",
        "gradient's sign",
        lambda w, p, rate, penalty: w + rate * (p.gradient(w) - penalty * np.sign(w)),
        "sign of the gradient",
    ),
    ("lab1_d", "no rate", lambda w, p, rate, penalty: l1(w, p, 1.0, penalty), "learning rate is missing"),
    ("lab1_d", "in place", in_place_l1, "in place"),
    ("lab1_g_pruning", "all supports", lambda p, size: len(list(itertools.combinations(range(5), size))), "counts all"),
    ("lab1_g_pruning", "compares with zero", lambda p, size: 0, "no exact fit is found"),
    ("lab1_g_pruning", "one", lambda p, size: 1, "expected"),
    ("lab1_g_pruning", "nine", lambda p, size: 9, "expected"),
    ("lab1_g_pruning", "half of X", lambda p, size: exact_supports(TWO_POINTS, size), "uses TWO_POINTS"),
    ("lab1_g_l1", "zero", lambda: 0, "above 0"),
    ("lab1_g_l1", "negative", lambda: -1.0, "above 0"),
    ("lab1_g_l1", "not finite", lambda: np.inf, "above 0"),
    ("lab1_g_l1", "text", lambda: "1.0", "above 0"),
    ("lab1_g_l1", "a truth value", lambda: True, "above 0"),
    ("lab1_g_l1", "nothing", lambda: None, "above 0"),
    ("lab1_g_l1", "too small", lambda: 0.01, "too many weights"),
    ("lab1_g_l1", "too large", lambda: 3.0, "L is too large"),
    ("lab1_g_l1", "far too large", lambda: 100.0, "L is too large"),
]


def stub(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("question", CHECKS)
def test_the_reference_gets_full_marks(question):
    check, reference, visible = CHECKS[question]
    report = check(reference)
    assert report.id == question
    assert [row["message"] for row in report.rows] == [""] * len(report.rows)
    assert report.points == report.max == visible


@pytest.mark.parametrize("question", CHECKS)
def test_the_stub_scores_nothing_and_is_told_why(question):
    report = CHECKS[question][0](stub)
    assert report.points == 0
    assert all("not written yet" in row["message"] for row in report.rows)


@pytest.mark.parametrize(
    "question, answer, message", [(q, a, m) for q, _, a, m in WRONG], ids=[f"{q}: {n}" for q, n, *_ in WRONG]
)
def test_a_wrong_answer_loses_marks_and_is_named(question, answer, message):
    report = CHECKS[question][0](answer)
    assert report.points < report.max
    assert any(not row["ok"] and message in row["message"] for row in report.rows), report.rows


def test_a_check_stops_neither_on_exceptions_nor_on_noise(capfd):
    def loud(*arguments):
        print("here")
        np.float64(1) / 0
        raise KeyError("gone")

    for check, _, _ in CHECKS.values():
        report = check(loud)
        assert report.points == 0
        assert "KeyError" in report.rows[0]["message"]
    assert capfd.readouterr() == ("", "")


def test_an_answer_that_returns_the_wrong_shape_is_told_what_was_expected():
    for question in ("lab1_b", "lab1_c", "lab1_d"):
        rows = CHECKS[question][0](lambda w, *rest: w[:3]).rows
        assert not any(row["ok"] for row in rows)
        assert rows[0]["message"].startswith("expected")


def test_no_answer_can_change_the_points_that_later_checks_use():
    before = checks.lab1.AWAY.copy()
    for _, _, answer, _ in WRONG:
        if len(inspect.signature(answer).parameters) == 4:
            checks.lab1_c(answer), checks.lab1_d(answer)
    np.testing.assert_array_equal(checks.lab1.AWAY, before)


def test_the_oracle_of_the_pruning_check_is_the_library_and_the_answer_by_hand():
    run = descent.descend(lambda w: pruning(w, THREE_POINTS, 0.02, 2), np.zeros(5), 200)
    assert np.allclose(run.weights, descent.iterative_pruning(THREE_POINTS, 2).weights)
    assert np.allclose(run.final, [0, 3, 0, 0, -1])


def test_a_record_shows_what_the_table_shows():
    bundle = checks.lab1_d(l1)._repr_mimebundle_()
    assert bundle["text/plain"] == "3"
    assert bundle[checks.RECORD]["points"] == sum(row["points"] for row in bundle[checks.RECORD]["rows"]) == 3
    assert bundle["text/html"].count("<tr>") == len(bundle[checks.RECORD]["rows"]) + 1


@pytest.mark.parametrize("message", sorted({message for _, _, _, message in WRONG} - {"expected", "above 0"}))
def test_messages_that_name_a_mistake_fit_on_a_line(message):
    reports = [CHECKS[question][0](answer) for question, _, answer, named in WRONG if named == message]
    shown = [row["message"] for report in reports for row in report.rows if message in row["message"]]
    assert shown
    assert all(len(text) < 100 for text in shown)
