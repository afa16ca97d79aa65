"""The figure and the widget of notebooks/08. PyTorch is not needed."""

import numpy as np

from ...few_bits import allocation
from .. import style
from .controls import explore, slider, subplots

LEAST = 1e-5  # nats: what a smaller rise, or a fall, is drawn as on a logarithmic axis


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
    names = [layer.removeprefix("body_op.").removesuffix(".0") for layer in chosen]
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
