"""Writes files whole or not at all, keeps two processes from writing the same one, and knows where the bundle lies."""

import contextlib
import glob
import json
import os
import sys
import time
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent  # every other path in the bundle is made from this one
NOTEBOOKS = REPOSITORY / "notebooks"


def in_terminal(command):
    """Return a command that begins with "python" as one types it in the bundle's folder: ".venv/bin/python -m ..."."""
    own = Path(sys.executable)
    return f"{own.relative_to(REPOSITORY)}{command.removeprefix('python')}" if REPOSITORY in own.parents else command


def _refusal(path, error):
    """Return the one-line OSError for a file that could not be written."""
    reason = error.strerror or error
    return OSError(f"{path}: expected to write there, found {reason}; free space or choose another folder")


def _replace(temporary, path):
    """Rename a file into the place of another; on Windows a reader bars the way, mostly for a moment."""
    for seconds in (0.05, 0.1, 0.2, 0.4):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(seconds)
    return os.replace(temporary, path)


@contextlib.contextmanager
def writing(path, mode="wb", **options):
    """Give a temporary file beside `path` to write to, as `open` does; it is renamed into place when all is written.

    Whoever reads, also after a crash or a power cut, finds the old file or the whole new one.
    Parameters: path, whose folder is made if need be; mode and options, as of `open`.
    Raises: OSError, in one line, where the folder is not writable or the disk is full; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except OSError as error:
        raise _refusal(path, error) from None
    finally:
        with contextlib.suppress(OSError):  # renamed, or never made
            temporary.unlink()


def write_whole(path, content):
    """Write bytes to `path`, whole or not at all: see `writing`."""
    with writing(path) as file:
        file.write(content)


def write_json(path, content):
    """Write `content` as JSON to `path`, whole or not at all: see `writing`."""
    write_whole(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


@contextlib.contextmanager
def held(path, wait=False):
    """Keep every other process that asks for `path` out while the block runs.

    The lock is on a small file beside `path`, which is removed at the end. The system frees it however the process
    ends, and what a killed one left half-written is removed here.
    Parameters: path, a file that need not exist; wait, whether to wait for the other process.
    Raises: OSError, in one line, where another process holds `path`, unless `wait`, or the folder is not writable.
    """
    import filelock  # here, for Lab 1 writes nothing

    path = Path(path)
    lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=-1 if wait else 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(poll_interval=0.01)
    except filelock.Timeout:
        raise OSError(f"{path}: expected to be alone with it, found another run at work; wait until it ends") from None
    except OSError as error:
        raise _refusal(path, error) from None
    try:
        for leftover in path.parent.glob(f"{glob.escape(path.name)}.*.tmp"):
            leftover.unlink()
        yield
    finally:
        with contextlib.suppress(OSError):  # on Windows an open file stays: it does no harm
            os.unlink(lock.lock_file)  # first: whoever locks the removed file sees that and takes a new one
        lock.release()
