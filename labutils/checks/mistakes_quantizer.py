"""What known mistakes in the quantizer and its gradient give, by what is said of them: Lab 2 (a)."""

import torch

from .lab2_reference import levels, nearest


def _rounding(share_of, low=torch.min, high=torch.max):
    """Return a quantizer that puts `share_of(share, bits)` in place of a weight's share of the range, 0 to 1."""
    return lambda w, bits: low(w) + (high(w) - low(w)) * share_of((w - low(w)) / (high(w) - low(w)), bits)


def _steps(count, rounded=torch.round):
    """Return a quantizer that makes `count(bits)` steps of the range."""
    return _rounding(lambda share, bits: rounded(share * count(bits)) / count(bits))


def _on_multiples(w, bits):
    """Return w rounded to multiples of a step, which is a range's share."""
    step = (w.max() - w.min()) / (2**bits - 1)
    return torch.round(w / step) * step


def _by_part(axes):
    """Return a quantizer that takes a range of its own over these axes, a function of how many there are."""
    return lambda w, bits: _rounding(
        nearest, lambda w: w.amin(axes(w.dim()), keepdim=True), lambda w: w.amax(axes(w.dim()), keepdim=True)
    )(w, bits)


QUANTIZER = {
    "ceil instead of round: a weight goes to the NEAREST level": _steps(lambda bits: 2**bits - 1, torch.ceil),
    "floor instead of round: a weight goes to the NEAREST level": _steps(lambda bits: 2**bits - 1, torch.floor),
    "2 bits make 4 levels, with 3 steps between them, not 4": _steps(lambda bits: 2**bits),
    "2 bits make 4 levels, with 3 steps between them, and // and int() round down: round to the NEAREST": (
        _steps(lambda bits: 2**bits, torch.floor)
    ),
    "2**bits is the power; bits * 2 is not": _steps(lambda bits: 2 * bits),
    "2**bits is the power; bits * 2 is not, and one less are the steps": _steps(lambda bits: 2 * bits - 1),
    "^ is XOR in Python: the power is 2**bits": _steps(lambda bits: (2 ^ bits) - 1),
    "^ is XOR in Python: the power is 2**bits, and one less are the steps": _steps(lambda bits: 2 ^ bits - 1),
    "^ is XOR in Python: the power is 2**bits, not 2^bits": _steps(lambda bits: 2 ^ bits),
    "n bits make 2**n levels: this makes 2**(n-1)": _steps(lambda bits: 2 ** (bits - 1) - 1),
    "n bits make 2**n levels, with one step less: this has 2**(n-1) steps": _steps(lambda bits: 2 ** (bits - 1)),
    "n bits make 2**n levels: this makes n": _steps(lambda bits: bits - 1),
    "n bits make 2**n levels: this has n steps": _steps(lambda bits: bits),
    "the minimum is not added back": lambda w, bits: levels(w, bits) - w.min(),
    "the minimum is not taken off before rounding": lambda w, bits: (
        w.min() + (w.max() - w.min()) * torch.round(w / (w.max() - w.min()) * (2**bits - 1)) / (2**bits - 1)
    ),
    "the levels start at min(w), not at a multiple of the step": _on_multiples,
    "shares in [0, 1]: scale them back to the range of w": (
        lambda w, bits: (levels(w, bits) - w.min()) / (w.max() - w.min())
    ),
    "these are the numbers of the levels: scale them back to the range of w": (
        lambda w, bits: torch.round((w - w.min()) / (w.max() - w.min()) * (2**bits - 1))
    ),
    "the range is from -max|w| to max|w|; it should be from min(w) to max(w)": _rounding(
        nearest, lambda w: -w.abs().max(), lambda w: w.abs().max()
    ),
    "the range is from -max|w| to max(w); it should be from min(w) to max(w)": _rounding(
        nearest, lambda w: -w.abs().max(), torch.max
    ),
    "the range is from 0 to max(w); it should be from min(w) to max(w)": _rounding(
        nearest, lambda w: 0 * w.max(), torch.max
    ),
    "alpha is max(w) - min(w), not max|w|": lambda w, bits: (
        w.min() + w.abs().max() * torch.round((w - w.min()) / w.abs().max() * (2**bits - 1)) / (2**bits - 1)
    ),
    "alpha is max(w) - min(w), not max(w)": lambda w, bits: (
        w.min() + w.max() * torch.round((w - w.min()) / w.max() * (2**bits - 1)) / (2**bits - 1)
    ),
    "every channel has a range of its own here: one alpha and one beta for the whole tensor": (
        _by_part(lambda count: tuple(range(1, count)) or 0)
    ),
    "every row has a range of its own here: one alpha and one beta for the whole tensor": _by_part(lambda count: -1),
    "every column has a range of its own here: one alpha and one beta for the whole tensor": _by_part(lambda count: 0),
    "a zero is a weight like any other: it goes to the nearest level too": (
        lambda w, bits: torch.where(w == 0, 0.0, levels(w, bits))
    ),
    "bits is an argument: this makes 4 levels": lambda w, bits: levels(w, 2),
    "nothing was rounded": lambda w, bits: w,
}
EQUAL = {
    "0 / 0: the range of these weights is zero": lambda w, bits: torch.full_like(w, float("nan")),
    "weights that are all equal stay as they are: these became zero": lambda w, bits: 0 * w,
    "weights that are all equal stay as they are: these became ones": lambda w, bits: torch.ones_like(w),
}
NONE = {
    f"None means float weights: nothing is rounded, not to {bits} bits either": lambda w, _, bits=bits: levels(w, bits)
    for bits in (16, 8, 32, 4, 2, 1)
} | {"None means float weights: these became zero": lambda w, _: 0 * w}
ZERO = {
    "0 bits: all weights become zero, these stay": lambda w, _: w,
    "2**0 - 1 is 0, and dividing by it gives no number: return zeros first": lambda w, _: w * float("nan"),
    "0 bits: all weights become zero, not the smallest weight": lambda w, _: w.min() + 0 * w,
    "0 bits: all weights become zero, not the middle of the range": lambda w, _: (w.min() + w.max()) / 2 + 0 * w,
    "0 bits: all weights become zero, not their mean": lambda w, _: w.mean() + 0 * w,
}
GRADIENT = {
    "the gradient is zero: backward must hand on what it is given": lambda w, bits, g: torch.zeros_like(g),
    "with 0 bits the gradient is zero here: hand it on, whatever the bits": lambda w, bits, g: (
        g if bits != 0 else 0 * g
    ),
    "with bits None the gradient is lost: hand it on, whatever the bits": (
        lambda w, bits, g: g if bits is not None else 0 * g
    ),
    "these are ones: hand on the gradient that comes in": lambda w, bits, g: torch.ones_like(g),
    "the gradient is clipped: hand it on as it is": lambda w, bits, g: g.clamp(-1, 1),
    "large weights get no gradient here: hand it on for each": lambda w, bits, g: g * (w.abs() <= 1),
    "weights at zero get no gradient here: hand it on for each": lambda w, bits, g: g * (w != 0),
    "positive weights alone get a gradient here: hand it on for each": lambda w, bits, g: g * (w > 0),
    "this is the gradient's sign: hand it on as it is": lambda w, bits, g: g.sign(),
    "the sign is wrong: hand the gradient on as it is": lambda w, bits, g: -g,
    "this is the rounded gradient: hand it on as it is": lambda w, bits, g: levels(g, bits),
    "the gradient is scaled by the range of w: hand it on as it is": lambda w, bits, g: g * (w.max() - w.min()),
    "the gradient is multiplied by w: hand it on as it is": lambda w, bits, g: g * w,
    "this hands on the weights: hand on the gradient": lambda w, bits, g: levels(w, bits),
}
