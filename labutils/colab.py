"""The start on Google Colab, from a released notebook's first cell: install what is missing, and touch nothing else."""

import importlib.metadata
import re
import subprocess
import sys

from . import files, install

NEEDLESS = ("jupyterlab", "nbval")  # Colab is a notebook server itself


def missing():
    """Return the requirements of which this computer has no version at all.

    Colab's own versions stay as they are, whatever they are: with another IPython or kernel its runtime stops.
    """
    there = {re.sub(r"[-_.]+", "-", one.name).lower() for one in importlib.metadata.distributions() if one.name}
    names = {re.match(r"[\w-]+", line)[0]: line for line in install.requirements()}
    return [line for name, line in names.items() if name not in there and name not in NEEDLESS]


def begin():
    """Install what is missing, without what it would bring along, and say where the work is saved.

    Raises: OSError, in one line, where that fails.
    """
    if lines := missing():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *lines]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            found = " ".join(done.stderr.split())[-300:]
            raise OSError(f"Colab: expected pip to install {', '.join(lines)}, found {found}; run this cell again")
    print(f"The labs are in {files.REPOSITORY}, until this runtime ends.")
    print("Your work is in this notebook: File, Save a copy in Drive keeps it; File, Download hands it in.")
