"""What is said of an answer that stopped: the error, the line of the student's own function, and the shapes it met."""

import os
import re
import sysconfig
import traceback

import numpy as np

OTHERS = sysconfig.get_path("stdlib"), "<frozen"
LIBRARIES = os.path.dirname(os.path.dirname(__file__)), *OTHERS
ABOUT_SHAPES = re.compile(r"shape|size|dimension|broadcast|out of bounds|too many ind", re.IGNORECASE)
AMBIGUOUS = "an array is neither true nor false: compare element by element, with np.where or np.maximum, not if or max"
MEANINGS = {  # of what Python's or a library's words leave open
    "truth value of an array": AMBIGUOUS,
    "Boolean value of Tensor": AMBIGUOUS,
    "incorrect number of gradients": "backward returns one result for each argument of forward: gradient, None",
    "for /: 'list' and 'list'": "lists cannot be divided: make arrays of them, np.array(...), or divide in a loop",
}
PLACEHOLDER = "raise NotImplementedError"


class Misbehaved(ValueError):
    """What an answer has done and should not, in words that are shown as they are."""


class Absent(NotImplementedError):
    """What a check waits for that cannot call its answer, in words that are shown as they are."""


def _is_library(frame):
    return frame.filename.startswith(LIBRARIES) or "-packages" in frame.filename


def place(error):
    """Return in words the line of the student's own function at which an answer stopped, "" where it is not known."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.line and not _is_library(frame)]
    # An answer that was called in another process has said so itself.
    return f", in line {own[-1].lineno}, `{own[-1].line[:80]}`" if own else getattr(error, "place", "")


def unwritten(error):
    """Return whether an error is that of an exercise's own placeholder: libraries raise NotImplementedError, too."""
    if isinstance(error, Absent):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, NotImplementedError) or not frames or "-packages" in frames[-1].filename:
        return False
    # What labutils raises stands for the placeholder of an answer in another process.
    return not frames[-1].filename.startswith(OTHERS) and (frames[-1].line or PLACEHOLDER).startswith(PLACEHOLDER)


def shape(value):
    """Return the shape of an array, a tensor, or what NumPy can make one of."""
    return tuple(np.shape(value.detach().cpu() if hasattr(value, "detach") else value))


def _shapes(arguments):
    """Return in words the shapes of a call's arguments, {name: value}, and its numbers."""
    arguments = {
        key: part
        for name, value in arguments.items()
        for key, part in ({"X": value.X, "y": value.y} if hasattr(value, "lipschitz") else {name: value}).items()
    }
    arrays = {name: f"has shape {shape(value)}" for name, value in arguments.items() if hasattr(value, "shape")}
    numbers = {name: f"is {value:g}" for name, value in arguments.items() if isinstance(value, (int, float))}
    return ", ".join(f"{name} {found}" for name, found in (arrays | numbers).items())


def stopped(error, arguments):
    """Return in words why an answer stopped that was called with `arguments`, {name: value}."""
    text = " ".join(str(error)[:2000].split())[:230]
    if isinstance(error, Misbehaved):
        return text
    where = place(error)
    if not where and (held := re.match(r"'(\w+)' object (is not callable|has no attribute 'apply')", text)):
        return f"this name holds a {held[1]} now: keep the line that begins with def, or with class"
    if sizes := re.search(r"size (\d+) is different from (\d+)", text):
        text = f"shapes that do not fit: {sizes[1]} numbers meet {sizes[2]}"
        text += "; is a transpose missing, as in X.T, or are arguments in another order?"
    for part, meaning in MEANINGS.items():
        text = meaning if part in text else text
    shapes = _shapes(arguments) if ABOUT_SHAPES.search(text) else ""
    return f"stopped with {type(error).__name__}{text and ': ' + text}{where}" + f"; {shapes[:130]}" * bool(shapes)
