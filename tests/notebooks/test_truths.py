"""What the notebooks say of their measurements: named truths are true, and numbers in the text were printed.

nbval runs every cell on CIFAR-10 and on the stand-in and compares what is printed. So a truth that stands in a compared
cell is true on both; the cells that nbval passes over may not print any.
"""

import re

import nbformat
import pytest
from helpers.course_notebooks import ROOT, code_cells

FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))
RECIPE = ROOT / "labutils/networks/hyperparameters.py"  # the homework's settings
TRUTH = re.compile(r"(?m)^(.*\S): +(True|False)$")  # as in "the error never rises: True"
MEASURED = re.compile(r"(?<![\d.^{])\d*\.\d{3,}(?!\d)")  # three decimals or more


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def notebook(request):
    """One notebook after the other, as committed: executed on CIFAR-10."""
    return nbformat.read(request.param, as_version=4)


def printed(cell):
    """Return all text in a cell's outputs."""
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)


def truths(notebook):
    """Return [(cell's id, whether nbval compares it, the statement, "True" or "False"), ...]."""
    return [
        (cell.id, "nbval-ignore-output" not in cell.metadata.get("tags", []), *found)
        for cell in code_cells(notebook)
        for found in TRUTH.findall(printed(cell))
    ]


def unfounded(notebook):
    """Return the numbers in the text, solutions included, that no output holds to as many digits and no code sets."""
    known = "\n".join(printed(cell) + cell.source for cell in code_cells(notebook)) + RECIPE.read_text(encoding="utf-8")
    stated = {float(number) for number in re.findall(r"\d*\.?\d+(?:e-?\d+)?", known.replace(",", ""))}
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    numbers = {number: len(number.split(".")[1]) for number in MEASURED.findall(text)}
    return sorted(
        n for n, digits in numbers.items() if not any(f"{s:.{digits}f}" == f"{float(n):.{digits}f}" for s in stated)
    )


def test_every_named_truth_is_true_and_compared_on_both_data_sets(notebook):
    assert [found for found in truths(notebook) if found[3] != "True"] == []
    assert [found for found in truths(notebook) if not found[1]] == []


def test_every_measured_number_in_the_text_was_printed(notebook):
    assert unfounded(notebook) == []


def test_a_false_truth_and_an_unfounded_number_are_found():
    cell = nbformat.v4.new_code_cell("1", metadata={"tags": ["nbval-ignore-output"]})
    cell.outputs = [nbformat.v4.new_output("stream", text="it holds: True\nso does this: False\n0.4567 in 3 steps")]
    words = nbformat.v4.new_markdown_cell("It is 0.457, not 0.458.")
    false = nbformat.v4.new_notebook(cells=[cell, words])
    assert [found[1:] for found in truths(false)] == [
        (False, "it holds", "True"),
        (False, "so does this", "False"),
    ]
    assert unfounded(false) == ["0.458"]
