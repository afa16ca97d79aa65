"""What questions and notebooks are called, in words, as the instructor's notebooks have it."""

import html
import re
from typing import NamedTuple

from .. import course
from ..intake import notebooks
from ..intake.notebooks import mapping, marks, outputs, source, text

CAPTION = re.compile(r"<caption[^>]*>(.*?): \S+ of \S+ points</caption>", re.DOTALL)
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


class Titles(NamedTuple):
    """The titles of a course, in words.

    `questions` has them by grade_id, that of a check, or the question that is to be answered in words; `notebooks` has
    their headings; `in_full` has those of questions with the lab in front: "Lab 1 (c): One step of iterative pruning".
    """

    questions: dict
    notebooks: dict
    in_full: dict


def read(questions):
    """Return the `Titles` of questions, as `course.questions` returns them; each notebook is read once."""
    found, headings = {name: name for name in questions}, {}
    for stem in dict.fromkeys(question.notebook for question in questions.values()):
        cells = _cells(stem)
        headings[stem] = _heading(cells) or stem.replace("_", " ")
        for cell in cells:
            if question := questions.get(marks(cell).get("grade_id")):
                found[question.id] = (_asked(question) if question.manual else _caption(cell)) or question.id
    labs = {name: headings[question.notebook].partition(":")[0] for name, question in questions.items()}
    return Titles(found, headings, {name: f"{labs[name]}: {title}" for name, title in found.items()})


def of_flag(flag, names):
    """Return (the title of the question that a flag begins with, "" where it is of none; the rest of the flag)."""
    name, _, rest = flag.partition(": ")
    return (names[name], rest) if name in names else ("", flag)


def _cells(stem):
    try:
        return notebooks.read(course.NOTEBOOKS / f"{stem}.ipynb")
    except (OSError, ValueError):  # results are written down later, and elsewhere, than the notebooks were read
        return []


def _heading(cells):
    """Return a notebook's first heading, "" where it has none."""
    for line in (line for cell in cells for line in source(cell).splitlines()):
        if line.startswith("# "):
            return line[2:].strip()
    return ""


def _caption(cell):
    """Return the title in the table that a check gave."""
    for output in outputs(cell):
        if found := CAPTION.search(text(mapping(output.get("data")).get("text/html"))):
            return html.unescape(found[1])
    return ""


def _asked(question):
    """Return what is printed bold first in a written question, with the text behind it where that is only a number."""
    given = course.bare(question.given)
    found = BOLD.search(given)
    if not found:
        return given.split("\n")[0][:100]
    words = found[1].strip().rstrip(".")
    if re.search(r"\d$", words):  # "Explain 1.4."
        words += ": " + given[found.end() :].strip().split("\n")[0].split("? ")[0].rstrip("?") + "?"
    return words.replace("*", "")
