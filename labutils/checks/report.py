"""The `Report` of a check: what students, nbval, nbgrader and `grade` each read of it.

A check never compares an answer with itself, never writes to stderr and never stops Run All: an exception in an answer
is a red row. Rows that name a mistake do so because the answer equals what that mistake gives.
"""

import contextlib
import html
import io
import sys
import warnings
from unittest import mock

from .comparison import NOTHING, difference, disagreement, numbers, same
from .failure import Absent, Misbehaved, stopped, unwritten

RECORD = "application/vnd.labutils.check+json"
LONGEST = 400  # characters of a message, whatever an answer returned, but for what it printed
UNWRITTEN = "not written yet: replace the raise line in the exercise by your code"


def _asked(*_):
    raise Misbehaved("it asks with input(), and nobody is there to answer: use the arguments alone")


def _figures():
    """Return the numbers of the figures that pyplot would show."""
    return set(sys.modules["matplotlib.pyplot"].get_fignums()) if "matplotlib.pyplot" in sys.modules else set()


@contextlib.contextmanager
def _alone():
    """Let an answer ask nobody, show nothing that it draws, a thousand times perhaps, and yield what it prints."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    before = _figures()
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [sys.modules["matplotlib.pyplot"].close(one) for one in _figures() - before])
        if shell:
            stack.enter_context(mock.patch.object(shell.display_formatter, "format", lambda *_, **__: ({}, {})))
        stack.enter_context(mock.patch("builtins.input", _asked))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield stack.enter_context(contextlib.redirect_stdout(io.StringIO()))


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
                return NOTHING
            values = numbers(found)
            if same(values, numbers(expected), tolerance):
                return None
            named = (text for text, value in (mistakes or {}).items() if same(values, numbers(value), tolerance))
            return next(named, None) or difference(found, expected)

        return self._row(label, judge, points)

    def agree(self, label, answer, reference, cases, points=1, mistakes=None, more=()):
        """Add a row that is right where `answer` gives what `reference` gives, in every case, and leaves its arguments.

        Parameters: answer and reference, functions; cases, a list of tuples of arguments, of which each function gets
            copies; mistakes, a dict from a message to a function of the same arguments that makes this mistake: the
            message of the one that gives what the answer gives is shown, and else the first case that fails; more,
            cases that only help to name the mistake. Returns self.
        """

        def judge():
            return disagreement(answer, reference, cases, mistakes or {}, more)

        return self._row(label, judge, points)

    def again(self, other, points=1, row=0):
        """Add a row that is right where that row of `other` is, a report of the same check from another seed."""
        one = other.rows[row]
        return self._row(f"with other numbers: {one['label']}", lambda: None if one["ok"] else one["message"], points)

    def _row(self, label, judge, points):
        with _alone() as printed:
            try:
                problem = judge()
            except (Exception, SystemExit) as error:
                placeholder = str(error) if isinstance(error, Absent) else UNWRITTEN
                problem = placeholder if unwritten(error) else stopped(error, {})
        ok, lines = problem is None, printed.getvalue()[-1000:].split("\n")
        last = " | ".join(line.strip() for line in lines if line.strip())[-100:]
        problem = "" if ok else problem[:LONGEST] + f"; it printed: {last}" * bool(last)
        self.rows.append({"label": label, "ok": ok, "points": points if ok else 0, "max": points, "message": problem})
        return self

    def __repr__(self):
        return f"{self.points:g}"

    def _repr_html_(self):
        def line(cells, tag):
            return "<tr>" + "".join(f"<{tag} style='text-align:left'>{cell}</{tag}>" for cell in cells) + "</tr>"

        lines = [line(("", "what is checked", "points" * bool(self.max), "what to look at"), "th")]
        for row in self.rows:
            # Legible on a light and on a dark page: white on a ground of its own.
            mark, colour = ("&#10003;", "#00855a") if row["ok"] else ("&#10007;", "#c25000")
            points = f"{row['points']:g}&nbsp;/&nbsp;{row['max']:g}" if row["max"] else ""
            mark = f"<b style='color:white;background:{colour};padding:0 0.3em'>{mark}</b>"
            lines.append(line((mark, html.escape(row["label"]), points, html.escape(row["message"])), "td"))
        title = html.escape(self.title) + f": {self.points:g} of {self.max:g} points" * bool(self.max)
        return f"<table><caption style='text-align:left'>{title}</caption>{''.join(lines)}</table>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        record = {"id": self.id, "points": self.points, "max": self.max, "rows": self.rows}
        return {"text/plain": repr(self), "text/html": self._repr_html_(), RECORD: record}
