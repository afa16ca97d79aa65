"""The student's bundle: what is in it, what is not, and that nothing else can be."""

import argparse
import hashlib
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from helpers.course_notebooks import (
    NOTEBOOKS,
    POINTS,
    RECORD,
    ROOT,
    code_cells,
    fill,
    is_answer,
    is_check,
    marks,
    read,
    reports,
    solutions,
    stand_in,
)
from nbclient import NotebookClient

from labutils import __main__, files, tasks
from labutils.grading.course import hidden_rows
from labutils.grading.release import bundle, leaks, student_version

STAND_IN = "notebooks/00_stand_in.ipynb"  # has the points of the notebooks that are not written yet
TABLES = ("cifar10-grid", "cifar10-sensitivity", "cifar10-knobs", "cifar10-seeds", "cifar10-repeats")
LAB_1 = [path for path in NOTEBOOKS if "01" <= path.stem[:2] <= "05"]
SOLUTION = "slope = problem.gradient(w)"  # a line of lab1_b_answer
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def checkout(root):
    """Copy to `root` what a release is made of, with a stand-in where the course is not complete; return `root`."""
    for name in ("notebooks", "labutils"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (root / "data").mkdir()
    for name in (*bundle.AS_THEY_ARE, "Makefile"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "checkpoints").symlink_to(ROOT / "checkpoints")
    if missing := bundle.POINTS - sum(POINTS.values()):
        nbformat.write(stand_in(missing), root / STAND_IN)
    return root


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the course, which `python -m labutils release` is made of."""
    monkeypatch.setattr(files, "REPOSITORY", checkout(tmp_path / "course"))
    return files.REPOSITORY


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The path of a zip that was released."""
    folder = tmp_path_factory.mktemp("released")
    return bundle.release(folder / "build/release", checkout(folder / "course"))


@pytest.fixture
def refused(course, tmp_path, capsys):
    """`refused("word", ...)`: the command fails with one line with these words in it, and writes nothing."""

    def check(*words):
        assert __main__.main(["release", str(tmp_path / "build/out")]) == 1
        error = capsys.readouterr().err
        assert error.startswith("labutils: ") and error.count("\n") == 1
        for word in ("expected", "found", *words):
            assert word in error, error
        assert not (tmp_path / "build").exists()

    return check


def change(course, name, edit):
    """Apply `edit(notebook)` to a notebook of the course."""
    notebook = read(course / name)
    edit(notebook)
    (course / name).write_text(json.dumps(notebook), encoding="utf-8")


# What students get


def test_what_is_in_the_bundle(released):
    names = {path.relative_to(released.parent).as_posix() for path in released.parent.rglob("*") if path.is_file()}
    assert f"{bundle.NAME}.zip" in names
    inside = {name.removeprefix(f"{bundle.NAME}/") for name in names - {f"{bundle.NAME}.zip"}}
    assert {Path(name).parts[0] for name in inside} == {
        *("LICENSE", "Makefile", "README.md", "environment.yml", "pyproject.toml", "AGENTS.md", "CLAUDE.md"),
        *(".devcontainer", ".jupyter", "checkpoints", "data", "labutils", "notebooks"),
    }
    assert {f"notebooks/{path.name}" for path in NOTEBOOKS} <= inside
    manifest = json.loads((ROOT / "checkpoints/manifest.json").read_text())
    assert {name for name in inside if name.startswith("checkpoints/")} == {
        "checkpoints/manifest.json",
        *(f"checkpoints/{name}" for name in manifest),
        *(f"checkpoints/{table}.json" for table in (*TABLES, "shapes10-grid", "shapes10-sensitivity")),
    }
    assert not [name for name in inside if re.search("grading|maintenance|test", name)]


def test_every_verb_that_students_are_told_to_use_is_theirs(released, monkeypatch):
    inside = released.parent / bundle.NAME
    pages = {path: path.read_text(encoding="utf-8") for path in inside.rglob("*") if path.suffix in (".ipynb", ".md")}
    told = {(verb, path.name) for path, text in pages.items() for verb in re.findall(r"-m labutils ([a-z-]+)", text)}
    monkeypatch.setattr(files, "PACKAGE", inside / "labutils")
    monkeypatch.setattr(files, "REPOSITORY", inside)
    theirs = __main__.verbs(argparse.ArgumentParser())
    assert {"hand-in", "doctor", "data"} <= {verb for verb, _ in told}
    assert [(verb, page) for verb, page in told if verb not in theirs] == []


@each
def test_a_student_version_is_the_notebook_without_its_solutions(path):
    solved, given = read(path), student_version.student_version(read(path))
    assert given.metadata == solved.metadata
    for before, after in zip(solved.cells, given.cells, strict=True):
        assert (after.id, after.cell_type) == (before.id, before.cell_type)
        assert after.get("outputs", []) == [] and after.get("execution_count") is None
        assert after.metadata.get("nbgrader") == before.metadata.get("nbgrader")
        locks = {key: value for key, value in after.metadata.items() if key in ("deletable", "editable")}
        if not marks(before).get("solution") and not is_check(before):
            assert after.source == before.source and locks == {}
            continue
        kept = re.sub(r"(?s) *(### |<!-- )BEGIN (SOLUTION|HIDDEN TESTS).*?END \2( -->)?\n?", "", before.source)
        stub = re.compile(
            r' *# YOUR CODE HERE\n *raise NotImplementedError\("exercise (?:\([a-g]\)|1\.\d).*: write `[\w.]+`"\)\n?'
        )
        if is_check(before):
            given = re.sub(r"^\(\n +(.+)\n\)$", r"\1", kept)  # no parentheses stay behind around one line
            assert (
                after.source == given and (kept != before.source) == marks(before).grade
            )  # tests are hidden for marks
            assert locks == {"deletable": False, "editable": False}
        elif before.cell_type == "code":
            assert stub.sub("", after.source).strip() == kept.strip() and stub.search(after.source)
            assert locks == {"deletable": False}
        else:
            assert after.source.replace(student_version.TEXT_STUB, "").split() == kept.split()
            assert locks == {"deletable": False}
    assert solved == read(path)  # and the argument is left alone


@each
def test_a_written_question_stays_when_its_answer_goes(path):
    for before, after in zip(read(path).cells, student_version.student_version(read(path)).cells):
        if before.cell_type == "markdown" and marks(before):
            assert re.match(r"\*\*.+[?.]\*\*.*\n\n", after.source), before.id
            assert after.source.count(student_version.TEXT_STUB) == before.source.count("BEGIN SOLUTION") > 0
            # A triple click on the line takes its end, too: what is typed must not run into the next question.
            written = after.source.replace(f"{student_version.TEXT_STUB}\n", "No.")
            assert written.count("No.") == written.count("No.\n\n**")


def test_a_stub_names_its_exercise():
    stubs = {
        marks(cell).grade_id: re.findall(r'NotImplementedError\("(.*)"\)', cell.source)
        for path in NOTEBOOKS
        for cell in filter(is_answer, student_version.student_version(read(path)).cells)
    }
    assert stubs["problem1_10_answer"] == ["exercise 1.10: write `prediction_10`"]
    assert stubs["lab1_a_answer"] == ["exercise (a): write `gradient`"]
    assert stubs["lab1_e_operator_answer"] == ["exercise (e), first half: write `soft_threshold`"]
    assert stubs["lab2_a_answer"] == [
        f"exercise (a): write `StraightThrough.{name}`" for name in ("forward", "backward")
    ]


@each
def test_the_student_version_scores_zero(path):
    found = reports(student_version.student_version(read(path)))
    assert set(found) == {marks(cell).grade_id for cell in filter(is_check, read(path).cells)}
    assert {name: report.points for name, report in found.items()} == dict.fromkeys(found, 0)
    assert {row["message"] for report in found.values() for row in report.rows} == {
        "not written yet: replace the raise line in the exercise by your code"
    }


@each
def test_with_the_right_answers_it_scores_all_that_it_shows(path):
    found = reports(fill(student_version.student_version(read(path)), solutions(read(path))))
    for cell in filter(is_check, read(path).cells):
        report = found[marks(cell).grade_id]
        name, hidden = marks(cell).grade_id, marks(cell).get("points", math.inf)
        claim = name.startswith("problem1_")  # whose prediction gives no points, right or wrong
        assert report.points == report.max == 0 if claim else 0 < report.points == report.max < hidden, name


@pytest.fixture
def run_all(released, monkeypatch):
    """Run a notebook in the students' folder, with the students' labutils; return it."""
    folder = released.parent / bundle.NAME
    monkeypatch.setenv("PYTHONPATH", str(folder))

    def run(notebook):
        resources = {"metadata": {"path": str(folder / "notebooks")}}
        return NotebookClient(notebook, timeout=300, resources=resources).execute()

    return run


def waiting(notebook):
    """Return {cell's id: what it waits for} of a notebook that was run, which must not hold any error."""
    found = {}
    for cell in code_cells(notebook):
        assert cell.execution_count is not None, f"{cell.id} was not reached"
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", cell.id
            if line := re.search(r"Waiting for (.*), then", output.get("text", "")):
                found[cell.id] = line[1]
    return found


@pytest.mark.parametrize("path", LAB_1, ids=lambda path: path.stem)
def test_run_all_reaches_the_end_and_cells_say_what_they_wait_for(path, released, run_all):
    notebook = run_all(read(released.parent / bundle.NAME / "notebooks" / path.name))
    found = waiting(notebook)
    assert len(found) > 5
    for cell in code_cells(notebook):
        if is_check(cell):
            assert cell.id not in found and cell.outputs[0].data[RECORD]["points"] == 0
        if is_answer(cell):
            assert cell.outputs == []
    if path.stem.startswith("01"):
        a, b = "exercise (a): write `gradient`", "exercise (b): write `gradient_step`"
        later = dict.fromkeys(("run", "plot-loss", "plot-weights", "zeros", "two-solutions", "pinv"), b)
        assert found == {"numeric": a} | later


def test_run_all_reaches_the_end_of_problem_1_and_no_verdict_is_told(released, run_all):
    notebook = run_all(read(released.parent / bundle.NAME / "notebooks/00_true_or_false.ipynb"))
    assert waiting(notebook) == {}
    texts = {cell.id: "".join(output.get("text", "") for output in cell.outputs) for cell in code_cells(notebook)}
    silent = [texts[f"verdict-{number}"].startswith("No verdict yet") for number in range(1, 11)]
    assert all(silent) and not any("verdict: " in text for text in texts.values())
    checks = [cell.outputs[0].data[RECORD]["points"] for cell in code_cells(notebook) if is_check(cell)]
    assert checks == [0] * 10


def test_with_the_right_answers_nothing_waits(released, run_all):
    given = read(released.parent / bundle.NAME / "notebooks" / LAB_1[0].name)
    notebook = run_all(fill(given, solutions(read(LAB_1[0]))))
    assert waiting(notebook) == {}
    records = [output.data[RECORD] for cell in filter(is_check, notebook.cells) for output in cell.outputs]
    assert [record["points"] for record in records] == [record["max"] for record in records] == [1.5, 3]


WRONG = {  # an answer that is wrong, and the last given cell that cannot run because of it
    "01_gradient_descent": ("lab1_a_answer", "return 2 * X @ residuals", "numeric"),
    "02_iterative_pruning": ("lab1_c_answer", "return pruned[:2]", "comparison"),
    "03_l1_regularization": ("lab1_d_answer", "retrun w", "comparison"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_does_not_stop_run_all(name, released, run_all):
    answer, line, last = WRONG[name]
    given = read(released.parent / bundle.NAME / f"notebooks/{name}.ipynb")
    right = solutions(read(ROOT / f"notebooks/{name}.ipynb"))
    right[answer] = re.sub(r"return .*", line, right[answer])
    notebook = run_all(fill(given, right))
    cells = {cell.id: cell for cell in code_cells(notebook)}
    assert all(cell.execution_count for cell in cells.values())
    assert not [
        id for id, cell in cells.items() if {"error"} & {o.output_type for o in cell.outputs} and "answer" not in id
    ]
    text = "".join(output.get("text", "") for output in cells[last].outputs)
    reason = "its cell stops with SyntaxError" if "retrun" in line else "its check does not pass yet"
    assert re.fullmatch(rf"Waiting for [^\n]*{reason}[^\n]*\n", text)


def test_the_lab_ends_with_where_its_points_come_from(released, run_all):
    sums = {}
    for path in NOTEBOOKS:
        solved, shown = read(path), {"checks": 0, "written": 0, "hidden": 0}
        for cell in solved.cells:
            points = marks(cell).get("points", 0)
            if not marks(cell).get("grade"):
                continue
            if marks(cell).solution:
                shown["written"] += points
                continue
            rows = cell.outputs[0].data[RECORD]["rows"]
            hidden = sum(row["max"] for row in rows[len(rows) - hidden_rows(cell.source) :])
            shown["hidden"] += hidden
            shown["checks"] += points - hidden
        (last,) = [cell.source for cell in solved.cells if cell.source.startswith("notebook.end(")]
        said = ", ".join(f"{name}={value:g}" for name, value in shown.items())
        assert last == f"notebook.end({said if any(shown.values()) else ''})", path.stem
        assert code_cells(solved)[-1].source == last
        sums = {name: sums.get(name, 0) + value for name, value in shown.items()}
        text = " + ".join(f"{value:g}" for value in shown.values()) + f" = {sum(shown.values()):g}"
        (row,) = [r for r in (ROOT / "notebooks/README.md").read_text().splitlines() if f"]({path.name})" in r]
        assert f"| {text if any(shown.values()) else 'none'} |" in row
    for page in ("notebooks/README.md", "labutils/grading/release/README-for-students.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for value in (sums["checks"], sums["written"], sums["hidden"], sum(sums.values())):
            assert re.search(rf"\b{value:g}\b", text), f"{page}: {value:g}"
    notebook = run_all(
        fill(read(released.parent / bundle.NAME / "notebooks" / LAB_1[0].name), solutions(read(LAB_1[0])))
    )
    expected = "4.5 of 4.5 points shown, 5 for written answers, 1.5 hidden: 11 in all."
    assert code_cells(notebook)[-1].outputs[0].text == expected + "\n"


def test_the_students_command_line_has_no_instructors_room(released):
    folder = released.parent / bundle.NAME
    command = [sys.executable, "-S", "-m", "labutils", "release"]  # -S: without the checkout that is installed here
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 2 and result.stdout == "" and "found 'release'; --help says" in result.stderr
    assert not re.search("pretrain|bench", result.stderr)
    help = subprocess.run([*command[:-1], "--help"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"(?m)^    ([a-z-]+)", help) == ["lab", "install", "data", "doctor", "hand-in", "report"]
    missing = "from labutils.networks import checkpoints; checkpoints.load('cifar10', (5, 5, 5))"
    text = subprocess.run([sys.executable, "-c", missing], cwd=folder, capture_output=True, text=True).stderr
    assert "take it from the bundle once more" in text and "train it" not in text  # it cannot be trained there


def test_the_students_readme_and_makefile(released, tmp_path):
    folder = shutil.copytree(released.parent / bundle.NAME, tmp_path / "unpacked")
    readme, makefile = (folder / "README.md").read_text(), (folder / "Makefile").read_text()
    verbs = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    assert verbs == {"lab", "hand-in", "clean"}
    assert set(re.findall(r"\bmake ([a-z-]+)", readme + makefile)) <= verbs | {"notebooks"}
    assert "{" not in readme
    assert sum(map(float, re.findall(r"\| ([\d.]+) \|\n", readme))) == bundle.POINTS
    for target in re.findall(r"\]\(([^)]*)\)", readme):
        assert (folder / target).exists()
    assert student_version.TEXT_STUB.strip("*.") in readme and student_version.CODE_STUB.splitlines()[0] in readme
    subprocess.run(["make", "--silent", "hand-in", f"PYTHON={sys.executable}"], cwd=folder, check=True)
    with zipfile.ZipFile(folder / "hand-in.zip") as archive:
        assert archive.namelist() == sorted(path.name for path in (folder / "notebooks").glob("*.ipynb"))


def test_what_make_lab_opens_is_there_and_all_links_lead_to_files(released):
    folder = released.parent / bundle.NAME
    pages = [tasks.LIST, tasks.LAB_1]
    assert all((folder / "notebooks" / page).is_file() for page in pages)
    assert (folder / ".jupyter/overrides.json").is_file()
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.md")}
    for path in folder.glob("notebooks/*.ipynb"):
        texts[path] = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for path, text in texts.items():
        for target in re.findall(r"\]\((?!https://|#)([^)#\s]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


# What they must not get


@pytest.mark.parametrize(
    "text", [SOLUTION, f"x = 1; {SOLUTION}", "The step:\n\n    slope=problem\n        .gradient( w )"]
)
def test_a_solution_in_a_given_cell(course, refused, text):
    change(course, "notebooks/03_l1_regularization.ipynb", lambda notebook: notebook.cells[1].update(source=text))
    refused("notebooks/03_l1_regularization.ipynb", "lab1_b_answer", SOLUTION)


def test_a_sentence_of_a_written_answer_in_a_given_cell(course, refused):
    sentence = "Nothing in L asks for zeros, so there is no reason why gradient descent should find any."
    text = f"# Title\n\nHint: {sentence}"
    change(course, "notebooks/04_proximal_gradient.ipynb", lambda notebook: notebook.cells[0].update(source=text))
    refused("notebooks/04_proximal_gradient.ipynb", "lab1_b_text")


def test_a_hidden_test_in_a_given_cell(course, refused):
    hidden = ".again(checks.lab1_a(gradient, seed=1), points=0.5, row=1)"
    change(course, "notebooks/01_gradient_descent.ipynb", lambda n: n.cells[-1].update(source=hidden))
    refused("notebooks/01_gradient_descent.ipynb", "lab1_a")


@pytest.mark.parametrize("where", [lambda n: n.metadata, lambda n: n.cells[0].metadata], ids=["notebook", "cell"])
def test_a_solution_in_metadata(course, refused, where):
    change(course, "notebooks/02_iterative_pruning.ipynb", lambda n: where(n).update(note={"draft": [SOLUTION]}))
    refused("notebooks/02_iterative_pruning.ipynb", "lab1_b_answer")


@pytest.mark.parametrize("name", ["labutils/show/tables.py", "labutils/checks/lab2.py", "data/README.md", "Makefile"])
def test_a_solution_in_another_file(course, refused, name):
    file = course / name
    file.write_text(f"# {SOLUTION}\n" + file.read_text())
    refused(f"{name}:", "lab1_b_answer")


def test_a_solution_in_a_network(course, refused):
    (course / "checkpoints").unlink()
    (course / "checkpoints").mkdir()
    data = b"\x00\xff\xfe" + SOLUTION.encode() + b"\x80"
    (course / "checkpoints/cifar10-float.pt").write_bytes(data)
    entry = {"sha256": hashlib.sha256(data).hexdigest(), "command": ""}
    (course / "checkpoints/manifest.json").write_text(json.dumps({"cifar10-float.pt": entry}))
    for name in (f"checkpoints/{table}.json" for table in TABLES):
        table = json.loads((ROOT / name).read_text()) | {"sha256": entry["sha256"]}
        (course / name).write_text(json.dumps(table))
    refused("checkpoints/cifar10-float.pt", "lab1_b_answer")


def test_a_solution_in_an_output(course, tmp_path):
    def show(notebook):
        notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text=f"    {SOLUTION}\n")]

    name = "notebooks/05_trimmed_l1.ipynb"
    change(course, name, show)
    files = bundle.bundle(course)  # outputs are taken out
    assert SOLUTION.encode() not in files[name]
    notebook = nbformat.reads(files[name].decode(), as_version=4)
    show(notebook)  # had they not been, it would be found
    secrets = leaks.secrets(read(course / "notebooks/01_gradient_descent.ipynb"))
    with pytest.raises(ValueError, match=f"^{name}: expected .* lab1_b_answer, found .*$"):
        leaks.search(files | {name: json.dumps(notebook).encode()}, secrets)


@pytest.mark.parametrize("name", ["notebooks/05_trimmed_l1.ipynb", "notebooks/README.md"])
def test_a_number_of_a_written_answer_in_the_text(course, refused, name):
    if name.endswith(".md"):
        path = course / name
        path.write_text(path.read_text() + "\nThe smallest is 0.03125.\n")
    else:
        change(course, name, lambda n: n.cells[0].update(source=n.cells[0].source + "\nThe smallest is 0.03125."))
    refused(name, "lab1_b_text", "0.03125")


def test_which_numbers_of_an_answer_are_secret():
    text = "In 2019, 200 of 2,000 steps of 0.02 end at 0.875, -0.748, 396 and 270,896, below $10^{-12}$ or 1.500,"
    text += " after 35 steps or at step 41, of the first 20 steps; 24 of 40 weights."
    assert leaks.quoted(text) == {"0.875", "0.748", "396", "270,896", "1.500", "35", "41"}
    written = [number for path in NOTEBOOKS for number in leaks.measured(read(path))]
    assert ("lab2_e_text", "2.5988") in written and ("lab1_b_text", "0.03125") in written


def test_every_long_line_and_sentence_of_an_answer_is_secret():
    secrets = [secret for path in NOTEBOOKS for secret in leaks.secrets(read(path))]
    found = {name for name, _ in secrets}
    for path in NOTEBOOKS:
        kept = [marks(cell) for cell in read(path).cells if marks(cell)]
        names = {entry.grade_id for entry in kept if entry.grade or entry.solution}  # lab 08's checks hide nothing
        predictions = {f"problem1_{number}_answer" for number in range(1, 11)}  # `return True` is too short to keep
        assert names - predictions <= found  # at least one phrase of each answer and of each hidden test
    assert ("lab1_g_proximal_answer", "0.5 leaves five non-zeros after 200 steps, 5 leaves a loss of 2.5") in secrets


@pytest.mark.parametrize("marker", ["BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"])
def test_a_marker_that_is_left_over(course, refused, marker):
    change(course, "notebooks/02_iterative_pruning.ipynb", lambda n: n.cells[1].update(source=f"### {marker}\n1"))
    refused("notebooks/02_iterative_pruning.ipynb", marker)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    ### BEGIN SOLUTION\n", ""),
        ("    ### END SOLUTION", "    pass"),
        ("    ### BEGIN SOLUTION\n", "    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n"),
        ("def ", "fed "),
    ],
)
def test_a_broken_region(course, refused, old, new):
    def spoil(notebook):
        (cell,) = [cell for cell in notebook.cells if cell.id == "answer-b"]
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    change(course, "notebooks/01_gradient_descent.ipynb", spoil)
    refused("notebooks/01_gradient_descent.ipynb, cell answer-b: ")


def test_ids_that_occur_twice(course, refused):
    change(course, "notebooks/03_l1_regularization.ipynb", lambda n: n.cells[3].update(id=n.cells[2].id))
    refused("notebooks/03_l1_regularization.ipynb", "'theory' twice")


def test_grade_ids_that_occur_twice(course, refused):
    def rename(notebook):
        for cell in notebook.cells:
            if marks(cell).get("grade_id") == "lab1_d":
                marks(cell).grade_id = "lab1_c"  # of another notebook

    change(course, "notebooks/03_l1_regularization.ipynb", rename)
    refused("'lab1_c' twice")


def test_points_that_do_not_add_up(course, refused):
    (course / "notebooks/05_trimmed_l1.ipynb").unlink()
    refused("110 points", f"found {110 - POINTS['05_trimmed_l1']} in")


def test_a_file_that_is_no_notebook(course, refused):
    (course / "notebooks/05_trimmed_l1.ipynb").write_text("{")
    refused("notebooks/05_trimmed_l1.ipynb")


def test_a_network_that_is_not_the_manifests(course, refused):
    (course / "checkpoints").unlink()
    shutil.copytree(ROOT / "checkpoints", course / "checkpoints")
    (course / "checkpoints/cifar10-4-4-2.pt").write_bytes(b"another")
    refused("checkpoints/cifar10-4-4-2.pt", "sha256")


@pytest.mark.parametrize("name", [f"{table}.json" for table in TABLES])
def test_a_table_of_another_network_and_none(course, refused, name):
    linked, table = course / "checkpoints", course / "checkpoints" / name
    files = {path.name: path.read_bytes() for path in linked.iterdir() if path.is_file()}
    linked.unlink()
    linked.mkdir()
    for file, data in files.items():
        (linked / file).write_bytes(data)
    table.write_text(json.dumps(json.loads(table.read_text()) | {"sha256": "0" * 64}))
    refused(name, "000000000000")
    table.unlink()
    refused(name, "no file")


def test_a_makefile_without_its_cut(course, refused):
    (course / "Makefile").write_text("lab:\n")
    refused("Makefile")


# How it is written


def test_the_zip_is_the_folder_and_always_the_same(released, tmp_path):
    mask = os.umask(0o077)
    try:
        again = bundle.release(tmp_path / "another/folder", checkout(tmp_path / "elsewhere"))
    finally:
        os.umask(mask)
    assert again.read_bytes() == released.read_bytes()
    with zipfile.ZipFile(io.BytesIO(again.read_bytes())) as archive:
        entries = archive.infolist()
        for entry in entries:
            assert archive.read(entry) == (again.parent / entry.filename).read_bytes()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert {(e.date_time, e.external_attr >> 16, e.compress_type) for e in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, zipfile.ZIP_STORED)
    }
    files = {path.relative_to(again.parent).as_posix() for path in again.parent.rglob("*") if path.is_file()}
    assert files == {*names, again.name}


def test_the_command_says_where_it_is_and_replaces_an_earlier_release(course, tmp_path, capsys):
    folder = tmp_path / "build/release"
    assert __main__.main(["release", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(str(folder / f"{bundle.NAME}.zip")) and printed.count("\n") == 1
    first = (folder / f"{bundle.NAME}.zip").read_bytes()
    (course / "LICENSE").write_text("another licence\n")
    assert __main__.main(["release", str(folder)]) == 0
    assert (folder / f"{bundle.NAME}.zip").read_bytes() != first
    assert (folder / bundle.NAME / "LICENSE").read_text() == "another licence\n"
    assert [path.name for path in folder.parent.iterdir()] == ["release"]  # and nothing is left behind


@pytest.mark.parametrize("spoil", ["foreign", "inside", "changed", "link", "broken zip", "file"])
def test_what_it_did_not_write_it_does_not_overwrite(released, tmp_path, spoil):
    folder = tmp_path / "release"
    if spoil == "file":
        folder.write_text("mine")
    else:
        shutil.copytree(released.parent, folder)
    if spoil == "foreign":
        (folder / "notes.txt").write_text("mine")
    elif spoil == "inside":
        (folder / bundle.NAME / "notebooks/mine.ipynb").write_text("mine")
    elif spoil == "changed":
        (folder / bundle.NAME / "README.md").write_text("mine")
    elif spoil == "link":
        (folder / bundle.NAME / "LICENSE").unlink()
        (folder / bundle.NAME / "LICENSE").symlink_to(ROOT / "LICENSE")
    elif spoil == "broken zip":
        shutil.rmtree(folder / bundle.NAME)
        (folder / f"{bundle.NAME}.zip").write_bytes(b"mine")
    before = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(ValueError, match="^[^\n]*expected .*found[^\n]*$"):
        bundle.release(folder, tmp_path)
    assert sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()) == before


def test_a_release_that_was_tried_where_it_lies_is_replaced(released, course, tmp_path):
    folder = shutil.copytree(released.parent, tmp_path / "build/release")
    cache = folder / bundle.NAME / "labutils/__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "files.cpython-311.pyc").write_bytes(b"compiled")
    bundle.release(folder, course)
    assert not cache.exists()


@pytest.mark.parametrize("step", ["write_bytes", "rename"])
def test_an_interrupted_release_leaves_the_earlier_one(released, course, tmp_path, monkeypatch, step):
    folder = shutil.copytree(released.parent, tmp_path / "build/release")
    (course / "LICENSE").write_text("another licence\n")
    original, calls = getattr(Path, step), []

    def interrupted(path, *arguments):
        calls.append(path)
        if len(calls) == 2:
            raise OSError("the disk is full")
        return original(path, *arguments)

    monkeypatch.setattr(Path, step, interrupted)
    with pytest.raises(OSError, match="the disk is full"):
        bundle.release(folder, course)
    monkeypatch.undo()
    assert (folder / f"{bundle.NAME}.zip").read_bytes() == released.read_bytes()
    assert [path.name for path in folder.parent.iterdir()] == ["release"]
