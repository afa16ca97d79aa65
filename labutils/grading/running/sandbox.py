"""Runs one command apart: limited, and on Linux with namespaces without network and without sight of other files.

The command is started by `supervisor`, a program of its own; here is who talks to it, watches it and ends it.
"""

import contextlib
import functools
import itertools
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

from ... import files
from . import cgroup, processes, scratch, supervisor, system_calls
from .limits import Limits
from .visible_files import PYTHON, SYSTEM

NAMESPACES = "namespaces: no network, no files but the labs' and Python's, no processes but its own; limits"
LIMITS_ONLY = f"limits only: nobody can make namespaces here, so the code saw your files{system_calls.NETWORK}"
ADVICE = "grade on Linux or in WSL, use --stored, or take the risk of --no-isolation: see labutils/grading/README.md"
POSIX = os.name == "posix"
APART = ("--mount", "--pid", "--net", "--ipc", "--uts")
LARGEST_REPLY = 16_000_000  # bytes
_numbers = itertools.count()


class CannotGrade(ValueError):
    """Grading cannot go on here, whatever was handed in; the message says what is missing."""


class Ended(Exception):
    """The command is no longer there; the message says why."""


def one_line(text, most=300):
    """Return what somebody else wrote as one line, without signs that a terminal or a page would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)[: 4 * most]).split())[:most]


@functools.cache
def in_force():
    """Return which isolation this computer gives, `NAMESPACES` or `LIMITS_ONLY`, found by trying it.

    Raises: ValueError where there are no POSIX processes at all.
    """
    if not POSIX:
        raise ValueError(f"expected Linux or macOS, to run what others wrote, found {sys.platform}; use grade --stored")
    if not shutil.which("unshare"):
        return LIMITS_ONLY
    with scratch.folder() as room:
        hidden = [str(files.NOTEBOOKS), os.path.join(room, "output")]
        look = f"""import os, socket
try: alone = len(socket.if_nameindex()) < 2
except OSError: alone = True
print(alone and not any(map(os.path.exists, {hidden})))"""
        try:
            with Sandbox([sys.executable, "-I", "-c", look], room, isolation=NAMESPACES) as sandbox:
                return NAMESPACES if sandbox.read(5) == b"True\n" else LIMITS_ONLY
        except Ended:
            return LIMITS_ONLY


def demand(isolated=True):
    """Raise CannotGrade, in one line, where there should be isolation and this computer gives none."""
    if in_force() != NAMESPACES:
        if isolated:
            raise CannotGrade(f"expected a computer that lets this user make namespaces, found none; {ADVICE}")
        processes.shut()


class Sandbox:
    """A command that runs apart and is asked by messages; a context manager, which leaves nothing running.

    Parameters: command, its words; room, an empty folder of ours, in which the command's own folder is made;
        readable, files and folders that it may read; environment, all variables that it gets beside those for its own
        folder; limits; isolation, one of the two above (default: the one in force).
    The command's standard input and output carry the messages (8 bytes of length, then the message); its standard
    error is its output, which is kept in `room` up to limits.file_size bytes.
    """

    def __init__(self, command, room, readable=(), environment=None, limits=Limits(), isolation=None):
        self.limits, self.isolation = limits, isolation or in_force()
        self.too_much = f"it used more than {limits.memory / 1e9:g} GB of memory"
        self.folder, root = (os.path.join(os.path.realpath(room), name) for name in ("own", "root"))
        for folder in (self.folder, root):
            os.mkdir(folder)
        self.cgroup = cgroup.make(f"labutils-{os.getpid()}-{next(_numbers)}", limits.memory + limits.disk)
        self.output = open(os.path.join(room, "output"), "w+b")  # noqa: SIM115, closed by __exit__
        plan = {
            "command": list(map(str, command)),
            "root": root if self.isolation == NAMESPACES else None,
            # Links, and where they lead.
            "readable": [*SYSTEM, *PYTHON, *map(str, readable), *map(os.path.realpath, readable)],
            "folder": self.folder,
            "user": self._another_user(),
            "cgroup": str(self.cgroup / "cgroup.procs") if self.cgroup else None,
            "limits": limits._asdict(),
            "refused": system_calls.REFUSED,
        }
        words = [sys.executable, "-I", "-S", supervisor.__file__, json.dumps(plan)]
        if self.isolation == NAMESPACES:
            user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            words = ["unshare", *user, *APART, "--fork", "--kill-child", "--", *words]
        own = {name: self.folder for name in ("HOME", "TMPDIR", "PWD")}
        fixed = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "student"}
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.output,
            bufsize=0,
            env=fixed | own | (environment or {}),
            start_new_session=True,
        )
        os.set_blocking(self.process.stdin.fileno(), False)
        self.seconds, self.ends = limits.seconds, time.monotonic() + limits.seconds
        self.looked, self.reason, self.ran_out = time.monotonic(), "", False
        self.patience, self.waited, self.counted = limits.patience, 0.0, 0.0  # counted: see `_wait_longer`

    def _another_user(self):
        """Return nobody's number for the command to run as, so that its processes are counted, or None where it cannot.

        It can where we are root, such users are there, which a container may lack, and others may read Python.
        """
        paths, user = [parent for path in map(Path, PYTHON) for parent in (path, *path.parents)], 100_000 + os.getpid()
        readable = self.isolation == NAMESPACES or all(path.stat().st_mode & 1 for path in paths)
        return user if os.geteuid() == 0 and readable and processes.is_a_user(user) else None

    def ask(self, message, seconds=None):
        """Send bytes and return the bytes of the answer; raise `Ended` where there will be none in these seconds."""
        if seconds is not None:
            self.seconds, self.ends = seconds, time.monotonic() + seconds
        self._write(struct.pack(">Q", len(message)) + message)
        (size,) = struct.unpack(">Q", self.read(8))
        if size > LARGEST_REPLY:
            self.end(f"it answered with more than {LARGEST_REPLY / 1e6:g} MB")
        return self.read(size)

    def has_answered(self):
        """Return whether there is anything to read, asked or not."""
        import fcntl  # here, for Windows has none
        import termios

        waiting = fcntl.ioctl(self.process.stdout, termios.FIONREAD, bytes(4))
        return bool(struct.unpack("i", waiting)[0])

    def read(self, size):
        """Return the next `size` bytes that the command wrote; raise `Ended` where it did not."""
        found = bytearray()
        while len(found) < size:
            if self._ready([self.process.stdout], []):
                part = os.read(self.process.stdout.fileno(), min(size - len(found), 1 << 20))
                if not part:
                    self._gone()
                found += part
        return bytes(found)

    def _write(self, message):
        left = memoryview(message)
        while left:
            if self._ready([], [self.process.stdin]):
                try:
                    left = left[os.write(self.process.stdin.fileno(), left) :]
                except BrokenPipeError:
                    self._gone()

    def _ready(self, reads, writes):
        """Wait for a moment for one of these; raise `Ended` where the command is gone or over a limit."""
        if self.reason:
            raise Ended(self.reason)
        ready = any(select.select(reads, writes, [], 0.25))
        now = time.monotonic()
        looks = now > self.looked + 0.5
        if looks:
            self._look(now)
        if now > self.ends:
            self.ran_out = True
            self.end(f"it ran longer than {self.seconds:.3g} s")
        if looks and not ready and self.process.poll() is not None and not any(select.select(reads, [], [], 0)):
            self._gone()  # and it has not written its last since
        return ready

    def _look(self, now):
        """End the command where it has too many processes, or they too much memory: no limit of one process does."""
        family = processes.family(self.process.pid)
        self._wait_longer(processes.waited(one.pid for one in family), now)
        if len(family) > self.limits.processes:
            self.end(f"it started more than {self.limits.processes} processes")
        if all(processes.memory(family, exact) > self.limits.memory for exact in (False, True)):
            self.end(self.too_much)

    def _wait_longer(self, counted, now):
        """Give the command the time back for which there was no processor for it; `counted` are the seconds so far."""
        more = max(0, min(counted - self.counted, now - self.looked, self.patience - self.waited))
        self.looked, self.counted = now, counted
        self.waited, self.ends = self.waited + more, self.ends + more

    def _gone(self):
        """Raise `Ended` for a command that ended by itself, with its exit code and the end of its output."""
        try:
            code = self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.end("it closed its channel")
        if cgroup.was_full(self.cgroup):
            self.end(self.too_much)
        name, by = f"with exit code {code}", code - 128 if code > 128 else -code
        with contextlib.suppress(ValueError):
            name = f"by {signal.Signals(by).name}"
        last = [line for line in self.output_end().splitlines() if not line.startswith("unshare: ")][-1:]
        self.end(f"its process was ended {name}" + "".join(f": {one_line(line, 200)}" for line in last))

    def end(self, reason):
        """End the command, for a reason that is kept; raise `Ended` with it."""
        self.reason = reason
        self.close()
        raise Ended(reason)

    def output_end(self):
        """Return the last lines of what the command wrote to its standard error."""
        size = os.fstat(self.output.fileno()).st_size
        return os.pread(self.output.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").strip()

    def output_is_full(self):
        """Return whether the command has written all output that it may."""
        return os.fstat(self.output.fileno()).st_size >= self.limits.file_size

    def close(self):
        """End the command and all that it started; no matter whether some of it has ended before."""
        if self.process.poll() is None:
            processes.end_family(self.process)
        cgroup.remove(self.cgroup)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self.output.close()
