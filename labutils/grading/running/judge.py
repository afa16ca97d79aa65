"""Decides a question outside the student's process: the check runs here, and only calls of answers run over there.

So nothing that a student does to `Report`, numpy or labutils, and nothing that is printed, can earn a point: what
counts are the values that the functions return, which this process compares.
"""

import ast
import contextlib
import io
import symtable

from ...checks import RECORD
from ..course import hidden_rows
from .exchange import decode, encode, encode_arguments, share, update


class CannotGrade(ValueError):
    """Grading cannot go on here, whatever was handed in; the message says what is missing."""


def names(source):
    """Return (the names that a piece of code assigns, the names that it uses) at its top level."""
    top = symtable.symtable(source, "a cell", "exec")
    made = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used, tables = set(), [top]
    for table in tables:
        tables += table.get_children()
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() or table is top}
    return made, used


def given(cells, check):
    """Return the sources of the given code cells on which a check depends, by name; answers are not among them."""
    _, wanted = names(check)
    chosen = []
    for cell in reversed(cells):
        if cell.kind == "code" and not cell.solution and not cell.grade:
            made, used = names(cell.source)
            if made & wanted:
                wanted |= used
                chosen.append(cell.source)
    return chosen[::-1]


def decide(cells, question, ask):
    """Return the rows of a question's check, decided here, with calls of the student's functions over there.

    Parameters: cells, those of the instructor's notebook; ask, a function that sends a request to the student's
        process and returns what it answers, or raises.
    Raises: CannotGrade where the check cannot be set up here, whatever the student wrote: CIFAR-10 is missing, say.
    """
    place = next(i for i, cell in enumerate(cells) if cell.id == question.id)
    above, check = cells[:place], cells[place].source.strip()
    scope = {}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            for source in given(above, check):
                exec(source, scope)
        except Exception as error:
            raise CannotGrade(f"{question.id}: the check cannot be set up here: {error}") from None
        for cell in above:
            if cell.solution and cell.kind == "code":
                scope |= {node.name: _stand_in(node, ask) for node in ast.parse(cell.source).body}
        report = eval(check, scope)
    rows = report._repr_mimebundle_()[RECORD]["rows"]
    first_hidden = len(rows) - hidden_rows(check)
    return [
        {key: row[key] for key in ("label", "points", "max", "message")} | {"hidden": place >= first_hidden}
        for place, row in enumerate(rows)
    ]


def _stand_in(node, ask):
    """Return what stands here for a student's function, or for a torch.autograd.Function with its `apply`."""
    if not isinstance(node, ast.ClassDef):
        return lambda *arguments: _call(ask, node.name, arguments)
    import torch

    class StandIn(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w, *others):
            ctx.arguments = w.detach().clone(), *others
            return _call(ask, f"{node.name}.apply", ctx.arguments)

        @staticmethod
        def backward(ctx, upstream):
            slope = _call(ask, f"{node.name}.apply", ctx.arguments, upstream=encode(upstream))
            return slope, *[None] * (len(ctx.arguments) - 1)

    return StandIn


def _call(ask, name, arguments, **more):
    """Have a student's function called; return its value, and do to the arguments what it did to its copies.

    With `upstream`, a gradient for its result, return the gradient for its first argument.
    """
    answer = ask({"call": name, "arguments": encode_arguments(arguments)} | more)
    if answer.get("error"):
        kind, _, text = " ".join(str(answer["error"]).split())[:300].partition(": ")
        if answer.get("unwritten") is True:
            raise NotImplementedError(text)
        known = {error.__name__: error for error in (ValueError, TypeError)}
        error = known.get(kind, type(kind[:40], (Exception,), {}))(text)
        error.place = " ".join(str(answer.get("place", "")).split())[:120]
        raise error
    if "arguments" in answer:
        update(arguments, answer["arguments"])
    value = decode(answer["value"])
    for place in answer.get("shared") or []:
        share(value, arguments[place])
    return value
