"""The tables of all labs: text for nbval and the terminal, HTML for readers, both from the same cells."""

import html
import re

import numpy as np

ZERO_LOSS = 1e-12  # smaller losses depend on rounding, which differs between processors, and are not printed
COMPARISON = ("method", "setting", "what is left", "how good", "how long")
VERDICTS = ("claim", "verdict", "what was measured", "your prediction")


class Table:
    """A table that shows itself: aligned text when printed, HTML in a notebook.

    Parameters: columns, the headings; rows, sequences of cells, each as long as `columns`; caption, a line above it.
    Raises: ValueError where a row has another length.
    """

    def __init__(self, columns, rows, caption=None):
        self.columns = [str(column) for column in columns]
        self.rows = [[str(cell) for cell in row] for row in rows]
        self.caption = caption
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"rows: expected {len(self.columns)} cells each, found {len(row)}: {row}")

    def __repr__(self):
        widths = [max(map(len, cells)) for cells in zip(self.columns, *self.rows)]
        rule = ["-" * width for width in widths]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (self.columns, rule, *self.rows)]
        return "\n".join([self.caption] * bool(self.caption) + lines)

    def _repr_html_(self):
        def line(cells, tag):
            inner = "".join(f'<{tag} style="text-align:left">{_in_html(cell)}</{tag}>' for cell in cells)
            return f"<tr>{inner}</tr>"

        caption = f'<caption style="text-align:left">{html.escape(self.caption)}</caption>' if self.caption else ""
        body = "".join(line(row, "td") for row in self.rows)
        return f"<table>{caption}<thead>{line(self.columns, 'th')}</thead><tbody>{body}</tbody></table>"


def _in_html(text):
    """Return a cell's text as HTML, in which no line ends within a number: after < or an exponent's sign it would."""
    return re.sub(r"(&lt; )?\S+-\d\S*", r'<span style="white-space:nowrap">\g<0></span>', html.escape(text))


def number(value, digits=4):
    """Return `value` rounded to `digits` decimals as text, never "-0.0": a zero's sign differs between processors."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def share(accuracy, count):
    """Return an accuracy measured on `count` images as text, "0.9210 ± 0.0121": twice its standard error beside it.

    Of a hundred samples of so many images, about 95 give an accuracy that is no farther from that on all images.
    Parameters: accuracy, in [0, 1]; count, 1 or more.
    """
    return f"{accuracy:.4f} ± {2 * np.sqrt(accuracy * (1 - accuracy) / count):.4f}"


def vector(w, digits=5):
    """Return the numbers w (d,) as text, "[0, 3.00000, ...]"; an exact zero is written 0, so that it can be told."""
    return "[" + ", ".join("0" if value == 0 else number(value, digits) for value in np.asarray(w)) + "]"


def loss_text(loss):
    """Return a loss as text with four significant digits, or "< 1e-12" where it is smaller still."""
    return f"< {ZERO_LOSS:.0e}" if loss < ZERO_LOSS else f"{loss:.4g}"


def support_text(w):
    """Return the one-based indices of the weights that are not exactly zero, "{2, 5}"."""
    return "{" + ", ".join(str(j + 1) for j in np.flatnonzero(w)) + "}"


def runs_table(runs, problem):
    """Return the Table of Lab 1's runs: final W, exact zeros, L, first step with L < 1e-6, steps of support changes.

    Parameters: runs, a dict from label to Trajectory (a single run each); problem, the Regression whose L is shown.
    """
    rows = []
    for label, run in runs.items():
        first = run.first_step_below(problem)
        changes = run.support_changes()
        shown = ", ".join(map(str, changes[:6])) + (f", ... {changes[-1]}" if len(changes) > 6 else "")
        zeros = int((run.final == 0).sum())
        reached = "never" if first is None else first
        rows.append((label, vector(run.final), zeros, loss_text(problem.loss(run.final)), reached, shown or "none"))
    columns = ("run", "final W", "exact zeros", "loss L", "first step with L < 1e-6", "support changes at step")
    return Table(columns, rows)


def comparison(rows):
    """Return the closing Table of a lab; `rows` hold method, setting, what is left, how good, how long."""
    return Table(COMPARISON, rows)


def verdicts(rows):
    """Return the closing Table of the claims; `rows` hold claim, verdict, what was measured, your prediction."""
    return Table(VERDICTS, rows)
