"""Who is who in a course system: its list of people, and the names, ids and teams by which marks find their lines."""

import re
import unicodedata
from collections import Counter

from .. import filled_in_tables

MOST_NAMED = 10  # people in one line
AND = re.compile(r"\s*[&+;/]\s*|\s+(?:and|und|et|y|e|en|og|och|ja)\s+")  # between those who handed in together
GROUP = re.compile(r"(?i)gro?up|groep|team|equip|équip|ryhm|skupin|csoport|групп|グループ|群組|组")  # heads a column


def named(people):
    """Return names in one line: the first ten, and how many more there are."""
    people = list(people)
    more = len(people) - MOST_NAMED
    return ", ".join(people[:MOST_NAMED]) + f" and {more} more" * (more > 0)


class Roster:
    """The people of a course, as its system's own export lists them.

    Parameters: path, of the table; keys, for each way to know a person, the best first, a function from a line to what
        is compared, "" where the line does not have it. Raises: ValueError as `filled_in_tables.read` does.
    """

    def __init__(self, path, needed, keys):
        self.path, (self.columns, lines) = path, filled_in_tables.read(path, needed, lenient=True)
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
