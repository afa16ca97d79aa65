"""Makes a widget of a function from settings to a Figure: labelled controls, and an image that they redraw.

What the boxes beside the sliders say is what the figure shows, also while a slider is dragged: both change together.
"""

import contextlib
import gc
import html
import threading

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.figure import Figure

from .. import alternative_text, style

PREFERRED = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)  # even steps on a log scale, ten to a decade (Renard's R10)
# What a screen reader says when the figure has changed; nobody sees it.
SPOKEN = '<span role="alert" style="position: absolute; width: 1px; height: 1px; overflow: hidden">{}</span>'
WIDGET = "application/vnd.jupyter.widget-view+json"
# Stands in place of a widget without a kernel, where JupyterLab would say that it lacks a model, and after a restart,
# where it would leave controls behind that move and do nothing.
RUN = """<p class="labs-play">Run this cell to play.</p><style>
.jp-OutputArea:has(.widget-image):not(:has(.jupyter-widgets-disconnected)) .labs-play,
.jp-OutputArea-child:has(.labs-play) ~ .jp-OutputArea-child:has(.jupyter-widgets-disconnected),
.jp-OutputArea-child:has(.labs-play) ~ .jp-OutputArea-child:not(:has(.widget-image)) { display: none }
</style>"""
_redraw = threading.local()


def subplots(*shape, figsize, **layout):
    """Return (Figure, its axes) as plt.subplots does, but unknown to pyplot within a redraw.

    JupyterLab redraws in a thread of its own: a cell that runs meanwhile would show the figure as its own and close it.
    """
    if not getattr(_redraw, "running", False):
        return plt.subplots(*shape, figsize=figsize, **layout)
    figure = Figure(figsize)
    return figure, figure.subplots(*shape, **layout)


class Slider(ipywidgets.HBox, ipywidgets.ValueWidget):
    """A labelled slider over given values, and a box that says which one is shown and takes a typed one.

    Parameters: options, [(label, value), ...]; value, the first; description, the label.
    """

    def __init__(self, options, value, description):
        self.handle = ipywidgets.SelectionSlider(
            options=options, value=value, description=description, readout=False,
            style={"description_width": "initial"}, tooltip="drag it, or use the arrow keys",
            layout={"flex": "1 1 auto", "width": "auto", "min_width": "0"},
        )  # fmt: skip
        self.box = ipywidgets.Text(
            continuous_update=False, tooltip=f"{description}: type a value, then press Enter",
            layout={"flex": "0 1 110px", "min_width": "40px"},
        )  # fmt: skip
        super().__init__([self.handle, self.box], layout={"max_width": "590px", "overflow": "hidden"})
        self.options, self.value = options, value
        ipywidgets.link((self.handle, "value"), (self, "value"))
        self.say()
        self.box.observe(self.take, "value")

    def say(self):
        """Let the box say what the slider is at."""
        self.box.value = self.options[self.handle.index][0]  # its label is empty until it has moved

    def take(self, change):
        """Go to what was typed, or to the value that is nearest to it; if it is neither, stay."""
        found = nearest(self.options, change["new"].strip().casefold())
        self.value = self.value if found is None else found
        self.say()


def nearest(options, typed):
    """Return the value whose label was typed, the nearest to a typed number, or one whose label has that in it."""
    labels = {label.casefold(): value for label, value in options}
    if typed in labels:
        return labels[typed]
    with contextlib.suppress(ValueError):  # no number, or labels that are none
        return labels[min(labels, key=lambda label: abs(float(label) - float(typed.replace(",", "."))))]
    return next((value for label, value in labels.items() if typed and typed in label), None)


class Play(ipywidgets.VBox):
    """A widget that leaves a line behind, which says what to do where there is no kernel."""

    def _ipython_display_(self):
        display(HTML(RUN))
        display({"text/plain": "", WIDGET: self._repr_mimebundle_()[WIDGET]}, raw=True)


def explore(draw, **controls):
    """Return a widget that redraws `draw(**values)` whenever a control changes.

    Parameters: draw, a function from the controls' values to a Figure with as many axes each time; controls, what
        `slider` makes, named like draw's parameters. The figure is an image that is replaced in place, so nothing
        flickers and no output is captured; its axes stay where the first figure had them, so nothing jumps. What it
        shows is said in words, too, for who listens.
    Raises: whatever `draw` raises at the controls' first values.
    """
    image = ipywidgets.Image(format="png", layout={"max_width": "100%", "height": "auto", "object_fit": "contain"})
    words = ipywidgets.HTML(layout={"height": "0", "margin": "0", "overflow": "hidden"})
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
        for control in controls.values():
            control.say()
        words.value = SPOKEN.format(html.escape(alternative_text.describe(figure)))
        places[:] = [ax.get_position() for ax in figure.axes]

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    return Play([*controls.values(), image, words], layout={"overflow": "hidden"})


def log_stops(low, high):
    """Return the preferred numbers from `low` to `high`, evenly spaced on a log scale: 0.1, 0.125, 0.16, 0.2, ..."""
    numbers = [float(f"{digit}e{power}") for power in range(-4, 4) for digit in PREFERRED]
    return [number for number in numbers if low <= number <= high]


def slider(values, value, description):
    """Return a `Slider` over the given values, or {label: value}.

    All choices are sliders: in a drop-down the arrow keys would not choose, for JupyterLab takes them to change cells.
    """
    options = list(values.items()) if isinstance(values, dict) else [(f"{v:g}", v) for v in values]
    return Slider(options, value, description)
