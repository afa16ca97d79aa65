"""Marks by running: honest, broken and hostile submissions, small notebooks for most of them, and Lab 1's own."""

import concurrent.futures
import contextlib
import json
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest

from labutils import files
from labutils.grading import course
from labutils.grading.course import Cell
from labutils.grading.intake.submissions import Submission
from labutils.grading.running import class_run, exchange, judge, notebook_run, sandbox, student_process

NOTEBOOKS = files.NOTEBOOKS
pytestmark = pytest.mark.skipif(not sandbox.POSIX, reason="grading by running needs Linux or macOS")
namespaces = pytest.mark.skipif(
    not sandbox.POSIX or sandbox.in_force() != sandbox.NAMESPACES,
    reason="this computer lets nobody make namespaces",
)

SETUP = Cell("code", "import numpy as np\nfrom labutils.checks import Report\nthree = 3")
DOUBLE = Cell("code", "def double(w):\n    return 2 * w", "q1_answer", solution=True)
CHECK_1 = Cell(
    "code",
    """(
    Report("q1", "Twice")
    .close("of ones", lambda: double(np.ones(2)), [2, 2])
    ### BEGIN HIDDEN TESTS
    .close("of three", lambda: double(three), 6)
    ### END HIDDEN TESTS
)""",
    "q1",
    2,
    grade=True,
)
TEXT = Cell("markdown", "Because **it is**.", "q1_text", 4, grade=True, solution=True)
COUNT = Cell("code", "def count(problem):\n    return problem.X.shape[1]", "q2_answer", solution=True)
CHECK_2 = Cell(
    "code",
    'from labutils.linear import THREE_POINTS\nReport("q2", "n").close("n", lambda: count(THREE_POINTS), 5, 3)',
    "q2",
    3,
    grade=True,
)
CHECK_2 = CHECK_2._replace(source=CHECK_2.source.splitlines()[1])
SETUP_2 = Cell("code", "from labutils.linear import THREE_POINTS")
MASTER = [Cell("markdown", "# Title\n\nAll cells run in 2 s."), SETUP, DOUBLE, CHECK_1, TEXT, SETUP_2, COUNT, CHECK_2]


def code(source):
    return Cell("code", source)


def between(*sources):
    """Return the right answers with further cells between the two questions."""
    return [*MASTER[:5], *map(code, sources), *MASTER[5:]]


def graded(cells, master=MASTER, **options):
    """Return the result of one submission with one notebook."""
    return class_run.grade_one("ann", {"01_small": cells}, {"01_small": master}, **options)


def points(result):
    return {name: question["points"] for name, question in result["questions"].items()}


def entry(result):
    return result["notebooks"]["01_small"]


def test_right_answers_earn_all_points_and_everything_has_its_place():
    result = graded(MASTER, flags=["handed in late"])
    assert json.loads(json.dumps(result)) == result
    assert points(result) == {"q1": 2, "q1_text": None, "q2": 3}
    assert (result["student"], result["status"], result["reason"]) == ("ann", "graded", "")
    assert (result["flags"], result["isolation"]) == (["handed in late"], sandbox.in_force())
    assert entry(result) == {"status": "ok", "reason": "", "flags": []}
    assert result["answers"] == {"q1_text": "Because **it is**."}
    assert result["questions"]["q1_text"] == {"points": None, "max": 4, "manual": True, "rows": []}
    assert result["questions"]["q1"]["rows"] == [
        {"label": "of ones", "points": 1, "max": 1, "message": "", "hidden": False},
        {"label": "of three", "points": 1, "max": 1, "message": "", "hidden": True},
    ]


def test_wrong_and_missing_answers_lose_what_they_should_and_say_why():
    wrong = [SETUP, code("def double(w):\n    return w + 1"), code("1 / 0"), code("def count(problem):\n    pass")]
    result = graded(wrong)
    assert points(result) == {"q1": 1, "q1_text": None, "q2": 0}
    assert result["questions"]["q1"]["rows"][1]["message"] == "expected 6., found 4."
    assert "returns nothing" in result["questions"]["q2"]["rows"][0]["message"]
    assert entry(result)["flags"] == [
        "cell 3 stopped with ZeroDivisionError: division by zero",
        "q1_text: its cell is missing",
    ]
    stub = DOUBLE._replace(source="def double(w):\n    raise NotImplementedError('exercise (a)')")
    result = graded([SETUP, stub, code("def count(problem) return 5")])
    assert "not written yet" in result["questions"]["q1"]["rows"][0]["message"]
    assert "NameError: count is not defined" in result["questions"]["q2"]["rows"][0]["message"]
    assert "SyntaxError" in entry(result)["flags"][0]
    assert result["answers"] == {"q1_text": ""}


def test_a_notebook_that_was_not_handed_in_is_no_failure_of_the_others():
    masters = {"01_small": MASTER, "02_other": [SETUP_2, CHECK_2._replace(id="q3")]}
    result = class_run.grade_one("ann", {"01_small": MASTER}, masters)
    assert (result["status"], result["reason"], result["notebooks"]["02_other"]["status"]) == ("graded", "", "missing")
    nothing = class_run.grade_one("ann", {}, masters)
    assert (nothing["status"], nothing["reason"]) == ("failed", "expected notebooks of the course, found none")
    late = class_run.grade_one("ann", {}, masters, reason="a broken zip")
    assert (late["status"], late["reason"]) == ("failed", "a broken zip")


def test_check_cells_that_were_changed_doubled_moved_or_lost_dont_matter():
    forged = CHECK_1._replace(source="def double(w): return 0\nraise SystemExit")
    assert points(graded([forged, SETUP, DOUBLE, forged, forged, COUNT])) == {"q1": 2, "q1_text": None, "q2": 3}


def test_magics_and_displayed_figures_work_as_in_a_notebook():
    cells = [
        code("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.get_fignums()")
    ]
    cells += [
        code("%time 1\nfrom IPython.display import display\ndisplay(plt.gcf())"),
        code("assert not plt.get_fignums()"),
    ]
    cells += [code("import ipywidgets\nipywidgets.interact(lambda x: print(x), x=(0, 3))")]
    assert entry(graded(cells))["flags"] == ["q1_text: its cell is missing"]


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
    "import socket; socket.create_connection(('127.0.0.1', 80), 1)": "OSError",
    "import urllib.request; urllib.request.urlopen('http://example.org')": "URLError",
}


@pytest.mark.parametrize(
    "cells", [SURVIVED, pytest.param(STOPPED_BY_NAMESPACES, marks=namespaces)], ids=["survived", "stopped"]
)
def test_hostile_cells_are_stopped_and_the_rest_is_graded(cells, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    result = graded(between(*cells))
    assert points(result) == {"q1": 2, "q1_text": None, "q2": 3}
    expected = {place: kind for place, kind in enumerate(cells.values(), 6) if kind}
    found = {int(flag.split()[1]): flag.split()[4].rstrip(":") for flag in entry(result)["flags"]}
    assert found == expected


@pytest.fixture
def time_is_up_in(monkeypatch):
    """`time_is_up_in(words)`: a second after these words are sent to a student's process, which may start slowly."""

    def watch(words):
        ask = sandbox.Sandbox.ask

        def watched(sandbox, message):
            if words in message:
                sandbox.ends = time.monotonic() + 1
            return ask(sandbox, message)

        monkeypatch.setattr(sandbox.Sandbox, "ask", watched)

    return watch


ENDED = {
    "while True: pass": "it ran longer than 60 s",
    "os._exit(3)": "its process was ended with exit code 3",
    "os.kill(os.getpid(), 9)": "its process was ended by SIGKILL",
    "for n in range(3, 99):\n try: os.write(n, b'x' * 100)\n except OSError: pass": "it answered with more than",
    "os.closerange(3, 99)": "its process was ended with exit code 1",
}


@pytest.mark.parametrize("source", ENDED)
def test_a_notebook_that_ends_keeps_what_it_has_earned(source, time_is_up_in):
    time_is_up_in(b"while True")
    result = graded(between("import os", source), seconds=60)
    assert points(result) == {"q1": 2, "q1_text": None, "q2": 0}
    assert entry(result)["status"] == "failed" and result["status"] == "failed"
    assert entry(result)["reason"].startswith(ENDED[source])
    assert result["reason"] == f"01_small: {entry(result)['reason']}"
    (row,) = result["questions"]["q2"]["rows"]
    assert (row["points"], row["max"], row["message"]) == (0, 3, entry(result)["reason"])


def test_a_function_that_never_returns_ends_its_notebook(time_is_up_in):
    time_is_up_in(b'"call": "double"')
    endless = DOUBLE._replace(source="import time\ndef double(w):\n    time.sleep(600)")
    result = graded([SETUP, endless, *MASTER[3:]], seconds=60)
    assert entry(result)["reason"] == "it ran longer than 60 s"
    assert points(result) == {"q1": 0, "q1_text": None, "q2": 0}


def test_output_without_end_is_cut():
    limits = sandbox.Limits(seconds=60, file_size=1_000_000)
    result, rows = notebook_run.run(between("print('x' * 2_000_000)"), MASTER, limits)
    assert result["flags"] == ["cell 6 stopped with OSError: [Errno 27] File too large", "its output was cut at 1 MB"]
    assert set(rows) == {"q1", "q2"}


def test_hundreds_of_failing_cells_leave_a_short_list():
    entry, rows = notebook_run.run([SETUP, *[code("x")] * 200], MASTER, sandbox.Limits())
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


def test_what_checks_keep_for_later_cannot_be_written_by_an_answer():
    from labutils.checks import lab1

    kept = {name: value for name, value in vars(lab1).items() if isinstance(value, np.ndarray)}
    assert kept
    assert not [name for name, value in kept.items() if value.flags.writeable]
    assert not lab1.THREE_POINTS.X.flags.writeable


@pytest.fixture
def loop(monkeypatch):
    """`loop(names)` asks a student's functions in this process, through the same messages."""
    monkeypatch.setitem(sys.modules, "exchange", exchange)

    def connect(names):
        def ask(request):
            try:
                answer = student_process.call(names, json.loads(json.dumps(request)))
            except Exception as error:
                answer = {"error": student_process.describe(error)}
            return json.loads(json.dumps(answer))

        return ask

    return connect


def solutions(stem):
    """Return what the answer cells of a notebook define, and the given cells that they need."""
    cells = course.read(NOTEBOOKS / f"{stem}.ipynb")
    scope = {}
    for cell in cells:
        if cell.kind == "code" and ("import" in cell.source.split("\n")[0] or (cell.solution and cell.id)):
            exec(cell.source, scope)
    return cells, scope


def decided(cells, names, loop, leave_out=()):
    """Return {grade_id: rows} of a notebook's checks, decided with these functions."""
    questions = [
        question for question in course.questions_of(cells) if not question.manual and question.id not in leave_out
    ]
    return {question.id: judge.decide(cells, question, loop(names)) for question in questions}


@pytest.mark.parametrize("stem", [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))])
def test_every_check_of_the_labs_is_decided_here_with_full_marks_for_the_solutions(stem, loop):
    from labutils.datasets import find

    cells, names = solutions(stem)
    leave_out = () if find.locate() else {"lab2_b"}  # whose hidden test takes the notebook's network, so CIFAR-10
    for name, rows in decided(cells, names, loop, leave_out).items():
        maximum = next(question.max for question in course.questions_of(cells) if question.id == name)
        assert sum(row["points"] for row in rows) == sum(row["max"] for row in rows) == maximum, rows
        assert [row["hidden"] for row in rows].count(True) >= 1
        assert not rows[0]["hidden"]
    stubs = dict.fromkeys(names, "not a function")
    for rows in decided(cells, stubs, loop, leave_out).values():
        assert sum(row["points"] for row in rows) == 0, rows


@pytest.mark.parametrize("stem", ["02_iterative_pruning"])
def test_an_answer_that_works_in_place_is_found_out_here_too(stem, loop):
    cells, names = solutions(stem)
    right = names["pruning_step"]

    def in_place(w, *others):
        w[:] = right(w, *others)
        return w

    rows = decided(cells, names | {"pruning_step": in_place}, loop)["lab1_c"]
    assert [row["message"] for row in rows if row["points"] == 0] == [
        "the answer changes its input in place: work on a new array"
    ] * 3


def test_lab_2s_networks_gradients_and_optimizers_reach_the_answers(loop, monkeypatch):
    import torch

    cells, names = solutions("06_ste_quantization")

    def forgetful(model, optimizer, x, y):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    class Blocked(names["StraightThrough"]):
        @staticmethod
        def backward(ctx, gradient):
            return gradient * 0, None

    wrong = names | {"finetune_step": forgetful, "StraightThrough": Blocked}
    rows = decided(cells, wrong, loop, {"lab2_b"})
    found = [row["message"] for name in rows for row in rows[name] if row["points"] == 0]
    assert "gradients of earlier steps are still there: call optimizer.zero_grad" in found
    assert "the gradient is zero: backward must hand on what it is given" in found
    cells, names = solutions("07_mixed_precision")

    def only_first(model, bits):
        for layer in names["stage_layers"](model, 0):
            layer.bits = bits[0]

    rows = decided(cells, names | {"set_bits": only_first}, loop)["lab2_d"]
    assert [row["points"] for row in rows] == [0, 0, 0]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.5,
        float("inf"),
        "text",
        [1, (2, [3])],
        (),
        np.eye(2),
        np.array(5.0),
        np.zeros((0, 3)),
        np.arange(3) > 1,
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(value):
    back = exchange.decode(json.loads(json.dumps(exchange.encode(value))))
    assert type(back) is type(value)
    assert np.array_equal(back, value) if isinstance(value, np.ndarray) else back == value
    if isinstance(value, np.ndarray):
        assert (back.dtype, back.shape) == (value.dtype, value.shape)


@pytest.mark.parametrize(
    "value",
    [object(), np.array([object()]), {1: 2}, {1, 2}, 1j, lambda: 0],
    ids=["object", "array of objects", "dict", "set", "complex", "function"],
)
def test_what_no_exercise_returns_is_refused(value, refused):
    with refused(error=TypeError):
        exchange.encode(value)


HOSTILE_VALUES = [
    {},
    {"array": "AAAA", "type": "O", "shape": [1]},
    {"array": "AAAA", "type": "<f8", "shape": [10**9]},
    {"array": "?", "type": "<f8", "shape": "x"},
    {"tuple": 3},
    {"regression": [[[1]], 2]},
    {"module": "Linear", "state": {}},
    {"module": "Linear", "state": {"weight": {"tensor": {"array": "", "type": "<f4", "shape": [10**12, 0]}}}},
    {"module": "os.system"},
    {"pickle": "gASVCAAAAAAAAACMBGV4aXSULg=="},
]


@pytest.mark.parametrize("plain", HOSTILE_VALUES, ids=repr)
def test_values_that_nobody_encodes_are_a_red_row(plain):
    question = course.questions_of(MASTER)[0]
    for answer in ({"value": plain}, {"value": 1, "arguments": plain}, plain):
        assert [row["points"] for row in judge.decide(MASTER, question, lambda request, a=answer: a)] == [0, 0]


def test_errors_keep_their_kind_and_are_one_line():
    question = course.questions_of(MASTER)[0]
    for error, shown in (
        ("ValueError: a\nb", "stopped with ValueError: a b"),
        ("Strange: " + "x" * 500, "stopped with Strange: " + "x" * 120),
        (["not", "a", "text"], "stopped with "),
        ("<script>", "stopped with <script>"),
    ):
        rows = judge.decide(MASTER, question, lambda request, e=error: {"error": e})
        assert rows[0]["message"].startswith(shown) and "\n" not in rows[0]["message"]


def test_a_check_takes_the_given_cells_that_it_needs_and_no_answer():
    cells = [code("a = 1"), code("b = a"), code("c = [z for z in 'ab']"), code("z = 1 / 0"), DOUBLE]
    assert judge.given(cells, "f(b, [z for z in c])") == ["a = 1", "b = a", "c = [z for z in 'ab']"]
    assert judge.given(cells, "lambda a: double(a)") == []


def test_a_check_that_cannot_be_set_up_stops_grading(refused):
    cells = [SETUP._replace(source="import no_such_module as np\nfrom labutils.checks import Report"), DOUBLE, CHECK_1]
    with pytest.raises(judge.CannotGrade, match="q1: the check cannot be set up here: No module named"):
        judge.decide(cells, course.questions_of(cells)[0], None)


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
    """Grading happens in this process; a list of the students whose submissions were graded."""
    names = []

    class Executor:
        def submit(self, function, name, *others):
            future = concurrent.futures.Future()
            names.append(name)
            try:
                future.set_result(function(name, *others))
            except Exception as error:
                future.set_exception(error)
            return future

    @contextlib.contextmanager
    def executor(jobs, dask):
        yield Executor(), jobs

    monkeypatch.setattr(class_run, "_executor", executor)
    return names


def fake(monkeypatch, function):
    """Let `function(cells)` stand for running a notebook."""
    monkeypatch.setattr(
        class_run, "run", lambda cells, master, limits: ({"status": "ok", "reason": "", "flags": []}, function(cells))
    )


def test_a_class_is_graded_whatever_some_hand_in(classroom):
    folder, hand_in = classroom
    names = ["ann", "bob", "Zoë / ../.. Ångström " + "x" * 300, "=cmd()", ""]
    class_ = [hand_in(name, MASTER) for name in names[:3]]
    class_ += [hand_in(names[3], between("import os; os._exit(1)")), hand_in(names[4], [])]
    class_.append(Submission("carl", {}, ["odd"], "no notebook in it"))
    class_.append(Submission("dora", {"01_small": Path(__file__)}, [], ""))
    results = {r["student"]: r for r in class_run.grade(class_, folder / "out", jobs=2, masters=folder / "masters")}
    assert set(results) == {*names, "carl", "dora"}
    totals = {name: sum(v or 0 for v in points(result).values()) for name, result in results.items()}
    assert [totals[name] for name in names] == [5, 5, 5, 2, 0]
    assert all(list(result["questions"]) == ["q1", "q1_text", "q2"] for result in results.values())
    assert [results[name]["status"] for name in (*names, "carl", "dora")] == ["graded"] * 3 + ["failed"] * 4
    assert results[""]["reason"] == "01_small: expected a notebook as JupyterLab saves it, found no cells"
    assert (results["carl"]["reason"], results["carl"]["flags"]) == ("no notebook in it", ["odd"])
    assert results["dora"]["reason"].startswith(
        "01_small: expected a notebook as JupyterLab saves it, found no sound JSON"
    )
    files = list((folder / "out" / "done").iterdir())
    assert len(files) == 7 and all(file.suffix == ".json" for file in files)


def test_what_is_done_is_not_done_again_unless_it_changed(classroom, here, monkeypatch):
    folder, hand_in = classroom
    fake(monkeypatch, lambda cells: {})
    class_ = [hand_in(name, MASTER) for name in ("ann", "bob")]

    def grade(**options):
        del here[:]
        found = list(class_run.grade(class_, folder / "out", masters=folder / "masters", **options))
        assert sorted(result["student"] for result in found) == ["ann", "bob"]
        return here

    assert grade() == ["ann", "bob"]
    assert grade() == []
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
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("3")]), folder / "masters" / "01_small.ipynb"
    )
    assert list(class_run.grade([], folder / "out", masters=folder / "masters")) == []


def test_grading_that_was_interrupted_goes_on(classroom, here, monkeypatch):
    folder, hand_in = classroom
    fake(monkeypatch, lambda cells: {})
    class_ = [hand_in(name, MASTER) for name in "abcdef"]
    interrupted = class_run.grade(class_, folder / "out", masters=folder / "masters")
    assert [next(interrupted)["student"], next(interrupted)["student"]] == ["a", "b"]
    interrupted.close()
    del here[:]
    assert len(list(class_run.grade(class_, folder / "out", masters=folder / "masters"))) == 6
    assert "a" not in here and "b" not in here and "f" in here


def test_only_a_few_submissions_are_in_memory_at_a_time(classroom, here, monkeypatch):
    folder, hand_in = classroom
    fake(monkeypatch, lambda cells: {})
    taken = []

    def class_():
        for name in "abcdef":
            taken.append(name)
            yield hand_in(name, MASTER)

    first = class_run.grade(class_(), folder / "out", jobs=1, masters=folder / "masters")
    next(first)
    assert len(taken) <= 3


def test_a_submission_that_breaks_the_grader_is_a_row_and_is_tried_again(classroom, here, monkeypatch):
    folder, hand_in = classroom

    def broken(cells):
        if len(cells) > len(MASTER):
            raise RuntimeError("no such thing\nwas expected")
        return {}

    fake(monkeypatch, broken)
    class_ = [hand_in("ann", MASTER), hand_in("eve", [*MASTER, code("1")])]
    for _ in range(2):
        del here[:]
        ann, eve = class_run.grade(class_, folder / "out", masters=folder / "masters")
        assert (ann["status"], eve["status"]) == ("graded", "failed")
        assert eve["reason"] == "it could not be graded: RuntimeError: no such thing was expected"
        assert here[-1] == "eve"


def test_isolation_can_be_required(classroom, here, monkeypatch, refused):
    folder, hand_in = classroom
    fake(monkeypatch, lambda cells: {})
    force = [sandbox.LIMITS_ONLY]
    monkeypatch.setattr(sandbox, "in_force", lambda: force[0])
    options = {"folder": folder / "out", "masters": folder / "masters"}
    (weak,) = class_run.grade([hand_in("ann", MASTER)], **options)
    assert weak["isolation"] == sandbox.LIMITS_ONLY
    with refused("--require-isolation"):
        list(class_run.grade([hand_in("ann", MASTER)], require_isolation=True, **options))
    force[0] = sandbox.NAMESPACES
    (strong,) = class_run.grade([hand_in("ann", MASTER)], require_isolation=True, **options)
    assert strong["isolation"] == sandbox.NAMESPACES


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


@namespaces
def test_of_the_folder_with_the_data_nothing_else_is_seen(tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    for name in ("kept/cifar10.npz", "solutions.txt"):
        (tmp_path / name).write_text("read me")
    (tmp_path / "cifar10.npz").symlink_to("kept/cifar10.npz")
    monkeypatch.setenv("LABUTILS_DATA", str(tmp_path))
    look = "import os; folder = os.environ['LABUTILS_DATA']\nassert open(f'{folder}/cifar10.npz').read() == 'read me'"
    look += "\nraise ValueError(sorted(os.listdir(folder)))"
    result = graded(between(look))
    (flag,) = entry(result)["flags"]
    assert flag.startswith("cell 6 stopped with ValueError: [") and "kept" in flag and "solutions" not in flag


def test_an_answer_with_endless_parts_ends_the_notebook():
    forge = "import sys, types\nsys.modules['exchange'] = forged = types.ModuleType('exchange')"
    forge += "\nforged.encode = forged.encode_arguments = lambda _: [[]] * 1_000_000"
    forge += "\nforged.decode_arguments = forged.decode = lambda _: []\ncount = lambda: 3"
    result = graded([*MASTER[:-1], code(forge), MASTER[-1]])
    assert points(result)["q2"] == 0 and "something else than was asked" in entry(result)["reason"]


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


def test_time_allowed_follows_the_notebooks_own_words():
    assert notebook_run.allowed_seconds(MASTER) == 50
    assert notebook_run.allowed_seconds(course.read(NOTEBOOKS / "01_gradient_descent.ipynb")) == 130
    assert notebook_run.allowed_seconds([]) == notebook_run.allowed_seconds([SETUP]) == 130
