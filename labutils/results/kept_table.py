"""Keeps a table that was measured on a data set's float network, and refuses it for any other network.

The file lies beside the network and says what it was measured on. Used by `grid` in notebooks/07 and by
`sensitivity` and `few_bits` in notebooks/08.
"""

import json
from pathlib import Path

from ..networks import checkpoints


def save(file, name, command, content, folder=None):
    """Keep a measured table with what it was measured on and return the file's path; it is never half-written.

    Parameters: file, its name; name, the data set's, such as "cifar10"; command, the one that makes the file; content,
        a dict that JSON can hold; folder, where to (None: checkpoints/).
    """
    import torch

    network = checkpoints.entry(name, folder=folder)
    provenance = {
        "network": checkpoints.file_name(name),
        "sha256": network["sha256"],
        "data": name,
        "fingerprints": network["fingerprints"],
        "torch": torch.__version__,
        "command": command,
    }
    path = Path(folder or checkpoints.FOLDER) / file
    checkpoints.write_json(path, provenance | content)
    return path


def load(file, name, command, what, read, folder=None):
    """Return what `read` makes of a kept table's content, a dict.

    Parameters: file, name, command and folder as in `save`; what, the table in words, such as "a grid of bits"; read,
        a function, which may fail at a damaged content in any of the usual ways.
    Raises: FileNotFoundError where there is no such file; ValueError where it is damaged, or was measured on another
        network than the manifest's. Each names the command that mends it.
    """
    path, advice = Path(folder or checkpoints.FOLDER) / file, f"measure it with: {command}"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected {what}, found no file; {advice}")
    try:
        content = json.loads(path.read_text())
        table, found = read(content), content["sha256"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: expected {what}, found {type(error).__name__}; {advice}") from None
    expected = checkpoints.entry(name, folder=folder)["sha256"]
    if found != expected:
        raise ValueError(
            f"{path}: expected {what} of the network with sha256 {expected[:12]}..., found one of {found[:12]}...; "
            f"{advice}"
        )
    return table
