"""Sakai: a zip for "Upload All" of the assignment, and a table for Gradebook > Import.

Sources: AssignmentAction.java, SpreadsheetExporter.java and ImportGradesHelper.java of Sakai.
"""

import re

from ...intake.sakai import owner
from .. import filled_in_tables
from .marks import TITLE, id_of, person
from .roster import Roster, named

STUDENT = re.compile(  # "Last, First(id)"; where names are hidden, what stands in front of what was handed in
    r"(?:^|.*?/)(?P<folder>(?P<name>[^/]+?)\s*\((?P<id>[^()/]+)\)|(?P<hidden>[^/]+?)(?=[/_]Submission att))[/_]"
)
HEADER = ("Display ID", "ID", "Last Name", "First Name", "grade")


def known(marks, roster_path=None):
    """Return ([(mark, user's id, "Last, First"), ...], notes): by the download's folders, or by the site's roster."""
    if roster_path is None:
        found = [(mark, STUDENT.match(mark.place)) for mark in marks]
        unknown = [mark.student for mark, at in found if not at]
        notes = [f"--roster is needed for the ids of {named(unknown)}"] * bool(unknown)
        return [(mark, at["id"] or at["hidden"], at["name"] or at["hidden"]) for mark, at in found if at], notes
    keys = [lambda line: first_two(line)[0], lambda line: first_two(line)[1]]
    roster = Roster(roster_path, (), [keys[0], *keys])
    if len(roster.columns) < 2:
        raise ValueError(f"{roster_path}: expected a user id and a name first, found {', '.join(roster.columns)}")

    found, notes = roster.match(marks, lambda mark: (id_of(mark, owner), mark.student, person(mark)))
    return [(mark, *first_two(line)) for mark, line in found], notes


def first_two(line):
    """Return the first two cells of a table's line, by position, as Sakai reads them."""
    return [*line.values(), "", ""][:2]


def rows(people, most, title=None):
    """Return the lines of a table for the gradebook: user id, name, points and a comment; for each of a team.

    Parameters: people, as `known` returns them; most, the points of the course; title, of the gradebook's item.
    """
    title = re.sub(r"[\[\]]", "", title or TITLE).lstrip("*# ")
    head = ("Student ID", "Student Name", f"{title} [{most:g}]", f"* {title}")
    each = [(mark, *who) for mark, id, name in people for who in _members(mark, id) or [(id, name)]]
    return [head] + [
        (id, filled_in_tables.cell(name), f"{mark.points:g}", mark.comment(most)) for mark, id, name in each
    ]


def _members(mark, id):
    """Return [(user's id, name), ...] of a team of Sakai's, [] of a person."""
    return [(member[1], member[0]) for member in mark.members if id == mark.id]


def grades(people, title=None):
    """Return the lines of the grades.csv that lies in a zip for the assignment; Sakai reads it from the fourth on."""
    lines = [(title or TITLE, "SCORE_GRADE_TYPE"), ("",), HEADER]
    for mark, id, name in people:
        last, _, first = name.partition(",")
        if _members(mark, id):  # a team's grade comes in the fourth place, a student's in the fifth
            last, first = "; ".join(member[0] for member in mark.members), f"{mark.points:g}"
        lines.append(
            (id, id, filled_in_tables.cell(last.strip()), filled_in_tables.cell(first.strip()), f"{mark.points:g}")
        )
    return lines


def feedback_name(mark, id, name):
    """Return the name, below the assignment's folder, under which Sakai takes a page of feedback."""
    at = STUDENT.match(mark.place)
    return f"{at['folder'] if at else f'{name}({id})'.replace('/', ' ')}/Feedback Attachment(s)/feedback.html"
