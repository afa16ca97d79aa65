"""Says in one line what a cell waits for where an exercise is not written yet, so that Run All reaches the end.

An exercise that is not written raises NotImplementedError when a given cell calls it. A traceback would tell a newcomer
little, and it would stop Run All. So in Jupyter, once `labutils.checks` is imported, such a cell prints one line and
counts as run; so does a later one that fails because it uses what a waiting cell would have made. Every other error is
shown, and stops Run All, as always. A check whose answer is not there, or not the one that its cell shows, says so in
its rows. Used in every notebook of the student version.
"""

import builtins
import contextlib
import functools
import re
import symtable
import sys

from .failure import Absent

DEFINED = re.compile(r"(?m)^(?:async )?(?:def|class) +(\w+)")  # as a cell that is no Python has it, too
CHECK = re.compile(r"\(?\s*checks\.\w+\(")


def names(source):
    """Return two sets: the names of the notebook that a cell's source uses, in functions too, and those that it binds.

    Parameters: source, Python, as IPython has transformed it.
    """
    top = symtable.symtable(source, "cell", "exec")
    tables, used = [top], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is top or s.is_global())}
    return used, {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}


class _NotThere:
    """Stands for an answer while a check runs that cannot call it: it says why."""

    def __init__(self, reason):
        self.reason = reason

    def __call__(self, *arguments):
        raise Absent(self.reason)

    def __getattr__(self, name):  # the apply of a class, say
        return self


class Waiting:
    """What the names of one notebook wait for, kept up to date cell by cell; `shell` is its IPython shell."""

    def __init__(self, shell):
        self.shell = shell
        self.reasons = {}  # for each name that a waiting cell would have bound: what that cell waits for
        self.failed = {}  # for each function whose cell stopped before it was defined anew: by which error
        self.used, self.bound, self.excused = set(), set(), None  # of the cell that runs; excused: its error
        self.before, self.replaced = {}, {}  # the functions that it defines, as they were; what a check cannot call
        shell.events.register("pre_run_cell", self.begin)
        shell.events.register("post_run_cell", self.end)
        shell.set_custom_exc((Exception,), self.show)

    def begin(self, info):
        """Look at the cell that starts."""
        self.used, self.bound, self.excused = set(), set(), None
        with contextlib.suppress(SyntaxError):  # the notebook reports it
            self.used, self.bound = names(self.shell.transform_cell(info.raw_cell))
        space = self.shell.user_ns
        self.before = {name: space.get(name) for name in DEFINED.findall(info.raw_cell)}
        if CHECK.match(info.raw_cell.lstrip()) and "checks" in space:
            missing = {name for name in self.used if name not in space and not hasattr(builtins, name)}
            for name in missing | self.failed.keys() & self.used:
                self.replaced[name] = space.get(name)
                space[name] = _NotThere(self.absence(name))

    def absence(self, name):
        """Return in words why a check cannot call the answer of this name."""
        if name in self.failed:
            return (
                f"the cell of `{name}` stopped with {self.failed[name]}, so it is not defined: mend and run that cell"
            )
        return f"waits for `{self.reasons.get(name, name)}`: run the cell that defines it, then this one"

    def reason(self, error, traceback):
        """Return what the running cell waits for, or None where the error is its own."""
        while traceback.tb_next:
            traceback = traceback.tb_next
        frame = traceback.tb_frame
        if isinstance(error, NotImplementedError) and frame.f_globals is self.shell.user_ns:  # not a library's
            return str(error) or f"an exercise: write `{frame.f_code.co_name}`"
        if isinstance(error, NameError):
            return self.reasons.get(error.name)
        return next((self.reasons[name] for name in sorted(self.used & self.reasons.keys())), None)

    def show(self, shell, kind, error, traceback, tb_offset=None):
        """Print what the cell waits for, or the traceback where the error is its own."""
        reason = self.reason(error, traceback)
        if reason is None:
            shell.showtraceback((kind, error, traceback), tb_offset=tb_offset, running_compiled_code=True)
            return
        self.excused = error
        self.reasons |= dict.fromkeys(self.bound, reason)
        for name in self.bound:
            value = shell.user_ns.get(name)
            if isinstance(value, (dict, list)) and not value:  # it was to be filled: nobody should take it for a result
                del shell.user_ns[name]
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")  # a figure that is only half drawn
        sys.stdout.write(f"Waiting for {reason}, then run the cells from there on again.\n")

    def end(self, result):
        """Count a waiting cell as run; what any other cell has bound waits no longer."""
        space = self.shell.user_ns
        for name, value in self.replaced.items():
            space.pop(name) if value is None else space.__setitem__(name, value)
        self.replaced = {}
        if result is None:  # stopped from outside
            return
        error = result.error_before_exec or result.error_in_exec
        for name, value in self.before.items():
            if error and space.get(name) is value:
                self.failed[name] = type(error).__name__
            else:
                self.failed.pop(name, None)
        if self.excused is not None and result.error_in_exec is self.excused:
            result.error_in_exec = None
        elif result.success:
            for name in self.bound & self.reasons.keys():
                del self.reasons[name]


@functools.cache
def install():
    """Begin in the notebook whose kernel this is; elsewhere do nothing."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        Waiting(shell)
