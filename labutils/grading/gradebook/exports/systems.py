"""Writes the files of an export into a folder of results: tables, zips of feedback, autograders."""

import csv
import io
import zipfile

from .... import files
from ...intake.names import file_name
from .. import titles
from . import canvas, gradescope, moodle, sakai
from .marks import TITLE, read
from .roster import named

NEEDED = {"moodle": "Moodle's table of participants", "moodle-worksheet": "the assignment's grading worksheet"}


def check(system, roster, assignment=None):
    """Raise ValueError, before any work is done, where a course system's list of people is needed or is none of its."""
    if system is None and roster is not None:
        raise ValueError("--roster: expected --export beside it, found none")
    if roster is None and system in NEEDED:
        raise ValueError(f"--export {system}: expected --roster FILE, {NEEDED[system]}, found none")
    if roster is not None and not roster.is_file():
        raise ValueError(f"--roster: expected a table, found no file {roster}")
    if roster is not None:  # what is made of nobody says what is wrong with it
        {
            "canvas": lambda: canvas.rows([], 0, roster, assignment),
            "moodle": lambda: moodle.rows([], 0, roster),
            "moodle-worksheet": lambda: moodle.worksheet([], 0, roster),
            "sakai": lambda: sakai.known([], roster),
            "gradescope": lambda: gradescope.look_up([], {}, roster),
        }[system]()


def export(folder, system, questions, roster=None, assignment=None, partial=False):
    """Write what a course system takes back into a folder of results; return a line for each file, and what is odd.

    Parameters: folder, in which grades.json and students/ lie; system, one of SYSTEMS; questions, as `course.questions`
        returns them; roster, the path of the system's own list of people, or None; assignment, its title there, or
        None; partial, whether those are exported too whose written answers wait for points.
    Raises: ValueError where the roster is none, or no file can be made of it that the system takes.
    """
    with open(folder / "grades.json", encoding="utf-8") as file:
        found = list(read(file))
    marks = [(result, mark) for result, mark in found if mark and (partial or not mark.waiting)]
    without = [result["student"] for result, mark in found if mark is None]
    waiting = [mark.student for _, mark in found if mark and mark.waiting]
    notes = [f"left out, without marks: {named(without)}"] * bool(without)
    if waiting and not partial:
        notes.append(f"left out, with written answers that wait for points (--partial takes them): {named(waiting)}")
    most = sum(question.max for question in questions.values())
    make = {"gradescope": _gradescope, "sakai": _sakai}.get(system, _table)
    made, more = make(system, marks, most, roster, assignment, questions, folder)
    lines = []
    for name, (content, said) in made.items():
        files.write_whole(folder / name, content)
        lines.append(f"{folder / name}: {said}")
    return lines + [f"labutils: {note}" for note in notes + more]


def _table(system, marks, most, roster, assignment, questions, folder):
    """Return ({name: (bytes, what it is)}, notes) for Canvas, and for Moodle's gradebook and its worksheet."""
    of, rows = {
        "canvas": (canvas, canvas.rows),
        "moodle": (moodle, moodle.rows),
        "moodle-worksheet": (moodle, moodle.worksheet),
    }[system]
    lines, notes, found = rows([mark for _, mark in marks], most, roster, assignment)
    head = [line for line in lines[1:] if "Points Possible" in line[0]]
    made = {f"{system}.csv": (_csv(lines), f"{len(lines) - 1 - len(head)} marks to import")}
    pages, more = _pages([(mark, of.feedback_name(mark, line)) for mark, line in found], folder)
    if pages:
        made[f"{system.partition('-')[0]}-feedback.zip"] = pages
    return made, notes + more


def _sakai(system, marks, most, roster, assignment, questions, folder):
    people, notes = sakai.known([mark for _, mark in marks], roster)
    if any(mark.place and "Submission attachment(s)" not in mark.place for mark, _, _ in people if roster is None):
        notes.append("upload this to Sakai in English: in another language it calls the folder of feedback otherwise")
    title = assignment or TITLE
    inside = {
        f"{title.replace('/', ' ')}/grades.csv": _csv(sakai.grades(people, title), quoting=csv.QUOTE_ALL, bom=True)
    }
    for mark, id, name in people:
        inside[f"{title.replace('/', ' ')}/{sakai.feedback_name(mark, id, name)}"] = _page(mark, folder)
    return {
        "sakai.csv": (_csv(sakai.rows(people, most, title)), f"{len(people)} marks for the gradebook"),
        "sakai.zip": (_zip(inside), f"{len(people)} marks and pages of feedback for the assignment's Upload All"),
    }, notes


def _gradescope(system, marks, most, roster, assignment, questions, folder):
    content, known, notes = gradescope.look_up(marks, titles.read(questions).in_full, roster)
    return {"gradescope.zip": (content, f"an autograder that gives {known} marks; upload it, then Regrade All")}, notes


def _pages(names, folder):
    """Return ((bytes of a zip of pages of feedback, what it is) or None, notes); names, [(mark, name there), ...]."""
    inside = {name: _page(mark, folder) for mark, name in names if name}
    without = dict.fromkeys(mark.student for mark, name in names if not name)
    notes = [f"no feedback goes back to {named(without)}: the system would not know whose it is"] * bool(without)
    return ((_zip(inside), f"{len(inside)} pages of feedback") if inside else None), notes


def _page(mark, folder):
    return (folder / "students" / f"{file_name(mark.student)}.html").read_bytes()


def _csv(lines, bom=False, **options):
    text = io.StringIO()
    csv.writer(text, **options).writerows(lines)
    return ("\ufeff" * bom + text.getvalue()).encode("utf-8", "backslashreplace")


def _zip(inside):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
    return buffer.getvalue()
