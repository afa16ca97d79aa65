"""The pages of the results: one for each student, and one with all written answers. What others wrote is escaped.

A student's page shows of the hidden tests only what they cost.
"""

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c1d1f; --soft: #63666b; --line: #dcdee2; --paper: #fff; --tint: #f5f6f8;
  --right: #00704d; --wrong: #b54700; --accent: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7e9; --soft: #a3a7ad; --line: #3a3d42; --paper: #17181a;
  --tint: #202225; --right: #4fc79a; --wrong: #f0995c; --accent: #86b4ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 50rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.75rem 0 .5rem; font-size: 1.15rem; display: flex; gap: 1rem; justify-content: space-between; }
.total { margin: .4rem 0 0; font-size: 1.15rem; }
.note, .flags { margin: .6rem 0 0; color: var(--soft); font-size: .93rem; }
.flags { margin-bottom: .7rem; padding-left: 1.1rem; }
.reason { margin: .75rem 0; padding: .6rem .9rem; border-left: 3px solid var(--wrong); background: var(--tint); }
table { width: 100%; border-collapse: collapse; font-size: .95rem; }
th, td { padding: .38rem .5rem .38rem 0; text-align: left; vertical-align: top; font-weight: inherit; }
tbody { border-top: 1px solid var(--line); }
tbody th { padding-top: .7rem; font-weight: 600; }
tbody tr:last-child td { padding-bottom: .8rem; }
.points { width: 5.5rem; padding-right: 0; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
h2 .points { width: auto; }
td:last-child { padding-right: 0; }
.mark { width: 1.4rem; }
.right { color: var(--right); } .wrong { color: var(--wrong); }
.hint { color: var(--soft); }
.answer { margin: 0; padding: .8rem 1rem; background: var(--tint); border-radius: 6px; white-space: pre-wrap;
  font: inherit; }
"""

MARKING_STYLE = """
form > header { position: sticky; top: 0; z-index: 1; margin: 1.25rem -1.25rem 0; padding: .7rem 1.25rem; display: flex;
  gap: 1rem; align-items: center; justify-content: space-between; background: var(--paper);
  border-bottom: 1px solid var(--line); }
button { padding: .45rem 1.1rem; border: 0; border-radius: 6px; background: var(--accent); color: var(--paper);
  font: 600 1rem system-ui, sans-serif; cursor: pointer; }
article { margin: 1.25rem 0 1.75rem; }
article > div { display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; margin-bottom: .4rem; }
label { white-space: nowrap; color: var(--soft); }
input { width: 5rem; padding: .25rem .4rem; border: 1px solid var(--soft); border-radius: 5px; background: var(--paper);
  color: var(--ink); font: inherit; text-align: right; }
input:invalid { outline: 2px solid var(--wrong); }
"""

# Makes written.csv of what the page's fields hold. Until then the page alone has it: hence the question on leaving.
SCRIPT = """
const form = document.querySelector("form"), fields = [...form.querySelectorAll("input")];
const open = fields.filter(f => f.type === "number");
const count = () => {
  document.querySelector("output").value = `${open.filter(f => f.value !== "").length} of ${open.length} marked`;
};
let unsaved = false;
form.addEventListener("input", () => { unsaved = true; count(); });
window.addEventListener("beforeunload", event => { if (unsaved) event.preventDefault(); });
form.addEventListener("submit", event => {
  event.preventDefault();
  const quote = text => '"' + text.replaceAll('"', '""') + '"';
  const line = f => [f.dataset.student, f.dataset.question, f.value, f.max, f.dataset.answer].map(quote).join(",");
  const table = ["student,question,points,max,answer", ...fields.map(line), ""].join("\\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table], { type: "text/csv" }));
  link.download = "written.csv";
  link.click();
  unsaved = false;
});
count();
"""


def page(title, body, style=STYLE, script=""):
    """Return a whole page, of which nothing runs but `script`, and which loads nothing from anywhere."""
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; style-src 'unsafe-inline'" + f"; script-src 'sha256-{allowed}'" * bool(script)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}"
        + f"<script>{script}</script>\n" * bool(script)
        + "</body>\n</html>\n"
    )


def title_of(stem):
    """Return a notebook's name as a heading: "01 gradient descent"."""
    return stem.replace("_", " ")


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


def paragraphs(reason, flags):
    """Return a reason and flags as HTML, nothing where there are none."""
    reason = f'<p class="reason">{escape(reason)}</p>\n' if reason else ""
    items = "".join(f"<li>{escape(flag)}</li>" for flag in flags)
    return reason + (f'<ul class="flags">{items}</ul>\n' if items else "")


def line(mark, label, points, hint=""):
    """Return one row of a check as HTML."""
    sign = {True: '<b class="right">&#10003;</b>', False: '<b class="wrong">&#10007;</b>', None: ""}[mark]
    hint = f'<div class="hint">{escape(hint)}</div>' if hint else ""
    return f'<tr><td class="mark">{sign}</td><td>{escape(label)}{hint}</td><td class="points">{points}</td></tr>\n'


def question_rows(name, question, answer, previewed):
    """Return one question as HTML: its points, its visible rows, what the hidden ones cost, or the written answer."""
    points = points_text(question["points"], question["max"])
    rows = f'<tr><th colspan="2">{escape(name)}</th><th class="points">{points}</th></tr>\n'
    for row in question["rows"]:
        if not row["hidden"]:
            right = row["points"] == row["max"]
            rows += line(right, row["label"], points_text(row["points"], row["max"]), row["message"])
    hidden = [row for row in question["rows"] if row["hidden"]]
    unseen = question["max"] - sum(row["max"] for row in question["rows"])
    if hidden:
        earned, most = (sum(row[key] for row in hidden) for key in ("points", "max"))
        rows += line(earned == most, "hidden tests", points_text(earned, most))
    elif previewed and question["rows"] and unseen > 0:
        rows += line(None, "hidden tests, which a preview does not run", f"{unseen:g}")
    if question["manual"]:
        text = f'<pre class="answer">{escape(answer)}</pre>' if answer.strip() else '<p class="note">No answer.</p>'
        rows += f'<tr><td colspan="3">{text}</td></tr>\n'
    return f"<tbody>\n{rows}</tbody>\n"


def student_page(result, notebook_of):
    """Return the page of one student's result; `notebook_of` is {grade_id: name of its notebook}."""
    questions, previewed = result["questions"], result["status"] == "previewed"
    waiting = sum(question["max"] for question in questions.values() if question["points"] is None)
    most = sum(question["max"] for question in questions.values())
    notes = []
    if previewed:
        notes.append("A preview: the points that the notebooks say, before they are run again.")
    if waiting:
        notes.append(f"{waiting:g} of the points are for written answers that are not marked yet.")
    body = f"<h1><bdi>{escape(result['student'])}</bdi></h1>\n"
    body += f'<p class="total"><b>{total(questions.values()):g}</b> of {most:g} points</p>\n'
    if taken := result.get("late_penalty"):
        left = total(questions.values()) - taken["points"]
        body += f'<p class="total"><b>{left:g}</b> count: {escape(late_text(taken))}.</p>\n'
    body += "".join(f'<p class="note">{note}</p>\n' for note in notes)
    body += paragraphs(result["reason"], result["flags"])
    for stem, state in result["notebooks"].items():
        inside = {name: question for name, question in questions.items() if notebook_of[name] == stem}
        most = sum(question["max"] for question in inside.values())
        points = f"{total(inside.values()):g} / {most:g}"
        body += f'<section>\n<h2><span>{escape(title_of(stem))}</span><span class="points">{points}</span></h2>\n'
        missing = state["status"] == "missing" and result["status"] != "failed"
        body += paragraphs("This notebook was not handed in." if missing else state["reason"], state["flags"])
        if state["status"] == "ok":
            answers = result["answers"]
            rows = (question_rows(name, q, answers.get(name, ""), previewed) for name, q in inside.items())
            body += f"<table>\n{''.join(rows)}</table>\n"
        body += "</section>\n"
    return page(f"{result['student']}: points", body)


def field(kind, student, question, points, most, digest):
    """Return the field for the points of one answer; what stands in the table beside them is in its data."""
    given = {"student": student, "question": question, "answer": digest}
    data = "".join(f' data-{key}="{escape(value)}"' for key, value in given.items())
    name = escape(f"points for {student}, {question}")
    return f'<input type="{kind}" min="0" max="{most}" step="any" value="{points}" aria-label="{name}"{data}>'


def marking_page(answers, kept, questions):
    """Yield, piece by piece, the page of all written answers, with a field for the points of each.

    Parameters: answers, dicts with student, in_table, question, answer, digest and points, the questions in order;
        kept, lines of the table that go back into it; questions, as `course.questions` returns them.
    """
    head, foot = page("Written answers", "\0", STYLE + MARKING_STYLE, SCRIPT).split("\0")
    yield head
    yield (
        "<h1>Written answers</h1>\n"
        '<p class="note">Give points, save, put written.csv into the folder of this page in place of the one there, '
        "and run the same command again: the totals then have them. A field left empty waits.</p>\n"
        "<form>\n<header><output></output><button>Save written.csv</button></header>\n"
    )
    last = None
    for entry in answers:
        question = questions[entry["question"]]
        if question.id != last:
            yield f"<h2><span>{escape(question.id)}, {escape(title_of(question.notebook))}</span></h2>\n"
            last = question.id
        points = "" if entry["points"] is None else f"{entry['points']:g}"
        most = f"{question.max:g}"
        box = field("number", entry["in_table"], question.id, points, most, entry["digest"])
        name = f"<b><bdi>{escape(entry['student'])}</bdi></b>"
        yield f"<article>\n<div>{name}<label>{box} / {most}</label></div>\n"
        yield f'<pre class="answer">{escape(entry["answer"])}</pre>\n</article>\n'
    for line in kept:
        yield field("hidden", *line[:5]) + "\n"
    yield "</form>\n" + foot
