"""ResNet-20 with a number of bits for each of its three stages. Used in notebooks/00 and 06 to 08.

State-dict keys are those of the course's own checkpoint, which is why a convolution and its batch normalisation
stand together in a small `nn.Sequential`.
"""

import copy

from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

from .quantize import QuantConv2d, QuantLinear, quant_layers

WIDTHS = (16, 32, 64)
BLOCKS_PER_STAGE = 3


def conv_bn(in_channels, out_channels, kernel_size, stride=1, bits=None):
    """Return a convolution that keeps the image size (at stride 1) followed by batch normalisation."""
    conv = QuantConv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bits=bits)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the width changes.

    Source: He, Zhang, Ren and Sun (2016).
    """

    def __init__(self, in_channels, out_channels, bits=None):
        super().__init__()
        widens = in_channels != out_channels
        stride = 2 if widens else 1
        self.conv1 = conv_bn(in_channels, out_channels, 3, stride, bits)
        self.conv2 = conv_bn(out_channels, out_channels, 3, 1, bits)
        self.id_mapping = conv_bn(in_channels, out_channels, 1, stride, bits) if widens else nn.Identity()

    def forward(self, x):
        hidden = F.relu(self.conv1(x), inplace=True)
        return F.relu(self.conv2(hidden).add_(self.id_mapping(x)), inplace=True)  # in place: a tenth of an evaluation


class ResNet20(nn.Module):
    """ResNet-20 for 32x32 colour images and ten classes; the first convolution and the last layer stay float.

    Parameters: bits, three entries, one per stage of width 16, 32 and 64: None for float, 0 for all-zero weights,
        1 to 16 otherwise.
    Input: float tensors (batch, 3, 32, 32), normalised as in `training`. Output: class scores (batch, 10).
    Raises: ValueError for anything but three such entries.
    Source: He, Zhang, Ren and Sun (2016).
    """

    def __init__(self, bits=(None, None, None)):
        super().__init__()
        if not isinstance(bits, (tuple, list)) or len(bits) != 3:
            raise ValueError(f"bits: expected three entries, one per stage, such as (4, 4, 2), found {bits!r}")
        self.bits = tuple(bits)
        self.head_conv = conv_bn(3, WIDTHS[0], 3)
        widths = [WIDTHS[0]] + [width for width in WIDTHS for _ in range(BLOCKS_PER_STAGE)]
        block_bits = [stage_bits for stage_bits in bits for _ in range(BLOCKS_PER_STAGE)]
        self.body_op = nn.Sequential(*map(BasicBlock, widths[:-1], widths[1:], block_bits))
        self.final_fc = QuantLinear(WIDTHS[-1], 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def head(self, x):
        """Return what the first stage sees of the images x: (batch, 16, 32, 32)."""
        return F.relu(self.head_conv(x), inplace=True)

    def tail(self, x):
        """Return the class scores (batch, 10) for what the last stage made: (batch, 64, 8, 8)."""
        return self.final_fc(x.mean(dim=(2, 3)))

    def forward(self, x):
        return self.tail(self.body_op(self.head(x)))


def stage_blocks(model, stage):
    """Return the blocks of stage 0, 1 or 2 of a `ResNet20` as one module."""
    first = stage * BLOCKS_PER_STAGE
    return model.body_op[first : first + BLOCKS_PER_STAGE]


def stage_layers(model, stage):
    """Return the quantized layers of stage 0, 1 or 2 of a `ResNet20`, first to last."""
    return [module for module in stage_blocks(model, stage).modules() if isinstance(module, QuantConv2d)]


def inner_layers(model):
    """Return {name: layer}: the quantized layers of all three stages of a `ResNet20`, first to last.

    They are 20, shortcuts included: all layers but the first convolution and the last layer, which stay float.
    """
    return {name: layer for name, layer in quant_layers(model) if name.startswith("body_op.")}


def folded(model):
    """Return a copy of `model` that computes the same in evaluation mode, only faster.

    Every pair made by `conv_bn` becomes one plain convolution: its weights are rounded once, not once a batch, and
    carry the batch normalisation. Scores agree to float32 rounding. Other modules are copied as they are.
    """
    model = copy.deepcopy(model).eval()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Sequential) and [type(part) for part in child] == [QuantConv2d, nn.BatchNorm2d]:
                setattr(parent, name, _fold(*child))
    return model


def _fold(quantized, norm):
    """Return the convolution that equals a QuantConv2d followed by batch normalisation in evaluation mode."""
    conv = copy.deepcopy(quantized.conv)
    weight = quantized.rounded().detach()
    statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    conv.weight, conv.bias = fuse_conv_bn_weights(weight, None, *statistics)
    return conv


def quantized(model, bits):
    """Return a ResNet20 with these bits per stage and a copy of `model`'s float weights, not yet fine-tuned."""
    copy = ResNet20(bits)
    copy.load_state_dict(model.state_dict())
    return copy.eval()
