"""The code that students wrote as answers, question by question: for the overview, and for tools that compare it."""

import csv
from pathlib import Path

from ... import files
from .. import course
from ..intake.names import file_name
from ..reading import answers_by_question as reader
from .filled_in_tables import cell

FOLDER, BASE = "code", "base"


def answers(notebooks, questions):
    """Return {grade_id of a check: the source of the cells that answer it} of a submission, as it was handed in.

    Parameters: notebooks, {name: path}; questions, as `course.questions` returns them.
    """
    found = {}
    for stem, path in notebooks.items():
        asked = [question for question in questions.values() if question.notebook == stem]
        try:
            cells = reader.read(course.read(path), asked).cells
        except (ValueError, OSError):
            continue
        for question in (question for question in asked if not question.manual):
            sources = [one.source for one in cells if one.kind == "code" and one.id in question.answers]
            found[question.id] = "\n\n".join(sources)
    return found


def given(questions, folder=None):
    """Return {grade_id of a check: the cells that answer it, as the release has them}, `pass` in place of code."""
    found = {}
    for stem in dict.fromkeys(question.notebook for question in questions.values()):
        cells = course.read(Path(folder or course.NOTEBOOKS) / f"{stem}.ipynb")
        cells = [one for one in cells if one.kind == "code" and one.solution]
        stubs = {one.id: course.replace_regions(one.source, course.SOLUTION, lambda first: ["pass"]) for one in cells}
        for question in questions.values():
            if question.notebook == stem and not question.manual:
                found[question.id] = "\n\n".join(stubs[name] for name in question.answers if name in stubs)
    return found


def export(folder, codes, questions):
    """Write code/QUESTION/STUDENT.py, what was given to code/base/QUESTION/, and a list; return a line that says so.

    Dolos and JPlag read these folders. Parameters: folder, of the results; codes, an `OnDisk` of (student, grade_id,
        source); questions, as `course.questions` returns them.
    """
    listed = []
    for name, source in given(questions).items():
        files.write_whole(folder / FOLDER / BASE / name / "given.py", source.encode())
    for student, name, source in codes:
        if source.strip():
            place = f"{name}/{file_name(student)}.py"
            files.write_whole(folder / FOLDER / place, (source.rstrip() + "\n").encode("utf-8", "replace"))
            listed.append((place, cell(student), name))
    with files.writing(folder / FOLDER / "info.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("filename", "full_name", "labels"), *listed])
    return f"{folder / FOLDER}: {len(listed)} answers in code, a folder for each question"
