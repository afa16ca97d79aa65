"""The homework's fine-tunings from several seeds: what they reach and predict. Used in notebooks/07.

The weights are not kept; the predictions on the test images are, so that two schemes can be compared image by image.
"""

import base64
import math
from typing import NamedTuple

import numpy as np

from .kept_table import KeptTable


class Run(NamedTuple):
    """One run: test accuracy by epoch, and for each test image the last network's class (n,), and if it is right."""

    accuracy: list
    classes: np.ndarray
    right: np.ndarray


def unpacked(text, kind=int):
    """Return the numbers, or the booleans where `kind` is bool, that `packed` was given; n is a multiple of 8."""
    both = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    return np.unpackbits(both).astype(bool) if kind is bool else np.stack([both // 16, both % 16], axis=1).ravel()


def _read(content):
    def run(kept):
        return Run([float(a) for a in kept["accuracy"]], unpacked(kept["classes"]), unpacked(kept["right"], bool))

    return {
        tuple(map(int, bits.split(","))): {int(seed): run(kept) for seed, kept in of_bits.items()}
        for bits, of_bits in content["runs"].items()
    }


TABLE = KeptTable("repeats", "the homework's fine-tunings from several seeds", _read)


def load(name, folder=None):
    """Return the kept runs of a data set: {bits: {seed: Run}}; raise as `KeptTable.load` does."""
    return TABLE.load(name, folder)


def mcnemar(right_one, right_other):
    """Return (images that only one gets right, that only the other does, the probability of so uneven a split).

    Parameters: right_one, right_other, whether each of two networks is right, booleans (n,) for the same images.
    Returns: two counts, and the two-sided p-value of McNemar's test, exact: how often a fair coin splits so unevenly.
    Source: McNemar (1947).
    """
    one, other = int(np.sum(right_one & ~right_other)), int(np.sum(right_other & ~right_one))
    tosses = one + other
    tail = sum(math.comb(tosses, k) for k in range(min(one, other) + 1))
    return one, other, min(1.0, 2 * tail / 2**tosses)
