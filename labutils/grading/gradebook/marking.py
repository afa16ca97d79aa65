"""The pages on which people mark written answers: one for each question, one that goes student by student.

What is typed stays in the browser until the page's button makes a file of it, which the next run reads.
"""

import base64
import hashlib
import itertools
import re

from ... import files
from ..course import SOLUTION, regions
from . import pages
from .merge_markers import CHANGED
from .written_answers import COLUMNS

FOLDER, BY_STUDENT, PICTURES = "marking", "by-student", "pictures"
INLINE = re.compile(r'src="data:image/(\w+);base64,([^"]*)"')
SCRIPT = (pages.TEMPLATES / "marking.js").read_text(encoding="utf-8")
COLUMNS_LINE = ",".join((*COLUMNS, CHANGED))


def model_answer(question):
    """Return the answer that the instructor's notebook has, without the question; "" where none is marked."""
    return "\n\n".join("\n".join(lines).strip() for _, lines in regions(question.full, SOLUTION))


def write(folder, answers, questions, named):
    """Write written.html, which lists what there is to mark, and the pages of marking/ that it leads to.

    Parameters: folder, of the results; answers, an `OnDisk` of dicts as `gradebook.answers_of` makes them, its keys
        (place of the question, student); questions; named, their `Titles`.
    """
    place, listed = folder / FOLDER, []
    shown = {question.id: _shown(question, named) for question in questions.values() if question.manual}
    for name, group in itertools.groupby(answers, key=lambda entry: entry["question"]):
        entries, one = list(group), {name: shown[name]}
        waiting = sum(entry["points"] is None for entry in entries)
        listed.append(shown[name] | {"file": f"{FOLDER}/{name}.html", "answers": len(entries), "waiting": waiting})
        part = {"student": "", "entries": list(map(_entry, entries)), "html": ""}
        articles = (
            _article(first, [entries[i]["student"] for i in at], at, one, place) for first, at in _groups(entries)
        )
        with pages.writing(place / f"{name}.html") as file:
            _page(file, shown[name]["title"], f"written-{name}.csv", one, [part], articles, shown[name]["notebook"])
    with pages.writing(folder / "written.html") as file:
        by_notebook = {
            heading: list(inside) for heading, inside in itertools.groupby(listed, lambda one: one["notebook"])
        }
        pages.write(file, "written.html", notebooks=by_notebook, by_student=f"{FOLDER}/{BY_STUDENT}.html")
    _write_by_student(place, answers, shown)


def _shown(question, named):
    """Return a question as the pages show it."""
    return {
        "title": named.questions[question.id],
        "notebook": named.notebooks[question.notebook],
        "max": f"{question.max:g}",
        "points": f"{question.max:g} point{'s' * (question.max != 1)}",
        "given": question.given,
        "model": model_answer(question),
    }


def _groups(entries):
    """Return [(the first entry, the places of all), ...]: answers that are the same, and have got the same, once."""
    found = {}
    for place, entry in enumerate(entries):
        key = tuple(entry[name] for name in ("digest", "points", "comment", "own", "data"))
        found.setdefault(key, (entry, []))[1].append(place)
    return list(found.values())


def _page(file, title, saved_as, shown, parts, articles, heading=""):
    """Write a page: `parts` are {student, entries, html} for the script, `articles` what is there without it."""
    pages.write(
        file,
        "marking.html",
        script=SCRIPT,
        title=title,
        heading=heading,
        saved_as=saved_as,
        columns=COLUMNS_LINE,
        questions=shown,
        parts=parts,
        articles=articles,
    )


def _write_by_student(place, answers, shown):
    """Write the page that shows one student's answers at a time."""

    def parts():
        by_student = answers.sorted(by=lambda key: key[::-1])
        start = 0
        for student, group in itertools.groupby(by_student, key=lambda entry: entry["student"]):
            entries = list(group)
            html = "".join(_article(one, [student], [start + i], shown, place, True) for i, one in enumerate(entries))
            start += len(entries)
            yield {"student": student, "entries": list(map(_entry, entries)), "html": html}

    with pages.writing(place / f"{BY_STUDENT}.html") as file:
        _page(file, "Written answers, student by student", f"written-{BY_STUDENT}.csv", shown, parts(), [])


def _entry(entry):
    """Return what the script keeps of an answer, in the order of the table's columns but for max."""
    points = "" if entry["points"] is None else f"{entry['points']:g}"
    return [entry["in_table"], entry["question"], points, entry["digest"], entry["comment"]]


def _article(entry, students, places, shown, place, by_student=False):
    """Return an answer with its fields as HTML, headed by who gave it, or by what was asked.

    Its pictures lie in a folder beside the pages, `place`, so that those of a whole class are not read at once.
    """

    def apart(found):
        raw = base64.b64decode(found[2])
        path = place / PICTURES / f"{hashlib.sha256(raw).hexdigest()[:20]}.{found[1]}"
        if not path.exists():
            files.write_whole(path, raw)
        return f'loading="lazy" src="{PICTURES}/{path.name}"'

    entry = entry | {key: INLINE.sub(apart, entry[key]) for key in ("html", "own")}
    return pages.part("article.html", "article", entry, students, places, shown[entry["question"]], by_student)
