"""Runs what counts of one student's notebook in isolation and decides its questions where they stand.

For each question those statements are run on which its answer depends; then the instructor's own check, hidden tests
included, is decided by `judge`: it doesn't matter whether the student's check cell was changed, doubled or lost.
"""

import compileall
import contextlib
import shutil
import sys
from pathlib import Path

from ... import files
from ...datasets import find
from ...networks import checkpoints
from .. import borrowed, course
from . import exchange, judge, second_chance, student_process
from .sandbox import Ended, Sandbox
from .statements_to_run import merged, needed
from .student_calls import Student

MOST_CODE = 500_000  # characters of a notebook's code
MOST_FLAGS = 20  # of one notebook; a count says how many more there are


def furnish(room):
    """Put into a folder what students' processes read: students' labutils, networks, their program; return it."""
    import matplotlib.font_manager  # it makes the list of fonts, which takes seconds: the list is handed on

    lab, package = Path(room) / "lab", files.REPOSITORY / "labutils"
    apart = ["grading", "maintenance"]  # the rooms that no lab uses
    shutil.copytree(package, lab / "labutils", ignore=lambda folder, _: apart * (Path(folder) == package))
    shutil.copytree(checkpoints.FOLDER, lab / "checkpoints", ignore=shutil.ignore_patterns("*.md"))
    (lab / "fonts").mkdir()
    for file in (exchange.__file__, student_process.__file__):
        shutil.copy(file, lab)
    for file in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(file, lab / "fonts")
    compileall.compile_dir(lab / "labutils", quiet=2)  # here, for they cannot write there
    for path in (lab, *lab.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # it may be read by another user
    return lab


def enter(lab, room, limits):
    """Return a `Sandbox` in which a student's process waits for statements; `room` is an empty folder."""
    found = find.locate()
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment |= {"MPLBACKEND": "Agg", "PYTHONPATH": str(lab), "LABUTILS_FONTS": str(lab / "fonts")}
    environment["LABUTILS_LIVE_SECONDS"] = "2"  # nobody watches the trainings of labs 06 and 07 here
    environment |= {"PIP_RETRIES": "0"}  # there is no network, and pip would wait for it
    if found:
        found = found.parent.resolve() / found.name  # itself, and nothing that lies beside it
        environment["LABUTILS_DATA"] = str(found.parent)
    command = [sys.executable, "-s", "-B", lab / "student_process.py"]
    return Sandbox(command, room, [lab, *([found] if found else [])], environment, limits)


def due(cells, question):
    """Return the place of the last of a student's cells that belong to a question, or of the last where none does."""
    own = [place for place, cell in enumerate(cells) if cell.id in {question.id, *question.answers}]
    return max(own, default=len(cells) - 1)


def run(cells, master, lab, limits, only=None, told=lambda name, rows: None):
    """Run what counts of a student's cells and decide the questions of the instructor's notebook.

    Parameters: cells, the student's; master, the instructor's; lab, the folder that `furnish` made; limits, a
        `sandbox.Limits`; only, the grade_id of the one question to be decided (None: all); told, what is called with
        the grade_id and the rows of each question as soon as it is decided.
    Returns: ({"status", "reason", "flags"}, {grade_id: rows}, whether anything ran out of time, which it might not
        another time); a question that was not reached has no rows.
    Raises: CannotGrade where a check cannot be set up.
    """
    if (size := sum(len(cell.source) for cell in cells if cell.kind == "code")) > MOST_CODE:
        reason = f"expected at most {MOST_CODE} characters of code, found {size}"
        return {"status": "failed", "reason": reason, "flags": []}, {}, False
    checks = [question for question in course.questions_of(master) if not question.manual]
    statements, rows = merged(cells, master, {question.id for question in checks}), {}
    with Student(lambda room: enter(lab, room, limits), limits) as student, contextlib.suppress(Ended):
        for question in checks:
            if only not in (None, question.id):
                continue
            above = [statement for statement in statements if statement.place <= due(cells, question)]
            wanted = needed(above, judge.asked(master, question), question.answers)
            rows[question.id] = second_chance.decided(student, master, question, wanted)
            told(question.id, rows[question.id])
    flags = student.flags
    code = [cell.source for cell in cells if cell.kind == "code"]
    for one in checks:
        written = [cell.source for cell in cells if cell.id in one.answers]
        flags += [f"{one.id}: {note}" for note in borrowed.note(written, code, one.lent)]
    if len(flags) > MOST_FLAGS:
        flags[MOST_FLAGS:] = [f"and {len(flags) - MOST_FLAGS} more like these"]
    reason = student.reason if cells else "it has no cells"
    return {"status": "failed" if reason else "ok", "reason": reason, "flags": flags}, rows, student.late
