"""Linear quantization of weights with a straight-through gradient. Derived in notebooks/06 and 07."""

import torch
from torch import nn
from torch.nn import functional as F

from .hardware import float32_only

FLOAT_BITS = 32  # what an unquantized weight costs


def check_bits(bits):
    """Return `bits` if it is None (float), 0 (all weights zero) or 1 to 16; raise ValueError otherwise."""
    if bits is None or (isinstance(bits, int) and not isinstance(bits, bool) and 0 <= bits <= 16):
        return bits
    raise ValueError(f"bits: expected None (float), 0 (all zero) or a whole number from 1 to 16, found {bits!r}")


def linear_quantize(w, bits):
    """Round every weight to the nearest of 2**bits levels spread evenly from min(w) to max(w).

    Parameters: w, a float tensor of any shape; bits, None (w itself), 0 (all zero) or 1 to 16.
    Returns: a tensor of w's shape and dtype with at most 2**bits different values. A constant tensor is returned
        unchanged: its range is 0 and one level holds it exactly. Halfway values round to the even level.
    Raises: ValueError for other bits, an empty tensor, or one that holds NaN or infinity.
    Source: linear quantization with dynamic scaling, as in Jacob et al. (2018), without rounding the zero point.
    Derived in notebooks/06.
    """
    check_bits(bits)
    if w.numel() == 0:
        raise ValueError(f"w: expected at least one weight, found an empty tensor of shape {tuple(w.shape)}")
    lowest, highest = w.amin(), w.amax()  # torch 2.4's aminmax knows no gradient
    step_range = highest - lowest
    if not torch.isfinite(step_range):
        raise ValueError(f"w: expected finite weights, found a range from {lowest:g} to {highest:g}")
    return _round_to_levels(w, bits, lowest, step_range)


def _round_to_levels(w, bits, lowest, step_range):
    """Round `w` as `linear_quantize` does, looking at no number, for which a GPU would have to be waited for."""
    if bits is None:
        return w
    if bits == 0:
        return torch.zeros_like(w)
    steps = 2**bits - 1
    divisor = torch.where(step_range == 0, 1, step_range)  # a constant tensor: every weight is the lowest
    return lowest + step_range * (torch.round((w - lowest) / divisor * steps) / steps)


class STE(torch.autograd.Function):
    """Straight-through estimator: quantizes on the way forward, passes the gradient unchanged on the way back.

    `STE.apply(w, bits)` returns `linear_quantize(w, bits)`; its gradient with respect to w is the identity. Weights
    that are not finite become NaN here and are not refused, so that no training step waits; the loss shows them.
    Source: Bengio, Leonard and Courville (2013). Derived in notebooks/06.
    """

    @staticmethod
    def forward(ctx, w, bits):
        # A layer's weights may be float32 under autocast; the levels must not be rounded to bfloat16.
        check_bits(bits)
        with float32_only(w.device):
            lowest, highest = torch.aminmax(w)
            return _round_to_levels(w, bits, lowest, highest - lowest)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class QuantLayer(nn.Module):
    """What the quantized layers share: float weights `weight`, and what they are rounded to.

    `bits` is as in `linear_quantize`. `quantizer(weight, bits)` rounds on every forward pass and decides which gradient
    the float weights get; it is `STE.apply` unless another one is put there, as in notebooks/08.
    """

    def __init__(self, bits):
        super().__init__()
        self.bits, self.quantizer = check_bits(bits), STE.apply

    def rounded(self):
        """Return the weights as the layer uses them; raise ValueError where its quantizer gives something else."""
        if self.bits is None:
            return self.weight
        rounded = self.quantizer(self.weight, self.bits)
        if getattr(rounded, "shape", None) != self.weight.shape:
            found = f"shape {tuple(rounded.shape)}" if isinstance(rounded, torch.Tensor) else type(rounded).__name__
            raise ValueError(f"quantizer: expected weights of shape {tuple(self.weight.shape)}, found {found}")
        return rounded

    def extra_repr(self):
        return f"bits={self.bits}"


class QuantConv2d(QuantLayer):
    """A bias-free convolution whose weights pass through `STE` on every forward pass.

    Parameters: in_channels, out_channels, kernel_size, and stride and padding as in `nn.Conv2d`; bits as in
        `linear_quantize`.
    The float weights are `self.conv.weight`; they are what the optimiser moves. Derived in notebooks/06.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bits=None):
        super().__init__(bits)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)

    @property
    def weight(self):
        """The float weights, of shape (out_channels, in_channels, height, width)."""
        return self.conv.weight

    def forward(self, x):
        return F.conv2d(x, self.rounded(), None, self.conv.stride, self.conv.padding)


class QuantLinear(QuantLayer):
    """A linear layer with float bias whose weights pass through `STE` on every forward pass.

    Parameters: in_features, out_features; bits as in `linear_quantize`. Derived in notebooks/06.
    """

    def __init__(self, in_features, out_features, bits=None):
        super().__init__(bits)
        self.linear = nn.Linear(in_features, out_features)

    @property
    def weight(self):
        """The float weights, of shape (out_features, in_features)."""
        return self.linear.weight

    def forward(self, x):
        return F.linear(x, self.rounded(), self.linear.bias)


def as_it_is(w, bits):
    """Return w: the quantizer of a layer whose weights are on their levels already."""
    return w


def settle(model):
    """Replace the float weights of all rounded layers by what they are rounded to, in place; return the model.

    The network computes the same, and need not round again. Training it on is training from the levels.
    """
    for _, layer in quant_layers(model):
        layer.weight.data = layer.rounded().detach()
        del layer.quantizer  # which may be a module, whose learned levels are no longer needed
        layer.quantizer = as_it_is
    return model


def quant_layers(model):
    """Return [(name, layer), ...]: the model's `QuantConv2d` and `QuantLinear` layers, first to last."""
    return [(name, m) for name, m in model.named_modules() if isinstance(m, QuantLayer)]


def is_level(name):
    """Return whether the parameter of this name places the levels of a quantizer, and is no weight of its layer."""
    return ".quantizer." in name


def set_bits(model, layer_bits):
    """Give the layers that {layer name: bits} names these bits, in place; all others keep theirs.

    Raises: ValueError for bits that `linear_quantize` does not take. Used in notebooks/08.
    """
    layers = dict(quant_layers(model))
    for name, bits in layer_bits.items():
        layers[name].bits = check_bits(bits)


def weight_bits(layer):
    """Return what one weight of `layer` costs: its bits, or 32 where it is float."""
    return FLOAT_BITS if layer.bits is None else layer.bits


def average_precision(model):
    """Return the mean number of bits per weight over the model's convolutions and linear layers.

    Float layers count 32 bits a weight; biases and batch normalisation are not counted.
    Raises: ValueError where the model has no such layer. Derived in notebooks/07.
    """
    layers = [layer for _, layer in quant_layers(model)]
    if not layers:
        raise ValueError("model: expected QuantConv2d or QuantLinear layers, found none")
    total = sum(layer.weight.numel() for layer in layers)
    return sum(layer.weight.numel() * weight_bits(layer) for layer in layers) / total


def size_in_kb(model):
    """Return the size of the counted weights in kB (1 kB = 1000 bytes): number of weights x average bits / 8000.

    The two float32 numbers per tensor that place its levels (its minimum and its range) are not counted: 8 bytes a
    layer. Derived in notebooks/06.
    """
    weights = sum(layer.weight.numel() for _, layer in quant_layers(model))
    return weights * average_precision(model) / 8000
