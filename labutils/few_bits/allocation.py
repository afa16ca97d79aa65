"""Chooses how many bits each layer gets, so that the predicted loss rises least. Used in notebooks/08.

`allocate` is exact. What it minimises is a sum over layers, and the sizes are whole numbers, so that all that matters
of the layers before one is how many bits they have spent: the best choice for the first k layers at every total follows
from the best for the first k - 1 (Bellman's recursion; this is a knapsack in which every layer takes one of its items).
No allocation within the limit has a smaller sum. That the increases of layers rounded together add up is assumed; at
few bits they come to more than their sum.
"""

import math

import numpy as np


def allocate(increase, sizes, average):
    """Return the bits of each layer, {layer: bits}, that minimise the summed increase at no more than `average` bits.

    Parameters: increase, {layer: {bits: predicted increase of the loss}}, bits whole numbers from 0, which may differ
        from layer to layer; sizes, {layer: number of weights}; average, the highest allowed mean number of bits a
        weight over these layers.
    Returns: a dict in the order of `increase`. Of equal sums the one with fewer bits in all is taken; if these are
        equal too, the one with fewer bits in the last layer where they differ.
    Raises: ValueError where there are no layers, the two dicts have different ones, a number is out of range or not
        finite, or `average` is below what the smallest choices need.
    Source: Dong et al. (2019, 2020) for choosing by a sum of sensitivities; Bellman (1957) for the recursion, which
        takes the place of their ranking. Used in notebooks/08.
    """
    _check(increase, sizes)
    unit = math.gcd(*sizes.values())  # every total is a multiple of it
    weights = {layer: sizes[layer] // unit for layer in increase}
    count = sum(weights.values())
    fewest, most = (sum(end(increase[layer]) * weights[layer] for layer in weights) for end in (min, max))
    if not average * (1 + 1e-12) >= fewest / count:  # the margin is for a quotient that was rounded down
        raise ValueError(
            f"average: expected at least {fewest / count:g}, the mean of the fewest bits, found {average!r}"
        )
    limit = math.floor(min(most, average * count * (1 + 1e-12)))
    best = np.full(limit + 1, np.inf)  # best[t]: the smallest sum of the layers so far that spend exactly t
    best[0] = 0
    taken = {}  # for each layer, which of its choices that sum takes
    for layer, by_bits in increase.items():
        sums = np.full((len(by_bits), limit + 1), np.inf)
        for row, bits in enumerate(sorted(by_bits)):
            cost = bits * weights[layer]
            sums[row, cost:] = best[: max(limit + 1 - cost, 0)] + by_bits[bits]
        taken[layer], best = sums.argmin(axis=0), sums.min(axis=0)
    total, found = int(best.argmin()), {}
    for layer in reversed(increase):
        found[layer] = sorted(increase[layer])[taken[layer][total]]
        total -= found[layer] * weights[layer]
    return {layer: found[layer] for layer in increase}


def predicted_increase(increase, bits):
    """Return the summed increase of the loss for the bits {layer: bits} of all layers, in the unit of `increase`.

    Raises: ValueError where the layers differ, or a layer was not measured at its bits. Used in notebooks/08.
    """
    _same_layers("bits", bits, increase)
    for layer, chosen in bits.items():
        if chosen not in increase[layer]:
            known = ", ".join(map(str, increase[layer]))
            raise ValueError(f"bits: expected one of {known} for {layer}, found {chosen!r}")
    return sum(increase[layer][chosen] for layer, chosen in bits.items())


def _same_layers(name, given, increase):
    """Raise ValueError unless the dict called `name` has the layers of `increase`."""
    if given.keys() != increase.keys():
        layer = sorted(given.keys() ^ increase.keys())[0]
        raise ValueError(
            f"{name}: expected the {len(increase)} layers of increase, found {len(given)}; {layer} is in one only"
        )


def _check(increase, sizes):
    """Raise ValueError unless there are layers, each with a size and with a finite increase for each of its bits."""
    if not increase:
        raise ValueError("increase: expected at least one layer, found none")
    _same_layers("sizes", sizes, increase)
    for layer, by_bits in increase.items():
        if not isinstance(sizes[layer], int) or sizes[layer] < 1:
            raise ValueError(f"sizes: expected a whole number from 1 for {layer}, found {sizes[layer]!r}")
        if not by_bits:
            raise ValueError(f"increase: expected at least one number of bits for {layer}, found none")
        for bits, value in by_bits.items():
            if not isinstance(bits, int) or bits < 0:
                raise ValueError(f"increase: expected whole numbers of bits from 0 for {layer}, found {bits!r}")
            if not math.isfinite(value):
                raise ValueError(f"increase: expected a finite number for {layer} at {bits} bits, found {value}")
