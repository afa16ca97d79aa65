"""The house: which room stands on which floor, that every import runs down, and that each module says what it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import labutils

PACKAGE = Path(labutils.__file__).parent
# From the ground up: a room imports only what stands before it. Files right in labutils/ are rooms of their own.
ROOMS = ["files", "command_line", "linear", "datasets", "networks", "few_bits", "results", "checks", "show"]
# Seen by no lab; of them only __main__ may import the others.
UNSEEN = ["install", "colab", "doctor", "tasks", "hand_in", "report", "grading", "maintenance", "__main__"]
# Inside the instructor's room, along a submission's way: each part imports only those before it.
GRADING = [
    "intake",
    "borrowed",
    "course",
    "reading",
    "release",
    "stored_flags",
    "stored",
    "running",
    "gradebook",
    "autograder",
    "verbs",
]
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
every_file = pytest.mark.parametrize("file", TREES)


def imported(file):
    """Return the dotted names below labutils that a file imports, wherever in it: at the top or inside a function."""
    package = ["labutils", *Path(file).parts[:-1]]
    found = set()
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")] if node.module else base
            names = [".".join([*base, alias.name]) for alias in node.names]
        else:
            continue
        found |= {name.removeprefix("labutils.") for name in names if name.startswith("labutils.")}
    return found


def rooms(file):
    """Return the rooms that a file imports from, its own among them."""
    return {name.split(".")[0] for name in imported(file)} & {*ROOMS, *UNSEEN}


def room(file):
    """Return the room of a file: linear of "linear/descent.py", files of "files.py"."""
    return Path(file).parts[0].removesuffix(".py")


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.mark.parametrize("module", ["descent", "admm", "penalties", "proximal", "regression"])
def test_lab_1_never_waits_for_torch_or_matplotlib(module):
    loaded = "[m for m in ('torch', 'torchvision', 'matplotlib') if m in sys.modules]"
    result = run(f"import sys, labutils.linear.{module}; print({loaded})")
    assert result.stdout.strip() == "[]"
    assert result.stderr == ""


def test_what_lab_1_shows_and_checks_itself_with_never_imports_torch():
    code = (
        "import sys; from labutils import checks; from labutils.linear import THREE_POINTS, descent\n"
        "from labutils.show import plotting, tables, widgets\n"
        "checks.lab1_a, checks.lab1_f, checks.problem1_1, widgets.learning_rate\n"
        "print({m.split('.')[1] for m in sys.modules if m.startswith('labutils.')}, 'torch' in sys.modules)"
    )
    found, _, torch = run(code).stdout.strip().rpartition(" ")
    assert torch == "False"
    assert ast.literal_eval(found) <= {"linear", "show", "checks"}


def test_every_module_has_its_room():
    assert {room(file) for file in TREES} - {"__init__"} == {*ROOMS, *UNSEEN}


@every_file
def test_every_import_runs_down(file):
    if file == "__init__.py":
        assert rooms(file) == set()
    elif room(file) in ROOMS:
        assert rooms(file) <= set(ROOMS[: ROOMS.index(room(file)) + 1])
    elif room(file) != "__main__":
        assert "__main__" not in rooms(file)
        assert rooms(file) & {"grading", "maintenance"} <= {room(file), *(["grading"] * (room(file) == "maintenance"))}


@pytest.mark.parametrize("file", [file for file in TREES if room(file) == "grading" and file != "grading/__init__.py"])
def test_inside_grading_every_import_follows_a_submissions_way(file):
    own = Path(file).parts[1].removesuffix(".py")
    found = {name.split(".")[1] for name in imported(file) if name.startswith("grading.")}
    assert found <= set(GRADING[: GRADING.index(own) + 1])


@every_file
def test_a_file_and_its_functions_can_be_held_in_mind(file):
    assert len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) <= 250
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.FunctionDef) and node.name != "declare":  # of the command line
            assert node.end_lineno - node.lineno < 40, f"{node.name} is long"
            assert len(node.args.args) + len(node.args.kwonlyargs) <= 8, f"{node.name} has many arguments"


def test_the_imports_are_seen_at_all():
    assert rooms("few_bits/recipes.py") >= {"networks", "few_bits"}
    assert rooms("checks/lab1.py") >= {"linear", "checks"}
    assert any(name.startswith("grading.intake") for name in imported("grading/stored.py"))


@every_file
def test_every_module_and_public_name_says_what_it_is(file):
    tree = TREES[file]
    assert ast.get_docstring(tree), f"{file} has no docstring"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            docstring = ast.get_docstring(node)
            assert docstring, f"{file}: {node.name} has no docstring"
            first = docstring.splitlines()[0]
            assert re.search(r"[.:]$", first), f"{file}: {node.name}'s first line is no whole sentence: {first}"
            assert not re.search(r"[a-z)][.?!] [A-Z]", first), f"{file}: {node.name}'s first line is two: {first}"
            blank = docstring.splitlines()[1:2]
            assert blank in ([], [""]), f"{file}: {node.name}'s first line goes on in the second"
