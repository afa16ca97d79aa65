"""The figures and widgets of notebooks 06 and 07. PyTorch is imported where it is needed."""

import numpy as np

from ...results.grid import front
from .. import plotting, style
from .controls import explore, slider, subplots

SHOWN = 200  # test images that the second widget offers


def quantizer_figure(weights, bits, left_out=0.0):
    """Draw a layer's histogram with its levels, the quantizer as a staircase, and its error, over one axis.

    Parameters: weights, a torch tensor of any shape; bits, 1 to 16; left_out, the share of outermost weights that the
        levels need not reach: they move to the nearest level.
    """
    import torch

    from ...networks.quantize import linear_quantize

    weights = weights.detach().cpu()
    low, high = torch.quantile(weights.flatten(), torch.tensor([left_out / 2, 1 - left_out / 2])).tolist()
    rounded = linear_quantize(weights.clamp(low, high), bits)
    levels = rounded.unique().numpy()
    relative = float((rounded - weights).square().mean().sqrt() / weights.std())
    figure, (top, middle, bottom) = subplots(3, 1, figsize=(9, 4.8), sharex=True, height_ratios=(2, 2, 1))
    counts, edges = np.histogram(weights.numpy(), bins=80)
    top.stairs(counts, edges, fill=True, color=style.COLORS[5])
    top.vlines(levels, 0, counts.max(), color=style.COLORS[1], linewidth=1.2, label="levels")
    top.set(ylabel="how many weights")
    top.set_title(f"{bits} bits, {len(levels)} levels in use; typical error {relative:.2f} of the standard deviation")
    line = np.linspace(edges[0], edges[-1], 801)
    staircase = levels[np.abs(line[:, None] - levels).argmin(1)]
    middle.plot(line, line, color="#888888", linestyle=":", label="float")
    middle.plot(line, staircase, color=style.COLORS[0], label="quantized")
    middle.set(ylabel="rounded to")
    bottom.plot(line, staircase - line, color=style.COLORS[1])
    bottom.set(xlabel="float weight", ylabel="error")
    top.legend(loc="upper left", bbox_to_anchor=(1, 1))
    middle.legend(loc="upper left", bbox_to_anchor=(1, 1))
    style.few_ticks(bottom.xaxis)
    style.few_ticks(top.yaxis, 3)
    style.few_ticks(middle.yaxis, 4)
    style.few_ticks(bottom.yaxis, 2)
    return figure


def quantizer(layers):
    """Return the widget of notebooks/06: layer, bits, and which weights set the range; `layers`, label to tensor."""

    def draw(layer, bits, weights):
        return quantizer_figure(layers[layer], bits, weights)

    return explore(
        draw,
        layer=slider({name: name for name in layers}, next(iter(layers)), "layer"),
        bits=slider(range(1, 9), 2, "bits"),
        weights=slider({"all weights": 0.0, "all but 1 %": 0.01}, 0.0, "range of"),
    )


def predictions_figure(networks, image, label, classes):
    """Draw an image, and what each network takes it for with how much confidence.

    Parameters: networks, a dict from label to a model, in any mode and on any device: a copy of it is asked; image,
        uint8 (32, 32, 3); label, its class, which indexes the names in `classes`.
    """
    return _predictions_figure(_copies(networks), image, label, classes)


def _copies(networks):
    """Return {label: a copy in evaluation mode, on the processor}: a network that is only looked at stays as it is."""
    from ...networks.resnet import folded

    return {label: folded(network).cpu() for label, network in networks.items()}


def _predictions_figure(networks, image, label, classes):
    """Draw what `predictions_figure` does, with networks in evaluation mode on the processor."""
    import torch

    from ...networks.augmentation import normalise

    with torch.inference_mode():
        x = normalise(torch.as_tensor(image[None]))
        found = [network(x).softmax(1)[0].max(0) for network in networks.values()]
    figure, (left, right) = subplots(1, 2, figsize=(8, 2.8), width_ratios=(1, 2.4))
    left.imshow(image)
    left.set(title=f"a picture of: {classes[label]}", xticks=[], yticks=[], frame_on=False)
    left.grid(False)
    colors = [style.COLORS[0 if index == label else 1] for _, index in found]
    names = [classes[index] + ("" if index == label else ", wrong") for _, index in found]
    said = [f"{network}: {name}" for network, name in zip(networks, names)]  # for who listens
    bars = right.barh(list(networks), [float(share) for share, _ in found], color=colors, label=said)
    right.bar_label(bars, names, padding=4)
    right.grid(False, axis="y")
    right.invert_yaxis()
    right.set(xlim=(0, 1.6), xticks=(0, 0.5, 1), xlabel="probability that the network gives it", title="taken for")
    return figure


def where_they_part(networks, images):
    """Return the number of an image that the first network gets right and all together take for the most classes.

    Parameters: networks, as in `predictions_figure`; images, an ImageData, of whose test images the first SHOWN count.
    """
    from ...networks.evaluation import predict

    found = np.stack([predict(network, images.test_images[:SHOWN]).numpy() for network in networks.values()])
    classes = np.array([len(set(column)) for column in found.T])
    return int(np.where(found[0] == images.test_labels[:SHOWN], classes, 0).argmax())


def predictions(networks, images, first=0):
    """Return the second widget of notebooks/06: one of the first test images, from `first` on, in every network."""
    networks = _copies(networks)

    def draw(image):
        return _predictions_figure(networks, images.test_images[image], int(images.test_labels[image]), images.classes)

    return explore(draw, image=slider(range(SHOWN), first, "test image"))


def stage_bits_figure(bits, schemes, source):
    """Draw what each part of ResNet-20 adds to the average precision, and the combination among all that were measured.

    Parameters: bits, three entries from 0 to 16; schemes, the measured combinations as `grid.load` returns them;
        source, the data that they were measured on, for the title.
    """
    from ...networks.quantize import average_precision, quant_layers
    from ...networks.resnet import ResNet20, stage_layers

    model = ResNet20(bits)
    total = sum(layer.weight.numel() for _, layer in quant_layers(model))
    shares = [sum(layer.weight.numel() * layer.bits for layer in stage_layers(model, s)) / total for s in range(3)]
    shares = [average_precision(model) - sum(shares), *shares]
    labels = ["first and last\n32 bits", *(f"stage {s + 1}\n{b} bits" for s, b in enumerate(bits))]
    figure, (left, right) = subplots(1, 2, figsize=(9, 3.4), width_ratios=(1, 1.3))
    said = [f"{label}: {share:.3f}" for label, share in zip(labels, shares)]  # for who listens
    bars = left.barh(labels, shares, color=style.COLORS[0], label=said)
    left.bar_label(bars, fmt="%.3f", padding=4)
    left.grid(False, axis="y")
    left.invert_yaxis()
    left.set(xlim=(0, 6), xlabel="bits a weight that this part adds")
    average, size, accuracy = schemes[bits]
    left.set_title(f"average {average:.4f} bits, {size:.1f} kB")
    plotting.plot_schemes(schemes, front(schemes), f"{source}, not trained: accuracy {accuracy:.4f}", ax=right)
    right.plot(average, accuracy, marker="*", markersize=20, color="white", markeredgecolor="black", zorder=3)
    return figure


def stage_bits(schemes, source):
    """Return the widget of notebooks/07: bits for each stage, and where that stands among all schemes measured."""

    def draw(stage_1, stage_2, stage_3):
        return stage_bits_figure((stage_1, stage_2, stage_3), schemes, source)

    start = {"stage_1": 4, "stage_2": 4, "stage_3": 2}
    return explore(draw, **{name: slider(range(2, 7), bits, name.replace("_", " ")) for name, bits in start.items()})
