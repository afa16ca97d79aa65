"""Canvas: a table for Gradebook > Import, and a zip for "Upload Submissions", which hangs the pages on comments.

Sources: lib/gradebook_importer.rb and infer_comment_context_from_filename of canvas-lms.
"""

import re

from ...intake.canvas import owner
from .. import filled_in_tables
from .marks import TITLE, id_of, person
from .roster import Roster, letters, named

PLAIN_COLUMNS = ("Student", "ID", "Section")
ASSIGNMENT = re.compile(r"(.+) \(\d+\)")
POINTS_POSSIBLE = "    Points Possible"


def heading(roster, title):
    """Return the heading of the assignment's column: the one that is there, by its title with or without the id.

    Raises: ValueError, naming those that there are, where none or several fit.
    """
    start = roster.columns.index("Section") + 1
    there = [name for name in roster.columns[start:] if ASSIGNMENT.fullmatch(name)]
    fitting = [name for name in there if title is None or title in (name, ASSIGNMENT.fullmatch(name)[1])]
    if len(fitting) != 1:
        given = f"found {title!r}" if title else "found none"
        known = ", ".join(map(repr, there[:20])) or "nothing; make the assignment in Canvas and export again"
        raise ValueError(f"--assignment: expected one of the assignments of {roster.path}, {given}; it has {known}")
    return fitting[0]


def rows(marks, most, roster_path=None, title=None):
    """Return (the lines of the table, notes in words, [(mark, line of the roster), ...]) for Marks.

    Canvas calls what a group handed in by the group's name, with the number of the one who did it.
    Parameters: most, the points of the course; roster_path, of Canvas' own export (None: by the ids of the download);
        title, of the assignment, with or without its id in parentheses.
    """
    if roster_path is None:
        known = [mark for mark in marks if _id(mark)]
        unknown = [mark.student for mark in marks if not _id(mark)]
        lines = [(filled_in_tables.cell(mark.student), mark.id, "", f"{mark.points:g}") for mark in known]
        title = title or TITLE
        notes = [f"--roster is needed for the ids of {named(unknown)}"] * bool(unknown)
        if not ASSIGNMENT.fullmatch(title):
            notes.append(f"where Canvas has no assignment {title!r}, it makes one")
            lines.insert(0, (POINTS_POSSIBLE, "", "", f"{most:g}"))
        return [(*PLAIN_COLUMNS, title), *lines], notes, [(mark, {}) for mark in marks]
    keys = ("ID", "SIS User ID", "SIS Login ID")
    by = [lambda line, key=key: line.get(key, "") if line["ID"] else "" for key in keys]
    roster = Roster(roster_path, ("ID", "Section"), [*by, _name, lambda line: _compact(_name(line))])
    column = heading(roster, title)
    own = roster.columns[: roster.columns.index("Section") + 1]
    found, notes = roster.match(
        marks, lambda mark: (_id(mark), mark.student, mark.student, mark.student, _compact(person(mark)))
    )
    known = [(mark, line) for mark, line in found if _id(mark) == line["ID"]]
    if groups := [mark.student for mark, line in known if letters(person(mark)) != letters(_name(line))]:
        text = "which is not the name of the student whose number it is: if it is a group's, Canvas gives the mark to"
        notes.append(f"{named(groups)}: {text} the whole group, unless the assignment marks each student apart")
    lines = [(*(_cell(name, line[name]) for name in own), f"{mark.points:g}") for mark, line in found]
    possible = [
        filled_in_tables.number(line[column].strip())
        for line in roster.lines
        if "Points Possible" in "".join(line.values())
    ]
    if possible and possible[0] not in (None, most):
        notes.append(f"Canvas has {possible[0]:g} points for {column}, the marks are of {most:g}")
    known = {mark.student for mark, _ in found}
    return [(*own, column), *lines], notes, found + [(mark, {}) for mark in marks if mark.student not in known]


def _id(mark):
    """Return Canvas' number of a student, "" where the mark came from elsewhere, or without names."""
    return id_of(mark, owner) if mark.id.isdecimal() else ""


def _name(line):
    """Return "Last, First", as a line of Canvas' export has it in one column or in two."""
    if not line["ID"]:
        return ""
    return line.get("Student") or f"{line.get('LastName', '')}, {line.get('FirstName', '')}"


def _compact(name):
    """Return a name as the download spells it: the last one first, and nothing between them."""
    return re.sub(r"[\W_]", "", name)


def _cell(column, value):
    """Return a cell of the student's columns; names are made harmless, since Canvas knows people by their ids."""
    return filled_in_tables.cell(value) if column in ("Student", "LastName", "FirstName") else value


def feedback_name(mark, line=None):
    """Return the name under which Canvas takes a page of feedback, or None: it begins with a user and an attachment.

    Canvas looks for the first two parts between underscores that are numbers; without names, for those behind "anon".
    """
    parts = mark.place.rpartition("/")[2].split("_")
    if parts[0] == "anon":
        end = 3 + (parts[1:2] == ["LATE"])
    else:
        end = ([place for place, part in enumerate(parts) if part.isdecimal()][1:2] or [len(parts)])[0] + 1
    return "_".join([*parts[:end], "feedback.html"]) if end < len(parts) else None
