"""The results: tables, pages and points for written answers, whole or not there, whatever names and answers hold."""

import base64
import csv
import hashlib
import json
import os
import re
import sys
import types
import weakref
from html.parser import HTMLParser

import pytest
from helpers.handing_in import FIRST, SECOND, cell, data, hand_in, notebook, record, write_course

from labutils import __main__, files
from labutils.grading import course, stored
from labutils.grading.gradebook import gradebook, merge_markers, written_answers
from labutils.grading.intake import submissions

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&"


@pytest.fixture
def questions(tmp_path, monkeypatch):
    """The questions of the small course, which the verb reads too."""
    write_course(tmp_path / "notebooks")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")
    return course.questions()


@pytest.fixture
def result(questions, tmp_path):
    """Return a graded result of two notebooks, as a re-run gives it: with hidden rows."""

    def make(student="anna", **changes):
        made = course.blank_result(student, questions.values())
        made |= {"status": "graded", "isolation": "limits only"}
        for state in made["notebooks"].values():
            state["status"] = "ok"
        rows = [("first row", 1, "", False), ("second row", 0, "the sign is wrong", False)]
        rows += [("a secret label", 0.5, "a secret message", True)]
        for name in ("lab1_a", "lab1_b"):
            keys = ("label", "points", "message", "hidden")
            made["questions"][name]["rows"] = [dict(zip(keys, row), max=2 if row[3] else 1) for row in rows]
            made["questions"][name]["points"] = 1.5
        made["answers"] = {"lab1_a_text": "Because of X.", "lab1_b_text": "Since Y."}
        return made | changes

    return make


@pytest.fixture
def write(questions, tmp_path):
    """Write results into one folder, as the verb does, with the points given there before; return the folder."""

    def run(*results):
        out = tmp_path / "out"
        run.said = gradebook.write(iter(results), out, questions, merge_markers.read(out, questions))
        return out

    return run


def rows(out, name="grades.csv"):
    """Return the rows of a table as {student or student/question: row}."""
    with open(out / name, newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    return {"/".join(row[key] for key in ("student", "question") if key in row): row for row in found}


def entries_of(page):
    """Return what the script of a marking page knows: [[student, question, points, digest, comment], ...]."""
    (parts,) = re.findall(r'id="parts">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    return [entry for part in json.loads(parts) for entry in part["entries"]]


def fill(out, **points):
    """Enter points into written.csv: fill(out, anna_lab1_a_text=2)."""
    with open(out / "written.csv", newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    for line in lines:
        line[2] = str(points.get(f"{line[0]}_{line[1]}", line[2]))
    with open(out / "written.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *lines])


class Tags(HTMLParser):
    """Collects a page's tags, their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_the_table_of_grades(write, result):
    failed = result("ben", status="failed", reason="expected a sound zip, found none", flags=["a flag"])
    failed["questions"] = {name: q | {"points": 0, "rows": []} for name, q in failed["questions"].items()}
    failed["answers"] = {}
    out = write(failed, result())
    found = rows(out)
    assert list(found) == ["anna", "ben"]
    assert list(found["anna"]) == [
        *("student", "lab1_a", "lab1_a_text", "lab1_b", "lab1_b_text"),
        *("total", "status", "reason", "flags", "id", "late", "resubmitted"),
    ]
    assert list(found["anna"].values()) == ["anna", "1.5", "", "1.5", "", "3", "graded", "", "", "", "not said", ""]
    assert found["ben"]["total"] == "0" and found["ben"]["status"] == "failed"
    assert found["ben"]["reason"] == "expected a sound zip, found none" and found["ben"]["flags"] == "a flag"
    assert write.said == (
        f"{out / 'grades.csv'}: 2 students, 1 of them with a reason in place of points (limits only); "
        "written answers that wait for points, in written.html: 2"
    )


def test_it_says_how_many_were_not_graded_anew(write, result):
    out = write(result("anna", kept=True), result("ben", late=True), result("carla", kept=True, late=False))
    assert "3 students, 2 of them as they were graded before (" in write.said
    assert {name: row["late"] for name, row in rows(out).items()} == {"anna": "not said", "ben": "yes", "carla": ""}
    assert '"kept"' not in (out / "grades.json").read_text()


def test_reasons_and_flags_of_notebooks_are_in_the_table(write, result):
    made = result(flags=["from the folder"])
    made["notebooks"] = {
        FIRST: {"status": "failed", "reason": "found no cells", "flags": []},
        SECOND: {"status": "ok", "reason": "", "flags": ["never run"]},
    }
    row = rows(write(made))["anna"]
    assert row["reason"] == f"{FIRST}: found no cells" and row["flags"] == "from the folder; 02 never run"
    made["notebooks"][SECOND]["status"] = "missing"
    assert f"{SECOND} is missing" in rows(write(made))["anna"]["flags"]
    made["reason"] = f"{FIRST}: found no cells"  # as a re-run gives it: nothing is said twice
    row = rows(write(made))["anna"]
    assert row["reason"] == made["reason"] and f"{SECOND} is missing" in row["flags"]
    row = rows(write(made | {"status": "failed"}))["anna"]
    assert row["reason"] == made["reason"] and "is missing" not in row["flags"]


def test_every_row_of_every_check_is_in_the_json(write, result):
    made = [result("ben"), result()]
    found = json.loads((write(*made) / "grades.json").read_text(encoding="utf-8"))
    assert found == [made[1], made[0]]
    assert found[0]["questions"]["lab1_a"]["rows"][2]["message"] == "a secret message"
    assert json.loads((write() / "grades.json").read_text()) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r", " =", "\n=", "＝", "'="])
def test_formulas_are_defused(write, result, start):
    name = f"{start}HYPERLINK(1)"
    (row,) = rows(write(result(name, flags=[name], reason=name))).values()
    for field in ("student", "flags", "reason"):
        assert row[field].replace("'", "") == name.replace("'", "") and row[field] != name
        assert not row[field].lstrip(" \n").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "'H"))


@pytest.mark.parametrize("separator", ";\t,")
def test_formulas_are_defused_where_a_spreadsheet_has_another_separator(write, result, separator):
    name = f"anna{separator} =HYPERLINK(1)"
    out = write(result(name, flags=["a flag", f"cell 3 stopped with ValueError: {name}"]))
    for file in ("grades.csv", "written.csv"):
        for line in csv.reader((out / file).read_text(encoding="utf-8").splitlines(), delimiter=separator):
            assert not [field for field in line if field.lstrip(' "').startswith("=")]
    assert len({written_answers.cell(text) for text in ("a;=b", "a;'=b", "a;''=b", "'a;=b")}) == 4
    assert written_answers.cell("'01_x.ipynb': a link; it's his") == "'01_x.ipynb': a link; it's his"


def test_names_with_everything(write, result):
    names = ["O'Neil, Anna", 'a "quoted" name', "two\nlines", "Łukasz Öztürk", "李明", EVIL, "\u202egnp.exe", "a\udcff"]
    out = write(*map(result, names))
    assert set(rows(out)) == {name.replace("\udcff", "\\udcff") for name in names}
    assert len(list((out / "students").iterdir())) == len(names)
    fill(out, **{f"{names[0]}_lab1_a_text": 3})
    assert rows(write(*map(result, names)))[names[0]]["total"] == "6"
    write(result(answers={"lab1_a_text": "a lone \ud800"}))
    assert "a lone" in (out / "students/anna.html").read_text(encoding="utf-8")


def test_a_students_page(write, result):
    out = write(result(flags=["two versions"]))
    page = (out / "students/anna.html").read_text(encoding="utf-8")
    text = " ".join(Tags(page).text.split())
    for expected in (
        "anna",
        "3 of 14 points",
        "first row",
        "the sign is wrong",
        "1.5 / 4",
        "Because of X.",
        "two versions",
    ):
        assert expected in text
    assert "6 of the points are for written answers that are not marked yet" in text
    assert "not marked / 3" in text and "hidden tests0.5 / 2" in text
    assert "secret" not in page and "preview" not in text
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"https?:|src=|@import|url\(", page)


def test_a_page_of_a_preview_says_so(write, questions, tmp_path):
    hand_in(tmp_path / "in" / "anna")
    (submission,) = submissions.collect(tmp_path / "in", tmp_path, [FIRST, SECOND])
    text = Tags((write(stored.preview(submission, questions)) / "students/anna.html").read_text()).text
    assert "A preview" in text and "hidden tests, which a preview does not run" in text


def test_a_page_of_a_failure_says_why(write, result):
    made = result(reason="expected a sound zip, found none", status="failed")
    for state in made["notebooks"].values():
        state["status"] = "missing"
    text = Tags((write(made) / "students/anna.html").read_text()).text
    assert "expected a sound zip, found none" in text and "not handed in" not in text
    made["reason"], made["status"] = "", "graded"
    assert "not handed in" in Tags((write(made) / "students/anna.html").read_text()).text


def test_what_others_wrote_is_escaped_everywhere(write, result):
    made = result(EVIL, flags=[EVIL], reason=EVIL, answers={"lab1_a_text": EVIL, "lab1_b_text": EVIL})
    for state in made["notebooks"].values():
        state |= {"reason": EVIL, "flags": [EVIL]}
    for question in made["questions"].values():
        for row in question["rows"]:
            row |= {"label": EVIL, "message": EVIL}
    out = write(made)
    (page,) = (out / "students").iterdir()
    marking = {"script", "input", "a", "button", "select", "textarea"}
    paths = [(page, set()), (out / "written.html", {"a"}), *((path, marking) for path in (out / "marking").iterdir())]
    assert len(paths) == 5
    for path, allowed in paths:
        text = path.read_text(encoding="utf-8")
        seen = Tags(text)
        assert not seen.tags & ({"script", "img", "form", "iframe", "object", "link", "base"} | marking) - allowed
        assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
        ours = ("written.html", "../written.html", "marking/")
        assert all(value.startswith(ours) for name, value in seen.attributes if name == "href")
        assert EVIL not in text and (EVIL in seen.text or path.name in ("written.html", "by-student.html"))
        assert any("default-src 'none'" in (value or "") for _, value in seen.attributes)


def test_only_our_script_may_run_on_the_pages_of_answers(write, result):
    out = write(result())
    for name in ("lab1_a_text", "by-student"):
        page = (out / "marking" / f"{name}.html").read_text(encoding="utf-8")
        (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in page
    assert "script-src" not in (out / "students/anna.html").read_text(encoding="utf-8")


def test_points_for_written_answers_come_back(write, result):
    out = write(result(), result("ben"))
    table = rows(out, "written.csv")
    assert list(table) == ["anna/lab1_a_text", "ben/lab1_a_text", "anna/lab1_b_text", "ben/lab1_b_text"]
    assert all(row["points"] == "" and row["max"] == "3" for row in table.values())
    fill(out, anna_lab1_a_text="2.5", anna_lab1_b_text=0, ben_lab1_a_text=3)
    found = rows(write(result(), result("ben")))
    assert (found["anna"]["lab1_a_text"], found["anna"]["lab1_b_text"], found["anna"]["total"]) == ("2.5", "0", "5.5")
    assert (found["ben"]["lab1_a_text"], found["ben"]["lab1_b_text"], found["ben"]["total"]) == ("3", "", "6")
    assert write.said.endswith("; written answers that wait for points, in written.html: 1")
    text = Tags((out / "students/anna.html").read_text()).text
    assert "5.5 of 14 points" in " ".join(text.split()) and "not marked" not in text
    again = rows(write(result(), result("ben")))
    assert again == found


def test_the_pages_of_answers_have_what_the_table_has(write, result):
    out = write(result("=anna"), result("ben"))
    fill(out, **{"'=anna_lab1_a_text": 2})
    write(result("=anna"), result("ben"))
    table = list(rows(out, "written.csv").values())
    expected = [[row[key] for key in ("student", "question", "points", "answer", "comment")] for row in table]
    assert "2" in [row["points"] for row in table]
    by_question = [entries_of(out / f"marking/lab1_{letter}_text.html") for letter in "ab"]
    assert sum(by_question, []) == expected
    assert sorted(entries_of(out / "marking/by-student.html")) == sorted(expected)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator, number", [(",", "2.5"), (";", "2,5"), ("\t", "2,5")])
def test_spreadsheets_of_other_languages_are_read(write, result, encoding, separator, number):
    out = write(result("Zoë"))
    lines = [separator.join(("student", "question", "points")), separator.join(("Zoë", "lab1_a_text", number))]
    (out / "written.csv").write_text("\r\n".join(lines), encoding=encoding)
    assert rows(write(result("Zoë")))["Zoë"]["total"] == "5.5"


@pytest.mark.parametrize(
    "table, words",
    [
        ("student,question,points\nanna,lab1_a_text,3.5", "line 2: expected points from 0 to 3, found '3.5'"),
        ("student,question,points\nanna,lab1_a_text,-1", "from 0 to 3"),
        ("student,question,points\nanna,lab1_a_text,nan", "from 0 to 3"),
        ("student,question,points\nanna,lab1_a_text,good", "found 'good'"),
        ("student,question,points\nanna,lab1_a,1", "written question, found 'lab1_a'"),
        ("student,question,points\nanna,lab9,1", "written question, found 'lab9'"),
        ("student,question,points\nanna,lab1_a_text,1\nanna,lab1_a_text,2", "line 3: expected one line"),
        ("student,question,points\nanna,lab1_a_text,2,5", "line 2: expected a cell in each column"),
        ("student,question,points\nanna", "line 2: expected a cell in each column"),
        ("name,points\nanna,2", "columns student, question"),
        ("", "columns student, question"),
        (f"student,question,points\n{'x' * 200_000},lab1_a_text,1", "expected a table"),
        (b"student,question,points\nZo\xeb,lab1_a_text,1", "UTF-8"),
    ],
)
def test_a_table_of_points_that_is_wrong_is_refused_in_one_line(write, result, refused, table, words):
    out = write(result())
    before = (out / "grades.csv").read_text()
    content = table if isinstance(table, bytes) else table.encode()
    (out / "written.csv").write_bytes(content)
    with refused("written.csv", words):
        write(result())
    assert (out / "written.csv").read_bytes() == content and (out / "grades.csv").read_text() == before


def test_points_stay_with_the_answer_that_got_them(write, result):
    def changed():
        return result(answers={"lab1_a_text": "Rather Z.", "lab1_b_text": "Since  Y."})

    out = write(result())
    fill(out, anna_lab1_a_text=2, anna_lab1_b_text=1)
    row = rows(write(changed()))["anna"]
    assert (row["lab1_a_text"], row["lab1_b_text"]) == ("", "1")  # blanks don't make another answer
    assert "lab1_a_text: another answer than this got 2 points" in row["flags"]
    assert rows(write(result()))["anna"]["lab1_a_text"] == "2"  # the old answer is back, and so are its points


def test_points_of_who_is_not_there_are_kept(write, result):
    out = write(result(), result("ben"))
    fill(out, anna_lab1_a_text=2, ben_lab1_a_text=1)
    failed = result("ben", answers={}, status="failed", reason="expected a sound zip, found none")
    for others in ([failed], []):
        write(result(), *others)
        assert "lines of written.csv that are for no answer here, and were kept: 1" in write.said
        assert rows(out, "written.csv")["ben/lab1_a_text"]["points"] == "1"
    found = rows(write(result(), result("ben")))
    assert (found["anna"]["lab1_a_text"], found["ben"]["lab1_a_text"]) == ("2", "1")


def test_an_answer_that_was_not_written_gets_nothing_and_is_not_to_mark(write, result):
    out = write(result(answers={"lab1_a_text": "**Why?**\n\n*Write your answer here.*"}))
    assert rows(out)["anna"]["lab1_a_text"] == "0" and not rows(out, "written.csv")
    assert "No answer." in (out / "students/anna.html").read_text()


def test_an_interrupted_run_leaves_the_tables_as_they_were(write, result, questions):
    out = write(result())
    before = {name: (out / name).read_text() for name in ("grades.csv", "grades.json", "written.csv", "written.html")}

    def interrupted():
        yield result("ben")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gradebook.write(interrupted(), out, questions)
    assert before == {name: (out / name).read_text() for name in before}
    assert {path.name for path in out.iterdir()} == {*before, "students", "marking", "overview.html"}


def test_a_file_that_fails_half_way_is_not_there(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(ZeroDivisionError), files.writing(tmp_path / "x", "w") as file:
        file.write("new" * 100_000)
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == ["x"] and (tmp_path / "x").read_text() == "old"


class Result(dict):
    """A dict that can be watched."""


def test_results_are_never_in_memory_together(questions, result, tmp_path):
    made, most = [], 0

    def many():
        nonlocal most
        for number in range(50):
            one = Result(result(f"student {number}"))
            made.append(weakref.ref(one))
            most = max(most, sum(reference() is not None for reference in made))
            yield one
            del one

    gradebook.write(many(), tmp_path / "out", questions)
    assert most <= 2


def test_the_verb_from_submissions_to_totals(questions, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    forged = notebook()
    record(forged)["points"] = 4
    data(forged)["text/plain"] = "4"
    hand_in(folder / "anna")
    hand_in(folder / "ben", forged)
    (folder / "carla.zip").write_text("no zip")
    words = ["grade", "--stored", str(folder), "--out", str(out)]
    assert __main__.main(words) == 0
    assert capsys.readouterr().out.startswith(f"{out / 'grades.csv'}: 3 students, 1 of them")
    found = rows(out)
    assert [found[name]["total"] for name in ("anna", "ben", "carla")] == ["4", "6", "0"]
    assert found["anna"]["flags"] == "" and "not those of its rows" in found["ben"]["flags"]
    assert found["carla"]["status"] == "failed" and "sound zip" in found["carla"]["reason"]
    fill(out, anna_lab1_a_text=2)
    assert __main__.main(words) == 0
    assert rows(out)["anna"]["total"] == "6"
    fill(out, anna_lab1_a_text=99)
    assert __main__.main(words) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith("labutils: ") and "from 0 to 3" in error[-1]
    assert rows(out)["anna"]["total"] == "6"


def test_the_verb_hands_submissions_to_the_re_run(questions, result, tmp_path, monkeypatch, capsys):
    asked = {}

    def grade(found, **options):
        asked.update(options)
        for submission in found:
            assert submission.notebooks[FIRST].exists()
            yield result(submission.student)

    monkeypatch.setitem(sys.modules, "labutils.grading.running.class_run", types.SimpleNamespace(grade=grade))
    monkeypatch.setattr("labutils.grading.running.class_run", types.SimpleNamespace(grade=grade), raising=False)
    hand_in(tmp_path / "in" / "anna")
    out = tmp_path / "out"
    words = ["grade", str(tmp_path / "in"), "--out", str(out), "--jobs", "3", "--require-isolation", "--dask", "x:1"]
    assert __main__.main([*words, "--seconds", "60"]) == 0
    anew = {"again": None, "question": None}
    assert asked == {"jobs": 3, "isolated": True, "dask": "x:1", "folder": out, "seconds": 60} | anew
    assert rows(out)["anna"]["total"] == "3"


def test_a_preview_never_overwrites_marks(questions, tmp_path):
    hand_in(tmp_path / "in" / "anna")
    out, words = tmp_path / "out", ["grade", "--stored", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    (out / "done").mkdir(parents=True)
    (out / "grades.csv").write_text("the marks")
    assert __main__.main(words) == 0
    assert (out / "grades.csv").read_text() == "the marks"
    assert rows(out / "preview")["anna"]["status"] == "previewed"


def test_what_is_exported_of_a_preview_is_the_previews_and_says_so(questions, tmp_path, capsys):
    hand_in(tmp_path / "in" / "anna")
    out = tmp_path / "out"
    (out / "done").mkdir(parents=True)
    (out / "grades.json").write_text("[\n]\n")
    words = ["grade", "--stored", str(tmp_path / "in"), "--out", str(out), "--export", "canvas", "--partial"]
    assert __main__.main([*words, "--assignment", "Labs (7)"]) == 0
    assert (out / "preview/canvas.csv").exists() and not (out / "canvas.csv").exists()
    said = capsys.readouterr().out
    assert "these are a preview's points, for nothing was run" in said
    assert "anna" in said, "the marks' own results were exported, in which nobody is"


@pytest.mark.parametrize(
    "words, expected",
    [
        (["in", "--stored", "--jobs", "2"], "--stored"),
        (["in", "--stored", "--seconds", "2"], "--stored"),
        (["in", "--stored", "--out", "in/out"], "--out"),
        (["in", "--stored", "--out", "in"], "--out"),
        (["nowhere", "--stored"], "folder of submissions"),
        (["empty", "--stored"], "found nothing"),
    ],
)
def test_the_verb_refuses_in_one_line(questions, tmp_path, monkeypatch, capsys, words, expected):
    monkeypatch.chdir(tmp_path)
    hand_in(tmp_path / "in" / "anna")
    (tmp_path / "empty").mkdir()
    assert __main__.main(["grade", *words]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "expected" in error and "found" in error and expected in error
    assert not (tmp_path / "build").exists() and not (tmp_path / "in/out").exists()


def test_what_a_course_system_says_has_columns_of_its_own(questions, tmp_path):
    made = json.dumps(notebook())
    (tmp_path / "in").mkdir()
    for name in (
        f"adamsanna_101_1_{FIRST}.ipynb",
        f"adamsanna_103_2_{FIRST}.ipynb",
        f"bberg_LATE_102_3_{FIRST}-1.ipynb",
    ):
        (tmp_path / "in" / name).write_text(made)
    gradebook.grade(tmp_path / "in", tmp_path / "out")
    said = {name: (row["id"], row["late"], row["resubmitted"]) for name, row in rows(tmp_path / "out").items()}
    assert said == {
        "adamsanna (101)": ("101", "", ""),
        "adamsanna (103)": ("103", "", ""),
        "bberg": ("102", "yes", "yes"),
    }
    kept = {one["student"]: one["id"] for one in json.loads((tmp_path / "out/grades.json").read_text())}
    assert kept == {"adamsanna (101)": "101", "adamsanna (103)": "103", "bberg": "102"}


def test_text_at_no_question_is_on_the_students_page_and_several_downloads_are_one_class(questions, tmp_path):
    made = notebook()
    made["cells"].insert(1, cell("**Notes** of my own.", kind="markdown"))
    hand_in(tmp_path / "one/anna", made)
    hand_in(tmp_path / "two/ben")
    gradebook.grade([tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    assert set(rows(tmp_path / "out")) == {"anna", "ben"}
    page = (tmp_path / "out/students/anna.html").read_text()
    assert "at no question" in page and "<strong>Notes</strong> of my own." in page
    assert "at no question" not in (tmp_path / "out/students/ben.html").read_text()
    assert "at no question: cell 2" in rows(tmp_path / "out")["anna"]["flags"]
