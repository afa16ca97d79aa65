"""The points that people give for written answers: the table that waits for them, and what a result takes of it."""

import csv
import hashlib
from typing import NamedTuple

from ..reading.cells import own_words
from . import filled_in_tables

TABLE = "written.csv"
COLUMNS = ("student", "question", "points", "max", "answer", "comment")
cell = filled_in_tables.cell


class Given(NamedTuple):
    """What somebody gave for an answer: points, None where it waits for some, and a comment for the student."""

    points: float | None
    comment: str = ""


def digest(answer):
    """Return what tells one answer from another in the table; no spreadsheet takes it for a number."""
    return "x" + hashlib.sha256(" ".join(answer.split()).encode("utf-8", "replace")).hexdigest()[:9]


def points_cell(points):
    """Return points as a cell of the table, "" where there are none yet."""
    return "" if points is None else f"{points:g}"


def write(file, answers, kept, questions):
    """Write the table of all answers, and below them the lines `kept`, of answers that are not there now.

    Parameters: answers, as `gradebook.answers_of` makes them; kept, as `unused` returns them. Returns: how many answers
        wait for points.
    """
    table, waiting = csv.writer(file), 0
    table.writerow(COLUMNS)
    for entry in answers:
        waiting += entry["points"] is None
        most, comment = f"{questions[entry['question']].max:g}", cell(entry["comment"])
        table.writerow(
            (entry["in_table"], entry["question"], points_cell(entry["points"]), most, entry["digest"], comment)
        )
    table.writerows(kept)
    return waiting


def unused(given, questions):
    """Return the lines of what was given that no result took."""
    return [
        (student, name, points_cell(one.points), f"{questions[name].max:g}", answer, cell(one.comment))
        for (student, name), versions in sorted(given.items())
        for answer, one in versions.items()
    ]


def enter(result, given, questions):
    """Enter what was given into a result, and 0 where nothing was written; take what was used out of `given`.

    An answer that is another now than the one that got the points is flagged, and waits for points again.
    """
    for name, question in result["questions"].items():
        if not question["manual"]:
            continue
        answer = own_words(questions[name], result["answers"].get(name, ""))
        result["answers"][name] = answer
        versions, found = given.get((cell(result["student"]), name), {}), Given(None)
        if answer:
            found = versions.pop(digest(answer) if digest(answer) in versions else "", found)
        question["points"], question["comment"] = found.points if answer else 0, found.comment
        others = [one.points for one in versions.values() if one.points is not None]
        if others and found.points is None:
            result["flags"].append(f"{name}: another answer than this got {max(others):g} points")
    return result
