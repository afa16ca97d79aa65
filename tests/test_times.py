"""The time that each notebook promises is what it takes, with room for a slow or busy computer."""

import re
from pathlib import Path

import pytest
from conftest import notebook_seconds

FACTOR = 5
NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_keeps_its_promise(file, pytestconfig):
    promised = int(re.search(r"run in (\d+) s", file.read_text(encoding="utf-8")).group(1))
    taken = pytestconfig.stash[notebook_seconds].get(file.stem)
    if taken is None:
        pytest.skip("this notebook was not run in this session: make test runs it first")
    assert taken < FACTOR * promised
