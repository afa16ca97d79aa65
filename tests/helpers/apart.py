"""A question's check beside an answer, as in a notebook, and apart from it, as in grading; both in this process."""

import contextlib
import io
import json

from labutils.grading import course
from labutils.grading.running import exchange, judge, student_process

from .course_notebooks import NOTEBOOKS

COURSE = {one.id: (cells, one) for cells in map(course.read, NOTEBOOKS) for one in course.questions_of(cells)}


def named(id, answer):
    """Return {name: function} of an answer, one function or a tuple of those that the check calls, in its order."""
    cells, question = COURSE[id]
    names = sorted(judge.asked(cells, question), key=next(cell.source for cell in cells if cell.id == id).index)
    return dict(zip(names, answer if isinstance(answer, tuple) else (answer,), strict=True))


def here(id, answer):
    """Return the report of a check that runs beside the answer, hidden tests included."""
    cells, _ = COURSE[id]
    place = next(i for i, cell in enumerate(cells) if cell.id == id)
    check, scope = cells[place].source.strip(), {}
    with contextlib.redirect_stdout(io.StringIO()):
        for source in judge.given(cells[:place], check):
            exec(source, scope)
    return eval(check, scope | named(id, answer))


def there(id, answer):
    """Return the rows of a check that `judge` decides, with calls of the answer by way of JSON."""

    def ask(request):
        try:
            found = student_process.call(named(id, answer), json.loads(json.dumps(request)), exchange)
        except Exception as error:
            found = student_process.stopped(error)
        return json.loads(json.dumps(found))

    return judge.decide(*COURSE[id], ask)
