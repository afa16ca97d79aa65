"""An answer has the same points where its check runs beside it, as in a notebook, and where grading calls it apart.

Beside it is what nbgrader does, which reads the points that a check cell shows. Every answer of the tables is tried.
"""

import contextlib
import io
import json

import pytest
from helpers.answers import ANSWERS
from helpers.course_notebooks import NOTEBOOKS

from labutils.grading import course
from labutils.grading.running import exchange, judge, student_process

COURSE = {one.id: (cells, one) for cells in map(course.read, NOTEBOOKS) for one in course.questions_of(cells)}
EVERY = {key: answer for key, (answer, _) in ANSWERS.items() if key[0] in COURSE}
SLOW = {key for key in EVERY if key[0] in ("lab2_b", "lab2_c", "lab2_d")}  # whole networks go back and forth


def here(cells, question, answers):
    """Return the rows of a check that runs beside the answer, hidden tests included."""
    place = next(i for i, cell in enumerate(cells) if cell.id == question.id)
    scope = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for source in judge.given(cells[:place], cells[place].source.strip()):
            exec(source, scope)
    return eval(cells[place].source.strip(), scope | answers).rows


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, marks=[pytest.mark.slow] * (key in SLOW)) for key in EVERY],
    ids=lambda key: f"{key[0]} {key[1]}",
)
def test_it_has_the_same_points_here_and_there(key):
    cells, question = COURSE[key[0]]
    answer = EVERY[key] if isinstance(EVERY[key], tuple) else (EVERY[key],)
    names = sorted(judge.asked(cells, question), key=next(c.source for c in cells if c.id == question.id).index)
    answers = dict(zip(names, answer, strict=True))

    def ask(request):
        try:
            found = student_process.call(answers, json.loads(json.dumps(request)), exchange)
        except Exception as error:
            found = student_process.stopped(error)
        return json.loads(json.dumps(found))

    there = judge.decide(cells, question, ask)
    assert [row["points"] for row in there] == [row["points"] for row in here(cells, question, answers)]
