"""The points that somebody gives for written answers: a table that is filled by hand, and read back by the next run."""

import csv
import hashlib
import io
import re

from ..intake.notebooks import shown
from ..reading.cells import own_words

TABLE = "written.csv"
COLUMNS = ("student", "question", "points", "max", "answer")
# Where a spreadsheet may see a cell begin, whatever its separator, and then a formula, or what becomes one
# when its ' is taken off: so no two texts become one.
FORMULA = re.compile(r"(^|[;\t\r\n])([ \n]*)(?='*[=+\-@\t\r＝＋－＠])")


def cell(value):
    """Return a text so that no spreadsheet takes a part of it for a formula: with a ' in front of what could be one."""
    return FORMULA.sub(r"\1\2'", value)


def digest(answer):
    """Return what tells one answer from another in the table; no spreadsheet takes it for a number."""
    return "x" + hashlib.sha256(" ".join(answer.split()).encode("utf-8", "replace")).hexdigest()[:9]


def read(folder, questions):
    """Return {(student as in the table, grade_id): {the answer's digest: points}} of the answers that have points.

    Parameters: folder, where the results lie; questions, as `course.questions` returns them.
    Raises: ValueError, naming the line, where points are no number from 0 to the question's, or a line is not ours.
    """
    path = folder / TABLE
    if not path.exists():
        return {}
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: expected UTF-8, found another encoding; save it as CSV UTF-8") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # spreadsheets write that of their language
    lines, found = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator), {}
    try:
        if not set(COLUMNS[:3]) <= set(lines.fieldnames or ()):
            names = ", ".join(COLUMNS)
            raise ValueError(f"{path}: expected the columns {names}, found {shown(first)}; mend the first line")
        for line in lines:
            _enter_line(line, found, questions, f"{path}, line {lines.line_num}")
    except csv.Error as error:
        raise ValueError(f"{path}: expected a table, found {error}; mend line {lines.line_num}") from None
    return found


def write(file, answers, kept, questions):
    """Write the table of all answers, and below them the lines `kept`, of answers that are not there now.

    Parameters: answers, as `reports.answers_of` makes them; kept, as `unused` returns them. Returns: how many answers
        wait for points.
    """
    table, waiting = csv.writer(file), 0
    table.writerow(COLUMNS)
    for entry in answers:
        waiting += entry["points"] is None
        points = "" if entry["points"] is None else f"{entry['points']:g}"
        most = f"{questions[entry['question']].max:g}"
        table.writerow((entry["in_table"], entry["question"], points, most, entry["digest"]))
    table.writerows(kept)
    return waiting


def unused(given, questions):
    """Return the lines of the points given that no result took."""
    return [
        (student, name, f"{points:g}", f"{questions[name].max:g}", answer)
        for (student, name), versions in sorted(given.items())
        for answer, points in versions.items()
    ]


def _enter_line(line, found, questions, where):
    """Enter one line of the table into `found` if it has points."""
    text, question = (line["points"] or "").strip(), questions.get(line["question"])
    if None in line or None in line.values():
        raise ValueError(f"{where}: expected a cell in each column, found more or fewer; mend the line")
    if not text:
        return
    if question is None or not question.manual:
        raise ValueError(f"{where}: expected a written question, found {shown(line['question'])}; mend the line")
    try:
        points = float(text.replace(",", "."))  # a decimal comma, where the spreadsheet's language has one
    except ValueError:
        points = None
    if points is None or not 0 <= points <= question.max:
        raise ValueError(f"{where}: expected points from 0 to {question.max:g}, found {shown(text)}; mend the line")
    versions, answer = found.setdefault((line["student"], question.id), {}), line.get("answer", "")
    if answer in versions:
        raise ValueError(f"{where}: expected one line for each answer, found a second; remove one")
    versions[answer] = points


def enter(result, given, questions):
    """Enter the points given into a result, and 0 where nothing was written; take what was used out of `given`.

    An answer that is another now than the one that got the points is flagged, and waits for points again.
    """
    for name, question in result["questions"].items():
        if not question["manual"]:
            continue
        answer = own_words(questions[name], result["answers"].get(name, ""))
        result["answers"][name] = answer
        versions = given.get((cell(result["student"]), name), {})
        points = None
        if answer:
            points = versions.pop(digest(answer) if digest(answer) in versions else "", None)
        question["points"] = points if answer else 0
        if versions and points is None:
            result["flags"].append(f"{name}: another answer than this got {max(versions.values()):g} points")
    return result
