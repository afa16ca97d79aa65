"""Answers that compute on the accelerator have all points, in the notebook and in grading; it is pretended here."""

import pytest
from helpers.answers.accelerated import RIGHT
from helpers.apart import COURSE, there

from labutils import checks

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name, number", [(name, i) for name, answers in RIGHT.items() for i in range(len(answers))])
def test_it_has_all_points(name, number, gpu):
    rows = getattr(checks, name)(RIGHT[name][number]).rows
    rows += there(name, RIGHT[name][number]) if name in COURSE and not number else []  # one each: it takes a while
    assert all(row["ok"] if "ok" in row else row["points"] for row in rows), [row["message"] for row in rows]
