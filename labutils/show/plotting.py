"""The figures of all labs: each function takes data and returns the Figure. Used in every notebook."""

import math

import matplotlib.pyplot as plt
import numpy as np

from .style import COLORS, DASHES, LOSS_FLOOR, MARKERS, few_ticks, line_style, point_style, weight_names
from .style import use_style as use_style  # so that notebooks find it beside the figures


def plot_lines(x, lines, xlabel, ylabel, title=None, log="", ax=None, legend=True):
    """Draw several curves over the same x.

    Parameters: x, numbers (n,); lines, a dict from label to numbers (n,); axis labels with units; log, which of
        the axes "xy" are logarithmic; ax, where to draw (None: a new figure); legend, whether several lines get one.
    Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots()
    for index, (label, y) in enumerate(lines.items()):
        ax.plot(x, y, label=label, **line_style(index, len(x)))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    for axis in log:
        getattr(ax, f"set_{axis}scale")("log")
    few_ticks(ax.xaxis)
    few_ticks(ax.yaxis)
    if legend and len(lines) > 1:
        ax.legend()
    return ax.figure


def add_points(figure, groups):
    """Add points to the first axes of a figure of `plot_lines`, one colour and marker a group, the largest group small.

    Parameters: figure; groups, a dict from label to (x, y), numbers (n,) each. Returns: the figure.
    """
    ax = figure.axes[0]
    most = max(len(x) for x, _ in groups.values())
    for index, (label, (x, y)) in enumerate(groups.items(), len(ax.lines)):
        ax.plot(x, y, label=label, markersize=3 if len(x) == most else 8, **point_style(index))
    ax.legend()
    return figure


def plot_loss(runs, problem, steps=None, title=None, ax=None):
    """Draw log L against steps, one line a run.

    Parameters: runs, a dict from label to Trajectory (single runs of equal length); problem, the Regression whose L
        is drawn; steps, how many steps to show (None: all); title (None: how many data points the problem has).
        Values below 1e-32 are cut.
    Returns: Figure.
    """
    if ax is None:
        _, ax = plt.subplots()
    losses = {label: run.losses(problem)[: None if steps is None else steps + 1] for label, run in runs.items()}
    shown = len(next(iter(losses.values())))
    title = f"{len(problem.y)} data points" if title is None else title
    figure = plot_lines(np.arange(shown), losses, "step", "loss L (log scale)", title, log="y", ax=ax)
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
    for first in sorted({bits[0] for bits in schemes}):
        points = [(average, accuracy) for bits, (average, _, accuracy) in schemes.items() if bits[0] == first]
        ax.plot(*zip(*points), label=f"{first} bits in stage 1", **point_style(first - 2))  # the same in all figures
    line = [(schemes[bits][0], schemes[bits][2]) for bits in front]
    ax.plot(*zip(*line), color="black", linewidth=1.2, label="the front")
    ax.set(xlabel="average precision (bits a weight)", ylabel="test accuracy", title=title)
    few_ticks(ax.xaxis)
    few_ticks(ax.yaxis)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax.figure
