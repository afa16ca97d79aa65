"""Measures every combination of bits for the three stages without training, and keeps the table with its provenance.

Used in notebooks/07. PyTorch is imported where it is needed, so that the kept table is read without waiting for it.
"""

import functools
from itertools import product
from typing import NamedTuple

from .kept_table import KeptTable

CHOICES = (2, 3, 4, 5, 6)  # bits that a stage may have


class Scheme(NamedTuple):
    """What one combination of bits costs and gives: average bits a weight, kB, and test accuracy in [0, 1]."""

    average: float
    size: float
    accuracy: float


def measure(model, images, labels, choices=CHOICES, batch=500):
    """Return the accuracy of `model` for every combination of bits in its stages, none trained: {(b1, b2, b3): share}.

    Parameters: model, a float ResNet20; images, uint8 (n, 32, 32, 3); labels, integers (n,); choices, the bits that
        each stage is tried with; batch, images at a time.
    Each accuracy is `training.evaluate`'s for that combination, to the last image, in a quarter of the time: what a
    stage makes of a batch is computed once and handed to every variant of the next.
    """
    import torch

    from ..networks import augmentation, training
    from ..networks.resnet import folded, quantized, stage_blocks

    device = next(model.parameters()).device
    variants = {
        bits: folded(quantized(model, (bits,) * 3).to(device)).to(memory_format=torch.channels_last) for bits in choices
    }
    stages = [{bits: stage_blocks(variant, stage) for bits, variant in variants.items()} for stage in range(3)]
    ends = next(iter(variants.values()))  # the first and last layer stay float: any variant has them
    correct = dict.fromkeys(product(choices, repeat=3), 0)
    starts = range(0, len(images), batch)
    steps = training.progress(product(starts, choices, choices), "combinations", len(starts) * len(choices) ** 2)
    with torch.inference_mode():
        for start, first, second in steps:
            if (first, second) == (choices[0], choices[0]):
                x = ends.head(augmentation.normalise(torch.as_tensor(images[start : start + batch]).to(device)))
                y = torch.as_tensor(labels[start : start + batch]).to(device)
            if second == choices[0]:
                after_first = stages[0][first](x)
            after_second = stages[1][second](after_first)
            for third, stage in stages[2].items():
                found = ends.tail(stage(after_second)).argmax(1)
                correct[first, second, third] += int((found == y).sum())
    return {bits: count / len(images) for bits, count in correct.items()}


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


def _read(content):
    return schemes({tuple(map(int, bits.split(","))): float(share) for bits, share in content["accuracy"].items()})


TABLE = KeptTable("grid", "a grid of bits", _read)


def save(name, accuracies, images, folder=None):
    """Keep the measured grid of a data set's float network with what it was measured on; return the file's path.

    Parameters: name, such as "cifar10"; accuracies, what `measure` returned; images, how many it was measured on;
        folder, where to (None: checkpoints/). The file is never half-written.
    """
    content = {
        "test_images": images,
        "accuracy": {as_text(bits): accuracy for bits, accuracy in accuracies.items()},
        "front": [as_text(bits) for bits in front(schemes(accuracies))],
    }
    return TABLE.save(name, content, folder)


def load(name, folder=None):
    """Return the kept grid of a data set's float network: {(b1, b2, b3): Scheme}; raise as `KeptTable.load` does."""
    return TABLE.load(name, folder)
