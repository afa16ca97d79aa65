"""Reads what executed notebooks hold, running nothing, and prints it as one table: `make run` ends with it."""

import re
import sys
from pathlib import Path

import nbformat

from ..checks import RECORD
from ..show.tables import COMPARISON, Table


def outputs(notebook):
    """Yield the mime bundle of every result in a notebook, first to last."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                yield output["data"]


def points(notebook):
    """Return (earned, possible) points over the notebook's checks."""
    records = [data[RECORD] for data in outputs(notebook) if RECORD in data]
    return sum(record["points"] for record in records), sum(record["max"] for record in records)


def comparison_rows(notebook):
    """Return the rows of the notebook's closing comparison table, read from its text; empty where there is none."""
    for data in outputs(notebook):
        lines = [re.split(r"\s{2,}", line) for line in data.get("text/plain", "").splitlines()]
        if lines and tuple(lines[0]) == COMPARISON:
            return [line for line in lines[2:] if len(line) == len(COMPARISON)]
    return []


def results_table(paths):
    """Return the Table of all notebooks' comparison tables, and a line of points for each notebook."""
    rows, lines = [], []
    for path in map(Path, paths):
        notebook = nbformat.read(path, as_version=4)
        rows += [(path.stem[:2], *row) for row in comparison_rows(notebook)]
        earned, possible = points(notebook)
        lines.append(f"{path.stem}: {earned:g} of {possible:g} points in its checks")
    return Table(("lab", *COMPARISON), rows), lines


def main(paths):
    """Print the results of the executed notebooks at `paths`."""
    table, lines = results_table(paths)
    print(table, *lines, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
