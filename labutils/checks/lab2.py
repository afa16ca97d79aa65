"""What question (a) of Lab 2 must show, the quantizer and its gradient. It stands in notebooks/06."""

import torch

from .failure import Misbehaved
from .lab2_reference import levels
from .mistakes_quantizer import EQUAL, GRADIENT, NONE, QUANTIZER, ZERO
from .report import Report

SAMPLE = torch.tensor([[0.6, -0.9, 0.1], [-0.3, 1.5, 0.25], [-0.05, 0.8, -0.45]])  # its 2-bit levels: -0.9, -0.1, 0.7


def tensors(seed=0):
    """Return weights of many kinds: zeros inside, an offset, one sign only, large, small, of one and four axes."""
    generator = torch.Generator().manual_seed(seed)
    plain = torch.randn(4, 3, 3, 3, generator=generator)
    with_zeros = torch.where(torch.rand(6, 5, generator=generator) < 0.3, 0.0, torch.randn(6, 5, generator=generator))
    return [SAMPLE, with_zeros, plain + 7, -plain.abs() - 0.5, plain.abs() + 0.1, 100 * plain[0], plain[0, 0] / 1000]


def _tensor(found):
    """Return what a call of an answer gave; raise Misbehaved, in words, where that is no tensor."""
    if not isinstance(found, torch.Tensor):
        raise Misbehaved(f"this returns {'nothing' if found is None else type(found).__name__}: return a tensor")
    return found


def _slope(ste):
    """Return the function that gives the gradient for w, where `upstream` is that for what `ste` returns."""

    def gradient(w, bits, upstream):
        device = _tensor(ste.apply(w.clone(), bits)).device  # an answer may compute elsewhere
        moving = w.to(device, copy=True).requires_grad_()
        (ste.apply(moving, bits) * upstream.to(device)).sum().backward()
        return torch.zeros_like(moving) if moving.grad is None else moving.grad

    return gradient


def lab2_a(ste, seed=0):
    """Check `ste`, a torch.autograd.Function with apply(w, bits), the straight-through quantizer: 8 points."""
    drawn, generator = tensors(seed), torch.Generator().manual_seed(seed + 1)
    cases = [(SAMPLE, 2), *[(w, bits) for w in drawn for bits in (2, 1, 3, 4, 8)], (SAMPLE, 10)]
    some = torch.randn(3, 3, generator=generator)
    upstreams = [torch.arange(9.0).reshape(3, 3), some, 300 * some, some / 1e4]

    def apply(w, bits):
        return ste.apply(w, bits)  # a class of another kind has none

    def count_levels(uneven, bits):
        return len(torch.unique(_tensor(apply(uneven, bits))))

    def handed_on(w, bits, upstream):
        return upstream

    uneven = torch.linspace(-1, 2, 1001) ** 3
    report = Report("lab2_a", "The straight-through estimator")
    report.agree("a 3x3 tensor at 2 bits", apply, levels, cases, 2, QUANTIZER)
    counted = [(uneven, bits) for bits in (1, 3, 5)]
    report.agree("how many levels at 1, 3 and 5 bits", count_levels, lambda w, bits: 2**bits, counted)
    none, zero = ([(w, bits) for w in drawn] for bits in (None, 0))
    report.agree("bits=None leaves the weights alone", apply, lambda w, bits: w.numpy(), none, 1, NONE)
    report.agree("bits=0 sets all weights to zero", apply, levels, zero, 1, ZERO)
    passed = [(w, bits, g) for w in (SAMPLE, 5 * SAMPLE + 9, SAMPLE.abs()) for bits in (2, 4) for g in upstreams]
    passed += [(w, bits, some) for w, bits in ((SAMPLE, None), (SAMPLE, 0), (torch.full((3, 3), 0.3), 4))]
    report.agree("the gradient passes straight through", _slope(ste), handed_on, passed, 2, GRADIENT)
    equal = [(torch.full((4,), value), 4) for value in (0.3, 0.0, -2.0)] + [(torch.tensor([1.5]), 2)]
    label = "weights that are all equal stay as they are"
    return report.agree(label, apply, levels, equal, 1, EQUAL)
