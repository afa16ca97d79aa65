"""Grades one submission by running it; as a program, in a process of its own, which reads its work and writes a result.

So whatever an answer returns costs no more than this process has, and what happens to it happens to one submission.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ... import files
from .. import course
from ..reading import answers_by_question
from . import exchange, judge, processes, sandbox, scratch, system_calls
from .notebook_run import furnish, run

MEMORY = 4_000_000_000  # bytes, of the process that decides
SECONDS = 120  # that a notebook may take; one call or statement of it may take a quarter
PATIENCE = 3  # times as long it may wait besides, where the computer's other work leaves it no processor
SLACK = 120  # seconds that a submission may take besides, in this process
UNPROTECTED = (
    f"graded without isolation: code of this class could reach this result, and your files{system_calls.NETWORK}"
)
_running = set()  # the processes that grade now


class Died(Exception):
    """The process that graded a submission ended without a result; the message says how."""


def grade_one(name, notebooks, masters, flags=(), reason="", seconds=None, only=None, lab=None):
    """Grade one submission by running it.

    Parameters: name, the student's; notebooks and masters, dicts from stem to `Cell`s, the student's and the
        instructor's, or to the reason why there are none; flags, what is known of the submission; reason, why nothing
        of it is run, if nothing is; seconds, what each notebook may take (default: `SECONDS`); only, the grade_id of
        the one question to be decided (None: all); lab, the folder that `furnish` made, where there is one.
    Returns: the result, plain JSON, with an entry for every notebook and every question of the instructor's.
    Raises: CannotGrade where a check cannot be set up.
    """
    force = sandbox.in_force()
    asked = [question for stem, cells in masters.items() for question in course.questions_of(cells, stem)]
    flags = [*flags, *[UNPROTECTED] * (force != sandbox.NAMESPACES)]
    result = course.blank_result(name, asked, reason, flags) | {"isolation": force, "timed_out": []}
    with scratch.folder() as room:
        for stem, master in masters.items():
            cells, rows, entry = notebooks.get(stem, reason or "missing"), {}, result["notebooks"][stem]
            mine = [question for question in asked if question.notebook == stem]
            found = answers_by_question.read([] if isinstance(cells, str) else cells, mine)
            answers_by_question.enter(found, result, mine)
            if isinstance(cells, str) or reason:
                entry |= {"status": "missing" if cells == "missing" else "failed"}
                entry |= {"reason": cells if isinstance(cells, str) else reason}
            else:
                lab = Path(lab or furnish(room))
                limit = seconds or SECONDS
                limits = sandbox.Limits(limit, limit / 4, int(limit) + 1, patience=PATIENCE * limit)
                begun = time.monotonic()
                result["notebooks"][stem], rows, timed_out = run(found.cells, master, lab, limits, only)
                result["notebooks"][stem]["seconds"] = round(time.monotonic() - begun, 1)
                result["timed_out"] += [stem] * timed_out
                result["notebooks"][stem]["flags"] += found.flags
            for question in (question for question in mine if not question.manual):
                given = rows.get(question.id) or judge.one_row(question, result["notebooks"][stem]["reason"])
                result["questions"][question.id] |= {"points": sum(row["points"] for row in given), "rows": given}
    return _summed(result, reason)


def _summed(result, reason):
    """Return a result with its status, and its reason where it has none yet."""
    entries = result["notebooks"].items()
    failed = [f"{stem}: {entry['reason']}" for stem, entry in entries if entry["status"] == "failed"]
    if any(entry["status"] == "ok" for _, entry in entries):
        result["status"] = "graded"
    else:
        failed = failed or ["expected notebooks of the course, found none"]
    return result | {"reason": reason or "; ".join(failed)}


def apart(work, isolated=True):
    """Return what `grade_one(**work)` returns, from a process of its own, with limits of its own.

    Raises: as `grade_one`; CannotGrade where it should be isolated and there is no isolation; Died where the process
        ends without a result.
    """
    sandbox.demand(isolated)
    seconds = (work.get("seconds") or SECONDS) * len(work["masters"]) + SLACK
    most = seconds * (1 + PATIENCE)
    environment = os.environ | {"PYTHONPATH": str(files.REPOSITORY)}
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-B", "-m", __name__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said}
        with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as process:
            _running.add(process)
            try:
                raw, _ = process.communicate(json.dumps([work, sandbox.in_force(), seconds]).encode(), timeout=most)
            except subprocess.TimeoutExpired:
                raise Died(f"it took longer than {most:g} s") from None
            finally:
                process.kill()
                _running.discard(process)
        if process.returncode:
            said.seek(max(0, said.seek(0, os.SEEK_END) - 2000))
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2][:200]
            code = process.returncode
            how = f"with exit code {code}" if code > 0 else f"by {signal.Signals(-code).name}"
            raise Died(f"its grader was ended {how}" + f": {last}" * bool(last))
    answer = json.loads(raw)
    if "result" not in answer:
        raise sandbox.CannotGrade(answer["cannot"])
    return answer["result"]


def stop():
    """End all processes that grade now."""
    for process in [*_running]:
        process.kill()


def main():
    """Read the work, [arguments of `grade_one`, isolation, seconds of processor time], and write its result."""
    work, force, seconds = json.load(sys.stdin.buffer)
    sandbox.in_force = lambda: force  # who asks has tried it
    exchange.without_compiler()
    _limit(int(seconds))
    for one in (work["masters"], work["notebooks"]):
        for stem, cells in one.items():
            one[stem] = cells if isinstance(cells, str) else [course.Cell(*cell) for cell in cells]
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what else is printed here is no result
        try:
            answer = {"result": grade_one(**work)}
        except sandbox.CannotGrade as error:
            answer = {"cannot": str(error)}
        out.write(json.dumps(answer).encode())


def _limit(seconds):
    """Set limits for this process, and end it with the one that asked."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # macOS grants fewer, Windows none
        import resource

        for limit, value in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, MEMORY)):
            resource.setrlimit(limit, (value, value))
    processes.shut()
    processes.end_with_parent()


if __name__ == "__main__":
    main()
