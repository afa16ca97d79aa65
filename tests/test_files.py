"""Files are written whole or not at all, on a full disk and after a kill, and by one process at a time."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from labutils import files


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def python(code, *words):
    return subprocess.run([sys.executable, "-c", f"from labutils import files\n{code}", *words], capture_output=True)


def test_a_file_is_written_and_written_over(tmp_path):
    path = tmp_path / "new" / "folder" / "state"
    for content in (b"one", b"another", b""):
        files.write_whole(path, content)
        assert path.read_bytes() == content
        assert names(path.parent) == ["state"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_goes_wrong_leaves_the_old_file_and_nothing_else(moment, problem, tmp_path, monkeypatch, refused):
    path = tmp_path / "state"
    files.write_whole(path, b"old")

    def fails(*arguments):
        raise problem

    with monkeypatch.context() as patch:
        patch.setattr(os, moment, fails)
        if isinstance(problem, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                files.write_whole(path, b"new")
        else:
            with refused(str(path), "No space left on device", error=OSError):
                files.write_whole(path, b"new")
    assert names(tmp_path) == ["state"]
    assert path.read_bytes() == b"old"


def test_the_system_refuses_to_write_more(tmp_path, refused):
    resource = pytest.importorskip("resource", reason="Windows knows no such limit")
    path = tmp_path / "state"
    files.write_whole(path, b"old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # as a quota or a full disk does, in the middle
    try:
        with refused(str(path), "File too large", "free space", error=OSError):
            files.write_whole(path, b"new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert names(tmp_path) == ["state"]
    assert path.read_bytes() == b"old"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, refused):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "state", tmp_path / "file" / "deeper" / "state"):
        with refused(str(path), "to write there", error=OSError):
            files.write_whole(path, b"")
        with refused(str(path), "to write there", error=OSError), files.held(path):
            pass
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "in the way"


def test_one_process_at_a_time(tmp_path, refused):
    path = tmp_path / "new" / "state"
    ask = "import sys\nwith files.held(sys.argv[1]): print('alone')"
    with files.held(path):
        second = python(ask, str(path))
        assert second.returncode == 1 and b"expected to be alone with it, found another run at work" in second.stderr
        with files.held(tmp_path / "new" / "other"):  # another file is another matter
            pass
    assert python(ask, str(path)).stdout == b"alone\n"
    assert names(path.parent) == []


def test_an_error_in_the_block_frees_the_file(tmp_path):
    path = tmp_path / "state"
    with pytest.raises(ZeroDivisionError), files.held(path):
        1 / 0  # noqa: B018
    with files.held(path):
        pass
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_a_killed_process_leaves_is_cleared_away(tmp_path):
    path = tmp_path / "state"
    files.write_whole(path, b"old")
    kill = "import os, sys\nos.fsync = lambda file: os.kill(os.getpid(), 9)\n"
    result = python(f"{kill}with files.held(sys.argv[1]): files.write_whole(sys.argv[1], b'new')", str(path))
    assert result.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 3 and path.read_bytes() == b"old"
    with files.held(path):
        pass
    assert names(tmp_path) == ["state"]


def test_waiting_for_the_other_and_for_one_that_came_between(tmp_path):
    path, order = tmp_path / "state", []

    def work(name):
        with files.held(path, wait=True):
            order.append((name, "begins"))
            time.sleep(0.02)
            order.append((name, "ends"))

    workers = [threading.Thread(target=work, args=[name]) for name in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(order) == 10
    assert all(first[0] == second[0] for first, second in zip(order[::2], order[1::2]))
    assert names(tmp_path) == []
