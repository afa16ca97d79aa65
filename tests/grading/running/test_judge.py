"""Decisions of checks here, on answers over there: the labs' own solutions, wrong ones, and forged replies."""

import json
import sys

import pytest
from helpers.small_course import CHECK_1, DOUBLE, MASTER, SETUP, code

from labutils import files
from labutils.grading import course
from labutils.grading.running import exchange, judge, student_process

NOTEBOOKS = files.NOTEBOOKS


@pytest.fixture
def loop(monkeypatch):
    """`loop(names)` asks a student's functions in this process, through the same messages."""
    monkeypatch.setitem(sys.modules, "exchange", exchange)

    def connect(names):
        def ask(request):
            try:
                answer = student_process.call(names, json.loads(json.dumps(request)), exchange)
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
        "the answer changes its input in place: work on a copy"
    ] * 4


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
    cells = [
        SETUP._replace(source="import no_such_module as three\nfrom labutils.checks import Report"),
        DOUBLE,
        CHECK_1,
    ]
    with pytest.raises(judge.CannotGrade, match="q1: the check cannot be set up here: No module named"):
        judge.decide(cells, course.questions_of(cells)[0], None)


def test_deciding_has_a_limit_of_its_own(monkeypatch):
    monkeypatch.setattr(judge, "SECONDS", 0.3)
    endless = CHECK_1._replace(source='Report("q1", "x").true("a", lambda: [0 for _ in iter(int, 1)])')
    question = course.questions_of([SETUP, endless])[0]
    (row,) = judge.decide([SETUP, endless], question, None)
    assert row["points"] == 0 and row["message"].startswith("deciding it took longer than 0.3 s")
