"""A network's convolutions without the rest: what no code of ours makes faster."""

import contextlib

import torch
from torch import nn

from ...networks import hardware
from ...networks.quantize import QuantConv2d


def alone(model, x, gradients):
    """Return a function that computes a float model's convolutions alone, each on what the model gives it for x.

    Parameters: x, a batch of inputs; gradients, whether those of each convolution's inputs and weights come along.
    """
    given, device = [], x.device

    def note(layer, inputs):
        given.append((layer, inputs[0].detach().clone(memory_format=torch.channels_last)))

    with torch.no_grad(), hardware.autocast(device), contextlib.ExitStack() as hooks:
        for layer in model.modules():
            if isinstance(layer, (QuantConv2d, nn.Conv2d)):
                hooks.callback(layer.register_forward_pre_hook(note).remove)
        model(x)
    for _, inputs in given[gradients:]:  # nobody asks for the gradient of the images
        inputs.requires_grad_(gradients)

    def run():
        with torch.set_grad_enabled(gradients), hardware.autocast(device):
            for layer, inputs in given:
                outputs = layer(inputs)
                if gradients:
                    wanted = [tensor for tensor in (inputs, *layer.parameters()) if tensor.requires_grad]
                    torch.autograd.grad(outputs, wanted, outputs.detach())

    return run
