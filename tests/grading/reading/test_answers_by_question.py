"""Nothing written is lost: an answer is found in whatever cell it stands, and both ways of grading find the same."""

import base64
import copy
import json

import pytest
from helpers.course_notebooks import NOTEBOOKS, read
from helpers.handing_in import FIRST, PROMPT, SECOND, cell, hand_in, notebook, write_course

from labutils.grading import course, stored
from labutils.grading.course import Cell
from labutils.grading.intake import submissions
from labutils.grading.intake.pasted_pictures import MOST_BYTES
from labutils.grading.reading import answers_by_question
from labutils.grading.release.student_version import student_version
from labutils.grading.running import class_run, submission_run

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture"
PLAIN = base64.b64encode(PNG).decode()
TEXT = 4  # the place of the written answer's cell in the small notebook
UNTOUCHED = f"{PROMPT}*Write your answer here.*"


def long_course():
    """Return the instructor's notebook with three written answers, a text and an experiment among them."""
    made = notebook(hidden=True)

    def written(name):
        prose = f"**What of {name}?**\n\n<!-- BEGIN SOLUTION -->\nThis.\n<!-- END SOLUTION -->"
        return cell(prose, kind="markdown", grade=True, solution=True, locked=False, points=3, grade_id=name)

    made["cells"][2]["source"] = "def answer(x):\n    ### BEGIN SOLUTION\n    return x**2\n    ### END SOLUTION"
    made["cells"] += [
        cell("Now a text of the course,\n\nof two lines.", kind="markdown"),
        cell("print('an experiment')", 4),
        written("second_text"),
        written("third_text"),
        cell("The end of the lab.", kind="markdown"),
    ]
    for number, one in enumerate(made["cells"]):
        one["id"] = f"id-{number}"
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of the instructor's notebooks: the first with three written answers, the second with one."""
    folder = tmp_path_factory.mktemp("instructor") / "notebooks"
    write_course(folder)
    (folder / f"{FIRST}.ipynb").write_text(json.dumps(long_course()), encoding="utf-8")
    return folder


def student(change):
    """Return the first notebook as a student got it, with the change made to its cells."""
    made = long_course()
    for one in made["cells"]:
        if one["metadata"].get("nbgrader", {}).get("solution") and one["cell_type"] == "markdown":
            one["source"] = "".join(one["source"]).partition("<!--")[0] + "*Write your answer here.*"
    made["cells"][3]["source"] = "checks.lab1_a(answer)"
    change(made["cells"])
    return made


@pytest.fixture
def both(folder, tmp_path, monkeypatch):
    """Return the results of the preview and of the run, in which nothing is run here, of a student's first notebook."""
    questions = course.questions(folder)
    state = {"status": "ok", "reason": "", "flags": []}
    monkeypatch.setattr(submission_run, "run", lambda *_: (copy.deepcopy(state), {}, False))
    monkeypatch.setattr(submission_run, "furnish", lambda room: room)

    def read(made):
        hand_in(tmp_path / "in/anna", made)
        (submission,) = submissions.collect(tmp_path / "in", tmp_path / "unpacked", [FIRST, SECOND])
        masters = class_run.read_all({stem: folder / f"{stem}.ipynb" for stem in (FIRST, SECOND)})
        run = submission_run.grade_one("anna", class_run.read_all(submission.notebooks), masters)
        return stored.preview(submission, questions), run

    return read


def own(source, kind="markdown"):
    return cell(source, kind=kind)


def without_marks(one):
    one["metadata"] = {}
    return one


def attached(one, name="image.png", data=PLAIN):
    one["source"] = f"{PROMPT}![{name}](attachment:{name})"
    one["attachments"] = {name: {"image/png": data}}


def new_id(one):
    return one | {"id": "new", "metadata": {}}


def moved(cells, place, to):
    cells.insert(to, cells.pop(place))


# What a student did to the cells, for which question it must be found, and what is said of it.
FOUND = {
    "in a new cell below": (lambda c: c.insert(5, own("Because.")), "lab1_a_text", "text for it stands in cell 6"),
    "in a raw cell below": (lambda c: c.insert(5, own("Because.", "raw")), "lab1_a_text", "cell 6"),
    "in a code cell below": (lambda c: c.insert(5, own("Because.", "code")), "lab1_a_text", "cell 6"),
    "as a sentence of code": (
        lambda c: c.insert(5, own("The slope is zero there, so nothing moves. Because.", "code")),
        "lab1_a_text",
        "cell 6",
    ),
    "as a comment": (lambda c: c.insert(5, own("# Because.", "code")), "lab1_a_text", "cell 6"),
    "as a string": (lambda c: c.insert(5, own("'Because.'", "code")), "lab1_a_text", "cell 6"),
    "two cells below": (
        lambda c: c.__setitem__(slice(5, 5), [own("x = 1", "code"), own("Because.")]),
        "lab1_a_text",
        "cells 6, 7",
    ),
    "below the last prompt": (lambda c: c.insert(9, own("Because.")), "third_text", "cell 10"),
    "below a prompt among prompts": (lambda c: c.insert(8, own("Because.")), "second_text", "cell 9"),
    "above its prompt": (lambda c: c.insert(4, own("Because.")), "lab1_a_text", "cell 5, of the student's own, above"),
    "in a cell in place of its own": (
        lambda c: c.__setitem__(4, own("Because.")),
        "lab1_a_text",
        "lab1_a_text: its cell is missing",
    ),
    "in place of the last one": (lambda c: c.__setitem__(8, own("Because.")), "third_text", "its cell is missing"),
    "in a copy": (
        lambda c: c.insert(5, c[4] | {"source": f"{PROMPT}Because."}),
        "lab1_a_text",
        "lab1_a_text: its cell is there 2 times",
    ),
    "in a raw cell": (lambda c: c[4].update(source="Because.", cell_type="raw"), "lab1_a_text", "turned into raw"),
    "in a cell of code": (
        lambda c: c[4].update(source=f"{PROMPT}Because.", cell_type="code", outputs=[], execution_count=None),
        "lab1_a_text",
        "its cell was turned into code",
    ),
    "without metadata": (
        lambda c: without_marks(c[4]).update(source=f"{PROMPT}Because."),
        "lab1_a_text",
        "without its metadata: cell 5",
    ),
    "without metadata or id": (
        lambda c: c.__setitem__(4, own(f"{PROMPT}Because.")),
        "lab1_a_text",
        "without its metadata: cell 5",
    ),
    "behind its prompt, without metadata": (
        lambda c: c.__setitem__(4, own("> Why? Because.")),
        "lab1_a_text",
        "without its metadata: cell 5",
    ),
    "without any metadata at all": (
        lambda c: (c[8].update(source="**What of third_text?** Because."), [one.update(new_id(one)) for one in c]),
        "third_text",
        "without its metadata: cells 3, 4, 5, 8, 9",
    ),
    "in a text of the course that was overwritten": (
        lambda c: c[5].update(source="Because."),
        "lab1_a_text",
        "cell 6, of the student's own",
    ),
    "in a prompt that was moved": (
        lambda c: (c[7].update(source="**What of second_text?**\n\nBecause."), moved(c, 7, 1)),
        "second_text",
        "",
    ),
    "in a copied text of the course": (
        lambda c: c.insert(5, copy.deepcopy(c[0]) | {"source": "Because."}),
        "lab1_a_text",
        "cell 6, of the student's own",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_an_answer_is_found_and_flagged(both, case):
    change, question, flag = FOUND[case]
    preview, run = both(student(change))
    assert preview["answers"] == run["answers"]
    for name, answer in run["answers"].items():
        assert ("Because." in answer) == (name in (question, "lab1_b_text")), name
    for result in (preview, run):
        flags = result["notebooks"][FIRST]["flags"]
        assert any(flag in one for one in flags) or not flag, flags


@pytest.mark.parametrize("place", [1, 2, 6])
def test_text_at_no_question_is_shown_and_untouched_prompts_are_flagged(both, place):
    preview, run = both(student(lambda c: c.insert(place, own("My answers are all here."))))
    for result in (preview, run):
        assert result["own"] == {FIRST: "My answers are all here."}
        flags = result["notebooks"][FIRST]["flags"]
        assert f"text of the student's own, which stands at no question: cell {place + 1}" in flags
        for name in ("lab1_a_text", "second_text", "third_text"):
            assert result["answers"][name].startswith("*Text of the student's own")
            assert "My answers are all here." in result["answers"][name]
            assert any(f"{name}: nothing is written in its cell" in one for one in flags)


def test_what_was_written_into_a_text_of_the_course_is_shown(both):
    preview, run = both(
        student(lambda c: c[5].update(source="Now a text of the course,\n\nof two lines!\n\nI say no."))
    )
    assert preview["own"] == run["own"] == {FIRST: "I say no."}


def test_nothing_is_flagged_where_all_is_in_its_place(both):
    def fill(cells):
        for place, name in ((4, "Why"), (7, "What of second_text"), (8, "What of third_text")):
            cells[place]["source"] = f"**{name}?**\n\nBecause."
        cells.insert(6, own("print('my own try')", "code"))
        cells.insert(6, own("%pip install pandas numpy scipy", "code"))

    preview, run = both(student(fill))
    assert run["notebooks"][FIRST]["flags"] == [] and run["own"] == preview["own"] == {}
    assert run["answers"]["second_text"] == "**What of second_text?**\n\nBecause."


def test_nothing_written_is_nothing(both):
    for result in both(student(lambda c: None)):
        assert {name for name, answer in result["answers"].items() if answer} == {"lab1_b_text"}


URL = f"data:image/png;base64,{PLAIN}"


def test_pasted_pictures_are_shown_and_those_that_cannot_be_are_flagged(both):
    def paste(cells):
        attached(cells[4])
        cells[7]["source"] = f'**What of second_text?**\n\n<img src="data:image/svg+xml;base64,{PLAIN}" width=3>'
        attached(cells[8], "script.svg", base64.b64encode(b"<svg onload='alert(1)'/>").decode())
        cells[8]["source"] += "\n![](other.png) ![](attachment:gone.png) ![](https://example.org/x.png)"

    preview, run = both(student(paste))
    assert preview["answers"] == run["answers"]
    assert run["answers"]["lab1_a_text"] == f"{PROMPT}![image.png]({URL})"
    assert run["answers"]["second_text"] == f"**What of second_text?**\n\n![]({URL})"
    assert "data:" not in run["answers"]["third_text"] and "(attachment:script.svg)" in run["answers"]["third_text"]
    flags = run["notebooks"][FIRST]["flags"]
    assert "third_text: its picture 'script.svg' cannot be shown" in flags
    for name in ("other.png", "gone.png", "https://example.org/x.png"):
        assert any(
            flag.startswith("third_text: its picture") and name in flag and "not handed in" in flag for flag in flags
        )


def test_a_picture_alone_is_an_answer_and_two_of_one_name_are_two(both):
    def paste(cells):
        cells[4]["attachments"] = {"my picture.png": {"image/png": PLAIN}}
        for text in ("One.", "Two."):
            other = base64.b64encode(PNG + text.encode()).decode()
            cells.insert(5, own(f"{text} ![](attachment:my%20picture.png)"))
            cells[5]["attachments"] = {"my picture.png": {"image/png": other}}

    _, run = both(student(paste))
    answer = run["answers"]["lab1_a_text"]
    assert f"![my picture.png]({URL})" in answer and answer.count("(data:image/png;base64,") == 3
    for text in ("One.", "Two."):
        assert f"{text} ![](data:image/png;base64,{base64.b64encode(PNG + text.encode()).decode()})" in answer


def test_a_long_answer_is_cut_but_not_for_its_pictures(both):
    large = base64.b64encode(PNG + bytes(100_000)).decode()

    def paste(cells):
        attached(cells[4], data=large)
        cells[7]["source"] = f"**What of second_text?**\n\n![](data:image/png;base64,{large})\n\n" + "x" * 20_000

    _, run = both(student(paste))
    assert large in run["answers"]["lab1_a_text"] and large in run["answers"]["second_text"]
    assert run["answers"]["second_text"].count("x") > 19_000
    assert "second_text: the answer has 200" in " ".join(run["notebooks"][FIRST]["flags"])


@pytest.mark.parametrize("data", ["", "%%%", 3, None, ["a"], "A" * 2 * MOST_BYTES, base64.b64encode(b"GIF").decode()])
def test_a_picture_that_is_none_is_said_and_harms_nothing(both, data):
    preview, run = both(student(lambda c: attached(c[4], data=data)))
    assert "lab1_a_text: its picture 'image.png' cannot be shown" in preview["notebooks"][FIRST]["flags"]
    assert run["answers"] == preview["answers"]


def test_broken_cells_are_read_alike(both):
    def spoil(cells):
        del cells[0]["source"]
        cells[1]["metadata"] = None
        cells[2].pop("metadata")
        cells[3]["source"] = 3
        cells[4] |= {"metadata": {"nbgrader": []}, "source": ["**Why?**\n", None, "Because."], "attachments": []}
        cells[5] = {}
        cells[6]["cell_type"] = None

    preview, run = both(student(spoil))
    assert preview["answers"] == run["answers"] and "Because." in run["answers"]["lab1_a_text"]
    assert run["notebooks"][FIRST]["status"] == preview["notebooks"][FIRST]["status"] == "ok"


def test_a_huge_notebook_is_read_in_seconds():
    words = " ".join(f"word{number}" for number in range(2_000))
    cells = [Cell("markdown", words)] * 900
    asked = course.questions_of([course.cell(one) for one in long_course()["cells"]])
    assert answers_by_question.read(cells, asked).own.startswith("word0")


def test_the_course_read_as_a_submission_has_nothing_odd():
    for stem in course.stems():
        cells = course.read(course.NOTEBOOKS / f"{stem}.ipynb")
        asked = course.questions_of(cells, stem)
        if not asked:  # lab 08, beyond the homework
            continue
        found = answers_by_question.read(cells, asked)
        assert found.flags == [] and found.own == "" and all(found.answers.values())
        given = answers_by_question.read(asked[0].among, asked)
        assert given.flags == [] and given.own == "" and not any(given.answers.values())


LOSSES = {
    "nothing": lambda cells: cells,
    "metadata": lambda cells: [one | {"metadata": {}} for one in cells],
    "metadata and ids": lambda cells: [
        {key: value for key, value in one.items() if key != "id"} | {"metadata": {}} for one in cells
    ],
}


@pytest.fixture(scope="module")
def released():
    """(the questions of lab 01, its cells as the release gives them out)."""
    (path,) = (path for path in NOTEBOOKS if path.stem == "01_gradient_descent")
    asked = course.questions_of(course.read(path), path.stem)
    return asked, json.loads(json.dumps(student_version(read(path))))["cells"]


@pytest.mark.parametrize("lost", LOSSES)
@pytest.mark.parametrize("kind", ["markdown", "raw", "code"])
def test_wherever_something_is_written_somebody_reads_it(released, kind, lost):
    asked, cells = released
    written = "This is what I think about it, in words of my own."
    for place in range(len(cells) + 1):
        made = [*cells[:place], cell(written, kind=kind), *cells[place:]]
        found = answers_by_question.read([course.cell(one) for one in LOSSES[lost](made)], asked)
        above = made[place - 1]["metadata"].get("nbgrader", {}) if place else {}
        if above.get("grade") and above.get("solution"):
            assert [name for name, text in found.answers.items() if text] == [above["grade_id"]]
        assert written in "".join(found.answers.values()) and found.flags
        assert found.cells[place].id == ""


@pytest.mark.parametrize("lost", LOSSES)
def test_what_is_added_to_any_text_of_the_course_is_read(released, lost):
    asked, cells = released
    for place, one in enumerate(cells):
        if one["cell_type"] == "markdown":
            made = [*cells[:place], one | {"source": one["source"] + "\n\nBut I doubt it."}, *cells[place + 1 :]]
            found = answers_by_question.read([course.cell(one) for one in LOSSES[lost](made)], asked)
            assert "But I doubt it." in "".join(found.answers.values()) + found.own and found.flags or one["metadata"]


@pytest.mark.parametrize("lost", LOSSES)
def test_a_cell_of_the_course_is_known_again_whatever_was_lost(released, lost):
    asked, cells = released
    found = answers_by_question.read([course.cell(one) for one in LOSSES[lost](cells)], asked)
    assert [one.id for one in found.cells] == [one["metadata"].get("nbgrader", {}).get("grade_id", "") for one in cells]
    assert not any(found.answers.values()) and found.own == "" and bool(found.flags) is (lost != "nothing")


REMARKS = ("# {}", "x = 3  # {}", '"""{}"""', '"""\n{}\n"""', "{}")


@pytest.mark.parametrize("lost", LOSSES)
@pytest.mark.parametrize("remark", REMARKS)
def test_what_is_remarked_in_any_code_of_the_course_is_read_where_a_prompt_was_left(released, remark, lost):
    asked, cells = released
    written = "I think it diverges since the largest step is too long."
    for place, one in enumerate(cells):
        if one["cell_type"] == "code":
            made = [
                *cells[:place],
                one | {"source": remark.format(written) + "\n" + one["source"]},
                *cells[place + 1 :],
            ]
            found = answers_by_question.read([course.cell(one) for one in LOSSES[lost](made)], asked)
            assert all(written in text for text in found.answers.values()) and found.flags
            given = one["metadata"].get("nbgrader", {}).get("solution")
            assert (written in found.own) is not bool(given)
            answered = [one | {"source": one["source"] + "\n\nYes."} if is_prompt(one) else one for one in made]
            found = answers_by_question.read([course.cell(one) for one in LOSSES[lost](answered)], asked)
            assert not any(written in text for text in found.answers.values())


def is_prompt(one):
    return one["cell_type"] == "markdown" and one["metadata"].get("nbgrader", {}).get("solution")


def test_a_prompt_that_was_merged_into_the_cell_above_is_read(released):
    asked, cells = released
    for place in filter(lambda place: is_prompt(cells[place]), range(len(cells))):
        text = cells[place]["source"] + "\n\nBecause it is long enough."
        merged = cells[place - 1] | {"source": cells[place - 1]["source"] + "\n\n" + text}
        found = answers_by_question.read(
            [course.cell(one) for one in [*cells[: place - 1], merged, *cells[place + 1 :]]], asked
        )
        assert "Because it is long enough." in "".join(found.answers.values())


def test_remarks_on_code_and_given_lines_that_were_changed_are_no_answers(released):
    asked, cells = released
    made = [
        one | {"source": "# w = w - gradient(X, y, w)\n%time\nrate = 0.5  # ok\n" + one["source"]}
        if one["cell_type"] == "code"
        else one
        for one in cells
    ]
    found = answers_by_question.read([course.cell(one) for one in made], asked)
    assert not any(found.answers.values()) and found.own == ""
