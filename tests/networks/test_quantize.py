"""The quantizer against PyTorch's own, its gradient, the layers, and the count of bits."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labutils.networks.quantize import STE, QuantConv2d, QuantLinear, average_precision, linear_quantize, size_in_kb
from labutils.networks.resnet import ResNet20

ALL_BITS = range(1, 17)
BAD_BITS = [17, -1, 2.5, 4.0, True, "4", float("nan"), (4,)]


def weights(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.3 + 0.1


@pytest.mark.parametrize("bits", ALL_BITS)
def test_it_is_torchs_fake_quantize_away_from_ties(bits):
    w = weights(64, 32)
    lowest, reach = w.min(), w.max() - w.min()
    steps = 2**bits - 1
    expected = torch.fake_quantize_per_tensor_affine(w - lowest, float(reach / steps), 0, 0, steps) + lowest
    exact = (w.double() - w.min().double()) / (w.max().double() - w.min().double()) * steps
    clear = ((exact % 1) - 0.5).abs() > 1e-6 * steps + 1e-6  # float32 decides a tie either way
    assert clear.float().mean() > 0.8
    torch.testing.assert_close(linear_quantize(w, bits)[clear], expected[clear], rtol=0, atol=1e-6)


@pytest.mark.parametrize("bits", ALL_BITS)
def test_every_weight_goes_to_the_nearest_of_evenly_spread_levels(bits):
    w = weights(40, 50, seed=1)
    found = linear_quantize(w, bits)
    levels = torch.linspace(w.min(), w.max(), 2**bits, dtype=torch.float64)
    step = (levels[1] - levels[0]).item()
    # Which levels are nearest, and that the result is the nearest, up to float32's rounding.
    nearest = torch.bucketize(found.double(), levels - step / 2).clamp(1, 2**bits) - 1
    torch.testing.assert_close(found.double(), levels[nearest], rtol=0, atol=1e-6)
    assert (found - w).abs().max() <= step / 2 + 1e-6
    assert len(found.unique()) <= 2**bits
    assert found.min() == w.min()
    torch.testing.assert_close(found.max(), w.max())


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_all_levels_are_used_where_there_are_many_weights(bits):
    assert len(linear_quantize(torch.linspace(-1, 2, 999), bits).unique()) == 2**bits


def test_a_tensor_by_hand():
    w = torch.tensor([[0.0, 0.4, 0.6], [1.4, 1.6, 3.0]])
    assert linear_quantize(w, 2).tolist() == [[0, 0, 1], [1, 2, 3]]
    assert linear_quantize(w, 1).tolist() == [[0, 0, 0], [0, 3, 3]]
    assert linear_quantize(torch.tensor([0.0, 0.5, 1.5, 2.5, 3.0]), 2).tolist() == [0, 0, 2, 2, 3]  # ties to even


@pytest.mark.parametrize("bits", ALL_BITS)
def test_quantizing_twice_changes_nothing(bits):
    once = linear_quantize(weights(500, seed=2), bits)
    torch.testing.assert_close(linear_quantize(once, bits), once, rtol=0, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, -0.3, 1e-40, 3e38])
@pytest.mark.parametrize("bits", [1, 4, 16])
def test_a_constant_tensor_stays_as_it_is(value, bits):
    w = torch.full((3, 2), value)
    assert torch.equal(linear_quantize(w, bits), w)
    assert torch.equal(linear_quantize(torch.tensor([value]), bits), torch.tensor([value]))


def test_no_bits_and_zero_bits():
    w = weights(4, 5)
    assert torch.equal(linear_quantize(w, None), w)
    zeros = linear_quantize(w, 0)
    assert zeros.shape == w.shape
    assert not zeros.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_input_is_left_alone_and_the_type_kept(dtype):
    w = weights(4, 5).to(dtype)
    before = w.clone()
    found = linear_quantize(w, 3)
    assert found.dtype == dtype
    assert torch.equal(w, before)


@pytest.mark.parametrize("bits", BAD_BITS)
def test_bad_bits_are_refused(bits, refused):
    for make in (
        lambda: linear_quantize(weights(3), bits),
        lambda: STE.apply(weights(3), bits),
        lambda: QuantConv2d(1, 1, 1, bits=bits),
        lambda: QuantLinear(1, 1, bits=bits),
    ):
        with refused("bits", "from 1 to 16", repr(bits)):
            make()


@pytest.mark.parametrize("bits", [None, 0, 4])
def test_bad_weights_are_refused(bits, refused):
    with refused("w", "(0, 3)"):
        linear_quantize(torch.empty(0, 3), bits)
    for bad in (float("nan"), float("inf"), -float("inf")):
        with refused("w", "finite"):
            linear_quantize(torch.tensor([1.0, bad, 2.0]), bits)


@pytest.mark.parametrize("bits", [None, 0, 1, 4])
def test_the_gradient_passes_straight_through(bits):
    w = weights(3, 4).requires_grad_()
    upstream = weights(3, 4, seed=5)
    assert torch.equal(STE.apply(w, bits), linear_quantize(w.detach(), bits))
    (STE.apply(w, bits) * upstream).sum().backward()
    assert torch.equal(w.grad, upstream)


def test_without_the_estimator_the_gradient_is_another():
    w = weights(3, 4).requires_grad_()
    upstream = weights(3, 4, seed=5)
    (linear_quantize(w, 4) * upstream).sum().backward()
    assert not torch.allclose(w.grad, upstream)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_autocast_to_bfloat16_does_not_move_weights_across_levels(bits):
    w = weights(16, 8, 3, 3)
    expected = linear_quantize(w, bits)
    with torch.autocast("cpu", torch.bfloat16):
        found = STE.apply(w, bits)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


@pytest.mark.parametrize("bits", [None, 0, 1, 3, 8])
def test_a_layer_computes_with_quantized_weights(bits):
    conv, linear = QuantConv2d(3, 4, 3, stride=2, padding=1, bits=bits), QuantLinear(6, 5, bits=bits)
    images, rows = weights(2, 3, 7, 7), weights(4, 6)
    expected = F.conv2d(images, linear_quantize(conv.conv.weight, bits), stride=2, padding=1)
    torch.testing.assert_close(conv(images), expected)
    expected = F.linear(rows, linear_quantize(linear.linear.weight, bits), linear.linear.bias)
    torch.testing.assert_close(linear(rows), expected)
    assert conv.weight is conv.conv.weight
    assert linear.weight is linear.linear.weight


def test_training_moves_the_float_weights_under_the_quantizer():
    layer = QuantLinear(6, 5, bits=2)
    before = layer.weight.detach().clone()
    layer(weights(4, 6)).sum().backward()
    torch.testing.assert_close(layer.weight.grad, weights(4, 6).sum(0).expand(5, 6))
    torch.optim.SGD(layer.parameters(), lr=1e-4).step()
    assert (layer.weight != before).all()


# The homework's three schemes, and the same bits in all stages; the first and the last layer cost 32 bits a weight.
SCHEMES = {(4, 4, 2): 2.5988, (4, 2, 4): 3.7328, (2, 4, 4): 4.0087}
UNIFORM = {(4, 4, 4): 4.1108, (3, 3, 3): 3.1148, (2, 2, 2): 2.1187}


@pytest.mark.parametrize("bits, expected", (SCHEMES | UNIFORM).items(), ids=str)
def test_average_precision(bits, expected):
    assert round(average_precision(ResNet20(bits)), 4) == expected
    first, stages, last = 432, (13_824, 51_200, 204_800), 640
    total = 32 * (first + last) + sum(n * b for n, b in zip(stages, bits))
    assert average_precision(ResNet20(bits)) == pytest.approx(total / (first + sum(stages) + last), rel=1e-12)
    assert size_in_kb(ResNet20(bits)) == pytest.approx(total / 8 / 1000, rel=1e-12)


def test_average_precision_of_float_and_of_zero_bits():
    assert average_precision(ResNet20()) == 32
    assert size_in_kb(ResNet20()) == pytest.approx(270_896 * 4 / 1000)
    assert average_precision(ResNet20((0, 0, 0))) == pytest.approx(32 * 1072 / 270_896)


def test_biases_and_batch_normalisation_are_not_counted():
    model = nn.Sequential(QuantConv2d(1, 2, 3, bits=4), nn.BatchNorm2d(2), QuantLinear(5, 2), nn.Linear(100, 100))
    assert average_precision(model) == (18 * 4 + 10 * 32) / 28


def test_a_model_without_such_layers_is_refused(refused):
    for count in (average_precision, size_in_kb):
        with refused("QuantConv2d"):
            count(nn.Sequential(nn.Linear(2, 2)))
