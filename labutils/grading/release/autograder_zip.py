"""Makes the zip that Gradescope takes as an autograder: this grader, the instructor's notebooks, and what sets them up.

It holds the solutions and the hidden tests: it is for Gradescope, and for no student.
"""

from pathlib import Path

from ... import files
from .archive import pack
from .bundle import checkpoints, read_course

NAME = "autograder.zip"
# Ubuntu's Python is older than ours, so uv brings one where need be: outside root's own folder, for students' code runs
# as another user. What is ours that user may not read.
SETUP = """#!/usr/bin/env bash
# Run once by Gradescope, as root, with network, when the autograder is uploaded.
set -euo pipefail
base="${AUTOGRADER:-/autograder}"
command -v python3 >/dev/null && python3 -m venv --help >/dev/null && command -v unshare >/dev/null ||
  { apt-get update && apt-get install --yes python3 python3-venv util-linux; }
python3 -m venv "$base/uv"
"$base/uv/bin/pip" install --quiet uv
export UV_PYTHON_INSTALL_DIR="$base/python"
"$base/uv/bin/uv" venv --quiet --python ">=3.11" "$base/venv"
"$base/uv/bin/uv" pip install --quiet --python "$base/venv/bin/python" --torch-backend cpu \\
  --requirement "$base/source/pyproject.toml" --extra grade
chmod -R go-rwx "$base/source"
"""
RUN = """#!/usr/bin/env bash
# Run by Gradescope for each submission: writes results/results.json, anew after each question.
base="${AUTOGRADER:-/autograder}"
chmod -R go-rwx "$base/source"
cd "$base" || exit 1
OMP_NUM_THREADS=1 PYTHONPATH="$base/source" exec "$base/venv/bin/python" -B -m labutils.grading.autograder gradescope
"""


def contents(root):
    """Return {path in the zip: bytes} of all that the autograder needs.

    Parameters: root, the checkout that it is made of. Raises: ValueError as `bundle.read_course` and `checkpoints` do.
    """
    found = {"setup.sh": SETUP.encode(), "run_autograder": RUN.encode()}
    names = [*read_course(root), "pyproject.toml", "LICENSE"]
    names += [path.relative_to(root).as_posix() for path in (root / "labutils").rglob("*") if path.is_file()]
    apart = ("labutils/maintenance/", "__pycache__")
    found |= {name: (root / name).read_bytes() for name in names if not any(part in name for part in apart)}
    return dict(sorted((found | checkpoints(root)).items()))


def release(folder, root):
    """Write the autograder into `folder`; return the path of the zip."""
    path = Path(folder).resolve() / NAME
    files.write_whole(path, pack(contents(root), executable=("setup.sh", "run_autograder")))
    return path
