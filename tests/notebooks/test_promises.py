"""A notebook that takes longer than it promises fails, also where several processes share the suite."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from labutils import files

TITLES = {
    "kept": "All cells together run in 60 s.",
    "broken": "All cells together run in 0 s.",
    "none": "All cells together run.",
    "skipped": "All cells together run in 60 s.",
}


@pytest.mark.slow
def test_a_broken_promise_fails_and_so_does_one_that_was_not_made_or_not_measured(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # not this repository's settings
    for name, title in TITLES.items():
        cells = [nbformat.v4.new_markdown_cell(title), nbformat.v4.new_code_cell("1")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "helpers.promises",
        "--nbval",
        "--nbval-current-env",
        "-rA",
        "--color=no",
    ]
    command += ["--numprocesses=2", "--dist=loadfile"]
    notebooks = ["kept.ipynb", "broken.ipynb", "none.ipynb::promise", "skipped.ipynb::promise"]
    path = os.pathsep.join([str(files.REPOSITORY / "tests"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "PYTEST_ADDOPTS": "", "COLUMNS": "200"}
    printed = subprocess.run(
        [*command, *notebooks], cwd=tmp_path, env=environment, capture_output=True, text=True
    ).stdout
    found = dict(re.findall(r"(?m)^(?:PASSED|FAILED) (\w+)\.ipynb::promise(?: - Failed: )?(.*)$", printed))
    assert found.pop("kept") == ""
    assert re.fullmatch(r"expected at most 5 times the promised 0 s, found \d+\.\d s", found.pop("broken"))
    assert found.pop("none") == "expected 'run in ... s.' in the first cell, found nothing like it"
    assert found.pop("skipped") == "expected all 1 code cells to be run before, found 0"
    assert not found
