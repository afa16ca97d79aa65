"""The homework's fine-tunings from several seeds: what they reach and predict. Used in notebooks/07.

The weights are not kept; the predictions on the test images are, so that two schemes can be compared image by image.
"""

import base64
from typing import NamedTuple

import numpy as np

from .grid import as_bits
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
        as_bits(bits): {int(seed): run(kept) for seed, kept in of_bits.items()}
        for bits, of_bits in content["runs"].items()
    }


TABLE = KeptTable("repeats", "the homework's fine-tunings from several seeds", _read)


def load(name, folder=None):
    """Return the kept runs of a data set: {bits: {seed: Run}}; raise as `KeptTable.load` does."""
    return TABLE.load(name, folder)
