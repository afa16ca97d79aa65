"""Tables: the text and the HTML say the same, and no cell depends on the processor."""

import html
import re

import numpy as np
import pytest

from labutils.linear import descent
from labutils.linear.regression import THREE_POINTS
from labutils.show import tables


def test_text_is_aligned_and_html_holds_the_same_cells():
    table = tables.Table(("run", "L"), [("a < b", 1), ("long name", 22)], caption="two & runs")
    assert repr(table).splitlines() == ["two & runs", "run        L", "---------  --", "a < b      1", "long name  22"]
    cells = re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", table._repr_html_())
    assert [html.unescape(cell) for cell in cells] == ["run", "L", "a < b", "1", "long name", "22"]
    assert "a < b" not in table._repr_html_() and "two &amp; runs" in table._repr_html_()


def test_a_row_of_another_length_is_refused(refused):
    with refused("2 cells"):
        tables.Table(("a", "b"), [(1, 2), (1, 2, 3)])


@pytest.mark.parametrize(("value", "text"), [(-1e-9, "0.0000"), (-0.0, "0.0000"), (1.23456, "1.2346"), (-2, "-2.0000")])
def test_numbers_are_rounded_and_zero_has_no_sign(value, text):
    assert tables.number(value) == text


def test_an_exact_zero_can_be_told_from_a_small_weight():
    assert tables.vector(np.array([0.0, -0.0, 1e-9, 3.0]), 2) == "[0, 0, 0.00, 3.00]"


@pytest.mark.parametrize(
    ("loss", "text"), [(0, "< 1e-12"), (3e-31, "< 1e-12"), (1e-12, "1e-12"), (0.0916666, "0.09167")]
)
def test_losses_below_the_rounding_error_are_not_printed(loss, text):
    assert tables.loss_text(loss) == text


def test_support_counts_from_one():
    assert tables.support_text(np.array([0, 3.0, 0, 0, -1.0])) == "{2, 5}" and tables.support_text(np.zeros(3)) == "{}"


def test_runs_table_shows_what_the_runs_hold():
    runs = {
        "pruning": descent.iterative_pruning(THREE_POINTS, 2),
        "short": descent.gradient_descent(THREE_POINTS, steps=1),
    }
    pruned, short = tables.runs_table(runs, THREE_POINTS).rows
    assert pruned == ["pruning", "[0, 3.00000, 0, 0, -1.00000]", "3", "< 1e-12", "42", "1, 7"]
    assert short[2:] == ["0", tables.loss_text(THREE_POINTS.loss(runs["short"].final)), "never", "1"]


def test_runs_table_cuts_a_long_list_of_support_changes():
    weights = np.zeros((11, 5))
    weights[::2, 0] = 1
    row = tables.runs_table({"flicker": descent.Trajectory(weights)}, THREE_POINTS).rows[0]
    assert row[-1] == "1, 2, 3, 4, 5, 6, ... 10"


def test_every_lab_closes_with_the_same_columns():
    table = tables.comparison([("pruning", "keep 2", "2 of 5 weights", "L < 1e-12", "42 steps")])
    assert table.columns == ["method", "setting", "what is left", "how good", "how long"]


def test_the_claims_close_with_a_verdict_and_a_prediction():
    table = tables.verdicts([("1.1 zeros", "False", "0 of 40", "True")])
    assert table.columns == ["claim", "verdict", "what was measured", "your prediction"]


def test_a_share_has_twice_its_standard_error_beside_it():
    assert tables.share(0.9, 2000) == "0.9000 ± 0.0134"  # 2 * sqrt(0.09 / 2000)
    assert tables.share(0.5, 100) == "0.5000 ± 0.1000"
    assert tables.share(1.0, 10) == "1.0000 ± 0.0000"


def test_no_line_ends_within_a_number():
    found = tables.Table(["L < 1e-6", "w"], [["L 7.758e-08 at 3", "-0.5"]])._repr_html_()
    whole = '<span style="white-space:nowrap">{}</span>'
    assert (
        f"L {whole.format('&lt; 1e-6')}" in found
        and f"L {whole.format('7.758e-08')} at 3" in found
        and ">-0.5<" in found
    )
