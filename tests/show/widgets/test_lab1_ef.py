"""The widgets of notebooks 04 and 05: what their figures show, and that a slider changes the picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labutils.linear import descent
from labutils.linear.regression import THREE_POINTS, lasso_three_points
from labutils.show import widgets


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_proximal_figure_draws_both_runs_and_the_closed_form():
    figure = widgets.proximal_figure(1.0)
    (rattling, calm), below = np.reshape(figure.axes, (2, 2))
    runs = (descent.l1_subgradient(THREE_POINTS, 1.0), descent.proximal_gradient(THREE_POINTS, 0.02))
    for ax, run in zip((rattling, calm), runs):
        drawn = np.array([line.get_ydata() for line in ax.lines[:5]]).T
        np.testing.assert_allclose(drawn, run.weights)
        dotted = sorted(line.get_ydata()[0] for line in ax.lines[5:])
        np.testing.assert_allclose(dotted, np.unique(lasso_three_points(1.0)))
    assert "0 exact zeros" in rattling.get_title()
    assert "3 exact zeros" in calm.get_title()
    for ax, run in zip(below, runs):
        last = np.array([line.get_ydata() for line in ax.lines]).T
        np.testing.assert_allclose(last, run.weights[-50:] / 0.02)


def test_trimmed_figure_draws_the_weights_and_their_support():
    figure = widgets.trimmed_figure(10.0, 2)
    left, right = figure.axes
    run = descent.trimmed_proximal_gradient(THREE_POINTS, 0.2, 2, steps=100)
    np.testing.assert_allclose(np.array([line.get_ydata() for line in left.lines]).T, run.weights)
    bars = [len(collection.get_paths()) for collection in right.collections]
    assert bars == (run.weights != 0).sum(axis=0).tolist()
    assert right.get_title() == "keep 2: ends at {2, 5}"


@pytest.mark.parametrize("keep", range(6))
def test_trimmed_figure_accepts_every_number_of_weights_to_keep(keep):
    assert len(widgets.trimmed_figure(1.0, keep).axes) == 2


@pytest.mark.parametrize(("make", "moves"), [(widgets.proximal, {0: 0.05}), (widgets.trimmed, {0: 20, 1: 3})])
def test_a_slider_changes_the_image(make, moves):
    *controls, image, _ = make().children
    for index, value in moves.items():
        before = bytes(image.value)
        controls[index].value = value
        assert bytes(image.value) != before
        assert bytes(image.value).startswith(b"\x89PNG")


@pytest.mark.parametrize("make", [widgets.proximal, widgets.trimmed])
def test_both_ends_of_every_slider_draw(make):
    *controls, image, _ = make().children
    for control in controls:
        for _, value in (control.options[0], control.options[-1]):
            control.value = value
    assert len(plt.get_fignums()) == 0  # each figure is closed once it is an image
