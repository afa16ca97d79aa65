"""Measures how much each layer loses at few bits, one layer rounded at a time, and keeps the table."""

from itertools import product

import torch
from torch.nn import functional as F

from ...networks import augmentation, training
from ...networks.resnet import folded, inner_layers, quantized
from ...results import sensitivity
from . import keeping

# The kept tables are measured on the first images of the training set, not augmented. They are enough: for CIFAR-10, at
# averages from 2.25 to 3.5 bits, what the first or the last 2,500 alone would allocate is predicted to cost at most
# 0.008 nats more than what all allocate; 3 bits in all layers, 0.13 nats more than the best allocation of as many bits.
IMAGES = 5000


def measure(model, images, labels, choices=sensitivity.CHOICES, batch=125):
    """Return by how much the mean cross-entropy rises where one layer alone is rounded: {layer name: {bits: nats}}.

    Parameters: model, a ResNet20, whose float weights are taken; images, uint8 (n, 32, 32, 3), of the training set;
        labels, integers (n,); choices, the bits that each layer is tried with; batch, images at a time.
    The layers are the 20 of the three stages, by their names in `quantize.quant_layers`; all others stay float.
    Computed in float32; what comes before a layer's block is computed once a batch.
    Source: layer by layer, as Dong et al. (2019) with curvature; here it is the loss itself.
    """
    device = next(model.parameters()).device
    variants = {bits: folded(quantized(model, (bits,) * 3).to(device)) for bits in (None, *choices)}
    variants = {bits: variant.to(memory_format=torch.channels_last) for bits, variant in variants.items()}
    network = variants[None]
    before, after = 0.0, {name: dict.fromkeys(choices, 0.0) for name in inner_layers(model)}  # sums over the images

    def loss(x, number, y):
        """Return the summed loss of what enters block `number`."""
        return float(F.cross_entropy(network.tail(network.body_op[number:](x)), y, reduction="sum"))

    exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        for start in training.progress(range(0, len(images), batch), "batches"):
            x = network.head(augmentation.normalise(torch.as_tensor(images[start : start + batch]).to(device)))
            y = torch.as_tensor(labels[start : start + batch]).to(device)
            before += loss(x, 0, y)
            for number, block in enumerate(network.body_op):
                convolutions = [(part, own) for part, own in block.named_children() if isinstance(own, torch.nn.Conv2d)]
                for (part, own), bits in product(convolutions, choices):
                    setattr(block, part, getattr(variants[bits].body_op[number], part))
                    after[f"body_op.{number}.{part}.0"][bits] += loss(x, number, y)
                    setattr(block, part, own)
                x = block(x)
    return {name: {bits: (after[name][bits] - before) / len(images) for bits in choices} for name in after}


def save(name, increase, images, folder=None):
    """Keep the measured table of a data set's float network with what it was measured on; return the file's path.

    Parameters: name, such as "cifar10"; increase, what `measure` returned; images, how many of the training set it was
        measured on; folder, where to (None: checkpoints/). The file is never half-written.
    """
    rounded = {layer: {bits: round(nats, 7) for bits, nats in by_bits.items()} for layer, by_bits in increase.items()}
    return keeping.save(sensitivity.TABLE, name, {"train_images": images, "increase": rounded}, folder)
