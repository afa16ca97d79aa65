"""Decides a question outside the student's process: the check runs here, and only calls of answers run over there.

So nothing that a student does to `Report`, numpy or labutils, and nothing that is printed, can earn a point: what
counts are the values that the functions return, which this process compares.
"""

import ast
import contextlib
import functools
import io
import signal
import threading

from ...checks import RECORD
from ...checks.waiting import names
from ..course import hidden_rows
from .exchange import decode, encode, encode_arguments, share, update
from .sandbox import CannotGrade, one_line
from .statements_to_run import needed, statements

SECONDS = 60  # of this process's own time, for one question


class TooLong(BaseException):
    """Deciding a question took too long; no check keeps it from ending it."""


@contextlib.contextmanager
def within(seconds):
    """Raise TooLong in the block where this process computes for longer; waiting for a student's does not count."""
    if threading.current_thread() is not threading.main_thread():  # no other may set a timer
        yield
        return

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def one_row(question, reason):
    """Return the rows of a question that was not decided: one, which says why."""
    return [{"label": "the check", "points": 0, "max": question.max, "message": reason, "hidden": False}]


def given(cells, check):
    """Return the sources of the given statements on which a check depends, in their order; no answer is among them."""
    cells = [cell for cell in cells if cell.kind == "code" and not cell.solution and not cell.grade]
    found = [statement for cell in cells for statement in statements(cell.source)]
    return [statement.source for statement in needed(found, names(check)[0])]


def decide(cells, question, ask):
    """Return the rows of a question's check, decided here, with calls of the student's functions over there.

    Parameters: cells, those of the instructor's notebook; ask, a function that sends a request to the student's
        process and returns what it answers, or raises.
    Raises: CannotGrade where the check cannot be set up here, whatever the student wrote: CIFAR-10 is missing, say.
    """
    place = next(i for i, cell in enumerate(cells) if cell.id == question.id)
    above, check = cells[:place], cells[place].source.strip()
    scope, call = {}, functools.partial(_call, ask, [])
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            for source in given(above, check):
                exec(source, scope)
        except Exception as error:
            raise CannotGrade(f"{question.id}: the check cannot be set up here: {error}") from None
        for cell in above:
            if cell.solution and cell.kind == "code":
                scope |= {name: _stand_in(name, node, call) for name, node in stand_ins(cell.source).items()}
        try:
            with within(SECONDS):
                report = eval(check, scope)
        except TooLong:
            return one_row(question, f"deciding it took longer than {SECONDS} s: what does the answer return?")
    rows = report._repr_mimebundle_()[RECORD]["rows"]
    first_hidden = len(rows) - hidden_rows(check)
    return [
        {key: row[key] for key in ("label", "points", "max", "message")} | {"hidden": place >= first_hidden}
        for place, row in enumerate(rows)
    ]


def stand_ins(answer):
    """Return {name: definition} of what an instructor's answer cell defines, functions and classes."""
    return {node.name: node for node in ast.parse(answer).body}


def asked(cells, question):
    """Return the names of the students' functions that a question's check calls."""
    check = next(cell.source for cell in cells if cell.id == question.id)
    answers = [cell.source for cell in cells if cell.solution and cell.kind == "code"]
    return {name for answer in answers for name in stand_ins(answer)} & names(check.strip())[0]


def _stand_in(name, node, call):
    """Return what stands here for a student's function, or for a torch.autograd.Function with its `apply`."""
    if not isinstance(node, ast.ClassDef):
        return lambda *arguments: call(name, arguments)
    import torch

    class StandIn(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w, *others):
            ctx.arguments, here = (w.detach().clone(), *others), w.detach()
            found = call(f"{name}.apply", (here, *others))
            return found.clone() if found is here else found

        @staticmethod
        def backward(ctx, upstream):
            slope = call(f"{name}.apply", ctx.arguments, upstream=encode(upstream))
            return slope, *[None] * (len(ctx.arguments) - 1)

    return StandIn


def _call(ask, last, name, arguments, **more):
    """Have a student's function called; return its value, and do to the arguments what it did to its copies.

    With `upstream`, a gradient for its result, return the gradient for its first argument. `last`, a list, holds the
    value of the call before, to which the same is done.
    """
    answer = ask({"call": name, "arguments": encode_arguments(arguments), "follows": bool(last)} | more)
    if answer.get("error"):
        kind, _, text = one_line(answer["error"]).partition(": ")
        if answer.get("unwritten") is True:
            raise NotImplementedError(text)
        known = {error.__name__: error for error in (ValueError, TypeError)}
        error = known.get(kind, type(kind[:40], (Exception,), {}))(text)
        error.place = one_line(answer.get("place", ""), 120)
        raise error
    if "arguments" not in answer:
        return decode(answer["value"])
    update(arguments, answer["arguments"])
    if "last" in answer:
        update(last, [answer["last"]])
    known = *arguments, *last
    last[:] = [known[answer["is"]] if "is" in answer else decode(answer["value"])]
    for place in answer.get("shared") or []:
        share(last[0], known[place])
    return last[0]
