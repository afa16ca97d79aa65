"""A course of two small notebooks, and what students hand in for it: made anew in each test, and then spoilt."""

import json

from labutils.checks import RECORD, Report

FIRST, SECOND = "01_first", "02_second"
HIDDEN = '    ### BEGIN HIDDEN TESTS\n    .true("hidden row", lambda: answer(3) == 9, 2)\n    ### END HIDDEN TESTS\n'
PROMPT = "**Why?**\n\n"


def check_source(name, hidden=True):
    """Return the source of a check, with the hidden tests or as students get it."""
    return f"(\n    checks.{name}(answer)\n{HIDDEN})" if hidden else f"checks.{name}(answer)"


def check_outputs(name, count, right=(True, True), hidden=True):
    """Return the stored outputs of a check: two rows of one point each, and a hidden one of two."""
    report = Report(name, "A question").true("first row", lambda: right[0]).true("second row", lambda: right[1])
    if hidden:
        report.true("hidden row", lambda: True, 2)
    data = json.loads(json.dumps(report._repr_mimebundle_()))
    return [{"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}]


def cell(source, count=None, outputs=(), kind="code", **marks):
    """Return a cell; with `marks`, as nbgrader marks it."""
    marks = {"schema_version": 3, "task": False, **marks} if marks else {}
    metadata = {"nbgrader": marks} if marks else {}
    made = {"cell_type": kind, "id": f"cell-{source[:5]}", "metadata": metadata, "source": source.splitlines(True)}
    return made | ({"execution_count": count, "outputs": list(outputs)} if kind == "code" else {})


def notebook(name="lab1_a", hidden=False, text="Because.", right=(True, True)):
    """Return a notebook with one check and one written answer, run from top to bottom."""
    prose = f"{PROMPT}<!-- BEGIN SOLUTION -->\n{text}\n<!-- END SOLUTION -->" if hidden else PROMPT + text
    source, outputs = check_source(name, hidden), check_outputs(name, 3, right, hidden)
    cells = [
        cell("# A lab", kind="markdown"),
        cell("from labutils import checks", 1),
        cell(
            "def answer(x):\n    return x ** 2", 2, grade=False, solution=True, locked=False, grade_id=f"{name}_answer"
        ),
        cell(source, 3, outputs, grade=True, solution=False, locked=True, points=4, grade_id=name),
        cell(prose, kind="markdown", grade=True, solution=True, locked=False, points=3, grade_id=f"{name}_text"),
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def write_course(folder):
    """Write the instructor's two notebooks."""
    folder.mkdir(parents=True)
    for stem, name in ((FIRST, "lab1_a"), (SECOND, "lab1_b")):
        (folder / f"{stem}.ipynb").write_text(json.dumps(notebook(name, hidden=True)), encoding="utf-8")


def hand_in(folder, first=None, second=None):
    """Write a student's folder with both notebooks, or with those given, and return it."""
    folder.mkdir(parents=True)
    for stem, made in ((FIRST, first or notebook()), (SECOND, second or notebook("lab1_b"))):
        (folder / f"{stem}.ipynb").write_text(json.dumps(made), encoding="utf-8")
    return folder


def record(made):
    """Return the record in a notebook's check, to be changed in place."""
    return data(made)[RECORD]


def data(made):
    """Return the mime bundle in a notebook's check, to be changed in place."""
    return made["cells"][3]["outputs"][0]["data"]
