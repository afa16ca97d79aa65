"""The autograder as Gradescope and PrairieLearn run it: their folders, as root, without network, results on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from helpers import course_notebooks, course_systems

from labutils import files
from labutils.grading.release import autograder_zip, student_version

ONE, TWO = "01_gradient_descent", "02_iterative_pruning"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Gradescope's machines are Linux")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The zip."""
    return autograder_zip.release(tmp_path_factory.mktemp("made"), files.REPOSITORY)


@pytest.fixture
def base(made, tmp_path):
    """Folders as Gradescope's harness lays them, with this Python in place of the one that setup.sh installs."""
    base = tmp_path / "autograder"
    with zipfile.ZipFile(made) as archive:
        archive.extractall(base / "source")
    shutil.copy(base / "source/run_autograder", base / "run_autograder")
    (base / "run_autograder").chmod(0o755)
    for name in ("submission", "results", "venv/bin"):
        (base / name).mkdir(parents=True)
    (base / "venv/bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (base / "venv/bin/python").chmod(0o755)
    return base


def hand_in(base, stem, right=True, extra=""):
    """Write a student's notebook, solved or as it was released."""
    solved = course_notebooks.read(files.NOTEBOOKS / f"{stem}.ipynb")
    notebook = student_version.student_version(solved)
    if right:
        course_notebooks.fill(notebook, course_notebooks.solutions(solved))
    if extra:
        answers = [cell for cell in notebook.cells if course_notebooks.is_answer(cell)]
        answers[0].source += f"\n{extra}"
    nbformat.write(notebook, base / "submission" / f"{stem}.ipynb")


def start(base, **environment):
    """Start the harness' command, where this user may without network; return the process."""
    apart = ["unshare", "--net"] if os.geteuid() == 0 else []
    environment = {"PATH": os.environ["PATH"], "HOME": "/root", "AUTOGRADER": str(base), **environment}
    return subprocess.Popen([*apart, base / "run_autograder"], cwd=base, env=environment, stderr=subprocess.PIPE)


def run(base, **environment):
    process = start(base, **environment)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error.decode()
    return read(base)


def read(base):
    return json.loads((base / "results/results.json").read_text(encoding="utf-8"))


def points(found, words):
    return sum(test["score"] for test in found["tests"] if words in test["name"])


def test_it_is_a_zip_of_files_that_a_shell_understands(made, base):
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        assert {"setup.sh", "run_autograder", f"notebooks/{ONE}.ipynb"} <= set(names)
        assert [name for name in names if archive.getinfo(name).external_attr >> 16 & 0o111] == [
            "run_autograder",
            "setup.sh",
        ]
    assert not [name for name in names if "maintenance" in name or "__pycache__" in name or name.startswith("data/")]
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", base / "source" / script], check=True)


def test_a_submission_gets_a_test_for_each_row(base):
    hand_in(base, ONE)
    hand_in(base, TWO, right=False)
    found = run(base)
    assert course_systems.gradescope_results(found) == 6 == points(found, "Lab 1 (a), (b)")
    assert points(found, "Lab 1 (c)") == 0
    hidden = [test for test in found["tests"] if "hidden test" in test["name"]]
    assert hidden and {test["visibility"] for test in hidden} == {"after_published"}
    assert {test["output"] for test in hidden} == {""}
    assert {test["visibility"] for test in found["tests"] if test not in hidden} == {"visible"}
    assert found["stdout_visibility"] == "hidden" and found["execution_time"] < 120
    waiting = [test for test in found["tests"] if "Lab 1 (c)" in test["name"] and test["visibility"] == "visible"]
    assert "not written yet" in waiting[0]["output"].lower()
    absent = [test for test in found["tests"] if "Lab 1 (d)" in test["name"]]
    assert "this notebook was not handed in" in absent[0]["output"]
    assert sum(test["max_score"] for test in found["tests"]) == 54


def test_nothing_and_nonsense_get_results_too(base):
    found = run(base)
    assert course_systems.gradescope_results(found) == 0 and "expected notebooks such as" in found["output"]
    (base / "submission" / f"{ONE}.ipynb").write_text("{")
    found = run(base)
    assert course_systems.gradescope_results(found) == 0
    assert any("no sound JSON" in test["output"] for test in found["tests"])


def test_what_was_graded_before_the_time_was_over_stays(base):
    hand_in(base, ONE)
    hand_in(base, TWO, extra="import time\nwhile True: time.sleep(1)")
    begun = time.monotonic()
    found = run(base, AUTOGRADER_SECONDS="45")  # 30 of which are slack
    assert time.monotonic() - begun < 45
    assert points(found, "Lab 1 (a), (b)") == 6 == course_systems.gradescope_results(found)
    assert any("time was over" in test["output"] or "longer than" in test["output"] for test in found["tests"])


def test_results_are_there_after_each_question_whoever_ends_it(base):
    hand_in(base, ONE)
    hand_in(base, TWO, extra="import time\nwhile True: time.sleep(1)")
    process = start(base)
    ends = time.monotonic() + 60
    while time.monotonic() < ends and not ((base / "results/results.json").exists() and read(base)["score"] == 6):
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    found = read(base)
    assert course_systems.gradescope_results(found) == 6
    assert any("the time was over" in test["output"] for test in found["tests"])


PEEK = """
def peek():
    import pathlib
    found = []
    for path in {paths!r}:
        try:
            found.append(pathlib.Path(path).read_text()[:10])
        except OSError:
            pass
        try:
            pathlib.Path(path).write_text("mine")
            found.append(path)
        except OSError:
            pass
    raise ValueError(f"saw {{found}}")
peek()
"""


def as_in_a_container(folder):
    """Return the words in front of a command with which it may make no namespaces, and this Python is for everybody."""
    words = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", "--"]
    closed = [path for path in Path(sys.base_prefix).parents if not path.stat().st_mode & 1]
    if not closed:
        return words
    inside = Path(sys.base_prefix).relative_to(closed[-1])
    (folder / "python").mkdir()
    script = f"""set -e; mount --bind {sys.base_prefix} {folder}/python; mount -t tmpfs -o mode=755 tmpfs {closed[-1]}
        mkdir -p {closed[-1]}/{inside}; mount --bind {folder}/python {closed[-1]}/{inside}; exec "$@" """
    return ["unshare", "--mount", "sh", "-c", script, "sh", *words]


@pytest.mark.skipif(os.geteuid() != 0, reason="the harness runs as root")
@pytest.mark.parametrize("namespaces", [True, False])
def test_students_code_sees_no_solutions_and_writes_no_results(base, namespaces):
    paths = [str(base / "source/notebooks" / f"{ONE}.ipynb"), str(base / "results/results.json")]
    hand_in(base, ONE, extra=PEEK.format(paths=paths))
    base.parent.chmod(0o755)
    process = subprocess.run(
        [*([] if namespaces else as_in_a_container(base.parent)), base / "run_autograder"],
        cwd=base,
        env={"PATH": os.environ["PATH"], "HOME": "/root", "AUTOGRADER": str(base)},
        capture_output=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr.decode()
    said = process.stdout.decode()
    assert said.startswith("namespaces" if namespaces else "limits only") and "saw []" in said
    assert course_systems.gradescope_results(read(base)) <= 6


def test_prairielearn_gets_the_same_points(base):
    hand_in(base, ONE)
    grade = base.parent / "grade"
    shutil.copytree(base / "submission", grade / "student")
    command = [sys.executable, "-m", "labutils.grading.autograder", "prairielearn", "--base", str(grade)]
    environment = os.environ | {"PYTHONPATH": str(base / "source")}
    subprocess.run(command, cwd=base, env=environment, check=True, timeout=120)
    raw = (grade / "results/results.json").read_bytes()
    assert course_systems.prairielearn_results(raw) == pytest.approx(6 / 54, abs=1e-6)
    found = run(base)
    ours = [(test["name"], test["points"], test["max_points"]) for test in json.loads(raw)["tests"]]
    assert ours == [(test["name"], test["score"], test["max_score"]) for test in found["tests"]]
