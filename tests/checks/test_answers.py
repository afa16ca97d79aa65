"""Answers as students write them: right ones, however written, get all points; wrong ones never do, and are named.

`test_lab1_*` and `test_lab2` have the mistakes that the checks knew first.
"""

import numpy as np
import pytest
from helpers.answers import ANSWERS

from labutils import checks


@pytest.mark.parametrize("name, kind", ANSWERS)
def test_a_right_answer_has_all_points_however_it_is_written_and_a_wrong_one_is_named(name, kind):
    answer, words = ANSWERS[name, kind]
    report = getattr(checks, name)(*(answer if isinstance(answer, tuple) else (answer,)))
    messages = " | ".join(row["message"] for row in report.rows)
    assert (report.points == report.max) is (words is None) and (words or "") in messages, messages


def test_an_operator_is_judged_apart_from_its_step():
    for kind in ("fixed threshold", "strictly above", "operator in place"):
        rows = checks.lab1_e(*ANSWERS["lab1_e", kind][0]).rows
        assert [row["ok"] for row in rows] == [False, True, True]


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
