"""Writes the results: grades.csv, grades.json, a page for each student, and written answers with a place for points.

Each file is whole or as it was before. Results wait on disk until all are there, so that a thousand students take no
more memory than one.
"""

import contextlib
import csv
import json
import os
import tempfile

from . import pages, written
from .naming import file_name


@contextlib.contextmanager
def atomically(path):
    """Give a file to write to that takes its place at `path` when all is written, and not before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
        `questions.course` returns them; given, the points for written answers, as `written.read` returns them.
    """
    (folder / "students").mkdir(parents=True, exist_ok=True)
    given = given or {}
    notebook_of = {question.id: question.notebook for question in questions.values()}
    order = {name: place for place, name in enumerate(questions)}
    with tempfile.TemporaryFile() as one, tempfile.TemporaryFile() as other:
        kept, answers, isolation = Shelf(one), Shelf(other), set()
        for result in results:
            result = written.enter(result, given, questions)
            kept.put(result["student"], result)
            isolation |= {result["isolation"]} - {""}
            for entry in answers_of(result):
                answers.put((order[entry["question"]], entry["student"]), entry)
            with atomically(folder / "students" / f"{file_name(result['student'])}.html") as file:
                file.write(pages.student_page(result, notebook_of))
        with atomically(folder / "grades.csv") as file:
            failed = write_csv(file, kept, questions)
        with atomically(folder / "grades.json") as file:
            write_json(file, kept)
        left = written.unused(given, questions)
        with atomically(folder / written.TABLE) as file:
            waiting = written.write(file, answers, left, questions)
        with atomically(folder / "written.html") as file:
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
            "in_table": written.cell(result["student"]),
            "question": name,
            "answer": answer,
            "digest": written.digest(answer),
            "points": result["questions"][name]["points"],
        }
        for name, answer in result["answers"].items()
        if answer
    ]


def write_csv(file, results, questions):
    """Write a row for each student, a column for each question; return how many failed."""
    table, failed = csv.writer(file), 0
    table.writerow(["student", *questions, "total", "status", "reason", "flags"])
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
                written.cell(result["student"]),
                *("" if value is None else f"{value:g}" for value in points),
                total,
                result["status"],
                written.cell("; ".join(filter(None, reasons))),
                written.cell("; ".join(flags)),
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
