"""The released bundle in a browser: where the links lead, Colab's own cell, and what AI tools are told."""

import json
import subprocess
import sys
import types
from pathlib import Path

import nbformat
import pytest
from helpers.course_notebooks import NAMES, NOTEBOOKS, ROOT, read

from labutils.grading.release import bundle, cloud

WHERE = "prof/compression-labs"


@pytest.fixture(scope="module")
def files():
    """What a release with links to a browser holds."""
    return bundle.bundle(ROOT, WHERE)


def test_the_landing_page_leads_to_every_lab_and_all_links_have_a_file(files):
    page = files["notebooks/README.md"].decode()
    line = page.splitlines()[2]
    assert page.startswith("# ") and line.startswith("**In a browser, nothing to install:**")
    for name in NAMES:
        assert f"https://colab.research.google.com/github/{WHERE}/blob/main/notebooks/{name}.ipynb)" in line
    assert f"https://mybinder.org/v2/gh/{WHERE}/main?urlpath=lab/tree/{cloud.FIRST})" in line and cloud.FIRST in files
    assert f"https://codespaces.new/{WHERE}/tree/main)" in line and ".devcontainer/devcontainer.json" in files
    assert page.split("\n", 4)[4] == (ROOT / "notebooks/README.md").read_text(encoding="utf-8").split("\n", 2)[2]


def test_without_a_repository_nothing_is_linked():
    plain = bundle.bundle(ROOT)
    assert plain["notebooks/README.md"] == (ROOT / "notebooks/README.md").read_bytes()
    assert not [name for name, data in plain.items() if name.endswith(".ipynb") and b"google.colab" in data]


@pytest.mark.parametrize("wrong", ["prof", "https://github.com/prof/labs", "prof/labs@", "prof/la bs", "a/b/c"])
def test_a_repository_that_is_none(wrong, refused):
    with refused("--repository", "OWNER/NAME"):
        cloud.parse(wrong)


def test_a_branch_may_be_named():
    assert cloud.parse("prof/labs@autumn/2026") == ("prof/labs", "autumn/2026")
    assert "/blob/autumn/2026/notebooks/" in cloud.links("prof/labs@autumn/2026", [cloud.FIRST])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_colabs_cell_stands_below_the_title_and_changes_nothing_else(path, files):
    released = nbformat.reads(files[f"notebooks/{path.name}"].decode(), as_version=4)
    nbformat.validate(released)
    cell = released.cells.pop(1)
    assert cell.id == "colab" and len(cell.source.splitlines()) <= 12 and "nbgrader" not in cell.metadata
    assert [(c.id, c.cell_type) for c in released.cells] == [(c.id, c.cell_type) for c in read(path).cells]


def source(files):
    return nbformat.reads(files[cloud.FIRST].decode(), as_version=4).cells[1].source


def test_elsewhere_than_on_colab_the_cell_does_nothing(files):
    code = f"{source(files)}\nprint([name for name in sys.modules if name.startswith('labutils')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n" and result.stderr == ""


def test_on_colab_the_cell_fetches_the_labs_once_and_begins(files, tmp_path, monkeypatch, capsys):
    calls = []

    def clone(words, check):
        calls.append(words)
        Path(words[-1]).mkdir()

    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setattr(subprocess, "run", clone)
    monkeypatch.setattr(sys, "path", list(sys.path))
    code = source(files).replace("/content/", f"{tmp_path}/")
    from labutils import colab

    monkeypatch.setattr(colab, "missing", list)
    for _ in range(2):
        exec(code, {})
    (words,) = calls
    assert words[:2] == ["git", "clone"] and f"https://github.com/{WHERE}" in words
    assert words[-1] == str(tmp_path / "compression-labs") == sys.path[0]
    assert capsys.readouterr().out.count("Save a copy in Drive") == 2


def test_ai_tools_are_told_to_explain_unless_the_instructor_leaves_that_out(files):
    text = files["AGENTS.md"].decode()
    for words in ("Explain", "Ask back", "Do not write answers", "# YOUR CODE HERE", "Write your answer here"):
        assert words in text
    assert files["CLAUDE.md"].startswith(b"@AGENTS.md\n")
    assert not {"AGENTS.md", "CLAUDE.md"} & bundle.bundle(ROOT, agents=False).keys()


def test_the_container_installs_as_a_student_would():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "python -m labutils install"
    for page in container["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / page).exists()
