"""Reads the results that are stored in submissions and runs nothing: what each check is said to have given, and flags.

A flag is a fact that somebody should look at, not a verdict. What a file cannot show is not flagged: an answer that was
edited after its last run, a record that was forged and agrees with everything around it. Marks rest on a re-run.
"""

import re

from ..checks import RECORD
from . import borrowed
from .course import bare, blank_result, cell, unwrapped
from .intake.notebooks import is_code, listing, mapping, outputs, read, shown, source, text, why
from .reading import answers

MOST_ROWS = 100
CAPTION = re.compile(r": (\S+) of (\S+) points</caption>")


def preview(submission, questions):
    """Return the result of one submission by its stored outputs; every question of the course is in it.

    Parameters: submission, as `submissions.collect` yields them; questions, as `course.questions` returns them.
    """
    result = blank_result(submission.student, questions.values(), submission.reason, submission.flags)
    result["isolation"] = "nothing was run"
    if submission.reason:
        return result
    for stem, state in result["notebooks"].items():
        if stem not in submission.notebooks:
            continue
        try:
            cells = read(submission.notebooks[stem])
        except (ValueError, OSError) as error:
            state |= {"status": "failed", "reason": why(error)}
            continue
        state["status"] = "ok"
        state["flags"] += look(cells, [q for q in questions.values() if q.notebook == stem], result)
    if any(state["status"] == "ok" for state in result["notebooks"].values()):
        result["status"] = "previewed"
    else:
        result["reason"] = "expected a notebook that can be read, found none"
    return result


def look(cells, questions, result):
    """Enter the claims and written answers of one notebook into the result; return its flags."""
    found = answers.read([cell(one) for one in cells], questions)
    answers.enter(found, result, questions)
    by_id = {}
    for one, known in zip(cells, found.cells):
        by_id.setdefault(known.id, []).append(one)
    counts = [count(one) for one in cells if is_code(one) and source(one).strip()]
    flags = run_flags(cells, counts)
    for question in (question for question in questions if not question.manual):
        own = by_id.get(question.id, [])
        notes = [] if len(own) == 1 else [f"its cell is there {len(own)} times" if own else "its cell is missing"]
        if own:
            entry = result["questions"][question.id]
            entry["points"], entry["rows"] = claim(question, own[0], notes, ever_run=any(counts))
            above = {name: by_id.get(name, []) for name in question.answers}
            notes += answer_flags(own[0], above, entry["points"])
            written = [source(one) for several in above.values() for one in several]
            notes += borrowed.note(written, [source(one) for one in cells if is_code(one)], question.lent)
        flags += [f"{question.id}: {note}" for note in notes]
    return flags + found.flags


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


def claim(question, cell, notes, ever_run=True):
    """Return (points, rows) as the record in a check's cell has them, zero where there is none to believe.

    What does not agree is said in `notes`: the cell with the course's, the record with itself, its text and the course.
    """
    code = bare(source(cell))
    code = code if code == question.full else unwrapped(code)  # nbgrader leaves parentheses around one line
    if not is_code(cell) or code not in (question.given, question.full):
        notes.append("its check was altered")
    elif code != question.given:
        notes.append("its check holds the hidden tests, which students do not have")
    found = [output for output in outputs(cell) if RECORD in mapping(output.get("data"))]
    if not found:
        if ever_run:
            failed = any(output.get("output_type") == "error" for output in outputs(cell))
            notes.append(f"no record: its check {'ended with an error' if failed else 'was not run'}")
        return 0, []
    if len(found) > 1 or found[0].get("output_type") != "execute_result":
        notes.append("its record is not the one result of its cell")
    data = found[0]["data"]
    record = mapping(data[RECORD])
    rows = [row(part, notes) for part in listing(record.get("rows"))[:MOST_ROWS]]
    rows = [part for part in rows if part]
    points, most = amount(record.get("points"), question.max), amount(record.get("max"), question.max)
    if points is None or most is None:
        notes.append(
            f"its record says {shown(record.get('points'), 20)} of {shown(record.get('max'), 20)} points, "
            f"of {question.max:g} that there are"
        )
        return 0, rows
    notes += disagreements(question, code, data, rows, points, most)
    return points, rows


def amount(value, most):
    """Return a number of points if it is one, from 0 to `most`, else None."""
    return value if type(value) in (int, float) and 0 <= value <= most else None


def row(part, notes):
    """Return one row of a record as the results hold it, or None, noted, where it is none."""
    part = mapping(part)
    most = amount(part.get("max"), 1000)
    points = None if most is None else amount(part.get("points"), most)
    if points is None or not isinstance(part.get("label"), str):
        if "its record has rows that are none" not in notes:
            notes.append("its record has rows that are none")
        return None
    if part.get("ok") is not (points == most):
        notes.append(f"its row {shown(part['label'], 40)} is marked otherwise than its points say")
    label, message = text(part["label"])[:200], text(part.get("message"))[:500]
    return {"label": label, "points": points, "max": most, "message": message, "hidden": False}


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
