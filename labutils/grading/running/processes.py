"""Looks at the processes that descend from one, and ends them; keeps others from looking into this one."""

import contextlib
import ctypes
import sys
import time

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _SIGKILL = 1, 4, 9


def family(pid):
    """Return all processes that descend from one, as psutil sees them; those that left its session too."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def memory(found, exact):
    """Return the bytes that processes use together; `exact` counts what they share once, and takes longer."""
    used = 0
    for process in found:
        with contextlib.suppress(Exception):  # it may have ended since
            info = process.memory_full_info() if exact else process.memory_info()
            used += getattr(info, "pss", info.rss)
    return used


def waited(pids):
    """Return the seconds for which processes stood ready and no processor was free, where Linux counts them."""
    nanoseconds = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/schedstat") as counts:
            nanoseconds += int(counts.read().split()[1])
    return nanoseconds / 1e9


def end_family(process):
    """Kill a supervisor's descendants, first to last, until there are none, and then itself."""
    for _ in range(100):
        found = family(process.pid)
        for descendant in found:
            with contextlib.suppress(Exception):
                descendant.kill()
        if not found:
            break
        time.sleep(0.01)
    process.kill()
    process.wait()


def is_a_user(number):
    """Return whether a user of this number can be there: in a container without root's rights most cannot."""
    with contextlib.suppress(OSError), open("/proc/self/uid_map") as mapped:
        return any(int(first) <= number < int(first) + int(count) for first, _, count in map(str.split, mapped))
    return True


def shut():
    """Keep other processes of this user from reading this one's memory and environment, where Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_parent():
    """Have this process killed when the thread that started it ends, where Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
