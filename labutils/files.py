"""Writes files whole or not at all, and keeps two processes from writing the same one. Used where networks are kept."""

import contextlib
import glob
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: files are written whole there too, but a second run is not noticed
    fcntl = None


def _refusal(path, error):
    """Return the one-line OSError for a file that could not be written."""
    reason = error.strerror or error
    return OSError(f"{path}: expected to write there, found {reason}; free space or choose another folder")


def write_whole(path, content):
    """Write bytes to a temporary file beside `path`, then rename it into place.

    Whoever reads, also after a crash or a power cut, finds the old file or the whole new one.
    Parameters: path, whose folder is made if need be; content, bytes.
    Raises: OSError, in one line, where the folder is not writable or the disk is full; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _refusal(path, error) from None
    finally:
        with contextlib.suppress(OSError):  # renamed, or never made
            temporary.unlink()


@contextlib.contextmanager
def held(path, wait=False):
    """Keep every other process that asks for `path` out while the block runs.

    The lock is on a small file beside `path`, which is removed at the end. The system frees it however the process
    ends, and what a killed one left half-written is removed here. On Windows nobody is kept out.
    Parameters: path, a file that need not exist; wait, whether to wait for the other process.
    Raises: OSError, in one line, where another process holds `path`, unless `wait`, or the folder is not writable.
    """
    if fcntl is None:
        yield
        return
    path = Path(path)
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _locked(lock, wait)
    except BlockingIOError:
        raise OSError(f"{path}: expected to be alone with it, found another run at work; wait until it ends") from None
    except OSError as error:
        raise _refusal(path, error) from None
    try:
        for leftover in path.parent.glob(f"{glob.escape(path.name)}.*.tmp"):
            leftover.unlink()
        yield
    finally:
        lock.unlink(missing_ok=True)  # first: whoever locks the removed file sees that and takes a new one
        file.close()


def _locked(lock, wait):
    """Return the file `lock`, open and locked; raise BlockingIOError where another process has it."""
    while True:
        file = open(lock, "ab")  # noqa: SIM115 - `held` closes it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            with contextlib.suppress(FileNotFoundError):  # whoever had it has removed it: take the new one
                if os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()
