"""The bits of each layer: no choice within the limit is better, ties go to fewer bits, bad input is refused."""

import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labutils.few_bits.allocation import allocate, predicted_increase

TABLE = {"a": {2: 5.0, 4: 1.0}, "b": {2: 9.0, 3: 2.0}, "c": {1: 5.0, 2: 0.5}}
SIZES = {"a": 10, "b": 10, "c": 30}


@st.composite
def problems(draw):
    """A table of up to five layers with up to three choices each, their sizes, and an average that can be kept.

    Increases are quarters, which add up without rounding, so that ties are ties in any order of adding.
    """
    layers = [f"layer {i}" for i in range(draw(st.integers(1, 5)))]
    value = st.integers(-2, 12).map(lambda quarters: quarters / 4)
    table = {layer: draw(st.dictionaries(st.integers(0, 6), value, min_size=1, max_size=3)) for layer in layers}
    sizes = {layer: draw(st.sampled_from([1, 2, 3, 12, 30, 256, 512])) for layer in layers}
    lowest = sum(min(table[layer]) * sizes[layer] for layer in layers) / sum(sizes.values())
    return table, sizes, lowest + draw(st.sampled_from([0, 0.1, 0.5, 1, 2.5, 10]))


def brute_force(table, sizes, average):
    """Return the best choice by trying all: smallest sum, then fewest bits in all, then fewest in the last layers."""
    allowed = []
    for choice in product(*table.values()):
        spent = sum(bits * size for bits, size in zip(choice, sizes.values()))
        if spent <= average * sum(sizes.values()) + 1e-6:
            total = sum(by_bits[bits] for by_bits, bits in zip(table.values(), choice))
            allowed.append((total, spent, choice[::-1]))
    return dict(zip(table, min(allowed)[2][::-1]))


@settings(max_examples=60)
@given(problems())
def test_it_is_the_best_of_all_choices(problem):
    table, sizes, average = problem
    before = repr(problem)
    found = allocate(table, sizes, average)
    assert found == brute_force(table, sizes, average)
    assert list(found) == list(table) and repr(problem) == before


@settings(max_examples=60)
@given(problems())
def test_it_does_not_mind_the_unit_of_the_sizes(problem):
    table, sizes, average = problem
    assert allocate(table, {layer: 7 * size for layer, size in sizes.items()}, average) == allocate(*problem)


def test_by_hand():
    # In units of ten weights: 2 or 4 for a, 2 or 3 for b, 3 or 6 for c, of 50 weights times the average.
    assert allocate(TABLE, SIZES, 1.4) == {"a": 2, "b": 2, "c": 1}  # 7 of 7
    assert allocate(TABLE, SIZES, 1.59) == {"a": 2, "b": 2, "c": 1}  # not quite 8
    assert allocate(TABLE, SIZES, 1.6) == {"a": 2, "b": 3, "c": 1}  # 8: b gains 7 for one
    assert allocate(TABLE, SIZES, 2.0) == {"a": 4, "b": 3, "c": 1}  # 10
    assert allocate(TABLE, SIZES, 2.2) == {"a": 2, "b": 3, "c": 2}  # 11: a gives its bits back
    assert allocate(TABLE, SIZES, 100) == {"a": 4, "b": 3, "c": 2}


def test_equal_sums_take_fewer_bits():
    table = {"a": {1: 1.0, 2: 1.0, 3: 1.0}, "b": {2: 0.0, 5: 0.0}}
    assert allocate(table, {"a": 4, "b": 6}, 5) == {"a": 1, "b": 2}
    swap = {"a": {1: 1.0, 2: 0.0}, "b": {1: 1.0, 2: 0.0}}  # which of the two gets the third bit is all the same
    assert allocate(swap, {"a": 4, "b": 4}, 1.5) == {"a": 2, "b": 1}


@pytest.mark.parametrize("total", [1, 2, 4, 8, 16, 27])
def test_an_average_that_was_itself_computed_is_not_cut_short(total):
    assert total / 49 * 49 < total
    table = {"a": {bits: float(-bits) for bits in range(30)}, "b": {0: 0.0}}
    assert allocate(table, {"a": 1, "b": 48}, total / 49) == {"a": total, "b": 0}


def test_a_whole_resnet_takes_no_time():
    sizes = {i: [2304, 4608, 512, 9216, 18432, 2048, 36864][i % 7] for i in range(20)}
    table = {i: {bits: (i % 5 + 1) / 4**bits for bits in (2, 3, 4, 5, 6)} for i in sizes}
    start = time.process_time()
    found = allocate(table, sizes, 3.0)
    assert time.process_time() - start < 1
    spent = sum(bits * sizes[layer] for layer, bits in found.items()) / sum(sizes.values())
    assert 2.95 < spent <= 3
    assert predicted_increase(table, found) < predicted_increase(table, dict.fromkeys(sizes, 3))


def test_the_predicted_increase_is_the_sum(refused):
    assert predicted_increase(TABLE, {"a": 4, "b": 2, "c": 2}) == 10.5
    for bits, word in (({"a": 4, "b": 2}, "c"), ({"a": 3, "b": 2, "c": 2}, "a"), ({**dict.fromkeys("abcd", 2)}, "d")):
        with refused("bits", word):
            predicted_increase(TABLE, bits)


@pytest.mark.parametrize(
    "table, sizes, average, words",
    [
        ({}, {}, 3, ["increase", "at least one layer"]),
        (TABLE, {"a": 10, "b": 10}, 3, ["sizes", "3 layers", "found 2", "c"]),
        (TABLE, SIZES | {"d": 5}, 3, ["sizes", "found 4", "d"]),
        (TABLE, SIZES, 1.39, ["average", "at least 1.4", "1.39"]),
        (TABLE, SIZES, float("nan"), ["average", "nan"]),
        (TABLE | {"a": {2: 1.0, 3: float("nan")}}, SIZES, 3, ["increase", "a at 3 bits", "nan"]),
        (TABLE | {"a": {2: 1.0, 3: float("inf")}}, SIZES, 3, ["increase", "a at 3 bits", "inf"]),
        (TABLE | {"a": {}}, SIZES, 3, ["increase", "number of bits for a"]),
        (TABLE | {"a": {2.5: 1.0}}, SIZES, 3, ["increase", "whole numbers of bits", "2.5"]),
        (TABLE | {"a": {-1: 1.0}}, SIZES, 3, ["increase", "whole numbers of bits", "-1"]),
        (TABLE, SIZES | {"b": 0}, 3, ["sizes", "from 1 for b", "0"]),
        (TABLE, SIZES | {"b": 1.5}, 3, ["sizes", "from 1 for b", "1.5"]),
    ],
)
def test_what_cannot_be_allocated_is_refused(table, sizes, average, words, refused):
    with refused(*words):
        allocate(table, sizes, average)
