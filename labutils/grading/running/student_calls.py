"""A student's process as the grader sees it: started, asked, ended where it runs over a limit, and started anew."""

import contextlib
import json
import os
import time

from . import judge, processes, scratch, suspicious_code
from .sandbox import Ended, one_line

MOST_PARTS = 100_000  # lists and dicts in one answer, counted before it is parsed: each takes memory


class Student:
    """A student's process; what ends it costs that call alone: it is started anew, and what ran in it is run again.

    Parameters: enter, a function that starts it in an empty folder and returns the `Sandbox`; limits, of all together.
    Attributes: flags, what somebody should look at; reason, why it was given up, "" where it was not; late, whether
        anything ran out of time, which another run may not.
    """

    def __init__(self, enter, limits):
        self.enter, self.limits, self.sandbox, self.place = enter, limits, None, None
        self.waited = -processes.waited([os.getpid()])  # for a processor: see `_now`
        self.ends = self._now() + limits.seconds
        self.flags, self.reason, self.late = [], "", False
        self.ran, self.spoilt = {}, {}  # the statements that ran, by their id; by name, why it may not be there
        self.asked, self.over, self.first = 0, {}, {}  # requests; by function of the question at hand: see `call`
        self.share, self.until = limits.seconds, self.ends  # of the question at hand: see `decide`

    def _start(self):
        self.place = scratch.folder()
        self.sandbox = self.enter(self.place.name)
        ran, self.ran = self.ran, {}
        for statement in ran.values():
            with contextlib.suppress(Ended):
                self._ask({"run": statement.source})
                self.ran[id(statement)] = statement

    def _waited(self):
        """Return the seconds for which there was no processor, for it or for this process; only so many count."""
        waited = self.waited + processes.waited([os.getpid()]) + (self.sandbox.waited if self.sandbox else 0)
        return min(waited, self.limits.patience)

    def _now(self):
        """Return the time by a clock that stands still while there is no processor."""
        return time.monotonic() - self._waited()

    def _ask(self, request):
        """Return what the process answers, a dict; raise `Ended` where that ends it."""
        while self.sandbox is None:
            self._start()
        left = self.ends - self._now()
        if left <= 0:
            self.late, self.reason = True, f"it ran longer than {self.limits.seconds:g} s"
            raise Ended(self.reason)
        self.asked += 1
        try:
            if self.sandbox.has_answered():
                self._flag("its process answered what nobody had asked")
                self.sandbox.end("it answered what nobody had asked")
            self.sandbox.patience = self.sandbox.waited + self.limits.patience - self._waited()
            raw = self.sandbox.ask(json.dumps(request | {"number": self.asked}).encode(), min(left, self.limits.call))
            with contextlib.suppress(ValueError, RecursionError):
                answer = json.loads(raw) if raw.count(b"[") + raw.count(b"{") < MOST_PARTS else None
                if isinstance(answer, dict) and answer.get("number") == self.asked:
                    return answer
            self.sandbox.end("it answered something else than was asked")
        except Ended:
            self.late |= self.sandbox.ran_out
            self.close()
            raise

    def _flag(self, text):
        if text not in self.flags:
            self.flags.append(text)

    def run(self, statement):
        """Run a statement that has not; where it stops, flag it, and remember which names are not there for that."""
        if id(statement) in self.ran:  # an equal one may stand there twice
            return
        if not statement.given and (looks := suspicious_code.LOOKS.search(statement.source)):
            self._flag(f"cell {statement.place + 1} looks for what calls it: {looks[0]}")
        try:
            error = self._ask({"run": statement.source}).get("error")
            self.ran[id(statement)] = statement
        except Ended as ended:
            if self.reason:
                raise
            error = ended
        if error:
            where = "a given cell" if statement.given else f"cell {statement.place + 1}"
            text = f"{where} stopped with {one_line(error)}"
            self._flag(text)
            self.spoilt |= dict.fromkeys(statement.makes or (), text)

    def decide(self, master, question):
        """Return the rows of a question's check; flag functions that ended the process, or gave now this, now that.

        Its calls together may take half of the time that is left, so that others get theirs.
        """
        self.over, self.first = {}, {}
        self.share = (self.ends - self._now()) / 2
        self.until = self._now() + self.share
        rows = judge.decide(master, question, self.call)
        for request, answer in self.first.values():
            with contextlib.suppress(Ended):
                again = {**self.call(request), "number": answer["number"]}
                if json.dumps(again) != json.dumps(answer):
                    self._flag(f"{question.id}: {request['call']} gave something else when it was asked the same again")
        for name, why in self.over.items():
            self._flag(f"{question.id}: {name}: {why}")
        return rows

    def call(self, request):
        """Have a function called and return the answer; one that ended the process is not called again.

        `over` keeps how it ended it, `first` the first request and its answer.
        """
        name = request["call"]
        if name in self.over:
            raise Ended(self.over[name])
        try:
            if self._now() > self.until:
                self.late = True
                raise Ended(f"its calls took longer than {self.share:.0f} s together")
            answer = self._ask(request)
        except Ended as ended:
            self.over[name] = str(ended)
            raise
        if answer.get("error"):
            answer["error"] = self._explained(answer["error"])
        self.first.setdefault(name, (request, answer))
        return answer

    def _explained(self, error):
        """Return the text of an error, with its cause where it names what another cell should have made."""
        line = one_line(error)
        missing = line.split("'")[1] if line.startswith("NameError: name '") else None
        return f"{line} ({self.spoilt[missing]})" if missing in self.spoilt else line

    def forget(self):
        """End the process, so that the next one knows nothing of what ran in it."""
        self.close()
        self.ran = {}

    def close(self):
        """End the process, and leave nothing of it."""
        if self.sandbox is not None:
            if self.sandbox.output_is_full():
                self._flag(f"its output was cut at {self.limits.file_size / 1e6:g} MB")
            self.waited += self.sandbox.waited
            self.sandbox.__exit__()
            self.place.cleanup()
            self.sandbox = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
