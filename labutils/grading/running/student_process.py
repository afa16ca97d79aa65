"""The program of a student's process: it runs statements and calls functions, as it is told over standard input.

It runs apart, beside a copy of `exchange` and of labutils. Nothing that it says is trusted: it returns values,
and the grader compares.
"""

import builtins
import functools
import os
import shutil
import sys

# By name, since a cell may put anything into these modules, and a right answer must still be told.
from contextlib import suppress
from json import dumps, loads
from linecache import cache
from os import dup2, fdopen
from struct import pack, unpack

NAMES = {"__name__": "__main__"}  # of the notebook
LAST = []  # the value that the last call returned, and as what it was sent


def take_channel():
    """Return (read, write, reset): the grader's channel, whose messages are 8 bytes of length and JSON; see `reset`.

    Standard input is empty from here on, and standard output and error both go to where the latter went.
    """
    source, target = fdopen(os.dup(0), "rb"), fdopen(os.dup(1), "wb")
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.dup(2)

    def read():
        (size,) = unpack(">Q", source.read(8))
        return loads(source.read(size))

    def write(answer):
        message = dumps(answer).encode()
        target.write(pack(">Q", len(message)) + message)
        target.flush()

    def reset():
        """Give the next cell whole streams, whatever the last one has done to them."""
        for stream, number in ((nothing, 0), (output, 1), (output, 2)):
            dup2(stream, number)
        sys.stdin, sys.stdout, sys.stderr = (
            fdopen(number, mode, buffering=1, errors="replace", closefd=False) for number, mode in enumerate("rww")
        )

    reset()
    return read, write, reset


@functools.cache
def start_shell():
    """Return IPython's shell, which knows magics as a notebook does; it shows no figures, keeps no history."""
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            pass

        def enable_matplotlib(self, gui=None):
            return gui, "agg"

    HistoryManager.enabled = False
    return Shell.instance(user_ns=NAMES)


def display(*values, **options):
    """Display values as a notebook does, where nobody sees them."""
    from IPython.display import display

    display(*values, **options)


def run(source):
    """Run one statement; return None, or the text of the error that stopped it."""
    name = f"<statement {len(cache)}>"
    cache[name] = len(source), None, source.splitlines(keepends=True), name  # for inspect, and tracebacks
    try:
        exec(compile(source, name, "exec"), NAMES)
    except BaseException as error:
        return describe(error)
    finally:
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")  # as a notebook does below each cell


def describe(error):
    """Return the kind and the text of an exception, whatever its class does when asked."""
    try:
        return f"{type(error).__name__}: {error}"[:1000]
    except BaseException:
        return "an error without a text"


def stopped(error):
    """Return what the grader is told of a call that stopped: the error, where, and whether nothing was written yet."""
    from labutils.checks import failure

    return {"error": describe(error), "place": failure.place(error), "unwritten": failure.unwritten(error)}


def returned(value, arguments, exchange):
    """Return what is told of a call: its value, and what became of its arguments and of what the last call returned.

    Where the value is one of these itself, its place among them stands for it; else, with whose tensors it shares.
    """

    def held(network):
        tensors = network.state_dict().values() if hasattr(network, "named_parameters") else ()
        return {tensor.data_ptr() for tensor in tensors} - {0}  # 0: of what holds no numbers

    answer, known = {"arguments": exchange.encode_arguments(arguments)}, [*arguments, *LAST[:1]]
    sent = [*answer["arguments"], *map(exchange.encode, LAST[:1])]
    if LAST and sent[-1] != LAST[1]:
        answer["last"] = sent[-1]
    same = [place for place, one in enumerate(known) if one is value and not isinstance(one, exchange.PLAIN)]
    if same:
        LAST[:] = value, sent[same[0]]
        return answer | {"is": same[0]}
    LAST[:] = value, exchange.encode(value)
    return answer | {"value": LAST[1], "shared": [k for k, one in enumerate(known) if held(value) & held(one)]}


def call(names, request, exchange):
    """Call a student's function; return its value and what became of its arguments; `exchange` is that module."""
    arguments = exchange.decode_arguments(request["arguments"])
    name, *attributes = request["call"].split(".")
    if name not in names:
        raise NameError(f"name {name!r} is not defined")
    function = names[name]
    for attribute in attributes:
        function = getattr(function, attribute)
    if "upstream" not in request:
        if not request["follows"]:  # a new question
            LAST.clear()
        return returned(function(*arguments), arguments, exchange)
    import torch

    start = arguments[0].requires_grad_()
    with torch.enable_grad():
        found = function(start, *arguments[1:])
        upstream = exchange.decode(request["upstream"]).to(found.device)  # an answer may compute elsewhere
        (slope,) = torch.autograd.grad(found, start, upstream)
    return {"value": exchange.encode(slope)}


def main():
    """Do what the grader asks, one message after the other, until it hangs up."""
    read, write, reset = take_channel()
    with suppress(OSError):  # fonts that the grader has listed, so that matplotlib need not search
        shutil.copytree(os.environ["LABUTILS_FONTS"], os.path.expanduser("~/.cache/matplotlib"))
    import exchange  # before a file of this name can lie in the student's folder

    exchange.without_compiler()
    sys.path.insert(0, "")  # where a notebook finds modules that stand beside it
    builtins.get_ipython, builtins.display = start_shell, display
    while True:
        request = read()
        reset()
        try:
            answer = {"error": run(request["run"])} if "run" in request else call(NAMES, request, exchange)
        except BaseException as error:
            answer = stopped(error)
        write(answer | {"number": request["number"]})


if __name__ == "__main__":
    main()
