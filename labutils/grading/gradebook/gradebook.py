"""Writes the results: grades.csv, grades.json, a page for each student, and written answers with a place for points.

Each file is whole or as it was before. Results wait on disk until all are there, so that a thousand students take no
more memory than one.
"""

import csv
import json
import tempfile
from collections import Counter

from tqdm import tqdm

from .. import course, stored
from ..intake import submissions
from ..intake.names import file_name
from ..running import scratch
from . import late, markdown, marking, merge_markers, overview, pages, submitted_code, titles, written_answers
from .filled_in_tables import cell
from .on_disk import OnDisk

SYSTEM = ("id", "late", "resubmitted")  # what a course system says of a submission


def _noting(submissions, said, codes, questions):
    """Yield the submissions as they are; note in `said` what the course system says of each, in `codes` their code."""
    order = {name: place for place, name in enumerate(questions)}
    for one in submissions:
        said[one.student] = one.id, one.late, one.again, one.place, one.members
        for name, source in submitted_code.answers(one.notebooks, questions).items():
            codes.put((order[name], one.student), (one.student, name, source))
        yield one


def place(out, running):
    """Return the folder that results go to: `out`; for a preview one in it, where marks lie, which stay as they are."""
    return out / merge_markers.PREVIEW if running is None and (out / "done").is_dir() else out


def grade(folder, out, running=None, rule=None, export_code=False):
    """Grade a folder of submissions and write the results; return one line that says what there is.

    Parameters: folder, of the submissions, or a list of what is put together; out, where the results go; running, the
        options of `class_run.grade`, with which they are run again (None: they are judged by their stored outputs, a
        preview); rule, a `late.Rule`, or None where lateness costs nothing; export_code, whether the answers in code
        are written besides.
    Raises: ValueError where the results would lie among the submissions; and as the parts do.
    """
    folders = folder if isinstance(folder, list) else [folder]
    if {path.resolve() for path in folders} & {out.resolve(), *out.resolve().parents}:
        raise ValueError(f"--out: expected a folder that is not among the submissions, found {out}; name another")
    out = place(out, running)
    questions = course.questions()
    read = merge_markers.contents(out)
    given, days = merge_markers.read(out, questions), late.read(out)
    with scratch.folder() as unpacked, tempfile.TemporaryFile() as file:
        codes = OnDisk(file)
        said = {}  # by student, what the course system says
        graded = {question.notebook for question in questions.values()}  # not the lab beyond the homework
        results = submissions.collect(folders, unpacked, course.stems())
        results = (one._replace(notebooks={n: p for n, p in one.notebooks.items() if n in graded}) for one in results)
        results = _noting(results, said, codes, questions)
        if running is None:
            results = (stored.preview(submission, questions) for submission in results)
        else:
            from ..running import class_run

            results = class_run.grade(results, folder=out, **running)
        results = (one | dict(zip((*SYSTEM, "place", "members"), said[one["student"]])) for one in results)
        shown = tqdm(results, unit=" submissions", disable=None)
        text = write(shown, out, questions, given, rule, days, codes, read)
        text += f"\n{submitted_code.export(out, codes, questions)}" if export_code else ""
    merge_markers.put_away(read)
    return text


def write(results, folder, questions, given=None, rule=None, days=None, codes=(), read=None):
    """Write all results into a folder; return one line that says what there is.

    Parameters: results, an iterable of results in any order; folder, a Path, made where it is missing; questions, as
        `course.questions` returns them; given, the points for written answers, as `merge_markers.read` returns them;
        rule and days, what lateness costs and how late who is, as `late.read` returns it; codes, an `OnDisk` of
        (student, grade_id, code), by question; read, what `merge_markers.contents` returned when `given` was read, so
        that what somebody wrote meanwhile is kept.
    """
    (folder / "students").mkdir(parents=True, exist_ok=True)
    given, days = given or {}, dict(days or {})
    notebook_of = {question.id: question.notebook for question in questions.values()}
    order, named = {name: place for place, name in enumerate(questions)}, titles.read(questions)
    with tempfile.TemporaryFile() as one, tempfile.TemporaryFile() as other:
        kept, answers, isolation = OnDisk(one), OnDisk(other), set()
        seen, count = overview.Overview(questions), Counter()
        for result in results:
            count["before"] += result.pop("kept", False)
            result = written_answers.enter(result, given, questions)
            if rule and (late.enter(result, rule, days) or result.get("late") is None):
                count["unsaid"] += days.setdefault(cell(result["student"])) is None and not result.get("late")
            kept.put(result["student"], result)
            seen.add(result)
            isolation |= {result["isolation"]} - {""}
            for entry in answers_of(result, questions):
                answers.put((order[entry["question"]], entry["student"]), entry)
            with pages.writing(folder / "students" / f"{file_name(result['student'])}.html") as file:
                pages.student_page(file, result, notebook_of, named)
        left = written_answers.unused(given, questions)
        count["left"] = len(left)
        changed = None if read is None else merge_markers.keep_changed(folder, read)
        count["failed"], count["waiting"] = _write_tables(folder, kept, answers, left, questions, rule, days)
        marking.write(folder, answers, questions, named)
        with pages.writing(folder / "overview.html") as file:
            overview.write(file, seen, overview.groups(answers, codes, questions, named), named)
    text = f"{folder / 'grades.csv'}: {_students(len(kept.places))}{_said(count, isolation)}"
    return text + f"\n{changed}: written.csv was changed meanwhile; run this again to take it in" * bool(changed)


def _students(count):
    return f"{count} student{'s' * (count != 1)}"


def _said(count, isolation):
    """Return in words what there is to say of the results of a class."""
    parts = {
        "before": ", {} of them as they were graded before",
        "failed": ", {} of them with a reason in place of points",
        "isolation": f" ({'; '.join(sorted(isolation))})",
        "unsaid": f"; nothing says of {{}} whether they were late: {late.TABLE} takes their days",
        "waiting": "; written answers that wait for points, in written.html: {}",
        "left": "; lines of written.csv that are for no answer here, and were kept: {}",
    }
    count["isolation"] = len(isolation)
    return "".join(text.format(count[name]) for name, text in parts.items() if count[name])


def _write_tables(folder, kept, answers, left, questions, rule, days):
    """Write the tables and grades.json; return how many failed, and how many answers wait for points."""
    with pages.writing(folder / "grades.csv") as file:
        failed = write_csv(file, kept, questions, rule)
    with pages.writing(folder / "grades.json") as file:
        write_json(file, kept)
    if days:
        with pages.writing(folder / late.TABLE) as file:
            late.write(file, days)
    with pages.writing(folder / written_answers.TABLE) as file:
        return failed, written_answers.write(file, answers, left, questions)


def answers_of(result, questions):
    """Return what there is to mark of one result: a dict for each written answer.

    Text of the student's own, which stands at no question, goes with the first answer of its notebook. Parameters:
        result; questions, as `course.questions` returns them.
    """
    own, found = dict(result.get("own", {})), []
    for name, answer in result["answers"].items():
        if answer:
            shown = answer.strip().removeprefix(questions[name].given.strip())  # the question stands beside it
            entry = {"student": result["student"], "in_table": cell(result["student"]), "question": name}
            entry |= {key: result["questions"][name][key] for key in ("points", "comment")}
            entry |= {"answer": answer, "html": str(markdown.render(shown)), "digest": written_answers.digest(answer)}
            entry["data"] = result.get("data", {}).get(questions[name].notebook, "")
            found.append(entry | {"own": str(markdown.render(own.pop(questions[name].notebook, "")))})
    return found


def write_csv(file, results, questions, rule=None):
    """Write a row for each student, a column for each question; return how many failed.

    With a rule for lateness what it takes off, and what is left, have columns behind all others.
    """
    table, failed = csv.writer(file), 0
    columns = ["student", *questions, "total", "status", "reason", "flags", *SYSTEM]
    table.writerow(columns + (["days late", f"late: {rule.text}", "total less that"] if rule else []))
    for result in results:
        failed += result["status"] == "failed"
        points = [result["questions"][name]["points"] for name in questions]
        total = pages.total(result["questions"].values())
        reasons, flags = [result["reason"]], list(result["flags"])
        for stem, state in result["notebooks"].items():
            if state["status"] == "missing":
                flags += [f"{stem} is missing"] * (result["status"] != "failed")
            elif state["reason"] and state["reason"] not in result["reason"]:
                reasons.append(f"{stem}: {state['reason']}")
            flags += [f"{stem[:2]} {flag}" for flag in state["flags"]]
        table.writerow(
            [
                cell(result["student"]),
                *("" if value is None else f"{value:g}" for value in points),
                f"{total:g}",
                result["status"],
                cell("; ".join(filter(None, reasons))),
                cell("; ".join(flags)),
                cell(str(result.get("id", ""))),
                {True: "yes", False: ""}.get(result.get("late"), "not said"),
                "yes" if result.get("resubmitted") else "",
                *(_late_cells(result, total) if rule else ()),
            ]
        )
    return failed


def _late_cells(result, total):
    """Return the days late, the points that they cost, with a minus sign, and what is left."""
    taken = result.get("late_penalty")
    if not taken:
        return "", "", f"{total:g}"
    return f"{taken['days']:g}", f"{0 - taken['points']:g}", f"{total - taken['points']:g}"


def write_json(file, results):
    """Write all results as one list, a result on each line."""
    separator = "[\n"
    for result in results:
        file.write(separator + json.dumps(result, ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n" if separator == ",\n" else "[]\n")
