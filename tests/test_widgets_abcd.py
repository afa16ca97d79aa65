"""The widgets of notebooks 01 to 03: what their figures show, and that a slider changes the picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labutils import descent, widgets
from labutils.regression import THREE_POINTS, Regression, lasso_three_points


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
def test_l1_figure_draws_the_run_and_the_exact_solution(penalty):
    left, right = widgets.l1_figure(penalty).axes
    run, exact = descent.l1_subgradient(THREE_POINTS, penalty, steps=400), lasso_three_points(penalty)
    np.testing.assert_allclose(left.lines[0].get_ydata(), run.losses(THREE_POINTS))
    np.testing.assert_allclose(left.lines[1].get_ydata(), 11 * penalty**2 / 120)
    np.testing.assert_allclose(np.array([line.get_ydata() for line in right.lines[:5]]).T, run.weights)
    dotted = right.lines[5:]
    np.testing.assert_allclose([line.get_ydata()[0] for line in dotted], np.unique(exact))
    assert {line.get_linestyle() for line in dotted} == {":"}
    assert [text.get_text() for text in right.get_legend().get_texts()] == [f"$w_{j}$" for j in range(1, 6)]


MOVES = [(widgets.learning_rate, {0: 0.07}), (widgets.pruning, {0: 3, 1: 1}), (widgets.l1, {0: 0.2})]


@pytest.mark.parametrize(("make", "moves"), MOVES)
def test_a_slider_changes_the_image(make, moves):
    *controls, image = make().children
    assert len(controls) == len(moves)
    for index, value in moves.items():
        before = image.value
        controls[index].value = value
        assert image.value != before
        assert bytes(image.value[:4]) == b"\x89PNG"


@pytest.mark.parametrize("make", [make for make, _ in MOVES])
def test_every_stop_of_every_slider_draws_and_the_first_picture_comes_back(make):
    *controls, image = make().children
    first = image.value
    for control in controls:
        start = control.value
        for _, value in control.options:
            control.value = value
        control.value = start
    assert image.value == first
    assert not plt.get_fignums()  # each figure is closed once it is an image
