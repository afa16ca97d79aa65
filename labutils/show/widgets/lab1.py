"""The figures and widgets of notebooks 01 to 05: one run of each method, at settings to play with."""

import numpy as np

from ...linear import descent
from ...linear.regression import THREE_POINTS, Regression, lasso_three_points
from .. import plotting, style
from ..tables import loss_text, support_text
from .controls import explore, log_stops, slider, subplots


def loss_and_weights(run, problem, title):
    """Draw L on the left and every weight on the right; return the Figure, for a caller to add to."""
    figure, (left, right) = subplots(1, 2, figsize=(9, 3.4))
    plotting.plot_loss({"L": run}, problem, title=title, ax=left)
    lines = dict(zip(style.weight_names(run.weights.shape[1]), run.weights.T))
    plotting.plot_lines(np.arange(len(run.weights)), lines, "step", "weight", "weights", ax=right)
    right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def learning_rate_figure(learning_rate):
    """Draw L and W over 60 steps of gradient descent on the three points, for rates up to and past the edge."""
    run = descent.descend(lambda w: w - learning_rate * THREE_POINTS.gradient(w), np.zeros(5), 60)
    return loss_and_weights(run, THREE_POINTS, f"learning rate {learning_rate:g}")


def learning_rate():
    """Return the widget of notebooks/01: the learning rate, from too slow to divergent."""
    rates = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.038, 0.05, 0.06, 0.07, 0.074, 0.076, 0.077, 0.08, 0.09)
    return explore(learning_rate_figure, learning_rate=slider(rates, 0.07, "learning rate"))


def pruning_figure(keep, points):
    """Draw L and W over 100 steps of iterative pruning on the first one, two or three data points."""
    problem = Regression(THREE_POINTS.X[:points], THREE_POINTS.y[:points])
    run = descent.iterative_pruning(problem, keep, steps=100)
    plural = "s" if points > 1 else ""
    return loss_and_weights(run, problem, f"k = {keep}, {points} data point{plural}")


def pruning():
    """Return the widget of notebooks/02: how many weights to keep, and from how many data points."""
    return explore(pruning_figure, keep=slider(range(1, 6), 3, "k"), points=slider((1, 2, 3), 3, "data points"))


def draw_runs(runs, penalty, axes):
    """Draw every weight of each run at lambda = `penalty` into its axes, and dotted the closed-form solution."""
    for (name, run), ax in zip(runs.items(), axes):
        lines = dict(zip(style.weight_names(run.weights.shape[1]), run.weights.T))
        loss, zeros = loss_text(THREE_POINTS.loss(run.final)), int((run.final == 0).sum())
        title = f"{name}: L {loss}, {zeros} exact zeros"
        plotting.plot_lines(np.arange(len(run.weights)), lines, None, None, title, ax=ax, legend=False)
        for value in np.unique(lasso_three_points(penalty)):
            ax.axhline(value, color="black", linestyle=":", linewidth=1)
    axes[0].set_ylabel("weight")
    names = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*names, title=f"lambda = {penalty:g}", loc="outside right center")


def l1_figure(penalty):
    """Draw W over 400 steps with an L1 penalty, by subgradient (left) and proximal steps (right).

    Dotted: the closed-form solution.
    """
    runs = {
        "subgradient": descent.l1_subgradient(THREE_POINTS, penalty, steps=400),
        "proximal (next lab)": descent.proximal_gradient(THREE_POINTS, 0.02 * penalty, steps=400),
    }
    figure, axes = subplots(1, 2, figsize=(9, 3.4), sharey=True)
    draw_runs(runs, penalty, axes)
    for ax in axes:
        ax.set_xlabel("step")
    return figure


def l1():
    """Return the widget of notebooks/03: the strength of the L1 penalty."""
    return explore(l1_figure, penalty=slider(log_stops(0.05, 12.5), 1, "lambda"))


def proximal_figure(penalty):
    """Draw W by subgradient (left) and proximal steps (right), 200 each, and below the last 50 close to zero.

    Dotted: the closed-form solution. The lower panels show the weights in units of the threshold.
    """
    threshold = 0.02 * penalty
    runs = {
        "subgradient": descent.l1_subgradient(THREE_POINTS, penalty),
        "proximal": descent.proximal_gradient(THREE_POINTS, threshold),
    }
    figure, axes = subplots(2, 2, figsize=(9, 4.4), sharey="row")
    draw_runs(runs, penalty, axes[0])
    for run, ax in zip(runs.values(), axes[1]):
        last = dict(zip(style.weight_names(5), run.weights[-50:].T / threshold))
        plotting.plot_lines(np.arange(151, 201), last, "step", None, ax=ax, legend=False)
    axes[1, 0].set(ylabel="weight / threshold", ylim=(-3, 3))
    return figure


def proximal():
    """Return the widget of notebooks/04: the L1 penalty, by subgradient and by proximal steps."""
    return explore(proximal_figure, penalty=slider(log_stops(0.05, 32), 2, "lambda"))


def trimmed_figure(penalty, keep):
    """Draw W over 100 steps of trimmed L1 on the three points, and which weights are not zero at each step."""
    run = descent.trimmed_proximal_gradient(THREE_POINTS, 0.02 * penalty, keep, steps=100)
    steps = np.arange(len(run.weights))
    figure, (left, right) = subplots(1, 2, figsize=(9, 3.4))
    lines = dict(zip(style.weight_names(5), run.weights.T))
    title = f"lambda {penalty:g}, L {loss_text(THREE_POINTS.loss(run.final))}"
    plotting.plot_lines(steps, lines, "step", "weight", title, ax=left, legend=False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
    plotting.plot_support(run, title=f"keep {keep}: ends at {support_text(run.final)}", ax=right)
    return figure


def trimmed():
    """Return the widget of notebooks/05: the trimmed penalty and how many weights it spares."""
    return explore(trimmed_figure, penalty=slider(log_stops(0.2, 50), 0.5, "lambda"), keep=slider(range(6), 2, "keep"))
