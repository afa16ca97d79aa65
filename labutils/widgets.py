"""The things to play with: a slider redraws a figure. Each widget is a plain function from settings to a Figure, shown
by `explore`."""

import io

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from . import descent, plotting
from .regression import THREE_POINTS


def png(figure):
    """Return the Figure as PNG bytes and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return buffer.getvalue()


def explore(draw, **controls):
    """Return a widget that redraws `draw(**values)` whenever a control changes.

    Parameters: draw, a function from the controls' values to a Figure; controls, ipywidgets named like draw's
        parameters. The figure is an image that is replaced in place, so nothing flickers and no output is captured.
    Raises: whatever `draw` raises at the controls' first values.
    """
    image = ipywidgets.Image(format="png")

    def redraw(change=None):
        image.value = png(draw(**{name: control.value for name, control in controls.items()}))

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls.values(), image])


def slider(values, value, description):
    """Return a labelled slider over the given values that acts when it is let go."""
    return ipywidgets.SelectionSlider(
        options=[(f"{v:g}", v) for v in values], value=value, description=description, continuous_update=False,
        style={"description_width": "initial"}, layout={"width": "480px"},
    )  # fmt: skip


def learning_rate_figure(learning_rate):
    """Draw L and W over 60 steps of gradient descent on the three points, for rates up to and past the edge."""
    run = descent.descend(lambda w: w - learning_rate * THREE_POINTS.gradient(w), np.zeros(5), 60)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    plotting.plot_loss({"L": run}, THREE_POINTS, title=f"learning rate {learning_rate:g}", ax=left)
    names = [f"$w_{j + 1}$" for j in range(5)]
    plotting.plot_lines(np.arange(61), dict(zip(names, run.weights.T)), "step", "weight", "weights", ax=right)
    return figure


def learning_rate():
    """Return the widget of notebooks/01: the learning rate, from too slow to divergent."""
    rates = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.038, 0.05, 0.06, 0.07, 0.074, 0.076, 0.077, 0.08, 0.09)
    return explore(learning_rate_figure, learning_rate=slider(rates, 0.02, "learning rate"))
