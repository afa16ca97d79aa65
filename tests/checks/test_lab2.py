"""The checks of Lab 2: full marks for the reference, fewer for each known-wrong answer, which is named."""

import pytest
import torch
from helpers.answers.table import not_written
from torch.nn import functional as F

from labutils import checks
from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, stage_layers


def straight_through(forward, backward=lambda ctx, gradient: (gradient, None)):
    """Return a torch.autograd.Function made of two plain functions."""
    methods = {"forward": staticmethod(lambda ctx, w, bits: forward(w, bits)), "backward": staticmethod(backward)}
    return type("Answer", (torch.autograd.Function,), methods)


def quantizer(rounding=torch.round, steps=lambda bits: 2**bits - 1, equal=True, low=torch.min, high=torch.max):
    """Return a quantizer with one thing wrong, by default nothing."""

    def forward(w, bits):
        if bits is None:
            return w.clone()
        if bits == 0:
            return w * 0
        lowest, reach = low(w), high(w) - low(w)
        if equal and reach == 0:
            return w.clone()
        return lowest + reach * rounding((w - lowest) / reach * steps(bits)) / steps(bits)

    return forward


def no_float(w, bits):
    return quantizer()(w, bits or 8)


def zero_bits_as_float(w, bits):
    return quantizer()(w, bits or None)


def without_offset(w, bits):
    return quantizer()(w, bits) - w.min() if bits else quantizer()(w, bits)


def shares(w, bits):
    return (quantizer()(w, bits) - w.min()) / (w.max() - w.min()) if bits else quantizer()(w, bits)


def largest(w):
    return w.abs().max()


def zero_gradient(ctx, gradient):
    return torch.zeros_like(gradient), None


def quantize_model(model, bits):
    answer = ResNet20((bits,) * 3)
    answer.load_state_dict(model.state_dict())
    return answer.eval()


def only_two_stages(model, bits):
    answer = ResNet20((bits, bits, None))
    answer.load_state_dict(model.state_dict())
    return answer.eval()


def finetune_step(model, optimizer, x, y, clear=True, backward=True, move=True, sign=1):
    if clear:
        optimizer.zero_grad()
    loss = sign * F.cross_entropy(model(x), y)
    if backward:
        loss.backward()
    if move:
        optimizer.step()
    return loss.item()


def set_bits(model, bits, layers=stage_layers):
    for stage, stage_bits in enumerate(bits):
        for layer in layers(model, stage):
            layer.bits = stage_bits
    return model


def without_shortcuts(model, stage):
    return [layer for layer in stage_layers(model, stage) if layer.conv.kernel_size == (3, 3)]


def all_layers(model, bits):
    for _, layer in quantize.quant_layers(model):
        layer.bits = bits[0]
    return model


def average_bits(layers):
    return sum(count * (32 if bits is None else bits) for count, bits in layers) / sum(count for count, _ in layers)


CHECKS = {
    "lab2_a": (checks.lab2_a, straight_through(quantizer()), straight_through(not_written), 8),
    "lab2_b": (checks.lab2_b, quantize_model, not_written, 1.5),
    "lab2_c": (checks.lab2_c, finetune_step, not_written, 2),
    "lab2_d": (checks.lab2_d, set_bits, not_written, 2),
    "lab2_e": (checks.lab2_e, average_bits, not_written, 6),
    "lab2_f": (
        checks.lab2_f,
        lambda drops, saved: min(range(len(drops)), key=lambda i: drops[i] / saved[i]),
        not_written,
        1,
    ),
}
WRONG = {
    "lab2_a": {
        "ceil": (straight_through(quantizer(torch.ceil)), "ceil instead of round"),
        "floor": (straight_through(quantizer(torch.floor)), "floor instead of round"),
        "2**bits steps": (straight_through(quantizer(steps=lambda bits: 2**bits)), "3 steps between them"),
        "max-abs range": (straight_through(quantizer(low=lambda w: -largest(w), high=largest)), "-max|w| to max|w|"),
        "no offset": (straight_through(without_offset), "the minimum is not added back"),
        "shares": (straight_through(shares), "shares in [0, 1]"),
        "identity": (straight_through(lambda w, bits: w.clone()), "nothing was rounded"),
        "zero gradient": (straight_through(quantizer(), zero_gradient), "the gradient is zero"),
        "0 / 0": (straight_through(quantizer(equal=False)), "0 / 0"),
        "None is rounded": (straight_through(no_float), ""),
        "0 bits is float": (straight_through(zero_bits_as_float), ""),
    },
    "lab2_b": {
        "the float network": (lambda model, bits: model, "nothing was quantized"),
        "new weights": (lambda model, bits: ResNet20((bits,) * 3).eval(), ""),
        "one stage forgotten": (only_two_stages, ""),
    },
    "lab2_c": {
        "no step": (lambda *a: finetune_step(*a, move=False), "did not move"),
        "no backward": (lambda *a: finetune_step(*a, backward=False), "did not move"),
        "climbs": (lambda *a: finetune_step(*a, sign=-1), "the sign is wrong"),
        "no zero_grad": (lambda *a: finetune_step(*a, clear=False), "zero_grad"),
    },
    "lab2_d": {
        "nothing set": (lambda model, bits: model, "no layer has new bits"),
        "shortcuts forgotten": (lambda model, bits: set_bits(model, bits, without_shortcuts), "1x1 shortcut"),
        "all layers alike": (all_layers, "the first and the last layer stay float"),
        "stages reversed": (lambda model, bits: set_bits(model, bits[::-1]), "reverse order"),
    },
    "lab2_e": {
        "mean over layers": (lambda pairs: sum(b or 32 for _, b in pairs) / len(pairs), "mean over layers"),
        "float counts 0": (
            lambda pairs: sum(c * (b or 0) for c, b in pairs) / sum(c for c, _ in pairs),
            "float layers are missing",
        ),
        "float left out": (
            lambda pairs: sum(c * b for c, b in pairs if b) / max(1, sum(c for c, b in pairs if b)),
            "first and last layer are left out",
        ),
        "not divided": (lambda pairs: sum(c * (32 if b is None else b) for c, b in pairs), "total number of bits"),
        "0 bits as float": (lambda pairs: average_bits([(c, b or None) for c, b in pairs]), ""),
        "a constant": (lambda pairs: 2.5988, ""),
    },
    "lab2_f": {
        "smallest drop": (lambda drops, saved: drops.index(min(drops)), "smallest drop"),
        "largest saving": (lambda drops, saved: saved.index(max(saved)), "largest saving"),
        "dearest": (lambda drops, saved: max(range(len(drops)), key=lambda i: drops[i] / saved[i]), "DEAREST"),
    },
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_reference_has_full_marks_and_the_stub_none(name):
    check, reference, stub, points = CHECKS[name]
    report = check(reference)
    assert report.id == name and report.points == report.max == points, report.rows
    assert check(stub).points == 0
    assert all("not written yet" in row["message"] for row in check(stub).rows)


@pytest.mark.parametrize(("name", "mistake"), [(name, mistake) for name in WRONG for mistake in WRONG[name]])
def test_a_wrong_answer_loses_marks_and_is_named(name, mistake):
    answer, message = WRONG[name][mistake]
    report = CHECKS[name][0](answer)
    assert report.points < report.max
    assert any(message in row["message"] for row in report.rows if not row["ok"]), report.rows


def test_bits_that_are_set_once_a_network_are_not_enough():
    def once(model, bits):
        if not hasattr(model, "was_set"):
            set_bits(model, bits)
        model.was_set = True
        return model

    report = checks.lab2_d(once)
    assert report.points < report.max and "a second call" in report.rows[0]["message"]
