"""From the release to marks in the course's own system: nothing on the way is ours but the course."""

import base64
import csv
import json
import zipfile

import nbformat
import pytest
from helpers import course_systems as take
from helpers.course_notebooks import NOTEBOOKS, fill, marks, read, reports, solutions

from labutils import __main__
from labutils.grading.release import student_version
from labutils.grading.running import sandbox

pytestmark = pytest.mark.skipif(
    not sandbox.POSIX or sandbox.in_force() != sandbox.NAMESPACES, reason="this computer lets nobody make namespaces"
)
LAB = "01_gradient_descent"
(MASTER,) = (path for path in NOTEBOOKS if path.stem == LAB)
WRONG_STEP = "def gradient_step(w, problem, learning_rate):\n    return w + learning_rate * problem.gradient(w)"
WRONG = {"lab1_a_answer": "def gradient(X, y, w):\n    return X.T @ (X @ w - y)", "lab1_b_answer": WRONG_STEP}
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n...").decode()
# What each student's answers in words deserve, by a word that stands in them, and what is expected of the checks.
DESERVED = {"Thoroughly": (2, 3), "Roughly": (1, 1.5), "Strangely": (2, 2.5)}


def place(notebook, name):
    return next(number for number, cell in enumerate(notebook.cells) if marks(cell).get("grade_id") == name)


def right(notebook, answers):
    """Everything in its place."""
    fill(notebook, answers)
    for name in ("lab1_a_text", "lab1_b_text"):
        cell = notebook.cells[place(notebook, name)]
        cell.source += "\n\nThoroughly said."


def half_right(notebook, answers):
    """One exercise wrong, and the answers typed into new cells below the prompts."""
    fill(notebook, answers | {"lab1_b_answer": WRONG_STEP})
    for name in ("lab1_a_text", "lab1_b_text"):
        notebook.cells.insert(place(notebook, name) + 1, new("Roughly said.", "markdown"))


def wrong(notebook, answers):
    """Both exercises wrong, nothing in words, and a cell that ends with an error."""
    fill(notebook, answers | WRONG)
    notebook.cells.insert(3, new("1 / 0"))


def strange(notebook, answers):
    """All metadata lost, an answer turned into code, a picture for one, a missing package, a check deleted."""
    fill(notebook, answers)
    code, picture = (notebook.cells[place(notebook, name)] for name in ("lab1_a_text", "lab1_b_text"))
    code.source += "\n\nStrangely said."
    code.cell_type, code["outputs"], code["execution_count"] = "code", [], None
    picture.source += "\n\nStrangely drawn: ![drawing](attachment:drawing.png)"
    picture["attachments"] = {"drawing.png": {"image/png": PNG}}
    del notebook.cells[place(notebook, "lab1_b")]
    notebook.cells[1].source = "import package_that_nobody_has\n" + notebook.cells[1].source
    for cell in notebook.cells:
        cell.metadata = {}


def new(source, kind="code"):
    made = {"cell_type": kind, "id": f"own-{abs(hash(source)) % 10**8}", "metadata": {}, "source": source}
    return nbformat.from_dict(made | ({"outputs": [], "execution_count": None} if kind == "code" else {}))


STUDENTS = {"right": right, "half": half_right, "wrong": wrong, "strange": strange}


@pytest.fixture(scope="module")
def handed_in():
    """{student: bytes of the notebook}, filled in what the release gives out."""
    made = {}
    for name, change in STUDENTS.items():
        notebook = student_version.student_version(read(MASTER))
        change(notebook, solutions(read(MASTER)))
        made[name] = json.dumps(notebook).encode()
    return made


@pytest.fixture(scope="module")
def expected():
    """{student: points of the checks}, by the course's own checks in this process."""

    def points(answers):
        return {name: report.points for name, report in reports(fill(read(MASTER), answers)).items()}

    full, half = points(solutions(read(MASTER))), points(solutions(read(MASTER)) | {"lab1_b_answer": WRONG_STEP})
    return {"right": full, "half": half, "wrong": points(WRONG), "strange": full}


NAMES = {"right": "Rita Right", "half": "Hans Müller", "wrong": "William Wrong", "strange": "Özge Strange"}
NUMBERS = {"right": 101, "half": 102, "wrong": 103, "strange": 104}
PLAIN = {"right": "rita", "half": "hans", "wrong": "will", "strange": "oezge"}


def canvas(one, name):
    late = "_LATE" * (one == "half")
    return f"{name.lower().replace(' ', '')}{late}_{NUMBERS[one]}_9{NUMBERS[one]}_{LAB}.ipynb"


SHAPES = {  # {system: (the path of a student's notebook, what lies besides)}
    "canvas": (canvas, {}),
    "moodle": (
        lambda one, name: f"{name}_{NUMBERS[one]}_assignsubmission_file/{LAB}.ipynb",
        {"Eva Empty_105_assignsubmission_onlinetext/onlinetext.html": b"<p>sorry</p>"},
    ),
    "sakai": (
        lambda one, name: f"Lab 1/{name}({PLAIN[one]})/Submission attachment(s)/{LAB}.ipynb",
        {"Lab 1/grades.csv": b"Display ID,ID", "Lab 1/Eva, E(eva)/timestamp.txt": b"1"},
    ),
    "gradescope": (lambda one, name: f"assignment_7_export/submission_{NUMBERS[one]}/{LAB}.ipynb", {}),
    "blackboard": (
        lambda one, name: f"Lab 1_{PLAIN[one]}_attempt_2026-11-01-10-00-00_{LAB}.ipynb",
        {
            f"Lab 1_{PLAIN[one]}_attempt_2026-11-01-10-00-00.txt": f"Name: {NAMES[one]} ({PLAIN[one]})\n".encode()
            for one in NAMES
        },
    ),
}


SUBMITTER = "submission_{}:\n  :submitters:\n  - :name: {}\n    :email: {}@x.org\n"
METADATA = "".join(SUBMITTER.format(NUMBERS[one], NAMES[one], PLAIN[one]) for one in NAMES)
WORKSHEET = "Identifier,Full name,Email address,Grade,Maximum grade,Last modified (grade),Feedback comments\n"
WORKSHEET += "".join(f"Participant {NUMBERS[one]},{NAMES[one]},{PLAIN[one]}@x.org,,110.00,-,\n" for one in NAMES)


def hand_in(system, handed_in, folder):
    """Lay down the zip that a course system makes of what was handed in; return its path."""
    path, beside = SHAPES[system]
    inside = {path(one, NAMES[one]): content for one, content in handed_in.items()} | beside
    if system == "gradescope":
        inside["assignment_7_export/submission_metadata.yml"] = METADATA.encode()
    with zipfile.ZipFile(folder / f"{system}.zip", "w") as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
    return folder / f"{system}.zip"


def mark(out):
    """Give every answer in words what it deserves, as somebody does in written.csv; return how many there were."""
    answers = {one["student"]: one["answers"] for one in json.loads((out / "grades.json").read_text("utf-8"))}
    with open(out / "written.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        text = answers[line["student"]][line["question"]]
        (deserved,) = (points for word, points in DESERVED.items() if word in text)
        line["points"] = deserved[line["question"] == "lab1_b_text"]
    with open(out / "written.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, lines[0].keys())
        table.writeheader()
        table.writerows(lines)
    return len(lines)


def totals(out):
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        return {line["student"]: float(line["total"]) for line in csv.DictReader(file) if line["status"] == "graded"}


def exported(system, out):
    """Return {number of a student: what the course system enters of the file that was written for it}."""
    if system == "canvas":
        people = {NUMBERS[one]: ("", "", NAMES[one], "") for one in NAMES}
        entered, _ = take.canvas_gradebook((out / "canvas.csv").read_bytes(), people, {})
        return {number: float(*scores.values()) for number, scores in entered.items()}
    if system == "moodle":
        entered = take.moodle_worksheet((out / "moodle-worksheet.csv").read_bytes(), set(NUMBERS.values()), 110)
        return {number: grade for number, (grade, _) in entered.items()}
    entered = take.sakai_upload((out / "sakai.zip").read_bytes(), set(PLAIN.values()))
    return {NUMBERS[one]: entered[PLAIN[one]]["grade"] for one in NAMES}


OPTIONS = {"canvas": ["--export", "canvas"], "sakai": ["--export", "sakai"], "gradescope": ["--export", "gradescope"]}


@pytest.mark.parametrize(
    "system", ["canvas", *(pytest.param(name, marks=pytest.mark.slow) for name in SHAPES if name != "canvas")]
)
def test_marks_are_the_expected_ones_all_the_way_round(system, handed_in, expected, tmp_path):
    download, out = hand_in(system, handed_in, tmp_path), tmp_path / "out"
    words = ["grade", str(download), "--out", str(out), "--jobs", "2"]
    assert __main__.main(words) == 0
    results = json.loads((out / "grades.json").read_text("utf-8"))
    by_one = {one: found for one in NAMES for found in results if found["id"] in (str(NUMBERS[one]), PLAIN[one])}
    assert len(by_one) == 4 and len(results) == 4 + (system in ("moodle", "sakai"))
    for one, result in by_one.items():
        assert result["isolation"] == sandbox.NAMESPACES
        found = {name: result["questions"][name]["points"] for name in expected[one]}
        assert found == expected[one], one
        flags = " ".join(result["notebooks"][LAB]["flags"])
        assert ("without its metadata" in flags) is (one == "strange")
        assert ("text for it stands in cell" in flags) is (one == "half")
    assert f"![drawing](data:image/png;base64,{PNG})" in by_one["strange"]["answers"]["lab1_b_text"]
    assert [one for one, result in by_one.items() if result["late"]] == ["half"] * (system == "canvas")

    assert __main__.main(["grade", str(download), "--stored", "--out", str(tmp_path / "preview")]) == 0
    preview = json.loads((tmp_path / "preview/grades.json").read_text("utf-8"))
    assert [one["answers"] for one in preview] == [one["answers"] for one in results]

    assert mark(out) == 6  # the wrong one wrote nothing
    options = OPTIONS.get(system, [])
    if system == "moodle":
        (tmp_path / "worksheet.csv").write_text(WORKSHEET, encoding="utf-8")
        options = ["--export", "moodle-worksheet", "--roster", str(tmp_path / "worksheet.csv")]
    assert __main__.main(words + options) == 0
    words_earned = {"right": 5, "half": 2.5, "wrong": 0, "strange": 4.5}
    deserved = {one: sum(points.values()) + words_earned[one] for one, points in expected.items()}
    assert deserved["right"] == 11 > deserved["strange"] > deserved["half"] > deserved["wrong"]
    assert totals(out) == {by_one[one]["student"]: points for one, points in deserved.items()}
    if system in ("canvas", "moodle", "sakai"):
        assert exported(system, out) == {NUMBERS[one]: points for one, points in deserved.items()}
    elif system == "gradescope":
        assert zipfile.is_zipfile(out / "gradescope.zip")


@pytest.mark.slow
def test_a_lab_with_networks_is_graded_in_isolation_question_by_question(tmp_path):
    (path,) = (path for path in NOTEBOOKS if path.stem[:2] == "07")
    answers, right = solutions(read(path)), "32 if bits is None"
    assert right in answers["lab2_e_answer"]
    wrong = answers | {"lab2_e_answer": answers["lab2_e_answer"].replace(right, "0 if bits is None")}
    for name, filled in {"Rita Right_1": answers, "William Wrong_2": wrong}.items():
        folder = tmp_path / "in" / f"{name}_assignsubmission_file"
        folder.mkdir(parents=True)
        nbformat.write(fill(student_version.student_version(read(path)), filled), folder / path.name)
    assert __main__.main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--jobs", "2"]) == 0
    results = json.loads((tmp_path / "out/grades.json").read_text("utf-8"))
    assert [one["isolation"] for one in results] == [sandbox.NAMESPACES] * 2 and not any(
        r["timed_out"] for r in results
    )
    full = [{name for name, one in result["questions"].items() if one["points"] == one["max"]} for result in results]
    assert full == [{"lab2_d", "lab2_e", "lab2_f"}, {"lab2_d", "lab2_f"}]
