"""An answer has the same points where its check runs beside it, as in a notebook, and where grading calls it apart.

Beside it is what nbgrader does, which reads the points that a check cell shows. Every answer of the tables is tried.
"""

import contextlib
import io
import json
from fractions import Fraction

import numpy as np
import pytest
from helpers import answers, network_answers
from helpers.course_notebooks import NOTEBOOKS

from labutils.grading import course
from labutils.grading.running import exchange, judge, student_process


def right(X, y, w):
    return 2 * X.T @ (X @ w - y)


def in_place(X, y, w):
    w += 1.0
    return right(X, y, w - 1.0)


OF_THE_GRADIENT = {
    "right": right,
    "an array of Fractions": lambda *a: np.array([Fraction(float(v)) for v in right(*a)]),
    "a list of Fractions": lambda *a: [Fraction(float(v)) for v in right(*a)],
    "a tuple": lambda *a: tuple(right(*a)),
    "float32": lambda *a: right(*a).astype(np.float32),
    "in place": in_place,
    "stops": lambda X, y, w: X[9],
    "a text": lambda *a: "2",
}
LAB_1 = {("lab1_a", kind): answer for kind, answer in OF_THE_GRADIENT.items()}
LAB_1 |= {(name, i): answer for name, found in answers.RIGHT.items() for i, answer in enumerate(found)}
LAB_1 |= {(name, f"wrong {i}"): answer for name, found in answers.WRONG.items() for i, (answer, _) in enumerate(found)}
LAB_2 = {(name, kind): answer for name, found in network_answers.GROUPS.items() for kind, (answer, _) in found.items()}
COURSE = {one.id: (cells, one) for cells in map(course.read, NOTEBOOKS) for one in course.questions_of(cells)}
EVERY = {key: answer for key, answer in (LAB_1 | LAB_2).items() if key[0] in COURSE}
del EVERY["lab2_b", "one for all calls"]  # over there, every call returns a copy
SLOW = {key for key in EVERY if key[0] in ("lab2_b", "lab2_c", "lab2_d")}  # whole networks go back and forth


def here(cells, question, name, answer):
    """Return the rows of a check that runs beside the answer, hidden tests included."""
    place = next(i for i, cell in enumerate(cells) if cell.id == question.id)
    scope = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for source in judge.given(cells[:place], cells[place].source.strip()):
            exec(source, scope)
    return eval(cells[place].source.strip(), scope | {name: answer}).rows


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, marks=[pytest.mark.slow] * (key in SLOW)) for key in EVERY],
    ids=lambda key: f"{key[0]} {key[1]}",
)
def test_it_has_the_same_points_here_and_there(key):
    cells, question = COURSE[key[0]]
    (name,) = judge.asked(cells, question)

    def ask(request):
        try:
            found = student_process.call({name: EVERY[key]}, json.loads(json.dumps(request)), exchange)
        except Exception as error:
            found = student_process.stopped(error)
        return json.loads(json.dumps(found))

    there = judge.decide(cells, question, ask)
    assert [row["points"] for row in there] == [row["points"] for row in here(cells, question, name, EVERY[key])]
