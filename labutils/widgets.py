"""The things to play with: a slider redraws a figure. Each widget is a plain function from settings to a Figure, shown
by `explore`."""

import html

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from . import descent, plotting
from .grid import front
from .regression import THREE_POINTS, Regression, lasso_three_points
from .tables import loss_text, support_text

PREFERRED = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)  # even steps on a log scale, ten to a decade (Renard's R10)
# What a screen reader says when the figure has changed; nobody sees it.
SPOKEN = '<span role="alert" style="position: absolute; clip-path: inset(50%); white-space: nowrap">{}</span>'


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
        figure = draw(**{name: control.value for name, control in controls.items()})
        if places:
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, places, strict=True):
                ax.set_position(place)
        image.value = plotting.png(figure)
        words.value = SPOKEN.format(html.escape(plotting.describe(figure)))
        places[:] = [ax.get_position() for ax in figure.axes]
        plt.close(figure)

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls.values(), image, words])


def log_stops(low, high):
    """Return the preferred numbers from `low` to `high`, evenly spaced on a log scale: 0.1, 0.125, 0.16, 0.2, ..."""
    numbers = [float(f"{digit}e{power}") for power in range(-4, 4) for digit in PREFERRED]
    return [number for number in numbers if low <= number <= high]


def slider(values, value, description):
    """Return a labelled slider over the given values that acts when it is let go."""
    return ipywidgets.SelectionSlider(
        options=[(f"{v:g}", v) for v in values], value=value, description=description, continuous_update=False,
        style={"description_width": "initial"}, layout={"width": "480px"}, tooltip="drag it, or use the arrow keys",
    )  # fmt: skip


def loss_and_weights(run, problem, title):
    """Draw L on the left and every weight on the right; return the Figure, for a caller to add to."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    plotting.plot_loss({"L": run}, problem, title=title, ax=left)
    lines = dict(zip(plotting.weight_names(run.weights.shape[1]), run.weights.T))
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


def draw_runs(runs, penalty, axes):
    """Draw every weight of each run at lambda = `penalty` into its axes, and dotted the closed-form solution."""
    for (name, run), ax in zip(runs.items(), axes):
        lines = dict(zip(plotting.weight_names(run.weights.shape[1]), run.weights.T))
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
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
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
    figure, axes = plt.subplots(2, 2, figsize=(9, 4.4), sharey="row")
    draw_runs(runs, penalty, axes[0])
    for run, ax in zip(runs.values(), axes[1]):
        last = dict(zip(plotting.weight_names(5), run.weights[-50:].T / threshold))
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
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    lines = dict(zip(plotting.weight_names(5), run.weights.T))
    title = f"lambda {penalty:g}, L {loss_text(THREE_POINTS.loss(run.final))}"
    plotting.plot_lines(steps, lines, "step", "weight", title, ax=left, legend=False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
    plotting.plot_support(run, title=f"keep {keep}: ends at {support_text(run.final)}", ax=right)
    return figure


def trimmed():
    """Return the widget of notebooks/05: the trimmed penalty and how many weights it spares."""
    return explore(trimmed_figure, penalty=slider(log_stops(0.2, 50), 1, "lambda"), keep=slider(range(6), 2, "keep"))


def quantizer_figure(weights, bits, left_out=0.0):
    """Draw a layer's histogram with its levels, the quantizer as a staircase, and its error, over one axis.

    Parameters: weights, a torch tensor of any shape; bits, 1 to 16; left_out, the share of outermost weights that the
        levels need not reach: they move to the nearest level.
    """
    import torch

    from .quantize import linear_quantize

    low, high = torch.quantile(weights.flatten(), torch.tensor([left_out / 2, 1 - left_out / 2])).tolist()
    rounded = linear_quantize(weights.clamp(low, high), bits)
    levels = rounded.unique().numpy()
    relative = float((rounded - weights).square().mean().sqrt() / weights.std())
    figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(9, 4.8), sharex=True, height_ratios=(2, 2, 1))
    counts, edges = np.histogram(weights.numpy(), bins=80)
    top.stairs(counts, edges, fill=True, color=plotting.COLORS[5])
    top.vlines(levels, 0, counts.max(), color=plotting.COLORS[1], linewidth=1.2, label="levels")
    top.set(ylabel="how many weights")
    top.set_title(f"{bits} bits, {len(levels)} levels in use; typical error {relative:.2f} of the standard deviation")
    line = np.linspace(edges[0], edges[-1], 801)
    staircase = levels[np.abs(line[:, None] - levels).argmin(1)]
    middle.plot(line, line, color="#888888", linestyle=":", label="float")
    middle.plot(line, staircase, color=plotting.COLORS[0], label="quantized")
    middle.set(ylabel="rounded to")
    bottom.plot(line, staircase - line, color=plotting.COLORS[1])
    bottom.set(xlabel="float weight", ylabel="error")
    top.legend(loc="upper left", bbox_to_anchor=(1, 1))
    middle.legend(loc="upper left", bbox_to_anchor=(1, 1))
    plotting.few_ticks(bottom.xaxis)
    plotting.few_ticks(top.yaxis, 3)
    plotting.few_ticks(middle.yaxis, 4)
    plotting.few_ticks(bottom.yaxis, 2)
    return figure


def quantizer(layers):
    """Return the widget of notebooks/06: layer, bits, and which weights set the range; `layers`, label to tensor."""

    def draw(layer, bits, weights):
        return quantizer_figure(layers[layer], bits, weights)

    names = list(layers)
    return explore(
        draw,
        layer=ipywidgets.Dropdown(options=names, value=names[0], description="layer"),
        bits=slider(range(1, 9), 2, "bits"),
        weights=ipywidgets.Dropdown(options=[("all weights", 0.0), ("all but 1 %", 0.01)], description="range of"),
    )


def predictions_figure(networks, image, label, classes):
    """Draw an image, and what each network takes it for with how much confidence.

    Parameters: networks, a dict from label to a model in evaluation mode; image, uint8 (32, 32, 3); label, its class,
        which indexes the names in `classes`.
    """
    import torch

    from .training import normalise

    with torch.inference_mode():
        x = normalise(torch.as_tensor(image[None]))
        found = [network(x).softmax(1)[0].max(0) for network in networks.values()]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), width_ratios=(1, 2.4))
    left.imshow(image)
    left.set(title=f"a picture of: {classes[label]}", xticks=[], yticks=[], frame_on=False)
    left.grid(False)
    colors = [plotting.COLORS[0 if index == label else 1] for _, index in found]
    names = [classes[index] + ("" if index == label else ", wrong") for _, index in found]
    said = [f"{network}: {name}" for network, name in zip(networks, names)]  # for who listens
    bars = right.barh(list(networks), [float(share) for share, _ in found], color=colors, label=said)
    right.bar_label(bars, names, padding=4)
    right.grid(False, axis="y")
    right.invert_yaxis()
    right.set(xlim=(0, 1.6), xticks=(0, 0.5, 1), xlabel="probability that the network gives it", title="taken for")
    return figure


def predictions(networks, images):
    """Return the second widget of notebooks/06: one of the first 200 test images, classified by every network."""
    from .resnet import folded

    networks = {label: folded(network) for label, network in networks.items()}

    def draw(image):
        return predictions_figure(networks, images.test_images[image], int(images.test_labels[image]), images.classes)

    return explore(draw, image=slider(range(200), 0, "test image"))


def stage_bits_figure(bits, schemes):
    """Draw what each part of ResNet-20 adds to the average precision, and the combination among all that were measured.

    Parameters: bits, three entries from 0 to 16; schemes, the measured combinations as `grid.load` returns them.
    """
    from .quantize import average_precision, quant_layers
    from .resnet import ResNet20, stage_layers

    model = ResNet20(bits)
    total = sum(layer.weight.numel() for _, layer in quant_layers(model))
    shares = [sum(layer.weight.numel() * layer.bits for layer in stage_layers(model, s)) / total for s in range(3)]
    shares = [average_precision(model) - sum(shares), *shares]
    labels = ["first and last\n32 bits", *(f"stage {s + 1}\n{b} bits" for s, b in enumerate(bits))]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), width_ratios=(1, 1.3))
    said = [f"{label}: {share:.3f}" for label, share in zip(labels, shares)]  # for who listens
    bars = left.barh(labels, shares, color=plotting.COLORS[0], label=said)
    left.bar_label(bars, fmt="%.3f", padding=4)
    left.grid(False, axis="y")
    left.invert_yaxis()
    left.set(xlim=(0, 6), xlabel="bits a weight that this part adds")
    average, size, accuracy = schemes[bits]
    left.set_title(f"average {average:.4f} bits, {size:.1f} kB")
    plotting.plot_schemes(schemes, front(schemes), f"accuracy {accuracy:.4f}, not trained", ax=right)
    right.plot(average, accuracy, marker="*", markersize=20, color="white", markeredgecolor="black", zorder=3)
    return figure


def stage_bits(schemes):
    """Return the widget of notebooks/07: bits for each stage, and where that stands among all `schemes` measured."""

    def draw(stage_1, stage_2, stage_3):
        return stage_bits_figure((stage_1, stage_2, stage_3), schemes)

    start = {"stage_1": 4, "stage_2": 4, "stage_3": 2}
    return explore(draw, **{name: slider(range(2, 7), bits, name.replace("_", " ")) for name, bits in start.items()})
