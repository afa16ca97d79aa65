"""A memory cgroup for each command, where this user may make one: it counts what the kernel holds for them as well."""

import contextlib
import os
import re
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def _parent():
    """Return (the folder in which one may be made, the file that limits it), or None."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, own = line.split(":", 2)
            if kinds == "memory":  # version 1
                folder, limit = ROOT / "memory" / own.lstrip("/"), "memory.limit_in_bytes"
            elif not kinds and "memory" in (ROOT / own.lstrip("/") / "cgroup.controllers").read_text():
                # version 2, where a group has either processes or groups: it is made beside one's own
                folder, limit = (ROOT / own.lstrip("/")).parent, "memory.max"
            else:
                continue
            if os.access(folder, os.W_OK) and ROOT in (folder, *folder.parents):
                return folder, limit
    return None


def make(name, most):
    """Return a new cgroup of at most this many bytes, a folder, or None where there are none."""
    found = _parent()
    if found is None:
        return None
    folder, limit = found[0] / name, found[1]
    try:
        folder.mkdir()
        (folder / limit).write_text(str(most))
        with contextlib.suppress(OSError):  # without swap it has none
            (folder / "memory.swap.max").write_text("0")
        return folder
    except OSError:
        remove(folder)
        return None


def was_full(folder):
    """Return whether the kernel has ended a process of a cgroup, None for none, for want of memory there."""
    for name in ("memory.events", "memory.oom_control"):  # of versions 2 and 1
        with contextlib.suppress(OSError, TypeError):
            return any(re.match("oom_kill [1-9]", line) for line in (folder / name).read_text().splitlines())
    return False


def remove(folder):
    """Remove a cgroup, None for none, whose processes have ended."""
    with contextlib.suppress(OSError, TypeError):
        os.rmdir(folder)


def clear(gone):
    """Remove those whose maker is gone: `gone` is a function of its process id, as a text."""
    found = _parent()
    for folder in found[0].glob("labutils-*-*") if found else ():
        if gone(folder.name.split("-")[1]):
            remove(folder)
