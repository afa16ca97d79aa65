"""What `make run` prints is what the notebooks hold."""

import nbformat
import pytest

from labutils.checks import Report
from labutils.maintenance import results_table
from labutils.show import tables


@pytest.fixture
def notebook(tmp_path):
    report = Report("q", "A question").true("right", lambda: True, 2).true("wrong", lambda: False, 3)
    closing = tables.comparison([("gradient descent", "learning rate 0.02", "5 of 5 weights", "L < 1e-12", "41 steps")])
    bundles = [report._repr_mimebundle_(), {"text/plain": repr(closing), "text/html": closing._repr_html_()}]
    cells = [
        nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("execute_result", data=data)])
        for data in bundles
    ]
    path = tmp_path / "01_example.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_the_table_has_the_comparison_and_the_points(notebook, capsys):
    results_table.main([notebook])
    printed = capsys.readouterr().out
    assert "01   gradient descent  learning rate 0.02  5 of 5 weights" in printed
    assert "01_example: 2 of 5 points in its checks" in printed


def test_a_notebook_without_results_adds_no_row(tmp_path):
    path = tmp_path / "02_empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), path)
    table, lines = results_table.results_table([path])
    assert table.rows == [] and lines == ["02_empty: 0 of 0 points in its checks"]
