"""What question (b) of Lab 2 must show, a network at fewer bits. It stands in notebooks/06."""

from itertools import pairwise

import torch

from ..networks.quantize import quant_layers
from .report import Report
from .sample_network import differences, misplaced, sample_network, scores_of, state_of


def _share(*networks):
    """Return whether two networks have a tensor in common."""
    one, other = ({tensor.data_ptr() for tensor in network.state_dict().values()} for network in networks)
    return bool(one & other - {0})  # 0: of what holds no numbers


def _given_network_changes(quantize_model, bits, given):
    """Return what `quantize_model` did wrong to the network that it was given, "" where nothing."""
    before = state_of(given)
    made = quantize_model(given, bits)
    if differences(before, state_of(given)):
        return "the network that was given has changed: make a new ResNet20, and leave the given one alone"
    shares = "the new network shares tensors with the given one: load_state_dict copies them, without assign"
    return shares if _share(made, given) else ""


def _misplacement(made, bits, given):
    """Return what is wrong with the kind of what `quantize_model` returned, and with its bits, "" where nothing."""
    if not isinstance(made, torch.nn.Module):
        return f"this returns {'nothing' if made is None else type(made).__name__}: return the new network"
    if misplaced(given, (None,) * 3):
        return "this is the given network, changed: make a new one, ResNet20(bits=...)"
    if bits and not any(layer.bits for _, layer in quant_layers(made)):
        return "nothing was quantized: make a new network, ResNet20(bits=...)"
    if made is given:
        return "this is the given network: make a new one, ResNet20(bits=...)"
    layers = misplaced(made, (bits,) * 3)
    if {"head_conv.0", "final_fc"} & {*layers}:
        return "the first and the last layer stay float: ResNet20(bits=...) gives bits to its stages only"
    if layers and bits is None:
        return "bits None means float: all layers of the new network should have None"
    return "some layers have other bits: ResNet20 takes one number of bits per stage" if layers else ""


def _other_weights(made, bits, given):
    """Return what is wrong with the weights and statistics of the new network, "" where nothing."""
    found, right = state_of(made), state_of(given)
    off = differences(right, found, [*given.state_dict()])
    weights = {name for name, value in given.named_parameters() if value.dim() > 1}
    if off and {*off} <= weights and all(len(found[name].unique()) <= 2**bits for name in off):
        return "the float weights are lost: the layers round by themselves, so copy the weights as they are"
    pairs = [(found[name].float(), right[name].float()) for name in off if name in found]
    if pairs and len(pairs) == len(off) and all(torch.allclose(*pair, rtol=0.01, atol=0.01) for pair in pairs):
        return "the weights are not quite those of the given network: copy them as they are, not rounded or in half()"
    if weights <= {*off}:
        return "these are not the given network's weights: new networks begin with random ones; copy its state_dict"
    if off and not {*off} & {name for name, _ in given.named_parameters()}:
        return "the batch-norm statistics are others: load_state_dict(model.state_dict()) copies them, too"
    if not all(parameter.requires_grad for parameter in made.parameters()):
        return "these weights take no gradient, so no step would move them: leave requires_grad as it is"
    if off:
        return f"some weights are others, of {off[0]} for one: load_state_dict(model.state_dict()) copies all"
    return ""


def lab2_b(quantize_model, seed=0):
    """Check `quantize_model(model, bits)`, a ResNet20 with all stages at `bits` and the model's weights: 1.5 points."""
    float_model, few = sample_network(seed=seed + 1), 3 + seed % 3
    report = Report("lab2_b", "The network at fewer bits")

    def placed():
        made = [(bits, quantize_model(float_model, bits)) for bits in (3, 5, 2, None, None)]
        networks = [network for _, network in made if isinstance(network, torch.nn.Module)]
        if any(_share(one, two) and not _share(one, float_model) for one, two in pairwise(networks)):
            return "two calls return one and the same network: make a new one in each"
        for bits, network in made:
            if problem := _misplacement(network, bits, float_model):
                return problem
        for bits, mode in ((3, False), (None, True)):
            if problem := _given_network_changes(quantize_model, bits, sample_network(seed=seed + 1).train(mode)):
                return problem
        return ""

    def computes():
        made = quantize_model(float_model, few)
        if problem := _misplacement(made, few, float_model) or _other_weights(made, few, float_model):
            return problem
        expected = scores_of(sample_network((few,) * 3, seed + 1))
        right = torch.allclose(scores_of(made), expected, rtol=1e-4, atol=1e-4)
        return "" if right else "these are not the rounded network's scores: look at the row above"

    report.says("3 bits in all three stages, first and last layer float", placed)
    return report.says("it computes with the float network's weights", computes, points=0.5)
