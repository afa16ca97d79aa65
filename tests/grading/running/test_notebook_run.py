"""One submission run: honest, broken and hostile, small notebooks for most of them, and Lab 1's own."""

import json
import time

import numpy as np
import pytest
from helpers.small_course import (
    CHECK_1,
    CHECK_2,
    COUNT,
    DOUBLE,
    MASTER,
    SETUP,
    SETUP_2,
    answering,
    between,
    code,
    entry,
    graded,
    points,
)

from labutils import files
from labutils.grading import course
from labutils.grading.running import notebook_run, sandbox, statements_to_run, submission_run

NOTEBOOKS = files.NOTEBOOKS
pytestmark = pytest.mark.skipif(not sandbox.POSIX, reason="grading by running needs Linux or macOS")
namespaces = pytest.mark.skipif(
    not sandbox.POSIX or sandbox.in_force() != sandbox.NAMESPACES,
    reason="this computer lets nobody make namespaces",
)
ALL = {"q1": 2, "q1_text": None, "q2": 3}


def run(cells, tmp_path, limits):
    """Return (entry, rows, late) of a notebook that is run with these limits."""
    return notebook_run.run(cells, MASTER, notebook_run.furnish(tmp_path), limits)


def test_right_answers_earn_all_points_and_everything_has_its_place():
    result = graded(MASTER, flags=["handed in late"])
    assert json.loads(json.dumps(result)) == result
    assert points(result) == {"q1": 2, "q1_text": None, "q2": 3}
    assert (result["student"], result["status"], result["reason"]) == ("ann", "graded", "")
    assert (result["flags"][0], result["isolation"]) == ("handed in late", sandbox.in_force())
    found = entry(result)
    assert found.pop("seconds") > 0
    assert found == {"status": "ok", "reason": "", "flags": []}
    assert result["answers"] == {"q1_text": "Because **it is**."}
    assert result["questions"]["q1_text"] == {"points": None, "max": 4, "manual": True, "rows": []}
    assert result["questions"]["q1"]["rows"] == [
        {"label": "of ones", "points": 1, "max": 1, "message": "", "hidden": False},
        {"label": "of three", "points": 1, "max": 1, "message": "", "hidden": True},
    ]


def test_wrong_and_missing_answers_lose_what_they_should_and_say_why():
    wrong = [SETUP, code("def double(w):\n    return w + 1"), code("1 / 0\ndef count(problem):\n    pass")]
    result = graded(wrong)
    assert points(result) == {"q1": 1, "q1_text": None, "q2": 0}
    assert result["questions"]["q1"]["rows"][1]["message"] == "expected 6, found 4"
    assert "returns nothing" in result["questions"]["q2"]["rows"][0]["message"]
    assert entry(result)["flags"] == [
        "cell 3 stopped with ZeroDivisionError: division by zero",
        "q1_text: its cell is missing",
    ]
    stub = DOUBLE._replace(source="def double(w):\n    raise NotImplementedError('exercise (a)')")
    result = graded([SETUP, stub, code("def count(problem) return 5")])
    assert "not written yet" in result["questions"]["q1"]["rows"][0]["message"]
    assert "NameError: name 'count' is not defined" in result["questions"]["q2"]["rows"][0]["message"]
    result = graded([SETUP, COUNT._replace(source="def count(problem) return 5")])
    assert "SyntaxError" in entry(result)["flags"][0]
    assert result["answers"] == {"q1_text": ""}


def test_a_notebook_that_was_not_handed_in_is_no_failure_of_the_others():
    masters = {"01_small": MASTER, "02_other": [SETUP_2, CHECK_2._replace(id="q3")]}
    result = submission_run.grade_one("ann", {"01_small": MASTER}, masters)
    assert (result["status"], result["reason"], result["notebooks"]["02_other"]["status"]) == ("graded", "", "missing")
    nothing = submission_run.grade_one("ann", {}, masters)
    assert (nothing["status"], nothing["reason"]) == ("failed", "expected notebooks of the course, found none")
    late = submission_run.grade_one("ann", {}, masters, reason="a broken zip")
    assert (late["status"], late["reason"]) == ("failed", "a broken zip")


def test_check_cells_that_were_changed_doubled_moved_or_lost_dont_matter():
    forged = CHECK_1._replace(source="def double(w): return 0\nraise SystemExit")
    assert points(graded([forged, SETUP, DOUBLE, forged, forged, COUNT])) == {"q1": 2, "q1_text": None, "q2": 3}


def test_magics_and_displayed_figures_work_as_in_a_notebook():
    lines = ["%matplotlib inline", "import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.show()"]
    lines += ["%time 1", "from IPython.display import display", "display(plt.gcf())", "display('me')"]
    lines += ["assert not plt.get_fignums()", "import ipywidgets", "ipywidgets.interact(lambda x: x, x=(0, 3))"]
    result = graded(answering(*lines))
    assert (entry(result)["flags"], points(result)) == ([], ALL)
    whole = COUNT._replace(source="%%time\n" + COUNT.source)
    assert points(graded([*MASTER[:-2], whole, MASTER[-1]])) == ALL


@namespaces
def test_a_shell_and_pip_work_in_a_cell_and_reach_no_network():
    lines = ["!echo hello", "%pip install labutils-has-no-such-dependency", "found = !echo 'def five(): return 5'"]
    lines += ["with open('mine.py', 'w') as file: file.write(found[0])", "from mine import five", "assert five() == 5"]
    begin = time.monotonic()
    result = graded(answering(*lines))
    assert (entry(result)["flags"], points(result)) == ([], ALL)
    assert time.monotonic() - begin < 20
    written = code("%%writefile mine.py\ndef five(): return 5")
    answer = COUNT._replace(source="from mine import five\ndef count(problem): return five()")
    assert points(graded([*MASTER[:-2], written, answer, MASTER[-1]])) == ALL


# Hostile cells that are survived: what stops the cell, or None where nothing has to.
SOLUTION, OTHERS = str(NOTEBOOKS), "/etc/passwd"
SURVIVED = {
    "import sys; sys.stdout.close(); sys.stderr.close(); sys.stdin.close()": None,
    "import os; os.close(0); os.close(1); os.close(2)": None,
    "print('after that, output works')": None,
    "input()": "EOFError",
    "memory = bytearray(100 * 10**9)": "MemoryError",
    "raise SystemExit": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "import sys; sys.setrecursionlimit(100); f = lambda n: f(n); f(0)": "RecursionError",
    "assert not [name for name in os.environ if 'TOKEN' in name]": None,
}
STOPPED_BY_NAMESPACES = {
    """import os, time
for _ in range(500):
    if os.fork() == 0:
        time.sleep(100)
        os._exit(0)""": "BlockingIOError",
    f"import os; os.listdir({str(NOTEBOOKS)!r})": "FileNotFoundError",
    "open('/etc/passwd').read()": "FileNotFoundError",
    f"open({str(NOTEBOOKS / 'stolen')!r}, 'w')": "FileNotFoundError",
    "open('/usr/x', 'w')": "OSError",
    "import socket; socket.create_connection(('127.0.0.1', 80), 1)": "PermissionError",
    "import urllib.request; urllib.request.urlopen('http://example.org')": "URLError",
}


@pytest.mark.parametrize(
    "lines", [SURVIVED, pytest.param(STOPPED_BY_NAMESPACES, marks=namespaces)], ids=["survived", "stopped"]
)
def test_hostile_statements_are_stopped_and_the_rest_is_graded(lines, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    result = graded(answering("import os", *lines))
    assert points(result) == ALL
    found = [flag.split()[4].rstrip(":") for flag in entry(result)["flags"]]
    assert found == [kind for kind in lines.values() if kind]


QUICK = 16  # seconds, of which a call may take a quarter: a busy computer needs some to start it
ENDED = {
    "while True: pass": "it ran longer than 4 s",
    "os._exit(3)": "its process was ended with exit code 3",
    "os.kill(os.getpid(), 9)": "its process was ended by SIGKILL",
    "for n in range(3, 99):\n try: os.write(n, b'x' * 100)\n except OSError: pass": "it answered with more than",
    "os.closerange(3, 99)": "its process was ended with exit code 1",
}


@pytest.mark.parametrize("source", ENDED)
def test_a_statement_that_ends_the_process_costs_nothing_else(source):
    result = graded(answering("import os", source), seconds=QUICK)
    assert points(result) == ALL
    assert entry(result)["flags"][0].startswith(f"cell 7 stopped with {ENDED[source]}")
    assert (entry(result)["status"], result["timed_out"]) == ("ok", ["01_small"] * ("while" in source))


@pytest.mark.parametrize("source", ENDED)
def test_a_call_that_ends_the_process_costs_its_own_question(source):
    lines = "\n    ".join(source.splitlines())
    ends = DOUBLE._replace(source=f"import os\ndef double(w):\n    {lines}\n    return 2 * w")
    begin = time.monotonic()
    result = graded([SETUP, ends, *MASTER[3:]], seconds=QUICK)
    assert points(result) == {"q1": 0, "q1_text": None, "q2": 3}
    assert all(ENDED[source] in row["message"] for row in result["questions"]["q1"]["rows"])
    assert entry(result)["flags"][0].startswith(f"q1: double: {ENDED[source]}")
    assert time.monotonic() - begin < 45, "a function that ran out of time is not called again"


def test_a_notebook_has_a_bound_whatever_its_calls_take(tmp_path):
    sleepy = "\n".join(["import time", *["time.sleep(1.4)"] * 20])
    begin = time.monotonic()
    limits = sandbox.Limits(seconds=4, call=2)
    found, rows, late = run([SETUP, DOUBLE._replace(source=f"{DOUBLE.source}\n{sleepy}"), COUNT], tmp_path, limits)
    assert time.monotonic() - begin < 20  # its calls would take 28
    assert (found["status"], found["reason"], late) == ("failed", "it ran longer than 4 s", True)


def test_one_missing_import_costs_only_what_needs_it():
    setup = SETUP._replace(source="import no_such_module\nfrom no_such_place import tool\n" + SETUP.source)
    result = graded([MASTER[0], setup, *MASTER[2:]])
    assert points(result) == ALL
    above = DOUBLE._replace(source="import no_such_module as other\n" + DOUBLE.source)
    assert points(graded([*MASTER[:2], above, *MASTER[3:]])) == ALL
    uses = DOUBLE._replace(source="def double(w):\n    return tool(w)")
    result = graded([MASTER[0], setup, uses, *MASTER[3:]])
    assert points(result) == ALL | {"q1": 0}
    message = result["questions"]["q1"]["rows"][0]["message"]
    cause = "cell 2 stopped with ModuleNotFoundError: No module named 'no_such_place'"
    assert message.startswith(f"stopped with NameError: name 'tool' is not defined ({cause})")


def test_given_cells_are_the_instructors_and_experiments_are_not_run():
    gone = [cell for cell in MASTER if cell not in (SETUP, SETUP_2)]
    assert points(graded(gone)) == ALL
    experiment = code("import time\ntime.sleep(60)\nraise SystemExit")
    begin = time.monotonic()
    assert points(graded(between(experiment.source))) == ALL
    assert time.monotonic() - begin < 40


def test_what_a_student_added_and_an_answer_uses_is_run_whole():
    table = code("TABLE = {}\ndef fill():\n    TABLE['n'] = 5\nfill()\nunused = 1 / 0")
    looks = COUNT._replace(source="def count(problem):\n    return TABLE['n']")
    assert points(graded([*MASTER[:-2], table, looks, MASTER[-1]])) == ALL
    starred = [code("from math import *"), COUNT._replace(source="def count(problem):\n    return floor(5.5)")]
    assert points(graded([*MASTER[:-2], *starred, MASTER[-1]])) == ALL


def test_a_wrong_answer_that_spoils_its_process_costs_its_own_question():
    spoils = "import resource\ndef double(w):\n    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))"
    spoils += "\n    np.ndarray = None\n    globals().clear()"
    assert points(graded([SETUP, DOUBLE._replace(source=spoils), *MASTER[3:]])) == ALL | {"q1": 0}
    above = DOUBLE._replace(source="import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))")
    assert points(graded([SETUP, above, *MASTER[3:]])) == ALL | {"q1": 0}


TAMPERS = (
    "import json, struct, linecache, os, base64, sys\njson.dumps = json.loads = struct.pack = linecache.cache = None\n"
    "os.dup2 = os.fdopen = base64.b64encode = base64.b64decode = sys.modules['exchange'] = None",
    "import sys\nsys.path.clear()\nsys.meta_path.clear()",
    "import labutils.linear.regression as taken\ntaken.Regression = None",
    "open('struct.py', 'w').write('1 / 0')\nopen('labutils.py', 'w').write('1 / 0')",
)


@namespaces
@pytest.mark.parametrize("tampering", TAMPERS)
def test_a_right_answer_that_spoils_its_process_costs_no_other(tampering):
    """Neither its own points, where the process still knows its work, nor those of the next."""
    above = DOUBLE._replace(source=f"{tampering}\n{DOUBLE.source}")
    assert points(graded([SETUP, above, *MASTER[3:]])) == ALL


PATCHES = (
    "np.asarray = None",
    "setattr(np, 'asarray', None)",
    "from numpy import *\nnp.asarray = THREE_POINTS = None",
    "if np.asarray is not None:\n    np.__dict__.update(asarray=None)",
)


@pytest.mark.parametrize("patch", PATCHES)
def test_what_an_answer_does_to_modules_costs_no_answer_that_uses_them(patch):
    above = DOUBLE._replace(source=f"{patch}\n{DOUBLE.source}")
    uses = COUNT._replace(source="def count(problem):\n    return np.asarray(double(problem.X)).shape[1]")
    assert points(graded([SETUP, above, *MASTER[3:-2], uses, MASTER[-1]])) == ALL


def test_an_answer_may_need_what_another_did_to_modules():
    above = DOUBLE._replace(source=f"np.float_of_mine = float\n{DOUBLE.source}")
    uses = COUNT._replace(source="def count(problem):\n    return np.float_of_mine(problem.X.shape[1])")
    assert points(graded([SETUP, above, *MASTER[3:-2], uses, MASTER[-1]])) == ALL


def test_equal_statements_are_run_as_often_as_they_stand_there():
    twice = COUNT._replace(source="n = 3\nn += 1\nn += 1\ndef count(problem):\n    return n")
    assert points(graded([*MASTER[:-2], twice, MASTER[-1]])) == ALL


def test_output_without_end_is_cut(tmp_path):
    limits = sandbox.Limits(seconds=60, file_size=1_000_000)
    result, rows, _ = run(answering("print('x' * 2_000_000)"), tmp_path, limits)
    assert result["flags"] == ["cell 7 stopped with OSError: [Errno 27] File too large", "its output was cut at 1 MB"]
    assert set(rows) == {"q1", "q2"}


def test_hundreds_of_failing_statements_leave_a_short_list(tmp_path):
    entry, rows, _ = run(answering(*[f"x{i}" for i in range(200)]), tmp_path, sandbox.Limits())
    assert len(entry["flags"]) == notebook_run.MOST_FLAGS + 1
    assert entry["flags"][-1] == "and 180 more like these"


PATCHES = """
import builtins, json, labutils.checks, labutils.checks.report, labutils.linear.descent, numpy
from IPython.display import display
labutils.checks.Report.points = property(lambda self: self.max)
labutils.checks.report.Report._row = lambda self, label, judge, points: self.rows.append(
    {"label": label, "ok": True, "points": points, "max": points, "message": ""}) or self
labutils.checks.report._same = numpy.allclose = numpy.array_equal = lambda *a, **k: True
labutils.checks.lab1_a = labutils.checks.lab1_b = lambda *a: labutils.checks.Report("lab1_a", "")
row = {"label": "x", "ok": True, "points": 2, "max": 2, "message": ""}
record = {"id": "lab1_a", "points": 2, "max": 2, "rows": [row]}
display({"application/vnd.labutils.check+json": record, "text/plain": "2"}, raw=True)
print(json.dumps(record))
class Always:
    __eq__ = __lt__ = __gt__ = lambda self, other: True
    def __array__(self, *a, **k): return numpy.zeros(5)
gradient = lambda X, y, w: Always()
def gradient_step(w, problem, learning_rate):
    problem.X.flags.writeable = True
    problem.X[:], w[:] = 0, 0
    return w
"""


def test_patches_and_forged_records_earn_nothing_in_lab_1():
    master = course.read(NOTEBOOKS / "01_gradient_descent.ipynb")
    ids = {"lab1_a", "lab1_b"}
    forged = [
        cell._replace(source=PATCHES) if cell.id in ids else cell for cell in master if not cell.id.endswith("_answer")
    ]
    setup = [cell for cell in forged if cell.kind == "code"][:2]
    result = graded([*setup, code(PATCHES), *[cell for cell in forged if cell.id in ids]], master)
    assert {name: question["points"] for name, question in result["questions"].items() if not question["manual"]} == {
        "lab1_a": 0,
        "lab1_b": 0,
    }
    honest = {name: question["points"] for name, question in graded(master, master)["questions"].items()}
    assert (honest["lab1_a"], honest["lab1_b"]) == (2, 4), "nothing of it reaches the next student's marks"


@pytest.mark.slow
def test_calls_that_are_slow_one_by_one_leave_the_next_question_its_time():
    master = course.read(NOTEBOOKS / "01_gradient_descent.ipynb")
    slow = "import time\ndef gradient(X, y, w):\n    time.sleep(4)\n    return w"
    cells = [cell._replace(source=slow) if cell.id == "lab1_a_answer" else cell for cell in master]
    step = "def gradient_step(w, problem, learning_rate):\n    return w - learning_rate * problem.gradient(w)"
    cells = [cell._replace(source=step) if cell.id == "lab1_b_answer" else cell for cell in cells]
    result = graded(cells, master, seconds=30)
    questions = result["questions"]
    assert (questions["lab1_a"]["points"], questions["lab1_b"]["points"]) == (0, 4)
    assert "longer than 15 s together" in " ".join(entry(result)["flags"])


def test_many_statements_are_run_in_a_time_that_grows_with_their_number():
    student, ran = notebook_run.Student(None, sandbox.Limits(seconds=60)), []
    student._ask = lambda request: ran.append(request) or {}
    statements = [statements_to_run.Statement(n, "w = 0", given=False) for n in range(30_000)]
    begin = time.process_time()
    for statement in [*statements, *statements]:
        student.run(statement)
    assert len(ran) == 30_000 and time.process_time() - begin < 5


def test_what_checks_keep_for_later_cannot_be_written_by_an_answer():
    from labutils.checks import lab1

    kept = {name: value for name, value in vars(lab1).items() if isinstance(value, np.ndarray)}
    assert kept
    assert not [name for name, value in kept.items() if value.flags.writeable]
    assert not lab1.THREE_POINTS.X.flags.writeable


@namespaces
def test_of_the_folder_with_the_data_nothing_else_is_seen(tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    for name in ("kept/cifar10.npz", "solutions.txt"):
        (tmp_path / name).write_text("read me")
    (tmp_path / "cifar10.npz").symlink_to("kept/cifar10.npz")
    monkeypatch.setenv("LABUTILS_DATA", str(tmp_path))
    look = "import os; folder = os.environ['LABUTILS_DATA']\nassert open(f'{folder}/cifar10.npz').read() == 'read me'"
    look += "\nraise ValueError(sorted(os.listdir(folder)))"
    result = graded(answering(look))
    (flag,) = entry(result)["flags"]
    assert flag.startswith("cell 7 stopped with ValueError: [") and "kept" in flag and "solutions" not in flag


def test_an_answer_with_endless_parts_ends_the_notebook():
    forge = "import exchange\nexchange.encode = exchange.encode_arguments = lambda _: [[]] * 1_000_000"
    forge += "\nexchange.decode_arguments = exchange.decode = lambda _: []\ncount = lambda: 3"
    result = graded([*MASTER[:-1], code(forge), MASTER[-1]])
    assert points(result)["q2"] == 0 and "something else than was asked" in entry(result)["flags"][-1]


def test_an_answer_that_was_not_asked_for_is_flagged():
    forge = """import os, stat, struct, threading
def double(w):
    message = b'{"value": 6, "number": 7}'
    for n in range(3, 99):
        try:
            if stat.S_ISFIFO(os.fstat(n).st_mode):
                os.write(n, struct.pack(">Q", len(message)) + message)
        except OSError:
            pass
    return 2 * w"""
    result = graded([SETUP, DOUBLE._replace(source=forge), *MASTER[3:]])
    assert points(result) == ALL | {"q1": 0}
    assert "something else than was asked" in entry(result)["flags"][0]
    doubled = forge.replace('"number": 7', '"number": 2').replace("6,", "4,").replace("return 2 * w", "os._exit(0)")
    result = graded([SETUP, DOUBLE._replace(source=doubled), *MASTER[3:]])
    assert points(result)["q2"] == 3 and entry(result)["flags"]


def test_an_answer_that_is_another_when_it_is_asked_again_is_flagged():
    counts = DOUBLE._replace(
        source="calls = []\ndef double(w):\n    calls.append(w)\n    return 2 * w + len(calls) // 3"
    )
    result = graded([SETUP, counts, *MASTER[3:]])
    assert points(result) == ALL
    assert entry(result)["flags"] == ["q1: double gave something else when it was asked the same again"]
    right = graded(MASTER)
    assert entry(right)["flags"] == []


@pytest.mark.parametrize(
    "look",
    ["sys._getframe(1)", "inspect.currentframe().f_back", "gc.get_objects()", "sys.modules['__main__']"],
)
def test_an_answer_that_looks_for_its_caller_is_flagged(look):
    looks = DOUBLE._replace(source=f"import gc, inspect, sys\ndef double(w):\n    {look}\n    return 2 * w")
    (flag,) = entry(graded([SETUP, looks, *MASTER[3:]]))["flags"]
    assert flag.startswith("cell 2 looks for what calls it: ")


SIGNS = "\x1b[31m\x07\x00\u202e\u2066\x9b\ud800"


def test_signs_that_a_terminal_or_a_page_would_obey_come_from_nowhere():
    spoilt = repr(SIGNS)
    raises = DOUBLE._replace(source=f"def double(w):\n    raise ValueError({spoilt})\nassert False, {spoilt}")
    dies = f"import os, sys\ndef count(problem):\n    print({ascii(SIGNS[:-1])}, file=sys.stderr, flush=True)"
    dies += "\n    os._exit(3)"
    result = graded([SETUP, raises, CHECK_1, COUNT._replace(source=dies)])
    returns = graded([SETUP, DOUBLE._replace(source=f"def double(w):\n    return {spoilt}"), CHECK_1])
    for found in (result, returns):
        assert points(found) == ALL | {"q1": 0, "q2": 0}
        for text in [*entry(found)["flags"], *[r["message"] for q in found["questions"].values() for r in q["rows"]]]:
            assert text.isprintable(), text


@pytest.mark.parametrize(
    "value",
    [
        "np.zeros([6] * 9, 'i1')",
        "np.zeros([2] * 18)",
        "np.zeros([1] * 30 + [100])",
        "np.zeros((10**5, 10))",
        "[[0] * 1000] * 1000",
        "[1.5] * 3_000_000",
        "10 ** 5000",
        "[10 ** 400]",
        "'x' * 10_000_000",
        "(lambda a: [a := [a] for _ in range(3000)][-1])([])",
        "(n for n in range(3))",
        "type('E', (), {'__repr__': lambda self: 'x' * 10**8})()",
        "__import__('torch').zeros(10**8)",
        "__import__('torch').eye(3).to_sparse()",
        "np.ma.masked_all(10)",
        "np.array(['a' * 10**6])",
        "float('nan')",
        "{'a': 1}",
        "np.zeros(3, 'c16')",
        "np.broadcast_to(np.zeros(1), (10**4, 10**4))",
    ],
)
def test_whatever_an_answer_returns_its_report_stays_small(value):
    strange = DOUBLE._replace(source=f"import numpy as np\ndef double(w):\n    return {value}")
    begin = time.monotonic()
    result = graded([SETUP, strange, *MASTER[3:]])
    assert points(result) == ALL | {"q1": 0}
    assert all(0 < len(row["message"]) <= 400 for row in result["questions"]["q1"]["rows"])
    assert time.monotonic() - begin < 60


def test_a_students_process_gets_labutils_without_grading_and_no_notebook(tmp_path):
    lab = notebook_run.furnish(tmp_path)
    assert (lab / "labutils" / "checks" / "lab1.py").exists()
    assert (lab / "checkpoints" / "manifest.json").exists()
    assert not any((lab / "labutils" / name).exists() for name in ("grading", "maintenance"))
    files = [path for path in lab.rglob("*") if path.is_file()]
    assert {path.name for path in lab.iterdir()} == {
        "labutils",
        "checkpoints",
        "fonts",
        "student_process.py",
        "exchange.py",
    }
    assert not [path for path in files if path.suffix not in {".py", ".pyc", ".pt", ".json"}]
