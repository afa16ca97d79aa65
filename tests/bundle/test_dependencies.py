"""What each room imports is declared where whoever uses the room installs it, and a smaller install does its work."""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib

import pytest
from helpers import handing_in
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from labutils import files

PROJECT = tomllib.loads((files.REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {"": PROJECT["dependencies"]} | PROJECT["optional-dependencies"]
INSTALLED_FOR = {
    "report.py": ["", "report"],
    "grading": ["", "grade", "dask"],
    "maintenance": ["", "grade", "maintain"],
}  # other rooms: the base
TOOLS = {"jupyterlab", "nbval", "jinja2", "ruff", "nbgrader", "pytest-xdist", "playwright", "nbclient"}
NAMES = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "sklearn": "scikit-learn",
    "IPython": "ipython",
    "yaml": "pyyaml",
    "jupyter_client": "jupyter-client",
}
PACKAGE = files.REPOSITORY / "labutils"
FILES = sorted(PACKAGE.rglob("*.py"))


def declared(*extras):
    return {canonicalize_name(Requirement(line).name) for extra in extras for line in EXTRAS[extra]}


def imported(file):
    """Return the distributions that a file imports, the standard library and labutils left out."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
    tops = {name.split(".")[0] for name in found} - sys.stdlib_module_names - {"labutils", "exchange"}
    return {NAMES.get(name, name) for name in tops}


def room(file):
    return file.relative_to(PACKAGE).parts[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_what_a_file_imports_is_declared_for_its_room(file):
    assert imported(file) <= declared(*INSTALLED_FOR.get(room(file), [""]))


def test_nothing_is_declared_that_nobody_imports():
    used = set().union(*map(imported, FILES), *map(imported, (files.REPOSITORY / "tests").rglob("*.py")))
    assert declared(*EXTRAS) - used <= TOOLS


def test_nobody_is_told_to_install_a_package_of_this_name_from_the_index():
    texts = [*PACKAGE.rglob("*.py"), *files.REPOSITORY.rglob("README*.md"), files.REPOSITORY / "Makefile"]
    for file in texts:
        if ".venv" not in file.parts and "build" not in file.parts:
            assert not re.search(r"install\W+labutils\b", file.read_text(encoding="utf-8")), file


def closure(*extras):
    """Return the distributions that an install with these extras brings, as their own metadata says."""
    waiting, found = [(name, "") for name in declared(*extras)], {"pip", "setuptools", "labutils"}
    while waiting:
        name, extra = waiting.pop()
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # for another system
            continue
        found.add(name)
        for requirement in map(Requirement, lines):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                waiting += [(needed, extra) for extra in ("", *requirement.extras) if needed not in found]
    return found


# Hides every distribution that such an install would not bring, then runs the code.
WITHOUT = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
{code}
"""


def run_with(extras, code, folder):
    brought = closure(*extras)
    hidden = {
        top
        for top, owners in importlib.metadata.packages_distributions().items()
        if not any(canonicalize_name(owner) in brought for owner in owners)
    }
    assert {"hypothesis", "sklearn", "distributed"} <= hidden and not {"torch", "numpy", "IPython"} & hidden
    command = [sys.executable, "-c", WITHOUT.format(hidden=hidden, code=code)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_with_the_base_alone_labs_and_doctor_run(tmp_path):
    cells = json.loads((files.NOTEBOOKS / "01_gradient_descent.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    code = f"import matplotlib; matplotlib.use('Agg')\nnames = {{}}\nfor source in {sources!r}: exec(source, names)\n"
    code += "from labutils import __main__\nfrom labutils.networks import checkpoints\n"
    code += "assert checkpoints.load('shapes10').bits\nsys.exit(__main__.main(['doctor']))"
    result = run_with([""], code, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_with_the_extra_for_grading_one_can_release_and_grade(tmp_path):
    handing_in.write_course(tmp_path / "notebooks")
    handing_in.hand_in(tmp_path / "in" / "anna")
    code = "from pathlib import Path\nfrom labutils.grading import course\n"
    code += f"course.NOTEBOOKS = Path({str(tmp_path / 'notebooks')!r})\n"
    code += "from labutils.grading.release import bundle\nfrom labutils.grading.running import class_run\n"
    code += "from labutils import __main__\nsys.exit(__main__.main(['grade', '--stored', 'in', '--out', 'out']))"
    result = run_with(["", "grade"], code, tmp_path)
    assert result.returncode == 0 and (tmp_path / "out/grades.csv").exists(), result.stderr
