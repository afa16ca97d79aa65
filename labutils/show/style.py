"""How all figures look, and how they become pictures: the style of every lab.

Colours are Okabe and Ito's (2008), told apart by the colour-blind; lines differ in dash pattern and marker too, so that
a grey print can be read. Labels are plain text: matplotlib's typesetting of formulas takes longer than all the rest of
a figure, and a slider would be slow.
"""

import base64
import io
import math
import sys

import matplotlib
import matplotlib.pyplot as plt
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from . import alternative_text

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LOSS_FLOOR = 1e-32  # curves are cut here: float64 has no digits left for what lies below
FEW_POINTS = 40  # so many points get a marker each
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TICKS = 5  # places between the ends of an axis, at most


def use_style():
    """Set the figure style that all labs share, and in a notebook the way in which figures become images."""
    plt.rcParams.update(
        {
            "figure.figsize": (8, 3.6),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "figure.constrained_layout.w_pad": 0.15,  # inches: room for wider tick labels when a slider moves
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.titlesize": 11,
            "axes.formatter.limits": (-3, 5),
            "axes.titley": 1.0,  # where it would be anyway; looking for a better place costs a fifth of the drawing
            "grid.color": "#dddddd",
            "grid.linewidth": 0.7,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "legend.frameon": False,
            "image.cmap": "cividis",
        }
    )
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        plt.switch_backend(matplotlib.get_backend())  # or its own formatter would replace ours at the first figure
        shell.display_formatter.formatters["image/png"].for_type(Figure, _picture)


def _picture(figure):
    """Return a Figure as a notebook keeps it: base64 text, and the metadata that carry its alternative text."""
    return base64.b64encode(png(figure)).decode(), {"alt": alternative_text.describe(figure)}


def png(figure):
    """Return the Figure as PNG bytes, with a palette of 256 colours unless it shows photographs.

    The palette makes drawings a third of the size, and as quickly; photographs would get blotches.
    """
    canvas = FigureCanvasAgg(figure)  # its own: that of a figure which a cell closes meanwhile is taken away
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    image = image.convert("RGB")
    if not any(shown.get_array().ndim == 3 for ax in figure.axes for shown in ax.images):
        image = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def weight_names(count):
    """Return the names of `count` weights as figures show them: ["w₁", "w₂", ...]."""
    return [f"w{str(j + 1).translate(SUBSCRIPTS)}" for j in range(count)]


def power_of_ten(value, position=None):
    """Return a tick's text on a log axis: 10⁻³ for 0.001, and 0.2 for itself."""
    exponent = round(math.log10(value))
    whole = math.isclose(value, 10.0**exponent)
    return f"10{str(exponent).translate(SUPERSCRIPTS)}" if whole else f"{value:g}"


def few_ticks(axis, count=TICKS):
    """Give an axis ticks at `count` places between its ends at most, powers of ten where it is logarithmic."""
    if axis.get_scale() == "log":
        axis.set_major_locator(ticker.LogLocator(numticks=count))
        axis.set_minor_locator(ticker.NullLocator())
        axis.set_major_formatter(power_of_ten)
    else:
        axis.set_major_locator(ticker.MaxNLocator(count, steps=(1, 2, 5, 10)))


def line_style(index, points):
    """Return the colour, dash pattern and markers of line number `index`: on each of few `points`, else on some."""
    index %= len(COLORS)
    every = 1 if points <= FEW_POINTS else points // 8
    return {
        "color": COLORS[index],
        "linestyle": DASHES[index],
        "marker": MARKERS[index],
        "fillstyle": "none" if index % 2 else "full",  # so that two lines in one place are seen to be two
        "markevery": (index * every // len(COLORS), every),
    }


def point_style(index):
    """Return the colour and marker of group number `index` of points that no line joins."""
    return {"color": COLORS[index % len(COLORS)], "marker": MARKERS[index % len(MARKERS)], "linestyle": "none"}
