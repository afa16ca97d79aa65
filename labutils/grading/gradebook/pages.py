"""The pages of the results, from the templates beside this file, in which whatever others wrote is escaped.

Nothing runs on a page but the one script that its policy names, and nothing is loaded from anywhere.
A student's page shows of the hidden tests only what they cost.
"""

import base64
import hashlib
import json
from pathlib import Path

import jinja2
from markupsafe import Markup

from ... import files
from . import markdown, titles

TEMPLATES = Path(__file__).with_name("templates")
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def in_script(value):
    """Return a value as JSON that may stand inside a script's tags."""
    return Markup(json.dumps(value).replace("<", "\\u003c"))


_environment.filters |= {"markdown": markdown.render, "inline": markdown.inline, "in_script": in_script}


def writing(path):
    """Give a text file to write to, whole or not at all, that holds whatever a student wrote."""
    return files.writing(path, "w", encoding="utf-8", errors="backslashreplace", newline="")


def write(file, template, script="", **values):
    """Write a page piece by piece, so that values may be generators; `script` is the one that may run on it."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    if script:
        allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f" 'self' file:; script-src 'sha256-{allowed}'"  # pictures beside the page
    page = _environment.get_template(template).stream(policy=Markup(policy), script=Markup(script), **values)
    page.enable_buffering(20)
    page.dump(file)


def part(template, name, *arguments):
    """Return what one macro of a template makes of its arguments, as HTML."""
    return getattr(_environment.get_template(template).module, name)(*arguments)


def points_text(points, most):
    """Return "1.5 / 2", or "not marked / 2" where nobody has given points yet."""
    return f"{'not marked' if points is None else f'{points:g}'} / {most:g}"


def total(questions):
    """Return the points of a result's questions added up, those not marked yet left out."""
    return sum(question["points"] or 0 for question in questions)


def late_text(taken):
    """Return in words what lateness takes off, as `late.enter` has it in a result."""
    days = "1 day" if taken["days"] == 1 else f"{taken['days']:g} days"
    return f"{taken['points']:g} points less for being {days} late ({taken['rule']})"


def student_page(file, result, notebook_of, named):
    """Write the page of one student's result.

    Parameters: file; result; notebook_of, {grade_id: name of its notebook}; named, the `Titles` of the course.
    """
    questions, taken = result["questions"], result.get("late_penalty")
    reached, previewed = total(questions.values()), result["status"] == "previewed"
    notebooks = []
    for stem, state in result["notebooks"].items():
        inside = {name: question for name, question in questions.items() if notebook_of[name] == stem}
        missing = state["status"] == "missing" and result["status"] != "failed"
        notebooks.append(
            {
                "title": named.notebooks.get(stem, stem),
                "points": points_text(total(inside.values()), sum(question["max"] for question in inside.values())),
                "reason": "This notebook was not handed in." if missing else state["reason"],
                "flags": [titles.of_flag(flag, named.questions) for flag in state["flags"]],
                "questions": [
                    _shown(named.questions.get(name, name), question, result["answers"].get(name, ""), previewed)
                    for name, question in inside.items()
                    if state["status"] == "ok"
                ],
                "own": markdown.render(result.get("own", {}).get(stem, "")),
            }
        )
    write(
        file,
        "student.html",
        student=result["student"],
        total=f"{reached:g}",
        most=f"{sum(question['max'] for question in questions.values()):g}",
        late=late_text(taken) if taken else "",
        left=f"{reached - taken['points']:g}" if taken else "",
        previewed=previewed,
        waiting=sum(question["max"] for question in questions.values() if question["points"] is None),
        reason=result["reason"],
        flags=[titles.of_flag(flag, named.in_full) for flag in result["flags"]],
        notebooks=notebooks,
    )


def _shown(title, question, answer, previewed):
    """Return a question as the template shows it: its rows, the hidden ones as one, or the written answer."""
    rows = [
        (row["points"] == row["max"], row["label"], points_text(row["points"], row["max"]), row["message"])
        for row in question["rows"]
        if not row["hidden"]
    ]
    hidden = [row for row in question["rows"] if row["hidden"]]
    unseen = question["max"] - sum(row["max"] for row in question["rows"])
    if hidden:
        earned, most = (sum(row[key] for row in hidden) for key in ("points", "max"))
        rows.append((earned == most, "hidden tests", points_text(earned, most)))
    elif previewed and question["rows"] and unseen > 0:
        rows.append((None, "hidden tests, which a preview does not run", f"{unseen:g}"))
    return {
        "title": markdown.inline(title),
        "points": points_text(question["points"], question["max"]),
        "rows": rows,
        "manual": question["manual"],
        "answer": markdown.render(answer) if answer.strip() else "",
        "comment": markdown.render(question.get("comment", "")),
    }
