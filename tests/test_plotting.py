"""Figures: what is drawn is the data, with labelled axes and lines that differ without colour."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labutils import descent, plotting
from labutils.regression import THREE_POINTS


@pytest.fixture(autouse=True)
def style_and_closing():
    with plt.rc_context():
        plotting.use_style()
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def runs():
    return {
        "plain": descent.gradient_descent(THREE_POINTS),
        "pruned": descent.iterative_pruning(THREE_POINTS, 2),
        "short rate": descent.gradient_descent(THREE_POINTS, 0.001),
    }


def test_lines_differ_without_colour():
    styles = [plotting.line_style(index, 100) for index in range(len(plotting.COLORS))]
    for key in ("color", "linestyle", "marker"):
        assert len({str(style[key]) for style in styles}) == len(styles)


def test_style_of_any_number_of_lines_and_points():
    for index in (0, 6, 7, 30):
        for points in (1, 2, 9, 5000):
            first, every = plotting.line_style(index, points)["markevery"]
            assert 0 <= first < points and every >= 1


def test_plot_lines_draws_the_data_with_labels():
    x = np.arange(4)
    ax = plotting.plot_lines(x, {"a": x + 1.0, "b": 2.0 * x + 1}, "time (s)", "size (kB)", "title", True, True).axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("time (s)", "size (kB)", "title")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), 2 * x + 1)


def test_plot_loss_is_the_loss_on_a_log_scale_without_rounding_error(runs):
    ax = plotting.plot_loss(runs, THREE_POINTS).axes[0]
    assert ax.get_yscale() == "log" and ax.get_ylim()[0] == plotting.LOSS_FLOOR
    for line, run in zip(ax.lines, runs.values()):
        np.testing.assert_array_equal(line.get_ydata(), run.losses(THREE_POINTS))
    first = plotting.plot_loss(runs, THREE_POINTS, steps=20).axes[0]
    assert len(first.lines[0].get_ydata()) == 21 and first.get_ylim()[0] > plotting.LOSS_FLOOR


def test_plot_weights_has_a_panel_for_each_run_and_a_line_for_each_weight(runs):
    figure = plotting.plot_weights(runs, steps=50)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == list(runs) and len(figure.axes) == 4
    for ax, run in zip(shown, runs.values()):
        np.testing.assert_array_equal(np.array([line.get_ydata() for line in ax.lines]).T, run.weights[:51])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [f"$w_{j}$" for j in range(1, 6)]


def test_plot_quantizer_draws_a_staircase_and_its_error():
    def to_steps(w, bits):
        return np.round(w * bits) / bits

    figure = plotting.plot_quantizer(to_steps, [1, 2])
    top, bottom = figure.axes[1], figure.axes[3]
    w = top.lines[0].get_ydata()
    np.testing.assert_array_equal(top.lines[1].get_ydata(), to_steps(w, 2))
    np.testing.assert_array_equal(bottom.lines[0].get_ydata(), to_steps(w, 2) - w)
    assert top.get_title() == "2 bits: 5 levels"


def test_plot_tensor_pair_writes_every_number():
    figure = plotting.plot_tensor_pair(np.array([[0.6, -0.9]]), np.array([[0.7, -0.9]]))
    texts = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert texts == [["0.60", "-0.90"], ["0.70", "-0.90"]]


def test_plot_histograms_counts_all_weights_and_draws_the_levels():
    weights = {"a": np.linspace(-1, 1, 500).reshape(5, 100), "b": np.zeros(7)}
    figure = plotting.plot_histograms(weights, {"a": [-1.0, 1.0], "b": []})
    counts = [sum(patch.get_height() for patch in ax.patches) for ax in figure.axes]
    assert counts == [500, 7]
    assert [len(ax.lines) for ax in figure.axes] == [2, 0]
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == [-1, 1]


def test_plot_tradeoff_labels_every_point_and_joins_the_first_group():
    groups = {"uniform": [(2, 0.5, "2 bits"), (4, 0.9, "4 bits")], "mixed": [(3, 0.6, "(4, 4, 2)")]}
    ax = plotting.plot_tradeoff(groups, "bits", "accuracy").axes[0]
    assert [text.get_text() for text in ax.texts] == ["2 bits", "4 bits", "(4, 4, 2)"]
    assert ax.lines[0].get_linestyle() == "-" and ax.lines[1].get_linestyle() == "None"
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[2, 0.5], [4, 0.9]])
