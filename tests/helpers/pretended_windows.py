"""As much of Windows as can be pretended on another system: what it lacks, refuses and reads in another way.

`begin()` changes this process for good, so it runs in one of its own: see `run`. Paths keep their slashes.
"""

import builtins
import importlib
import io
import multiprocessing
import os
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "pty")
NAMES = ("fork", "setsid", "killpg", "getuid", "geteuid", "getpgid", "sched_getaffinity", "getloadavg", "chown")
# Others' modules that have a part of their own for Windows: imported before, they keep the part for this system.
OTHERS = ("IPython.utils.process", "filelock", "jupyter_core.paths", "psutil", "tempfile")
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[<>:\"|?*].*|.*[. ]")
LONGEST = 259
PRELUDE = "from helpers import pretended_windows\npretended_windows.begin()\n"


def refuse(path):
    """Raise what Windows raises for a path that it cannot have."""
    text = os.fspath(path)
    if isinstance(text, str) and os.path.abspath(text).startswith(os.environ["PRETENDED"]):
        if len(os.path.abspath(text)) > LONGEST:
            raise FileNotFoundError(2, "The system cannot find the path specified", text)
        if RESERVED.fullmatch(os.path.basename(text.rstrip("/"))):
            raise OSError(22, "Invalid argument", text)


def in_use(path):
    """Raise what Windows raises where some file object still has the path open."""
    there = os.path.realpath(path)
    for number in os.listdir("/proc/self/fd"):
        try:
            open_one = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if open_one == there:
            raise PermissionError(13, "The process cannot access the file because it is being used", str(path))


def begin():
    """Pretend from here on."""
    for name in OTHERS:
        importlib.import_module(name)
    for name in MODULES:
        sys.modules[name] = None
    for name in NAMES:
        if hasattr(os, name):
            delattr(os, name)
    for name in ("SIGKILL", "SIGHUP", "SIGALRM"):
        delattr(signal, name)
    platform.system = lambda: "Windows"
    multiprocessing.set_start_method("spawn", force=True)
    opened, replace, rename, unlink, makedirs = io.open, os.replace, os.rename, os.unlink, os.mkdir

    def open_(file, mode="r", buffering=-1, encoding=None, *rest, **options):
        if not isinstance(file, int) and set(mode) & set("wxa+"):
            refuse(file)
        if "b" not in mode and encoding in (None, "locale"):
            encoding = "cp1252"
        return opened(file, mode, buffering, encoding, *rest, **options)

    def replace_(source, target, **options):
        in_use(source)
        in_use(target)
        refuse(target)
        replace(source, target, **options)

    def rename_(source, target, **options):
        in_use(source)
        refuse(target)
        if os.path.exists(target):
            raise FileExistsError(17, "Cannot create a file when that file already exists", str(target))
        rename(source, target, **options)

    def unlink_(path, **options):
        in_use(path)
        unlink(path, **options)

    def mkdir_(path, *rest, **options):
        refuse(path)
        makedirs(path, *rest, **options)

    builtins.open = io.open = open_
    os.replace, os.rename, os.unlink, os.remove, os.mkdir = replace_, rename_, unlink_, unlink_, mkdir_


def run(code, folder, *words):
    """Run Python code in a folder under the pretended Windows; return the finished process, its output as cp1252."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONIOENCODING": "cp1252"}
    environment |= {"PRETENDED": str(folder), "PYTHONUTF8": "0", "MPLBACKEND": "agg"}
    command = [sys.executable, "-c", PRELUDE + code, *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="cp1252")
