"""As `test_same_points`, for Lab 2; a file of its own is another worker's."""

import pytest
from helpers.answers import ANSWERS
from helpers.apart import points_alike

SLOW = "lab2_b", "lab2_c", "lab2_d"  # whole networks go back and forth
EVERY = [pytest.param(*key, marks=[pytest.mark.slow] * (key[0] in SLOW)) for key in ANSWERS if key[0][:4] == "lab2"]


@pytest.mark.parametrize("name, kind", EVERY)
def test_it_has_the_same_points_here_and_there(name, kind, capsys):
    points_alike(name, ANSWERS[name, kind][0], capsys)
