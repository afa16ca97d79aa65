"""Writes the results: grades.csv, grades.json, a page for each student, and written answers with a place for points.

Each file is whole or as it was before. Results wait on disk until all are there, so that a thousand students take no
more memory than one.
"""

import csv
import json
import os
import tempfile

from tqdm import tqdm

from ... import files
from .. import course, stored
from ..intake import submissions
from ..intake.names import file_name
from ..running import scratch
from . import pages, written_answers

SYSTEM = ("id", "late", "resubmitted")  # what a course system says of a submission


def _noting(submissions, said):
    """Yield the submissions as they are, and note in `said` what the course system says of each."""
    for one in submissions:
        said[one.student] = one.id, one.late, one.again
        yield one


def grade(folder, out, running=None):
    """Grade a folder of submissions and write the results; return one line that says what there is.

    Parameters: folder, of the submissions; out, where the results go; running, the options of `class_run.grade`, with
        which they are run again (None: they are judged by their stored outputs, a preview).
    Raises: ValueError where the results would lie among the submissions; and as the parts do.
    """
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(f"--out: expected a folder that is not among the submissions, found {out}; name another")
    questions = course.questions()
    given = written_answers.read(out, questions)
    with scratch.folder() as unpacked:
        said = {}  # by student, what the course system says
        graded = {question.notebook for question in questions.values()}  # not the lab beyond the homework
        results = submissions.collect(folder, unpacked, course.stems())
        results = (one._replace(notebooks={n: p for n, p in one.notebooks.items() if n in graded}) for one in results)
        results = _noting(results, said)
        if running is None:
            results = (stored.preview(submission, questions) for submission in results)
        else:
            from ..running import class_run

            results = class_run.grade(results, folder=out, **running)
        results = (one | dict(zip(SYSTEM, said[one["student"]])) for one in results)
        return write(tqdm(results, unit=" submissions", disable=None), out, questions, given)


def _writing(path):
    return files.writing(path, "w", encoding="utf-8", errors="backslashreplace", newline="")


class Shelf:
    """Values on disk, by key; iterating gives them in the order of the keys, one at a time in memory."""

    def __init__(self, file):
        self.file, self.places = file, {}

    def put(self, key, value):
        """Keep a value that json can write."""
        self.places[key] = self.file.seek(0, os.SEEK_END)
        self.file.write(json.dumps(value).encode() + b"\n")

    def __iter__(self):
        for key in sorted(self.places):
            self.file.seek(self.places[key])
            yield json.loads(self.file.readline())


def write(results, folder, questions, given=None):
    """Write all results into a folder; return one line that says what there is.

    Parameters: results, an iterable of results in any order; folder, a Path, made where it is missing; questions, as
        `course.questions` returns them; given, the points for written answers, as `written_answers.read` returns them.
    """
    (folder / "students").mkdir(parents=True, exist_ok=True)
    given = given or {}
    notebook_of = {question.id: question.notebook for question in questions.values()}
    order = {name: place for place, name in enumerate(questions)}
    with tempfile.TemporaryFile() as one, tempfile.TemporaryFile() as other:
        kept, answers, isolation = Shelf(one), Shelf(other), set()
        for result in results:
            result = written_answers.enter(result, given, questions)
            kept.put(result["student"], result)
            isolation |= {result["isolation"]} - {""}
            for entry in answers_of(result):
                answers.put((order[entry["question"]], entry["student"]), entry)
            with _writing(folder / "students" / f"{file_name(result['student'])}.html") as file:
                file.write(pages.student_page(result, notebook_of))
        with _writing(folder / "grades.csv") as file:
            failed = write_csv(file, kept, questions)
        with _writing(folder / "grades.json") as file:
            write_json(file, kept)
        left = written_answers.unused(given, questions)
        with _writing(folder / written_answers.TABLE) as file:
            waiting = written_answers.write(file, answers, left, questions)
        with _writing(folder / "written.html") as file:
            file.writelines(pages.marking_page(answers, left, questions))
    text = f"{folder / 'grades.csv'}: {len(kept.places)} students"
    text += f", {failed} of them with a reason in place of points" * bool(failed)
    text += f" ({'; '.join(sorted(isolation))})" * bool(isolation)
    text += f"; {waiting} written answers wait for points, in written.html" * bool(waiting)
    return text + f"; {len(left)} lines of written.csv are for no answer here, and were kept" * bool(left)


def answers_of(result):
    """Return what there is to mark of one result: a dict for each written answer."""
    return [
        {
            "student": result["student"],
            "in_table": written_answers.cell(result["student"]),
            "question": name,
            "answer": answer,
            "digest": written_answers.digest(answer),
            "points": result["questions"][name]["points"],
        }
        for name, answer in result["answers"].items()
        if answer
    ]


def write_csv(file, results, questions):
    """Write a row for each student, a column for each question; return how many failed."""
    table, failed = csv.writer(file), 0
    table.writerow(["student", *questions, "total", "status", "reason", "flags", *SYSTEM])
    for result in results:
        failed += result["status"] == "failed"
        points = [result["questions"][name]["points"] for name in questions]
        total = f"{pages.total(result['questions'].values()):g}"
        reasons, flags = [result["reason"]], list(result["flags"])
        for stem, state in result["notebooks"].items():
            if state["reason"] and state["reason"] not in result["reason"]:
                reasons.append(f"{stem}: {state['reason']}")
            elif state["status"] == "missing" and result["status"] != "failed":
                flags.append(f"{stem} is missing")
            flags += [f"{stem[:2]} {flag}" for flag in state["flags"]]
        table.writerow(
            [
                written_answers.cell(result["student"]),
                *("" if value is None else f"{value:g}" for value in points),
                total,
                result["status"],
                written_answers.cell("; ".join(filter(None, reasons))),
                written_answers.cell("; ".join(flags)),
                written_answers.cell(str(result.get("id", ""))),
                *("yes" if result.get(word) else "" for word in SYSTEM[1:]),
            ]
        )
    return failed


def write_json(file, results):
    """Write all results as one list, a result on each line."""
    separator = "[\n"
    for result in results:
        file.write(separator + json.dumps(result, ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n" if separator == ",\n" else "[]\n")
