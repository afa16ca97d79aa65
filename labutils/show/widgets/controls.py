"""Makes a widget of a function from settings to a Figure: labelled controls, and an image that they redraw."""

import gc
import html
import threading

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .. import style

PREFERRED = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)  # even steps on a log scale, ten to a decade (Renard's R10)
# What a screen reader says when the figure has changed; nobody sees it.
SPOKEN = '<span role="alert" style="position: absolute; clip-path: inset(50%); white-space: nowrap">{}</span>'
_redraw = threading.local()


def subplots(*shape, figsize, **layout):
    """Return (Figure, its axes) as plt.subplots does, but unknown to pyplot within a redraw.

    JupyterLab redraws in a thread of its own: a cell that runs meanwhile would show the figure as its own and close it.
    """
    if not getattr(_redraw, "running", False):
        return plt.subplots(*shape, figsize=figsize, **layout)
    figure = Figure(figsize)
    return figure, figure.subplots(*shape, **layout)


def explore(draw, **controls):
    """Return a widget that redraws `draw(**values)` whenever a control changes.

    Parameters: draw, a function from the controls' values to a Figure with as many axes each time; controls,
        ipywidgets named like draw's parameters. The figure is an image that is replaced in place, so nothing flickers
        and no output is captured; its axes stay where the first figure had them, so nothing jumps. What it shows is
        said in words, too, for who listens.
    Raises: whatever `draw` raises at the controls' first values.
    """
    image, words = ipywidgets.Image(format="png"), ipywidgets.HTML()
    places = []

    def redraw(change=None):
        gc.disable()  # tidying up in the middle takes as long as drawing; it can wait until the picture is on its way
        _redraw.running = True
        try:
            show()
        finally:
            _redraw.running = False
            gc.enable()

    def show():
        figure = draw(**{name: control.value for name, control in controls.items()})
        if places:
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, places, strict=True):
                ax.set_position(place)
        image.value = style.png(figure)
        words.value = SPOKEN.format(html.escape(style.describe(figure)))
        places[:] = [ax.get_position() for ax in figure.axes]

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls.values(), image, words])


def log_stops(low, high):
    """Return the preferred numbers from `low` to `high`, evenly spaced on a log scale: 0.1, 0.125, 0.16, 0.2, ..."""
    numbers = [float(f"{digit}e{power}") for power in range(-4, 4) for digit in PREFERRED]
    return [number for number in numbers if low <= number <= high]


def slider(values, value, description):
    """Return a labelled slider over the given values, or {label: value}, that acts when it is let go.

    All choices are sliders: in a drop-down the arrow keys would not choose, for JupyterLab takes them to change cells.
    """
    options = list(values.items()) if isinstance(values, dict) else [(f"{v:g}", v) for v in values]
    return ipywidgets.SelectionSlider(
        options=options, value=value, description=description, continuous_update=False,
        style={"description_width": "initial"}, layout={"width": "480px"}, tooltip="drag it, or use the arrow keys",
    )  # fmt: skip
