"""Gradescope and PrairieLearn: a result as the JSON that each reads, and finished marks as an autograder of their own.

Gradescope takes marks from nobody but an autograder: the one made here looks up who is asking, and runs nothing.
Sources: "Autograder Specifications" and "Submission Metadata" of Gradescope, "External grading" of PrairieLearn.
"""

import json

from ...intake.gradescope import owner
from ...release.archive import pack
from .marks import id_of, person
from .roster import Roster, named

LONGEST = 2_000  # characters of a message; PrairieLearn takes 1 MB of results in all
PUBLISHED = "after_published"
SETUP = "#!/usr/bin/env bash\nset -e\ncommand -v python3 || apt-get install --yes python3\n"
LOOK_UP = '''#!/usr/bin/env python3
"""Copies the marks of who handed in to the results. Nothing of the submission is run or read."""
import json
import os
import pathlib

base = pathlib.Path(os.environ.get("AUTOGRADER", "/autograder"))
metadata = json.loads((base / "submission_metadata.json").read_text(encoding="utf-8"))
marks = json.loads((base / "source" / "marks.json").read_text(encoding="utf-8"))
keys = [str(metadata["id"]), *(user["email"].strip().lower() for user in metadata.get("users", []))]
found = next((marks[key] for key in keys if key in marks), None)
if found is None:
    found = {"score": 0, "output": "These marks do not have this submission: ask your instructor.", "tests": []}
(base / "results").mkdir(exist_ok=True)
(base / "results" / "results.json").write_text(json.dumps(found), encoding="utf-8")
'''


def tests(result, titles, written=False):
    """Yield (title of the question, label, points, max, message, hidden) of each row of a result.

    Of a hidden row neither label nor message is told. Parameters: titles, {grade_id: title}; written, whether written
        answers are among them, those that have points.
    """
    for name, question in result["questions"].items():
        title, hidden = titles.get(name, name), 0
        for row in question["rows"]:
            hidden += row["hidden"]
            label, message = (f"hidden test {hidden}", "") if row["hidden"] else (row["label"], row["message"])
            yield title, label, row["points"], row["max"], message[:LONGEST], row["hidden"]
        if not question["rows"] and not question["manual"]:
            yield title, "the check", question["points"], question["max"], "", False
        if question["manual"] and written and question["points"] is not None:
            message = question.get("comment", "")[:LONGEST]
            yield title, "written answer", question["points"], question["max"], message, True


def results(result, titles, mark=None, seconds=None):
    """Return Gradescope's results.json of a result: its checks, and with a Mark its written answers and lateness too.

    What students see at once is visible, hidden tests and marks given by hand once the marks are published.
    """
    rows, words = list(tests(result, titles, written=mark is not None)), [result["reason"]]
    found = [
        {
            "name": f"{title}: {label}",
            "score": points,
            "max_score": most,
            "status": "passed" if points == most else "failed",
            "output": message,
            "output_format": "text",
            "visibility": PUBLISHED if hidden else "visible",
            "number": f"{number}",
        }
        for number, (title, label, points, most, message, hidden) in enumerate(rows, 1)
    ]
    words += [mark.late] if mark else []
    whole = {
        "score": mark.points if mark else round(sum(row[2] for row in rows), 6),
        "output": "\n".join(filter(None, words)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": found,
    }
    return whole if seconds is None else whole | {"execution_time": round(seconds)}


def prairielearn(result, titles, most):
    """Return PrairieLearn's results.json of a result: its checks, whose points are `most` in all."""
    rows = list(tests(result, titles))
    return {
        "gradable": result["status"] != "failed",
        "score": round(sum(row[2] for row in rows) / most, 6),
        "message": result["reason"],
        "output": "",
        "tests": [
            {"name": f"{title}: {label}", "points": points, "max_points": limit, "message": message, "output": ""}
            for title, label, points, limit, message, _ in rows
        ],
    }


def look_up(marked, titles, roster_path=None):
    """Return (the bytes of an autograder that gives these marks, how many it knows, notes in words).

    Parameters: marked, [(result, Mark), ...]; titles, {grade_id: title}; roster_path, of Gradescope's own export, for
        marks of submissions that did not come from there (None: by the submissions' ids).
    """
    by_mark = {mark.student: result for result, mark in marked}
    marks = [mark for _, mark in marked]
    known = [(mark, mark.id) for mark in marks if id_of(mark, owner)]
    unknown = [mark.student for mark in marks if not id_of(mark, owner)]
    notes = [f"--roster is needed for {named(unknown)}"] * bool(unknown)
    if roster_path is not None:
        keys = [lambda line, key=key: line.get(key, "") for key in ("SID", "Email", "Name")]
        roster = Roster(
            roster_path,
            ("Email",),
            [*keys, lambda line: " ".join(map(line.get, ("First Name", "Last Name"))) if "Last Name" in line else ""],
        )
        found, notes = roster.match(marks, lambda mark: [person(mark)] * 4)
        known = [(mark, line["Email"].strip().lower()) for mark, line in found]
    content = {key: results(by_mark[mark.student], titles, mark) for mark, key in known}
    inside = {"setup.sh": SETUP, "run_autograder": LOOK_UP, "marks.json": json.dumps(content)}
    packed = pack({name: text.encode() for name, text in inside.items()}, executable=("setup.sh", "run_autograder"))
    return packed, len(known), notes
