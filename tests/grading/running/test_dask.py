"""Grading on a cluster: a real scheduler and two workers on the loopback address, one of which is killed."""

import contextlib
import json
import subprocess
import sys
import time

import distributed
import nbformat
import pytest

from labutils.grading.intake.submissions import Submission
from labutils.grading.running import class_run, sandbox

pytestmark = pytest.mark.skipif(not sandbox.POSIX, reason="grading by running needs Linux or macOS")
STUDENTS = [f"student {number}" for number in range(6)]
ANSWER = "def double(w):\n    return 2 * w"
CHECK = 'Report("q1", "Twice").close("of three", lambda: double(3), 6, 2)'


@pytest.fixture
def cluster(tmp_path):
    """(the scheduler's address, [the two workers' processes]); a worker does one thing at a time."""
    file, processes = tmp_path / "scheduler.json", []
    log = open(tmp_path / "log", "w")  # noqa: SIM115, closed below

    def begin(name, *words):
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{name}",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
            *words,
        ]
        processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))

    try:
        begin("scheduler", "--scheduler-file", str(file), "--port", "0")
        for _ in range(600):
            with contextlib.suppress(OSError, ValueError):  # not there yet, or not whole
                address = json.loads(file.read_text())["address"]
                break
            time.sleep(0.1)
        for _ in range(2):
            begin("worker", address, "--nthreads", "1", "--no-nanny")
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        log.close()


@pytest.fixture
def class_(tmp_path):
    """Submissions that take a second each."""
    kinds = {"q1_answer": {"grade": False, "solution": True}, "q1": {"grade": True, "solution": False, "points": 2}}

    def cell(source, name=None):
        return nbformat.v4.new_code_cell(
            source, metadata={"nbgrader": {"grade_id": name} | kinds[name]} if name else {}
        )

    cells = [cell("from labutils.checks import Report"), cell(ANSWER, "q1_answer"), cell(CHECK, "q1")]
    (tmp_path / "masters").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "masters" / "01.ipynb")
    slow = nbformat.v4.new_notebook(
        cells=[cells[0], cell(f"import time; time.sleep(1)\n{ANSWER}", "q1_answer"), cells[2]]
    )
    nbformat.write(slow, tmp_path / "01.ipynb")
    return [Submission(name, {"01": tmp_path / "01.ipynb"}, [], "") for name in STUDENTS]


def finished(address):
    """Return (how often each task of grading was finished, those that were broken off), as the scheduler logged it."""

    def count(dask_scheduler):  # it is sent there whole, being a function's own
        counts, broken_off = {}, []
        for key, before, after, *_ in dask_scheduler.transition_log:
            if "apart" in str(key) and before == "processing":
                if after == "memory":
                    counts[str(key)] = counts.get(str(key), 0) + 1
                else:
                    broken_off.append(str(key))
        return counts, broken_off

    with distributed.Client(address, timeout=60, set_as_default=False) as client:
        return client.run_on_scheduler(count)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_graded_twice(cluster, class_, tmp_path):
    address, workers = cluster
    options = {"folder": tmp_path / "out", "masters": tmp_path / "masters"}
    results = []
    for result in class_run.grade(class_, dask=address, **options):
        results.append(result)
        if len(results) == 2:
            time.sleep(0.5)  # both are in the middle of the next one
            workers[0].kill()
    assert sorted(result["student"] for result in results) == STUDENTS
    for result in results:
        assert (result["status"], result["reason"]) == ("graded", "")
        assert result["questions"]["q1"]["points"] == 2
        assert result["isolation"] == sandbox.in_force()
    assert workers[0].wait() != 0
    assert len(list((tmp_path / "out" / "done").glob("*.json"))) == len(STUDENTS)
    counts, broken_off = finished(address)
    assert broken_off, "the worker was not in the middle of anything"
    assert len(counts) == len(STUDENTS)
    assert set(counts.values()) == {1}


def test_without_a_scheduler_it_says_so(class_, tmp_path, refused, monkeypatch):
    monkeypatch.setattr(class_run, "PATIENCE", 0.5)
    with refused("tcp://127.0.0.1:1", error=OSError):
        list(class_run.grade(class_, tmp_path / "out", dask="tcp://127.0.0.1:1", masters=tmp_path / "masters"))


def test_without_dask_it_says_how_to_get_it(class_, tmp_path, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with refused('pip install -e ".[dask]"'):
        list(class_run.grade(class_, tmp_path / "out", dask="tcp://127.0.0.1:1", masters=tmp_path / "masters"))
