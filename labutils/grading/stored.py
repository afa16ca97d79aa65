"""Reads the results that are stored in submissions and runs nothing: what each check is said to have given, and flags.

A flag is a fact that somebody should look at, not a verdict. What a file cannot show is not flagged: an answer that was
edited after its last run, a record that was forged and agrees with everything around it. Marks rest on a re-run.
"""

from ..checks import RECORD
from . import borrowed
from .course import bare, blank_result, cell, unwrapped
from .intake.notebooks import is_code, listing, mapping, outputs, read, shown, source, text, why
from .reading import answers_by_question
from .stored_flags import answer_flags, count, disagreements, run_flags

MOST_ROWS = 100


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
    found = answers_by_question.read([cell(one) for one in cells], questions)
    answers_by_question.enter(found, result, questions)
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
