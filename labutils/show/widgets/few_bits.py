"""Figures of notebooks/08 whose axis is the layers, and its widget. PyTorch is not needed."""

import numpy as np

from ...few_bits import allocation
from .. import style
from .controls import explore, slider, subplots

LEAST = 1e-5  # nats: what a smaller rise, or a fall, is drawn as on a logarithmic axis


def layer_names(layers):
    """Return the layers' names as an axis shows them: "block.layer", a 1x1 convolution between stages a shortcut."""
    return [layer.removeprefix("body_op.").removesuffix(".0").replace("id_mapping", "shortcut") for layer in layers]


def sensitivity_figure(increase, source):
    """Draw by how much the loss rises where one layer alone has 2, 3 or 4 bits: three points a layer, stage by stage.

    Parameters: increase and source, as in `allocation_figure`, and what falls is drawn as there.
    """
    names = layer_names(increase)
    stage = [int(name.split(".")[0]) // 3 for name in names]  # three blocks each
    figure, ax = subplots(figsize=(9, 3.8))
    for index, bits in enumerate((2, 3, 4)):
        rise = [max(LEAST, by_bits[bits]) for by_bits in increase.values()]
        ax.plot(range(len(names)), rise, label=f"{bits} bits", **style.point_style(index))
    for number in sorted(set(stage)):
        first, count = stage.index(number), stage.count(number)
        ax.axvspan(first - 0.5, first + count - 0.5, color="#000000", alpha=0.1 * (number % 2), linewidth=0)
        where = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top"}
        ax.annotate(f"stage {number + 1}", (first + (count - 1) / 2, 0.99), **where)
    ax.set_xticks(range(len(names)), names, rotation=90, fontsize=9)
    ax.grid(False, axis="x")
    ax.set(yscale="log", ylabel="rise of the loss (nats)", title=f"{source}: one layer rounded, all others float")
    style.few_ticks(ax.yaxis)
    ax.set_ylim(top=10 * max(by_bits[2] for by_bits in increase.values()))  # room for the stages' names
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def best_allocations(increase, sizes):
    """Return {average: {layer: bits}}: the best allocation for each average from the fewest bits to the most."""
    choices = sorted(next(iter(increase.values())))
    averages = np.arange(choices[0], choices[-1] + 0.01, 0.25).tolist()
    return {average: allocation.allocate(increase, sizes, average) for average in averages}


def allocation_figure(average, increase, sizes, source, best=None):
    """Draw how many bits each layer gets, and how the predicted loss falls with the average, uniform bits beside it.

    Parameters: average, the highest mean number of bits over the layers; increase, {layer: {bits: nats}}, as
        `sensitivity.load` returns it; sizes, {layer: weights}; source, the data it was measured on, for the title;
        best, what `best_allocations` returns, where it is known already.
    A predicted fall, or a rise below `LEAST`, is drawn at `LEAST`; the title says the number itself.
    """
    chosen = allocation.allocate(increase, sizes, average)
    total = sum(sizes.values())
    mean = sum(chosen[layer] * sizes[layer] for layer in sizes) / total
    choices = sorted(next(iter(increase.values())))
    best = best_allocations(increase, sizes) if best is None else best

    def drawn(bits):
        return max(LEAST, allocation.predicted_increase(increase, bits))

    figure, (left, right) = subplots(1, 2, figsize=(9, 3.6), width_ratios=(1.5, 1))
    names = layer_names(chosen)
    said = [f"{name}: {bits} bits" for name, bits in zip(names, chosen.values())]  # for who listens
    left.bar(range(len(chosen)), list(chosen.values()), color=style.COLORS[0], label=said)
    left.set_xticks(range(len(chosen)), names, rotation=90, fontsize=8)
    left.grid(False, axis="x")
    left.set(ylabel="bits a weight", ylim=(0, choices[-1] + 0.5), title=f"{source}: {mean:.2f} bits on average")
    allocated = [drawn(bits) for bits in best.values()]
    uniform = [drawn(dict.fromkeys(increase, bits)) for bits in choices]
    right.plot(list(best), allocated, color=style.COLORS[0], marker=".", label="allocated")
    right.plot(choices, uniform, color=style.COLORS[1], linestyle="--", marker="s", label="uniform")
    right.plot(average, drawn(chosen), marker="*", markersize=16, color="white", markeredgecolor="black", zorder=3)
    right.set(xlabel="average bits, at most", ylabel="predicted rise of the loss (nats)", yscale="log")
    right.set_title(f"here: {allocation.predicted_increase(increase, chosen):.3g} nats")
    right.legend()
    return figure


def bit_allocation(increase, sizes, source):
    """Return the widget of notebooks/08: the highest average, and what each layer gets."""
    best = best_allocations(increase, sizes)  # once: it does not depend on where the slider stands

    def draw(average):
        return allocation_figure(average, increase, sizes, source, best)

    return explore(draw, average=slider(list(best), 3.0, "average bits"))
