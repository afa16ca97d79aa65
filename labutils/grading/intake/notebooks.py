"""Reads a notebook with nothing but json, so that no file, however broken or hostile, costs more than a reason.

What is looked at is bounded before it is read, and every part of it may be of any type: hence `mapping` and `text`.
"""

import json

MOST_BYTES = 20_000_000  # of one notebook; the committed ones have less than 500,000
MOST_PARTS = 500_000  # lists and dicts in one notebook, counted before it is parsed: each takes memory
MOST_CELLS = 1_000
NOTEBOOK = "a notebook as JupyterLab saves it"


def shown(value, most=80):
    """Return what somebody else wrote as one short printable line in quotes, for a reason or a flag."""
    value = type(value).__name__ if isinstance(value, (dict, list)) else value
    line = "".join(c if c.isprintable() else " " for c in str(value)[: 4 * most])
    line = " ".join(line.split())
    return f"'{line[:most]}...'" if len(line) > most else f"'{line}'"


def why(error):
    """Return an error as a reason in one line; the paths of this computer, which an OSError names, are left out."""
    if isinstance(error, OSError):
        return f"expected files that can be read, found: {error.strerror or type(error).__name__}"
    return " ".join(str(error).split())


def mapping(value):
    """Return the value if it is a dict, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value):
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value):
    """Return a notebook's text, which is a string or a list of lines, as one string that any file can hold."""
    parts = value if isinstance(value, list) else [value]
    whole = "".join(part for part in parts if isinstance(part, str))
    return whole.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, which JSON can spell, become ?


def source(cell):
    """Return a cell's source."""
    return text(cell.get("source"))


def marks(cell):
    """Return a cell's nbgrader metadata, empty where it has none."""
    return mapping(mapping(cell.get("metadata")).get("nbgrader"))


def is_code(cell):
    """Return whether a cell holds code."""
    return cell.get("cell_type") == "code"


def outputs(cell):
    """Return a cell's outputs, those that are dicts."""
    return [output for output in listing(cell.get("outputs")) if isinstance(output, dict)]


def read(path):
    """Return the cells of a notebook, a list of dicts, at least one.

    Raises: ValueError, its message a reason in one line, where the file is too large, no JSON, another format than
        nbformat 4, or has no cells or too many; OSError where it cannot be read.
    """
    with open(path, "rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        size = f"at most {MOST_BYTES // 1_000_000} MB"
        raise ValueError(f"expected {size}, found more; clear the outputs that are so large")
    parts = raw.count(b"[") + raw.count(b"{") if len(raw) > MOST_PARTS else 0
    if parts > MOST_PARTS:
        raise ValueError(f"expected {NOTEBOOK}, found {parts} lists and objects in it, more than {MOST_PARTS}")
    try:
        notebook = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected {NOTEBOOK}, found no sound JSON: {shown(error)}") from None
    version = mapping(notebook).get("nbformat")
    if type(version) is not int or version != 4:
        found = "no number of a format" if version is None else f"format {shown(version)}"
        raise ValueError(f"expected {NOTEBOOK}, in format 4, found {found}; open it in JupyterLab and save it")
    cells = listing(notebook.get("cells"))
    if not cells or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError(f"expected {NOTEBOOK}, found no cells" + " that could be read" * bool(cells))
    if len(cells) > MOST_CELLS:
        raise ValueError(f"expected at most {MOST_CELLS} cells, found {len(cells)}")
    return cells
