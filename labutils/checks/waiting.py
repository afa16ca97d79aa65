"""Says in one line what a cell waits for where an exercise is unwritten or wrong, so that Run All reaches the end.

An exercise that is not written raises NotImplementedError when a given cell calls it; one that is wrong makes some
given cell below fail in a way of its own. A traceback would tell a newcomer little, and it would stop Run All. So in
Jupyter, once a lab has begun, such a cell prints one line and counts as run; so does a later one that fails because it
uses what such a cell made, or would have made. A cell that runs with a wrong answer says so below its results. The cell
of an answer that fails itself shows its error and does not stop Run All either. Every other error does, as always. A
check whose answer is not there, or not the one that its cell shows, says so in its rows. A given cell that uses a name
to which a student's cell gave another value says that, where the frontend names the cells, as JupyterLab does. Used in
every notebook of the student version.
"""

import builtins
import contextlib
import functools
import itertools
import re
import symtable
import sys
import types
import warnings

from .failure import Absent, place
from .report import Report

DEFINED = re.compile(r"(?m)^(?:async )?(?:def|class) +(\w+)")  # as a cell that is no Python has it, too
CHECK = re.compile(r"(?m)^(?:\(?\s*|\w+\[\d+\] = )checks\.\w+\(")
OWN = re.compile(r"answer-|prediction-|[0-9a-f]{8}(-|$)")  # ids of cells in which students write, or that they add
LONGEST = 200  # characters of an error in the line of a cell that waits


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


def imported(source):
    """Return the names that a cell's source imports."""
    return {s.get_name() for s in symtable.symtable(source, "cell", "exec").get_symbols() if s.is_imported()}


def exercise(id):
    """Return how the notebooks name the exercise whose check has this id: "exercise (a)" for "lab1_a"."""
    if id.startswith("problem1_"):
        return f"exercise 1.{id.removeprefix('problem1_')}"
    letter = re.search(r"_([a-z])(_|$)", id)
    return f"exercise ({letter[1]})" if letter else f"exercise {id}"


class _NotThere:
    """Stands for an answer while a check runs that cannot call it: it says why."""

    def __init__(self, reason):
        self.reason = reason

    def __call__(self, *arguments):
        raise Absent(self.reason)

    def __getattr__(self, name):  # the apply of a class, say
        return self


def _same(one, other):
    """Return whether a name still holds what it held: the same object, or an equal number or text."""
    return one is other or isinstance(other, (int, float, str)) and type(one) is type(other) and one == other


class Waiting:
    """What the names of one notebook wait for, kept up to date cell by cell; `shell` is its IPython shell."""

    def __init__(self, shell):
        self.shell = shell
        self.reasons = {}  # for each name that a waiting cell would have bound: what that cell waits for
        self.left = {}  # the same for those names that still hold what an earlier run gave them
        self.doubts = {}  # for each name that a check found wrong, and each made with one: whose check does not pass
        self.reports = {}  # the last report of each check, by its id
        self.used, self.bound, self.excused = set(), set(), None  # of the cell that runs; excused: its error
        self.before, self.missing = {}, set()  # the functions that it defines, as they were; what a check cannot call
        self.old = {}  # all names that it binds but by an import, as they were
        self.given, self.taken = {}, {}  # what given cells bound; of the names that a student's cell bound anew: that
        self.sources = set()  # of the given cells that have run: a copy of one is none of a student's own
        self.own = None  # whether the running cell is a student's own; None: it had begun before this
        self.failed = {}  # for each function whose cell stopped before it was defined anew: by which error
        shell.events.register("pre_run_cell", self.begin)
        shell.events.register("post_run_cell", self.end)
        shell.set_custom_exc((Exception, KeyboardInterrupt), self.show)
        shell.user_ns.update(exit=sys.exit, quit=sys.exit)  # IPython's own end the kernel, and all that it holds
        warnings.filterwarnings("ignore", "To exit: use 'exit'")
        shown = shell.showtraceback

        def show_all(*arguments, **options):
            if options.get("exception_only"):  # SystemExit, which IPython does not hand on
                self.show(shell, *sys.exc_info())
            else:
                shown(*arguments, **options)

        shell.showtraceback = show_all

    def begin(self, info):
        """Look at the cell that starts."""
        self.own = bool(OWN.match(getattr(info, "cell_id", None) or "")) and info.raw_cell not in self.sources
        self.sources |= set() if self.own else {info.raw_cell}
        self.used, self.bound, self.excused, anew = set(), set(), None, set()
        with contextlib.suppress(SyntaxError):  # the notebook reports it
            source = self.shell.transform_cell(info.raw_cell)
            self.used, self.bound = names(source)
            anew = imported(source)
        space = self.shell.user_ns
        self.before = {name: space.get(name) for name in DEFINED.findall(info.raw_cell)}
        self.old = {name: space[name] for name in (self.bound - anew) & space.keys()}
        if CHECK.search(info.raw_cell) and "checks" in space:
            absent = self.used - self.bound - space.keys()
            self.missing = {name for name in absent if not hasattr(builtins, name)}
            space.update({name: _NotThere(self.absence(name)) for name in self.missing})

    def absence(self, name):
        """Return in words why a check cannot call the answer of this name."""
        if name in self.failed:
            return (
                f"the cell of `{name}` stopped with {self.failed[name]}, so it is not defined: mend and run that cell"
            )
        return f"waits for `{self.reasons.get(name, name)}`: run the cell that defines it, by this name, then this one"

    def first(self, reasons):
        """Return the first reason of a name that the running cell uses and does not bind, or None."""
        return next((reasons[name] for name in sorted((self.used - self.bound) & reasons.keys())), None)

    def doubt(self):
        """Return why the running cell may go wrong, or None: a name has another value, or a check does not pass."""
        return (None if self.own else self.first(self.taken)) or self.first(self.doubts)

    def reason(self, error, traceback):
        """Return what the running cell waits for, or None where the error is its own."""
        while traceback.tb_next:
            traceback = traceback.tb_next
        frame = traceback.tb_frame
        if isinstance(error, NotImplementedError) and frame.f_globals is self.shell.user_ns:  # not a library's
            return str(error) or f"an exercise: write `{frame.f_code.co_name}`"
        lacks = isinstance(error, NameError) and error.name in self.used  # not a name in a function that it calls
        if lacks and error.name in self.failed:
            return f"`{error.name}`: its cell stops with {self.failed[error.name]}; mend it"
        known = self.reasons.get(error.name) if lacks else self.first(self.reasons)
        if known is None and (doubt := self.doubt()):
            last = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
            return f"{doubt} ({last[:LONGEST]}); mend it"
        return known

    def show(self, shell, kind, error, traceback, tb_offset=None):
        """Print what the cell waits for, or the traceback where the error is its own."""
        if kind is KeyboardInterrupt:  # somebody was tired of waiting: where was it?
            advice = "if it took too long, look there for a loop without an end"
            sys.stdout.write(f"KeyboardInterrupt: stopped by hand{place(error)}; {advice}\n")
            return
        reason = self.reason(error, traceback)
        if reason is None:
            ran = not isinstance(error, SyntaxError)  # or IPython's own lines would stand above the cell's
            shell.showtraceback((kind, error, traceback), tb_offset=tb_offset, running_compiled_code=ran)
            self.excused = error if self.before else None
            return
        self.excused, self.before = error, {}  # what it would have defined waits, and has not failed
        self.reasons |= dict.fromkeys(self.bound, reason)
        self.left |= {name: reason for name, value in self.old.items() if shell.user_ns.get(name) is value}
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
        for name in self.missing:
            space.pop(name, None)
        self.missing = set()
        if result is None:  # stopped from outside
            return
        if self.own is None:  # the setup cell
            self.begin(result.info)
        if result.success or self.own:
            self.bind(space)
        error = result.error_before_exec or result.error_in_exec
        for name, value in self.before.items():
            if error and space.get(name) is value:
                self.failed[name] = type(error).__name__
                space.pop(name, None)  # or the cells below would take it for what this one shows
            else:
                self.failed.pop(name, None)
        if result.error_before_exec is not None and self.before:
            result.error_before_exec = None
        elif self.excused is not None and result.error_in_exec is self.excused:
            result.error_in_exec = None
        elif result.success:
            left, doubt, said = self.first(self.left), self.doubt(), ""
            for name, kept in itertools.product(self.bound, (self.reasons, self.left, self.doubts)):
                kept.pop(name, None)
            if left:
                made = self.bound - self.before.keys()  # a function that is defined uses nothing yet
                self.left |= dict.fromkeys(made, left)
                self.reasons |= dict.fromkeys(made, left)
                said = f"This is left of an earlier run: waiting for {left}.\n"
            elif doubt:
                self.doubts |= dict.fromkeys(self.bound, doubt)
                said = f"This uses {doubt}.\n"
            if isinstance(result.result, Report):
                self.checked(result.result)
            elif said and not (self.before and self.bound <= self.before.keys()):  # more than an answer's cell
                sys.stdout.write(said)  # or its results would be taken for what the text below speaks of

    def bind(self, space):
        """Keep what a given cell has bound, and of a student's cell what names of given cells hold no longer."""
        for name in self.bound & space.keys():
            self.taken.pop(name, None)
            if not self.own:
                self.given[name] = space[name]
            elif not _same(self.given.get(name, space[name]), space[name]):
                self.taken[name] = (
                    f"`{name}`, to which a cell of yours gave another value: call that otherwise, "
                    f"and run the cell that made `{name}`"
                )

    def checked(self, report):
        """Keep the report of a check; what it looked at is in doubt as long as it does not pass."""
        self.reports[report.id] = report
        for name in self.used:
            self.doubts.pop(name, None)
            if report.points < report.max and not isinstance(self.shell.user_ns.get(name), types.ModuleType):
                self.doubts[name] = f"{exercise(report.id)}: its check does not pass yet"


@functools.cache
def install():
    """Begin in the notebook whose kernel this is, and return its `Waiting`; elsewhere do nothing, and return None."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return None if shell is None else Waiting(shell)
