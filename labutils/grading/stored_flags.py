"""What looks odd about results that are stored: not run in order, of an older answer, or in contradiction."""

import re

from ..checks import RECORD
from .intake.notebooks import is_code, outputs, shown, source, text

CAPTION = re.compile(r": (\S+) of (\S+) points</caption>")


def count(cell):
    """Return a cell's execution count, or None where it has none that could be one."""
    value = cell.get("execution_count")
    return value if type(value) is int and value > 0 else None


def run_flags(cells, counts):
    """Return what shows that a notebook was not restarted and run once from top to bottom, without errors."""
    flags, code = [], [cell for cell in cells if is_code(cell)]
    if not any(counts):
        flags.append("never run")
    elif counts != list(range(1, len(counts) + 1)):
        place, found = next((i, c) for i, c in enumerate(counts, 1) if c != i)
        found = "was not run" if found is None else f"was run as number {found}"
        flags.append(f"not restarted and run from top to bottom: code cell {place} {found}")
    errors = [output.get("ename") for cell in code for output in outputs(cell) if output.get("output_type") == "error"]
    if errors:
        flags.append(f"{len(errors)} cells ended with an error, the first with {shown(errors[0], 40)}")
    old = [place for place, cell in enumerate(code, 1) if any(is_old(cell, output) for output in outputs(cell))]
    if old:
        places = ", ".join(map(str, old[:5])) + ", ..." * (len(old) > 5)
        flags.append(f"outputs that are not from their cell's last run: code cell {places}")
    return flags


def is_old(cell, output):
    """Return whether an output cannot come from its cell's last run: the cell has no count, or another one."""
    return count(cell) is None or output.get("execution_count", count(cell)) not in (None, count(cell))


def answer_flags(check, answers, points):
    """Return what shows that a check's points are not those of the answers above it; `answers` is {grade_id: cells}."""
    notes = []
    for name, cells in answers.items():
        if len(cells) != 1:
            notes.append(f"{name} is there {len(cells)} times" if cells else f"{name} is missing")
        elif count(check) and not count(cells[0]):
            notes.append(f"{name} was not run, its check was: the points are of an older answer")
        elif count(check) and count(cells[0]) > count(check):
            notes.append(f"{name} was run after its check: the points are of an older answer")
    sources = [source(cell) for cells in answers.values() for cell in cells]
    if points and sources and all("raise NotImplementedError" in code for code in sources):
        notes.append("it has points, but its answer is not written")
    return notes


def disagreements(question, code, data, rows, points, most):
    """Return where a record disagrees with itself, with the cell's text, or with the course's check."""
    notes, record = [], data[RECORD]
    if record.get("id") != question.id:
        notes.append(f"its record is that of {shown(record.get('id'), 40)}")
    if abs(sum(part["points"] for part in rows) - points) > 1e-9:
        notes.append("its record's points are not those of its rows")
    if abs(sum(part["max"] for part in rows) - most) > 1e-9:
        notes.append("its record's maximum is not that of its rows")
    expected = [(label, most) for label, most, hidden in question.rows if not hidden or code == question.full]
    if [(part["label"], part["max"]) for part in rows] != expected:
        notes.append("its record has other rows than the check")
    if text(data.get("text/plain")) != f"{points:g}":
        notes.append(f"its record says {points:g} points, its text {shown(text(data.get('text/plain')), 20)}")
    caption = CAPTION.search(text(data.get("text/html")))
    if not caption or caption.groups() != (f"{points:g}", f"{most:g}"):
        notes.append("its record does not agree with its table")
    return notes
