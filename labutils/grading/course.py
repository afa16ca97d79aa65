"""The course's questions, read off the instructor's notebooks: nothing about them stands anywhere else."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

from ..checks import RECORD
from ..files import NOTEBOOKS
from .intake.notebooks import mapping, marks, outputs, read, source

HIDDEN_TESTS = re.compile(r"(?ms)^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?")
SOLUTION = re.compile(r"(?ms)^[^\n]*BEGIN SOLUTION.*?END SOLUTION[^\n]*\n?")
PLACEHOLDER = re.compile(r"(?i)^\W*(write )?your answer here\W*$")


class Question(NamedTuple):
    """One question: a check cell, or an answer in words that somebody marks (manual).

    `given` is the cell as students get it, without hidden tests or without the answer; `full` as the instructor has it.
    `answers` are the grade_ids of the cells that a check checks, `rows` its rows: (label, max, hidden).
    """

    id: str
    notebook: str
    max: float
    manual: bool
    given: str
    full: str
    answers: tuple = ()
    rows: tuple = ()


def bare(text):
    """Return a source without blanks at the ends of lines and blank lines around it: no tool keeps those for sure."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def stems(folder=None):
    """Return the names of the course's notebooks, "01_gradient_descent", first to last."""
    return [path.stem for path in sorted(Path(folder or NOTEBOOKS).glob("[0-9][0-9]_*.ipynb"))]


def questions(folder=None):
    """Return {grade_id: Question} for all questions, in the order in which they stand in the instructor's notebooks.

    Raises: ValueError where there are no notebooks, one is broken, or one of its checks has not been run.
    """
    folder, found = Path(folder or NOTEBOOKS), {}
    for stem in stems(folder):
        path, answers = folder / f"{stem}.ipynb", []
        try:
            for cell in read(path):
                mark = marks(cell)
                if mark.get("grade"):
                    question = _question(cell, stem, tuple(answers))
                    found[question.id], answers = question, [] if not question.manual else answers
                elif mark.get("solution"):
                    answers.append(mark["grade_id"])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    if not found:
        raise ValueError(f"{folder}: expected the course's notebooks, with nbgrader's metadata, found none")
    return found


def _question(cell, stem, answers):
    mark, full = marks(cell), source(cell)
    manual = bool(mark.get("solution"))
    given = (SOLUTION if manual else HIDDEN_TESTS).sub("", full)
    given = "" if manual and given == full else given  # where no solution is marked, all of it is one
    rows = () if manual else _rows(cell, full)
    return Question(mark["grade_id"], stem, mark["points"], manual, bare(given), bare(full), answers, rows)


def _rows(cell, full):
    """Return the rows of an instructor's check; hidden are those whose labels stand among the hidden tests."""
    records = [mapping(output.get("data")).get(RECORD) for output in outputs(cell)]
    if not records or records[-1] is None:
        raise ValueError(f"expected {marks(cell)['grade_id']} run, found no record; run the notebook and save it")
    spans = [
        (full.count("\n", 0, m.start()) + 1, full.count("\n", 0, m.end() - 1) + 1) for m in HIDDEN_TESTS.finditer(full)
    ]
    texts = {
        node.value
        for node in ast.walk(ast.parse(full))
        if isinstance(node, ast.Constant) and any(first <= node.lineno <= last for first, last in spans)
    }
    return tuple((row["label"], row["max"], row["label"] in texts) for row in records[-1]["rows"])


def own_words(question, text):
    """Return the text of a manual question's cell as it is, but "" where it holds no more than what was given."""
    given = set(question.given.splitlines())
    own = [line for line in bare(text).splitlines() if line not in given and not PLACEHOLDER.match(line)]
    return text if any(line.strip() for line in own) else ""


def blank_result(submission, questions):
    """Return the result of a submission before anything in it is read: no points, and its reason if it has one."""
    return {
        "student": submission.student,
        "status": "failed",
        "reason": submission.reason,
        "isolation": "",
        "flags": list(submission.flags),
        "notebooks": {
            question.notebook: {"status": "missing", "reason": "", "flags": []} for question in questions.values()
        },
        "questions": {
            question.id: {
                "points": None if question.manual else 0,
                "max": question.max,
                "manual": question.manual,
                "rows": [],
            }
            for question in questions.values()
        },
        "answers": {question.id: "" for question in questions.values() if question.manual},
    }
