"""The marks that go back to a course system, and who is who there."""

import json
from typing import NamedTuple

from .. import pages, tables

MOST_NAMED = 10  # people in one line
TITLE = "Compression labs"  # of the assignment there, where nobody says another


class Mark(NamedTuple):
    """What one student gets: the points reached, what lateness takes off, and where the feedback lies.

    `id` is the course system's, as the download had it; `place` the path there of a file that was handed in; `late`
    says in words what was taken off, "" where nothing was.
    """

    student: str
    id: str
    place: str
    reached: float
    penalty: float
    late: str
    waiting: int

    @property
    def points(self):
        """The points that count."""
        return round(self.reached - self.penalty, 6)

    def comment(self, most):
        """Return the mark in words, for a comment that stands beside it."""
        return f"{self.reached:g} of {most:g} points" + f"; {self.late}" * bool(self.late)


def read(file):
    """Yield (the result, its Mark or None) of grades.json; None where there is nothing to give points for."""
    for line in file:
        if line.strip() not in ("[", "]", "[]"):
            result = json.loads(line.rstrip().rstrip(","))
            yield result, None if result["status"] == "failed" else _mark(result)


def _mark(result):
    """Return the Mark of a result."""
    taken, entries = result.get("late_penalty"), result["questions"].values()
    reached, waiting = pages.total(entries), sum(entry["points"] is None for entry in entries)
    late = pages.late_text(taken) if taken else ""
    penalty = taken["points"] if taken else 0
    return Mark(result["student"], result.get("id", ""), result.get("place", ""), reached, penalty, late, waiting)


def named(people):
    """Return names in one line: the first ten, and how many more there are."""
    people = list(people)
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + f" and {more} more" * (more > 0)


class Roster:
    """The people of a course, as its system's own export lists them.

    Parameters: path, of the table; keys, for each way to know a person, the best first, a function from a line to what
        is compared, "" where the line does not have it. Raises: ValueError as `tables.read` does.
    """

    def __init__(self, path, needed, keys):
        self.path, (self.columns, lines) = path, tables.read(path, needed, lenient=True)
        self.lines = [line for _, line in lines]
        self.maps = []
        for key in keys:
            found = {}
            for line in self.lines:
                if known := plain(key(line)):
                    found.setdefault(known, []).append(line)
            self.maps.append(found)

    def find(self, mark_keys):
        """Return the lines of whoever is known by these, one text a way: those of the first way that finds any."""
        for found, key in zip(self.maps, mark_keys):
            if lines := found.get(plain(key)):
                return lines
        return []

    def match(self, marks, keys_of):
        """Return ([(mark, line), ...], notes): who is who, and in words whom the roster lacks or has twice.

        Two marks never get one line: both are left out, and named.
        """
        found = [(mark, self.find(keys_of(mark))) for mark in marks]
        taken = [id(lines[0]) for _, lines in found if len(lines) == 1]
        sure = [(mark, lines[0]) for mark, lines in found if len(lines) == 1 and taken.count(id(lines[0])) == 1]
        unknown = [mark.student for mark, lines in found if not lines]
        doubled = [mark.student for mark, lines in found if len(lines) > 1]
        doubled += [mark.student for mark, lines in found if len(lines) == 1 and taken.count(id(lines[0])) > 1]
        notes = [f"{self.path.name} does not have {named(unknown)}"] * bool(unknown)
        notes += [f"{self.path.name} has more than one of {named(doubled)}, or they are one person"] * bool(doubled)
        return sure, notes


def plain(name):
    """Return a name or id for comparing: without capitals, accents' spelling, and the order of "Last, First"."""
    import unicodedata

    name = unicodedata.normalize("NFKC", name).casefold().strip()
    last, comma, first = name.partition(",")
    return " ".join((f"{first} {last}" if comma else name).split())
