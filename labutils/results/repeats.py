"""Repeats the homework's fine-tunings from other seeds, and keeps what they reach and predict. Used in notebooks/07.

The weights are not kept; the predictions on the test images are, so that two schemes can be compared image by image.
PyTorch is imported where it is needed, so that the kept table is read without waiting for it.
"""

import base64
import math
from typing import NamedTuple

import numpy as np

from .. import files
from .grid import as_text
from .kept_table import KeptTable

EPOCHS = {(2, 2, 2): 20}  # of the homework's six; the others take 10
SCHEMES = ((4, 4, 4), (3, 3, 3), (2, 2, 2), (4, 4, 2), (4, 2, 4), (2, 4, 4))


class Run(NamedTuple):
    """One run: test accuracy by epoch, and for each test image the last network's class (n,), and if it is right."""

    accuracy: list
    classes: np.ndarray
    right: np.ndarray


def packed(values):
    """Return numbers (n,) from 0 to 9, or booleans (n,), as text, as small as that can be."""
    values = np.asarray(values)
    if values.dtype == bool:
        return base64.b64encode(np.packbits(values)).decode()
    halves = values.astype(np.uint8).reshape(-1, 2)
    return base64.b64encode(halves[:, 0] * 16 + halves[:, 1]).decode()


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


def measure(float_model, images, bits, seed, folder=None):
    """Fine-tune by the homework's recipe from one seed and keep the `Run`, which is returned.

    Parameters: float_model, an ImageData's float network; bits, three entries; seed; folder, where the table is (None:
        checkpoints/). A run that is kept is not trained again.
    """
    from ..networks import resnet, training

    path = TABLE.path(images.name, folder)
    kept = load(images.name, folder) if path.exists() else {}
    if seed in kept.get(bits, {}):
        return kept[bits][seed]
    model = resnet.quantized(float_model, bits).to(next(float_model.parameters()).device)
    state_file = path.with_name(f"{path.stem}-{as_text(bits)}-{seed}.training")
    history = training.finetune(model, images, EPOCHS.get(bits, 10), state_file, seed=seed)
    classes = training.predict(model, images.test_images).numpy()
    run = Run([round(epoch["accuracy"], 4) for epoch in history], classes, classes == images.test_labels)
    keep(images.name, bits, seed, run, folder)
    state_file.unlink()
    return run


def keep(name, bits, seed, run, folder=None):
    """Add one `Run` to the kept table of a data set, at these bits and from this seed."""
    path = TABLE.path(name, folder)
    with files.held(path, wait=True):  # another run may be added at this moment
        runs = load(name, folder) if path.exists() else {}
        runs.setdefault(bits, {})[seed] = run
        content = {
            as_text(bits): {
                str(seed): {"accuracy": one.accuracy, "classes": packed(one.classes), "right": packed(one.right)}
                for seed, one in of_bits.items()
            }
            for bits, of_bits in runs.items()
        }
        TABLE.save(name, {"runs": content}, folder)


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
