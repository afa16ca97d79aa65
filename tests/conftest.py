"""What all tests share: repeatable property tests, figures without a display, and how an error must read."""

from contextlib import contextmanager

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("Agg")  # not by MPLBACKEND, which the kernels of the notebooks would inherit

# The same examples on every run, without a deadline: a busy machine fails no test.
settings.register_profile("labs", deadline=None, derandomize=True, database=None)
settings.load_profile("labs")


@pytest.fixture(scope="session")
def refused():
    """`with refused("keep"):` passes where the block raises an error of one line, with these words in it.

    Unless other words are given first, the line says what was expected and what was found.
    """

    @contextmanager
    def check(*words, error=ValueError):
        with pytest.raises(error) as caught:
            yield
        message = str(caught.value)
        assert "\n" not in message
        for word in ("expected", "found", *words):
            assert word in message, f"{word!r} is missing in: {message}"

    return check
