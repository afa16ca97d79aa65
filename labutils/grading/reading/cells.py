"""Which cell of the course each cell of a student's notebook is.

Students copy, cut, retype and turn cells, and tools lose metadata. So a cell is known by its grade_id, else by its own
id, else by its text.
"""

import ast
import re
from collections import Counter
from typing import NamedTuple

from ...hand_in import PLACEHOLDER
from ..course import Cell, bare

ALIKE = 0.5  # share of a cell's lines by which it is known again
MOST_SIGNS = 0.25  # of code's brackets and the like, for each word of prose


def words(line):
    """Return a line's words alone, so that a quoted, bold or respaced one is the same; itself where it has none."""
    return " ".join(re.findall(r"\w+", line)).lower() or line.strip()


def own_lines(given, source):
    """Return the lines of a cell that neither stood in it when it was given, nor only invite to write."""
    known = set(map(words, given.splitlines()))
    lines = (line for line in bare(source).splitlines() if line.strip() and not PLACEHOLDER.match(line))
    return [line for line in lines if words(line) not in known]


def own_words(question, text):
    """Return the text of a manual question's cell as it is, but "" where it holds no more than what was given."""
    return text if own_lines(question.given, text) else ""


class Traits(NamedTuple):
    """What a cell is known again by: the words of each line with any, all of them, what it defines at its top."""

    lines: list
    whole: str
    defined: set


def traits(cell):
    """Return the `Traits` of a cell."""
    lines = [words(line) for line in cell.source.splitlines() if re.search(r"\w", line)]
    defined = re.findall(r"(?m)^(?:def|class) +(\w+)", cell.source) if cell.kind == "code" else ()
    return Traits(lines, f" {' '.join(lines)} ", set(defined))


def likeness(given, cell):
    """Return how much of a given cell's lines stand in a student's, 0 to 1; 1 too where both define the same.

    Parameters: given, cell, the `Traits` of both.
    """
    if given.defined & cell.defined:
        return 1
    return sum(f" {line} " in cell.whole for line in given.lines) / max(1, len(given.lines))


def recognised(cells, given):
    """Return for each cell of a student's the place of the cell in `given` that it is, or None for the student's own.

    Several may be the same cell of the course where they carry its grade_id: copies, or halves of a cell that was cut.
    """
    marked = {one.id: place for place, one in enumerate(given) if one.id}
    ids = Counter(one.own_id for one in given)
    by_id = {one.own_id: place for place, one in enumerate(given) if one.own_id and ids[one.own_id] == 1}
    places, taken = [marked.get(cell.id, by_id.get(cell.own_id)) for cell in cells], set()
    for number, place in enumerate(places):
        if place is None or given[place].id:
            continue
        same = given[place].source == cells[number].source
        if place in taken or not same and likeness(traits(given[place]), traits(cells[number])) < ALIKE:
            places[number] = None  # a copy with another text in it, or one that was overwritten
        taken.add(place)
    return by_text(cells, given, places)


def by_text(cells, given, places):
    """Return `places` with those of the cells that only their text tells: first the same one, then one that is like."""
    missing = [place for place in range(len(given)) if place not in set(places)]
    left = {number: cell for number, cell in enumerate(cells) if places[number] is None} if missing else {}
    texts, about = {n: bare(cell.source) for n, cell in left.items()}, {n: traits(cell) for n, cell in left.items()}
    for place in missing:
        same = [number for number in texts if texts[number] and texts[number] == bare(given[place].source)]
        if same:
            places[same[0]] = place
            del texts[same[0]], about[same[0]]
    for place in (place for place in missing if place not in set(places)):
        wanted = traits(given[place])
        alike = max(((likeness(wanted, found), -number) for number, found in about.items()), default=(0, 0))
        if alike[0] >= ALIKE:
            places[-alike[1]] = place
            del about[-alike[1]]
    return places


def is_text(cell):
    """Return whether a student's own cell holds text: one of code does where it is a comment, or prose by mistake."""
    code = re.sub(r"(?m)^\s*[%!?].*$", "", cell.source)  # what IPython alone understands
    if cell.kind != "code" or not code.strip() or re.match(r"\s*%%(markdown|html|latex)\b", cell.source):
        return bool(cell.source.strip()) and (cell.kind != "code" or bool(code.strip()))
    try:
        return not ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        signs, found = len(re.findall(r"[()\[\]{}=:_]", code)), len(re.findall(r"\w+", code))
        return signs < MOST_SIGNS * found


def is_remark(line, least):
    """Return whether a line of code is prose of so many words: a comment, a string, or no code at all."""
    plain = re.sub(r"^((.*\s)?#+|\"\"\"|'''|([\"'])(?=.*\3$))|(?<!,)[\"']+$", "", line.strip())
    return len(re.findall(r"[^\W\d_]{2,}", plain)) >= least and is_text(Cell("code", plain))
