"""The `Report` of a check: what students, nbval, nbgrader and `grade` each read of it.

A check never compares an answer with itself, never writes to stderr and never stops Run All: an exception in an answer
is a red row. Rows that name a mistake do so because the answer equals what that mistake gives.
"""

import contextlib
import html
import io
import warnings

import numpy as np

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
    return bool(
        np.allclose(found.astype(float), expected.astype(float), rtol=tolerance, atol=tolerance, equal_nan=True)
    )


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
