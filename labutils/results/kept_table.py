"""Reads a table that was measured on a data set's float network, and refuses it for any other network.

The file lies beside the network and says what it was measured on. `grid` and `repeats` of notebooks/07 are such tables,
and `ablation`, `seeds` and `sensitivity` of notebooks/08.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..networks import checkpoints


class KeptTable(NamedTuple):
    """One kind of table: the verb that measures it, what it is in words, and what makes its content of a dict.

    `read` may fail at a damaged content in any of the usual ways.
    """

    verb: str
    what: str
    read: Callable

    def path(self, name, folder=None):
        """Return the file of a data set's table in a folder (None: checkpoints/): .../cifar10-grid.json."""
        return Path(folder or checkpoints.FOLDER) / f"{name}-{self.verb}.json"

    def command(self, name, options=""):
        """Return the command that measures the table of a data set."""
        return f"python -m labutils {self.verb} --data {name}{options}"

    def load(self, name, folder=None):
        """Return what `read` makes of a kept table's content.

        Raises: FileNotFoundError where there is no such file; ValueError where it is damaged, or was measured on
            another network than the manifest's. Each names the command that mends it.
        """
        path, advice = self.path(name, folder), checkpoints.again("measure", self.command(name))
        if not path.is_file():
            raise FileNotFoundError(f"{path}: expected {self.what}, found no file; {advice}")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            table, found = self.read(content), content["sha256"]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path}: expected {self.what}, found {type(error).__name__}; {advice}") from None
        expected = checkpoints.entry(name, folder=folder)["sha256"]
        if found != expected:
            raise ValueError(
                f"{path}: expected {self.what} of the network with sha256 {expected[:12]}..., found one of "
                f"{found[:12]}...; {advice}"
            )
        return table
