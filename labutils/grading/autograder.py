"""The program of an autograder: grades the one submission that lies there, in Gradescope's or PrairieLearn's container.

Its results are written anew after each question, so that those before a time-out are not lost; what takes too long, it
ends by itself.
"""

import argparse
import json
import os
import time
from pathlib import Path

from .. import files
from . import course
from .gradebook import titles
from .gradebook.exports import gradescope
from .intake import submissions
from .reading import answers_by_question
from .running import judge, sandbox, scratch
from .running.notebook_run import furnish, run

# For each system: where its files lie, the folder of the submission in there, the results, seconds that it allows.
SYSTEMS = {
    "gradescope": ("/autograder", "submission", "results/results.json", 600),
    "prairielearn": ("/grade", "student", "results/results.json", 600),
}
SLACK = 30  # seconds of those that are for what is not a notebook
WAITING = "the time was over before this was graded"


class Autograder:
    """One submission that is graded, question by question; its results are always on disk.

    Parameters: system, of `SYSTEMS`; base, the folder in which its files lie; seconds, that it may take in all.
    """

    def __init__(self, system, base, seconds):
        self.system, self.started = system, time.monotonic()
        self.ends = self.started + seconds - SLACK
        _, self.submission, results, _ = SYSTEMS[system]
        self.submission, self.path = Path(base, self.submission), Path(base, results)
        self.questions = course.questions()
        self.masters = {stem: course.read(course.NOTEBOOKS / f"{stem}.ipynb") for stem in course.stems()}
        self.titles = titles.read(self.questions).in_full
        self.result = course.blank_result("", self.questions.values()) | {"isolation": sandbox.in_force()}
        for question in self._checks():
            self._enter(question, judge.one_row(question, WAITING))

    def _checks(self, stem=None):
        """Return the questions that are decided by running, all or those of one notebook."""
        found = (one for one in self.questions.values() if not one.manual)
        return [one for one in found if stem in (None, one.notebook)]

    def _enter(self, question, rows):
        self.result["questions"][question.id] |= {"points": sum(row["points"] for row in rows), "rows": rows}

    def write(self):
        """Write the results as they are now."""
        if self.system == "gradescope":
            content = gradescope.results(self.result, self.titles, seconds=time.monotonic() - self.started)
        else:
            content = gradescope.prairielearn(self.result, self.titles, sum(one.max for one in self._checks()))
        files.write_whole(self.path, json.dumps(content).encode())

    def grade(self):
        """Grade the submission, notebook by notebook, and write its results; return its flags."""
        self.write()
        with scratch.folder() as unpacked, scratch.folder() as room:
            try:
                names, links = submissions.files(self.submission)
                paths = {name: self.submission / name for name in names}
                notebooks, flags = submissions.from_files(paths, Path(unpacked), course.stems())
                reason = "" if notebooks else submissions.nothing(course.stems(), flags, paths)
                flags += links
            except (ValueError, OSError) as error:
                notebooks, flags, reason = {}, [], " ".join(str(error).split())
            self.result |= {"status": "failed" if reason else "graded", "reason": reason, "flags": flags}
            lab = furnish(room)
            for stem in dict.fromkeys(question.notebook for question in self._checks()):
                self._grade(stem, notebooks.get(stem), lab)
                self.write()
        states = self.result["notebooks"].items()
        return [*flags, *(f"{stem[:2]} {flag}" for stem, state in states for flag in state["flags"])]

    def _grade(self, stem, path, lab):
        """Grade one notebook, and write the results after each of its questions."""
        asked, left = {one.id: one for one in self._checks(stem)}, self.ends - time.monotonic()
        try:
            cells = "this notebook was not handed in"
            if path:
                mine = [one for one in self.questions.values() if one.notebook == stem]
                cells = answers_by_question.read(course.read(path), mine).cells
        except ValueError as error:
            cells = str(error)
        if isinstance(cells, str):
            state, rows = {"status": "failed" if path else "missing", "reason": cells, "flags": []}, {}
        elif left < 1:
            return

        def told(name, rows):
            self._enter(asked[name], rows)
            self.write()

        if not isinstance(cells, str):
            limits = sandbox.Limits(left, min(sandbox.Limits().call, left), int(left) + 1)
            try:
                state, rows, _ = run(cells, self.masters[stem], lab, limits, told=told)
            except sandbox.CannotGrade as error:
                state, rows = {"status": "failed", "reason": str(error), "flags": []}, {}
        self.result["notebooks"][stem] = state
        for question in asked.values():
            if question.id not in rows:
                self._enter(question, judge.one_row(question, state["reason"]))


def main(words=None):
    """Grade what lies in the container's folders; print what only instructors should see."""
    parser = argparse.ArgumentParser(prog="python -m labutils.grading.autograder", description=__doc__.splitlines()[0])
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("--base", default=os.environ.get("AUTOGRADER"), help="the folder that has their files")
    text = "that it may take in all (default: 600, or $AUTOGRADER_SECONDS)"
    parser.add_argument("--seconds", type=float, default=os.environ.get("AUTOGRADER_SECONDS"), help=text)
    arguments = parser.parse_args(words)
    base, _, _, seconds = SYSTEMS[arguments.system]
    grader = Autograder(arguments.system, arguments.base or base, float(arguments.seconds or seconds))
    print("\n".join([sandbox.in_force(), *grader.grade()]))


if __name__ == "__main__":
    main()
