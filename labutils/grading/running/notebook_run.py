"""Runs one student's notebook in isolation and decides its questions where they stand.

The notebook is run as it is, cell by cell, but for its check cells. Where the cells of a question have run, the
instructor's own check, hidden tests included, is decided by `judge`: it doesn't matter whether the student's check cell
was changed, doubled or lost.
"""

import contextlib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from ... import files
from ...datasets import find
from ...networks import checkpoints
from .. import course
from . import exchange, judge, student_process
from .sandbox import Ended, Sandbox

MOST_PARTS = 100_000  # lists and dicts in one answer, counted before it is parsed: each takes memory
MOST_FLAGS = 20  # of one notebook; a count says how many more there are


def allowed_seconds(master):
    """Return how long a notebook may run: ten times what its first cell says, and 30 s more."""
    stated = re.search(r"run in (\d+) s\.", master[0].source) if master else None
    return 30 + 10 * int(stated.group(1) if stated else 10)


def furnish(room):
    """Put into a folder what a student's process reads: students' labutils, networks, its program; return it."""
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
    for path in (lab, *lab.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # it may be read by another user
    return lab


def enter(room, limits):
    """Return a `Sandbox` in which a student's process waits for cells; `room` is an empty folder."""
    lab, found = furnish(room), find.locate()
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment |= {"MPLBACKEND": "Agg", "PYTHONPATH": str(lab), "LABUTILS_FONTS": str(lab / "fonts")}
    environment["LABUTILS_LIVE_SECONDS"] = "2"  # nobody watches the trainings of labs 06 and 07 here
    if found:
        found = found.parent.resolve() / found.name  # itself, and nothing that lies beside it
        environment["LABUTILS_DATA"] = str(found.parent)
    command = [sys.executable, "-s", "-B", lab / "student_process.py"]
    return Sandbox(command, room, [lab, *([found] if found else [])], environment, limits)


def due(cells, question):
    """Return the place of the last of a student's cells that belong to a question, or of the last where none does."""
    own = [place for place, cell in enumerate(cells) if cell.id in {question.id, *question.answers}]
    return max(own, default=len(cells) - 1)


def run(cells, master, limits):
    """Run a student's cells and decide the questions of the instructor's notebook.

    Parameters: cells, the student's; master, the instructor's; limits, an `isolation.Limits`.
    Returns: ({"status", "reason", "flags"}, {grade_id: rows}); a question that was not reached has no rows.
    Raises: CannotGrade where a check cannot be set up.
    """
    checks = {question.id: question for question in course.questions_of(master) if not question.manual}
    flags, rows = [], {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as room, enter(room, limits) as sandbox:

        def ask(request):
            raw = sandbox.ask(json.dumps(request).encode())
            with contextlib.suppress(ValueError, RecursionError):
                answer = json.loads(raw) if raw.count(b"[") + raw.count(b"{") < MOST_PARTS else None
                if isinstance(answer, dict):
                    return answer
            sandbox.end("it answered something else than was asked")

        with contextlib.suppress(Ended):
            for place, cell in enumerate(cells):
                if cell.kind == "code" and cell.id not in checks:
                    error = ask({"run": cell.source}).get("error")
                    if error:
                        flags.append(f"cell {place + 1} stopped with {' '.join(str(error).split())[:300]}")
                for question in checks.values():
                    if due(cells, question) == place:
                        rows[question.id] = judge.decide(master, question, ask)
        if sandbox.output_is_full():
            flags.append(f"its output was cut at {limits.file_size / 1e6:g} MB")
        reason = sandbox.reason or ("" if cells else "it has no cells")
    if len(flags) > MOST_FLAGS:
        flags[MOST_FLAGS:] = [f"and {len(flags) - MOST_FLAGS} more like these"]
    return {"status": "failed" if reason else "ok", "reason": reason, "flags": flags}, rows
