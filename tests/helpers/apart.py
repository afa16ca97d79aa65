"""A question's check beside an answer, as in a notebook, and apart from it, as in grading; both in this process."""

import contextlib
import io
import json

import nbformat.v4

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


def read_by_nbgrader(report, most, errors):
    """Return the points that nbgrader gives the cell of a check with this result, of which it saw these errors."""
    from nbgrader.utils import determine_grade  # which is not everywhere

    outputs = [nbformat.v4.new_output("execute_result", report._repr_mimebundle_())]
    outputs = [nbformat.v4.new_output("stream", name="stderr", text=errors)] * bool(errors) + outputs
    marks = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "points": most}
    return determine_grade(nbformat.v4.new_code_cell(outputs=outputs, metadata={"nbgrader": marks}))[0]


def points_alike(id, answer, capsys):
    """Demand the same points of an answer here, there, and as nbgrader reads them."""
    report = here(id, answer)
    assert [row["points"] for row in there(id, answer)] == [row["points"] for row in report.rows]
    assert read_by_nbgrader(report, COURSE[id][1].max, capsys.readouterr().err) == report.points
