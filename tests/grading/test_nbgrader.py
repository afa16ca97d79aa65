"""nbgrader, with the README's configuration, makes the same student version and gives the same points."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from helpers.course_notebooks import NOTEBOOKS, ROOT, fill, marks, read, reports, solutions, stand_in
from nbgrader.api import Gradebook

from labutils.grading.course import unwrapped
from labutils.grading.release import student_version

STUB = re.compile(r'NotImplementedError\(("[^"]*")?\)')
GRADED = [path for path in NOTEBOOKS if path.stem[:2] in ("01", "02")]
WRONG = {  # two of the five answers
    "lab1_b_answer": "def gradient_step(w, problem, rate):\n    return w + rate * problem.gradient(w)",
    "lab1_g_pruning_answer": "def exact_supports(problem, size):\n    return 1",
}


def config():
    """Return the nbgrader_config.py of the README."""
    return re.search(
        r"(?s)```python\n(.*?get_config.*?)```", (ROOT / "labutils/grading/README.md").read_text("utf-8")
    ).group(1)


def course(folder, notebooks):
    """Make a folder as the README describes it; return a function that runs nbgrader in it."""
    (folder / "notebooks").mkdir()
    (folder / "nbgrader_config.py").write_text(config(), encoding="utf-8")
    for name, notebook in notebooks.items():
        nbformat.write(notebook, folder / f"notebooks/{name}.ipynb")
    own = {name: str(folder / "home") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    own |= {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def nbgrader(*words):
        command = [sys.executable, "-m", "nbgrader", *words]
        result = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, timeout=600)
        assert result.returncode == 0, result.stderr
        return result.stderr

    return nbgrader


def needed(cell):
    """Return whether the checks need a cell: experiments, figures and widgets take time and give no points."""
    return bool(marks(cell)) or cell.cell_type == "markdown" or cell.id in ("setup", "look")


def shortened(path):
    """Return a solved notebook without its experiments."""
    notebook = read(path)
    notebook.cells = list(filter(needed, notebook.cells))
    return notebook


def test_the_configuration_invites_to_write_as_the_release_does():
    assert f'"{student_version.TEXT_STUB}"' in config()


def test_generate_assignment_gives_the_same_cells(tmp_path):
    solved = {path.stem: read(path) for path in NOTEBOOKS} | {"stand_in": stand_in(1)}
    course(tmp_path, solved)("generate_assignment", "notebooks")
    for name, notebook in solved.items():
        ours, theirs = (
            student_version.student_version(notebook),
            read(tmp_path / f"build/nbgrader/release/notebooks/{name}.ipynb"),
        )
        for own, other in zip(ours.cells, theirs.cells, strict=True):
            assert (other.id, other.cell_type) == (own.id, own.cell_type)
            assert STUB.sub("stub", unwrapped(other.source)) == STUB.sub("stub", own.source), own.id
            assert other.get("outputs") == own.get("outputs")
            assert other.get("execution_count") == own.get("execution_count")
            for metadata in (own.metadata, other.metadata):
                for added in ("checksum", "cell_type"):
                    metadata.get("nbgrader", {}).pop(added, None)
            assert other.metadata == own.metadata, own.id


def with_hidden_tests(path):
    """Return the grade_ids of the checks of a notebook that have hidden tests."""
    return [marks(cell).grade_id for cell in read(path).cells if "BEGIN HIDDEN TESTS" in cell.source]


@pytest.fixture(scope="module")
def submissions():
    """{student: {name: notebook}} as the release gives them out and students hand them in."""
    handed_in = {"nothing": {}, "half": {}, "all": {}}
    for path in GRADED:
        right = solutions(read(path))
        for name, answers in (("nothing", {}), ("half", right | WRONG), ("all", right)):
            handed_in[name][path.stem] = fill(student_version.student_version(shortened(path)), answers)
    return handed_in


def ours(submission):
    """Return {grade_id: points} by the course's own checks, the hidden ones included, put back by grade_id."""
    found = {}
    for path in GRADED:
        checks = {marks(cell).grade_id: cell.source for cell in read(path).cells if marks(cell).get("locked")}
        notebook = fill(nbformat.from_dict(submission[path.stem]), checks)
        found |= {name: report.points for name, report in reports(notebook, needed).items()}
    return found


def test_autograde_gives_the_same_points(tmp_path, submissions):
    nbgrader = course(tmp_path, {path.stem: shortened(path) for path in GRADED})
    nbgrader("generate_assignment", "notebooks")
    for name, notebooks in submissions.items():
        folder = tmp_path / "build/nbgrader/submitted" / name / "notebooks"
        folder.mkdir(parents=True)
        for stem, notebook in notebooks.items():
            nbformat.write(notebook, folder / f"{stem}.ipynb")
    said = nbgrader("autograde", "notebooks")
    warned = re.findall(r"Attribute '(\w+)' for cell (\w+) has changed", said)
    hidden = {name for path in GRADED for name in with_hidden_tests(path)}
    assert {attribute for attribute, _ in warned} == {"checksum"} and {name for _, name in warned} == hidden
    assert "does not exist in the database" not in said  # the README explains the one warning, and there is no other
    nbgrader("generate_feedback", "notebooks")
    pages = list((tmp_path / "build/nbgrader/feedback").rglob("*.html"))
    assert len(pages) == len(GRADED) * len(submissions)
    for page in pages:
        assert "HIDDEN TESTS" not in page.read_text("utf-8") and "<caption>" not in page.read_text("utf-8")
    with Gradebook(f"sqlite:///{tmp_path / 'build/nbgrader/gradebook.db'}") as gradebook:
        theirs = {
            name: {
                grade.cell.name: grade.auto_score
                for notebook in gradebook.find_submission("notebooks", name).notebooks
                for grade in notebook.grades
                if grade.cell.cell_type == "code"
            }
            for name in submissions
        }
    assert theirs == {name: ours(submission) for name, submission in submissions.items()}
    assert {name: sum(points.values()) for name, points in theirs.items()} == {"nothing": 0, "half": 6.25, "all": 11}
