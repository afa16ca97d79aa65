"""Global magnitude pruning: the smallest weights of all three stages of a ResNet20 together. Used in notebooks/08."""

import torch

from ..networks.resnet import inner_layers


def _check_sparsity(name, sparsity):
    """Raise ValueError unless the share is at least 0 and below 1."""
    if not 0 <= sparsity < 1:
        raise ValueError(f"{name}: expected a share of at least 0 and below 1, found {sparsity!r}")


def magnitude_masks(model, sparsity):
    """Return {layer name: bool tensor}: which weights to keep, the largest ones of all layers together.

    Parameters: model, a ResNet20; sparsity, the share in [0, 1) of the weights of its 20 quantizable layers to drop:
        exactly round(sparsity * n) of n go. Where magnitudes tie, the lower index is kept, first layers first.
    Returns: a dict in the order of the layers, with tensors of the weights' shapes, True where a weight stays. The
        model itself is left as it was.
    Raises: ValueError for another sparsity, or weights that are not finite.
    Source: Han et al. (2015), with one threshold for all layers in place of one a layer. Used in notebooks/08.
    """
    _check_sparsity("sparsity", sparsity)
    weights = {name: layer.weight.detach() for name, layer in inner_layers(model).items()}
    magnitudes = torch.cat([w.abs().flatten() for w in weights.values()])
    if not magnitudes.isfinite().all():
        raise ValueError(f"model: expected finite weights, found {int((~magnitudes.isfinite()).sum())} that are not")
    keep = torch.ones_like(magnitudes, dtype=torch.bool)
    order = torch.sort(magnitudes, descending=True, stable=True).indices
    keep[order[len(order) - round(sparsity * len(order)) :]] = False
    parts = keep.split([w.numel() for w in weights.values()])
    return {name: part.view(w.shape) for (name, w), part in zip(weights.items(), parts)}


def apply_masks(model, masks):
    """Set the dropped weights of `model` to zero, in place.

    Training moves them off zero again, so that this is called after every step; and rounding to levels that hold no
    zero moves them too, all to the same level.
    Parameters: model, a ResNet20; masks, as `magnitude_masks` returns them.
    Raises: ValueError where a layer has no mask of its shape. Used in notebooks/08.
    """
    for name, layer in inner_layers(model).items():
        shape, found = tuple(layer.weight.shape), tuple(masks[name].shape) if name in masks else None
        if found != shape:
            raise ValueError(f"masks: expected one of shape {shape} for {name}, found {found}")
        layer.weight.data.masked_fill_(~masks[name], 0)


def sparsity(model):
    """Return the share of exact zeros among the float weights of the 20 quantizable layers, in [0, 1].

    Used in notebooks/08.
    """
    weights = [layer.weight for layer in inner_layers(model).values()]
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def gradual(final, step, steps):
    """Return the sparsity after `step` of `steps` prunings: final * (1 - (1 - step / steps)**3), fast at first.

    Parameters: final, the sparsity in [0, 1) to end at; step, from 0 to steps; steps, 1 or more.
    Raises: ValueError where one is out of range.
    Source: Zhu and Gupta (2017), from an initial sparsity of 0. Used in notebooks/08.
    """
    _check_sparsity("final", final)
    if not 0 <= step <= steps or steps < 1:
        raise ValueError(f"step, steps: expected 0 <= step <= steps and steps from 1, found {step!r} and {steps!r}")
    return final * (1 - (1 - step / steps) ** 3)
