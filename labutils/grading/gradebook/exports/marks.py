"""The marks that go back to a course system, and who is who there."""

import json
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from .. import pages, spreadsheets

MOST_NAMED = 10  # people in one line
AND = re.compile(r"\s*[&+;/]\s*|\s+(?:and|und|et|y|e|en|og|och)\s+")  # between those who handed in together
GROUP = re.compile(r"(?i)gro?up|groep|team|equip|équip|ryhm|skupin|csoport|групп|グループ|群組|组")  # heads a column
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


def named(people):
    """Return names in one line: the first ten, and how many more there are."""
    people = list(people)
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + f" and {more} more" * (more > 0)


def id_of(mark, owner):
    """Return the number of who handed in, "" where it is another system's; `owner`, this system's of `intake`."""
    found = owner(mark.place)
    return mark.id if found and found.id == mark.id else ""


class Roster:
    """The people of a course, as its system's own export lists them.

    Parameters: path, of the table; keys, for each way to know a person, the best first, a function from a line to what
        is compared, "" where the line does not have it. Raises: ValueError as `spreadsheets.read` does.
    """

    def __init__(self, path, needed, keys):
        self.path, (self.columns, lines) = path, spreadsheets.read(path, needed, lenient=True)
        self.lines = [line for _, line in lines]
        self.maps = []
        for key in keys:
            found = {}
            for line in self.lines:
                if known := plain(key(line)):
                    found.setdefault(known, []).append(line)
            self.maps.append(found)
        self.groups = {}
        for line in self.lines:
            cells = [cell for column, cell in line.items() if GROUP.search(column)]
            for name in {plain(name) for cell in cells for name in (cell, *cell.split(","))} - {""}:
                self.groups.setdefault(name, []).append(line)

    def find(self, mark_keys):
        """Return the lines of whoever is known by these, one text a way: those of the first way that finds any."""
        for found, key in zip(self.maps, mark_keys):
            if lines := found.get(plain(key)):
                return lines
        return []

    def people(self, mark, keys_of):
        """Return [(name, lines that may be this person's), ...] of who gets a mark: one, or each of a team.

        A team is known by its members, where the download has them; by its name in a column of the list, such as
        Moodle's Group; else by the names that stand in its own: "Anna Adams and Ben Berg".
        """

        def each(members):
            ways = [[keys_of(mark._replace(student=text, id="")) for text in member[::-1]] for member in members]
            return [(member[0], next(filter(None, map(self.find, keys)), [])) for member, keys in zip(members, ways)]

        whole = [(mark.student, self.find(keys_of(mark)))]
        team = [(mark.student, [line]) for line in self.groups.get(plain(mark.student), ())]
        parts = each([(part,) for part in AND.split(mark.student)])
        ways = [each(mark.members), whole, [] if mark.members else team, parts]
        return next((way for way in ways if any(lines for _, lines in way)), each(mark.members) or whole)

    def match(self, marks, keys_of):
        """Return ([(mark, line), ...], notes): who is who, and in words whom the roster lacks or has twice.

        Two marks never get one line: both are left out, and named.
        """
        found = [(mark, name, lines) for mark in marks for name, lines in self.people(mark, keys_of)]
        taken = Counter(id(lines[0]) for _, _, lines in found if len(lines) == 1)
        sure, unknown, doubled = [], [], []
        for mark, name, lines in found:
            name = name if name in mark.student else f"{name} ({mark.student})"
            if len(lines) == 1 and taken[id(lines[0])] == 1:
                sure.append((mark, lines[0]))
            else:
                (doubled if lines else unknown).append(name)
        notes = []
        if unknown:
            notes.append(f"{self.path.name} does not have {named(unknown)}; a team is known by a column with its name")
        if doubled:
            notes.append(f"{self.path.name} has more than one of {named(doubled)}, or they are one person")
        return sure, notes


def plain(name):
    """Return a name or id for comparing: without capitals, accents' spelling, and the order of "Last, First"."""
    name = unicodedata.normalize("NFKC", name).casefold().strip()
    last, comma, first = name.partition(",")
    return " ".join((f"{first} {last}" if comma else name).split())


def letters(name):
    """Return a name's letters and digits alone, sorted: systems leave out signs, and turn names around."""
    return "".join(sorted(re.findall(r"[^\W_]", unicodedata.normalize("NFKC", name).casefold())))


def person(mark):
    """Return a mark's name without the number that the intake puts behind one which is there twice."""
    return mark.student.removesuffix(f" ({mark.id})")
