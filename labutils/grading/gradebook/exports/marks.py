"""The marks that go back to a course system."""

import json
from typing import NamedTuple

from .. import pages

TITLE = "Compression labs"  # of the assignment there, where nobody says another


class Mark(NamedTuple):
    """What one student gets: the points reached, what lateness takes off, and where the feedback lies.

    `id` is the course system's, as the download had it; `place` the path there of a file that was handed in; `late`
    says in words what was taken off, "" where nothing was; `members` are those of a team, as in `Owner`.
    """

    student: str
    id: str
    place: str
    reached: float
    penalty: float
    late: str
    waiting: int
    members: tuple = ()

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
    members = tuple(map(tuple, result.get("members", ())))
    place = result.get("id", ""), result.get("place", "")
    return Mark(result["student"], *place, reached, penalty, late, waiting, members)


def id_of(mark, owner):
    """Return the number of who handed in, "" where it is another system's; `owner`, this system's of `intake`."""
    found = owner(mark.place)
    return mark.id if found and found.id == mark.id else ""


def person(mark):
    """Return a mark's name without the number that the intake puts behind one which is there twice."""
    return mark.student.removesuffix(f" ({mark.id})")
