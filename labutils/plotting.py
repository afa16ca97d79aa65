"""The figures of all labs, in one style: each function takes data and returns the Figure. Used in every notebook.

Colours are Okabe and Ito's (2008), told apart by the colour-blind; lines differ in dash pattern and marker too, so that
a grey print can be read.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LOSS_FLOOR = 1e-16  # curves are cut here: what lies below is zero for every purpose of the labs


def use_style():
    """Set the figure style that all labs share."""
    plt.rcParams.update(
        {
            "figure.figsize": (8, 3.6),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.titlesize": 11,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.7,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "legend.frameon": False,
            "image.cmap": "cividis",
        }
    )


def line_style(index, points):
    """Return the colour, dash pattern and sparse markers of line number `index` with `points` points."""
    index %= len(COLORS)
    every = max(1, points // 8)
    return {
        "color": COLORS[index],
        "linestyle": DASHES[index],
        "marker": MARKERS[index],
        "markevery": (min(index * every // len(COLORS), points - 1), every),
    }


def plot_lines(x, lines, xlabel, ylabel, title=None, logx=False, logy=False, ax=None):
    """Draw several curves over the same x.

    Parameters: x, numbers (n,); lines, a dict from label to numbers (n,); axis labels with units; logx, logy, whether
        an axis is logarithmic; ax, where to draw (None: a new figure).
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
    if len(lines) > 1:
        ax.legend()
    return ax.figure


def plot_loss(runs, problem, steps=None, title=None, ax=None):
    """Draw log L against steps, one line a run.

    Parameters: runs, a dict from label to Trajectory (single runs of equal length); problem, the Regression whose L
        is drawn; steps, how many steps to show (None: all). Values below 1e-16 are cut.
    Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots()
    losses = {label: run.losses(problem)[: None if steps is None else steps + 1] for label, run in runs.items()}
    shown = len(next(iter(losses.values())))
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
        names = [f"$w_{j + 1}$" for j in range(weights.shape[1])]
        plot_lines(np.arange(len(weights)), dict(zip(names, weights.T)), None, None, label, ax=ax)
        ax.get_legend().remove()
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
    for j, alive in enumerate(support.T):
        ax.broken_barh([(k - 0.5, 1) for k in np.flatnonzero(alive)], (j - 0.35, 0.7), color=COLORS[j % len(COLORS)])
    count = support.shape[1]
    ax.set(xlabel="step", xlim=(-0.5, len(support) - 0.5), ylim=(count - 0.5, -0.5), title=title)
    ax.set_yticks(range(count), [f"$w_{j + 1}$" for j in range(count)])
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


def plot_tensor_pair(before, after):
    """Draw two small matrices as labelled grids side by side.

    Parameters: before, after, numbers (rows, columns). Returns: Figure.
    """
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.9))
    limit = float(np.abs(before).max())
    for ax, values, title in zip(axes, (before, after), ("float weights", "quantized weights")):
        ax.imshow(values, vmin=-limit, vmax=limit, cmap="PuOr", alpha=0.6)
        for (row, column), value in np.ndenumerate(np.asarray(values)):
            ax.text(column, row, f"{value:.2f}", ha="center", va="center")
        ax.set(title=title, xticks=[], yticks=[])
        ax.grid(False)
    return figure


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
        ax.set(title=label, xlabel="weight", yticks=[])
        ax.grid(False)
    axes[0, 0].set_ylabel("how many")
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
        for point in points:
            ax.annotate(point[2], point[:2], textcoords="offset points", xytext=(8, -12))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.margins(x=0.12, y=0.15)
    ax.legend()
    return figure
