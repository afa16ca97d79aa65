"""Keeps finished results, one file a student, and knows which of them still hold."""

import contextlib
import hashlib
import importlib.metadata
import json
import sys

from ... import files
from ...networks import checkpoints
from ..intake.names import file_name

LIBRARIES = ("numpy", "torch")


def course_digest(masters, seconds):
    """Return the digest of all but the submission that a result depends on.

    That is labutils, the networks, the instructor's notebooks, Python and the libraries, and the time allowed.
    """
    versions = [importlib.metadata.version(name) for name in LIBRARIES]
    found = hashlib.sha256(json.dumps([masters, seconds, sys.version, versions]).encode())
    for folder in (files.REPOSITORY / "labutils", checkpoints.FOLDER):
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
            found.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def submission_digest(student, notebooks, flags, reason):
    """Return the digest of what a student handed in."""
    return hashlib.sha256(json.dumps([student, notebooks, flags, reason]).encode()).hexdigest()


class Kept:
    """The folder of finished results, done/. `course` is the digest of the course as it is now."""

    def __init__(self, folder, course):
        self.folder, self.course = folder / "done", course

    def _path(self, student):
        return self.folder / f"{file_name(student)}.json"

    def result(self, student, submission, any_course=False):
        """Return the result that is kept of exactly this submission and course (or of any), or None.

        One in which something ran out of time is not kept as final, nor is one of a submission that broke the grader.
        """
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._path(student).read_text(encoding="utf-8"))
            holds = kept["submission"] == submission and (any_course or kept["course"] == self.course)
            if holds and not kept["result"]["timed_out"]:
                return kept["result"]
        return None

    def keep(self, student, submission, result):
        """Keep a finished result."""
        content = {"submission": submission, "course": self.course, "result": result}
        files.write_whole(self._path(student), json.dumps(content).encode())
