"""An answer has the same points where its check runs beside it, as in a notebook, and where grading calls it apart."""

import json
import sys
from fractions import Fraction

import numpy as np
import pytest

from labutils import checks, files
from labutils.grading import course
from labutils.grading.running import exchange, judge, student_process

PATH = files.NOTEBOOKS / "01_gradient_descent.ipynb"


def right(X, y, w):
    return 2 * X.T @ (X @ w - y)


def in_place(X, y, w):
    w += 1.0
    return right(X, y, w - 1.0)


ANSWERS = {
    "right": right,
    "longdouble": lambda *a: right(*a).astype(np.longdouble),
    "an array of Fractions": lambda *a: np.array([Fraction(float(v)) for v in right(*a)]),
    "a list of Fractions": lambda *a: [Fraction(float(v)) for v in right(*a)],
    "a tuple": lambda *a: tuple(right(*a)),
    "float32": lambda *a: right(*a).astype(np.float32),
    "the mean": lambda X, y, w: right(X, y, w) / len(y),
    "a column": lambda *a: right(*a)[:, None],
    "in place": in_place,
    "stops": lambda X, y, w: X[9],
    "a text": lambda *a: "2",
    "nothing": lambda *a: None,
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_it_has_the_same_points_here_and_there(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "exchange", exchange)
    answer = ANSWERS[kind]

    def ask(request):
        try:
            found = student_process.call({"gradient": answer}, json.loads(json.dumps(request)), exchange)
        except Exception as error:
            found = student_process.stopped(error)
        return json.loads(json.dumps(found))

    cells = course.read(PATH)
    question = next(one for one in course.questions_of(cells) if one.id == "lab1_a")
    rows = judge.decide(cells, question, ask)
    here = checks.lab1_a(answer).again(checks.lab1_a(answer, seed=1), points=0.5, row=1)
    assert [row["points"] for row in rows] == [row["points"] for row in here.rows]
