"""Answers as students write them: right ones, however written, get all points; wrong ones never do, and are named.

`test_lab1_*` and `test_lab2` have the mistakes that the checks knew first.
"""

import numpy as np
import pytest
from helpers.answers import RIGHT, WRONG, into, l1, moved, one_by_one, prox, soft
from helpers.network_answers import GROUPS

from labutils import checks
from labutils.linear.regression import THREE_POINTS


def outcome(name, answer):
    report = getattr(checks, name)(answer)
    return report.points == report.max, " | ".join(row["message"] for row in report.rows)


@pytest.mark.parametrize("name, number", [(name, i) for name, answers in RIGHT.items() for i in range(len(answers))])
def test_a_right_answer_has_all_points_however_it_is_written(name, number):
    whole, messages = outcome(name, RIGHT[name][number])
    assert whole, messages


@pytest.mark.parametrize("name, number", [(name, i) for name, answers in WRONG.items() for i in range(len(answers))])
def test_a_wrong_answer_loses_points_and_is_named(name, number):
    answer, words = WRONG[name][number]
    whole, messages = outcome(name, answer)
    assert not whole and words in messages, messages


@pytest.mark.parametrize("name, kind", [(name, kind) for name, answers in GROUPS.items() for kind in answers])
def test_answers_of_lab_2(name, kind):
    answer, words = GROUPS[name][kind]
    whole, messages = outcome(name, answer)
    assert whole is (words is None) and (words or "") in messages, messages


OPERATORS = {
    "fixed threshold": (lambda w, t: soft(w, 0.1), "threshold is an argument"),
    "strictly above": (lambda w, t: np.where(np.abs(w) > t, w, 0), "hard thresholding"),
    "in place": (into(soft), "in place"),
}


@pytest.mark.parametrize("kind", OPERATORS)
def test_an_operator_is_judged_apart_from_its_step(kind):
    operator, words = OPERATORS[kind]
    report = checks.lab1_e(operator, prox)
    assert [row["ok"] for row in report.rows] == [False, True, True] and words in report.rows[0]["message"]
    assert checks.lab1_e(soft, prox).points == 3


STEPS_E = {
    "its own rate": (lambda w, p, r, c: prox(w, p, 0.02, c), "0.02"),
    "its own rate in the threshold": (lambda w, p, r, c: soft(moved(w, p, r), 0.02 * c), "0.02"),
    "its own problem": (lambda w, p, r, c: prox(w, THREE_POINTS, r, c), "THREE_POINTS"),
    "one by one": (lambda w, p, r, c: soft(one_by_one(w, p, r), r * c), "every data point"),
    "a subgradient step": (l1, "sign of w"),
    "in place": (into(prox), "in place"),
}


@pytest.mark.parametrize("kind", STEPS_E)
def test_the_proximal_step(kind):
    step, words = STEPS_E[kind]
    report = checks.lab1_e(soft, step)
    assert report.points < 3 and words in report.rows[1]["message"], report.rows


HUGE = {
    "nine axes of six": lambda X, y, w: np.zeros([6] * 9, "i1"),
    "eighteen axes of two": lambda X, y, w: np.zeros([2] * 18, "i1"),
    "a long text": lambda X, y, w: "x" * 10_000_000,
    "a long list": lambda X, y, w: [0.0] * 2_000_000,
    "a long error": lambda X, y, w: (_ for _ in ()).throw(ValueError("y" * 10_000_000)),
    "an object of its own size": lambda X, y, w: type("Big", (), {"__repr__": lambda self: "z" * 10_000_000})(),
}


@pytest.mark.parametrize("kind", HUGE)
def test_whatever_an_answer_returns_its_message_is_short(kind):
    report = checks.lab1_a(HUGE[kind])
    assert report.points == 0 and all(0 < len(row["message"]) <= 400 for row in report.rows)
    assert len(report._repr_html_()) < 5_000
