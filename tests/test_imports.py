"""What the modules of labutils import, in which order they stand, and that each says what it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import labutils

PACKAGE = Path(labutils.__file__).parent
# No module imports one that stands below it.
LAB_1 = ["regression", "proximal", "descent", "penalties", "admm"]
LAB_2 = [
    "hardware",
    "files",
    "quantize",
    "ranges",
    "resnet",
    "shapes10",
    "data",
    "mirrors",
    "copies",
    "fetch",
    "augmentation",
    "pruning",
    "training",
    "calibration",
    "checkpoints",
    "measured",
    "grid",
    "allocation",
    "sensitivity",
    "coding",
    "few_bits",
    "knobs",
    "doctor",
]
SHOWN = ["style", "plotting", "tables", "widgets", "figure"]
ORDER = [*LAB_1, *LAB_2, *SHOWN, "checks", "grading", "bench", "site", "__main__"]
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
every_file = pytest.mark.parametrize("file", TREES)


def role(file):
    """Return the name in ORDER that a file belongs to: "data.py" to data, "checks/lab1.py" to checks."""
    return Path(file).parts[0].removesuffix(".py")


def imported_roles(file):
    """Return the names in ORDER that a file imports, wherever in it: at the top or inside a function."""
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
        found |= {name.split(".")[1] for name in names if name.startswith("labutils.")}
    return found & set(ORDER)


@pytest.mark.parametrize("module", ["labutils", *(f"labutils.{name}" for name in LAB_1)])
def test_lab_1_never_waits_for_torch_or_matplotlib(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'torchvision', 'matplotlib') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
    assert result.stderr == ""


def test_what_lab_1_shows_and_checks_itself_with_never_imports_torch():
    code = "import sys; from labutils import checks, plotting, tables, widgets; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_every_module_has_its_place():
    assert {role(file) for file in TREES} - {"__init__"} == set(ORDER)


@every_file
def test_no_module_imports_one_that_stands_below_it(file):
    if file == "__init__.py":
        assert imported_roles(file) == set()
        return
    place = ORDER.index(role(file))
    below = {name for name in imported_roles(file) if ORDER.index(name) > place}
    assert not below


def test_the_order_is_seen_at_all():
    assert imported_roles("descent.py") == {"proximal", "regression"}
    assert imported_roles("checks/lab1.py") >= {"descent", "regression"}


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
