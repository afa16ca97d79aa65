"""Answers that are alike are found however they are dressed, and nobody is named for what everybody has."""

import time

import pytest

from labutils.grading.gradebook import similar

FIRST = '''
def quantize(w, bits):
    """Round the weights."""
    levels = 2 ** bits - 1
    bound = abs(w).max()
    scale = bound / levels if levels > 0 else 1.0
    for step in range(3):
        w = w + 0.1 * (w > 0) - 0.1 * (w < 0)
    return [round(x / scale) * scale for x in w.flatten()]
'''
DRESSED = '''
def quantize(weights, number):
    """Another text."""
    # all my own work
    n = 2 ** number - 1
    top = abs( weights ).max()

    s = top / n if n > 0 else 1.0
    for i in range(3):
        weights = weights + 0.1*(weights>0) - 0.1*(weights<0)
    return [ round(v / s) * s for v in weights.flatten() ]
'''
OTHER = '''
def quantize(w, bits):
    """Round the weights."""
    if bits == 0:
        return w.zeros()
    low, high = w.min(), w.max()
    grid = low + (high - low) * arange(2 ** bits) / max(1, 2 ** bits - 1)
    nearest = (w[:, None] - grid[None, :]).__abs__().argmin(axis=1)
    w = grid[nearest]
    return w.reshape(-1)
'''
PROSE = (
    "The penalty moves every weight by the same amount whatever its size, so that a weight which is nearly zero steps "
    "over it and back again, and no run of ours ever had a single exact zero among its weights."
)
REPHRASED = (
    "No run had an exact zero: near zero the step is as long as anywhere else, since the slope of the absolute value "
    "does not shrink with the weight, and the noise of the batches shakes it about, so it crosses zero for ever."
)


def names(found):
    return [group.students for group in found]


def test_copied_code_is_found_under_other_names_and_layout():
    (group,) = similar.groups({"anna": FIRST, "ben": DRESSED, "carla": OTHER}, "code")
    assert group.students == ("anna", "ben") and group.share > 0.95 and not group.same
    (group,) = similar.groups({"anna": FIRST, "ben": "\n" + FIRST, "carla": OTHER}, "code")
    assert group.same


def test_copied_text_is_found_with_a_word_changed():
    changed = PROSE.replace("nearly zero", "almost zero").upper()
    (group,) = similar.groups({"anna": PROSE, "ben": changed, "carla": REPHRASED}, "text")
    assert group.students == ("anna", "ben") and 0.5 < group.share < 1


def test_a_part_that_was_copied_is_found():
    (group,) = similar.groups({"anna": PROSE, "ben": REPHRASED + " " + PROSE}, "text")
    assert group.students == ("anna", "ben")


def test_what_the_release_gave_away_is_left_out():
    for text, kind in ((FIRST, "code"), (PROSE, "text")):
        assert similar.groups({"anna": text, "ben": text}, kind)
        assert not similar.groups({"anna": text, "ben": text}, kind, frozenset(similar.marks(text, kind)))


def test_what_a_third_of_the_class_has_names_nobody():
    class_ = {f"student {number}": FIRST if number < 12 else OTHER for number in range(30)}
    assert not similar.groups(class_, "code")
    class_ = {f"student {number}": FIRST if number < 3 else OTHER for number in range(30)}
    assert names(similar.groups(class_, "code")) == [("student 0", "student 1", "student 2")]


@pytest.mark.parametrize(
    "kind, text", [("code", "def f(x):\n    return x ** 2"), ("text", "It does converge."), ("code", "")]
)
def test_short_answers_are_alike_by_chance(kind, text):
    assert not similar.groups({"anna": text, "ben": text}, kind)


@pytest.mark.parametrize("text", ["def f(:", "x = (" * 5000, "\x00", "1" * 10_000 + "+", "a." * 3000 + "b"])
def test_code_that_is_none_harms_nobody(text):
    assert similar.groups({"anna": text, "ben": FIRST}, "code") == []


def test_a_chain_of_copies_is_one_group():
    found = similar.groups({"anna": FIRST, "ben": FIRST + OTHER, "carla": OTHER}, "code")
    assert names(found) == [("anna", "ben", "carla")]


def test_four_hundred_long_answers_take_no_time():
    made = {f"s{n}": f"def f{n}(x):\n" + "".join(f"    y = x * {n} + {i}\n" for i in range(30)) for n in range(400)}
    start = time.process_time()
    similar.groups(made, "code")
    assert time.process_time() - start < 10
