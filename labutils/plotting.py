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
LOSS_FLOOR = 1e-16  # below it a float64 loss is rounding error


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
        is drawn; steps, how many steps to show (None: all). Values below 1e-16 are rounding error and are cut.
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
    """Draw every element of W against steps, one panel a run, the final value of each written at its end.

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
