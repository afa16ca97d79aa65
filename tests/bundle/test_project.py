"""The files around the package: conda's and pip's lists of dependencies say the same, the suite's order names files."""

import re
import tomllib

import yaml
from helpers.order import LONGEST

from labutils import files

ROOT = files.REPOSITORY
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PYTHON = next(entry for entry in ENVIRONMENT["dependencies"] if str(entry).startswith("python="))
CONDA_NAMES = {"pytorch": "torch", "jupyter_client": "jupyter-client"}  # conda-forge's name to PyPI's
NEEDED = {"numpy", "torch", "torchvision", "matplotlib", "jupyterlab", "nbval", "ipywidgets", "tqdm"}
BROUGHT_ALONG = {
    "beautifulsoup4",
    "filelock",
    "ipython",
    "jinja2",
    "jupyter-client",
    "nbconvert",
    "nbformat",
    "packaging",
    "pillow",
}  # by those, and imported by labutils too


def split(requirement):
    """Return "numpy>=1.26" as ("numpy", "1.26"); nothing but a lower bound is allowed."""
    found = re.fullmatch(r"([a-z0-9_-]+)>=([0-9.]+)", requirement)
    assert found, f"expected name>=version, found {requirement!r}"
    return found.groups()


def conda():
    """Return conda's requirements by PyPI's names, without pip itself, and what the pip section asks for."""
    plain = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str) and entry not in ("pip", PYTHON)]
    sections = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
    bounds = dict(map(split, plain))
    return {CONDA_NAMES.get(name, name): bound for name, bound in bounds.items()}, sections


def test_conda_and_pip_name_the_same_dependencies_with_the_same_bounds():
    pip = dict(map(split, PYPROJECT["project"]["dependencies"]))
    bounds, _ = conda()
    assert bounds == pip
    assert set(pip) == NEEDED | BROUGHT_ALONG


def test_binder_gets_a_python_that_pip_would_take():
    lowest = PYPROJECT["project"]["requires-python"].removeprefix(">=")
    found = re.fullmatch(r"python=(\d+\.\d+)", PYTHON)  # the one form that repo2docker reads
    assert found and tuple(map(int, found[1].split("."))) >= tuple(map(int, lowest.split(".")))


def test_conda_installs_the_package_itself_from_conda_forge():
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert "pip" in ENVIRONMENT["dependencies"]
    assert conda()[1] == [["-e ."]]


def test_nbval_is_strict_for_everybody():
    options = PYPROJECT["tool"]["pytest"]["ini_options"]
    for option in ("--nbval", "--nbval-current-env", "--nbval-cell-timeout=300", "--color=no"):
        assert option in options["addopts"].split()
    assert options["testpaths"] == ["notebooks", "tests"]


def test_the_longest_files_are_there():
    folders = PYPROJECT["tool"]["pytest"]["ini_options"]["testpaths"]
    assert set(LONGEST) <= {file.name for folder in folders for file in (ROOT / folder).rglob("*")}
