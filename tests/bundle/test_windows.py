"""Files, locks, encodings, names and processes as on Windows, as far as another system can pretend it."""

import json
import sys

import numpy as np
import pytest
from helpers import handing_in, pretended_windows

from labutils import files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pretends Windows by what Linux' /proc knows")


@pytest.fixture
def windows(tmp_path):
    """`windows(code, ...)`: run code there, in a folder of its own, without a traceback; return what it printed."""

    def run(code, *words):
        done = pretended_windows.run(code, tmp_path, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_it_is_pretended_at_all(windows):
    code = """
import os
for name in ("fcntl", "resource"):
    try: __import__(name); print("has", name)
    except ImportError: pass
print(hasattr(os, "fork"))
open("a", "w", encoding="utf-8").write("\\u00fc")
print(len(open("a").read()))
held = open("a")
open("b", "w").close()
acts = [lambda: os.replace("b", "a"), lambda: os.unlink("a")]
for act in (*acts, lambda: open("aux.txt", "w"), lambda: os.mkdir("x" * 250)):
    try: act(); print("allowed")
    except OSError as error: print(type(error).__name__)
"""
    assert windows(code).split() == ["False", "2", "PermissionError", "PermissionError", "OSError", "FileNotFoundError"]


def test_a_file_that_somebody_reads_is_waited_for_and_otherwise_refused(windows, tmp_path):
    code = """
import threading
from labutils import files
files.write_whole("state", b"old")
reader = open("state", "rb")
try: files.write_whole("state", b"new")
except OSError as error: print(error)
threading.Timer(0.2, reader.close).start()
files.write_whole("state", b"new")
"""
    (line,) = windows(code).splitlines()
    assert "expected to write there" in line and "being used" in line
    assert (tmp_path / "state").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


SPAWN = """
import multiprocessing, time
from labutils import files

def work(number):
    from helpers import pretended_windows
    pretended_windows.begin()
    with files.held("state", wait=True):
        with open("order", "a") as order: order.write(f"{number} ")
        time.sleep(0.05)
        with open("order", "a") as order: order.write(f"{number} ")
"""


def test_spawned_processes_take_turns(windows, tmp_path):
    (tmp_path / "turns.py").write_text(SPAWN, encoding="utf-8")
    code = """
import multiprocessing, sys
sys.path.insert(0, ".")
import turns
workers = [multiprocessing.Process(target=turns.work, args=[number]) for number in range(3)]
for worker in workers: worker.start()
for worker in workers: worker.join()
print([worker.exitcode for worker in workers])
"""
    assert windows(code).strip() == "[0, 0, 0]"
    order = (tmp_path / "order").read_text().split()
    assert len(order) == 6 and order[::2] == order[1::2]


def test_every_module_is_imported_and_lab_1_and_doctor_run(windows):
    paths = [path.relative_to(files.REPOSITORY) for path in (files.REPOSITORY / "labutils").rglob("*.py")]
    names = sorted(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)
    apart = ("__main__", "student_process", "supervisor")  # programs of their own, the last two Linux' alone
    names = [name for name in names if not name.endswith(apart) and ".bench" not in name]
    cells = json.loads((files.NOTEBOOKS / "05_trimmed_l1.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    code = f"import importlib\nfor name in {names!r}: importlib.import_module(name)\n"
    code += f"names = {{}}\nfor source in {sources!r}: exec(source, names)\n"
    code += "from labutils import __main__\nfrom labutils.networks import checkpoints\n"
    code += "from labutils.results import grid\nassert checkpoints.load('shapes10').bits and grid.load('shapes10')\n"
    code += "print(__main__.main(['doctor']))"
    assert "doctor: all labs would run" in windows(code)


def test_data_are_packed_replaced_and_taken(windows, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (20, 32, 32, 3), np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "own.npz", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    code = """
from pathlib import Path
from labutils.datasets import download, find
find.FINGERPRINTS = {"train": None, "test": None}
find.SIZES = {"train": 20, "test": 20}
find.fingerprint = lambda images, labels: None
for number in range(2):
    download.take(Path("own.npz"), Path("data"))
    find.load("cifar10", "data")
    download.pack(Path(f"packed{number}.npz"), "data")
"""
    windows(code)
    assert (tmp_path / "packed1.npz").exists() and not list(tmp_path.rglob("*.tmp"))


NAMES = ("Zoë Åström", "Łukasz Żak", "王小明", "con", "aux.b", "nul", "x" * 80, "ends with dot.", "a<b>c:d|e?f*")


def test_a_class_is_previewed_whatever_its_names(windows, tmp_path):
    handing_in.write_course(tmp_path / "notebooks")
    for name in NAMES:
        handing_in.hand_in(tmp_path / "in" / name)
    code = """
from pathlib import Path
from labutils import __main__
from labutils.grading import course
course.NOTEBOOKS = Path("notebooks").absolute()
for _ in range(2):
    assert __main__.main(["grade", "--stored", "in", "--out", "out"]) == 0
"""
    windows(code)
    rows = (tmp_path / "out/grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 1 + len(NAMES)
    assert len(list((tmp_path / "out/students").iterdir())) == len(NAMES)


def test_the_bundle_is_made(windows, tmp_path):
    code = f"""
from pathlib import Path
from labutils.grading.release import bundle
for _ in range(2):
    bundle.release(Path("out"), Path({str(files.REPOSITORY)!r}))
"""
    windows(code)
    assert (tmp_path / "out/compression-labs.zip").exists()


def test_running_students_code_is_refused_in_one_line(windows, tmp_path):
    handing_in.write_course(tmp_path / "notebooks")
    handing_in.hand_in(tmp_path / "in" / "anna")
    code = """
import sys
from pathlib import Path
from labutils import __main__
from labutils.grading import course
sys.stderr = sys.stdout
course.NOTEBOOKS = Path("notebooks").absolute()
print(__main__.main(["grade", "in", "--out", "out"]))
"""
    lines = windows(code).splitlines()
    assert lines[-1] == "1" and len(lines) == 2 and "Windows" in lines[0] and "--stored" in lines[0]
