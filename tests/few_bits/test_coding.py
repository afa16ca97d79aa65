"""Huffman's code: no shorter code exists, what is written can be read again, and each byte is counted."""

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labutils.few_bits import coding, pruning
from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, inner_layers

tallies = st.dictionaries(st.integers(-5, 40), st.integers(1, 200), min_size=1, max_size=12)


def codes_of(counts, seed=0):
    """Return an array in which each symbol occurs as often as `counts` says, in random order."""
    return np.random.default_rng(seed).permutation(np.repeat(list(counts), list(counts.values())))


def canonical(lengths):
    """Return {symbol: code as text of 0 and 1} that follows from the lengths alone, shortest and smallest first."""
    code, before, found = 0, 0, {}
    for length, symbol in sorted((length, symbol) for symbol, length in lengths.items()):
        code <<= length - before
        found[symbol] = f"{code:0{length}b}"
        code, before = code + 1, length
    return found


def decoded(text, table):
    """Return the symbols whose codes make up `text`."""
    symbols, found, word = {code: symbol for symbol, code in table.items()}, [], ""
    for bit in text:
        word += bit
        if word in symbols:
            found.append(symbols[word])
            word = ""
    assert word == ""
    return found


@cache
def complete(symbols, deepest):
    """Return all tuples of lengths up to `deepest` that some code without prefixes has (Kraft's inequality)."""
    return [
        lengths
        for lengths in product(range(1, deepest + 1), repeat=symbols)
        if sum(2 ** (deepest - length) for length in lengths) <= 2**deepest
    ]


@given(tallies)
def test_what_is_written_can_be_read_again(counts):
    codes = codes_of(counts)
    table = canonical(coding.huffman_lengths(counts))
    text = "".join(table[code] for code in codes.tolist())
    assert decoded(text, table) == codes.tolist()
    assert len(text) == coding.huffman_bits(codes)


@given(tallies)
def test_krafts_sum_is_one_and_the_mean_is_next_to_the_entropy(counts):
    lengths = coding.huffman_lengths(counts)
    assert list(lengths) == list(counts)
    codes = codes_of(counts)
    entropy = -sum(n / len(codes) * math.log2(n / len(codes)) for n in counts.values())
    mean = coding.huffman_bits(codes) / len(codes)
    if len(counts) == 1:
        assert (lengths, mean) == (dict.fromkeys(counts, 1), 1)
        return
    assert sum(2.0**-length for length in lengths.values()) == 1
    assert entropy - 1e-12 <= mean < entropy + 1


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_no_code_without_prefixes_is_shorter(counts):
    lengths = coding.huffman_lengths(dict(enumerate(counts)))
    best = min(sum(map(int.__mul__, counts, tried)) for tried in complete(len(counts), len(counts) - 1))
    assert sum(n * lengths[symbol] for symbol, n in enumerate(counts)) == best


def test_by_hand():
    assert coding.huffman_lengths({"a": 5, "b": 2, "c": 1, "d": 1}) == {"a": 1, "b": 2, "c": 3, "d": 3}
    assert coding.huffman_lengths(dict.fromkeys("abcd", 7)) == dict.fromkeys("abcd", 2)
    # Both (1, 2, 3, 3) and (2, 2, 2, 2) take least bits; what was merged comes last, so the longest code is short.
    assert coding.huffman_lengths({"a": 2, "b": 2, "c": 1, "d": 1}) == dict.fromkeys("abcd", 2)
    assert coding.huffman_lengths({"a": 1, "b": 1, "c": 1}) == {"a": 2, "b": 2, "c": 1}
    assert coding.huffman_bits([0, 0, 1, 2]) == 6 and coding.huffman_bits(torch.tensor([[0, 1], [2, 3]])) == 8


def test_nothing_to_code_is_refused(refused):
    with refused("codes", "none"):
        coding.huffman_bits([])
    for counts in ({}, {"a": 2, "b": 0}, {"a": -1}):
        with refused("counts", "at least one symbol"):
            coding.huffman_lengths(counts)


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ResNet20((4, 2, 2))


def test_a_float_network_takes_32_bits_a_weight():
    assert coding.coded_size_in_kb(ResNet20()) == quantize.size_in_kb(ResNet20())


def test_a_pruned_float_network_takes_what_is_left_and_where_it_is():
    network = ResNet20()
    pruning.apply_masks(network, pruning.magnitude_masks(network, 0.8))
    weights = [layer.weight for layer in inner_layers(network).values()]
    count, kept = sum(w.numel() for w in weights), sum(int((w != 0).sum()) for w in weights)
    assert coding.coded_size_in_kb(network) == pytest.approx((32 * (432 + 640) + 32 * kept + count) / 8000, rel=1e-12)


def test_a_network_takes_its_codes_and_all_that_reading_them_needs(model):
    expected = 32 * (432 + 640)  # first and last layer
    for layer in inner_layers(model).values():
        w = layer.weight.detach()
        steps = 2**layer.bits - 1
        codes = ((w - w.min()) / (w.max() - w.min()) * steps).round().long()
        counts = {symbol: n for symbol, n in enumerate(codes.flatten().bincount().tolist()) if n}
        expected += sum(n * coding.huffman_lengths(counts)[symbol] for symbol, n in counts.items())
        expected += 8 * (steps + 1) + 64
    assert coding.coded_size_in_kb(model) == pytest.approx(expected / 8000, rel=1e-12)
    assert coding.coded_size_in_kb(model) < quantize.size_in_kb(model)  # a bell's codes are not equally frequent


def test_pruning_makes_it_smaller_and_zero_bits_cost_nothing(model):
    network = ResNet20((4, 4, 0))
    network.load_state_dict(model.state_dict())
    before = coding.coded_size_in_kb(network)
    pruning.apply_masks(network, pruning.magnitude_masks(network, 0.8))
    assert coding.coded_size_in_kb(network) < 0.7 * before
    only_float = 32 * (432 + 640) / 8000
    for layer in inner_layers(network).values():
        layer.bits = 0
    assert coding.coded_size_in_kb(network) == only_float
