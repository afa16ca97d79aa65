"""An answer that calls what labutils already does is flagged, whatever way it takes; one that is written is not."""

import json

import nbformat
import pytest
from helpers.course_notebooks import NOTEBOOKS, code_cells, fill, is_answer, marks, read, solutions

from labutils import __main__
from labutils.grading import course
from labutils.grading.borrowed import note, taken

SETUP = """import numpy as np
from labutils import checks
from labutils.linear import THREE_POINTS, descent, proximal
from labutils.linear.proximal import soft_threshold as st
import labutils.networks.quantize as q
problem = THREE_POINTS
run = descent.gradient_descent(problem)"""


def step(body, before=""):
    return f"{before}\ndef step(w, problem, learning_rate, keep):\n    {body}"


BORROWED = {
    "a run of one step": (
        step("return descent.iterative_pruning(problem, keep, learning_rate, 1, w).final"),
        "pruning",
    ),
    "an operator": (step("return proximal.hard_threshold(w, keep)"), "proximal.hard_threshold"),
    "under another name": (step("return st(w, 1.0)"), "proximal.soft_threshold"),
    "imported inside": (step("from labutils.linear import proximal as p\n    return p.largest(w, keep)"), "proximal"),
    "imported by text": (step("return __import__('labutils.linear.proximal').linear.proximal.largest"), "proximal"),
    "by getattr": (step("return getattr(descent, 'iterative_' + 'pruning')"), "linear.descent"),
    "a method of what is given": (step("return problem.best_subsets(keep)[0][1]"), "best_subsets"),
    "a helper of its own": (step("return mine(w)", "def mine(w):\n    return proximal.largest(w, 2)"), "largest"),
    "a name of its own": (step("return mine(w)", "mine = proximal.largest"), "largest"),
    "a class": ("class Through(q.STE):\n    pass", "quantize.STE"),
    "apply itself": ("Through = q.STE", "quantize.STE"),
    "beside a magic": (step("return mine(w)", "%matplotlib inline\nmine = proximal.largest"), "largest"),
    "a star": (step("return largest(w)", "from labutils.linear.proximal import *\nlargest = largest"), "proximal.*"),
}
WRITTEN = {
    "by itself": step("return w - learning_rate * problem.X"),
    "with a constant": step("return THREE_POINTS.X @ w"),
    "with names that cells use, too": step("run = w\n    return run"),
    "not called": step("proximal = w\n    return proximal.sum()"),
}


@pytest.mark.parametrize("kind", BORROWED)
def test_what_is_borrowed_is_named(kind):
    source, name = BORROWED[kind]
    (found,) = note([source], [SETUP, source], set())
    assert name in found


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_written_is_not(kind):
    assert note([WRITTEN[kind]], [SETUP, WRITTEN[kind]], set()) == []


def test_a_helper_in_another_cell():
    answer = step("return mine(w)")
    assert note([answer], [SETUP, "def mine(w):\n    return proximal.largest(w, 2)", answer], set())


def test_what_the_instructor_lends_is_free():
    answer = step("return proximal.soft_threshold(w, 1)")
    assert note([answer], [SETUP, answer], {"labutils.linear.proximal.soft_threshold"}) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_labs_own_solutions_have_no_flag(path):
    notebook = read(path)
    solved, cells = solutions(notebook), [cell.source for cell in code_cells(notebook)]
    questions = course.questions_of(course.read(path))
    for question in questions:
        own = [solved[name] for name in question.answers if name in solved]
        assert note(own, cells, question.lent) == []


def test_the_exercises_lend_what_their_texts_say():
    lent = {name for path in NOTEBOOKS[1:8] for q in course.questions_of(course.read(path)) for name in q.lent}
    assert {"labutils.linear.proximal.soft_threshold", "gradient", "labutils.networks.stage_layers"} <= lent


def test_whatever_stands_in_a_cell_it_goes_on():
    for source in ("def f(:", "x = " + "(" * 5000 + ")" * 5000, "\0", "f = " + "-" * 30_000 + "1", "lambda: 0"):
        assert isinstance(note([source], [SETUP, source], set()), list)
    assert taken([], []) == set()


def test_it_is_flagged_in_both_ways_of_grading(tmp_path):
    path = NOTEBOOKS[2]
    notebook = read(path)
    for cell in notebook.cells:
        if is_answer(cell) and marks(cell).grade_id == "lab1_c_answer":
            cell.source = "def pruning_step(w, problem, learning_rate, keep):\n    return " + (
                "descent.iterative_pruning(problem, keep, learning_rate, 1, w).final"
            )
    from labutils.grading import stored

    questions = [q for q in course.questions().values() if q.notebook == path.stem]
    result = course.blank_result("ada", questions)
    flags = stored.look(notebook.cells, questions, result)
    assert "lab1_c: its answer takes from labutils: linear.descent.iterative_pruning" in flags


STEP = "def {}(w, problem, learning_rate, {}):\n    return "
WAYS = {  # of the way from an answer to labutils: (notebook, answer, its source, what is named)
    "an alias": (
        *(2, "lab1_c_answer", "from labutils.linear import descent as d\n" + STEP.format("pruning_step", "keep")),
        *("d.iterative_pruning(problem, keep, learning_rate, 1, w).final", "linear.descent.iterative_pruning"),
    ),
    "a star": (
        *(3, "lab1_d_answer", "from labutils.linear.descent import *\n" + STEP.format("l1_step", "penalty")),
        *("l1_subgradient(problem, penalty, learning_rate, 1, w).final", "linear.descent.*"),
    ),
    "importlib and getattr": (
        *(5, "lab1_f_answer", "import importlib\n" + STEP.format("trimmed_step", "penalty, keep")),
        'getattr(importlib.import_module("labutils.linear.proximal"), "trimmed_soft_threshold")('
        "w - learning_rate * problem.gradient(w), learning_rate * penalty, keep)",
        "linear.proximal",
    ),
    "a class": (6, "lab2_a_answer", "", "StraightThrough = quantize.STE", "networks.quantize.STE"),
}


@pytest.mark.slow
def test_the_flags_reach_the_instructor_and_the_marks_stay(tmp_path):
    for number, answer, before, source, _ in WAYS.values():
        notebook = fill(read(NOTEBOOKS[number]), {answer: before + source})
        (tmp_path / "in/ada").mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, tmp_path / "in/ada" / NOTEBOOKS[number].name)
    assert __main__.main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    (result,) = json.loads((tmp_path / "out/grades.json").read_text("utf-8"))
    table, page = ((tmp_path / "out" / name).read_text("utf-8") for name in ("grades.csv", "overview.html"))
    for number, answer, _, _, name in WAYS.values():
        question = result["questions"][answer.removesuffix("_answer")]
        assert question["points"] > 0  # by its values; runs of labutils refuse the rates at which they would diverge
        flag = f"{answer.removesuffix('_answer')}: its answer takes from labutils: {name}"
        assert any(one.startswith(flag) for one in result["notebooks"][NOTEBOOKS[number].stem]["flags"])
        assert flag in table and flag.split(": ")[2] in page and name in page
