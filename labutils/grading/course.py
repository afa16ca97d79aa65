"""The course's questions, read off the instructor's notebooks: nothing about them stands anywhere else."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

from ..checks import RECORD
from ..files import NOTEBOOKS
from .borrowed import taken
from .intake import notebooks, pasted_pictures
from .intake.notebooks import mapping, marks, outputs, source, text

LOADED = re.compile(r"(?m)^Data: (CIFAR-10|shapes10),")  # as datasets.load prints it
SOLUTION, HIDDEN_TESTS = "SOLUTION", "HIDDEN TESTS"  # the two kinds of regions, between BEGIN and END, as nbgrader's


class Cell(NamedTuple):
    """What grading needs of a notebook's cell; `id` is its grade_id, `own_id` the format's, "" where it has none.

    `pictures` are (name, data URL) of what was pasted into it, as `pasted_pictures.pasted` returns them; `data`, the
    data set of which its output says that it was loaded.
    """

    kind: str
    source: str
    id: str = ""
    points: float = 0
    grade: bool = False
    solution: bool = False
    own_id: str = ""
    pictures: tuple = ()
    data: str = ""


class Question(NamedTuple):
    """One question: a check cell, or an answer in words that somebody marks (manual).

    `given` is the cell as students get it, without hidden tests or without the answer; `full` as the instructor has it.
    `answers` are the grade_ids of the cells that answer it, `rows` those of a check that was run: (label, max, hidden),
    `among` all cells of its notebook as students get them, and `lent` what the instructor's answers take from labutils.
    """

    id: str
    notebook: str
    max: float
    manual: bool
    given: str
    full: str
    answers: tuple = ()
    rows: tuple = ()
    among: tuple = ()
    lent: frozenset = frozenset()


def regions(source, kind):
    """Return [(first line, lines), ...]: the regions between BEGIN `kind` and END `kind`, their lines counted from 1.

    Raises: ValueError where a region has no end, no begin, or another one in it.
    """
    found, inside = [], None
    for number, line in enumerate(source.split("\n"), 1):
        begins, ends = f"BEGIN {kind}" in line, f"END {kind}" in line
        if begins and inside is not None or ends and inside is None:
            raise ValueError(f"expected BEGIN and END {kind} by turns, found {line.strip()!r}")
        if begins:
            found.append((number, inside := []))
        elif ends:
            inside = None
        elif inside is not None:
            inside.append(line)
    if inside is not None:
        raise ValueError(f"expected END {kind} after BEGIN {kind}, found none")
    return found


def replace_regions(source, kind, stub):
    """Return the source with `stub(first line)`, indented alike, in place of each region of `kind` and its markers."""
    lines = source.split("\n")
    for first, inside in reversed(regions(source, kind)):
        indent = re.match(r"\s*", lines[first - 1]).group()
        lines[first - 1 : first + len(inside) + 1] = [indent + line for line in stub(first)]
    return "\n".join(lines)


def unwrapped(source):
    """Return a source without parentheses that hold one line alone."""
    alone = re.fullmatch(r"\(\n\s*([^\n]+)\n\)\s*", source)
    return alone[1] if alone else source


def visible(check):
    """Return a check's source as students get it: no hidden tests, and no parentheses that stay behind."""
    return unwrapped(replace_regions(check, HIDDEN_TESTS, lambda first: []))


def hidden_rows(check):
    """Return how many rows the hidden tests of a check cell add; they are its last."""
    spans = [(first, first + len(inside) + 1) for first, inside in regions(check, HIDDEN_TESTS)]
    calls = [node.func for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Call)] if spans else []
    rows = [
        call.end_lineno
        for call in calls
        if isinstance(call, ast.Attribute) and call.attr in ("again", "agree", "close", "says", "true")
    ]
    return sum(first < line < last for line in rows for first, last in spans)


def bare(text):
    """Return a source without blanks at the ends of lines and blank lines around it: no tool keeps those for sure."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def stems(folder=None):
    """Return the names of the course's notebooks, "01_gradient_descent", first to last."""
    return [path.stem for path in sorted(Path(folder or NOTEBOOKS).glob("[0-9][0-9]_*.ipynb"))]


def cell(plain):
    """Return the `Cell` of a cell as a notebook holds it, whatever is missing in it or of another type."""
    marked = marks(plain)
    points = marked.get("points")
    loaded = [LOADED.search(text(output.get("text"))) for output in outputs(plain)]
    return Cell(
        text(plain.get("cell_type")),
        source(plain),
        text(marked.get("grade_id")),
        points if isinstance(points, (int, float)) else 0,
        bool(marked.get("grade")),
        bool(marked.get("solution")),
        text(plain.get("id")),
        pasted_pictures.pasted(plain),
        next((found[1] for found in loaded if found), ""),
    )


def read(path):
    """Return the `Cell`s of a notebook; raise ValueError, in one line, for a file that cannot be read as one."""
    try:
        return [cell(plain) for plain in notebooks.read(path)]
    except (ValueError, OSError) as error:
        raise ValueError(notebooks.why(error)) from None


def as_given(one):
    """Return a `Cell` of the instructor's as students get it, but without a stub in place of its solution."""
    if not one.solution:
        return one._replace(source=visible(one.source)) if one.grade else one
    given = replace_regions(one.source, SOLUTION, lambda first: [])
    return one._replace(source="" if given == one.source else given)  # where no solution is marked, all of it is


def questions_of(cells, notebook="", records=None):
    """Return the `Question`s of an instructor's notebook, first to last; a check's answers stand above it.

    Parameters: cells, `Cell`s; notebook, its name; records, {grade_id: the record that its check gave when it was run}
        (None: without rows). Raises: ValueError where a check has no record.
    """
    cells, found, answers, sources = list(cells), [], [], []
    among, code = tuple(map(as_given, cells)), [one.source for one in cells if one.kind == "code"]
    for one, given in zip(cells, among):
        if one.grade:
            question = Question(one.id, notebook, one.points, one.solution, bare(given.source), bare(one.source))
            answered_by = (one.id,) if one.solution else tuple(answers)
            rows = () if one.solution or records is None else _rows(question, records.get(one.id))
            lent = frozenset() if one.solution else frozenset(taken(sources, code))
            found.append(question._replace(answers=answered_by, rows=rows, among=among, lent=lent))
            answers, sources = (answers, sources) if one.solution else ([], [])
        elif one.solution:
            answers.append(one.id)
            sources.append(one.source)
    return found


def _rows(question, record):
    """Return the rows of a check as its record has them: (label, max, hidden)."""
    if record is None:
        raise ValueError(f"expected {question.id} run, found no record; run the notebook and save it")
    first_hidden = len(record["rows"]) - hidden_rows(question.full)
    return tuple((row["label"], row["max"], place >= first_hidden) for place, row in enumerate(record["rows"]))


def _record(plain):
    """Return the record that a cell's last output holds, or None."""
    records = [mapping(output.get("data")).get(RECORD) for output in outputs(plain)]
    return records[-1] if records else None


def questions(folder=None):
    """Return {grade_id: Question} for all questions, in the order in which they stand in the instructor's notebooks.

    Raises: ValueError where there are no notebooks, one is broken, or one of its checks has not been run.
    """
    folder, found = Path(folder or NOTEBOOKS), {}
    for stem in stems(folder):
        path = folder / f"{stem}.ipynb"
        try:
            cells = notebooks.read(path)
            records = {marks(plain).get("grade_id"): _record(plain) for plain in cells if marks(plain).get("grade")}
            found |= {question.id: question for question in questions_of(map(cell, cells), stem, records)}
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    if not found:
        raise ValueError(f"{folder}: expected the course's notebooks, with nbgrader's metadata, found none")
    return found


def blank_result(student, questions, reason="", flags=()):
    """Return the result of a submission before anything in it is read: no points, and its reason if it has one.

    Parameters: student, the name; questions, all `Question`s of the course.
    """
    return {
        "student": student,
        "status": "failed",
        "reason": reason,
        "isolation": "",
        "flags": list(flags),
        "notebooks": {question.notebook: {"status": "missing", "reason": "", "flags": []} for question in questions},
        "questions": {
            question.id: {
                "points": None if question.manual else 0,
                "max": question.max,
                "manual": question.manual,
                "rows": [],
            }
            for question in questions
        },
        "answers": {question.id: "" for question in questions if question.manual},
        "own": {},
        "data": {},
    }
