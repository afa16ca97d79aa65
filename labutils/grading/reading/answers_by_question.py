"""What students wrote in words, and for which question: nothing of it is lost, whatever cell it stands in.

What stands between a prompt and the next cell of the course answers that prompt; what answers none is kept apart.
"""

from difflib import get_close_matches
from typing import NamedTuple

from ..course import bare
from ..intake import notebooks, pasted_pictures
from .cells import is_remark, is_text, own_lines, recognised

SENTENCE = 7  # words of a remark in an answer of code, from which it may be an answer in words
MOST_ANSWER = 20_000  # characters of a written answer
UNPLACED = "*Text of the student's own, which stands at no question:*\n\n"


class Reading(NamedTuple):
    """What a student's notebook holds.

    `cells` are its `Cell`s, each with the grade_id of the cell of the course that it is, "" where it is none of these;
    `answers` has for each written question what was written, in Markdown with pictures as data URLs, "" where nothing
    was; `own` is text at no question; `flags` say what is odd about all this; `data`, the data set that it names.
    """

    cells: list
    answers: dict
    own: str
    flags: list
    data: str


def legible(cell):
    """Return what a marker reads of a student's own cell: code in a fence, text as it is."""
    fence = "````" if "```" in cell.source else "```"
    return cell.source if cell.kind != "code" or is_text(cell) else f"{fence}python\n{cell.source}\n{fence}"


def next_places(places):
    """Return for each cell the place of the next recognised one below it, or infinity where there is none."""
    found, after = [], float("inf")
    for place in reversed(places):
        found.append(after)
        after = after if place is None else place
    return found[::-1]


def placed(cells, places, written, empty):
    """Return ({place of a written question: numbers of the student's own cells that answer it}, those at no question).

    Parameters: places, as `recognised` returns them; written, the places of written questions; empty, of these where
        the question's own cells hold nothing of the student's.
    """
    answering, above, loose, pending, last = {}, {}, [], [], -1
    for number, (cell, place, ahead) in enumerate(zip(cells, places, next_places(places))):
        if place is not None:
            last = place
            above.setdefault(last, pending)
            pending = []
        elif cell.source.strip() or cell.pictures:
            gone = [place for place in written if last < place < ahead and place not in places]
            at = gone[0] if len(gone) == 1 else last  # its cell was deleted, and this one written in its place
            if at in written and (is_text(cell) or at in places and at in empty):
                answering.setdefault(at, []).append(number)
            elif is_text(cell):
                pending.append(number)
                loose.append(number)
    for place in empty:
        if place not in answering and above.get(place):  # typed above the prompt in place of below
            answering[place] = above[place]
            loose = [number for number in loose if number not in above[place]]
    return answering, loose


def added(given, cell):
    """Return what a student wrote into a cell of the course, "" where it was only respaced or mended.

    Of code that is its remarks, and prose between them; of an answer in code, those that are a sentence.
    """
    is_code, known = "code" in (given.kind, cell.kind), given.source.splitlines()
    if given.solution and given.kind != "code" or bare(cell.source) == bare(given.source):
        return ""
    lines = own_lines(given.source, cell.source)
    lines = [line for line in lines if not is_code or is_remark(line, SENTENCE if given.solution else 4)]
    return "\n".join(line for line in lines if not get_close_matches(line, known, 1, 0.7))


def collected(cells, numbers):
    """Return (the text of these cells, each text once, with links to its pictures; {name: data URL} of those)."""
    parts, found = [], {}
    for number in numbers:
        part, seen = pasted_pictures.named(legible(cells[number]), cells[number].pictures, found)
        found |= seen
        if part not in parts:
            parts.append(part)
    return "\n\n".join(parts), found


def cells_text(numbers):
    """Return "cell 3", or "cells 3, 5"; cells are counted from 1."""
    return f"cell{'s' * (len(numbers) > 1)} {', '.join(str(number + 1) for number in numbers)}"


def odd(question, cells, own, answering):
    """Return what is odd about where an answer stands.

    Parameters: cells, of the notebook; own, the numbers of the cells that are the question's; answering, of the
        student's own cells that hold more of the answer.
    """
    flags = ["its cell is missing"] * (not own) + [f"its cell is there {len(own)} times"] * (len(own) > 1)
    kinds = sorted({cells[number].kind for number in own} - {"markdown"})
    flags += [f"its cell was turned into {notebooks.shown(kind, 20).strip(chr(39))}" for kind in kinds]
    side = "above" if own and answering and answering[-1] < own[0] else "below"
    if answering:
        flags.append(
            f"text for it stands in {cells_text(answering)}, of the student's own" + f", {side} its cell" * bool(own)
        )
    return flags


def read(cells, questions):
    """Return the `Reading` of a student's notebook.

    Parameters: cells, its `Cell`s; questions, all `Question`s of the notebook, as `course.questions_of` returns them.
    """
    given = questions[0].among if questions else ()
    places = recognised(cells, given)
    ids = {one.id: place for place, one in enumerate(given) if one.id}
    written = {ids[question.id]: question for question in questions if question.manual}
    own = {place: [number for number, found in enumerate(places) if found == place] for place in written}
    holding = {place: [n for n in own[place] if touched(written[place], cells[n])] for place in written}
    answering, loose = placed(cells, places, written, [place for place in written if not holding[place]])
    loose_text, seen = collected(cells, loose)
    more = {n: added(given[place], cells[n]) for n, place in enumerate(places) if place is not None}
    beside = {number: more.pop(number) for number in [*more] if given[places[number]].solution}  # in answers of code
    text = "\n\n".join(filter(None, [loose_text, *more.values()]))[:MOST_ANSWER]
    loose = sorted({*loose, *(number for number in more if more[number])})
    flags = [f"text of the student's own, which stands at no question: {cells_text(loose)}"] if loose else []
    lost = [n for n, place in enumerate(places) if place is not None and given[place].id != cells[n].id]
    if lost:
        flags.append(f"known by its text alone, without its metadata: {cells_text(lost)}")
    found, own_text = {}, pasted_pictures.shown(text, seen)
    offered = "\n\n".join(filter(None, [own_text, *beside.values()]))[: 2 * MOST_ANSWER]
    at = sorted({*loose, *(number for number in beside if beside[number])})
    for place, question in written.items():
        notes = odd(question, cells, own[place], answering.get(place, []))
        text = answer(*collected(cells, sorted(holding[place] + answering.get(place, []))), notes)
        if not text and offered:
            notes.append(f"nothing is written in its cell, text of the student's own stands in {cells_text(at)}")
            text = UNPLACED + offered
        found[question.id] = text
        flags += [f"{question.id}: {note}" for note in notes]
    known = (given[place].id if place is not None else "" for place in places)
    data = next((cell.data for cell in cells if cell.data), "")
    return Reading([cell._replace(id=id) for cell, id in zip(cells, known)], found, own_text, flags, data)


def touched(question, cell):
    """Return whether a written question's cell holds more than what was given."""
    return bool(cell.pictures or own_lines(question.given, cell.source))


def answer(text, found, notes):
    """Return an answer with its pictures in place, cut where it is long; say in `notes` what of it is not seen."""
    if len(text) > MOST_ANSWER:
        notes.append(f"the answer has {len(text)} characters and was cut after {MOST_ANSWER}")
    notes += pasted_pictures.unseen(text[:MOST_ANSWER], found)
    return pasted_pictures.shown(text[:MOST_ANSWER], found)


def enter(found, result, questions):
    """Enter a notebook's written answers, and its data, into the student's result; questions, all of the notebook."""
    result["answers"] |= found.answers
    if found.data and questions:
        result["data"][questions[0].notebook] = found.data
    if found.own and questions:
        result["own"][questions[0].notebook] = found.own
