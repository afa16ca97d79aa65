"""An answer against a reference, on many arguments: what is said where they differ. Used by `report`.

What names a mistake does so because the answer gives what that mistake gives.
"""

import contextlib
import copy
import inspect
import io
import reprlib
from typing import NamedTuple

import numpy as np

from ..linear.regression import Regression
from .failure import shape, stopped, unwritten

IN_PLACE = "the answer changes its input in place: work on a copy"
LISTED = 12  # numbers, of more only one that differs is shown
MOST = 1_000_000  # numbers, more than any exercise returns
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80
FICKLE = "another call with the same arguments gives something else: use these alone, nothing drawn or kept"
KEPT = "what a call returned changes with a later one: return a new array in each"
NOTHING = "the function returns nothing: does it end with a return statement?"


def _text(value, digits=4):
    """Return a short text of any value, numbers rounded to four digits or as many as asked for; of many, the first."""
    with contextlib.suppress(Exception):
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        if array.dtype.kind in "biuf":
            many = array.size > 1000 or array.ndim > 4  # as text they would be long before they are cut
            shown = array.reshape(-1)[:3] if many else array
            shown = shown + 0.0 if array.dtype.kind == "f" else shown  # without the sign of a zero
            text = np.array2string(shown, precision=digits, separator=", ", threshold=LISTED).replace("\n", "")
            return f"numbers of shape {array.shape}, first {text}"[:200] if many else text
    return _SHORT.repr(value)[:80]


def _called_with(arguments):
    """Return a short text of the arguments of a call."""
    texts = (f"X of shape {one.X.shape}" if hasattr(one, "lipschitz") else _text(one) for one in arguments)
    return ", ".join(texts)[:200]


def difference(found, expected):
    """Return in words how a result differs from what was expected: by its kind, its shape, or its numbers."""
    if numbers(found) is None:
        return f"expected numbers, found {_text(found)}"
    if shape(found) != shape(expected):
        return f"expected a result of shape {shape(expected)}, found one of shape {shape(found)}"
    right, wrong = numbers(expected), numbers(found)
    if right.size > LISTED:
        place = np.argmax(~np.isclose(wrong, right, rtol=_tolerance(expected), atol=_tolerance(expected)))
        place = tuple(int(k) for k in np.unravel_index(place, right.shape))
        return f"at {list(place)} expected {_text(right[place])}, found {_text(wrong[place])}"
    texts = _text(expected), _text(found)
    if texts[0] == texts[1]:  # they differ further behind
        texts = _text(right, 9), _text(wrong, 9)
    return f"expected {texts[0]}, found {texts[1]}" + _coarse(found, right, wrong)


def _coarse(found, right, wrong):
    """Return what is said of numbers that would be right but for their digits, "" of others."""
    if np.array_equal(wrong, np.trunc(right)) and wrong.any():
        return "; these are whole numbers: are they in an array of integers?"
    if getattr(found, "dtype", None) == np.float16:
        return "; these are in float16, which has three digits: leave the numbers as they are"
    return ""


def numbers(value):
    """Return a value as an array of float64, or None where it is no array of real numbers."""
    with contextlib.suppress(Exception):
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        if array.size > MOST:  # wrong in any case, and long to convert
            return array
        return None if array.dtype.kind not in "biufO" else array.astype(np.float64)


def single(value):
    """Return a value that is one number as `numbers` does, None where it is none or several."""
    number = numbers(value)
    return number if number is not None and number.size == 1 else None


def same(found, expected, tolerance):
    """Return whether two arrays, as `_numbers` returns them, have one shape and, within a tolerance, equal numbers."""
    if found is None or expected is None or found.shape != expected.shape:
        return False
    return np.allclose(found, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def _tolerance(expected):
    """Return how far numbers may be off: networks compute in float32."""
    return 1e-4 if hasattr(expected, "detach") else 1e-6


def copied(arguments):
    """Return copies of arguments, which an answer may spoil; a problem cannot be changed and is passed as it is."""
    return tuple(one if isinstance(one, Regression) else copy.deepcopy(one) for one in arguments)


def changed(arguments, originals):
    """Return whether an answer has changed an array or a tensor among its arguments."""

    def same(a, b):
        if isinstance(b, (list, tuple)):
            return len(a) == len(b) and all(map(same, a, b))
        if hasattr(b, "detach"):
            return a.shape == b.shape and bool((a.detach().cpu() == b.detach().cpu()).all())
        return np.array_equal(a, b) if isinstance(b, np.ndarray) else isinstance(b, Regression) or a is b or a == b

    return not all(map(same, arguments, originals))


class _Outcome(NamedTuple):
    """One call of an answer: its arguments, what it gave or its error, that as numbers, and what it printed."""

    case: tuple
    expected: object
    found: object
    numbers: object
    right: bool
    spoilt: bool  # whether it changed its arguments
    printed: str


def _call(answer, reference, case):
    """Call an answer with copies of arguments, and return the outcome."""
    arguments, printed, expected = copied(case), io.StringIO(), reference(*copied(case))
    with contextlib.redirect_stdout(printed):
        try:
            found, spoilt = answer(*arguments), changed(arguments, case)
        except (Exception, SystemExit) as error:
            if unwritten(error):
                raise
            found, spoilt = error, False
    values = numbers(found)
    right = not spoilt and same(values, numbers(expected), _tolerance(expected))
    return _Outcome(case, expected, found, values, right, spoilt, printed.getvalue())


def disagreement(answer, reference, cases, mistakes, more=()):
    """Return None where an answer agrees with a reference in all `cases`, and in words how it differs otherwise.

    Parameters: as `Report.agree` has them. What the answer printed in the case that is described is printed again.
    """
    outcomes = [_call(answer, reference, case) for case in cases]
    if all(one.right for one in outcomes):
        return None if all(same(numbers(one.found), one.numbers, 0) for one in outcomes) else KEPT
    first = next(one for one in outcomes if not one.right)
    print(first.printed)
    if first.spoilt:
        return IN_PLACE
    if first.found is None:
        return NOTHING
    again = None if first.numbers is None else _call(answer, reference, first.case).numbers
    if first.numbers is not None and not same(again, first.numbers, 0):
        return FICKLE
    outcomes += [_call(answer, reference, case) for case in more]
    if message := _named(mistakes, first, outcomes):
        return message
    if isinstance(first.found, BaseException):
        return stopped(first.found, dict(zip(inspect.signature(reference).parameters, first.case)))
    made_from = isinstance(first.case[0], tuple)  # numbers of the check's own, from which it makes the arguments
    called = "" if made_from else f", called with {_called_with(first.case)}"
    return difference(first.found, first.expected) + called


def _named(mistakes, first, outcomes):
    """Return the message of the mistake that explains the first wrong outcome, more than half of them, and the most.

    Half of the right ones, too, where it does not show; single numbers agree by accident, so there it has to explain
    all of these. Or of two such mistakes that explain all wrong ones together. Or of one that explains all wrong ones,
    with the arguments that bring it out. None where there is none of these. Where an answer stops only sometimes,
    something else is wrong there, too.
    """
    stops = isinstance(first.found, BaseException)
    wrong = [one for one in outcomes if not one.right and isinstance(one.found, BaseException) <= stops]
    given = [one for one in outcomes if stops and one.numbers is not None]  # then to stop alike says little
    left = {
        message: [one for one in wrong if not _explains(mistake, one)]
        for message, mistake in mistakes.items()
        if _explains(mistake, first) and (not given or any(_explains(mistake, one) for one in given if not one.right))
    }
    best = sorted(left, key=lambda text: (len(left[text]), -sum(_explains(mistakes[text], one) for one in outcomes)))
    single = first.numbers is None or first.numbers.size < 2
    right = [one for one in outcomes if one.right]

    def missed(message):
        return sum(not _explains(mistakes[message], one) for one in right)

    for message in best[:1]:
        if 2 * len(left[message]) < len(wrong) and missed(message) <= (0 if single else len(right) / 2):
            return message
    if single:  # two mistakes together give any single number
        return None
    best.sort(key=lambda message: -sum(_explains(mistakes[message], one) for one in outcomes))
    others = (
        (one, two)
        for one in best
        for two in mistakes
        if left[one]
        and all(_explains(mistakes[two], case) for case in left[one])
        and max(missed(one), missed(two)) <= len(right) / 2
    )
    here = (f"{one}, called with {_called_with(first.case)}" for one in best if not left[one])
    return next((f"{one}; besides, {two}" for one, two in others), next(here, None))


def _explains(mistake, outcome):
    """Return whether a mistake gives what was found, or fails as the answer fails."""
    try:
        value = mistake(*copied(outcome.case))
    except Exception as error:
        found = outcome.found
        return type(found).__name__ == type(error).__name__ and str(found)[:40] == str(error)[:40]
    return same(outcome.numbers, numbers(value), _tolerance(outcome.expected))
