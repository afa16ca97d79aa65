"""Marks for a class by running: results that are kept, graders that die, and what is graded anew."""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from helpers.small_course import COUNT, MASTER, SETUP, answering, code, points

from labutils.grading import course
from labutils.grading.intake.submissions import Submission
from labutils.grading.running import class_run, finished, sandbox, scratch, submission_run

pytestmark = pytest.mark.skipif(not sandbox.POSIX, reason="grading by running needs Linux or macOS")


@pytest.fixture
def classroom(tmp_path):
    """A folder with the instructor's small notebook in masters/, and `hand_in(name, cells)`, for submissions."""

    def plain(cell):
        marks = {"grade_id": cell.id, "grade": cell.grade, "solution": cell.solution, "points": cell.points}
        make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        return make(cell.source, metadata={"nbgrader": marks} if cell.id else {})

    def write(path, cells):
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[plain(cell) for cell in cells]), path)
        return path

    def hand_in(name, cells, flags=(), reason=""):
        path = write(tmp_path / "in" / f"{len(list(tmp_path.rglob('01_small*')))}" / "01_small.ipynb", cells)
        return Submission(name, {"01_small": path}, list(flags), reason)

    write(tmp_path / "masters" / "01_small.ipynb", MASTER)
    write(tmp_path / "masters" / "02_unmarked.ipynb", [SETUP])
    return tmp_path, hand_in


@pytest.fixture
def here(monkeypatch):
    """Grading happens in this process, in namespaces as it says, and runs nothing; a list of the students graded.

    `here.die` are students whose grader dies, as often as they stand in it; `here.rows` the rows of all checks;
    `here.late` whether all run out of time.
    """

    class Here(list):
        die, rows, late, labs = (), {}, False, []

    names = Here()

    class Executor:
        def submit(self, function, work, isolated):
            future = concurrent.futures.Future()
            names.append(work["name"])
            try:
                future.set_result(function(work, isolated))
            except Exception as error:
                future.set_exception(error)
            return future

    def apart(work, isolated):
        if work["name"] in names.die:
            names.die = list(names.die)
            names.die.remove(work["name"])
            raise submission_run.Died("its grader was ended by SIGKILL")
        return submission_run.grade_one(**work)

    @contextlib.contextmanager
    def executor(jobs, dask):
        yield Executor(), jobs

    def run(cells, master, lab, limits, only=None):
        return {"status": "ok", "reason": "", "flags": []}, dict(names.rows), names.late

    monkeypatch.setattr(class_run, "_executor", executor)
    monkeypatch.setattr(submission_run, "apart", apart)
    monkeypatch.setattr(submission_run, "run", run)
    monkeypatch.setattr(submission_run, "furnish", lambda room: room)
    monkeypatch.setattr(class_run, "furnish", lambda room: names.labs.append(room) or room)
    monkeypatch.setattr(sandbox, "in_force", lambda: sandbox.NAMESPACES)
    return names


def test_a_class_is_graded_whatever_some_hand_in(classroom):
    folder, hand_in = classroom
    names = ["ann", "bob", "Zoë / ../.. Ångström " + "x" * 300, "=cmd()", ""]
    class_ = [hand_in(name, MASTER) for name in names[:3]]
    dies = COUNT._replace(source="import os\ndef count(problem): os._exit(1)")
    class_ += [hand_in(names[3], [*MASTER[:-2], dies, MASTER[-1]]), hand_in(names[4], [])]
    class_.append(Submission("carl", {}, ["odd"], "no notebook in it"))
    class_.append(Submission("dora", {"01_small": Path(__file__)}, [], ""))
    options = {"jobs": 2, "masters": folder / "masters", "isolated": False}
    results = {r["student"]: r for r in class_run.grade(class_, folder / "out", **options)}
    assert set(results) == {*names, "carl", "dora"}
    totals = {name: sum(v or 0 for v in points(result).values()) for name, result in results.items()}
    assert [totals[name] for name in names] == [5, 5, 5, 2, 0]
    assert all(list(result["questions"]) == ["q1", "q1_text", "q2"] for result in results.values())
    assert [results[name]["status"] for name in (*names, "carl", "dora")] == ["graded"] * 4 + ["failed"] * 3
    assert results[""]["reason"] == "01_small: expected a notebook as JupyterLab saves it, found no cells"
    assert (results["carl"]["reason"], results["carl"]["flags"][0]) == ("no notebook in it", "odd")
    assert results["dora"]["reason"].startswith(
        "01_small: expected a notebook as JupyterLab saves it, found no sound JSON"
    )
    files = [path.name for path in (folder / "out").rglob("*") if path.is_file()]
    assert len(files) == 1 + (7 if sandbox.in_force() == sandbox.NAMESPACES else 0) and "seed.txt" in files


def test_hidden_tests_draw_from_a_seed_of_the_class_alone_which_is_kept_with_its_results(classroom, here, monkeypatch):
    folder, hand_in = classroom
    drawn, path = [], folder / "masters" / "01_small.ipynb"
    path.write_text(
        path.read_text("utf-8").replace("double(three)", "double(three + 0 * dict(seed=1)['seed'])"), "utf-8"
    )
    run = submission_run.run

    def told(cells, master, *rest):
        drawn.append(next(cell.source for cell in master if cell.id == "q1").split("seed=")[1].split(")")[0])
        return run(cells, master, *rest)

    monkeypatch.setattr(submission_run, "run", told)
    for out, again in (("out", None), ("out", "ann"), ("other", None)):
        [*class_run.grade([hand_in("ann", MASTER)], folder / out, masters=folder / "masters", again=again)]
    kept_seeds = [(folder / out / "done" / "seed.txt").read_text().strip() for out in ("out", "out", "other")]
    assert drawn == kept_seeds and drawn[0] != drawn[2] and "1" not in drawn


def test_what_is_done_is_not_done_again_unless_it_changed(classroom, here, monkeypatch, refused):
    folder, hand_in = classroom
    class_ = [hand_in(name, MASTER) for name in ("ann", "bob")]

    def grade(**options):
        del here[:]
        found = list(class_run.grade(class_, folder / "out", masters=folder / "masters", **options))
        assert sorted(result["student"] for result in found) == ["ann", "bob"]
        return here

    assert grade() == ["ann", "bob"]
    assert len(here.labs) == 1, "what all students read is made once"
    assert grade() == []
    assert grade(again="bob") == ["bob"]
    with refused("a student as in grades.csv", "'carl'"):
        grade(again="carl")
    assert grade(seconds=77) == ["ann", "bob"]
    assert grade(seconds=77) == []
    class_[1] = hand_in("bob", [*MASTER, code("1")])
    assert grade(seconds=77) == ["bob"]
    class_[0] = class_[0]._replace(flags=["late"])
    assert grade(seconds=77) == ["ann"]
    (broken,) = (folder / "out" / "done").glob("ann*")
    for content in ("", "[]", '{"digest": 1}', "{"):
        broken.write_text(content)
        assert grade(seconds=77) == ["ann"]
    class_[0] = class_[0]._replace(notebooks={})
    assert grade() == ["ann", "bob"]
    assert grade() == []
    assert grade(again="failed") == ["ann"]
    monkeypatch.setattr(finished, "LIBRARIES", ("numpy",))
    assert grade() == ["ann", "bob"]


@pytest.mark.parametrize("place", ["labutils/checks/lab1.py", "labutils/show/style.css", "checkpoints/manifest.json"])
def test_what_is_done_is_done_again_where_labutils_or_a_network_changed(tmp_path, monkeypatch, place):
    for name in ("labutils/checks/lab1.py", "labutils/show/style.css", "checkpoints/manifest.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    monkeypatch.setattr(finished.files, "REPOSITORY", tmp_path)
    monkeypatch.setattr(finished.checkpoints, "FOLDER", tmp_path / "checkpoints")
    before = finished.course_digest({}, None)
    assert finished.course_digest({}, None) == before
    (tmp_path / place).write_text("mended")
    assert finished.course_digest({}, None) != before
    assert finished.course_digest({"01": [SETUP]}, None) != finished.course_digest({"01": [MASTER[0]]}, None)


def test_what_ran_out_of_time_is_tried_again(classroom, here):
    folder, hand_in = classroom
    here.late = True
    for _ in range(2):
        (result,) = class_run.grade([hand_in("ann", MASTER)], folder / "out", masters=folder / "masters")
        assert result["timed_out"] == ["01_small"]
    assert here == ["ann", "ann"]


def test_one_question_is_graded_anew_and_the_others_stay_as_they_are_kept(classroom, here, monkeypatch, refused):
    folder, hand_in = classroom
    class_, options = [hand_in("ann", MASTER)], {"folder": folder / "out", "masters": folder / "masters"}

    def grade(points, **more):
        here.rows = {name: [{"label": "x", "points": points, "max": 3, "message": ""}] for name in ("q1", "q2")}
        ((result),) = class_run.grade(class_, **options, **more)
        return [result["questions"][name]["points"] for name in ("q1", "q2")]

    assert grade(1) == [1, 1]
    monkeypatch.setattr(finished, "course_digest", lambda *_: "after a check was mended")
    monkeypatch.setattr(class_run, "course_digest", finished.course_digest)
    assert grade(2, question="q2") == [1, 2]
    assert grade(3) == [1, 2]
    with refused("--question", "q1, q2", "q1_text"):
        grade(1, question="q1_text")
    class_[0] = class_[0]._replace(flags=["another file"])
    assert grade(3, question="q2") == [3, 3], "what is kept is of another submission"


def test_grading_that_was_interrupted_goes_on(classroom, here):
    folder, hand_in = classroom
    class_ = [hand_in(name, MASTER) for name in "abcdef"]
    interrupted = class_run.grade(class_, folder / "out", masters=folder / "masters")
    assert [next(interrupted)["student"], next(interrupted)["student"]] == ["a", "b"]
    interrupted.close()
    del here[:]
    assert len(list(class_run.grade(class_, folder / "out", masters=folder / "masters"))) == 6
    assert "a" not in here and "b" not in here and "f" in here


def test_only_a_few_submissions_are_in_memory_at_a_time(classroom, here):
    folder, hand_in = classroom
    taken = []

    def class_():
        for name in "abcdef":
            taken.append(name)
            yield hand_in(name, MASTER)

    first = class_run.grade(class_(), folder / "out", jobs=1, masters=folder / "masters")
    next(first)
    assert len(taken) <= 3


def test_a_grader_that_dies_costs_its_own_submission_alone(classroom, here):
    folder, hand_in = classroom
    class_ = [hand_in(name, MASTER) for name in ("ann", "bob", "eve")]
    options = {"folder": folder / "out", "masters": folder / "masters"}
    here.die = ["ann", "eve", "eve"]
    results = {result["student"]: result for result in class_run.grade(class_, **options)}
    assert here == ["ann", "bob", "eve", "ann", "eve"]
    assert [results[name]["status"] for name in ("ann", "bob", "eve")] == ["graded", "graded", "failed"]
    eve = results["eve"]
    assert eve["reason"] == "it could not be graded: its grader was ended by SIGKILL"
    assert points(eve) == {"q1": 0, "q1_text": None, "q2": 0}
    assert eve["answers"] == {"q1_text": "Because **it is**."}, "what was written is there to be marked"
    del here[:]
    list(class_run.grade(class_, **options))
    assert here == ["eve"]


def test_a_grader_that_is_killed_is_started_once_more(classroom):
    folder, hand_in = classroom
    sleeps = hand_in("ann", answering("import time", "time.sleep(3)"))
    killed = []

    def kill():
        while len(killed) < 1:
            for process in [*submission_run._running]:
                time.sleep(1)
                process.kill()
                killed.append(process.pid)
            time.sleep(0.05)

    thread = threading.Thread(target=kill)
    thread.start()
    options = {"masters": folder / "masters", "isolated": False}
    (result,) = class_run.grade([sleeps], folder / "out", **options)
    thread.join()
    assert (result["status"], sum(v or 0 for v in points(result).values())) == ("graded", 5)
    assert not psutil.pid_exists(killed[0])


def test_how_a_grader_died_is_told(monkeypatch):
    work = {"name": "ann", "notebooks": {}, "masters": {}, "no": "such argument"}
    with pytest.raises(submission_run.Died, match="with exit code 1: TypeError: .*unexpected keyword argument 'no'"):
        submission_run.apart(work, isolated=False)
    monkeypatch.setattr(submission_run, "SLACK", 0.01)  # before it has imported anything
    with pytest.raises(submission_run.Died, match="it took longer than 0.04 s"):
        submission_run.apart(work, isolated=False)


def test_the_grader_has_a_limit_of_memory(tmp_path):
    code = "from labutils.grading.running import submission_run as s; s._limit(60)\ntry: bytearray(s.MEMORY + 10**8)"
    code += "\nexcept MemoryError: print('refused')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "refused\n", found.stderr


def test_two_graders_in_one_folder_dont_meet(classroom, here, refused):
    folder, hand_in = classroom
    options = {"folder": folder / "out", "masters": folder / "masters"}
    first = class_run.grade([hand_in(name, MASTER) for name in "ab"], **options)
    next(first)
    with refused("another run at work", error=OSError):
        list(class_run.grade([], **options))
    first.close()
    assert list(class_run.grade([], **options)) == []


def test_what_a_killed_run_left_is_cleared(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    names = [f"labutils-{process.pid}-left", f"labutils-{os.getpid()}-now", "labutils-else", "other"]
    for name in names:
        (tmp_path / name / "in it").mkdir(parents=True)
    scratch.clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
    with scratch.folder() as folder:
        assert Path(folder).parent == tmp_path
    assert not Path(folder).exists()


def runs_answers(process):
    with contextlib.suppress(psutil.Error):  # it may have ended since
        return "student_process" in " ".join(process.cmdline()[-1:])
    return False


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_run_that_is_ended_leaves_nothing(classroom, end):
    folder, hand_in = classroom
    hand_in("ann", answering("import time", "time.sleep(25)"))
    (folder / "tmp").mkdir()
    program = f"""
import signal
from pathlib import Path
from labutils.grading.intake.submissions import Submission
from labutils.grading.running import class_run
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ann = Submission("ann", {{"01_small": Path({str(folder)!r}, "in", "1", "01_small.ipynb")}}, [], "")
    list(class_run.grade([ann], {str(folder / "out")!r}, masters={str(folder / "masters")!r}, isolated=False))
"""
    with subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"TMPDIR": str(folder / "tmp")}) as process:
        deadline = time.monotonic() + 60
        family = []
        while not any(map(runs_answers, family)):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.2)
            family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(end)
        assert process.wait(30) != 0
    assert psutil.wait_procs(family, 10)[1] == []
    environment = os.environ | {"TMPDIR": str(folder / "tmp")}
    again = "from labutils.grading.running import scratch; scratch.clear()"
    subprocess.run([sys.executable, "-c", again], env=environment, check=True)
    assert list((folder / "tmp").iterdir()) == []


def test_without_isolation_it_is_refused_unless_asked_for(classroom, here, monkeypatch, refused):
    folder, hand_in = classroom
    monkeypatch.setattr(sandbox, "in_force", lambda: sandbox.LIMITS_ONLY)
    options = {"folder": folder / "out", "masters": folder / "masters"}
    with refused("--no-isolation", "--stored"):
        list(class_run.grade([hand_in("ann", MASTER)], **options))
    for _ in range(2):
        del here[:]
        (weak,) = class_run.grade([hand_in("ann", MASTER)], isolated=False, **options)
        assert (weak["isolation"], here) == (sandbox.LIMITS_ONLY, ["ann"]), "nothing is kept within reach"
        assert weak["flags"] == [submission_run.UNPROTECTED]
    monkeypatch.setattr(sandbox, "in_force", lambda: sandbox.NAMESPACES)
    (strong,) = class_run.grade([hand_in("ann", MASTER)], **options)
    assert (strong["isolation"], strong["flags"]) == (sandbox.NAMESPACES, [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{}",
        b'{"nbformat": 3, "worksheets": []}',
        b'{"nbformat": 4}',
        b'{"nbformat": 4, "cells": [3]}',
        b'{"nbformat": 4, "cells": [' + b"{}," * 10_000 + b"{}]}",
        b"[" + b"[]," * 1_000_000 + b"[]]",
        b" " * 20_000_001,
    ],
)
def test_what_is_no_notebook_is_told_in_one_line(tmp_path, content, refused):
    (tmp_path / "x.ipynb").write_bytes(content)
    with refused():
        course.read(tmp_path / "x.ipynb")
    assert isinstance(class_run.read_all({"x": tmp_path / "x.ipynb", "y": tmp_path})["x"], str)
