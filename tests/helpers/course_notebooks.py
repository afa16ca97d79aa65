"""The course's notebooks as the tests see them: cells by their role, solutions, and students who fill them in."""

import re

import nbformat

from labutils import files

ROOT = files.REPOSITORY


NAMES = [
    "00_true_or_false",
    "01_gradient_descent",
    "02_iterative_pruning",
    "03_l1_regularization",
    "04_proximal_gradient",
    "05_trimmed_l1",
    "06_ste_quantization",
    "07_mixed_precision",
    "08_few_bits",
]
POINTS = dict(zip(NAMES, (20, 11, 10, 9, 9, 11, 20, 20, 0)))  # the homework's: Problem 1 20, Lab 1 50, Lab 2 40


RECORD = "application/vnd.labutils.check+json"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def marks(cell):
    return cell.metadata.get("nbgrader", {})


def is_answer(cell):
    return marks(cell).get("solution") and cell.cell_type == "code"


def is_check(cell):
    """Whether a cell checks an answer, for points of the homework's or for none."""
    return cell.cell_type == "code" and "nbgrader" in cell.metadata and not marks(cell).solution


NOTEBOOKS = sorted(files.NOTEBOOKS.glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def fill(notebook, answers):
    """Write answers, {grade_id: source}, into a student's notebook, in place; return it."""
    for cell in notebook.cells:
        cell.source = answers.get(marks(cell).get("grade_id"), cell.source)
    return notebook


def solutions(solved):
    """Return {grade_id: source} of the code answers in a solved notebook, without markers."""
    return {
        marks(cell).grade_id: re.sub(r"(?m)^ *### (BEGIN|END) SOLUTION\n?", "", cell.source)
        for cell in filter(is_answer, solved.cells)
    }


def reports(notebook, given=lambda cell: False):
    """Run a notebook's setup, its answers, its checks and what is `given` here; return {grade_id: Report}."""
    names, found = {}, {}
    for number, cell in enumerate(code_cells(notebook)):
        if is_check(cell):
            found[marks(cell).grade_id] = eval(cell.source, names)
        elif number == 0 or is_answer(cell):
            exec(cell.source, names)
        elif given(cell):
            try:
                exec(cell.source, names)
            except Exception:  # Run All goes on
                continue
    return found


def stand_in(points):
    """Return a solved notebook with one exercise of this many points."""

    def cell(kind, source, **mark):
        new = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}[kind](source)
        new.id = mark.get("grade_id", "title")
        if mark:
            new.metadata["nbgrader"] = {"schema_version": 3, "task": False, "locked": False, "grade": False} | mark
        return new

    answer = "### BEGIN SOLUTION\nstanding = 'in for a notebook'\n### END SOLUTION"
    cells = [
        cell("markdown", "# A stand-in"),
        cell("code", answer, grade_id="stand_in_answer", solution=True),
        cell("code", "standing", grade_id="stand_in", solution=False, locked=True, grade=True, points=points),
    ]
    return nbformat.v4.new_notebook(cells=cells)
