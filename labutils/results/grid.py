"""Every combination of bits for the three stages, measured without training. Used in notebooks/00, 06 and 07.

PyTorch is imported where it is needed, so that the kept table is read without waiting for it.
"""

import functools
from typing import NamedTuple

from .kept_table import KeptTable

CHOICES = (2, 3, 4, 5, 6)  # bits that a stage may have


class Scheme(NamedTuple):
    """What one combination of bits costs and gives: average bits a weight, kB, and test accuracy in [0, 1]."""

    average: float
    size: float
    accuracy: float


def front(grid):
    """Return the combinations that no other beats, smallest first: each is more accurate than all that are smaller.

    Parameters: grid, a dict from bits to Scheme. Of equal ones the first is kept.
    """
    best, kept = -1.0, []
    for bits, scheme in sorted(grid.items(), key=lambda item: (item[1].average, -item[1].accuracy, item[0])):
        if scheme.accuracy > best:
            best = scheme.accuracy
            kept.append(bits)
    return kept


def schemes(accuracies):
    """Return the dict from bits to Scheme for the accuracies {(b1, b2, b3): share}, sizes included."""
    return {bits: Scheme(*size, accuracies[bits]) for bits, size in _sizes(tuple(accuracies)).items()}


@functools.cache  # all data sets have the same combinations
def _sizes(combinations):
    """Return {(b1, b2, b3): (average bits, kB)} of these combinations."""
    from ..networks.quantize import average_precision, size_in_kb
    from ..networks.resnet import ResNet20, stage_layers

    model, found = ResNet20(), {}
    for bits in combinations:
        for number, stage_bits in enumerate(bits):
            for layer in stage_layers(model, number):
                layer.bits = stage_bits
        found[bits] = average_precision(model), size_in_kb(model)
    return found


def as_text(bits):
    """Return the bits (4, 4, 2) as the text "4,4,2"."""
    return ",".join(map(str, bits))


def as_bits(text):
    """Return the bits (4, 4, 2) that `as_text` was given; raise ValueError for any other text."""
    first, second, third = map(int, text.split(","))
    return first, second, third


def _read(content):
    return schemes({as_bits(bits): float(share) for bits, share in content["accuracy"].items()})


TABLE = KeptTable("grid", "a grid of bits", _read)


def load(name, folder=None):
    """Return the kept grid of a data set's float network: {(b1, b2, b3): Scheme}; raise as `KeptTable.load` does."""
    return TABLE.load(name, folder)
