"""What questions and notebooks are called, in words, as the instructor's notebooks have it."""

import html
import re

from .. import course
from ..intake import notebooks
from ..intake.notebooks import mapping, marks, outputs, source, text

CAPTION = re.compile(r"<caption[^>]*>(.*?): \S+ of \S+ points</caption>", re.DOTALL)
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


def of_notebooks(stems, folder=None):
    """Return {name: title} of the instructor's notebooks: "Lab 1 (c): Iterative pruning" of 02_iterative_pruning."""
    return {stem: _heading(_cells(stem, folder)) or stem.replace("_", " ") for stem in stems}


def of_questions(questions, folder=None):
    """Return {grade_id: title}: the title of a check, or the question that is to be answered in words.

    Parameters: questions, as `course.questions` returns them; folder, of the instructor's notebooks.
    """
    found = {name: name for name in questions}
    for stem in dict.fromkeys(question.notebook for question in questions.values()):
        for cell in _cells(stem, folder):
            question = questions.get(marks(cell).get("grade_id"))
            if question:
                found[question.id] = (_asked(question) if question.manual else _caption(cell)) or question.id
    return found


def in_full(questions, folder=None):
    """Return {grade_id: title}, each with its lab in front: "Lab 1 (c): One step of iterative pruning"."""
    headings = of_notebooks({question.notebook for question in questions.values()}, folder)
    labs = {stem: heading.partition(":")[0] for stem, heading in headings.items()}
    short = of_questions(questions, folder)
    return {name: f"{labs[questions[name].notebook]}: {title}" for name, title in short.items()}


def _cells(stem, folder):
    try:
        return notebooks.read((folder or course.NOTEBOOKS) / f"{stem}.ipynb")
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
