"""What each exercise must show: a `Report` for every question, read by students, nbval, nbgrader and `grade` alike.

A check never compares an answer with itself, never writes to stderr and never stops Run All: an exception in an answer
is a red row. Rows that name a mistake do so because the answer equals what that mistake gives.
"""

import contextlib
import html
import io
import warnings

import numpy as np

from . import descent
from .regression import THREE_POINTS

RECORD = "application/vnd.labutils.check+json"


def _text(value):
    """Return a short text of any value, numbers rounded to four digits."""
    with contextlib.suppress(Exception):
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if np.issubdtype(np.asarray(value).dtype, np.number):
            return np.array2string(np.asarray(value) + 0.0, precision=4, separator=", ", threshold=12).replace("\n", "")
    return repr(value)[:80]


def _same(found, expected, tolerance):
    """Return whether two values have the same shape and equal numbers within an absolute and relative tolerance."""
    found, expected = (np.asarray(v.detach().cpu() if hasattr(v, "detach") else v) for v in (found, expected))
    if found.shape != expected.shape:
        return False
    return bool(np.allclose(found.astype(float), expected.astype(float), rtol=tolerance, atol=tolerance))


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
            return f"expected {_text(expected)}, found {_text(found)}"

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
                problem = f"stopped with {type(error).__name__}: {str(error)[:120]}"
        ok = problem is None
        self.rows.append(
            {"label": label, "ok": ok, "points": points if ok else 0, "max": points, "message": problem or ""}
        )
        return self

    def __repr__(self):
        return f"{self.points:g}"

    def _repr_html_(self):
        def line(cells, tag):
            return "<tr>" + "".join(f"<{tag} style='text-align:left'>{cell}</{tag}>" for cell in cells) + "</tr>"

        lines = [line(("", "what is checked", "points", "what to look at"), "th")]
        for row in self.rows:
            mark, colour = ("&#10003;", "#00704d") if row["ok"] else ("&#10007;", "#b54700")
            points = f"{row['points']:g} / {row['max']:g}"
            mark = f"<b style='color:{colour}'>{mark}</b>"
            lines.append(line((mark, html.escape(row["label"]), points, html.escape(row["message"])), "td"))
        title = f"{html.escape(self.title)}: {self.points:g} of {self.max:g} points"
        return f"<table><caption style='text-align:left'>{title}</caption>{''.join(lines)}</table>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        record = {"id": self.id, "points": self.points, "max": self.max, "rows": self.rows}
        return {"text/plain": repr(self), "text/html": self._repr_html_(), RECORD: record}


def twice(function, w):
    """Return function(w) called a second time on the same array: an answer that works in place gives itself away."""
    w = w.copy()
    function(w)
    return function(w)


# A point away from zero, with uneven entries on purpose: zeros and ones hide errors.
AWAY = np.array([0.7, -1.3, 0.4, 2.1, -0.6])
RATE = 0.02
IN_PLACE = "the answer changes its input in place: work on a new array"


def lab1_a(gradient):
    """Check `gradient(X, y, w)`, the gradient of the sum of squared residuals: 1.5 points, 0.5 hidden."""
    X, y = THREE_POINTS.X, THREE_POINTS.y
    right = 2 * X.T @ (X @ AWAY - y)
    mistakes = {
        "the factor 2 is missing: differentiate the square": right / 2,
        "this is the gradient of the MEAN; the loss here is the sum": right / len(y),
        "the sign is wrong: the residual is X w - y": -right,
        "half of everything: the loss is the sum of squares, without a factor 1/2 or 1/n": right / 2 / len(y),
        "the targets y are missing from the residual": 2 * X.T @ (X @ AWAY),
    }
    report = Report("lab1_a", "The gradient of the sum of squares")
    report.close("at the start, W = 0", lambda: gradient(X, y, np.zeros(5)), -2 * X.T @ y, points=0.5)
    return report.close("at a point away from zero", lambda: gradient(X, y, AWAY), right, mistakes=mistakes)


def lab1_b(step):
    """Check `step(w, problem, learning_rate)`, one step of gradient descent: 3 points, 1 hidden."""
    slope = THREE_POINTS.gradient(AWAY)
    moved = AWAY - RATE * slope
    mistakes = {
        "the sign is wrong: this step climbs": AWAY + RATE * slope,
        "the learning rate is missing": AWAY - slope,
        "this returns the change, not the new weights": -RATE * slope,
        "this follows the MEAN of the squares: problem.gradient is the sum's already": AWAY - RATE * slope / 3,
        "the factor 2 stands in problem.gradient already": AWAY - 2 * RATE * slope,
        "the weights did not move": AWAY,
    }
    in_place = {IN_PLACE: moved - RATE * THREE_POINTS.gradient(moved)}

    def one_step(w):
        return step(w, THREE_POINTS, RATE)

    report = Report("lab1_b", "One step of gradient descent")
    report.close("one step from a point away from zero", lambda: one_step(AWAY.copy()), moved, mistakes=mistakes)
    report.close("called twice on the same array", lambda: twice(one_step, AWAY), moved, mistakes=in_place)
    return report.close(
        "200 steps from zero end at the minimum-norm solution",
        lambda: descent.descend(one_step, np.zeros(5), 200).final,
        np.linalg.pinv(THREE_POINTS.X) @ THREE_POINTS.y,
    )
