"""An answer has the same points where its check runs beside it, as in a notebook, and where grading calls it apart.

Beside it is what nbgrader does, which reads the points that a check cell shows. Every answer of the tables is tried.
"""

import pytest
from helpers.answers import ANSWERS
from helpers.apart import COURSE, here, there

EVERY = [key for key in ANSWERS if key[0] in COURSE]
SLOW = {key for key in EVERY if key[0] in ("lab2_b", "lab2_c", "lab2_d")}  # whole networks go back and forth


@pytest.mark.parametrize("name, kind", [pytest.param(*key, marks=[pytest.mark.slow] * (key in SLOW)) for key in EVERY])
def test_it_has_the_same_points_here_and_there(name, kind):
    answer, _ = ANSWERS[name, kind]
    assert [row["points"] for row in there(name, answer)] == [row["points"] for row in here(name, answer)]
