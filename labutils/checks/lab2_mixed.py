"""What questions (d) to (f) of Lab 2 must show. They stand in notebooks/07."""

import numpy as np
import torch

from ..networks.resnet import stage_layers
from .report import Report
from .sample_network import differences, misplaced, sample_network, scores_of, state_of


def _misplacement(model, bits, before):
    """Return what is wrong with the bits of a network whose stages had `before` and should have `bits`, or ""."""
    layers = misplaced(model, bits)
    by_stage = [{layer.bits for layer in stage_layers(model, stage)} for stage in range(3)]
    if not layers:
        return ""
    if {"head_conv.0", "final_fc"} & set(layers):
        return "the first and the last layer stay float"
    if by_stage[1:] == [{bits[0]}, {bits[1]}]:
        return "stages are counted from 0: bits[0] belongs to stage_layers(model, 0)"
    if by_stage[0] == by_stage[1] == by_stage[2] and by_stage[0] < {*bits}:
        return "all stages have the same bits: stage k gets bits[k]"
    if by_stage == [{b} for b in bits[::-1]]:
        return "the stages are in reverse order: stage k gets bits[k]"
    if all(found == {b} or not b and found == {before} for found, b in zip(by_stage, bits)):
        return "None and 0 are bits to be set too: float weights, and all zero"
    return "some layers have other bits: each stage has six 3x3 convolutions, stages 2 and 3 a 1x1 shortcut as well"


def lab2_d(set_bits):
    """Check `set_bits(model, bits)`, which gives each stage of a ResNet20 its own bits: 2 points, 1 hidden."""

    def placed():
        for bits in ((4, 2, 3), (None, 0, 16), (2, 5, 2)):
            model = sample_network((6, 6, 6))
            made = set_bits(model, bits)
            if made is not None and misplaced(model, bits) and not misplaced(made, bits):
                return "this is another network: set the bits in the one that is given"
            if problem := _misplacement(model if made is None else made, bits, 6):
                return problem
        return ""

    def computes():
        model = sample_network()
        before = state_of(model)
        made = set_bits(model, (4, 2, 3))
        if made is None:
            return "the function returns nothing: return the model"
        if differences(before, state_of(made), [*model.state_dict()]):
            return "the weights have changed: set the bits alone, the layers round by themselves"
        if not torch.allclose(scores_of(made), scores_of(sample_network((4, 2, 3))), rtol=1e-4, atol=1e-4):
            return "these are not the scores at 4, 2 and 3 bits: look at the row above"
        return ""

    report = Report("lab2_d", "Bits for each stage")
    report.says("every layer has its stage's bits, first and last are float", placed)
    return report.says("the network computes with these bits", computes)


def lab2_e(average_bits):
    """Check `average_bits(layers)`, the mean bits per weight of [(weights, bits), ...]: 6 points, 1 hidden."""
    scheme = [(432, None), (13_824, 4), (51_200, 4), (204_800, 2), (640, None)]
    others = [
        [(9, 4), (9, 4), (9, 2)],
        [(3, 5), (4, None), (1, 1)],
        [(7, 2), (7, 6)],
        [(100, None), (1, 0)],
        [(2, 16), (9, 3), (5, 8), (1, 7)],
    ]

    def spent(layers, of_float=32):
        return sum(count * (of_float if bits is None else bits) for count, bits in layers)

    def right(layers):
        return spent(layers) / sum(count for count, _ in layers)

    mistakes = {
        "this is the mean over layers: a layer counts with its number of weights": (
            lambda layers: sum(32 if bits is None else bits for _, bits in layers) / len(layers)
        ),
        "float layers are missing: they count 32 bits a weight": (
            lambda layers: spent(layers, 0) / sum(count for count, _ in layers)
        ),
        "first and last layer are left out: they count, at 32 bits": (
            lambda layers: spent(layers, 0) / sum(count for count, bits in layers if bits is not None)
        ),
        "zero bits are bits too: compare with None": (
            lambda layers: sum(count * (bits or 32) for count, bits in layers) / sum(count for count, _ in layers)
        ),
        "this is the total number of bits: divide by the number of weights": spent,
        "// rounds down: divide with /": lambda layers: spent(layers) // sum(count for count, _ in layers),
    }
    report = Report("lab2_e", "The average precision")
    drawn = [(layers,) for layers in (scheme, *others)]
    report.agree("the scheme {4, 4, 2}", average_bits, right, drawn, 2, mistakes)
    report.agree("one layer of 10 weights at 3 bits", average_bits, right, [([(10, 3)],), ([(1, 9)],)], 1, mistakes)
    report.agree("a float layer counts 32 bits", average_bits, right, [([(5, None), (5, 2)],)], 1, mistakes)
    return report.agree("zero bits are bits too", average_bits, right, [([(6, 0), (2, 8)],)], 2, mistakes)


def lab2_f(cheapest):
    """Check `cheapest(drops, saved)`, the index of the smallest accuracy drop per bit saved: 1 point, 1 hidden."""

    def least(value):
        return lambda drops, saved: int(np.argmin([value(drop, bits) for drop, bits in zip(drops, saved)]))

    mistakes = {
        "this is the smallest drop: divide it by the bits that it saves": least(lambda drop, bits: drop),
        "this is the largest saving: a drop belongs over it": least(lambda drop, bits: -bits),
        "this is the DEAREST: look for the smallest drop per bit": least(lambda drop, bits: -drop / bits),
        "// rounds down, and the drops are small: divide with /": least(lambda drop, bits: drop // bits),
        "the saving counts once: drop / saved": least(lambda drop, bits: drop / bits**2),
        "this multiplies: divide the drop by the bits that it saves": least(lambda drop, bits: drop * bits),
        "a negative drop is a gain: neither abs nor max": least(lambda drop, bits: abs(drop / bits)),
        "divide the drop by the bits that it saves, don't subtract them": least(lambda drop, bits: drop - bits),
        "count from 0": lambda drops, saved: least(lambda drop, bits: drop / bits)(drops, saved) + 1,
    }
    drawn = [([0.01, 0.6, 0.06, 0.02], [0.01, 2.0, 0.02, 0.5]), ([0.3, 0.02, 0.2], [3.0, 0.1, 1.0])]
    drawn += [([0.02, 0.09, 0.4], [0.1, 1.0, 4.0]), ([-0.01, 0.3, -0.02, 0.1], [0.1, 2.0, 0.5, 1.0])]
    drawn += [([0.1, 0.2, 0.5], [2.0, 0.8, 12.5]), ([-0.01, -0.02], [1.0, 1.0]), ([3.0, 2.0], [1.0, 1.0])]
    drawn += [([0.0049, 0.0046, 0.2], [1.0, 1.0, 2.0])]
    report = Report("lab2_f", "The cheapest saving")
    return report.agree("four stages", cheapest, least(lambda drop, bits: drop / bits), drawn, 1, mistakes)
