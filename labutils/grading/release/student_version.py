"""Makes the student version of a notebook: what is to be written taken out, what a run left behind gone.

The rules are nbgrader's, so that `nbgrader generate_assignment` gives the same cells, but for the stub, which names its
exercise here.
"""

import ast
import copy
import re
from functools import partial

from ...hand_in import HOW_TO_WRITE
from ..course import SOLUTION, regions, replace_regions, visible

CODE_STUB = '# YOUR CODE HERE\nraise NotImplementedError("{}")'
TEXT_STUB = f"*Write your answer here: {HOW_TO_WRITE}.*"
EXERCISE = re.compile(r"\*\*(Exercise [^*]+?)\.?\*\*")  # as the text in front of an exercise names it
CLAIM = re.compile(r"(?m)^## (\d+\.\d+) ")  # Problem 1's exercises have the numbers of their headings


def marks(cell):
    """Return a cell's nbgrader metadata, empty where it has none."""
    return cell.metadata.get("nbgrader", {})


def is_answer(cell):
    """Return whether students write in this cell: code, or the answer to a written question."""
    return bool(marks(cell).get("solution"))


def is_check(cell):
    """Return whether this cell checks the answer above it, for points or, beyond the homework, for none."""
    return bool(marks(cell).get("locked")) and not is_answer(cell)


def stub(cell, exercise, first):
    """Return the lines that stand in place of a solution which begins at line `first` of an answer's cell."""
    if cell.cell_type == "markdown":
        return [TEXT_STUB]
    around = [
        node.name
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno <= first <= node.end_lineno
    ]
    what = f"write `{'.'.join(around)}`" if around else "write this cell"
    return CODE_STUB.format(f"{exercise}: {what}").split("\n")


def without_answer(cell, exercise):
    """Return the source of an answer's cell without its solutions, or with nothing but a stub where none is marked."""
    if not regions(cell.source, SOLUTION):
        return "\n".join(stub(cell, exercise, 0))
    return replace_regions(cell.source, SOLUTION, partial(stub, cell, exercise))


def student_version(notebook):
    """Return a copy of a notebook for students.

    Solutions are replaced by a line that raises NotImplementedError and names the exercise, answers to written
    questions by an invitation to write; hidden tests, outputs, execution counts and widget state are gone. Jupyter will
    not delete the cells of answers, and neither delete nor edit those of checks.
    Parameters: notebook, an nbformat 4 node.
    Raises: ValueError, naming the cell, where a region has no begin or no end, or a solution is no Python.
    """
    notebook, exercise = copy.deepcopy(notebook), None
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            named = EXERCISE.findall(cell.source) or [f"Exercise {number}" for number in CLAIM.findall(cell.source)]
            exercise = named[-1][0].lower() + named[-1][1:] if named else exercise
        try:
            if is_answer(cell):
                cell.source = without_answer(cell, exercise or f"exercise {marks(cell)['grade_id']}")
                cell.metadata["deletable"] = False
            elif is_check(cell):
                cell.source = visible(cell.source)
                cell.metadata["deletable"] = cell.metadata["editable"] = False
        except SyntaxError as error:
            raise ValueError(f"cell {cell.get('id')}: expected Python, found {error}") from None
        except ValueError as error:
            raise ValueError(f"cell {cell.get('id')}: {error}") from None
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            for left in ("execution", "collapsed", "scrolled"):
                cell.metadata.pop(left, None)
    return notebook
