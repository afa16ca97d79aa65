"""Measures every combination of bits for the three stages without training, and keeps the table."""

from itertools import product

import torch

from ...networks import augmentation, training
from ...networks.resnet import folded, quantized, stage_blocks
from ...results import grid
from . import keeping


def measure(model, images, labels, choices=grid.CHOICES, batch=500):
    """Return the accuracy of `model` for every combination of bits in its stages, none trained: {(b1, b2, b3): share}.

    Parameters: model, a float ResNet20; images, uint8 (n, 32, 32, 3); labels, integers (n,); choices, the bits that
        each stage is tried with; batch, images at a time.
    Each accuracy is `training.evaluate`'s for that combination, to the last image, in a quarter of the time: what a
    stage makes of a batch is computed once and handed to every variant of the next.
    """
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


def save(name, accuracies, images, folder=None):
    """Keep the measured grid of a data set's float network with what it was measured on; return the file's path.

    Parameters: name, such as "cifar10"; accuracies, what `measure` returned; images, how many it was measured on;
        folder, where to (None: checkpoints/). The file is never half-written.
    """
    content = {
        "test_images": images,
        "accuracy": {grid.as_text(bits): accuracy for bits, accuracy in accuracies.items()},
        "front": [grid.as_text(bits) for bits in grid.front(grid.schemes(accuracies))],
    }
    return keeping.save(grid.TABLE, name, content, folder)
