"""Written answers are marked by several people at once: pages, the files that they save, and how these are merged."""

import base64
import csv
import json
import re
import shutil
import time

import pytest
from helpers.handing_in import cell, hand_in, notebook, write_course

from labutils import __main__
from labutils.grading import course, stored
from labutils.grading.gradebook import marking, merge_markers, written_answers

COLUMNS = (*written_answers.COLUMNS, merge_markers.CHANGED)


@pytest.fixture
def grade(tmp_path, monkeypatch, capsys):
    """Grade four students, two of whom answer alike; return the folder of the results."""
    write_course(tmp_path / "notebooks")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")
    for name, text in (("anna", "Because."), ("ben", "Because. "), ("carla", "Since $x^2$."), ("deepa", "*No idea*")):
        hand_in(tmp_path / "in" / name, notebook(text=text))
    out = tmp_path / "out"

    def run():
        run.status = __main__.main(["grade", "--stored", str(tmp_path / "in"), "--out", str(out)])
        run.said, run.error = capsys.readouterr()
        return out

    run()
    return run


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return {f"{line['student']}/{line['question']}": line for line in csv.DictReader(file)}


def marker(out, name, **given):
    """Write a file as a marking page saves it; given is {student: (points, comment, changed)} of lab1_a_text."""
    known = table(out / "written.csv")
    with open(out / name, "w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        lines.writerow(COLUMNS)
        for student, (points, comment, changed) in given.items():
            line = known[f"{student}/lab1_a_text"]
            lines.writerow((student, "lab1_a_text", points, line["max"], line["answer"], comment, changed))


def test_files_of_several_markers_are_merged_and_put_away(grade):
    out = grade()
    marker(out, "written-lab1_a_text.csv", anna=("2", "'-1 for the sign", "yes"), ben=("", "", ""))
    marker(out, "written-lab1_a_text (1).csv", carla=("3", "good", "yes"), ben=("", "", ""))
    grade()
    found = table(out / "written.csv")
    assert [found[f"{s}/lab1_a_text"]["points"] for s in ("anna", "ben", "carla", "deepa")] == ["2", "", "3", ""]
    assert sorted(path.name for path in (out / "merged").iterdir()) == [
        "written-lab1_a_text (1).csv",
        "written-lab1_a_text.csv",
    ]
    assert not merge_markers.markers_files(out)
    page = (out / "students/anna.html").read_text(encoding="utf-8")
    assert '<div class="said"><p>-1 for the sign</p>' in page
    for _ in range(2):  # what was merged stays, and no ' grows
        grade()
        assert table(out / "written.csv") == found
    marker(out, "written-lab1_a_text.csv", anna=("1", "", "yes"))
    grade()
    assert table(out / "written.csv")["anna/lab1_a_text"]["points"] == "1"
    assert "written-lab1_a_text (2).csv" in [path.name for path in (out / "merged").iterdir()]


def test_contradictions_are_named_before_anything_is_done(grade):
    out = grade()
    marker(out, "written-a.csv", anna=("2", "", "yes"), ben=("1", "", "yes"), carla=("3", "", "yes"))
    marker(out, "written-b.csv", anna=("3", "", "yes"), ben=("1", "", "yes"), carla=("", "", ""))
    before = (out / "grades.csv").read_bytes()
    grade()
    assert grade.status == 1 and grade.error.count("\n") == 1
    assert "anna, lab1_a_text: 2 in written-a.csv, 3 in written-b.csv" in grade.error
    assert "ben" not in grade.error and "carla" not in grade.error
    assert (out / "grades.csv").read_bytes() == before and len(merge_markers.markers_files(out)) == 2
    (out / "written-b.csv").unlink()
    grade()
    assert grade.status == 0 and table(out / "written.csv")["anna/lab1_a_text"]["points"] == "2"


def test_what_a_marker_only_left_changes_nothing(grade):
    out = grade()
    marker(out, "written-a.csv", anna=("2", "", "yes"), ben=("2", "", "yes"))
    grade()
    marker(out, "written-b.csv", anna=("1", "", ""), ben=("", "", "yes"), carla=("2", "", ""))
    grade()
    found = table(out / "written.csv")
    assert [found[f"{s}/lab1_a_text"]["points"] for s in ("anna", "ben", "carla")] == ["2", "", "2"]


def test_what_is_written_while_grading_runs_is_taken_in_by_the_next_run(grade, monkeypatch):
    out, preview = grade(), stored.preview
    marker(out, "written-a.csv", anna=("2", "", "yes"))

    def meanwhile(submission, questions):
        if submission.student == "anna":
            marker(out, "written-a.csv", anna=("3", "more", "yes"))
            lines = (out / "written.csv").read_text("utf-8").replace("carla,lab1_a_text,,", "carla,lab1_a_text,1,")
            (out / "written.csv").write_text(lines, "utf-8")
        return preview(submission, questions)

    monkeypatch.setattr(stored, "preview", meanwhile)
    grade()
    assert (grade.status, grade.error) == (0, "") and "written (2).csv: written.csv was changed" in grade.said
    monkeypatch.setattr(stored, "preview", preview)
    grade()
    found = table(out / "written.csv")
    assert [found[f"{student}/lab1_a_text"]["points"] for student in ("anna", "ben", "carla")] == ["3", "", "1"]
    assert not merge_markers.markers_files(out)


def test_what_was_marked_on_a_preview_beside_the_marks_counts_where_the_marks_have_nothing(grade, tmp_path):
    out = grade()
    marker(out, "written-a.csv", anna=("2", "", "yes"))
    grade()
    (out / "done").mkdir()
    grade()
    marker(out / "preview", "written-a.csv", anna=("1", "", "yes"), ben=("1", "", "yes"))
    marker(out / "preview", "written-b.csv", carla=("3", "good", "yes"))
    for _ in range(2):  # in the markers' files, then in the table
        given = merge_markers.read(out, course.questions())
        points = {student: [one.points for one in found.values()] for (student, _), found in given.items()}
        assert points == {"anna": [2], "ben": [1], "carla": [3]}
        grade()
    (out / "done").rmdir()
    grade()
    assert [line["points"] for line in table(out / "written.csv").values()][:3] == ["2", "1", "3"]


def test_a_table_as_it_was_before_comments_is_read(grade):
    out = grade()
    lines = [list(line.values())[:5] for line in table(out / "written.csv").values()]
    with open(out / "written.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS[:5], *([*line[:2], "1", *line[3:]] for line in lines)])
    grade()
    assert {line["points"] for line in table(out / "written.csv").values()} == {"1"}


def test_the_same_answer_stands_there_once(grade):
    page = (grade() / "marking/lab1_a_text.html").read_text(encoding="utf-8")
    assert page.count("<article") == 3 and "<bdi>anna</bdi>; <bdi>ben</bdi>" in page
    assert 'data-places="0,1"' in page and "the same answer, marked once" in page
    out = grade()
    marker(out, "written-a.csv", anna=("2", "", "yes"))
    grade()  # they have got different points: they are no longer one
    assert (out / "marking/lab1_a_text.html").read_text(encoding="utf-8").count("<article") == 4


def test_it_says_on_which_data_an_answers_notebook_ran(grade, tmp_path):
    for name, data in (("anna", "shapes10, the stand-in that this package draws"), ("ben", "CIFAR-10, found here")):
        made = notebook()
        stream = {"output_type": "stream", "name": "stdout", "text": ["Networks run.\n", f"Data: {data}.\n"]}
        made["cells"][1]["outputs"] = [stream]
        shutil.rmtree(tmp_path / "in" / name)
        hand_in(tmp_path / "in" / name, made)
    page = (grade() / "marking/lab1_a_text.html").read_text(encoding="utf-8")
    assert page.count("<article") == 4, "the same words about other numbers are another answer"
    assert page.count("numbers from shapes10<") == page.count("numbers from CIFAR-10<") == 1


def test_the_question_and_the_model_answer_stand_beside_it(grade):
    page = (grade() / "marking/lab1_a_text.html").read_text(encoding="utf-8")
    aside = page[page.index("<aside>") : page.index("</aside>")]
    assert "3 points" in aside and "<strong>Why?</strong>" in aside and "Because." in aside
    assert "BEGIN SOLUTION" not in page


def test_the_model_answer_is_what_the_instructor_marked():
    found = {question.id: marking.model_answer(question) for question in course.questions().values() if question.manual}
    assert len(found) == 25 and all(len(text) > 100 and "SOLUTION" not in text for text in found.values())
    assert "zero.\n\nNo." in found["lab1_b_text"]  # of two parts, each a paragraph of its own


def test_every_page_speaks_of_titles(grade):
    out = grade()
    for path in (out / "written.html", *(out / "students").iterdir(), *(out / "marking").iterdir()):
        text = re.sub(r"<script.*?</script>|<style.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r">[^<]*lab1_[ab]", text.replace("Save written-lab1", "")), path.name


def test_an_answer_with_a_closing_script_tag_stays_in_its_data(grade, tmp_path):
    evil = notebook(text="</script><script>alert(1)</script>")
    (tmp_path / "in/anna/01_first.ipynb").write_text(json.dumps(evil))
    page = (grade() / "marking/by-student.html").read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script>") == 4 and "\\u003c/" not in page.split('id="parts"')[0]


def test_pictures_and_text_at_no_question_are_seen(grade, tmp_path):
    made = notebook(text="See ![plot](attachment:plot.png)")
    raw = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)).decode()
    made["cells"][-1]["attachments"] = {"plot.png": {"image/png": raw}}
    made["cells"].insert(1, cell("**Notes** of my own.", kind="markdown"))
    (tmp_path / "in/anna/01_first.ipynb").write_text(json.dumps(made))
    start = time.process_time()
    out = grade()
    assert time.process_time() - start < 5
    (picture,) = (out / "marking/pictures").iterdir()
    assert picture.read_bytes() == base64.b64decode(raw)
    source = {"marking": f'src="pictures/{picture.name}"', "students": f'src="data:image/png;base64,{raw}"'}
    for path in (out / "marking/lab1_a_text.html", out / "students/anna.html"):
        page = path.read_text(encoding="utf-8")
        assert source[path.parent.name] in page and "img-src data:" in page, path
        assert "stands at no question" in page and "<strong>Notes</strong> of my own." in page
    assert "<bdi>anna</bdi>, <bdi>ben</bdi>" not in (out / "marking/lab1_a_text.html").read_text(encoding="utf-8")
