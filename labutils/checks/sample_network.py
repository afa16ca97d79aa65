"""A ResNet-20 for checks, and what of a network two answers can differ in. Used by `lab2` and `lab2_mixed`."""

import torch

from ..networks.quantize import quant_layers
from ..networks.resnet import ResNet20, stage_layers


def sample_network(bits=(None, None, None), seed=1):
    """Return a ResNet20 with reproducible random weights and batch-norm statistics, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ResNet20(bits).eval()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
    return network


def misplaced(model, bits):
    """Return the names of the layers of a ResNet20 that don't have `bits` per stage, first and last layer float."""
    expected = {id(layer): b for stage, b in enumerate(bits) for layer in stage_layers(model, stage)}
    return [name for name, layer in quant_layers(model) if layer.bits != expected.get(id(layer))]


def scores_of(model):
    """Return a network's scores for two reproducible random images, in evaluation mode; its mode stays."""
    images, mode = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2)), model.training
    with torch.inference_mode():
        scores = model.eval()(images.to(next(model.parameters()).device))
    model.train(mode)
    return scores.cpu()


def state_of(model):
    """Return all that a network holds, on the processor: weights, statistics, bits and mode."""
    held = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    return held | {"bits": [layer.bits for _, layer in quant_layers(model)], "training": model.training}


def differences(one, other, names=None):
    """Return the names of what differs between two states."""

    def same(a, b):
        return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b

    return [name for name in names or one if name not in other or not same(one[name], other[name])]
