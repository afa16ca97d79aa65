"""The preview: what notebooks claim, and a flag wherever they disagree; nothing is run, nothing stops the others."""

import copy
import functools
import io
import json
import math
import operator
import os
import subprocess
import sys

import pytest
from helpers.handing_in import FIRST, SECOND, check_source, data, hand_in, notebook, record, write_course
from hypothesis import given, settings
from hypothesis import strategies as st

from labutils.checks import RECORD
from labutils.grading import course, stored
from labutils.grading.gradebook import pages, titles
from labutils.grading.intake import submissions


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """The questions of the small course."""
    folder = tmp_path_factory.mktemp("instructor") / "notebooks"
    write_course(folder)
    return course.questions(folder)


@pytest.fixture
def preview(questions, tmp_path):
    """Return the result of a student who hands in this first notebook, or these bytes, and a sound second one."""

    def run(first):
        folder = hand_in(tmp_path / "in" / "anna", None if isinstance(first, bytes) else first)
        if isinstance(first, bytes):
            (folder / f"{FIRST}.ipynb").write_bytes(first)
        (submission,) = submissions.collect(tmp_path / "in", tmp_path, [FIRST, SECOND])
        return stored.preview(submission, questions)

    return run


def flags(result):
    return result["notebooks"][FIRST]["flags"]


def test_the_questions_are_the_instructors_notebooks(questions):
    assert list(questions) == ["lab1_a", "lab1_a_text", "lab1_b", "lab1_b_text"]
    check, prose = questions["lab1_a"], questions["lab1_a_text"]
    assert (check.notebook, check.max, check.manual, check.answers) == (FIRST, 4, False, ("lab1_a_answer",))
    assert check.rows == (("first row", 1, False), ("second row", 1, False), ("hidden row", 2, True))
    assert "hidden" not in check.given and check.given == check_source("lab1_a", hidden=False)
    assert (prose.max, prose.manual, prose.given) == (3, True, "**Why?**")


def test_the_real_course_is_read_whole():
    real = course.questions()
    assert {q.notebook for q in real.values()} == set(course.stems()) - {"08_few_bits"}  # which has no points
    for question in real.values():
        if not question.manual:
            assert question.answers and sum(most for _, most, _ in question.rows) == question.max
            hidden = sum(most for _, most, is_hidden in question.rows if is_hidden)
            assert 0 < hidden < question.max if "HIDDEN TESTS" in question.full else hidden == 0
            assert "HIDDEN" not in question.given


def test_the_committed_notebooks_claim_full_marks_and_say_whose_they_are(tmp_path):
    real = course.questions()
    notebooks = {path.stem: path for path in course.NOTEBOOKS.glob("*.ipynb")}
    result = stored.preview(submissions.Submission("instructor", notebooks, [], ""), real)
    for name, question in result["questions"].items():
        assert question["points"] == (None if question["manual"] else question["max"])
        assert not question["manual"] or result["answers"][name]
    noted = [flag for state in result["notebooks"].values() for flag in state["flags"]]
    assert noted and all("holds the hidden tests" in flag for flag in noted)


@pytest.mark.parametrize("content", ["[]", '{"nbformat": 4, "cells": []}', "nothing"])
def test_a_broken_course_is_said_in_one_line(tmp_path, refused, content):
    (tmp_path / "01_x.ipynb").write_text(content)
    with refused("01_x.ipynb"):
        course.questions(tmp_path)


def test_a_course_whose_checks_were_not_run_is_refused(tmp_path, refused):
    made = notebook(hidden=True)
    made["cells"][3]["outputs"] = []
    (tmp_path / "01_x.ipynb").write_text(json.dumps(made))
    with refused("lab1_a", "run the notebook"):
        course.questions(tmp_path)
    with refused("notebooks"):
        course.questions(tmp_path / "nowhere")


def test_a_sound_submission(preview):
    result = preview(notebook(right=(True, False)))
    assert (result["student"], result["status"], result["reason"]) == ("anna", "previewed", "")
    assert result["isolation"] == "nothing was run"
    assert result["flags"] == [] and flags(result) == []
    assert result["notebooks"][FIRST]["status"] == "ok"
    question = result["questions"]["lab1_a"]
    assert (question["points"], question["max"], question["manual"]) == (1, 4, False)
    assert [row["points"] for row in question["rows"]] == [1, 0]
    assert question["rows"][1]["message"] == "look at the exercise once more"
    assert result["questions"]["lab1_a_text"] == {"points": None, "max": 3, "manual": True, "rows": []}
    assert "Because." in result["answers"]["lab1_a_text"]
    assert result["questions"]["lab1_b"]["points"] == 2


def spoil(change):
    """Return a student's notebook with `change(notebook, cells)` done to it."""
    made = notebook()
    change(made, made["cells"])
    return made


def forge(**values):
    return lambda made, cells: record(made).update(values)


SPOILT = {
    "run twice": (
        lambda m, c: c[1].update(execution_count=7),
        "run from top to bottom: code cell 1 was run as number 7",
    ),
    "a gap": (
        lambda m, c: (c[3].update(execution_count=4), c[3]["outputs"][0].update(execution_count=4)),
        "code cell 3 was run as number 4",
    ),
    "not run": (lambda m, c: c[1].update(execution_count=None), "code cell 1 was not run"),
    "a count that is none": (lambda m, c: c[1].update(execution_count=True), "code cell 1 was not run"),
    "never run": (
        lambda m, c: [cell.update(execution_count=None, outputs=[]) for cell in c if "outputs" in cell],
        "never run",
    ),
    "an error": (
        lambda m, c: c[1].update(outputs=[{"output_type": "error", "ename": "NameError"}]),
        "1 cells ended with an error, the first with 'NameError'",
    ),
    "an output without a count": (
        lambda m, c: c[1].update(execution_count=None, outputs=[{"output_type": "stream", "text": "x"}]),
        "not from their cell's last run: code cell 1",
    ),
    "an output of an earlier run": (
        lambda m, c: c[3]["outputs"][0].update(execution_count=2),
        "not from their cell's last run: code cell 3",
    ),
    "an answer that was run later": (
        lambda m, c: c[2].update(execution_count=9),
        "lab1_a: lab1_a_answer was run after its check: the points are of an older answer",
    ),
    "an answer that was not run": (lambda m, c: c[2].update(execution_count=None), "lab1_a_answer was not run"),
    "no answer": (lambda m, c: c.pop(2), "lab1_a: lab1_a_answer is missing"),
    "two answers": (lambda m, c: c.insert(2, copy.deepcopy(c[2])), "lab1_a: lab1_a_answer is there 2 times"),
    "points without an answer": (
        lambda m, c: c[2].update(source=["def answer(x):\n", "    raise NotImplementedError('exercise 1')"]),
        "lab1_a: it has points, but its answer is not written",
    ),
    "an altered check": (
        lambda m, c: c[3].update(source=["checks.lab1_a(lambda x: 1)"]),
        "lab1_a: its check was altered",
    ),
    "a check that is text": (lambda m, c: c[3].update(cell_type="markdown"), "lab1_a: its check was altered"),
    "the instructor's check": (
        lambda m, c: c[3].update(source=check_source("lab1_a")),
        "lab1_a: its check holds the hidden tests, which students do not have",
    ),
    "no check": (lambda m, c: c.pop(3), "lab1_a: its cell is missing"),
    "two checks": (lambda m, c: c.append(copy.deepcopy(c[3])), "lab1_a: its cell is there 2 times"),
    "a check that was not run": (
        lambda m, c: c[3].update(outputs=[], execution_count=None),
        "lab1_a: no record: its check was not run",
    ),
    "a check that failed": (
        lambda m, c: c[3].update(outputs=[{"output_type": "error", "ename": "x"}]),
        "lab1_a: no record: its check ended with an error",
    ),
    "two records": (lambda m, c: c[3]["outputs"].append(c[3]["outputs"][0]), "its record is not the one result"),
    "a displayed record": (
        lambda m, c: c[3]["outputs"][0].update(output_type="display_data"),
        "its record is not the one result",
    ),
    "another question's record": (forge(id="lab1_b"), "its record is that of 'lab1_b'"),
    "points that are not the rows'": (forge(points=1), "its record's points are not those of its rows"),
    "a maximum that is not the rows'": (forge(max=4), "its record's maximum is not that of its rows"),
    "a row too many": (
        lambda m, c: record(m)["rows"].append({"label": "x", "ok": True, "points": 1, "max": 1, "message": ""}),
        "its record has other rows than the check",
    ),
    "a row with more points": (lambda m, c: record(m)["rows"][0].update(max=3), "its record has other rows"),
    "a row marked otherwise": (
        lambda m, c: record(m)["rows"][0].update(ok=False),
        "its row 'first row' is marked otherwise than its points say",
    ),
    "a row that is none": (lambda m, c: record(m)["rows"].append("x"), "its record has rows that are none"),
    "another text": (lambda m, c: data(m).update({"text/plain": "1.5"}), "says 2 points, its text '1.5'"),
    "another table": (
        lambda m, c: data(m).update({"text/html": "<caption>: 1 of 2 points</caption>"}),
        "its record does not agree with its table",
    ),
    "no table": (lambda m, c: data(m).pop("text/html"), "its record does not agree with its table"),
    "more points than there are": (forge(points=5), "its record says '5' of '2' points, of 4 that there are"),
    "negative": (forge(points=-1), "its record says '-1'"),
    "not a number": (forge(points=math.nan), "its record says 'nan'"),
    "without end": (forge(points=math.inf), "its record says 'inf'"),
    "huge": (forge(points=10**400), "its record says '1000"),
    "a text": (forge(points="2"), "its record says '2'"),
    "true": (forge(points=True), "its record says 'True'"),
    "a list": (forge(points=[2]), "its record says 'list'"),
    "no record": (lambda m, c: data(m).update({RECORD: "2"}), "its record says 'None' of 'None' points"),
    "no written answer": (lambda m, c: c.pop(4), "lab1_a_text: its cell is missing"),
    "two written answers": (lambda m, c: c.append(c[4]), "lab1_a_text: its cell is there 2 times"),
    "an endless answer": (lambda m, c: c[4].update(source="x" * 20_001), "20001 characters and was cut after 20000"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_odd_is_flagged(preview, name):
    change, flag = SPOILT[name]
    result = preview(spoil(change))
    assert any(flag in found for found in flags(result)), flags(result)
    assert all(text.isprintable() for text in flags(result))
    points = result["questions"]["lab1_a"]["points"]
    assert type(points) in (int, float) and 0 <= points <= 4
    assert result["status"] == "previewed" and result["questions"]["lab1_b"]["points"] == 2
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize(
    "name",
    ["more points than there are", "negative", "not a number", "huge", "a text", "true", "no check", "no record"],
)
def test_points_that_cannot_be_count_nothing(preview, name):
    assert preview(spoil(SPOILT[name][0]))["questions"]["lab1_a"]["points"] == 0


def test_a_forgery_that_agrees_with_everything_is_not_seen(preview):
    forged = notebook(right=(True, True))
    forged["cells"][2]["source"] = ["def answer(x):\n", "    return 'nothing of the sort'"]
    result = preview(forged)
    assert result["questions"]["lab1_a"]["points"] == 2 and flags(result) == []


@pytest.mark.parametrize(
    "source", ["", "  \n", "**Why?**", "**Why?**\n\n*Write your answer here.*", "**Why?**\n\nYOUR ANSWER HERE"]
)
def test_an_answer_that_was_not_written_is_empty(preview, source):
    assert preview(spoil(lambda m, c: c[4].update(source=source)))["answers"]["lab1_a_text"] == ""


def test_blanks_at_the_ends_of_lines_alter_no_check(preview):
    source = check_source("lab1_a", hidden=False).replace("\n", "  \r\n") + "\n\n"
    assert flags(preview(spoil(lambda m, c: c[3].update(source=source)))) == []


def deep(depth):
    return b'{"nbformat": 4, "cells": ' + b"[" * depth + b"]" * depth + b"}"


def cells(count):
    made = notebook()
    made["cells"] += [{"cell_type": "code", "metadata": {}, "source": "", "outputs": []}] * count
    return json.dumps(made).encode()


BROKEN = {
    "not JSON": (b"<html>Sign in</html>", "no sound JSON"),
    "empty": (b"", "no sound JSON"),
    "not UTF-8": (b'{"nbformat": 4, "x": "\xff\xfe"}', "no sound JSON"),
    "a number without end": (b'{"nbformat": 4, "x": ' + b"1" * 10_000 + b"}", "no sound JSON"),
    "another JSON": (b"[1, 2]", "no number of a format"),
    "nbformat 3": (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "found format '3'"),
    "nbformat 5": (b'{"nbformat": 5, "cells": [{}]}', "found format '5'"),
    "a format that is a text": (b'{"nbformat": "4", "cells": [{}]}', "found format '4'"),
    "no cells": (b'{"nbformat": 4, "cells": []}', "found no cells"),
    "cells that are none": (b'{"nbformat": 4, "cells": [1]}', "found no cells that could be read"),
    "deep": (deep(100_000), "no sound JSON"),
    "a bomb of lists": (b'{"nbformat": 4, "x": [' + b"[]," * 600_000 + b"[]]}", "600003 lists and objects"),
    "10,000 cells": (cells(10_000), "expected at most 1000 cells, found 10005"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_notebook_is_a_reason_and_the_others_are_read(preview, name):
    content, reason = BROKEN[name]
    result = preview(content)
    state = result["notebooks"][FIRST]
    assert state["status"] == "failed" and reason in state["reason"] and "\n" not in state["reason"]
    assert "expected" in state["reason"] and "found" in state["reason"]
    assert result["status"] == "previewed" and result["questions"]["lab1_b"]["points"] == 2
    assert result["questions"]["lab1_a"]["points"] == 0


def test_200_megabytes_of_output_are_not_read(questions, tmp_path):
    folder = hand_in(tmp_path / "in" / "anna")
    os.truncate(folder / f"{FIRST}.ipynb", 200_000_000)
    (submission,) = submissions.collect(tmp_path / "in", tmp_path, [FIRST, SECOND])
    result = stored.preview(submission, questions)
    assert "expected at most 20 MB, found more" in result["notebooks"][FIRST]["reason"]
    assert result["questions"]["lab1_b"]["points"] == 2


def test_nothing_that_can_be_read(questions, tmp_path):
    folder = hand_in(tmp_path / "in" / "anna")
    for path in folder.iterdir():
        path.write_text("")
    (tmp_path / "in" / "ben.zip").write_text("")
    anna, ben = (stored.preview(s, questions) for s in submissions.collect(tmp_path / "in", tmp_path, [FIRST, SECOND]))
    assert anna["status"] == ben["status"] == "failed"
    assert anna["reason"] == "expected a notebook that can be read, found none" and "sound zip" in ben["reason"]
    assert {state["status"] for state in ben["notebooks"].values()} == {"missing"}


def test_a_missing_notebook(questions, tmp_path):
    (hand_in(tmp_path / "in" / "anna") / f"{SECOND}.ipynb").unlink()
    (submission,) = submissions.collect(tmp_path / "in", tmp_path, [FIRST, SECOND])
    result = stored.preview(submission, questions)
    assert result["notebooks"][SECOND] == {"status": "missing", "reason": "", "flags": []}
    assert result["questions"]["lab1_b"]["points"] == 0 and result["questions"]["lab1_a"]["points"] == 2


def test_lone_surrogates_are_taken_out(preview):
    made = spoil(lambda m, c: (c[4].update(source="\ud800 yes"), record(m)["rows"][0].update(label="\udfff")))
    result = preview(made)
    assert result["answers"]["lab1_a_text"] == "? yes"
    json.dumps(result, ensure_ascii=False).encode("utf-8")


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


def places(value, path=()):
    """Yield the path of every value in a notebook, innermost first, so that what is replaced hides nothing else."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))
    if path:
        yield path


PLACES = list(places(notebook()))


@settings(max_examples=150)
@given(st.dictionaries(st.integers(0, len(PLACES) - 1), ANYTHING, min_size=1, max_size=4))
def test_whatever_stands_in_a_notebook_the_preview_goes_on(questions, tmp_path_factory, changes):
    made = notebook()
    for place in sorted(changes):
        *path, last = PLACES[place]
        functools.reduce(operator.getitem, path, made)[last] = changes[place]
    file = tmp_path_factory.getbasetemp() / "fuzzed.ipynb"
    file.write_text(json.dumps(made))
    result = stored.preview(submissions.Submission("anna", {FIRST: file}, [], ""), questions)
    json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    assert 0 <= result["questions"]["lab1_a"]["points"] <= 4
    page, named = io.StringIO(), titles.read(questions)
    notebook_of = {question.id: question.notebook for question in questions.values()}
    pages.student_page(page, result, notebook_of, named)
    assert page.getvalue().encode()


WATCHED = """
import sys
from pathlib import Path
forbidden = ("subprocess", "os.fork", "os.exec", "os.posix_spawn", "os.system", "socket.connect", "socket.bind")
folder, out = sys.argv[1:]
def watch(event, arguments):
    assert not event.startswith(forbidden), event
    if event == "open" and str(arguments[0]).startswith(folder):
        assert str(arguments[0]).endswith((".ipynb", ".zip")), arguments[0]
    if event == "import" and arguments[1]:
        assert folder not in arguments[1], arguments
sys.addaudithook(watch)
from labutils.__main__ import main
status = main(["grade", "--stored", folder, "--out", out])
kernels = {"IPython", "jupyter_client", "nbclient", "zmq", "torch"} & set(sys.modules)
assert not kernels, kernels
sys.exit(status)
"""


def test_nothing_is_run_and_nothing_is_imported_from_a_submission(tmp_path):
    anna = hand_in(tmp_path / "in" / "anna")
    for name in ("labutils.py", "numpy.py", "sitecustomize.py", "json.py"):
        (anna / name).write_text("raise SystemExit('run!')")
    command = [sys.executable, "-c", WATCHED, str(tmp_path / "in"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "grades.csv: 1 student, 1 of them" in done.stdout
