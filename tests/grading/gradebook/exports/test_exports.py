"""What goes back is taken by each course system, as its own source reads it: right people, right marks, nobody else."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers import course_systems as take
from helpers.handing_in import FIRST, SECOND, notebook, write_course

from labutils import __main__
from labutils.grading import course
from labutils.grading.gradebook import late
from labutils.grading.gradebook.exports import canvas, marks, sakai

ONE, TWO = f"{FIRST}.ipynb", f"{SECOND}.ipynb"
EVIL = "=HYPERLINK(1)"


@pytest.fixture(autouse=True)
def small_course(tmp_path, monkeypatch):
    write_course(tmp_path / "notebooks")
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")


@pytest.fixture
def grade(tmp_path, capsys):
    """Hand in files by path, grade them, mark all written answers with 2 points each, and export; return the folder."""

    def run(files, *words, points=2, unmarked=()):
        for name in files:
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            second = path.name.endswith((TWO, f"{SECOND}-1.ipynb"))
            path.write_text(json.dumps(notebook("lab1_b") if second else notebook()))
        out = tmp_path / "out"
        start = ["grade", "--stored", str(tmp_path / "in"), "--out", str(out)]
        assert __main__.main(start) == 0
        with open(out / "written.csv", newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file)
        for line in lines:
            line[2] = "" if line[0] in unmarked else str(points)
        with open(out / "written.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *lines])
        capsys.readouterr()
        run.status = __main__.main([*start, *words])
        run.said, run.error = capsys.readouterr()
        return out

    return run


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


CANVAS = [
    f"adamsanna_101_9001_{ONE}",
    f"adamsanna_101_9002_{TWO}",
    f"bergben_LATE_102_9003_{ONE}",
    f"cruzcarla_103_9004_{ONE}",
    "dasdeepa_104_9005_work.pdf",
]
CANVAS_PEOPLE = {
    101: ("S1", "aadams", "Anna Adams", "Adams, Anna"),
    102: ("S2", "bberg", "Ben Berg", "Berg, Ben"),
    103: ("S3", "ccruz", "Carla Cruz", "Cruz, Carla"),
    104: ("S4", "ddas", "Deepa Das", "Das, Deepa"),
    105: ("S5", "eli", EVIL, EVIL),
}
CANVAS_ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Labs (77),Other (78),Current Score\n"
    '"    Points Possible",,,,,14,10,(read only)\n'
    + "".join(f'"{p[3]}",{id},{p[0]},{p[1]},"A, B",,,\n' for id, p in CANVAS_PEOPLE.items())
)


def test_canvas_takes_the_table(grade, tmp_path):
    roster = table(tmp_path / "roster.csv", CANVAS_ROSTER)
    words = ("--export", "canvas", "--roster", roster, "--assignment", "Labs")
    out = grade(CANVAS, *words, unmarked=["cruzcarla"])
    entered, new = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs", 78: "Other"})
    assert new == [] and entered == {101: {77: "8"}, 102: {77: "4"}}
    assert "without marks: dasdeepa" in grade.said and "wait for points" in grade.said and "cruzcarla" in grade.said
    with open(out / "canvas.csv", newline="") as file:
        assert list(csv.DictReader(file))[0]["Student"] == "Adams, Anna"


def test_canvas_takes_the_table_of_its_own_download_without_a_roster(grade):
    out = grade(CANVAS, "--export", "canvas", "--partial", unmarked=["cruzcarla"])
    entered, new = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {})
    assert new == ["Compression labs"] and "it makes one" in grade.said
    assert entered == {u: {"Compression labs": points} for u, points in ((101, "8"), (102, "4"), (103, "2"))}
    grade([], "--export", "canvas", "--assignment", "Labs (77)")
    entered, new = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert new == [] and entered[101] == {77: "8"} and "makes one" not in grade.said


def test_who_is_who_in_canvas_without_ids(grade, tmp_path):
    names = ["aadams", "Ben Berg", "Berg, Ben", "cruzcarla", "S4", "Nobody Known", EVIL]
    roster = table(tmp_path / "roster.csv", CANVAS_ROSTER)
    out = grade([f"{n}/{ONE}" for n in names], "--export", "canvas", "--roster", roster, "--assignment", "Labs (77)")
    raw = (out / "canvas.csv").read_bytes()
    entered, _ = take.canvas_gradebook(raw, CANVAS_PEOPLE, {77: "Labs"})
    assert set(entered) == {101, 103, 104, 105}  # Ben is there twice: neither is exported, both are named
    assert "does not have Nobody Known" in grade.said and "more than one of Ben Berg, Berg, Ben" in grade.said
    assert f"'{EVIL}".encode() in raw and f",{EVIL}".encode() not in raw


def test_an_export_with_ragged_lines_and_semicolons_is_read(grade, tmp_path):
    lines = [line.rstrip(",") for line in CANVAS_ROSTER.splitlines()]
    ragged = "\n".join([*lines, "", '"Student, Test",300,,,"A, B",,,,,']).replace(",", ";").replace("; ", ", ")
    words = ("--export", "canvas", "--roster", table(tmp_path / "roster.csv", "\ufeff" + ragged))
    out = grade(CANVAS[:2], *words, "--assignment", "Labs")
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert entered == {101: {77: "8"}}


def test_two_of_one_name_are_not_guessed_at(grade, tmp_path):
    twins = CANVAS_ROSTER + '"Adams, Anna",199,S9,anna2,"A, B",,,\n'
    roster = table(tmp_path / "roster.csv", twins)
    words = ("--export", "canvas", "--roster", roster, "--assignment", "Labs")
    out = grade([f"Anna Adams/{ONE}", f"ben berg/{ONE}"], *words)
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert set(entered) == {102} and "more than one of Anna Adams" in grade.said


def test_an_assignment_that_is_not_clear_is_asked_for(grade, tmp_path):
    roster = table(tmp_path / "roster.csv", CANVAS_ROSTER)
    for words in ((), ("--assignment", "Lab")):
        out = grade(CANVAS, "--export", "canvas", "--roster", roster, *words)
        assert grade.status == 1 and "'Labs (77)', 'Other (78)'" in grade.error and grade.error.count("\n") == 1
        assert not (out / "canvas.csv").exists()
    only = CANVAS_ROSTER.replace("Other (78)", "Notes").replace(",14,", ",20,")
    grade(CANVAS, "--export", "canvas", "--roster", table(tmp_path / "roster.csv", only))
    assert grade.status == 0 and "Canvas has 20 points for Labs (77), the marks are of 14" in grade.said


def test_canvas_hangs_the_feedback_on_comments(grade):
    out = grade([*CANVAS[:3], f"anon_x7_9006_{ONE}", f"anon_LATE_y8_9007_{ONE}"], "--export", "canvas")
    attachments = {9001: 101, 9002: 101, 9003: 102, 9006: "x7", 9007: "y8"}
    entered, ignored = take.canvas_comments((out / "canvas-feedback.zip").read_bytes(), attachments)
    assert set(entered) == {101, 102, "x7", "y8"} and ignored == []
    assert b"adamsanna" in entered[101][0] and all(len(pages) == 1 for pages in entered.values())


@pytest.mark.parametrize(
    "name, expected",
    [
        ("adamsanna_101_9001_01_first.ipynb", "adamsanna_101_9001_feedback.html"),
        ("bergben_LATE_102_9003_labs.zip", "bergben_LATE_102_9003_feedback.html"),
        ("anon_LATE_ab1_7_x.ipynb", "anon_LATE_ab1_7_feedback.html"),
        ("adamsanna_101_text.html", None),
        ("anna/01_first.ipynb", None),
        ("", None),
    ],
)
def test_the_name_that_canvas_wants_back(name, expected):
    assert canvas.feedback_name(marks.Mark("a", "", name, 0, 0, "", 0)) == expected


MOODLE = [
    f"Anna Adams_4711_assignsubmission_file/{ONE}",
    f"Anna Adams_4711_assignsubmission_file/later/{TWO}",
    f"Ben_van Berg_4712_assignsubmission_file/{ONE}",
    f"Anna Adams_4713_assignsubmission_file/{ONE}",
    "Carla Cruz_4714_assignsubmission_onlinetext/onlinetext.html",
]
PARTICIPANTS = {4711, 4712, 4713, 4714, 4715}
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 4711,Anna Adams,anna@x.org,Submitted,,14.00,Yes,"Monday, 2 November 2026, 10:00 AM",-,\n'
    "Participant 4712,Ben_van Berg,Ben@x.org,Submitted,,14.00,Yes,-,-,\n"
    "Participant 4713,Anna Adams,anna2@x.org,Submitted,,14.00,No,-,-,\n"
    "Participant 4714,Carla Cruz,carla@x.org,Submitted,,14.00,Yes,-,-,\n"
    "Participant 4715,Deepa Das,deepa@x.org,No submission,,14.00,Yes,-,-,\n"
)


def test_moodle_takes_its_worksheet_filled_in(grade, tmp_path):
    roster = table(tmp_path / "worksheet.csv", "\ufeff" + WORKSHEET)
    out = grade(MOODLE, "--export", "moodle-worksheet", "--roster", roster)
    entered = take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), PARTICIPANTS, 14)
    assert entered == {4711: (8, "8 of 14 points"), 4712: (4, "4 of 14 points"), 4713: (4, "4 of 14 points")}
    assert "without marks: Carla Cruz" in grade.said and "locked the grades of Anna Adams (4713)" in grade.said
    entered = take.moodle_feedback_files((out / "moodle-feedback.zip").read_bytes(), PARTICIPANTS)
    assert {number: list(pages) for number, pages in entered.items()} == {
        number: ["feedback.html"] for number in (4711, 4712, 4713)
    }
    assert b"Anna Adams (4713)" in entered[4713]["feedback.html"]


def test_a_worksheet_of_a_language_with_a_decimal_comma(grade, tmp_path):
    roster = table(tmp_path / "worksheet.csv", WORKSHEET.replace("14.00", '"14,00"'))
    out = grade(MOODLE, "--export", "moodle-worksheet", "--roster", roster, points=1.5)
    assert '"3,5"' in (out / "moodle-worksheet.csv").read_text(encoding="utf-8")


def test_a_worksheet_of_too_few_points_is_refused(grade, tmp_path):
    roster = table(tmp_path / "worksheet.csv", WORKSHEET.replace("14.00", "7.00"))
    out = grade(MOODLE, "--export", "moodle-worksheet", "--roster", roster)
    assert grade.status == 1 and "at most 7 points, found more for Anna Adams (4711)" in grade.error
    assert not (out / "moodle-worksheet.csv").exists()


def test_moodles_gradebook_takes_the_table(grade, tmp_path):
    people = [
        {"Email address": mail, "Username": mail[:3], "ID number": ""}
        for mail in ("anna@x.org", "ben@x.org", "anna2@x.org", "deepa@x.org")
    ]
    roster = table(tmp_path / "worksheet.csv", WORKSHEET)  # it has the numbers by which two Annas are told apart
    words = ("--export", "moodle", "--assignment", "Labs")
    out = grade(MOODLE, *words, "--roster", roster)
    entered = take.moodle_gradebook((out / "moodle.csv").read_bytes(), people, "Email address", "Labs")
    assert {mail: grade for mail, (grade, _) in entered.items()} == {"anna@x.org": 8, "ben@x.org": 4, "anna2@x.org": 4}
    listed = "First name,Last name,ID number,Email address\nAnna,Adams,,anna@x.org\nAnna,Adams,,anna2@x.org\n"
    listed += "Ben_van,Berg,,ben@x.org\n"
    out = grade([], *words, "--roster", table(tmp_path / "list.csv", listed))
    entered = take.moodle_gradebook((out / "moodle.csv").read_bytes(), people, "Email address", "Labs")
    assert set(entered) == {"ben@x.org"} and "more than one of Anna Adams (4711), Anna Adams (4713)" in grade.said
    grade([], *words, "--roster", table(tmp_path / "list.csv", "First name,Last name\nAnna,Adams\n"))
    assert grade.status == 1 and "Email address" in grade.error


def test_moodle_needs_a_roster_and_says_so_before_any_work(tmp_path, capsys):
    for words in (["--export", "moodle"], ["--roster", "x.csv"], ["--export", "canvas", "--roster", "nowhere.csv"]):
        assert __main__.main(["grade", "--stored", str(tmp_path / "nowhere"), *words]) == 1
        error = capsys.readouterr().err
        assert "roster" in error.lower() and "expected" in error and "found" in error and error.count("\n") == 1


@pytest.mark.parametrize("system", ["canvas", "moodle", "moodle-worksheet", "sakai", "gradescope"])
def test_a_roster_of_another_system_is_refused_before_any_work(tmp_path, capsys, system):
    roster = table(tmp_path / "roster.csv", "one\nonly\n")
    words = ["--export", system, "--roster", roster]
    assert __main__.main(["grade", "--stored", str(tmp_path / "nowhere"), *words]) == 1
    error = capsys.readouterr().err
    assert "roster.csv" in error and "expected" in error and "found" in error and error.count("\n") == 1


def test_more_than_moodle_takes_by_default_is_said(grade, tmp_path, monkeypatch):
    monkeypatch.setattr("labutils.grading.gradebook.exports.moodle.MOST_BY_DEFAULT", 7)
    grade(MOODLE, "--export", "moodle", "--roster", table(tmp_path / "w.csv", WORKSHEET))
    assert "Anna Adams (4711): more than 7 points, for which Moodle cancels the whole import" in grade.said


SAKAI = [
    f"Lab 1/Adams, Anna(aadams)/Submission attachment(s)/{ONE}",
    f"Lab 1/Adams, Anna(aadams)/Submission attachment(s)/{TWO}",
    f"Lab 1/Berg, Ben (B.)(bberg)/Submission attachment(s)/{ONE}",
    "Lab 1/Cruz, Carla(ccruz)/timestamp.txt",
]


def test_sakai_takes_grades_and_feedback(grade):
    out = grade(SAKAI, "--export", "sakai", "--assignment", "Lab [1]/A")
    eids = {"aadams", "bberg", "ccruz"}
    entered = take.sakai_upload((out / "sakai.zip").read_bytes(), eids)
    assert {eid: given["grade"] for eid, given in entered.items()} == {"aadams": 8, "bberg": 4}
    assert all(list(given["feedback"]) == ["feedback.html"] for given in entered.values())
    entered, possible = take.sakai_gradebook((out / "sakai.csv").read_bytes(), eids)
    assert possible == {"Lab 1/A": "14"}
    assert entered["aadams"] == {"Lab 1/A": {"points": "8", "comment": "8 of 14 points"}} and "ccruz" not in entered
    with zipfile.ZipFile(out / "sakai.zip") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("grades.csv")]
        lines = archive.read(name).decode("utf-8").splitlines()
    assert lines[0].startswith('\ufeff"Lab') and lines[1] == '""' and lines[2].startswith('"Display ID","ID"')


def test_sakai_in_another_language_is_told_where_it_looks_for_feedback(grade, tmp_path):
    beside = tmp_path / "in/Lab 1/Adams, Anna(aadams)/timestamp.txt"
    beside.parent.mkdir(parents=True)
    beside.write_text("2026")
    grade([f"Lab 1/Adams, Anna(aadams)/Pièce(s) jointe(s) de la remise/{ONE}"], "--export", "sakai")
    assert "upload this to Sakai in English" in grade.said


def test_sakai_by_the_sites_list(grade, tmp_path):
    roster = table(tmp_path / "site.csv", 'Student ID,Student Name\naadams,"Adams, Anna"\nbberg,"Berg, Ben"\n')
    out = grade([f"Anna Adams/{ONE}", f"bberg/{ONE}", f"eve/{ONE}"], "--export", "sakai", "--roster", roster)
    entered = take.sakai_upload((out / "sakai.zip").read_bytes(), {"aadams", "bberg"})
    assert {eid: (given["grade"], len(given["feedback"])) for eid, given in entered.items()} == {
        "aadams": (4, 1),
        "bberg": (4, 1),
    }
    assert "does not have eve" in grade.said


@pytest.mark.parametrize(
    "file, entered",
    [(f"Lab 1/Adams, Anna(101)/Submission attachment(s)/{ONE}", ["101"]), (f"adamsanna_101_9001_{ONE}", [])],
)
def test_sakai_knows_its_own_numbers_and_no_other_systems(grade, tmp_path, file, entered):
    roster = table(tmp_path / "site.csv", "Student ID,Student Name\n101,Another name\n")
    out = grade([file], "--export", "sakai", "--roster", roster)
    _, *lines = (out / "sakai.csv").read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == entered


def test_sakai_titles_are_headings_that_it_takes():
    for title in ("[x] y", "* starred", "# ignored", "Lab, 1"):
        head = sakai.rows([], 14, title)[0]
        assert not head[2].startswith(("*", "#", "[")) and head[2].count("[") == 1


METADATA = "---\nsubmission_11:\n  :submitters:\n  - :name: Anna Adams\n    :email: anna@x.org\n"
METADATA += "submission_12:\n  :submitters:\n  - :name: Ben Berg\n  - :name: Carla Cruz\n"
GRADESCOPE = [f"assignment_7_export/submission_11/{ONE}", f"assignment_7_export/submission_12/{ONE}"]


def ask_gradescope(out, base, metadata):
    """Unpack the autograder and run it, as Gradescope's harness does; return what it wrote."""
    source = base / "source"
    with zipfile.ZipFile(out / "gradescope.zip") as archive:
        archive.extractall(source)
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
        assert all(archive.getinfo(name).external_attr >> 16 & 0o111 for name in ("setup.sh", "run_autograder"))
    (base / "results").mkdir(exist_ok=True)
    (base / "submission_metadata.json").write_text(json.dumps(metadata))
    program = source / "run_autograder"
    program.chmod(0o755)
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "AUTOGRADER": str(base)}
    subprocess.run([program], env=environment, check=True)
    return json.loads((base / "results/results.json").read_text())


def test_gradescope_takes_the_marks_from_an_autograder_that_knows_them(grade, tmp_path):
    path = tmp_path / "in/assignment_7_export/submission_metadata.yml"
    path.parent.mkdir(parents=True)
    path.write_text(METADATA)
    out = grade(GRADESCOPE, "--export", "gradescope", "--late", "25 %")
    found = ask_gradescope(out, tmp_path / "autograder", {"id": 12, "users": []})
    assert take.gradescope_results(found) == 4
    rows = [(test["name"], test["score"], test["max_score"], test["visibility"]) for test in found["tests"]]
    assert ("A lab: Why?: written answer", 2, 3, "after_published") in rows
    assert ("A lab: A question: first row", 1, 1, "visible") in rows
    unknown = ask_gradescope(out, tmp_path / "autograder", {"id": 99, "users": [{"email": "who@x.org"}]})
    assert take.gradescope_results(unknown) == 0 and "ask your instructor" in unknown["output"]


def test_gradescope_by_its_roster(grade, tmp_path):
    roster = table(
        tmp_path / "r.csv", "First Name,Last Name,SID,Email\nAnna,Adams,S1,Anna@x.org\nBen,Berg,S2,b@x.org\n"
    )
    out = grade([f"Anna Adams/{ONE}", f"S2/{ONE}"], "--export", "gradescope", "--roster", roster)
    for mail in ("anna@x.org", "B@x.org"):
        found = ask_gradescope(out, tmp_path / "autograder", {"id": 5, "users": [{"email": mail}]})
        assert take.gradescope_results(found) == 4


def test_lateness_is_shown_apart_and_taken_off_in_what_goes_back(grade, tmp_path):
    roster = table(tmp_path / "roster.csv", CANVAS_ROSTER)
    words = ("--export", "canvas", "--roster", roster, "--assignment", "Labs", "--late", "10 % a day, at most 50 %")
    out = grade(CANVAS, *words)
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        lines = {line["student"]: line for line in csv.DictReader(file)}
    ben = lines["bergben"]
    rule = "late: 10 % a day, at most 50 %"
    assert (ben["total"], ben["days late"], ben[rule], ben["total less that"]) == ("4", "1", "-0.4", "3.6")
    assert (lines["adamsanna"]["days late"], lines["adamsanna"]["total less that"]) == ("", "8")
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert entered[102] == {77: "3.6"} and entered[101] == {77: "8"}
    assert (out / "late.csv").read_text() == "student,days\nbergben,\n"
    (out / "late.csv").write_text("student;days\nbergben;2,5\nadamsanna;9\n")
    grade([], *words)
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert entered[102] == {77: "2.8"} and entered[101] == {77: "4"}
    page = (out / "students/bergben.html").read_text(encoding="utf-8")
    assert "1.2 points less for being 2.5 days late (10 % a day, at most 50 %)" in page and "2.8" in page
    grade([], *words[:-2])
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert entered[102] == {77: "4"}


@pytest.mark.parametrize("rule", ["", "10", "ten % a day", "10 % a week", "110 %", "-5 points", "10 % a day; DROP"])
def test_a_rule_that_is_none_is_refused_before_any_work(tmp_path, capsys, rule):
    assert __main__.main(["grade", "--stored", str(tmp_path / "nowhere"), f"--late={rule}"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "--late: expected" in error


def test_days_that_are_none_are_refused(grade, refused):
    out = grade(CANVAS, "--late", "10 %")
    (out / "late.csv").write_text("student,days\nbergben,soon\n")
    with refused("late.csv, line 2: expected days"):
        late.read(out)


PAIR = "---\nsubmission_101:\n  :submitters:\n  - :name: Ben Berg\n    :sid: S2\n    :email: b@x.org\n"
PAIR += "  - :name: Anna Adams\n    :email: anna2@x.org\n"
PAIRS_FILE = f"assignment_7_export/submission_101/{ONE}"


def pair(tmp_path, metadata=PAIR):
    path = tmp_path / "in/assignment_7_export/submission_metadata.yml"
    path.parent.mkdir(parents=True)
    path.write_text(metadata)
    return [PAIRS_FILE]


def test_each_of_a_pair_gets_the_mark_in_canvas_and_nobody_by_another_systems_number(grade, tmp_path):
    words = "--export", "canvas", "--assignment", "Labs", "--roster", table(tmp_path / "roster.csv", CANVAS_ROSTER)
    people = CANVAS_PEOPLE | {101: ("S1", "x", "Zoe Zim", "Zim, Zoe"), 106: ("S6", "y", "Anna Adams", "Adams, Anna")}
    roster = CANVAS_ROSTER.replace("Adams, Anna", "Zim, Zoe") + '"Adams, Anna",106,S6,y,"A, B",,,\n'
    out = grade(pair(tmp_path), *words[:-1], table(tmp_path / "roster.csv", roster))
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), people, {77: "Labs"})
    assert entered == {102: {77: "4"}, 106: {77: "4"}} and "does not have" not in grade.said
    grade([], *words[:-1], table(tmp_path / "roster.csv", roster.replace("Berg, Ben", "Berger, Ben").replace("S2", "")))
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), people, {77: "Labs"})
    assert set(entered) == {106} and "does not have Ben Berg;" in grade.said
    out = grade([], "--export", "canvas")
    assert "--roster is needed for the ids of Ben Berg and Anna Adams" in grade.said
    assert "101" not in (out / "canvas.csv").read_text()


def test_each_of_a_pair_gets_mark_and_feedback_in_moodle_by_the_address(grade, tmp_path):
    sheet = WORKSHEET.replace("Ben_van Berg,Ben@", "Benjamin B,b@")
    words = "--export", "moodle-worksheet", "--roster", table(tmp_path / "w.csv", sheet)
    out = grade(pair(tmp_path), *words)
    entered = take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), PARTICIPANTS, 14)
    assert {number: points for number, (points, _) in entered.items()} == {4712: 4, 4713: 4}
    entered = take.moodle_feedback_files((out / "moodle-feedback.zip").read_bytes(), PARTICIPANTS)
    assert set(entered) == {4712, 4713}
    metadata = tmp_path / "in/assignment_7_export/submission_metadata.yml"
    metadata.write_text(
        METADATA.replace("_11", "_101").partition("submission_12")[0]
    )  # Anna alone, of whose name there are two
    grade([], *words)
    entered = take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), PARTICIPANTS, 14)
    assert set(entered) == {4711}


def test_each_of_a_pair_gets_the_mark_in_sakai_and_gradescope(grade, tmp_path):
    site = table(tmp_path / "site.csv", 'Student ID,Student Name\nanna2@x.org,"A, Anna"\nbberg,"Berg, Ben"\n')
    out = grade(pair(tmp_path), "--export", "sakai", "--roster", site)
    entered = take.sakai_upload((out / "sakai.zip").read_bytes(), {"anna2@x.org", "bberg"})
    assert {eid: (given["grade"], len(given["feedback"])) for eid, given in entered.items()} == {
        "anna2@x.org": (4, 1),
        "bberg": (4, 1),
    }
    roster = table(tmp_path / "r.csv", "Name,SID,Email\nAnna A,S1,anna2@x.org\nB B,S2,ben@x.org\n")
    out = grade([], "--export", "gradescope", "--roster", roster)
    for mail in ("anna2@x.org", "ben@x.org"):
        found = ask_gradescope(out, tmp_path / "autograder", {"id": 5, "users": [{"email": mail}]})
        assert take.gradescope_results(found) == 4


@pytest.mark.parametrize("name", ["Anna Adams ja Ben Berg", "Berg, Ben & Adams, Anna", "Anna Adams + ben berg"])
def test_a_folder_with_two_names_is_a_pairs(grade, tmp_path, name):
    words = "--export", "canvas", "--roster", table(tmp_path / "roster.csv", CANVAS_ROSTER), "--assignment", "Labs"
    out = grade([f"{name}/{ONE}", f"Carla Cruz/{ONE}"], *words)
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert set(entered) == {101, 102, 103}


TEAMS = [f"Team A_4711_assignsubmission_file/{ONE}", f"Default group_assignsubmission_file/{ONE}"]


def test_moodles_teams_are_known_by_the_worksheets_column_and_never_by_their_number(grade, tmp_path):
    groups = {4711: "Other", 4712: "Team A", 4713: "Team A", 4714: "Default group", 4715: "Other"}
    head, *lines = WORKSHEET.splitlines()
    sheet = "\n".join([head + ",Group", *(f"{line},{group}" for line, group in zip(lines, groups.values()))])
    out = grade(TEAMS, "--export", "moodle-worksheet", "--roster", table(tmp_path / "w.csv", sheet))
    entered = take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), PARTICIPANTS, 14)
    assert set(entered) == {4712, 4713, 4714}
    entered = take.moodle_feedback_files((out / "moodle-feedback.zip").read_bytes(), PARTICIPANTS)
    assert b"Team A" in entered[4712]["feedback.html"] and set(entered) == {4712, 4713, 4714}
    grade([], "--export", "moodle-worksheet", "--roster", table(tmp_path / "w.csv", WORKSHEET))
    assert "does not have Default group, Team A; a team is known by a column with its name" in grade.said
    assert take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), PARTICIPANTS, 14) == {}


@pytest.mark.parametrize("word", ["Participant", "Teilnehmerin"])
def test_moodles_hidden_names_are_known_by_their_numbers(grade, tmp_path, word):
    hidden = "Identifier,Status,Grade,Last modified (grade)\n" + "".join(
        f"Participant {number},Submitted,,-\n" for number in (4711, 4712, 4713)
    )
    files = [f"{word}_{number}_assignsubmission_file/{ONE}" for number in (4711, 4712)]
    out = grade(files, "--export", "moodle-worksheet", "--roster", table(tmp_path / "w.csv", hidden))
    assert set(take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), PARTICIPANTS, 14)) == {4711, 4712}
    entered = take.moodle_feedback_files((out / "moodle-feedback.zip").read_bytes(), PARTICIPANTS)
    assert set(entered) == {4711, 4712}


def test_moodles_list_of_participants_knows_several_groups_of_one_person(grade, tmp_path):
    people = 'First name,Last name,Email address,Groups\nA,A,a@x.org,"Tutorial 1, Team A"\nB,B,b@x.org,Team A\n'
    out = grade(TEAMS[:1], "--export", "moodle", "--roster", table(tmp_path / "p.csv", people))
    assert [line.split(",")[0] for line in (out / "moodle.csv").read_text().splitlines()[1:]] == ["a@x.org", "b@x.org"]
    assert not (out / "moodle-feedback.zip").exists() and "no feedback goes back to Team A" in grade.said


def test_a_group_of_canvas_is_told(grade, tmp_path):
    words = "--export", "canvas", "--roster", table(tmp_path / "roster.csv", CANVAS_ROSTER), "--assignment", "Labs"
    roster = CANVAS_ROSTER.replace("Berg, Ben", "O'Berg-Li, Ben")
    files = [f"projectgroup1_101_9001_{ONE}", f"obergliben_102_9002_{ONE}"]
    out = grade(files, *words[:3], table(tmp_path / "roster.csv", roster), *words[4:])
    entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), CANVAS_PEOPLE, {77: "Labs"})
    assert set(entered) == {101, 102} and "projectgroup1: which is not the name" in grade.said
    assert "the whole group" in grade.said and "oberg" not in grade.said


def test_sakais_teams_go_back_as_teams_and_into_the_gradebook_as_people(grade, tmp_path):
    path = tmp_path / "in/Lab 1/Red (g-1)/members.txt"
    path.parent.mkdir(parents=True)
    path.write_text("Adams, Anna(aadams); Berg, Ben(bberg)")
    out = grade([f"Lab 1/Red (g-1)/Submission attachment(s)/{ONE}"], "--export", "sakai")
    entered, _ = take.sakai_gradebook((out / "sakai.csv").read_bytes(), {"aadams", "bberg"})
    assert {eid: items["Compression labs"]["points"] for eid, items in entered.items()} == {"aadams": "4", "bberg": "4"}
    entered = take.sakai_upload((out / "sakai.zip").read_bytes(), {"g-1"})
    assert entered["g-1"]["grade"] == 4 and len(entered["g-1"]["feedback"]) == 1
    with zipfile.ZipFile(out / "sakai.zip") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("grades.csv")]
        assert archive.read(name).decode().splitlines()[3].split('","')[3] == "4"


def test_marks_of_another_download_need_gradescopes_roster(grade):
    out = grade(CANVAS[:2], "--export", "gradescope")
    with zipfile.ZipFile(out / "gradescope.zip") as archive:
        assert json.loads(archive.read("marks.json")) == {}
    assert "--roster is needed for adamsanna" in grade.said


def test_whose_lateness_nobody_says_is_asked_for(grade):
    out = grade([f"anna/{ONE}", f"ben/{ONE}"], "--late", "10 % a day")
    assert "nothing says of 2 whether they were late: late.csv takes their days" in grade.said
    assert (out / "late.csv").read_text() == "student,days\nanna,\nben,\n"
    (out / "late.csv").write_text("student,days\nanna,2\nben,0\n")
    grade([], "--late", "10 % a day")
    assert "nothing says" not in grade.said
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        lines = {line["student"]: line for line in csv.DictReader(file)}
    assert [lines[name]["total less that"] for name in ("anna", "ben")] == ["3.2", "4"]
    assert {line["late"] for line in lines.values()} == {"not said"}
