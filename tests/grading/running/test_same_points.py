"""An answer has the same points where its check runs beside it, as in a notebook, and where grading calls it apart.

Beside it is what nbgrader does, whose own function reads the points off the check's cell here. Every answer of the
tables is tried.
"""

import nbformat.v4
import pytest
from helpers.answers import ANSWERS
from helpers.apart import COURSE, here, there
from nbgrader.utils import determine_grade

EVERY = [key for key in ANSWERS if key[0] in COURSE]
SLOW = {key for key in EVERY if key[0] in ("lab2_b", "lab2_c", "lab2_d")}  # whole networks go back and forth


def read_by_nbgrader(report, most, errors):
    """Return the points that nbgrader gives the cell of a check with this result, of which it saw these errors."""
    outputs = [nbformat.v4.new_output("execute_result", report._repr_mimebundle_())]
    outputs = [nbformat.v4.new_output("stream", name="stderr", text=errors)] * bool(errors) + outputs
    marks = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "points": most}
    return determine_grade(nbformat.v4.new_code_cell(outputs=outputs, metadata={"nbgrader": marks}))[0]


@pytest.mark.parametrize("name, kind", [pytest.param(*key, marks=[pytest.mark.slow] * (key in SLOW)) for key in EVERY])
def test_it_has_the_same_points_here_and_there(name, kind, capsys):
    answer, _ = ANSWERS[name, kind]
    report = here(name, answer)
    assert [row["points"] for row in there(name, answer)] == [row["points"] for row in report.rows]
    assert read_by_nbgrader(report, COURSE[name][1].max, capsys.readouterr().err) == report.points
