"""Ranges and the rounding between their ends, against PyTorch's fake-quantize operators, brute force and autograd."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labutils.few_bits import ranges
from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, folded

pytestmark = pytest.mark.usefixtures("one_thread")
FLOATS = st.floats(-4, 4, width=32)
TENSORS = st.lists(FLOATS, min_size=2, max_size=24).map(lambda values: torch.tensor(values).view(-1, 1))


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_the_whole_range_is_the_homeworks_quantizer(bits):
    w = normal(8, 4, 3, 3)
    rounded = ranges.follows(ranges.min_max)(w, bits)
    torch.testing.assert_close(rounded, quantize.linear_quantize(w, bits))


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_per_channel_is_each_channel_by_itself(bits):
    w = normal(6, 4, 3, 3) * torch.arange(1, 7).view(-1, 1, 1, 1)
    for estimator in (ranges.min_max, ranges.least_squares):
        whole = ranges.follows(estimator, per_channel=True)(w, bits)
        for channel, row in zip(w, whole):
            torch.testing.assert_close(row, ranges.follows(estimator)(channel[None], bits)[0])


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_a_grid_with_zero_is_pytorchs_affine_grid(bits):
    w = normal(500) + 0.7
    lowest, step = ranges.with_zero(bits, *ranges.min_max(w, bits))
    zero_point = round(float(-lowest) / float(step))
    expected = torch.fake_quantize_per_tensor_affine(w, float(step), zero_point, 0, 2**bits - 1)
    torch.testing.assert_close(ranges.round_to(w, bits, lowest, step), expected, atol=1e-5, rtol=0)


def test_a_grid_with_zero_per_channel_is_pytorchs():
    w, bits = normal(5, 40) * torch.arange(1, 6).view(-1, 1), 3
    lowest, step = ranges.with_zero(bits, *ranges.min_max(w, bits, per_channel=True))
    zero_points = (-lowest / step).round().int().flatten()
    expected = torch.fake_quantize_per_channel_affine(w, step.flatten(), zero_points, 0, 0, 2**bits - 1)
    torch.testing.assert_close(ranges.round_to(w, bits, lowest, step), expected, atol=1e-5, rtol=0)


@given(TENSORS, st.integers(1, 5))
def test_zeros_stay_zero_on_a_grid_with_zero(w, bits):
    w[0] = 0.0
    rounded = ranges.follows(ranges.min_max, zero=True)(w, bits)
    assert rounded[0] == 0 and rounded.isfinite().all() and len(rounded.unique()) <= 2**bits


@given(TENSORS, st.integers(1, 4))
def test_least_squares_is_never_worse_than_the_whole_range(w, bits):
    def error(estimator):
        return (ranges.follows(estimator)(w, bits) - w).square().sum()

    assert error(ranges.least_squares) <= error(ranges.min_max) + 1e-5


def test_least_squares_finds_what_a_fine_search_over_both_ends_finds():
    for seed in range(5):
        w, bits = normal(200, seed=seed).view(1, -1) ** 3, 2  # heavy tails: the whole range is a bad one
        found = (ranges.follows(ranges.least_squares)(w, bits) - w).square().sum()
        lowest, highest = torch.meshgrid(*[torch.linspace(0.02, 1, 120)] * 2, indexing="ij")
        lowest, highest = lowest.reshape(-1, 1) * w.min(), highest.reshape(-1, 1) * w.max()
        searched = (ranges.round_to(w, bits, lowest, (highest - lowest) / 3) - w).square().sum(1).min()
        whole = (ranges.follows(ranges.min_max)(w, bits) - w).square().sum()
        assert found <= 1.02 * searched < 0.7 * whole


@pytest.mark.parametrize("estimator", [ranges.min_max, ranges.least_squares])
def test_a_constant_tensor_stays_as_it_is(estimator):
    w = torch.full((3, 4), 0.3)
    assert torch.equal(ranges.follows(estimator)(w, 2), w)


def test_the_gradient_passes_through_inside_and_goes_to_the_levels_outside():
    w = torch.tensor([-2.0, -0.4, 0.1, 0.9, 3.0], requires_grad=True)
    lowest, step = torch.tensor(-1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    rounded = ranges.round_to(w, 2, lowest, step)
    assert rounded.tolist() == [-1, 0, 0, 1, 2]
    rounded.backward(torch.ones(5))
    assert w.grad.tolist() == [0, 1, 1, 1, 0]
    assert lowest.grad == 2  # it takes the outermost levels with it; what lies among them is where it was
    torch.testing.assert_close(step.grad, torch.tensor(0 + (1 - 0.6) + (1 - 1.1) + (2 - 1.9) + 3))  # round(c) - c


def test_learned_levels_start_at_the_estimate_and_are_learned_at_their_own_pace():
    w = normal(16, 8, 3, 3)
    learned = ranges.LearnedRange(w, 2)
    rounded = learned(w, 2)
    torch.testing.assert_close(rounded, ranges.follows(ranges.least_squares)(w, 2))
    rounded.backward(torch.ones_like(w))
    plain = [level.detach().clone().requires_grad_() for level in (learned.lowest, learned.step)]
    ranges.round_to(w, 2, *plain).backward(torch.ones_like(w))
    for level, unscaled in zip((learned.lowest, learned.step), plain):
        assert unscaled.grad.abs() > 1
        torch.testing.assert_close(level.grad, unscaled.grad / (w.numel() * 3) ** 0.5)


def test_learned_levels_find_better_places():
    w = normal(2000)
    learned = ranges.LearnedRange(w, 2, ranges.min_max)
    optimizer = torch.optim.Adam(learned.parameters(), 0.02)
    first = (learned(w, 2) - w).square().sum().item()
    for _ in range(300):
        optimizer.zero_grad()
        loss = (learned(w, 2) - w).square().sum()
        loss.backward()
        optimizer.step()
    best = (ranges.follows(ranges.least_squares)(w, 2) - w).square().sum().item()
    assert best <= 1.001 * loss.item() < best + 0.1 * (first - best)


def test_learned_levels_keep_their_zero_whatever_the_step_becomes():
    w = normal(16, 8, 3, 3)
    w[w.abs() < 1] = 0
    for bits in (2, 3, 4):
        learned = ranges.LearnedRange(w, bits, ranges.of_non_zeros, zero=True)
        torch.testing.assert_close(learned(w, bits), ranges.follows(ranges.of_non_zeros, zero=True)(w, bits))
        assert [name for name, _ in learned.named_parameters()] == ["step"]
        for step in (1e-3, 0.077, 0.5, 3.0):
            learned.step.data.fill_(step)
            rounded = learned(w, bits)
            assert (rounded[w == 0] == 0).all() and 1 < len(rounded.unique()) <= 2**bits
        rounded.square().sum().backward()
        assert learned.step.grad != 0


def test_three_learned_levels_lie_a_step_apart_around_zero_and_the_step_is_learned():
    w = normal(16, 8, 3, 3).requires_grad_()
    learned = ranges.LearnedTernary(w.detach(), 2)
    step = learned.step.detach().clone().requires_grad_()
    inside = (w / step).abs() < 1
    nearest = torch.where(inside, (w / step).round(), w.sign()).detach()
    rounded = learned(w, 2)
    torch.testing.assert_close(rounded, nearest * step)
    assert len(rounded.unique()) == 3 and 0.2 < (rounded == 0).float().mean() < 0.8
    upstream = normal(*w.shape, seed=1)
    rounded.backward(upstream)
    torch.testing.assert_close(w.grad, torch.where(inside, upstream, 0.0))
    to_step = (upstream * torch.where(inside, nearest - w / step, nearest)).sum() / (w.numel() * 2) ** 0.5
    torch.testing.assert_close(learned.step.grad.flatten(), to_step.detach().flatten(), rtol=1e-3, atol=1e-4)
    assert [name for name, _ in learned.named_parameters()] == ["step"]


def test_two_learned_levels_pass_the_gradient_on_to_half_a_step_outside_them():
    w = normal(16, 8, 3, 3).requires_grad_()
    learned = ranges.LearnedBinary(w.detach(), 1)
    codes = ((w - learned.lowest) / learned.step).detach()
    nearest, near = (codes > 0.5).float(), (codes > -0.5) & (codes < 1.5)
    assert 0.35 < ((codes < 0) | (codes > 1)).float().mean() < 0.5 and 0.8 < near.float().mean() < 0.95
    rounded = learned(w, 1)
    torch.testing.assert_close(rounded, learned.lowest + learned.step * nearest)
    upstream = normal(*w.shape, seed=1)
    rounded.backward(upstream)
    torch.testing.assert_close(w.grad, torch.where(near, upstream, 0.0))
    for level, by_hand in ((learned.lowest, ~near), (learned.step, torch.where(near, nearest - codes, nearest))):
        torch.testing.assert_close(
            level.grad.sum(), (upstream * by_hand).sum() / w.numel() ** 0.5, rtol=1e-3, atol=1e-4
        )


def test_three_levels_are_two_bits_and_two_are_one(refused):
    with refused("bits", "expected 2", "found 3"):
        ranges.LearnedTernary(normal(4, 4), 3)
    with refused("bits", "expected 1", "found 2"):
        ranges.LearnedBinary(normal(4, 4), 2)


def test_levels_of_non_zeros_are_those_of_the_weights_without_zeros():
    kept = normal(300)
    sparse = torch.cat([kept, torch.zeros(1200)])[torch.randperm(1500, generator=torch.Generator().manual_seed(1))]
    w = sparse.view(10, 15, 10, 1)
    for found, wanted in zip(ranges.of_non_zeros(w, 3), ranges.least_squares(kept, 3)):
        assert found.shape == (1, 1, 1, 1)
        torch.testing.assert_close(found.flatten(), wanted.flatten())
    assert all((level == 0).all() for level in ranges.of_non_zeros(torch.zeros(4, 2), 2))


def test_a_network_with_other_quantizers_settles_to_the_same_scores():
    torch.manual_seed(0)
    model = ResNet20((2, 3, 4)).eval()
    for _, layer in quantize.quant_layers(model):
        if layer.bits is not None:
            layer.quantizer = ranges.LearnedRange(layer.weight, layer.bits)
    settled = quantize.settle(copy.deepcopy(model))
    x = normal(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(settled(x), model(x))
        torch.testing.assert_close(folded(model)(x), model(x), atol=1e-4, rtol=1e-4)
    assert settled.state_dict().keys() == ResNet20().state_dict().keys()
    assert quantize.average_precision(settled) == quantize.average_precision(model)
    for _, layer in quantize.quant_layers(settled):
        assert layer.bits is None or len(layer.weight.unique()) <= 2**layer.bits
