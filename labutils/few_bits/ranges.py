"""Places the levels elsewhere than from the smallest weight to the largest. Derived in notebooks/08.

An estimator looks at weights and returns the lowest level and the step from one level to the next; a quantizer rounds
weights to such levels and is what `quantize.QuantLayer.quantizer` holds.
"""

import math

import torch
from torch import nn

THREE = math.log2(3)  # the bits of three levels; 2**THREE is 3 exactly
SHARES = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2)  # of the whole range, from which `least_squares` starts
ROUNDS = 30


def _rows(w, per_channel):
    """Return w as a matrix with one row per range: one in all, or one per output channel."""
    return w.flatten(1) if per_channel else w.reshape(1, -1)


def _shaped(lowest, step, w):
    """Return two columns, one number per range, as tensors that broadcast against w."""
    shape = (-1,) + (1,) * (w.dim() - 1)
    return lowest.view(shape), step.view(shape)


def min_max(w, bits, per_channel=False):
    """Spread the levels from the smallest weight to the largest, of the tensor or of each output channel.

    Parameters: w, float, (out_channels, ...); bits, 1 to 16; per_channel, whether each output channel has its own.
    Returns: lowest and step, each of shape (1, ...) or (out_channels, 1, ...), to broadcast against w.
    Source: linear quantization with dynamic scaling, as in Jacob et al. (2018). Derived in notebooks/06.
    """
    lowest, highest = torch.aminmax(_rows(w, per_channel), dim=1)
    return _shaped(lowest, (highest - lowest) / (2**bits - 1), w)


def least_squares(w, bits, per_channel=False):
    """Spread the levels so that rounding moves the weights least, by the sum of squares.

    In turn, every weight takes its nearest level, and the levels move to where they fit these weights best: a straight
    line through the points (code, weight). Neither makes the error larger, so it settles; where depends on the start,
    so several starts are tried and the best is kept. The outermost weights may lie outside.
    Parameters and returns: as in `min_max`.
    Source: Lloyd (1982), with evenly spaced levels. Derived in notebooks/08.
    """
    rows = _rows(w, per_channel)
    smallest, largest = torch.aminmax(rows, dim=1, keepdim=True)
    whole = (largest - smallest) / (2**bits - 1)
    best = smallest, whole
    least = (round_to(rows, bits, *best) - rows).square().sum(1, keepdim=True)
    for share in SHARES:
        lowest, step = share * smallest, share * whole
        for _ in range(ROUNDS):
            codes = _codes(rows, bits, lowest, step).round()
            middle, mean = codes.mean(1, keepdim=True), rows.mean(1, keepdim=True)
            spread = (codes - middle).square().sum(1, keepdim=True)
            slope = ((codes - middle) * (rows - mean)).sum(1, keepdim=True) / torch.where(spread == 0, 1, spread)
            step = torch.where(spread == 0, step, slope)
            lowest = mean - step * middle
        error = (round_to(rows, bits, lowest, step) - rows).square().sum(1, keepdim=True)
        best = tuple(torch.where(error < least, new, old) for new, old in zip((lowest, step), best))
        least = torch.minimum(error, least)
    return _shaped(*best, w)


def zero_code(bits, lowest, step):
    """Return the code of the level that lies next to zero: a whole number, as a float tensor of the levels' shape."""
    return (-lowest / torch.where(step == 0, 1, step)).round().clamp(0, 2**bits - 1)


def with_zero(bits, lowest, step):
    """Return the levels moved by at most half a step, so that zero is exactly one of them, if it lies among them.

    Weights that are zero then stay zero, as pruned ones must. Source: the rounded zero point of Jacob et al. (2018).
    """
    return -zero_code(bits, lowest, step) * step, step


def of_non_zeros(w, bits):
    """Fit the levels to the weights that are not zero, by `least_squares`, where one level will be put at zero.

    Parameters: w, float, (out_channels, ...), pruned; bits, 1 to 16. Returns: lowest and step, of shape (1, ...).
    Used in notebooks/08.
    """
    kept = w[w != 0] if w.any() else w.flatten()
    return _shaped(*least_squares(kept.view(1, -1), bits), w)


def _codes(w, bits, lowest, step, beyond=0.0):
    """Return where each weight lies among the levels, from -beyond to 2**bits - 1 + beyond, not rounded yet."""
    return ((w - lowest) / torch.where(step == 0, 1, step)).clamp(-beyond, 2**bits - 1 + beyond)


def round_to(w, bits, lowest, step, beyond=0.0):
    """Round every weight to the nearest of the 2**bits levels lowest, lowest + step, lowest + 2 step, ...

    Parameters: w, a float tensor; bits, 1 to 16, or `THREE`; lowest and step, tensors that broadcast against w; beyond,
        how many steps outside the levels a weight still gets its gradient.
    Returns: a tensor of w's shape; weights beyond the levels go to the outermost. Halfway values round to the even one.
    The gradient passes straight through the rounding: to a weight among the levels, or up to `beyond` steps outside, it
    is handed on unchanged, to one further out it is zero, and `lowest` and `step` get what moving them does to the
    levels.
    Source: the gradients of LSQ (Esser et al., 2020) and, with a lowest level of its own, LSQ+ (Bhalgat et al., 2020).
    """
    codes = _codes(w, bits, lowest, step, beyond)
    return lowest + step * (codes + (codes.round().clamp(0, 2**bits - 1) - codes).detach())


def follows(estimator, zero=False, **options):
    """Return a quantizer whose levels follow the weights: `estimator(w, bits, **options)`, asked at every call.

    Parameters: estimator, such as `least_squares`; zero, whether zero shall be a level.
    """

    def quantizer(w, bits):
        with torch.no_grad():
            levels = estimator(w, bits, **options)
            if zero:
                levels = with_zero(bits, *levels)
        return round_to(w, bits, *levels)

    return quantizer


class LearnedRange(nn.Module):
    """A quantizer whose lowest level and step are parameters, which training moves as it moves the weights.

    Parameters: w, the weights to start from; bits; estimator, which places the first levels; zero, whether zero shall
        be a level: which one is settled at the start, and the step alone is learned.
    Their gradients gather one term per weight; they are divided by the square root of the number of weights times the
    number of steps, so that levels and weights learn at the same pace.
    Source: LSQ+ (Bhalgat et al., 2020) after LSQ (Esser et al., 2020). Derived in notebooks/08.
    """

    def __init__(self, w, bits, estimator=least_squares, zero=False):
        super().__init__()
        with torch.no_grad():
            lowest, step = estimator(w, bits)
            self.register_buffer("zero", zero_code(bits, lowest, step) if zero else None)
        self.lowest = None if zero else nn.Parameter(lowest.clone())
        self.step = nn.Parameter(step.clone())

    def forward(self, w, bits, beyond=0.0):
        pace = (w.numel() / self.step.numel() * (2**bits - 1)) ** -0.5

        def paced(level):
            return level * pace + (level * (1 - pace)).detach()

        step = paced(self.step)
        lowest = paced(self.lowest) if self.zero is None else -self.zero * step
        return round_to(w, bits, lowest, step, beyond)


class LearnedTernary(LearnedRange):
    """A quantizer with the three levels -step, 0 and step, of which training moves the step.

    A layer with it has 2 bits, of which one code stays unused. Parameters: w, the weights to start from; bits, 2.
    Raises: ValueError for other bits.
    Source: three levels as in Li et al. (2016), learned as in LSQ (Esser et al., 2020). Used by `recipes`.
    """

    def __init__(self, w, bits):
        if bits != 2:
            raise ValueError(f"bits: expected 2 for three levels, found {bits}")
        super().__init__(w, THREE, zero=True)
        self.zero.fill_(1)  # the level in the middle, wherever the weights lie

    def forward(self, w, bits):
        return super().forward(w, THREE)


class LearnedBinary(LearnedRange):
    """A quantizer with two levels, which training moves; weights up to half a step outside them get a gradient too.

    Of two levels by least squares, about four weights of ten lie outside. Without a gradient none of them could move
    before a level moved past it. Parameters: w, the weights to start from; bits, 1. Raises: ValueError for other bits.
    Source: weights of one bit as in Courbariaux et al. (2015), learned as in LSQ+ (Bhalgat et al., 2020). Used by
    `recipes`.
    """

    def __init__(self, w, bits):
        if bits != 1:
            raise ValueError(f"bits: expected 1 for two levels, found {bits}")
        super().__init__(w, bits)

    def forward(self, w, bits):
        return super().forward(w, bits, beyond=0.5)
