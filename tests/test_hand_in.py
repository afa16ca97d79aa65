"""`python -m labutils hand-in` says a line for each notebook, asks which of two copies is meant, and then packs."""

import builtins
import json
import os
import subprocess
import sys
import time
import zipfile

import nbformat
import pytest
from helpers.course_notebooks import NOTEBOOKS, fill, marks, read, solutions

from labutils import __main__, files, hand_in
from labutils.grading.release import bundle
from labutils.grading.release.student_version import student_version

FIRST, SECOND = (path.stem for path in NOTEBOOKS[1:3])
SOLVED = {path.stem: read(path) for path in NOTEBOOKS[1:3]}
GIVEN = {lab: student_version(notebook) for lab, notebook in SOLVED.items()}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A student's folder with two labs as they were given; returns that of the notebooks."""
    monkeypatch.setattr(files, "REPOSITORY", tmp_path)
    monkeypatch.setattr(files, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(builtins, "input", lambda prompt: (_ for _ in ()).throw(EOFError))
    (tmp_path / "notebooks").mkdir()
    files.write_json(
        tmp_path / hand_in.GIVEN, bundle.digests({f"notebooks/{lab}.ipynb": n for lab, n in GIVEN.items()})
    )
    for lab, notebook in GIVEN.items():
        nbformat.write(notebook, tmp_path / "notebooks" / f"{lab}.ipynb")
    return tmp_path / "notebooks"


def done(lab=FIRST):
    """Return a lab that a student has done, and run from top to bottom."""
    made = fill(student_version(SOLVED[lab]), solutions(SOLVED[lab]))
    for count, (cell, solved) in enumerate(zip(made.cells, SOLVED[lab].cells), 1):
        if cell.cell_type == "markdown" and marks(cell):
            cell.source = cell.source.replace(f"*Write your answer here: {hand_in.HOW_TO_WRITE}.*", "Because.")
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = solved.outputs, count
    return made


def save(folder, notebook, name=f"{FIRST}.ipynb", minutes=0):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    os.utime(path, (time.time() - 60 * minutes,) * 2)


def packed(folder, *words):
    """Pack; return what is in the zip."""
    assert __main__.main(["hand-in", *words]) == 0
    with zipfile.ZipFile(folder.parent / "hand-in.zip") as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def line(capsys, name):
    (found,) = [line for line in capsys.readouterr().out.splitlines() if f"{name}: " in line[:60]]
    return found


def test_both_are_packed_and_as_they_were_given(folder, capsys):
    assert list(packed(folder)) == [f"{FIRST}.ipynb", f"{SECOND}.ipynb"]
    assert "as it was given" in line(capsys, f"{FIRST}.ipynb")


def test_a_lab_that_is_done_is_ok(folder, capsys):
    save(folder, done())
    packed(folder)
    found = line(capsys, f"{FIRST}.ipynb")
    assert found.startswith("ok") and "6 of 6 points" in found and "run in order" in found


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda cells: cells["answer-b-text"].update(source=cells["given"]["answer-b-text"].source),
            "not answered: “Does W converge to an optimal solution?”, “Does W converge to a sparse solution?”",
        ),
        (lambda cells: cells["answer-a"].update(source="raise NotImplementedError(\"exercise (a): write `gradient`\")"),
         "not answered: exercise (a): write `gradient`"),
        (lambda cells: cells["numeric"].update(execution_count=None), "1 of 23 cells not run"),
        (lambda cells: cells["numeric"].update(execution_count=99), "cells run out of order"),
        (lambda cells: cells["check-a"].update(source="checks.lab1_a(np.gradient)"), "checks changed: lab1_a"),
        (lambda cells: cells["check-a"].metadata.pop("nbgrader"), "cells gone: lab1_a"),
        (lambda cells: cells["look"].metadata.update(cells["answer-a"].metadata), "cells there twice: lab1_a_answer"),
    ],
)  # fmt: skip
def test_what_is_amiss_is_said_by_name(folder, capsys, spoil, said):
    made = done()
    cells = {cell.id: cell for cell in made.cells}
    spoil(cells | {"given": {cell.id: cell for cell in GIVEN[FIRST].cells}})
    save(folder, made)
    packed(folder)
    found = line(capsys, f"{FIRST}.ipynb")
    assert found.startswith("->") and said in found


COPIES = [
    f"{FIRST} - Copy.ipynb",
    f"{FIRST} (1).ipynb",
    f"{FIRST}-Copy1.ipynb",
    "final.ipynb",
    "mine/lab (2) final.ipynb",
]


@pytest.mark.parametrize("name", COPIES)
def test_which_of_two_copies_is_asked_and_never_guessed(folder, capsys, monkeypatch, name):
    save(folder, done(), name, minutes=5)
    assert __main__.main(["hand-in"]) == 1
    out, error = capsys.readouterr()
    assert name in error and "--take" in error and not (folder.parent / "hand-in.zip").exists()
    assert "(the newest)" in [row for row in out.splitlines() if f"{FIRST}.ipynb" in row][-1]
    asked = iter(["", "third", str(1 + sorted([f"{FIRST}.ipynb", name]).index(name))])
    monkeypatch.setattr(builtins, "input", lambda prompt: next(asked))
    taken = packed(folder)
    assert list(taken) == [f"{FIRST}.ipynb", f"{SECOND}.ipynb"]
    assert taken[f"{FIRST}.ipynb"] == json.loads((folder / name).read_text())
    assert "under its lab's name" in capsys.readouterr().out
    assert packed(folder, "--take", name) == taken
    assert packed(folder, "--take", f"{FIRST}.ipynb") != taken
    assert __main__.main(["hand-in", "--take", "01", "--take", name]) == 1
    assert "--take 01: expected the name of a lab's notebook" in capsys.readouterr().err


def test_a_renamed_lab_is_known_by_its_cells(folder, capsys):
    (folder / f"{FIRST}.ipynb").rename(folder / "lab 1 (final) ä.ipynb")
    assert f"{FIRST}.ipynb" in packed(folder)


def test_a_lab_that_was_never_saved_has_no_date(folder, capsys):
    os.utime(folder / f"{FIRST}.ipynb", (315_576_000,) * 2)  # in 1980, as files of a release
    packed(folder)
    assert line(capsys, f"{FIRST}.ipynb").endswith("nothing answered")


def test_labs_are_asked_for_in_their_order(folder, capsys, monkeypatch):
    labs = [f"{number:02}_lab" for number in range(6)]
    cells = {lab: [[f"{lab}_{part}", True] for part in "ab"] for lab in labs}
    files.write_json(folder.parent / hand_in.GIVEN, {lab: dict(ids) for lab, ids in cells.items()})
    for lab in labs:
        marked = [{"grade_id": name, "solution": True} for name, _ in cells[lab]]
        made = {"cells": [{"cell_type": "code", "source": "1", "metadata": {"nbgrader": mark}} for mark in marked]}
        for name in (f"{lab}.ipynb", f"{lab} (1).ipynb"):
            (folder / name).write_text(json.dumps(made))
    monkeypatch.setattr(builtins, "input", lambda prompt: "1")
    packed(folder)
    asked = [row.split()[3].rstrip(":") for row in capsys.readouterr().out.splitlines() if "notebooks are" in row]
    assert asked == labs  # whatever order a set has


def test_what_cannot_be_read_is_said_to_be_left_out_and_counted(folder, capsys):
    (folder / "spoilt.ipynb").write_text("{ broken")
    packed(folder)
    out = capsys.readouterr().out
    assert "left out; saved" in next(row for row in out.splitlines() if row.startswith("->   spoilt.ipynb: "))
    assert "look at the 1 marked -> first" in out


def test_nothing_is_left_out_silently(folder, capsys):
    nbformat.write(nbformat.v4.new_notebook(), folder / "scratch.ipynb")
    (folder / "helper.py").write_text("")
    (folder / f"{SECOND}.ipynb").write_text("{ broken")
    (folder / ".ipynb_checkpoints").mkdir()
    save(folder, done(), f".ipynb_checkpoints/{FIRST}-checkpoint.ipynb")
    (folder / f"{FIRST}.ipynb").unlink()
    assert __main__.main(["hand-in"]) == 0
    out = capsys.readouterr().out
    for said in ("scratch.ipynb: none of the labs, left out", "helper.py: no notebook, left out",
                 f"{SECOND}.ipynb: cannot be read", f"{FIRST}.ipynb: not there"):  # fmt: skip
        assert said in out
    with zipfile.ZipFile(folder.parent / "hand-in.zip") as archive:  # broken as it is: a person may still read it
        assert archive.read(f"{SECOND}.ipynb") == b"{ broken"


def test_an_old_zip_never_looks_like_a_new_one(folder, capsys):
    (folder.parent / "hand-in.zip").write_bytes(b"old")
    save(folder, done(), COPIES[0])
    assert __main__.main(["hand-in"]) == 1
    assert not (folder.parent / "hand-in.zip").exists()
    (old,) = folder.parent.glob("old-hand-in-*.zip")
    assert old.read_bytes() == b"old" and old.name in capsys.readouterr().out


def test_it_needs_no_package_at_all():
    code = f"import sys; sys.path.insert(0, {str(files.REPOSITORY)!r}); from labutils import hand_in\n"
    code += "print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    result = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert {*result.stdout.split()} <= {"labutils", "__main__"}


def test_in_a_checkout_it_says_what_it_lacks(folder, capsys):
    (folder.parent / hand_in.GIVEN).unlink()
    assert __main__.main(["hand-in"]) == 1
    assert hand_in.GIVEN in capsys.readouterr().err
