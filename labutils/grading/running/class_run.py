"""Marks by running: grades submissions, each in a process of its own, here or on a Dask cluster; resumable."""

import concurrent.futures
import contextlib
import functools
from pathlib import Path

from ... import files
from .. import course
from . import hidden_seed, sandbox, scratch, submission_run
from .finished import Kept, course_digest, submission_digest
from .notebook_run import furnish

PATIENCE = 10  # seconds in which a scheduler must answer
FAILED = "failed"  # in `again`: all whose grading failed


def read_all(paths):
    """Return a dict from stem to a notebook's `Cell`s, or to the reason why it cannot be read."""
    found = {}
    for stem, path in paths.items():
        try:
            found[stem] = course.read(path)
        except (ValueError, OSError, MemoryError, RecursionError) as error:
            found[stem] = sandbox.one_line(str(error) or type(error).__name__)
    return found


def grade(submissions, folder, jobs=1, dask=None, isolated=True, masters=files.NOTEBOOKS, **options):
    """Grade submissions and yield their results, as they are finished; what is done is kept and not done again.

    Parameters: submissions, an iterable of `Submission`s, read as they are needed; folder, where results are kept, in
        done/, one file a student; jobs, how many at a time; dask, the address of a scheduler, whose workers do the
        work; isolated, whether to refuse where there is no isolation; masters, the folder of the instructor's
        notebooks; options, those of `Class`.
    Raises: ValueError (CannotGrade) or OSError, in one line, where the work cannot go on; what is done is kept.
    """
    scratch.clear()
    sandbox.demand(isolated and dask is None)  # a cluster's workers see to it themselves
    masters = {path.stem: course.read(path) for path in sorted(Path(masters).glob("*.ipynb"))}
    masters = {stem: cells for stem, cells in masters.items() if course.questions_of(cells)}
    done = Path(folder) / "done"  # by which a folder with marks is known
    done.mkdir(parents=True, exist_ok=True)
    with files.held(done), scratch.folder() as room, _executor(jobs, dask) as (executor, workers):
        seed = hidden_seed.of_class(done / "seed.txt")
        masters = {stem: hidden_seed.put_in(cells, seed) for stem, cells in masters.items()}
        shared = dask is None and sandbox.in_force() == sandbox.NAMESPACES  # elsewhere students could change it
        lab = functools.cache(lambda: str(furnish(room))) if shared else lambda: None
        yield from Class(masters, folder, lab, isolated, **options).results(submissions, executor, workers)


class Class:
    """A class that is graded.

    Parameters: masters, {stem: `Cell`s}, the instructor's; folder, for the results; lab, a function that returns the
        folder which all students' processes read, or None for one each; isolated, whether to refuse where
        there is no isolation; seconds, what each notebook may take; again, the student, or `FAILED`, whose kept
        results are not used; question, the grade_id of the one question that is graded, anew, where a result of
        the others is kept, whichever labutils it is from.
    """

    def __init__(self, masters, folder, lab, isolated=True, seconds=None, again=None, question=None):
        self.masters, self.isolated, self.again, self.question = masters, isolated, again, question
        known = {one.id: one for stem, cells in masters.items() for one in course.questions_of(cells, stem)}
        if question is not None and (question not in known or known[question].manual):
            checks = ", ".join(name for name, one in known.items() if not one.manual)
            raise ValueError(f"--question: expected one of {checks}, found {question}")
        self.only, self.lab = known.get(question), lab
        self.kept, self.options = Kept(Path(folder), course_digest(masters, seconds)), {"seconds": seconds}

    def results(self, submissions, executor, workers):
        """Yield the results of submissions as they are finished."""
        waiting, died, names = {}, [], {FAILED}

        def finished(most):
            while len(waiting) > most:
                ready, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in [future for future in waiting if future in ready]:
                    work, *more = waiting.pop(future)
                    try:
                        yield self._done(future.result(), work, *more)
                    except submission_run.Died:
                        died.append((work, *more))

        for submission in submissions:
            notebooks = read_all(submission.notebooks)
            names.add(submission.student)
            what = submission.student, notebooks, [*submission.flags], submission.reason
            digest = submission_digest(*what)
            old = self._old(submission.student, digest)
            if old and self.only is None:
                yield old | {"kept": True}
                continue
            yield from finished(most=2 * workers - 1)
            work = dict(zip(("name", "notebooks", "flags", "reason"), what)) | self.options
            work |= {"masters": self.masters, "only": self.question if old else None, "lab": self.lab()}
            waiting[executor.submit(submission_run.apart, work, self.isolated)] = work, digest, old
        yield from finished(most=0)
        for work, digest, old in died:  # once more, and alone
            try:
                yield self._done(executor.submit(submission_run.apart, work, self.isolated).result(), work, digest, old)
            except submission_run.Died as error:
                yield submission_run.grade_one(**work | {"reason": f"it could not be graded: {error}"})
        if self.again and self.again not in names:
            raise ValueError(f"--again: expected a student as in grades.csv, or {FAILED}, found {self.again!r}")

    def _old(self, student, digest):
        """Return the result that is kept and may be used, or None."""
        old = self.kept.result(student, digest, any_course=self.only is not None)
        unused = old is None or self.again == student or self.again == FAILED == old["status"]
        unprotected = old is not None and old["isolation"] != sandbox.NAMESPACES  # it may be anybody's
        return None if unused or unprotected else old

    def _done(self, result, work, digest, old):
        """Return a new result, put into the old one where only a question is new, and keep it."""
        if old:
            name, stem = self.question, self.only.notebook
            old["questions"][name] = result["questions"][name]
            old["notebooks"][stem], old["timed_out"] = result["notebooks"][stem], result["timed_out"]
            result = old
        if result["isolation"] == sandbox.NAMESPACES:
            self.kept.keep(work["name"], digest, result)
        return result


@contextlib.contextmanager
def _executor(jobs, dask):
    """Yield (a concurrent.futures executor, how many submissions it works on at once)."""
    if dask is None:
        with concurrent.futures.ThreadPoolExecutor(jobs) as executor:  # each waits for a process of its own
            try:
                yield executor, jobs
            finally:
                executor.shutdown(wait=False, cancel_futures=True)
                submission_run.stop()
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
