"""The figures of all labs, in one style: each function takes data and returns the Figure. Used in every notebook.

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
import numpy as np
from matplotlib import ticker
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LOSS_FLOOR = 1e-16  # curves are cut here: what lies below is zero for every purpose of the labs
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
    return base64.b64encode(png(figure)).decode(), {"alt": describe(figure)}


def png(figure):
    """Return the Figure as PNG bytes, with a palette of 256 colours unless it shows photographs.

    The palette makes drawings a third of the size, and as quickly; photographs would get blotches.
    """
    figure.canvas.draw()
    image = Image.frombuffer("RGBA", figure.canvas.get_width_height(), figure.canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    image = image.convert("RGB")
    if not any(shown.get_array().ndim == 3 for ax in figure.axes for shown in ax.images):
        image = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def describe(figure):
    """Return what the Figure shows in one line, for who cannot see it: each panel's title, axes, lines and labels."""
    panels = [ax for ax in figure.axes if ax.get_visible()]
    parts = [f"{len(panels)} panels"] if len(panels) > 1 else []
    for ax in panels:
        axes = " against ".join(label for label in (ax.get_ylabel(), ax.get_xlabel()) if label)
        shown = ", ".join(map(_course, *ax.get_legend_handles_labels()))
        texts = ", ".join(text.get_text() for text in ax.texts if not ax.containers)  # the labels of bars say more
        parts.append(": ".join(text.replace("\n", " ") for text in (ax.get_title(), axes, shown, texts) if text))
    return ". ".join(part for part in (figure.get_suptitle(), *parts) if part) + "."


def _course(artist, label):
    """Return a line's label with its first and last value, or with how many points it has where none are joined."""
    y = artist.get_ydata() if isinstance(artist, Line2D) else ()
    if len(y) < 2:
        return label
    if artist.get_linestyle() == "None":
        return f"{label} ({len(y)} points)"
    first, last = (f"{value:.2g}" if abs(value) > LOSS_FLOOR else "0" for value in (y[0], y[-1]))
    return f"{label} {first} to {last}"


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
    """Return the colour, dash pattern and sparse markers of line number `index` with `points` points."""
    index %= len(COLORS)
    every = max(1, points // 8)
    return {
        "color": COLORS[index],
        "linestyle": DASHES[index],
        "marker": MARKERS[index],
        "fillstyle": "none" if index % 2 else "full",  # so that two lines in one place are seen to be two
        "markevery": (min(index * every // len(COLORS), points - 1), every),
    }


def plot_lines(x, lines, xlabel, ylabel, title=None, logx=False, logy=False, ax=None, legend=True):
    """Draw several curves over the same x.

    Parameters: x, numbers (n,); lines, a dict from label to numbers (n,); axis labels with units; logx, logy, whether
        an axis is logarithmic; ax, where to draw (None: a new figure); legend, whether several lines get one.
    Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots()
    for index, (label, y) in enumerate(lines.items()):
        ax.plot(x, y, label=label, **line_style(index, len(x)))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    few_ticks(ax.xaxis)
    few_ticks(ax.yaxis)
    if legend and len(lines) > 1:
        ax.legend()
    return ax.figure


def plot_loss(runs, problem, steps=None, title=None, ax=None):
    """Draw log L against steps, one line a run.

    Parameters: runs, a dict from label to Trajectory (single runs of equal length); problem, the Regression whose L
        is drawn; steps, how many steps to show (None: all); title (None: how many data points the problem has).
        Values below 1e-16 are cut.
    Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots()
    losses = {label: run.losses(problem)[: None if steps is None else steps + 1] for label, run in runs.items()}
    shown = len(next(iter(losses.values())))
    title = f"{len(problem.y)} data points" if title is None else title
    figure = plot_lines(np.arange(shown), losses, "step", "loss L (log scale)", title, logy=True, ax=ax)
    if min(values.min() for values in losses.values()) < LOSS_FLOOR:
        ax.set_ylim(bottom=LOSS_FLOOR)
    return figure


def plot_weights(runs, steps=None, columns=None):
    """Draw every element of W against steps, one panel a run.

    Parameters: runs, a dict from label to Trajectory (a single run each); steps, how many steps to show (None: all);
        columns, panels in a row (None: up to two). Returns: Figure.
    """
    columns = columns or min(2, len(runs))
    rows = math.ceil(len(runs) / columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(8, 3.6 if rows == 1 else 2.7 * rows), sharex=True, sharey=True, squeeze=False
    )
    for ax in axes.flat[len(runs) :]:
        ax.set_visible(False)
    for ax, (label, run) in zip(axes.flat, runs.items()):
        weights = run.weights[: None if steps is None else steps + 1]
        lines = dict(zip(weight_names(weights.shape[1]), weights.T))
        plot_lines(np.arange(len(weights)), lines, None, None, label, ax=ax, legend=False)
    for ax in axes[-1]:
        ax.set_xlabel("step")
    for ax in axes[:, 0]:
        ax.set_ylabel("weight")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def plot_support(run, steps=None, title=None, ax=None):
    """Draw which weights are not exactly zero at each step: one row a weight, a bar while it is not zero.

    Parameters: run, a Trajectory (a single run); steps, how many steps to show (None: all); ax, where to draw (None: a
        new figure). Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots()
    support = run.weights[: None if steps is None else steps + 1] != 0
    names = weight_names(support.shape[1])
    for j, (name, alive) in enumerate(zip(names, support.T)):
        bars, label = [(k - 0.5, 1) for k in np.flatnonzero(alive)], f"{name} at {alive.sum()} of {len(alive)} steps"
        ax.broken_barh(bars, (j - 0.35, 0.7), color=COLORS[j % len(COLORS)], label=label)
    ax.set(xlabel="step", ylabel="not zero", title=title)
    ax.set(xlim=(-0.5, len(support) - 0.5), ylim=(len(names) - 0.5, -0.5))
    ax.set_yticks(range(len(names)), names)
    ax.grid(False)
    return ax.figure


def plot_quantizer(quantize, bits, low=-1.0, high=1.0):
    """Draw a quantizer as a staircase beside the identity, and its error below.

    Parameters: quantize, a function from numbers (n,) and a number of bits to numbers (n,); bits, a list of numbers of
        bits, one column each; low, high, the range of weights drawn. Returns: Figure.
    """
    w = np.linspace(low, high, 801)
    layout = {"sharex": True, "sharey": "row", "height_ratios": (2, 1), "squeeze": False}
    figure, axes = plt.subplots(2, len(bits), figsize=(8, 4.4), **layout)
    for (top, bottom), b in zip(axes.T, bits):
        rounded = np.asarray(quantize(w, b))
        top.plot(w, w, color="#888888", linestyle=":", label="float")
        top.plot(w, rounded, color=COLORS[0], label="quantized")
        bottom.plot(w, rounded - w, color=COLORS[1])
        top.set_title(f"{b} bits: {len(np.unique(rounded.round(6)))} levels")
        bottom.set_xlabel("float weight")
    axes[0, 0].set_ylabel("quantized weight")
    axes[1, 0].set_ylabel("error")
    axes[0, 0].legend()
    return figure


def plot_matrices(matrices, figsize=(8, 3)):
    """Draw small matrices as labelled grids side by side; an exact zero is written 0 on white.

    Parameters: matrices, a dict from title to numbers (rows, columns); figsize, in inches. Returns: Figure.
    """
    figure, axes = plt.subplots(1, len(matrices), figsize=figsize, squeeze=False)
    limit = max(float(np.abs(values).max()) for values in matrices.values())
    for ax, (title, values) in zip(axes[0], matrices.items()):
        ax.imshow(np.ma.masked_equal(values, 0), vmin=-limit, vmax=limit, cmap="PuOr", alpha=0.6)
        for (row, column), value in np.ndenumerate(np.asarray(values)):
            ax.text(column, row, "0" if value == 0 else f"{value:.2f}", ha="center", va="center")
        ax.set(title=title, xticks=[], yticks=[], frame_on=False)
        ax.grid(False)
    return figure


def plot_tensor_pair(before, after):
    """Draw two small matrices side by side as labelled grids.

    Parameters: before, after, the float and the quantized weights, (rows, columns) each. Returns: Figure.
    """
    return plot_matrices({"float weights": before, "quantized weights": after}, figsize=(7, 2.9))


def plot_histograms(weights, levels=None):
    """Draw a histogram of each array of weights, its quantization levels as vertical lines.

    Parameters: weights, a dict from label to numbers of any shape; levels, a dict from label to numbers (k,), or None.
    Returns: Figure.
    """
    figure, axes = plt.subplots(1, len(weights), figsize=(9, 2.8), squeeze=False)
    for ax, (label, values) in zip(axes[0], weights.items()):
        ax.hist(np.ravel(values), bins=80, color=COLORS[5])
        for level in () if levels is None else levels[label]:
            ax.axvline(level, color=COLORS[1], linewidth=1.2)
        ax.set(title=label, xlabel="weight")
        ax.grid(False)
        few_ticks(ax.xaxis)
        few_ticks(ax.yaxis)
    axes[0, 0].set_ylabel("how many weights")
    return figure


def plot_images(images, labels, classes, title=None, each=6):
    """Draw a contact sheet: a row for each class with its first images.

    Parameters: images uint8 (n, height, width, 3); labels, integers (n,) that index `classes`; each, images a row.
    Returns: the Figure. Raises: ValueError where a class has fewer images than that.
    """
    fewest = np.bincount(labels, minlength=len(classes)).min()
    if fewest < each:
        raise ValueError(
            f"each: expected at most {fewest} images a class, found {each}; show fewer or pass more images"
        )
    half = (len(classes) + 1) // 2
    figure, axes = plt.subplots(half, 2, figsize=(9, 0.72 * half), squeeze=False)
    for label, name in enumerate(classes):
        ax = axes[label % half, label // half]
        ax.imshow(np.concatenate(images[np.flatnonzero(labels == label)[:each]], axis=1), interpolation="nearest")
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
        ax.set(xticks=[], yticks=[], frame_on=False)
        ax.grid(False)
    for ax in axes.flat[len(classes) :]:
        ax.remove()
    figure.suptitle(title)
    return figure


def plot_tradeoff(groups, xlabel, ylabel, title=None):
    """Draw labelled points, one colour and marker a group.

    Parameters: groups, a dict from group label to a list of (x, y, label), of which the first is joined by a line;
        axis labels with units. Returns: Figure.
    """
    figure, ax = plt.subplots(figsize=(8, 4.2))
    for index, (group, points) in enumerate(groups.items()):
        x, y, labels = zip(*points)
        line = DASHES[index] if index == 0 else "none"
        ax.plot(x, y, color=COLORS[index], linestyle=line, marker=MARKERS[index], markersize=8, label=group)
        # Below the line to the right where it rises, above it to the left: no label lies on the line or on another's.
        place = {"xytext": (8, -12)} if index == 0 else {"xytext": (-8, 6), "ha": "right"}
        for point in points:
            ax.annotate(point[2], point[:2], textcoords="offset points", **place)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.margins(x=0.12, y=0.15)
    ax.legend()
    return figure


def plot_schemes(schemes, front, title=None, ax=None):
    """Draw accuracy against average precision for many combinations of bits, one marker for each number in stage 1.

    Parameters: schemes, a dict from bits (b1, b2, b3) to (average bits, size, accuracy); front, the bits that are
        joined by a line; ax, where to draw (None: a new figure). Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 4.2))
    for index, first in enumerate(sorted({bits[0] for bits in schemes})):
        points = [(average, accuracy) for bits, (average, _, accuracy) in schemes.items() if bits[0] == first]
        style = {"color": COLORS[index % len(COLORS)], "marker": MARKERS[index % len(MARKERS)], "linestyle": "none"}
        ax.plot(*zip(*points), label=f"{first} bits in stage 1", **style)
    line = [(schemes[bits][0], schemes[bits][2]) for bits in front]
    ax.plot(*zip(*line), color="black", linewidth=1.2, label="the front")
    ax.set(xlabel="average precision (bits a weight)", ylabel="test accuracy", title=title)
    few_ticks(ax.xaxis)
    few_ticks(ax.yaxis)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax.figure
