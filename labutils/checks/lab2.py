"""What questions (a) to (c) of Lab 2 must show. They stand in notebooks/06."""

import torch
from torch.nn import functional as F

from ..networks.quantize import QuantLinear, quant_layers, settle
from .report import Report
from .sample_network import differences, misplaced, sample_network, scores_of, state_of


def levels(w, bits):
    """Return w rounded to the nearest of 2**bits levels from its least to its greatest value."""
    lowest, reach, top = w.min(), w.max() - w.min(), 2**bits - 1
    return w.clone() if reach == 0 else lowest + reach * torch.round((w - lowest) / reach * top) / top


def _rounding(share_of, low=torch.min, high=torch.max):
    """Return a quantizer that puts `share_of(share, bits)` in place of a weight's share of the range, 0 to 1."""
    return lambda w, bits: low(w) + (high(w) - low(w)) * share_of((w - low(w)) / (high(w) - low(w)), bits)


QUANTIZER_MISTAKES = {
    "0 / 0: the range of these weights is zero": lambda w, bits: torch.full_like(w, float("nan")),
    "ceil instead of round: a weight goes to the NEAREST level": (
        _rounding(lambda share, bits: torch.ceil(share * (2**bits - 1)) / (2**bits - 1))
    ),
    "floor instead of round: a weight goes to the NEAREST level": (
        _rounding(lambda share, bits: torch.floor(share * (2**bits - 1)) / (2**bits - 1))
    ),
    "2 bits make 4 levels, with 3 steps between them, not 4": (
        _rounding(lambda share, bits: torch.round(share * 2**bits) / 2**bits)
    ),
    "the minimum is not added back": lambda w, bits: levels(w, bits) - w.min(),
    "shares in [0, 1]: scale them back to the range of w": (
        lambda w, bits: (levels(w, bits) - w.min()) / (w.max() - w.min())
    ),
    "the range is from -max|w| to max|w|; it should be from min(w) to max(w)": _rounding(
        lambda share, bits: torch.round(share * (2**bits - 1)) / (2**bits - 1), lambda w: -w.abs().max(), torch.max
    ),
    "alpha is max(w) - min(w), not max|w|": lambda w, bits: (
        w.min() + w.abs().max() * torch.round((w - w.min()) / w.abs().max() * (2**bits - 1)) / (2**bits - 1)
    ),
    "a zero is a weight like any other: it goes to the nearest level too": (
        lambda w, bits: torch.where(w == 0, 0.0, levels(w, bits))
    ),
    "bits is an argument: this makes 4 levels": lambda w, bits: levels(w, 2),
    "nothing was rounded": lambda w, bits: w,
}
SAMPLE = torch.tensor([[0.6, -0.9, 0.1], [-0.3, 1.5, 0.25], [-0.05, 0.8, -0.45]])  # its 2-bit levels: -0.9, -0.1, 0.7


def tensors(seed=0):
    """Return weights of many kinds: zeros inside, an offset, one sign only, large, small, of one and four axes."""
    generator = torch.Generator().manual_seed(seed)
    plain = torch.randn(4, 3, 3, 3, generator=generator)
    with_zeros = torch.where(torch.rand(6, 5, generator=generator) < 0.3, 0.0, torch.randn(6, 5, generator=generator))
    return [SAMPLE, with_zeros, plain + 7, -plain.abs() - 0.5, plain.abs() + 0.1, 100 * plain[0], plain[0, 0] / 1000]


def lab2_a(ste):
    """Check `ste`, a torch.autograd.Function with apply(w, bits), the straight-through quantizer: 8 points."""
    cases = [(SAMPLE, 2), *[(w, bits) for w in tensors() for bits in (2, 1, 3, 4, 8)]]
    drawn = torch.randn(3, 3, generator=torch.Generator().manual_seed(1))
    upstreams = [torch.arange(9.0).reshape(3, 3), drawn, 300 * drawn, drawn / 1e4]
    some = tensors()

    def count_levels(uneven, bits):
        return len(torch.unique(ste.apply(uneven, bits)))

    def gradient(w, bits, upstream):
        moving = w.clone().requires_grad_()
        result = ste.apply(moving, bits)
        (result * upstream.to(result.device)).sum().backward()
        return moving.grad

    blocked = {
        "the gradient is zero: backward must hand on what it is given": lambda w, bits, g: torch.zeros_like(g),
        "the gradient is clipped: hand it on as it is": lambda w, bits, g: g.clamp(-1, 1),
        "this is the gradient's sign: hand it on as it is": lambda w, bits, g: g.sign(),
        "this is the rounded gradient: hand it on as it is": lambda w, bits, g: levels(g, bits),
    }
    uneven = torch.linspace(-1, 2, 1001) ** 3
    report = Report("lab2_a", "The straight-through estimator")
    report.agree("a 3x3 tensor at 2 bits", ste.apply, levels, cases, 2, QUANTIZER_MISTAKES, tolerance=1e-4)
    report.agree(
        "how many levels at 1, 3 and 5 bits", count_levels, lambda w, bits: 2**bits, [(uneven, b) for b in (1, 3, 5)]
    )
    report.agree("bits=None leaves the weights alone", ste.apply, lambda w, bits: w, [(w, None) for w in some])
    report.agree("bits=0 sets all weights to zero", ste.apply, lambda w, bits: 0 * w, [(w, 0) for w in some])
    passed = [(w, bits, g) for w in (SAMPLE, 5 * SAMPLE + 9, SAMPLE.abs()) for bits in (2, 4) for g in upstreams]
    passed += [(SAMPLE, None, upstreams[1]), (torch.full((3, 3), 0.3), 4, upstreams[1])]
    report.agree("the gradient passes straight through", gradient, lambda w, bits, g: g, passed, 2, blocked)
    equal = [(torch.full((4,), value), 4) for value in (0.3, 0.0, -2.0)] + [(torch.tensor([1.5]), 2)]
    label = "weights that are all equal stay as they are"
    return report.agree(label, ste.apply, levels, equal, 1, QUANTIZER_MISTAKES)


def _given_network_stays(quantize_model):
    """Return what `quantize_model` did wrong to the network that it was given, "" where nothing."""
    for bits, mode in ((3, False), (None, True)):
        if problem := _given_network_changes(quantize_model, bits, sample_network().train(mode)):
            return problem
    return ""


def _given_network_changes(quantize_model, bits, given):
    before = state_of(given)
    made = quantize_model(given, bits)
    if differences(before, state_of(given)):
        return "the network that was given has changed: make a new ResNet20, and leave the given one alone"
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(1.0)
    if differences(before, state_of(given)):
        return "the new network shares its weights with the given one: load_state_dict copies them without assign"
    return ""


def lab2_b(quantize_model):
    """Check `quantize_model(model, bits)`, a ResNet20 with all stages at `bits` and the model's weights: 1.5 points."""
    float_model, expected = sample_network(), sample_network((3, 3, 3))
    weights = [name for name, _ in float_model.named_parameters()]
    report = Report("lab2_b", "The network at fewer bits")

    def placed():
        for bits in (3, 5, 2):
            made = quantize_model(float_model, bits)
            if not any(layer.bits for _, layer in quant_layers(made)):
                return "nothing was quantized: make a new network, ResNet20(bits=...)"
            if made is float_model:
                return "this is the given network, changed: make a new one, ResNet20(bits=...)"
            layers = misplaced(made, (bits,) * 3)
            if {"head_conv.0", "final_fc"} & set(layers):
                return "the first and the last layer stay float: ResNet20(bits=...) gives bits to its stages only"
            if layers:
                return "some layers have other bits: ResNet20 takes one number of bits per stage"
        return _given_network_stays(quantize_model)

    def computes():
        made = quantize_model(float_model, 3)
        found, given = state_of(made), state_of(float_model)
        off = differences(given, found, [*float_model.state_dict()])
        if off and not differences(state_of(settle(sample_network((3, 3, 3)))), found, off):
            return "the float weights are lost: the layers round by themselves, so copy the weights as they are"
        if len({*off} & {*weights}) > len(weights) / 2:
            return "these are other weights: copy the float network's with load_state_dict"
        if off:
            return "some weights or batch-norm statistics are others: load_state_dict(model.state_dict()) copies all"
        if not torch.allclose(scores_of(made), scores_of(expected), rtol=1e-4, atol=1e-4):
            return "these are not the rounded network's scores: look at the row above"
        return ""

    report.says("3 bits in all three stages, first and last layer float", placed)
    return report.says("it computes with the float network's weights", computes, points=0.5)


def step_case(seed, bits=2, rate=0.1):
    """Return (layer, optimizer, x, y) for one step of training: all of it from the seed, in training mode."""
    generator = torch.Generator().manual_seed(seed)
    layer = QuantLinear(4, 3, bits=bits)
    weights = {"linear.weight": torch.randn(3, 4, generator=generator), "linear.bias": torch.zeros(3)}
    layer.load_state_dict(weights)
    x, y = torch.randn(8, 4, generator=generator), torch.arange(8) % 3
    for parameter in layer.parameters():  # what an earlier step may have left
        parameter.grad = torch.ones_like(parameter)
    return layer, torch.optim.SGD(layer.parameters(), lr=rate, weight_decay=0.05), x, y


def step_loss(seed):
    """Return the loss that `step_case` starts from."""
    layer, _, x, y = step_case(seed)
    return F.cross_entropy(layer(x), y).item()


def lab2_c(finetune_step):
    """Check `finetune_step(model, optimizer, x, y)`, one step of quantization-aware training: 2 points, 1 hidden."""

    def moved(case, steps, clear=True, sign=1, scores=lambda z: z):
        layer, optimizer, x, y = step_case(*case)
        for _ in range(steps):
            if clear:
                optimizer.zero_grad()
            (sign * F.cross_entropy(scores(layer(x)), y)).backward()
            optimizer.step()
        return layer.weight.detach()

    def answer(case, steps):
        layer, optimizer, x, y = step_case(*case)
        for _ in range(steps):
            loss = finetune_step(layer, optimizer, x, y)
        if not layer.training:
            raise ValueError("model.eval() in a training step: batch normalisation would stop learning; leave the mode")
        if loss is None:
            raise ValueError("the function returns nothing: return the loss, a number")
        return layer.weight.detach()

    one = {
        "the weights did not move: call backward, then optimizer.step": (
            lambda case, steps: step_case(*case)[0].weight.detach()
        ),
        "the loss climbs: the sign is wrong": lambda case, steps: moved(case, steps, sign=-1),
        "softmax is part of cross_entropy: give it the scores": (
            lambda case, steps: moved(case, steps, scores=lambda z: z.softmax(1))
        ),
        "gradients of earlier steps are still there: call optimizer.zero_grad": (
            lambda case, steps: moved(case, steps, clear=False)
        ),
    }
    drawn = [(3,), (4, None, 0.5), (5, 4, 0.01)]
    report = Report("lab2_c", "One step of fine-tuning")
    report.agree("one step moves the float weights", answer, moved, [(case, 1) for case in drawn], 1, one)
    return report.agree("two steps in a row", answer, moved, [(case, 2) for case in drawn], 1, one)
