"""Keeps a measured table, as `results.kept_table` reads it, with what it was measured on."""

import torch

from ... import files
from ...networks import checkpoints


def save(table, name, content, folder=None, options=""):
    """Keep a measured table with what it was measured on and return the file's path; it is never half-written.

    Parameters: table, a `KeptTable`; name, the data set's, such as "cifar10"; content, a dict that JSON can hold;
        folder, where to (None: checkpoints/); options, what the command that made it says besides.
    """
    network = checkpoints.entry(name, folder=folder)
    provenance = {
        "network": checkpoints.file_name(name),
        "sha256": network["sha256"],
        "data": name,
        "fingerprints": network["fingerprints"],
        "torch": torch.__version__,
        "command": table.command(name, options),
    }
    files.write_json(table.path(name, folder), provenance | content)
    return table.path(name, folder)


def add(table, name, content, folder=None, options=""):
    """Keep a table with one row more, while no other process adds one.

    Parameters: content, a function that makes the new content of what `table` reads of the kept one, {} where there is
        none; the others as of `save`.
    """
    path = table.path(name, folder)
    with files.held(path, wait=True):
        save(table, name, content(table.load(name, folder) if path.exists() else {}), folder, options)
