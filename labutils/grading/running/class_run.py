"""Marks by running: grades submissions one by one, on this machine's processes or a Dask cluster's; resumable."""

import concurrent.futures
import contextlib
import hashlib
import json
import multiprocessing
import threading
from pathlib import Path

from ... import __version__, files
from .. import course
from ..intake.names import file_name
from ..reading import answers
from . import sandbox
from .judge import CannotGrade
from .notebook_run import allowed_seconds, run

PATIENCE = 10  # seconds in which a scheduler must answer
_alone = threading.Lock()  # a check keeps what it prints to itself, which two threads cannot do at once


def read_all(paths):
    """Return a dict from stem to a notebook's `Cell`s, or to the reason why it cannot be read."""
    found = {}
    for stem, path in paths.items():
        try:
            found[stem] = course.read(path)
        except ValueError as error:
            found[stem] = str(error)
    return found


def grade_one(name, notebooks, masters, flags=(), reason="", seconds=None, require_isolation=False):
    """Grade one submission by running it.

    Parameters: name, the student's; notebooks and masters, dicts from stem to `Cell`s, the student's and the
        instructor's, or to the reason why there are none; flags and reason, what is known of the submission; seconds,
        what each notebook may take (default: `allowed_seconds`).
    Returns: the result, plain JSON, with an entry for every notebook and every question of the instructor's.
    Raises: CannotGrade where isolation is required and this computer gives none, or a check cannot be set up.
    """
    force = sandbox.in_force()
    if require_isolation and force != sandbox.NAMESPACES:
        raise CannotGrade(f"--require-isolation: expected Linux that lets this user make namespaces, found {force}")
    asked = [question for stem, cells in masters.items() for question in course.questions_of(cells, stem)]
    result = course.blank_result(name, asked, reason, flags) | {"isolation": force}
    for stem, master in masters.items():
        cells, rows = notebooks.get(stem, reason or "missing"), {}
        mine = [question for question in asked if question.notebook == stem]
        if isinstance(cells, str):
            status = "missing" if cells == "missing" else "failed"
            result["notebooks"][stem] |= {"status": status, "reason": cells}
        else:
            limit, found = seconds or allowed_seconds(master), answers.read(cells, mine)
            with _alone:
                result["notebooks"][stem], rows = run(found.cells, master, sandbox.Limits(limit, int(limit) + 1))
            result["notebooks"][stem]["flags"] += found.flags
            answers.enter(found, result, mine)
        for question in (question for question in mine if not question.manual):
            _enter(result, question, rows.get(question.id))
    entries = result["notebooks"].items()
    failed = [f"{stem}: {entry['reason']}" for stem, entry in entries if entry["status"] == "failed"]
    if any(entry["status"] == "ok" for _, entry in entries):
        result["status"] = "graded"
    else:
        failed = failed or ["expected notebooks of the course, found none"]
    return result | {"reason": reason or "; ".join(failed)}


def _enter(result, question, rows):
    """Enter a check's rows and points into the result; without rows, its one row says why there are none."""
    if rows is None:
        reason = result["notebooks"][question.notebook]["reason"]
        rows = [{"label": "the check", "points": 0, "max": question.max, "message": reason, "hidden": False}]
    result["questions"][question.id] |= {"points": sum(row["points"] for row in rows), "rows": rows}


def grade(submissions, folder, jobs=1, require_isolation=False, dask=None, seconds=None, masters=files.NOTEBOOKS):
    """Grade submissions and yield their results, as they are finished; what is done is kept and not done again.

    Parameters: submissions, an iterable of `Submission`s, read as they are needed; folder, where results are kept, in
        done/, one file a student; jobs, how many processes; dask, the address of a scheduler, whose workers do the
        work in their place; seconds, what each notebook may take; masters, the folder of the instructor's notebooks.
    Raises: ValueError (CannotGrade) or OSError, in one line, where the work cannot go on; what is done is kept.
    A finished result is used again unless the submission, the instructor's notebooks, or labutils changed.
    """
    masters = {path.stem: course.read(path) for path in sorted(Path(masters).glob("*.ipynb"))}
    masters = {stem: cells for stem, cells in masters.items() if course.questions_of(cells)}
    done = Path(folder) / "done"
    done.mkdir(parents=True, exist_ok=True)
    waiting = {}

    def finished(most):
        """Yield results, and keep them, until at most this many are waited for."""
        while len(waiting) > most:
            ready, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in [future for future in waiting if future in ready]:
                work, path, digest = waiting.pop(future)
                yield _result(future, work, path, digest)

    with _executor(jobs, dask) as (executor, workers):
        for submission in submissions:
            notebooks = read_all(submission.notebooks)
            work = submission.student, notebooks, masters, [*submission.flags], submission.reason, seconds
            path, digest = done / f"{file_name(submission.student)}.json", _digest([work, __version__])
            if result := _kept(path, digest, require_isolation):
                yield result
                continue
            yield from finished(most=2 * workers - 1)
            waiting[executor.submit(grade_one, *work, require_isolation)] = work, path, digest
        yield from finished(most=0)


def _result(future, work, path, digest):
    """Return the result of finished work, and keep it; what fails for this submission alone is its reason."""
    try:
        result = future.result()
        files.write_whole(path, json.dumps({"digest": digest, "result": result}).encode())
        return result
    except (CannotGrade, OSError, concurrent.futures.BrokenExecutor):
        raise
    except Exception as error:  # the others are graded
        reason = f"it could not be graded: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        name, _, masters = work[:3]
        return grade_one(name, {}, masters, reason=reason)


@contextlib.contextmanager
def _executor(jobs, dask):
    """Yield (a concurrent.futures executor, how many submissions it works on at once)."""
    if dask is None:
        sandbox.in_force()  # here already, where nothing has been started
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(jobs, context) as executor:
            try:
                yield executor, jobs
            except concurrent.futures.BrokenExecutor:
                again = "the same command goes on there"
                raise OSError(f"expected {jobs} processes that grade, found one that was ended; {again}") from None
            finally:
                executor.shutdown(cancel_futures=True)
        return
    try:
        import distributed
    except ImportError:
        raise ValueError('--dask: expected dask.distributed, found none; pip install -e ".[dask]"') from None
    try:
        client = distributed.Client(dask, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise OSError(f"--dask: expected a scheduler at {dask}, found none: {error}") from None
    with client:
        yield client.get_executor(pure=False), max(1, sum(client.nthreads().values()))


def _digest(work):
    return hashlib.sha256(json.dumps(work).encode()).hexdigest()


def _kept(path, digest, require_isolation):
    """Return the result that a file keeps of exactly this work, or None."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        isolated = kept["result"]["isolation"] == sandbox.NAMESPACES
        if kept["digest"] == digest and (isolated or not require_isolation):
            return kept["result"]
    return None
