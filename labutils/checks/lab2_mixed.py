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
    if all(found == {before} for found in by_stage):
        return "no layer has new bits: set `bits` of each layer in stage_layers(model, stage)"
    if all(found == {b} or not b and found == {before} for found, b in zip(by_stage, bits)):
        return "None and 0 are bits to be set too: float weights, and all zero"
    if by_stage == [{b or None} for b in bits]:
        return "0 bits make all weights zero, None leaves them float: compare with None"
    if by_stage[1:] == [{bits[0]}, {bits[1]}]:
        return "stages are counted from 0: bits[0] belongs to stage_layers(model, 0)"
    if by_stage[:1] == [{before}] and by_stage[1:] == [{bits[1]}, {bits[2]}]:
        return "stages are counted from 0: stage_layers(model, 0) is left out here"
    if by_stage[0] == by_stage[1] == by_stage[2] and (by_stage[0] < {*bits} or by_stage[0] == {bits}):
        return "all stages have the same bits: stage k gets bits[k]"
    if by_stage == [{b} for b in bits[::-1]]:
        return "the stages are in reverse order: stage k gets bits[k]"
    missing = [stage for stage, found in enumerate(by_stage) if found == {before}]
    if missing and all(found in ({b}, {before}) for found, b in zip(by_stage, bits)):
        return f"stage {missing[0]} keeps its old bits: is a return inside the loop, or is it too short?"
    return "some layers have other bits: each stage has six 3x3 convolutions, stages 2 and 3 a 1x1 shortcut as well"


def _another(made, model):
    """Return what is wrong with what `set_bits` returned for a network, "" where it is this network."""
    if made is None:
        return "the function returns nothing: return the model"
    if not isinstance(made, torch.nn.Module):
        return f"this returns {type(made).__name__}: return the model"
    return "" if made is model else "this is another network: set the bits in the one that is given"


def lab2_d(set_bits, seed=0):
    """Check `set_bits(model, bits)`, which gives each stage of a ResNet20 its own bits: 2 points, 1 hidden."""
    rng = np.random.default_rng(seed)
    three = tuple(int(b) for b in rng.permutation([2, 3, 4, 5, 7, 8])[:3]) if seed else (4, 2, 3)

    def placed():
        for bits in (three, (None, 0, 16), (2, 5, 2)):
            model = sample_network((6, 6, 6))
            made = set_bits(model, bits)
            if problem := _another(made, model) * (made is not None) or _misplacement(model, bits, 6):
                return problem
        set_bits(model, three)
        return "a second call leaves the bits of the first: set them in each" if misplaced(model, three) else ""

    def computes():
        for mode in (False, True):
            model = sample_network(seed=seed + 1).train(mode)
            before = state_of(model)
            made = set_bits(model, three)
            if problem := _another(made, model):
                return problem
            if differences(before, state_of(model), [*model.state_dict()]):
                return "the weights have changed: set the bits alone, the layers round by themselves"
            if model.training != mode:
                return f"model.{'eval' if mode else 'train'}() changes the network's mode: set the bits alone"
            if not torch.allclose(scores_of(model), scores_of(sample_network(three, seed + 1)), rtol=1e-4, atol=1e-4):
                return "these are not the scores at these bits: look at the row above"
        return ""

    report = Report("lab2_d", "Bits for each stage")
    report.says("every layer has its stage's bits, first and last are float", placed)
    return report.says("the network computes with these bits, and nothing else has changed", computes)


def _spent(layers, of_float=32):
    return sum(count * (of_float if bits is None else bits) for count, bits in layers)


def _weights(layers):
    return sum(count for count, _ in layers)


def mean_bits(layers):
    """Return the mean number of bits of all weights of [(number of weights, bits or None), ...]."""
    return _spent(layers) / _weights(layers)


AVERAGE_MISTAKES = {
    "this is the mean over layers: a layer counts with its number of weights": (
        lambda layers: sum(32 if bits is None else bits for _, bits in layers) / len(layers)
    ),
    "divide by the number of weights, not of layers": lambda layers: _spent(layers) / len(layers),
    "divide by the number of weights, not by the sum of the bits": (
        lambda layers: _spent(layers) / sum(32 if bits is None else bits for _, bits in layers)
    ),
    "float layers are missing: they count 32 bits a weight": lambda layers: _spent(layers, 0) / _weights(layers),
    "first and last layer are left out: they count, at 32 bits": (
        lambda layers: _spent(layers, 0) / sum(count for count, bits in layers if bits is not None)
    ),
    "float weights take 32 bits, not 16": lambda layers: _spent(layers, 16) / _weights(layers),
    "float weights take 32 bits, not 64": lambda layers: _spent(layers, 64) / _weights(layers),
    "float weights take 32 bits, not 1": lambda layers: _spent(layers, 1) / _weights(layers),
    "float weights count among the weights: only their bits do here": (
        lambda layers: _spent(layers) / sum(count for count, bits in layers if bits is not None)
    ),
    "zero bits are bits too: compare with None": (
        lambda layers: sum(count * (bits or 32) for count, bits in layers) / _weights(layers)
    ),
    "layers of zero bits have weights, too: they count among them": (
        lambda layers: _spent(layers) / sum(count for count, bits in layers if bits != 0)
    ),
    "this is the total number of bits: divide by the number of weights": _spent,
    "these are bytes: count in bits": lambda layers: mean_bits(layers) / 8,
    "// rounds down: divide with /": lambda layers: _spent(layers) // _weights(layers),
    "two layers may have as many weights: a dict keeps one of them": lambda layers: mean_bits([*dict(layers).items()]),
    "two layers may be alike: a set keeps one of them": lambda layers: mean_bits({*layers}),
    "this is the mean of the first layer alone: is a return inside the loop?": lambda layers: mean_bits(layers[:1]),
    "this is the last layer's: add up over the layers": lambda layers: mean_bits(layers[-1:]),
    "this is upside down: bits over weights": lambda layers: _weights(layers) / _spent(layers),
    **{
        f"return the number as it is, not rounded to {places} decimals": (
            lambda layers, places=places: round(mean_bits(layers), places)
        )
        for places in range(5)
    },
}


def lab2_e(average_bits, seed=0):
    """Check `average_bits(layers)`, the mean bits per weight of [(weights, bits), ...]: 6 points, 1 hidden."""
    rng = np.random.default_rng(seed)
    others = [[(9, 4), (9, 4), (9, 2)], [(3, 5), (4, None), (1, 1)], [(100, None), (1, 0)], [(7, 2), (7, 6)]]
    for size, zero in ((4, 1), (5, 0), (9, 1)):
        bits = [None, zero, *(int(b) for b in rng.integers(1, 17, size - 2))]
        others.append([(int(rng.integers(1, 500)), bits[place]) for place in rng.permutation(size)])
    scheme = [(432, None), (13_824, 4), (51_200, 4), (204_800, 2), (640, None)]
    report = Report("lab2_e", "The average precision")
    rows = {
        "the scheme {4, 4, 2}": ([scheme, *others], 2),
        "one layer of 10 weights at 3 bits": ([[(10, 3)], [(1, 9)]], 1),
        "a float layer counts 32 bits": ([[(5, None), (5, 2)], [(7, None), (9, None)]], 1),
        "zero bits are bits too": ([[(6, 0), (2, 8)]], 2),
    }
    more = [(layers,) for layers in (scheme, *others)]
    for label, (lists, points) in rows.items():
        drawn = [(layers,) for layers in lists]
        report.agree(label, average_bits, mean_bits, drawn, points, AVERAGE_MISTAKES, more=more)
    return report


def _least(value, best=np.argmin):
    return lambda drops, saved: int(best([value(drop, bits) for drop, bits in zip(drops, saved)]))


def cheapest_stage(drops, saved):
    """Return the index of the smallest drop per bit saved."""
    return _least(lambda drop, bits: drop / bits)(drops, saved)


CHEAPEST_MISTAKES = {
    "this is the smallest drop: divide it by the bits that it saves": _least(lambda drop, bits: drop),
    "this is the largest saving: a drop belongs over it": _least(lambda drop, bits: -bits),
    "this is the smallest saving: a drop belongs over it": _least(lambda drop, bits: bits),
    "this is the DEAREST: look for the smallest drop per bit": _least(lambda drop, bits: -drop / bits),
    "this is the largest number of bits per drop, where negative drops go wrong: divide the drop by the bits": (
        _least(lambda drop, bits: -bits / drop if drop else -np.inf)
    ),
    "this is the smallest number of bits per drop: divide the drop by the bits": (
        _least(lambda drop, bits: bits / drop if drop else np.inf)
    ),
    "// rounds down, and the drops are small: divide with /": _least(lambda drop, bits: drop // bits),
    "the ratios are rounded, so that different ones tie: compare them as they are": (
        _least(lambda drop, bits: round(drop / bits, 2))
    ),
    "int() cuts the ratios to whole numbers: compare them as they are": _least(lambda drop, bits: int(drop / bits)),
    "the saving counts once: drop / saved": _least(lambda drop, bits: drop / bits**2),
    "this multiplies: divide the drop by the bits that it saves": _least(lambda drop, bits: drop * bits),
    "a negative drop is a gain: neither abs nor max": _least(lambda drop, bits: abs(drop / bits)),
    "a negative drop is a gain, the larger the better: max(drop, 0) makes them tie": (
        _least(lambda drop, bits: max(drop, 0) / bits)
    ),
    "divide the drop by the bits that it saves, don't subtract them": _least(lambda drop, bits: drop - bits),
    "count from 0": lambda drops, saved: cheapest_stage(drops, saved) + 1,
    "start from the first ratio, or from infinity: no ratio above 0 is smaller than 0": (
        lambda drops, saved: cheapest_stage(drops, saved) if min(drops) < 0 else 0
    ),
    "this looks at three stages: there may be more, or fewer": (
        lambda drops, saved: cheapest_stage(drops[:3], saved[:3])
    ),
    "the first stage is left out": lambda drops, saved: cheapest_stage(drops[1:], saved[1:]) + 1,
    "the last stage is left out": lambda drops, saved: cheapest_stage(drops[:-1], saved[:-1]),
    "this returns the smallest ratio: return its index": lambda drops, saved: min(np.divide(drops, saved)),
    "this returns the drop: return the index": lambda drops, saved: drops[cheapest_stage(drops, saved)],
    "this returns all ratios: return the index of the smallest": np.divide,
    "this is the order of all stages: return the first of it": lambda drops, saved: np.argsort(np.divide(drops, saved)),
}


def lab2_f(cheapest, seed=0):
    """Check `cheapest(drops, saved)`, the index of the smallest accuracy drop per bit saved: 1 point, 1 hidden."""
    drawn = [([0.01, 0.6, 0.06, 0.02], [0.01, 2.0, 0.02, 0.5]), ([0.3, 0.02, 0.2], [3.0, 0.1, 1.0])]
    drawn += [([0.02, 0.09, 0.4], [0.1, 1.0, 4.0]), ([-0.01, 0.3, -0.02, 0.1], [0.1, 2.0, 0.5, 1.0])]
    drawn += [([0.1, 0.2, 0.5], [2.0, 0.8, 12.5]), ([-0.01, -0.02], [1.0, 1.0]), ([3.0, 2.0], [1.0, 1.0])]
    drawn += [([0.0049, 0.0046, 0.2], [1.0, 1.0, 2.0]), ([0.9, 0.8, 0.7, 0.6, 0.5], [1.0] * 5), ([0.2], [0.5])]
    rng = np.random.default_rng(seed)
    for size in (2, 3, 4, 6):
        drops, saved = rng.integers(-20, 100, size) / 100, rng.integers(1, 40, size) / 10
        lowest = np.sort(drops / saved)
        if lowest[1] - lowest[0] > 1e-3:  # no two that nearly tie
            drawn.append((drops.tolist(), saved.tolist()))
    report = Report("lab2_f", "The cheapest saving")
    return report.agree("four stages", cheapest, cheapest_stage, drawn, 1, CHEAPEST_MISTAKES)
