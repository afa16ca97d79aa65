"""Moodle: a table for Grades > Import > CSV, the assignment's own worksheet filled in, and a zip of feedback files.

Sources: grade/import/csv, mod/assign/feedback/offline and mod/assign/feedback/file of Moodle.
"""

import re

from ...intake.moodle import owner
from .. import filled_in_tables
from .marks import TITLE, id_of, person
from .roster import Roster, letters, named

IDENTIFIER, GRADE, MODIFIED, COMMENTS = "Identifier", "Grade", "Last modified (grade)", "Feedback comments"
KNOWN_BY = ("Username", "Email address", "ID number")
MOST_BY_DEFAULT = 100  # what an import takes for a grade unless the site allows unlimited grades


def _full_name(line):
    return line.get("Full name") or f"{line.get('First name', '')} {line.get('Last name', '')}"


def _participant(line):
    """Return the number behind "Participant", or the word of another language."""
    return re.sub(r"\D+(?=\d+$)", "", line.get(IDENTIFIER, ""))


def _match(roster_path, needed, marks):
    """Return (the Roster, [(mark, line), ...], notes); by the participant's number where the roster has it.

    A team's number is another one: so the name has to be the person's, unless the names are hidden.
    """

    def numbered(line):
        number, name = _participant(line), _full_name(line)
        return f"{number} {'' if number in name else letters(name)}" if number else ""

    def keys_of(mark):
        number = id_of(mark, owner)
        hidden = mark.student.endswith((number, f"({number})"))
        by_number = f"{number} {letters(person(mark))}" if number else "", number if hidden else ""
        return *by_number, *[mark.student] * 3, person(mark)

    named_by = [lambda line, key=key: line.get(key, "") for key in KNOWN_BY]
    roster = Roster(roster_path, needed, [numbered, numbered, *named_by, _full_name])
    return roster, *roster.match(marks, keys_of)


def rows(marks, most, roster_path, title=None):
    """Return (the lines of a table for the gradebook, notes in words, [(mark, line), ...]) for Marks.

    Parameters: most, the points of the course; roster_path, of a table in which Moodle lists the participants; title,
        of the column. Raises: ValueError where the table has nothing by which Moodle knows a person.
    """
    roster, found, notes = _match(roster_path, (), marks)
    own = [name for name in (*KNOWN_BY, "Full name", "First name", "Last name") if name in roster.columns]
    if not set(own) & set(KNOWN_BY):
        expected = f"one of the columns {', '.join(KNOWN_BY)}"
        raise ValueError(
            f"{roster_path}: expected {expected}, found {', '.join(roster.columns)}; export the participants"
        )
    title, lines = title or TITLE, []
    for mark, line in found:
        names = (line[name] if name in KNOWN_BY else filled_in_tables.cell(line[name]) for name in own)
        lines.append((*names, f"{mark.points:g}", mark.comment(most)))
    above = [mark.student for mark, _ in found if mark.points > MOST_BY_DEFAULT]
    if above:
        text = (
            f"{named(above)}: more than {MOST_BY_DEFAULT} points, for which Moodle cancels the whole import unless its"
        )
        notes.append(f"{text} site allows unlimited grades")
    return [(*own, title, f"{title} (feedback)"), *lines], notes, found


def worksheet(marks, most, roster_path, title=None):
    """Return (the lines of the worksheet, filled in, notes, [(mark, line), ...]): those alone that get a grade.

    Parameters: as of `rows`; roster_path, of the worksheet as Moodle gave it; title is not used.
    Raises: ValueError where it is no worksheet, or grades are above the assignment's most.
    """
    roster, found, notes = _match(roster_path, (IDENTIFIER, GRADE, MODIFIED), marks)
    allowed = [line.get("Maximum grade") or line.get("Maximum Grade") or "" for line in roster.lines]
    comma = any("," in text for text in allowed)
    top = filled_in_tables.number(allowed[0].strip()) if allowed else None
    if top is not None and top != most:
        notes.append(f"the assignment in Moodle has {top:g} points, the marks are of {most:g}")
        above = [mark.student for mark, _ in found if mark.points > top]
        if above:
            text = f"expected at most {top:g} points, found more for {named(above)}"
            raise ValueError(f"{roster_path}: {text}; give the assignment {most:g} points in Moodle, then export again")
    locked = [mark.student for mark, line in found if line.get("Grade can be changed") == "No"]
    notes += [f"Moodle has locked the grades of {named(locked)}"] * bool(locked)
    lines = []
    for mark, line in found:
        points = f"{mark.points:g}".replace(".", "," if comma else ".")
        line = line | {GRADE: points} | ({COMMENTS: mark.comment(most)} if COMMENTS in line else {})
        lines.append([line[name] for name in roster.columns])
    return [roster.columns, *lines], notes, found


def feedback_name(mark, line):
    """Return the name under which Moodle takes a page of feedback, or None: it begins as a folder of the download.

    Moodle looks for the participant's number between the first two underscores, so the name in front of it must have
    none. A team's folder has the team's: who is not called as the folder is gets the feedback by the line's number.
    """
    found = re.search(r"(?:^|/)([^/]+)_(\d+)_assignsubmission_", mark.place)
    name, number = _full_name(line), _participant(line)
    if not number and found and letters(name) == letters(person(mark)):
        name, number = found[1], found[2]
    name = re.sub(r"[_/]", " ", name).strip() or "Participant"
    return number and f"{name}_{number}_assignsubmission_file/feedback.html"
