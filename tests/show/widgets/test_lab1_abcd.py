"""The widgets of notebooks 01 to 03: what their figures show, and that a slider changes the picture."""

import gc

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labutils.linear import descent
from labutils.linear.regression import THREE_POINTS, Regression, lasso_three_points
from labutils.show import alternative_text, plotting, style, widgets
from labutils.show.widgets.controls import explore, slider


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(ax):
    """Return what the lines of the axes show, (points, lines)."""
    return np.array([line.get_ydata() for line in ax.lines]).T


def test_learning_rate_figure_draws_the_loss_and_all_weights():
    left, right = widgets.learning_rate_figure(0.05).axes
    run = descent.gradient_descent(THREE_POINTS, 0.05, steps=60)
    np.testing.assert_allclose(drawn(left)[:, 0], run.losses(THREE_POINTS))
    np.testing.assert_allclose(drawn(right), run.weights)
    assert left.get_yscale() == "log"
    assert "0.05" in left.get_title()


def test_learning_rate_figure_draws_a_run_beyond_the_edge():
    left, _ = widgets.learning_rate_figure(0.09).axes
    losses = drawn(left)[:, 0]
    assert losses[-1] > 1e6 > losses[0]


@pytest.mark.parametrize("points", [1, 2, 3])
@pytest.mark.parametrize("keep", [1, 2, 5])
def test_pruning_figure_draws_the_run_on_the_first_points(keep, points):
    left, right = widgets.pruning_figure(keep, points).axes
    problem = Regression(THREE_POINTS.X[:points], THREE_POINTS.y[:points])
    run = descent.iterative_pruning(problem, keep, steps=100)
    np.testing.assert_allclose(drawn(left)[:, 0], run.losses(problem))
    np.testing.assert_allclose(drawn(right), run.weights)
    assert (drawn(right)[1:] != 0).sum(axis=1).max() <= keep
    assert left.get_title() == f"k = {keep}, {points} data point" + "s" * (points > 1)


@pytest.mark.parametrize("penalty", [0.2, 1.0, 12.0])
def test_l1_figure_draws_both_runs_and_the_exact_solution(penalty):
    figure = widgets.l1_figure(penalty)
    runs = (
        descent.l1_subgradient(THREE_POINTS, penalty, steps=400),
        descent.proximal_gradient(THREE_POINTS, 0.02 * penalty, steps=400),
    )
    for ax, run in zip(figure.axes, runs, strict=True):
        np.testing.assert_allclose(np.array([line.get_ydata() for line in ax.lines[:5]]).T, run.weights)
        dotted = ax.lines[5:]
        np.testing.assert_allclose([line.get_ydata()[0] for line in dotted], np.unique(lasso_three_points(penalty)))
        assert {line.get_linestyle() for line in dotted} == {":"}
        assert f"{(run.final == 0).sum()} exact zeros" in ax.get_title()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["w₁", "w₂", "w₃", "w₄", "w₅"]
    assert legend.get_title().get_text() == f"lambda = {penalty:g}"


def test_the_box_beside_a_slider_says_its_first_value_from_the_start():
    shown = slider((2, 3, 4), 2, "bits")
    assert shown.box.value == "2"
    shown.value = 4
    shown.say()
    assert shown.box.value == "4"


def test_log_stops_are_even_on_a_log_scale():
    stops = widgets.log_stops(0.05, 12.5)
    assert (stops[0], stops[-1]) == (0.05, 12.5)
    np.testing.assert_allclose(np.log10(stops), np.log10(0.05) + 0.1 * np.arange(len(stops)), atol=0.01)
    assert {0.2, 0.5, 1, 2, 5, 10} <= set(stops)  # the homework's own


MOVES = [(widgets.learning_rate, {0: 0.02}), (widgets.pruning, {0: 2, 1: 1}), (widgets.l1, {0: 0.2})]


@pytest.mark.parametrize(("make", "moves"), MOVES)
def test_a_slider_changes_the_image(make, moves):
    *controls, image, words = make().children
    assert len(controls) == len(moves)
    for index, value in moves.items():
        before = image.value
        controls[index].value = value
        assert image.value != before
        assert bytes(image.value[:4]) == b"\x89PNG"
        assert "against step" in words.value


def test_the_axes_stay_where_they_were(monkeypatch):
    seen, png = [], style.png

    def spy(figure):
        picture = png(figure)
        seen.append([ax.get_position().bounds for ax in figure.axes])
        return picture

    monkeypatch.setattr(style, "png", spy)
    with plt.rc_context():
        plotting.use_style()
        slider, *_ = widgets.learning_rate().children
        slider.value = 0.09  # the loss grows to 1e17, whose ticks are wider
        spy(widgets.learning_rate_figure(0.09))
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("make", [make for make, _ in MOVES])
def test_every_stop_of_every_slider_draws_and_the_first_picture_comes_back(make):
    *controls, image, _ = make().children
    first = image.value
    for control in controls:
        start = control.value
        for _, value in control.options:
            control.value = value
        control.value = start
    assert image.value == first
    assert not plt.get_fignums()  # each figure is closed once it is an image


def test_no_garbage_is_collected_in_the_middle_of_a_redraw_and_it_is_afterwards_even_if_that_fails():
    seen = []

    def draw(number):
        seen.append(gc.isenabled())
        if number == 3:
            raise ValueError("no such figure")
        return plt.figure()

    control = explore(draw, number=slider((1, 2, 3), 1, "number")).children[0]
    control.value = 2
    assert gc.isenabled()
    with pytest.raises(ValueError, match="no such figure"):
        control.value = 3
    assert seen == [False] * 3 and gc.isenabled()


def test_a_redraw_survives_that_a_cell_shows_and_closes_all_figures_meanwhile(monkeypatch):
    describe = alternative_text.describe

    def meanwhile(figure):
        plt.close("all")  # as below each cell, which JupyterLab runs in another thread
        return describe(figure)

    def in_the_middle(figure):
        plt.close("all")
        return png(figure)

    png = style.png
    monkeypatch.setattr(alternative_text, "describe", meanwhile)
    monkeypatch.setattr(style, "png", in_the_middle)
    other = plt.figure()
    control, image, _ = explore(
        lambda rate: widgets.learning_rate_figure(rate), rate=slider((0.01, 0.02), 0.01, "rate")
    ).children
    first = image.value
    control.value = 0.02
    assert image.value != first
    assert not plt.fignum_exists(other.number)


def test_a_redraw_leaves_the_figures_of_cells_alone_and_shows_them_none_of_its_own():
    cell = plt.figure()
    seen = []

    def draw(rate):
        figure = widgets.learning_rate_figure(rate)
        seen.append(plt.get_fignums())
        return figure

    explore(draw, rate=slider((0.01, 0.02), 0.01, "rate")).children[0].value = 0.02
    assert seen == [[cell.number]] * 2
    widgets.learning_rate_figure(0.02)  # as in a cell
    assert len(plt.get_fignums()) == 2
