"""Downloads of course systems are recognised by their shape: one student one row, by the system's id."""

import shutil
import time
import zipfile

import pytest
from helpers.handing_in import FIRST, SECOND

from labutils.grading.intake import submissions, systems

STEMS = [FIRST, SECOND]
ONE, TWO = f"{FIRST}.ipynb", f"{SECOND}.ipynb"
# For each system: files by path, and {student: (id, late, again, notebooks)}.
CANVAS = {
    f"adamsanna_101_9001_{ONE}": "a1",
    f"adamsanna_101_9002_{TWO}": "a2",
    f"bergben_LATE_102_9003_{ONE}": "b1",
    f"bergben_LATE_102_9004_{FIRST}-1.ipynb": "b1 again",
    f"adamsanna_103_9005_{ONE}": "another Anna",
    "müller-lüdenscheidtcarla_104_9006_work.pdf": "no notebook",
    f"müller-lüdenscheidtcarla_104_9007_{TWO}": "c2",
}
MOODLE = {
    f"Anna Adams_4711_assignsubmission_file/{ONE}": "a1",
    f"Anna Adams_4711_assignsubmission_file/later/{TWO}": "a2",
    "Anna Adams_4711_assignsubmission_onlinetext/onlinetext.html": "<p>hello</p>",
    f"Ben van den Berg_4712_assignsubmission_file/{ONE}": "b1",
    f"Anna Adams_4713_assignsubmission_file/{ONE}": "another Anna",
    "Carla Cruz_4714_assignsubmission_onlinetext/onlinetext.html": "<p>only this</p>",
}
SAKAI = {
    f"Lab 1/Adams, Anna(aadams)/Submission attachment(s)/{ONE}": "a1",
    f"Lab 1/Adams, Anna(aadams)/Submission attachment(s)/{TWO}": "a2",
    "Lab 1/Adams, Anna(aadams)/timestamp.txt": "20261101",
    "Lab 1/Adams, Anna(aadams)/comments.txt": "",
    f"Lab 1/Berg, Ben(bberg)/Submission attachment(s)/{ONE}": "b1",
    "Lab 1/Cruz, Carla(ccruz)/timestamp.txt": "20261101",
    "Lab 1/grades.csv": "Display ID,ID,Last Name,First Name,grade",
}
METADATA = """---
submission_11:
  :submitters:
  - :name: Anna Adams
    :sid: '123'
    :email: anna@example.org
  :created_at: !ruby/object:Time 2026-11-01
submission_12:
  :submitters:
  - :name: Ben Berg
  - :name: Carla Cruz
"""
GRADESCOPE = {
    f"assignment_7_export/submission_11/{ONE}": "a1",
    f"assignment_7_export/submission_11/{TWO}": "a2",
    f"assignment_7_export/submission_12/{ONE}": "b1",
    "assignment_7_export/submission_metadata.yml": METADATA,
}
BLACKBOARD = {
    f"Lab 1_aadams_attempt_2026-11-01-10-00-00_{ONE}": "first try",
    "Lab 1_aadams_attempt_2026-11-01-10-00-00.txt": "Name: Anna Adams (aadams)",
    f"Lab 1_aadams_attempt_2026-11-02-10-00-00_{ONE}": "a1",
    f"Lab 1_aadams_attempt_2026-11-02-10-00-00_{TWO}": "a2",
    f"Lab 1_bberg_attempt_2026-11-01-11-00-00_{ONE}": "b1",
}
SHAPES = {
    "canvas": (
        CANVAS,
        {
            "adamsanna (101)": ("101", False, False, {FIRST: "a1", SECOND: "a2"}),
            "adamsanna (103)": ("103", False, False, {FIRST: "another Anna"}),
            "bergben": ("102", True, True, {FIRST: "b1 again"}),
            "müller-lüdenscheidtcarla": ("104", False, False, {SECOND: "c2"}),
        },
    ),
    "moodle": (
        MOODLE,
        {
            "Anna Adams (4711)": ("4711", False, False, {FIRST: "a1", SECOND: "a2"}),
            "Anna Adams (4713)": ("4713", False, False, {FIRST: "another Anna"}),
            "Ben van den Berg": ("4712", False, False, {FIRST: "b1"}),
            "Carla Cruz": ("4714", False, False, {}),
        },
    ),
    "sakai": (
        SAKAI,
        {
            "Adams, Anna": ("aadams", False, False, {FIRST: "a1", SECOND: "a2"}),
            "Berg, Ben": ("bberg", False, False, {FIRST: "b1"}),
            "Cruz, Carla": ("ccruz", False, False, {}),
        },
    ),
    "gradescope": (
        GRADESCOPE,
        {
            "Anna Adams": ("11", False, False, {FIRST: "a1", SECOND: "a2"}),
            "Ben Berg and Carla Cruz": ("12", False, False, {FIRST: "b1"}),
        },
    ),
    "blackboard": (
        BLACKBOARD,
        {
            "Anna Adams": ("aadams", False, True, {FIRST: "a1", SECOND: "a2"}),
            "bberg": ("bberg", False, False, {FIRST: "b1"}),
        },
    ),
    "moodle without folders": (
        {
            f"Anna Adams_4711_assignsubmission_file_{ONE}": "a1",
            f"Ben Berg_4712_assignsubmission_file_{TWO}": "b2",
        },
        {
            "Anna Adams": ("4711", False, False, {FIRST: "a1"}),
            "Ben Berg": ("4712", False, False, {SECOND: "b2"}),
        },
    ),
    "anonymous canvas": (
        {f"anon_8kq3z_9001_{ONE}": "a1", f"anon_LATE_77_9002_{ONE}": "b1"},
        {
            "anon 8kq3z": ("8kq3z", False, False, {FIRST: "a1"}),
            "anon 77": ("77", True, False, {FIRST: "b1"}),
        },
    ),
}


def lay(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def as_a_folder(files, tmp_path):
    return lay(tmp_path / "in", files)


def in_another_folder(files, tmp_path):
    lay(tmp_path / "in/course 1/download", files)
    return tmp_path / "in"


def as_a_zip(files, tmp_path):
    return shutil.make_archive(tmp_path / "all", "zip", lay(tmp_path / "laid", files))


def as_a_zip_in_a_folder(files, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.move(as_a_zip(files, tmp_path), tmp_path / "in" / "download.zip")
    return tmp_path / "in"


def as_a_zip_in_a_zip(files, tmp_path):
    inner = as_a_zip(files, tmp_path)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(inner, "course 1/all.zip")
    return tmp_path / "outer.zip"


WAYS = [as_a_folder, in_another_folder, as_a_zip, as_a_zip_in_a_folder, as_a_zip_in_a_zip]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_student_one_row(shape, way, tmp_path):
    files, expected = SHAPES[shape]
    found = list(submissions.collect(way(files, tmp_path), tmp_path / "unpacked", STEMS))
    said = {one.student: (one.id, bool(one.late), one.again) for one in found}
    assert said == {name: row[:3] for name, row in expected.items()}
    for one in found:
        notebooks = {stem: path.read_text(encoding="utf-8") for stem, path in one.notebooks.items()}
        assert notebooks == expected[one.student][3]
        assert bool(one.reason) is not bool(notebooks)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_zip_of_a_students_is_looked_into(shape, tmp_path):
    files, expected = SHAPES[shape]
    path = next(name for name, content in files.items() if content == "b1" or content == "b2" or content == "b1 again")
    folder = lay(tmp_path / "in", {name: content for name, content in files.items() if name != path})
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / path.replace(".ipynb", ".zip"), "w") as archive:
        archive.writestr(f"work/{TWO}", "in the zip")
    found = list(submissions.collect(folder, tmp_path / "unpacked", STEMS))
    assert len(found) == len(expected)
    assert [
        s for s in found if {p.read_text(encoding="utf-8") for p in s.notebooks.values()} & {"in the zip", "b1 again"}
    ]


def test_project_folders_and_odd_endings(tmp_path):
    files = {
        f"Anna Adams_4711_assignsubmission_file/{ONE}.txt": "a1",
        f"Anna Adams_4711_assignsubmission_file/{TWO}.json": "a2",
        **{f"Anna Adams_4711_assignsubmission_file/.venv/lib/{number}.py": "" for number in range(50)},
        f"Anna Adams_4711_assignsubmission_file/__MACOSX/._{ONE}": "",
    }
    (one,) = submissions.collect(lay(tmp_path / "in", files), tmp_path / "unpacked", STEMS)
    assert {stem: path.read_text() for stem, path in one.notebooks.items()} == {FIRST: "a1", SECOND: "a2"}
    assert len(one.flags) == 2 and all("taken from" in flag for flag in one.flags)


def test_students_own_folders_are_no_system(tmp_path):
    for name in (f"anna/{ONE}", f"ben (2)/{ONE}", f"carla_4711/{ONE}", f"submissions/{ONE}"):
        assert systems.recognised([name]) is None, name


def test_broken_metadata_leave_the_numbers(tmp_path):
    files = GRADESCOPE | {"assignment_7_export/submission_metadata.yml": "- [no: {yaml"}
    found = list(submissions.collect(lay(tmp_path / "in", files), tmp_path / "unpacked", STEMS))
    assert [s.student for s in found] == ["submission 11", "submission 12"]


def collected(files, tmp_path):
    found = submissions.collect(lay(tmp_path / "in", files), tmp_path / "unpacked", STEMS)
    return {one.student: one for one in found}


FOUND_BY_OTHERS = {
    "a class in an enclosing folder": (
        {f"lab1-submissions/anna/{ONE}": "a", f"lab1-submissions/ben/{ONE}": "b"},
        {"anna", "ben"},
    ),
    "a folder of its own called submission": (
        {f"anna/submission_1/{ONE}": "a", f"ben/submission_1/{ONE}": "b"},
        {"anna", "ben"},
    ),
    "a student's submission folder in Gradescope": (
        {f"assignment_7_export/submission_{n}/submission_3/{ONE}": str(n) for n in (11, 12)},
        {"submission 11", "submission 12"},
    ),
    "user names with an underscore": (
        {f"Lab 1_{user}_attempt_2026-05-01-10-00-00_{ONE}": user for user in ("a_muster", "b_muster")},
        {"a_muster", "b_muster"},
    ),
    "Canvas names with an underscore, and a stray file": (
        {f"muster_anna_101_901_{ONE}": "a", f"kleinben_102_902_{ONE}": "b", "solution.ipynb": "s"},
        {"muster_anna", "kleinben", "solution.ipynb"},
    ),
    "a name and a matriculation number": (
        {f"anna_4711_{ONE}": "a", f"anna_4711_{TWO}": "a", f"ben_4712_{ONE}": "b"},
        {"anna_4711", "ben_4712"},
    ),
    "text and links alone": (
        {f"musteranna_101_901_{ONE}": "a", "kleinben_102_text.html": "b", "weitim_LATE_103_link.html": "t"},
        {"musteranna", "kleinben", "weitim"},
    ),
    "a Sakai text alone": (
        {
            f"Lab/Muster, Anna(am)/Submission attachment(s)/{ONE}": "a",
            "Lab/Wei, Tim(tw@x.edu)/Wei, Tim(tw@x.edu)_submissionText.html": "t",
        },
        {"Muster, Anna", "Wei, Tim"},
    ),
    "another student's name inside": (
        {
            f"dl/Anna Muster_4711_assignsubmission_file/Ben Klein_4712_assignsubmission_file/{ONE}": "a",
            f"dl/Ben Klein_4712_assignsubmission_file/{ONE}": "b",
        },
        {"Anna Muster", "Ben Klein"},
    ),
    "no notebook in a whole class": (
        {"musteranna_101_901_report.pdf": "a", "kleinben_102_902_a.pdf": "b", "kleinben_102_903_b.pdf": "b"},
        {"musteranna", "kleinben"},
    ),
}


@pytest.mark.parametrize("case", FOUND_BY_OTHERS)
def test_what_others_found(case, tmp_path):
    files, students = FOUND_BY_OTHERS[case]
    assert set(collected(files, tmp_path)) == students


def test_a_mac_zip_of_the_download(tmp_path):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in/submissions.zip", "w") as archive:
        archive.writestr(f"submissions/musteranna_101_901_{ONE}", "a")
        archive.writestr(f"__MACOSX/submissions/._musteranna_101_901_{ONE}", "x")
        archive.writestr(f"submissions/kleinben_102_902_{TWO}", "b")
    found = submissions.collect(tmp_path / "in", tmp_path / "unpacked", STEMS)
    assert {one.student for one in found} == {"musteranna", "kleinben"}


def test_the_last_attempt_counts_whatever_its_files_are_called(tmp_path):
    found = collected(
        {
            f"Lab_am_attempt_2026-05-01-10-00-00_{ONE}": "old",
            f"Lab_am_attempt_2026-05-02-10-00-00_{FIRST} (1).ipynb": "new",
            f"Lab_bk_attempt_2026-05-01-10-00-00_{ONE}": "b",
        },
        tmp_path,
    )
    assert found["am"].again and found["am"].notebooks[FIRST].read_text() == "new" and not found["bk"].again


def test_empty_folders_and_names_in_the_metadata_have_rows(tmp_path):
    files = {f"Anna Muster_4711_assignsubmission_file/{ONE}": "a"}
    (tmp_path / "in/Ben Klein_4712_assignsubmission_file").mkdir(parents=True)
    assert set(collected(files, tmp_path)) == {"Anna Muster", "Ben Klein"}
    files = {f"assignment_7_export/submission_11/{ONE}": "a", "assignment_7_export/submission_metadata.yml": METADATA}
    (tmp_path / "more").mkdir()
    assert set(collected(files, tmp_path / "more")) == {"Anna Adams", "Ben Berg and Carla Cruz"}


def test_two_zips_that_count_up_are_two_files(tmp_path):
    found = collected({f"musteranna_101_901_{ONE}": "a", "musteranna_101_902_part-1.zip": "no zip"}, tmp_path)
    assert any("part-1.zip" in flag and "sound zip" in flag for flag in found["musteranna"].flags)


def test_a_student_with_too_many_files_stops_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "MOST_FILES", 5)
    monkeypatch.setattr(submissions, "MOST_FILES", 5)
    files = {f"anna/{number}.txt": "" for number in range(20)} | {f"ben/{ONE}": "b"}
    found = collected(files, tmp_path)
    assert "at most 5 files" in found["anna"].reason and found["ben"].notebooks[FIRST].read_text() == "b"


NBGRADER = {
    f"inbound/anna+lab1+2026-11-01 10:00:00.123456 UTC+c29tZQ/{ONE}": "old",
    f"inbound/anna+lab1+2026-11-01 11:00:00.123456 UTC+c29tZQ/{ONE}": "a1",
    "inbound/anna+lab1+2026-11-01 11:00:00.123456 UTC+c29tZQ/timestamp.txt": "2026",
    f"inbound/anna+lab2+2026-11-08 10:00:00 UTC/{TWO}": "a2",
    f"inbound/ben+lab1+2026-11-01 10:00:00 UTC/{ONE}": "b1",
}
MORE = {
    "nbgrader's exchange": (NBGRADER, {"anna": {FIRST: "a1", SECOND: "a2"}, "ben": {FIRST: "b1"}}),
    "nbgrader's folders": (
        {f"submitted/anna/lab1/{ONE}": "a1", f"submitted/anna/lab2/{TWO}": "a2", f"submitted/ben/lab1/{ONE}": "b1"},
        {"anna": {FIRST: "a1", SECOND: "a2"}, "ben": {FIRST: "b1"}},
    ),
    "GitHub Classroom": (
        {f"lab-1-submissions/lab-1-anna/{ONE}": "a", f"lab-1-submissions/lab-1-ben-b/notebooks/{ONE}": "b"},
        {"anna": {FIRST: "a"}, "ben-b": {FIRST: "b"}},
    ),
    "Moodle's hidden names": (
        {f"Participant_4711_assignsubmission_file/{ONE}": "a", f"Participant_4712_assignsubmission_file/{ONE}": "b"},
        {"Participant 4711": {FIRST: "a"}, "Participant 4712": {FIRST: "b"}},
    ),
    "Moodle's chosen group": (
        {
            f"Group A-Anna Adams_1_assignsubmission_file_/{ONE}": "a",
            f"Group A-李 明_2_assignsubmission_file_/{ONE}": "b",
        },
        {"Anna Adams": {FIRST: "a"}, "李 明": {FIRST: "b"}},
    ),
    "Moodle's teams": (
        {f"Team A_12_assignsubmission_file/{ONE}": "a", f"Default group_assignsubmission_file/{ONE}": "b"},
        {"Team A": {FIRST: "a"}, "Default group": {FIRST: "b"}},
    ),
    "two names with a first half in common": (
        {f"Anne-Marie B_1_assignsubmission_file/{ONE}": "a", f"Anne-Sophie C_2_assignsubmission_file/{ONE}": "b"},
        {"Anne-Marie B": {FIRST: "a"}, "Anne-Sophie C": {FIRST: "b"}},
    ),
    "an older Canvas": (
        {f"adamsanna_late_101_9001_{ONE}": "a", f"bergben_102_9002_{ONE}": "b"},
        {"adamsanna": {FIRST: "a"}, "bergben": {FIRST: "b"}},
    ),
    "two assignments of Canvas": (
        {f"lab 1/adamsanna_101_1_{ONE}": "a1", f"lab 1/bb_102_2_{ONE}": "b1", f"lab 2/adamsanna_101_3_{TWO}": "a2"},
        {"adamsanna": {FIRST: "a1", SECOND: "a2"}, "bb": {FIRST: "b1"}},
    ),
    "two assignments of Moodle, with other numbers": (
        {
            f"lab 1/Anna Adams_4711_assignsubmission_file/{ONE}": "a1",
            f"lab 1/Ben Berg_4712_assignsubmission_file/{ONE}": "b1",
            f"lab 2/Anna Adams_5811_assignsubmission_file/{TWO}": "a2",
        },
        {"Anna Adams": {FIRST: "a1", SECOND: "a2"}, "Ben Berg": {FIRST: "b1"}},
    ),
    "two assignments of Blackboard": (
        {
            f"Lab 1_aadams_attempt_2026-11-01-10-00-00_{ONE}": "a1",
            f"Lab 2_aadams_attempt_2026-11-08-10-00-00_{TWO}": "a2",
            "Lab 1_aadams_attempt_2026-11-01-10-00-00.txt": "Name: Anna Adams (aadams)\nAssignment: Lab 1",
            "Lab 2_aadams_attempt_2026-11-08-10-00-00.txt": "Name: Anna Adams (aadams)\nAssignment: Lab 2",
        },
        {"Anna Adams": {FIRST: "a1", SECOND: "a2"}},
    ),
    "Gradescope's numbers and addresses": (
        {
            f"assignment_7_export/submission_11/{ONE}": "a",
            f"assignment_7_export/submission_12/{ONE}": "b",
            "assignment_7_export/submission_metadata.yml": (
                "submission_11:\n  :submitters:\n  - :sid: 4711\nsubmission_12:\n  :submitters:\n"
                "  - :name: ''\n    :email: b@example.org\n  - :name: Carla\nsubmission_13: nonsense\n"
                "submission_14:\n  :submitters:\n  - :name: Dora\n"
            ),
        },
        {"4711": {FIRST: "a"}, "b@example.org and Carla": {FIRST: "b"}, "Dora": {}},
    ),
}

MORE |= {
    "Sakai in another language": (
        {
            f"Lab 1/Adams, Anna(aadams)/Anlagen zur Abgabe/{ONE}": "a",
            f"Lab 1/Berg,(bberg)/Anlagen zur Abgabe/notebooks/{ONE}": "b",
            "Lab 1/Berg,(bberg)/timestamp.txt": "2026",
        },
        {"Adams, Anna": {FIRST: "a"}, "Berg": {FIRST: "b"}},
    ),
    "Sakai without folders": (
        {
            f"Lab 1/Adams, Anna(aadams)_Submission attachment(s)_{ONE}": "a",
            "Lab 1/Adams, Anna(aadams)_timestamp.txt": "2026",
            f"Lab 1/Berg, Ben(bberg)_Submission attachment(s)_{ONE}": "b",
            "Lab 1/Cruz, Carla(ccruz)_timestamp.txt": "2026",
        },
        {"Adams, Anna": {FIRST: "a"}, "Berg, Ben": {FIRST: "b"}, "Cruz, Carla": {}},
    ),
    "Sakai without folders, in another language": (
        {
            f"Lab 1/Adams, Anna(aadams)_Pièces jointes_{ONE}": "a",
            f"Lab 1/Berg, Ben(bberg)_Pièces jointes_{ONE}": "b",
            "Lab 1/grades.csv": "",
        },
        {"Adams, Anna": {FIRST: "a"}, "Berg, Ben": {FIRST: "b"}},
    ),
    "Blackboard in another language": (
        {
            f"Tarea 1_aadams_intento_2026-11-01-10-00-00_{ONE}": "a",
            "Tarea 1_aadams_intento_2026-11-01-10-00-00.txt": "Nombre: Anna O'Adams (aadams)",
            f"Tarea 1_bberg_intento_2026-11-01-10-00-00_{ONE}": "b",
        },
        {"Anna O'Adams": {FIRST: "a"}, "bberg": {FIRST: "b"}},
    ),
    "names with a blank and a number are no Sakai": (
        {f"class/muster, anna (1)/nb/{ONE}": "a", f"class/klein, ben (1)/nb/{ONE}": "b"},
        {"muster, anna (1)": {FIRST: "a"}, "klein, ben (1)": {FIRST: "b"}},
    ),
    "loose notebooks in an enclosing folder": (
        {f"class/anna_{ONE}": "a", f"class/anna_{TWO}": "a2", f"class/ben_{ONE}": "b"},
        {"anna": {FIRST: "a", SECOND: "a2"}, "ben": {FIRST: "b"}},
    ),
}


MORE |= {
    "Sakai's hidden names": (
        {
            f"Lab 1/4f3a9b Anonymous/Submission attachment(s)/{ONE}": "a",
            f"Lab 1/77aa00 Anonymous/Submission attachment(s)/{TWO}": "b",
            "Lab 1/77aa00 Anonymous/timestamp.txt": "2026",
            "Lab 1/grades.csv": "",
        },
        {"4f3a9b Anonymous": {FIRST: "a"}, "77aa00 Anonymous": {SECOND: "b"}},
    ),
    "Sakai's teams": (
        {
            f"Lab 1/Team Red (b5f1-22)/Submission attachment(s)/{ONE}": "a",
            "Lab 1/Team Red (b5f1-22)/members.txt": "Adams, Anna(aadams); Berg, Ben(bberg)",
            f"Lab 1/Team Blue (b5f1-23)/Submission attachment(s)/{ONE}": "b",
        },
        {"Team Red": {FIRST: "a"}, "Team Blue": {FIRST: "b"}},
    ),
    "Sakai's folders of feedback": (
        {
            f"Lab 1/Adams, Anna(aadams)/Anhänge/{ONE}": "a",
            f"Lab 1/Adams, Anna(aadams)/Rückmeldungen/{ONE}": "the teacher's",
            f"Lab 1/Berg, Ben(bberg)/Anhänge/my_submission_{ONE}": "b",
            "Lab 1/grades.csv": "",
        },
        {"Adams, Anna": {FIRST: "a"}, "Berg, Ben": {FIRST: "b"}},
    ),
    "Sakai without folders, and a name with what Sakai's own have": (
        {
            f"Lab 1/Adams, Anna(aadams)_Anhänge_my_submission_{ONE}": "a",
            f"Lab 1/Berg, Ben(bberg)_Anhänge_{ONE}": "b",
            "Lab 1/grades.csv": "",
        },
        {"Adams, Anna": {FIRST: "a"}, "Berg, Ben": {FIRST: "b"}},
    ),
    "a class with its lists in an enclosing folder": (
        {f"Lab 1/handed in/anna_4711/{ONE}": "a", f"Lab 1/handed in/ben_4712/{ONE}": "b", "Lab 1/marks.xlsx": "x"},
        {"anna_4711": {FIRST: "a"}, "ben_4712": {FIRST: "b"}},
    ),
    "nbgrader's whole course": (
        {
            f"course/submitted/anna/lab1/{ONE}": "a",
            f"course/submitted/ben/lab1/{ONE}": "b",
            f"course/autograded/anna/lab1/{ONE}": "run",
            f"course/source/lab1/{ONE}": "solved",
            "course/gradebook.db": "x",
            "course/nbgrader_config.py": "x",
        },
        {"anna": {FIRST: "a"}, "ben": {FIRST: "b"}},
    ),
    "Brightspace": (
        {
            f"11-5 - Anna Adams - Nov 12, 2026 926 AM/{ONE}": "a1 again",
            f"11-5 - Anna Adams - Nov 9, 2026 1026 PM/{ONE}": "a1",
            f"12-5 - Ben Berg - Nov 12, 2026 1226 AM/work/{TWO}": "b2",
            "index.html": "",
        },
        {"Anna Adams": {FIRST: "a1 again"}, "Ben Berg": {SECOND: "b2"}},
    ),
    "Brightspace without folders, and one number": (
        {
            f"11-5 - Anna Adams - Nov 2, 2026 1003 AM - {ONE}": "a",
            f"11-5 - Ben Berg - Nov 3, 2026 1103 PM - {ONE}": "b",
        },
        {"Anna Adams": {FIRST: "a"}, "Ben Berg": {FIRST: "b"}},
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", MORE)
def test_more_shapes_of_the_same_systems(case, way, tmp_path):
    files, expected = MORE[case]
    found = list(submissions.collect(way(files, tmp_path), tmp_path / "unpacked", STEMS))
    assert {one.student: {s: p.read_text() for s, p in one.notebooks.items()} for one in found} == expected
    assert not [one for one in found if one.flags]


def test_several_downloads_together(tmp_path):
    """A folder of zips, of systems that differ, and a list of what an instructor has."""
    parts = {"canvas": CANVAS, "sakai": SAKAI, "nbgrader": NBGRADER}
    for name, files in parts.items():
        shutil.make_archive(tmp_path / "zips" / name, "zip", lay(tmp_path / name, files))
    folder = submissions.collect(tmp_path / "zips", tmp_path / "unpacked", STEMS)
    listed = submissions.collect([tmp_path / name for name in parts], tmp_path / "again", STEMS)
    one, other = [{s.student: (s.id, s.late, s.again, set(s.notebooks)) for s in found} for found in (folder, listed)]
    assert one == other and len(one) == 4 + 3 + 2
    assert one["bergben"] == ("102", True, True, {FIRST}) and one["anna"] == ("anna", None, True, {FIRST, SECOND})


def test_zips_of_two_classes(tmp_path):
    for number, names in enumerate((("anna", "ben"), ("carla", "dora"))):
        files = {f"class/{name}/{ONE}": name for name in names}
        shutil.make_archive(tmp_path / f"zips/class {number}", "zip", lay(tmp_path / f"laid {number}", files))
    found = submissions.collect(tmp_path / "zips", tmp_path / "unpacked", STEMS)
    assert [one.student for one in found] == ["anna", "ben", "carla", "dora"]


BESIDE = [{}, {f"class/carla/{ONE}": "c"}, {f"class/carla/{ONE}": "c", f"class/dora/{ONE}": "d"}]


@pytest.mark.parametrize("way", [as_a_folder, as_a_zip])
@pytest.mark.parametrize("beside", BESIDE)
def test_zips_in_an_enclosing_folder_are_students(way, beside, tmp_path):
    for name in ("anna", "ben"):
        own = lay(tmp_path / f"own {name}", {f"{name}/{ONE}": name[0]})
        for place in ("in", "laid"):
            shutil.make_archive(tmp_path / place / "class" / name, "zip", own)
    found = submissions.collect(way(beside, tmp_path), tmp_path / "unpacked", STEMS)
    rows = {one.student: one.notebooks[FIRST].read_text() for one in found}
    assert rows == {name: name[0] for name in ("anna", "ben", "carla", "dora")[: 2 + len(beside)]}


def test_sakais_table_says_who_was_late(tmp_path):
    """As it says it in English and Spanish; a student's own file of that name says nothing."""
    handed_in = {f"Lab 1/{who}/Submission attachment(s)/{ONE}": who for who in ("A, B(ab)", "C, D(cd)", "E, F(ef)")}
    handed_in["Lab 1/C, D(cd)/Submission attachment(s)/grades.csv"] = 'x,x,x,x,x,x,x\nef,ef,E,F,,"Nov 1, 2026",Late\n'
    for separator, word in {",": "Late", ";": "Tarde"}.items():
        lines = [
            "Lab 1,SCORE_GRADE_TYPE",
            "",
            "Display ID,ID,Last Name,First Name,grade,Submission date,Late submission",
        ]
        lines += [f"{id},{id},Late,F,1,2026,{said}" for id, said in {"ab": word, "cd": "", "ef": "On time"}.items()]
        table = {"Lab 1/grades.csv": "\n".join(lines).replace(",", separator)}
        found = collected(handed_in | table, tmp_path / word)
        assert {one.id: one.late for one in found.values()} == {"ab": True, "cd": False, "ef": False}


BLACKBOARD_SAYS = "{}: {} ({})\nAssignment: Lab\nDate: Monday\n\nField:\n{}\n\nComments:\n{}\n\nFiles:\n\tOriginal: x\n"
NOTHING = (
    "There is no student submission text data for this assignment.",
    "There are no student comments for this assignment.",
)
NADA = "No hay datos.", "No hay comentarios."


@pytest.mark.parametrize("others", [0, 3])
def test_what_was_typed_into_blackboards_page_is_flagged(others, tmp_path):
    text = BLACKBOARD_SAYS.replace("Field:", "Submission Field:").format
    said = {"ab": text("Name", "Anna", "ab", "<p>Because</p>\n\n<p>so.</p>", "And more."), "cd": ""}
    said["cd"] = text("Name", "C", "cd", *NOTHING)
    if others:  # in another language
        said = {"ab": said["ab"], "cd": text("Nombre", "C", "cd", *NADA)}
        said |= {f"ef{n}": text("Nombre", "E", f"ef{n}", *NADA) for n in range(others)}
    files = {f"Lab_{user}_attempt_2026-11-01-10-00-00.txt": content for user, content in said.items()}
    files |= {f"Lab_{user}_attempt_2026-11-01-10-00-00_{ONE}": "nb" for user in said}
    flags = {one.id: one.flags for one in collected(files, tmp_path).values()}
    assert len(flags["ab"]) == 1 and "'Because so. And more.'" in flags["ab"][0]
    assert "Lab_ab_attempt_2026-11-01-10-00-00.txt" in flags["ab"][0]
    assert not any(found for user, found in flags.items() if user != "ab")


def test_what_only_an_earlier_attempt_has_is_flagged(tmp_path):
    tries = {f"Lab_ab_attempt_2026-11-01-10-00-00_{ONE}": "one", f"Lab_ab_attempt_2026-11-02-10-00-00_{TWO}": "two"}
    (one,) = collected(tries | {"Lab_ab_attempt_2026-11-02-10-00-00_a.pdf": ""}, tmp_path / "notebooks").values()
    assert set(one.notebooks) == {SECOND} and one.again
    (flag,) = one.flags
    assert f"{ONE} of an earlier attempt, 2026-11-01" in flag
    tries = {f"Lab_ab_attempt_2026-11-01-10-00-00_{ONE}": "one", "Lab_ab_attempt_2026-11-02-10-00-00_a.pdf": ""}
    (one,) = collected(tries, tmp_path / "none").values()
    assert one.reason and f"{ONE} of an earlier attempt" in one.flags[-1]


def test_the_highest_of_teams_versions_counts(tmp_path):
    files = {f"Handed in/{who}/Lab/Version {n}/{ONE}": f"{who} {n}" for who in ("Anna", "Ben") for n in (1, 2, 10)}
    found = collected(files, tmp_path)
    assert {who: one.notebooks[FIRST].read_text() for who, one in found.items()} == {"Anna": "Anna 10", "Ben": "Ben 10"}


TYPED = {
    "canvas": (f"adamsanna_101_9001_{ONE}", "adamsanna_101_text.html"),
    "moodle": (f"Anna A_1_assignsubmission_file/{ONE}", "Anna A_1_assignsubmission_onlinetext/onlinetext.html"),
    "moodle without folders": (
        f"Anna A_1_assignsubmission_file_{ONE}",
        "Anna A_1_assignsubmission_onlinetext_onlinetext.html",
    ),
    "sakai": (f"Lab/A, B(ab)/Submission attachment(s)/{ONE}", "Lab/A, B(ab)/A, B(ab)_submissionText.html"),
}


@pytest.mark.parametrize("system", TYPED)
def test_what_was_typed_into_the_system_is_flagged(system, tmp_path):
    notebook, typed = TYPED[system]
    text = "<html><head><title>no</title></head><body><p>Because 1 &lt; 2</p></body></html>"
    (one,) = collected({notebook: "a", typed: text}, tmp_path).values()
    assert len(one.flags) == 1 and "'Because 1 < 2'" in one.flags[0] and typed.rpartition("/")[2] in one.flags[0]
    (one,) = collected({notebook: "a", typed: "<p> </p>"}, tmp_path).values()
    assert not one.flags


@pytest.mark.parametrize("hostile", ["<head>", "<", "<style", "&lt;<p"])
def test_a_long_typed_page_is_looked_through_in_no_time(hostile, tmp_path):
    (tmp_path / "typed.html").write_text(hostile * (submissions.MOST_TYPED // len(hostile)))
    begin = time.process_time()
    submissions.said(tmp_path / "typed.html")
    assert time.process_time() - begin < 5


def test_a_typed_page_that_cannot_be_read_is_flagged(tmp_path):
    assert submissions.said(tmp_path / "gone.html").startswith("'gone.html', typed into the course system, cannot be")


def test_sakais_lists_are_not_what_a_student_calls_so_and_a_broken_one_stops_nobody(tmp_path):
    files = {
        f"Lab 1/Adams, Anna(aadams)/Submission attachment(s)/{ONE}": "a",
        "Lab 1/Adams, Anna(aadams)/Submission attachment(s)/members.txt": "Berg, Ben(bberg)",
        f"Lab 1/Berg, Ben(bberg)/Submission attachment(s)/{ONE}": "b",
        "Lab 1/grades.csv": f"aadams,aadams,Adams,Anna,,now,Late\n{'x' * 200_000},,,,,,",
    }
    found = collected(files, tmp_path)
    assert {name: (one.members, one.late) for name, one in found.items()} == {
        "Adams, Anna": ((), True),
        "Berg, Ben": ((), None),
    }


def test_canvas_counts_versions_in_front_of_the_last_ending(tmp_path):
    found = collected({f"bb_102_9002_{ONE}-1.txt": "new", f"bb_102_9003_{ONE}.txt": "old"}, tmp_path)
    assert found["bb"].again and found["bb"].notebooks[FIRST].read_text() == "new"


MENDED = {
    "Moodle's feedback files beside": (
        {
            f"Anna Adams_1_assignsubmission_file/{ONE}": "a",
            f"Anna Adams_1_assignfeedback_file/{ONE}": "the teacher's",
            f"Ben Berg_2_assignsubmission_file/{ONE}": "b",
        },
        {"Anna Adams": "a", "Ben Berg": "b"},
    ),
    "a Canvas quiz, whose numbers are the question's": (
        {f"adams_101_question_7_9001_{ONE}": "a", f"berg_102_question_7_9002_{ONE}": "b"},
        {"adams_101_question_7_9001": "a", "berg_102_question_7_9002": "b"},
    ),
    "dates that are no numbers of Canvas": (
        {f"anna_{FIRST}_2026_11_21T10_10_10_{ONE}": "a", f"ben_{FIRST}_2026_11_21T10_10_11_{ONE}": "b"},
        {"anna": "a", "ben": "b"},
    ),
    "Brightspace in French": (
        {
            f"11-5- Anna Adams - 2 novembre 2026 15 h 03/{ONE}": "a",
            f"12-5 - 王小明 - 3 nov. 2026 903/{ONE}": "b",
            "index.html": "",
        },
        {"Anna Adams": "a", "王小明": "b"},
    ),
    "Brightspace by 24 hours, without a comma": (
        {
            f"11-5 - Anna Adams - Nov 2 2026 1503/{ONE}": "a",
            f"11-5 - Anna Adams - 2 November 2026 903/{ONE}": "earlier",
            f"12-5 - Ben Berg - Nov 12, 2026 103 PM/{ONE}": "b",
        },
        {"Anna Adams": "a", "Ben Berg": "b"},
    ),
    "Google Classroom's copies": (
        {f"Lab 1/Copy of Anna Adams - {ONE}": "a", f"Lab 1/Copy of Ben Berg - {ONE}": "b"},
        {"Anna Adams": "a", "Ben Berg": "b"},
    ),
    "a class in sections": (
        {f"all/{part}/{who}/{ONE}": who for part, names in (("A", "ab"), ("B", "cd")) for who in names},
        {who: who for who in "abcd"},
    ),
    "students' own old folders are no sections": (
        {f"{who}/{part}/{ONE}": who for who in "ab" for part in ("old", "new")},
        {who: who for who in "ab"},
    ),
    "Teams with the drafts beside": (
        {
            f"{part}/{who}/Lab/{ONE}": f"{who} {part[0]}"
            for part in ("Submitted files", "Working files")
            for who in "ab"
        },
        {who: f"{who} S" for who in "ab"},
    ),
    "Brightspace in more languages": (
        {
            f"1-5 - a - 2. November 2026 1003 Uhr/{ONE}": "a",
            f"2-5 - b - Nov. 2, 2026 10.03/{ONE}": "b",
            f"3-5 - c - 2026年11月2日 1003/{ONE}": "c",
            f"4-5 - u4 - d - 2026-11-02 1003/{ONE}": "d",
            f"4-5 - u4 - d - 2026-11-02 959/{ONE}": "earlier",
        },
        {"a": "a", "b": "b", "c": "c", "u4 - d": "d"},
    ),
    "a Moodle plugin of another name": (
        {f"A A_1_assignsubmission_codehandin/{ONE}": "a", f"B B_2_assignsubmission_file/{ONE}": "b"},
        {"A A": "a", "B B": "b"},
    ),
    "one's own endings are no names of people": (
        {f"anna/{FIRST} my part.ipynb": "a", f"anna/{SECOND} the rest.ipynb": "a2"},
        {"anna": "a"},
    ),
    "names behind, in an enclosing folder": (
        {f"Lab 1/{ONE} - Anna Adams.ipynb": "a", f"Lab 1/{ONE} - Ben Berg.ipynb": "b"},
        {"Anna Adams": "a", "Ben Berg": "b"},
    ),
    "Canvas' name of a school's own": (
        {f"o'brienmary-jane_101_9001_{ONE}": "a", f"العربيمحمد_LATE_102_9002_{FIRST}-1.ipynb": "b"},
        {"o'brienmary-jane": "a", "العربيمحمد": "b"},
    ),
}


@pytest.mark.parametrize("way", [as_a_folder, as_a_zip])
@pytest.mark.parametrize("case", MENDED)
def test_nobodys_work_becomes_anothers(case, way, tmp_path):
    files, expected = MENDED[case]
    found = submissions.collect(way(files, tmp_path), tmp_path / "unpacked", STEMS)
    assert {one.student: one.notebooks[FIRST].read_text() for one in found} == expected


def test_attempts_whose_order_cannot_be_told_are_flagged(tmp_path):
    files = {f"11-5 - Anna - {day} 2026 1503/{ONE}": day for day in ("9 mai", "10 mai")}
    (one,) = collected(files, tmp_path).values()
    assert any("what came 10 mai 2026, 1503, perhaps later" in flag for flag in one.flags)


def test_an_archive_that_is_not_read_is_said(tmp_path):
    files = {f"anna/{name}": "" for name in (ONE, "rest.rar")} | {"ben/all.tar.gz": "", "carla/all.7z": ""}
    found = collected(files, tmp_path)
    assert found["anna"].flags == ["'rest.rar': an archive that is not read here; ask for a zip"]
    assert all("ask for a zip" in found[name].reason for name in ("ben", "carla"))


def test_what_sakai_says_of_lateness_in_other_words_is_not_known(tmp_path):
    handed_in = {f"Lab 1/{who}/Submission attachment(s)/{ONE}": who for who in ("A, B(ab)", "C, D(cd)", "E, F(ef)")}
    head = "Lab 1,SCORE_GRADE_TYPE\n\nDisplay ID,ID,Last Name,First Name,grade,Submission date,Late submission\n"
    table = head + "ab,ab,A,B,,2026-11-01T10:00:00Z,Geç\ncd,cd,C,D,,,Late\nef,ef,E,F,,,On time\n"
    found = collected(handed_in | {"Lab 1/grades.csv": table}, tmp_path / "words")
    assert {one.id: one.late for one in found.values()} == {"ab": None, "cd": True, "ef": False}
    found = collected(handed_in | {"Lab 1/grades.xls": ""}, tmp_path / "spreadsheet")
    assert {one.late for one in found.values()} == {None}
    teams = {f"Lab 1/{who}/Submission attachment(s)/{ONE}": who for who in ("Red (g-1)", "Blue (g-2)")}
    head = "Lab 1,SCORE_GRADE_TYPE\n\nGroup,ID,Members,grade,Submission date,Late submission\n"
    table = head + "Red,g-1,A; B,,2026,Late\nBlue,g-2,C; D,,2026,On time\n"
    found = collected(teams | {"Lab 1/grades.csv": table}, tmp_path / "teams")
    assert {one.id: one.late for one in found.values()} == {"g-1": True, "g-2": False}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_blackboards_text_is_read_as_it_is_written(encoding, tmp_path):
    files = {f"Lab_{user}_attempt_2026-11-01-10-00-00_{ONE}": "x" for user in ("jm", "bb")}
    folder = lay(tmp_path / "in", files)
    text = "Name: Jörg (Jo) Müller, Jr. (jm)\nAssignment: Lab\n"
    (folder / "Lab_jm_attempt_2026-11-01-10-00-00.txt").write_bytes(text.encode(encoding))
    found = {one.id: one.student for one in submissions.collect(folder, tmp_path / "unpacked", STEMS)}
    assert found == {"jm": "Jörg (Jo) Müller, Jr.", "bb": "bb"}


def test_gradescopes_metadata_without_symbols(tmp_path):
    files = {f"assignment_7_export/submission_11/{ONE}": "a"}
    said = "submission_11:\n  submitters:\n  - name: Anna\n    email: a@x.org\n"
    (one,) = collected(files | {"assignment_7_export/submission_metadata.yml": said}, tmp_path).values()
    assert (one.student, one.members) == ("Anna", (("Anna", "", "a@x.org"),))
