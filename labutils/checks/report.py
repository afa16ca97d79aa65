"""The `Report` of a check: what students, nbval, nbgrader and `grade` each read of it.

A check never compares an answer with itself, never writes to stderr and never stops Run All: an exception in an answer
is a red row. Rows that name a mistake do so because the answer equals what that mistake gives.
"""

import contextlib
import html
import io
import os
import re
import reprlib
import traceback
import warnings

import numpy as np

from .cases import changed, copied

RECORD = "application/vnd.labutils.check+json"
LONGEST = 400  # characters of a message, whatever an answer returned
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80
IN_PLACE = "the answer changes its input in place: work on a new array"


def _text(value, digits=4):
    """Return a short text of any value, numbers rounded to four digits or as many as asked for; of many, the first."""
    with contextlib.suppress(Exception):
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        if np.issubdtype(array.dtype, np.number):
            many = array.size > 1000 or array.ndim > 4  # as text they would be long before they are cut
            shown = array.reshape(-1)[:3] if many else array
            text = np.array2string(shown + 0.0, precision=digits, separator=", ", threshold=12).replace("\n", "")
            return f"numbers of shape {array.shape}, first {text}"[:200] if many else text
    return _SHORT.repr(value)[:80]


def _called_with(arguments):
    """Return a short text of the arguments of a call."""
    texts = (f"X of shape {one.X.shape}" if hasattr(one, "lipschitz") else _text(one) for one in arguments)
    return ", ".join(texts)[:200]


def _shape(value):
    return tuple(np.shape(value.detach().cpu() if hasattr(value, "detach") else value))


def _difference(found, expected):
    """Return in words how a result differs from what was expected: by its shape, or by its numbers."""
    if _shape(found) != _shape(expected):
        return f"expected a result of shape {_shape(expected)}, found one of shape {_shape(found)}"
    texts = _text(expected), _text(found)
    if texts[0] == texts[1]:  # they differ further behind
        texts = _text(expected, 9), _text(found, 9)
    return f"expected {texts[0]}, found {texts[1]}"


def _stopped(error):
    """Return in words, with the line of the student's own function, why an answer stopped."""
    last = (str(error).strip().splitlines() or [""])[-1][:300]
    if sizes := re.search(r"size (\d+) is different from (\d+)", last):
        last = f"shapes that do not fit: {sizes[1]} numbers meet {sizes[2]}; is a transpose missing, as in X.T?"
    ours = os.path.dirname(os.path.dirname(__file__))
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    own = [frame for frame in lines if "site-packages" not in frame.filename and frame.line]
    place = f", in line {own[-1].lineno}: {own[-1].line[:80]}" if own else ""
    return f"stopped with {type(error).__name__}: {last}{place}"


def _same(found, expected, tolerance):
    """Return whether two values have the same shape and equal numbers within an absolute and relative tolerance."""
    found, expected = (np.asarray(v.detach().cpu() if hasattr(v, "detach") else v) for v in (found, expected))
    if found.shape != expected.shape:
        return False
    return bool(
        np.allclose(found.astype(float), expected.astype(float), rtol=tolerance, atol=tolerance, equal_nan=True)
    )


def _outcome(answer, case):
    """Return (what an answer gives for copies of these arguments, or its error, whether it has changed them)."""
    arguments = copied(case)
    try:
        return answer(*arguments), changed(arguments, case)
    except NotImplementedError:
        raise
    except Exception as error:
        return error, False


def _named(mistakes, failure, outcomes, tolerance):
    """Return the message of the mistake that explains the failure and the most outcomes besides, or None."""
    counts = {
        message: sum(_explains(mistake, case, found, tolerance) for case, found, _ in outcomes)
        for message, mistake in mistakes.items()
        if _explains(mistake, *failure, tolerance)
    }
    return max(counts, key=counts.get, default=None)


def _explains(mistake, case, found, tolerance):
    """Return whether a mistake gives what was found, or fails where the answer fails."""
    try:
        value = mistake(*copied(case))
    except Exception:
        return isinstance(found, Exception)
    return not isinstance(found, Exception) and _same(found, value, tolerance)


class Report:
    """The result of one question's check, built row by row; as a cell's result it shows the points and a table.

    Parameters: id, the question's grade_id; title, what it asks.
    Its faces: text/plain, the points (nbgrader reads it, nbval compares it); text/html, the table for the student;
    application/vnd.labutils.check+json, the record {"id", "points", "max", "rows"} that `grade` reads.
    """

    def __init__(self, id, title):
        self.id, self.title, self.rows = id, title, []

    @property
    def points(self):
        """Points earned so far."""
        return sum(row["points"] for row in self.rows)

    @property
    def max(self):
        """Points to be had so far."""
        return sum(row["max"] for row in self.rows)

    def true(self, label, answer, points=1, hint="look at the exercise once more"):
        """Add a row that is right where `answer()` is true; `hint` is shown where it is not. Returns self."""

        def judge():
            return None if bool(answer()) else hint

        return self._row(label, judge, points)

    def says(self, label, problem, points=1):
        """Add a row that is right where `problem()` returns "", and otherwise shows what it says. Returns self."""
        return self._row(label, lambda: problem() or None, points)

    def close(self, label, answer, expected, points=1, mistakes=None, tolerance=1e-6):
        """Add a row that is right where `answer()` equals `expected` in shape and, within `tolerance`, in value.

        Parameters: mistakes, a dict from a message to the value that this mistake gives; where the answer equals one,
            its message is shown. Returns self.
        """

        def judge():
            found = answer()
            if found is None:
                return "the function returns nothing: does it end with a return statement?"
            if _same(found, expected, tolerance):
                return None
            for message, value in (mistakes or {}).items():
                if _same(found, value, tolerance):
                    return message
            return _difference(found, expected)

        return self._row(label, judge, points)

    def agree(self, label, answer, reference, cases, points=1, mistakes=None, tolerance=1e-6):
        """Add a row that is right where `answer` gives what `reference` gives, in every case, and leaves its arguments.

        Parameters: answer and reference, functions; cases, a list of tuples of arguments, of which each function gets
            copies; mistakes, a dict from a message to a function of the same arguments that makes this mistake: the
            message of the one that gives what the answer gives is shown, and else the first case that fails.
            Returns self.
        """

        def judge():
            outcomes = [(case, *_outcome(answer, case)) for case in cases]
            for case, found, spoilt in outcomes:
                expected = reference(*copied(case))
                if spoilt:
                    return IN_PLACE
                if found is None:
                    return "the function returns nothing: does it end with a return statement?"
                if isinstance(found, Exception) or not _same(found, expected, tolerance):
                    if message := _named(mistakes or {}, (case, found), outcomes, tolerance):
                        return message
                    if isinstance(found, Exception):
                        raise found
                    return f"{_difference(found, expected)}, called with {_called_with(case)}"
            return None

        return self._row(label, judge, points)

    def _row(self, label, judge, points):
        silenced = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(silenced), contextlib.redirect_stderr(silenced):
            warnings.simplefilter("ignore")
            try:
                problem = judge()
            except NotImplementedError:
                problem = "not written yet: replace the raise line in the exercise by your code"
            except Exception as error:
                problem = _stopped(error)
        ok, problem = problem is None, (problem or "")[:LONGEST]
        self.rows.append({"label": label, "ok": ok, "points": points if ok else 0, "max": points, "message": problem})
        return self

    def __repr__(self):
        return f"{self.points:g}"

    def _repr_html_(self):
        def line(cells, tag):
            return "<tr>" + "".join(f"<{tag} style='text-align:left'>{cell}</{tag}>" for cell in cells) + "</tr>"

        lines = [line(("", "what is checked", "points", "what to look at"), "th")]
        for row in self.rows:
            # Legible on a light and on a dark page.
            mark, colour = ("&#10003;", "#00855a") if row["ok"] else ("&#10007;", "#c25000")
            points = f"{row['points']:g}&nbsp;/&nbsp;{row['max']:g}"
            mark = f"<b style='color:{colour}'>{mark}</b>"
            lines.append(line((mark, html.escape(row["label"]), points, html.escape(row["message"])), "td"))
        title = f"{html.escape(self.title)}: {self.points:g} of {self.max:g} points"
        return f"<table><caption style='text-align:left'>{title}</caption>{''.join(lines)}</table>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        record = {"id": self.id, "points": self.points, "max": self.max, "rows": self.rows}
        return {"text/plain": repr(self), "text/html": self._repr_html_(), RECORD: record}
