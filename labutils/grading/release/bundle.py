"""Makes what students get, a folder and a zip of it: `python -m labutils release`.

The zip's bytes depend on nothing but the course: files in order, fixed times and permissions, and no compression, which
differs between versions of zlib. Where anything is wrong, nothing is written.
"""

import json
import shutil
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import nbformat

from ... import hand_in
from ...networks import checkpoints as networks
from ...results import ablation, grid, repeats, seeds, sensitivity
from . import cloud, leaks
from .archive import pack
from .student_version import marks, student_version

NAME = "compression-labs"  # of the folder that students unpack
POINTS = 110
# What `make lab` opens is among them: the list of labs, and the setting by which JupyterLab shows it as a page.
AS_THEY_ARE = ("LICENSE", "environment.yml", "pyproject.toml", "data/README.md", "data/.gitignore")
AS_THEY_ARE += (
    "notebooks/README.md",
    "notebooks/homework.md",
    ".jupyter/overrides.json",
    ".jupyter/custom/custom.css",
    ".devcontainer/devcontainer.json",
)
AGENTS = b"@AGENTS.md\n\nWhat AI tools may and may not do in this folder stands in AGENTS.md: read it first.\n"
CUT = "# The rest is for instructors and maintainers, and no part of the student's bundle.\n"


def twice(values):
    """Return the first value that occurs more than once, or None."""
    return next((value for value, count in Counter(values).items() if count > 1), None)


def read_course(root):
    """Return {path in the bundle: solved notebook}, first to last.

    Raises: ValueError where a cell's id or a grade_id is there twice, or the points don't add up.
    """
    notebooks = {}
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        name, text = f"notebooks/{path.name}", path.read_text(encoding="utf-8")
        try:
            ids = [cell.get("id") for cell in json.loads(text)["cells"]]
        except (ValueError, KeyError) as error:
            raise ValueError(f"{name}: expected a notebook, found {type(error).__name__}: {error}") from None
        if None in ids or len(set(ids)) < len(ids):  # nbformat would mend both, at random
            found = "a cell without" if None in ids else f"{twice(ids)!r} twice"
            raise ValueError(f"{name}: expected an id of its own for each cell, found {found}")
        notebooks[name] = nbformat.reads(text, as_version=4)
    graded = [marks(cell) for notebook in notebooks.values() for cell in notebook.cells if marks(cell)]
    if (again := twice(mark["grade_id"] for mark in graded)) is not None:
        raise ValueError(f"notebooks: expected every grade_id once, found {again!r} twice")
    points = sum(mark.get("points", 0) for mark in graded)
    if points != POINTS:
        raise ValueError(f"notebooks: expected {POINTS} points in all, found {points:g} in {len(notebooks)} notebooks")
    return notebooks


def checkpoints(root):
    """Return {path: bytes} of the manifest, its networks, and the tables that were measured on the float ones.

    Raises: ValueError or OSError where a network is not the manifest's, or a table is missing or of another network.
    """
    folder, names = root / "checkpoints", [networks.MANIFEST]
    tables = [(table, "cifar10") for table in (ablation.TABLE, seeds.TABLE, repeats.TABLE)]
    for name, bits, recipe in map(networks.parse, networks.manifest(folder)):
        networks.check(name, bits, recipe, folder)
        names.append(networks.file_name(name, bits, recipe))
        if bits is None and recipe is None:
            tables += [(grid.TABLE, name), (sensitivity.TABLE, name)]
    for table, name in tables:
        table.load(name, folder)
        names.append(table.path(name).name)
    return {f"checkpoints/{name}": (folder / name).read_bytes() for name in names}


def digests(notebooks):
    """Return what `hand_in` compares with: {lab: {grade_id: digest of the cell as students get it}}.

    Parameters: notebooks, {path in the bundle: student version}.
    """
    return {
        Path(name).stem: {grade_id: hand_in.digest(cell.source) for grade_id, _, cell in hand_in.marked(notebook.cells)}
        for name, notebook in notebooks.items()
    }


def contents(notebooks):
    """Return the README's table: a line for each notebook, with its title and its points."""
    lines = ["| notebook | points |", "|---|---|"]
    for name, notebook in notebooks.items():
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        points = sum(marks(cell).get("points", 0) for cell in notebook.cells)
        lines.append(f"| [{Path(name).stem[:2]}]({name}) {title} | {points:g} |")
    return "\n".join(lines)


def bundle(root, repository=None, agents=True):
    """Return {path: bytes} of all files that students get.

    Parameters: root, the checkout that it is made of; repository, OWNER/NAME on GitHub, to which links for a browser
        lead; agents, whether AI tools are told how to help.
    Raises: ValueError, in one line that names the file, where anything is not as it must be or a solution survives.
    """
    notebooks = read_course(root)
    files = {name: (root / name).read_bytes() for name in AS_THEY_ARE} | checkpoints(root)
    for path in root.glob("labutils/**/*.py"):
        name = path.relative_to(root).as_posix()
        if not name.startswith(("labutils/grading/", "labutils/maintenance/")):
            files[name] = path.read_bytes()
    versions = {}
    for name, notebook in notebooks.items():
        try:
            versions[name] = student_version(notebook)
            if repository:
                cloud.add_colab_cell(versions[name], repository)
        except ValueError as error:
            raise ValueError(f"{name}, {error}") from None
        files[name] = (nbformat.writes(versions[name]).rstrip("\n") + "\n").encode()
    files[hand_in.GIVEN] = (json.dumps(digests(versions), indent=1) + "\n").encode()
    template = Path(__file__).with_name("README-for-students.md").read_text(encoding="utf-8")
    files["README.md"] = template.replace("{contents}", contents(notebooks)).encode()
    if repository:
        title, rest = files["notebooks/README.md"].decode().split("\n", 1)
        files["notebooks/README.md"] = f"{title}\n\n{cloud.links(repository, notebooks)}\n{rest}".encode()
    if agents:
        files |= {"AGENTS.md": Path(__file__).with_name("AGENTS-for-students.md").read_bytes(), "CLAUDE.md": AGENTS}
    makefile, cut, _ = (root / "Makefile").read_text(encoding="utf-8").partition(CUT)
    if not cut:
        raise ValueError(f"Makefile: expected the line {CUT.strip()!r}, found none")
    files["Makefile"] = (makefile.rstrip("\n") + "\n").encode()
    files = dict(sorted(files.items()))
    leaks.search(files, [secret for notebook in notebooks.values() for secret in leaks.secrets(notebook)])
    leaks.search_numbers(files, [number for notebook in notebooks.values() for number in leaks.measured(notebook)])
    return files


def check_ours(folder):
    """Raise ValueError unless `folder` is missing, empty, or as a release left it."""
    if not folder.exists():
        return
    advice = "name another folder, or delete it"
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder, found a file; {advice}")
    there = (path for path in folder.rglob("*") if path.parent.name != "__pycache__")  # what Python lays there itself
    found = {path.relative_to(folder).as_posix(): path for path in there if not path.is_dir()}
    archive = found.pop(f"{NAME}.zip", None)
    packed = {}
    if archive is not None and zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            packed = {name: opened.read(name) for name in opened.namelist()}
    for name, path in sorted(found.items()):
        if path.is_symlink() or packed.get(name) != path.read_bytes():
            raise ValueError(f"{folder}: expected an earlier release, found {name}, which is none of it; {advice}")
    if archive is not None and not packed:
        raise ValueError(f"{folder}: expected an earlier release, found a broken {archive.name}; {advice}")


def release(folder, root, **options):
    """Write the student bundle to `folder`, as a folder and as a zip; return the path of the zip.

    An earlier release there is replaced; until the new one is complete, it stays.
    Parameters: folder, a path; root, the checkout that the bundle is made of; options, as of `bundle`.
    Raises: ValueError, as `bundle` does, and where `folder` holds anything but an earlier release.
    """
    folder = Path(folder).resolve()
    check_ours(folder)
    files = bundle(root, **options)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, data in files.items():
            path = aside / "new" / NAME / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (aside / "new" / f"{NAME}.zip").write_bytes(pack(files, f"{NAME}/"))
        if folder.exists():
            folder.rename(aside / "old")
        try:
            (aside / "new").rename(folder)
        except OSError:
            if (aside / "old").exists():
                (aside / "old").rename(folder)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder / f"{NAME}.zip"
