"""The page of a class: its figures are those of the results, and nothing on it can do anything."""

import html
import json
import re
from pathlib import Path

import pytest
from helpers.handing_in import cell, check_outputs, hand_in, notebook, write_course

from labutils import __main__
from labutils.grading import course
from labutils.grading.gradebook import overview, submitted_code, titles

EVIL = "<script>alert(1)</script>"
LONG = "def answer(x):\n    total = 0\n" + "".join(f"    total = total + x * {n} - (x > {n})\n" for n in range(9))
PROSE = (
    "Because the step is as long near zero as it is anywhere else, and so it goes over zero and comes back for ever, "
)
PROSE += "which is why no run of ours had a single exact zero among its forty weights at any time."


@pytest.fixture
def grade(tmp_path, monkeypatch, capsys):
    """Hand in notebooks by student and grade them; return the folder of the results."""
    write_course(tmp_path / "notebooks")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")

    def run(handed_in, *words):
        for name, made in handed_in.items():
            hand_in(tmp_path / "in" / name, made)
        out = tmp_path / "out"
        assert __main__.main(["grade", "--stored", str(tmp_path / "in"), "--out", str(out), *words]) == 0
        run.said = capsys.readouterr().out
        run.page = (out / "overview.html").read_text(encoding="utf-8")
        run.text = html.unescape(" ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", run.page, flags=re.DOTALL).split()))
        return out

    run.folder = tmp_path / "in"
    return run


def with_code(source, **options):
    made = notebook(**options)
    made["cells"][2]["source"] = source.splitlines(True)
    return made


def test_the_figures(grade, tmp_path):
    wrong = notebook(right=(True, False))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/eve.zip").write_text("no zip")
    grade({"anna": notebook(), "ben": wrong, "carla": wrong, "deepa": notebook()})
    assert "4 students, 3.5 of 14 points on average" in grade.text
    assert "Nothing could be graded eve : expected a sound zip" in grade.text
    assert "count as none here: 8." in grade.text
    assert "2 × second row: look at the exercise once more" in grade.text
    assert "38 %" in grade.text  # 1.5 of 4 on average: a preview has no hidden test
    assert "not marked" in grade.text and "lab1_a" not in grade.text


def test_flags_are_counted_with_numbers_left_out(grade):
    odd = {}
    for count, name in ((7, "anna"), (9, "ben")):
        made = notebook()
        made["cells"][3]["execution_count"] = count
        made["cells"][3]["outputs"] = check_outputs("lab1_a", count, (True, True), False)
        odd[name] = made
    grade(odd | {"carla": notebook()})
    assert re.search(r"code cell … was run as number … anna; ben 2", grade.text)


def test_a_flag_has_its_questions_title_and_a_kind_of_flag_counts_a_student_once(grade):
    odd = [notebook(name) for name in ("lab1_a", "lab1_b")]
    for made in odd:
        made["cells"][4]["cell_type"] = "raw"
        made["cells"].append(cell("More.", kind="markdown"))
        made["cells"].insert(0, cell("1 / 0", 1, [{"output_type": "error", "ename": "ZeroDivisionError"}]))
    hand_in(Path(grade.folder) / "anna", *odd)
    out = grade({"ben": notebook()})
    assert "its cell was turned into raw anna 1" in grade.text
    assert "… cells ended with an error, the first with 'ZeroDivisionError' anna 1" in grade.text
    page = (out / "students/anna.html").read_text(encoding="utf-8")
    assert "<li>Why? &ndash; its cell was turned into raw</li>" in page
    assert "lab1_a_text" not in page + grade.page


def test_copied_answers_stand_side_by_side(grade):
    copied = with_code(LONG.replace("total", "sum_"), text=PROSE)
    grade({"anna": with_code(LONG, text=PROSE), "ben": copied, "carla": with_code(LONG[:40], text="No idea.")})
    assert "A lab: A question anna; ben 100 % alike" in grade.text
    assert "A lab: Why? anna; ben the same, letter by letter" in grade.text
    assert "carla" not in grade.text[grade.text.index("Answers that are alike") :]


def test_what_others_wrote_is_escaped(grade):
    made = with_code(LONG + f"\n# {EVIL}", text=PROSE + EVIL)
    made["cells"][3]["outputs"][0]["data"]["text/plain"] = EVIL
    grade({f"{EVIL[8:]} a".replace("/", "|"): made, "ben": made})
    assert "<script" not in grade.page and "&lt;script&gt;" in grade.page
    assert "default-src 'none'" in grade.page


def test_code_is_exported_for_tools_that_compare_it(grade, tmp_path):
    out = grade({"anna": with_code(LONG), "O'Neil, Ben": notebook()}, "--export-code")
    assert f"{out / 'code'}: 4 answers in code" in grade.said
    assert (out / "code/lab1_a/anna.py").read_text() == LONG
    assert len(list((out / "code/lab1_a").iterdir())) == 2
    assert "SOLUTION" not in (out / "code/base/lab1_a/given.py").read_text()
    lines = (out / "code/info.csv").read_text().splitlines()
    assert lines[0] == "filename,full_name,labels" and "lab1_a/anna.py,anna,lab1_a" in lines


def test_what_was_given_is_the_courses(monkeypatch):
    given = submitted_code.given(course.questions())
    assert len(given) == 16 and all("SOLUTION" not in source for source in given.values())
    compile("\n\n".join(given.values()), "given", "exec")
    found = overview.given_marks(course.questions())
    assert len(found["code"]) > 10_000 and len(found["text"]) > 5_000


def test_an_empty_class_has_a_page(grade, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/eve.zip").write_text("no zip")
    grade({})
    assert "0 students" in grade.text


def test_json_of_the_results_is_unchanged_by_all_this(grade):
    out = grade({"anna": notebook()})
    (one,) = json.loads((out / "grades.json").read_text(encoding="utf-8"))
    assert one["student"] == "anna" and "html" not in json.dumps(one)


def test_the_time_that_notebooks_took(tmp_path, monkeypatch):
    write_course(tmp_path / "notebooks")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")
    questions = course.questions()
    found = overview.Overview(questions)
    for seconds in (2.0, 5.0):
        made = course.blank_result("anna", questions.values()) | {"status": "graded"}
        made["notebooks"]["01_first"]["seconds"] = seconds
        found.add(made)
    with open(tmp_path / "page.html", "w") as file:
        overview.write(file, found, [], titles.read(questions))
    assert "3.5 s a student, 5.0 at most" in (tmp_path / "page.html").read_text()
