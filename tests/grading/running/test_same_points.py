"""An answer has the same points where its check runs beside it, as in a notebook, and where grading calls it apart.

Beside it is what nbgrader does, whose own function reads the points off the check's cell here. Every answer of the
tables is tried; those to Lab 2 in `test_same_points_lab2`.
"""

import pytest
from helpers.answers import ANSWERS
from helpers.apart import points_alike


@pytest.mark.parametrize("name, kind", [key for key in ANSWERS if key[0][:4] == "lab1"])
def test_it_has_the_same_points_here_and_there(name, kind, capsys):
    points_alike(name, ANSWERS[name, kind][0], capsys)
