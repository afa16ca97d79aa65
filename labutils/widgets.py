"""The things to play with: a slider redraws a figure. Each widget is a plain function from settings to a Figure, shown
by `explore`."""

import io

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from . import descent, plotting
from .regression import THREE_POINTS, Regression, lasso_three_points
from .tables import loss_text, support_text


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


def loss_and_weights(run, problem, title):
    """Draw L on the left and every weight on the right; return the Figure, for a caller to add to."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    plotting.plot_loss({"L": run}, problem, title=title, ax=left)
    steps = np.arange(len(run.weights))
    names = [f"$w_{j + 1}$" for j in range(run.weights.shape[1])]
    plotting.plot_lines(steps, dict(zip(names, run.weights.T)), "step", "weight", "weights", ax=right)
    right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def learning_rate_figure(learning_rate):
    """Draw L and W over 60 steps of gradient descent on the three points, for rates up to and past the edge."""
    run = descent.descend(lambda w: w - learning_rate * THREE_POINTS.gradient(w), np.zeros(5), 60)
    return loss_and_weights(run, THREE_POINTS, f"learning rate {learning_rate:g}")


def learning_rate():
    """Return the widget of notebooks/01: the learning rate, from too slow to divergent."""
    rates = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.038, 0.05, 0.06, 0.07, 0.074, 0.076, 0.077, 0.08, 0.09)
    return explore(learning_rate_figure, learning_rate=slider(rates, 0.02, "learning rate"))


def pruning_figure(keep, points):
    """Draw L and W over 100 steps of iterative pruning on the first one, two or three data points."""
    problem = Regression(THREE_POINTS.X[:points], THREE_POINTS.y[:points])
    run = descent.iterative_pruning(problem, keep, steps=100)
    plural = "s" if points > 1 else ""
    return loss_and_weights(run, problem, f"k = {keep}, {points} data point{plural}")


def pruning():
    """Return the widget of notebooks/02: how many weights to keep, and from how many data points."""
    return explore(pruning_figure, keep=slider(range(1, 6), 2, "k"), points=slider((1, 2, 3), 3, "data points"))


def l1_figure(penalty):
    """Draw L and W over 400 subgradient steps with an L1 penalty, and dotted the closed-form solution."""
    run = descent.l1_subgradient(THREE_POINTS, penalty, steps=400)
    exact = lasso_three_points(penalty)
    figure = loss_and_weights(run, THREE_POINTS, f"lambda = {penalty:g}; dotted: the exact solution")
    left, right = figure.axes
    left.axhline(THREE_POINTS.loss(exact), color="black", linestyle=":", linewidth=1)
    for value in sorted(set(exact.tolist())):
        right.axhline(value, color="black", linestyle=":", linewidth=1)
    return figure


def l1():
    """Return the widget of notebooks/03: the strength of the L1 penalty."""
    penalties = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 12)
    return explore(l1_figure, penalty=slider(penalties, 1, "lambda"))


def proximal_figure(penalty):
    """Draw W by subgradient (left) and proximal steps (right), 200 each, and below the last 50 close to zero.

    Dotted: the closed-form solution. The lower panels are three thresholds high on either side of zero.
    """
    runs = {
        "subgradient": descent.l1_subgradient(THREE_POINTS, penalty),
        "proximal": descent.proximal_gradient(THREE_POINTS, 0.02 * penalty),
    }
    exact = lasso_three_points(penalty)
    figure, axes = plt.subplots(2, 2, figsize=(8, 4.2), sharey="row")
    for (name, run), (above, below) in zip(runs.items(), axes.T):
        names, steps = [f"$w_{j + 1}$" for j in range(5)], np.arange(len(run.weights))
        title = f"{name}, lambda {penalty:g}: {int((run.final == 0).sum())} exact zeros"
        plotting.plot_lines(steps, dict(zip(names, run.weights.T)), None, None, title, ax=above)
        last = dict(zip(names, run.weights[-50:].T))
        plotting.plot_lines(steps[-50:], last, "step", None, ax=below)
        for value in sorted(set(exact.tolist())):
            above.axhline(value, color="black", linestyle=":", linewidth=1)
        above.get_legend().remove()
        below.get_legend().remove()
    axes[0, 0].set_ylabel("weight")
    axes[1, 0].set(ylabel="close to zero", ylim=(-0.06 * penalty, 0.06 * penalty))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center")
    return figure


def proximal():
    """Return the widget of notebooks/04: the L1 penalty, by subgradient and by proximal steps."""
    penalties = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 11, 13, 20, 30)
    return explore(proximal_figure, penalty=slider(penalties, 2, "lambda"))


def trimmed_figure(penalty, keep):
    """Draw W over 100 steps of trimmed L1 on the three points, and which weights are not zero at each step."""
    run = descent.trimmed_proximal_gradient(THREE_POINTS, 0.02 * penalty, keep, steps=100)
    steps = np.arange(len(run.weights))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    lines = {f"$w_{j + 1}$": values for j, values in enumerate(run.weights.T)}
    title = f"lambda {penalty:g}, L {loss_text(THREE_POINTS.loss(run.final))}"
    plotting.plot_lines(steps, lines, "step", "weight", title, ax=left)
    left.get_legend().remove()  # the bars on the right name the colours
    plotting.plot_support(run, title=f"keep {keep}: ends at {support_text(run.final)}", ax=right)
    return figure


def trimmed():
    """Return the widget of notebooks/05: the trimmed penalty and how many weights it spares."""
    penalties = (0.2, 0.5, 0.7, 0.8, 1, 2, 3, 5, 7, 10, 12, 15, 20, 50)
    return explore(trimmed_figure, penalty=slider(penalties, 1, "lambda"), keep=slider(range(6), 2, "keep"))


def quantizer_figure(weights, bits):
    """Draw a layer's histogram with its quantization levels, and say how far the weights move on average.

    Parameters: weights, a torch tensor of any shape; bits, 1 to 16.
    """
    from .quantize import linear_quantize

    rounded = linear_quantize(weights, bits)
    levels = rounded.unique()
    relative = float((rounded - weights).square().mean().sqrt() / weights.std())
    label = f"{bits} bits, {len(levels)} levels in use; typical error {relative:.2f} of the weights' standard deviation"
    return plotting.plot_histograms({label: weights.numpy()}, {label: levels.tolist()})


def quantizer(layers):
    """Return the widget of notebooks/06: which layer, how many bits. `layers` is a dict from label to tensor."""

    def draw(layer, bits):
        return quantizer_figure(layers[layer], bits)

    names = list(layers)
    layer = ipywidgets.Dropdown(options=names, value=names[0], description="layer")
    return explore(draw, layer=layer, bits=slider(range(1, 9), 2, "bits"))


def stage_bits_figure(bits):
    """Draw what each part of ResNet-20 adds to the average precision at `bits`, three entries from 0 to 16."""
    from .quantize import average_precision, quant_layers, size_in_kb
    from .resnet import ResNet20, stage_layers

    model = ResNet20(bits)
    total = sum(layer.weight.numel() for _, layer in quant_layers(model))
    shares = [sum(layer.weight.numel() * layer.bits for layer in stage_layers(model, s)) / total for s in range(3)]
    shares = [average_precision(model) - sum(shares), *shares]
    labels = ["first and last layer (32 bits)", *(f"stage {s + 1} ({b} bits)" for s, b in enumerate(bits))]
    figure, ax = plt.subplots(figsize=(8, 2.6))
    bars = ax.barh(labels, shares, color=plotting.COLORS[0])
    ax.bar_label(bars, fmt="%.3f", padding=4)
    ax.invert_yaxis()
    ax.set(xlim=(0, 5), xlabel="bits a weight that this part adds to the average")
    ax.set_title(f"average precision {average_precision(model):.4f} bits a weight, {size_in_kb(model):.1f} kB")
    return figure


def stage_bits():
    """Return the widget of notebooks/07: bits for each stage, and what they add to the average precision."""

    def draw(stage_1, stage_2, stage_3):
        return stage_bits_figure((stage_1, stage_2, stage_3))

    start = {"stage_1": 4, "stage_2": 4, "stage_3": 2}
    return explore(draw, **{name: slider(range(2, 7), bits, name.replace("_", " ")) for name, bits in start.items()})
