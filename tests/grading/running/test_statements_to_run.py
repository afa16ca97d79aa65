"""Which statements a question depends on: given ones, the answer, and what the student wrote beside."""

import time

import pytest
from helpers.small_course import CHECK_1, CHECK_2, COUNT, DOUBLE, MASTER, SETUP, TEXT, code

from labutils import files
from labutils.grading import course
from labutils.grading.running import judge
from labutils.grading.running.statements_to_run import merged, needed, statements

CHECKS = {"q1", "q2"}


def sources(cells, wanted=(), answers=("q1_answer", "q2_answer")):
    """Return the sources of what is run of a student's cells."""
    return [statement.source for statement in needed(merged(cells, MASTER, CHECKS), wanted, answers)]


def test_of_given_cells_only_what_answers_use_is_run():
    assert sources(MASTER) == [DOUBLE.source, COUNT.source]
    uses = COUNT._replace(source="def count(problem):\n    return THREE_POINTS.X.shape[1] + three - 3")
    expected = ["three = 3", DOUBLE.source, "from labutils.linear import THREE_POINTS", uses.source]
    assert sources([*MASTER[:-2], uses, CHECK_2]) == expected


@pytest.mark.parametrize(
    "source",
    [
        "helper = lambda: 5",
        "if True:\n    helper = 5",
        "for helper in [5]: pass",
        "with open('x') as helper: pass",
        "class helper: pass",
        "from x import y as helper",
        "import helper",
        "helper: int = 5",
        "(helper := 5)",
        "helper += 1",
        "helper[0] = 1",
        "helper.a.b[0] = 1",
        "del helper.a",
        "helper.append(1)",
        "helper.a.append(1)",
        "for i in range(3): helper[i] = i",
        "try:\n    import helper\nexcept ImportError:\n    pass",
        "from math import *",
        "%pip install helper",
        "!touch helper.py",
        "%%writefile helper.py\npass",
        "exec('helper = 5')",
        "globals()['helper'] = 5",
        "globals().update(helper=5)",
        "setattr(helper, 'a', 5)",
    ],
)
def test_whatever_makes_or_changes_what_an_answer_uses_is_run(source):
    uses = DOUBLE._replace(source="def double(w):\n    return helper(w)")
    assert len(sources([SETUP, code(source), uses])) == 2
    unused = DOUBLE._replace(source="def double(w):\n    helper = 2\n    return helper * w")
    anything = any(word in source for word in ("*", "%", "!", "exec", "globals", "setattr"))
    assert len(sources([SETUP, code(source), unused])) == (2 if anything else 1)


def test_an_answer_that_prints_or_plots_needs_no_experiment_that_does():
    master = [code("import plotting"), code("w = train()"), code("print(w)"), code("plotting.plot(w)"), DOUBLE, CHECK_1]
    debugs = DOUBLE._replace(source="print(1)\nplotting.plot(1)\ndef double(w):\n    return 2 * w")
    found = needed(merged([*master[:4], debugs], master, CHECKS), (), ["q1_answer"])
    assert [one.source for one in found if one.given] == ["import plotting"]


def test_a_students_own_cell_is_run_whole_and_another_answer_is_not():
    own = code("tool = 1\nother = 2\nprint(other)")
    uses = COUNT._replace(source="def count(problem):\n    return tool")
    loud = DOUBLE._replace(source="import math\nprint('never')\ndef double(w):\n    return math")
    found = sources([loud, own, uses], answers=["q2_answer"])
    assert found == ["tool = 1", "other = 2", "print(other)", uses.source]
    both = COUNT._replace(source="def count(problem):\n    return double(math.pi)")
    assert sources([loud, both], answers=["q2_answer"]) == ["import math", loud.source[27:], both.source]


def test_the_instructors_cells_stand_where_students_left_changed_or_lost_them():
    changed = SETUP._replace(source=SETUP.source.replace("three = 3", "three = 4"))
    uses = DOUBLE._replace(source="def double(w):\n    return three")
    for cells in ([changed, uses], [uses], [SETUP, uses], [TEXT, changed, CHECK_1, uses]):
        found = sources(cells, answers=["q1_answer"])
        assert (found[0], found[-1]) == ("three = 3", uses.source)
        assert ("three = 4" in found) == (changed in cells)


def test_places_are_those_of_the_students_cells():
    found = needed(merged([TEXT, SETUP, DOUBLE, CHECK_1, COUNT], MASTER, CHECKS), ["three"], ["q1_answer", "q2_answer"])
    assert [(statement.place, statement.given) for statement in found] == [(1, True), (2, False), (4, False)]


@pytest.mark.parametrize(
    "source", ["def f(:", "\0", "x" * 300_000, "(" * 5000, "-" * 100_000 + "1", "'\ud800'", "if x:\n" * 200]
)
def test_what_is_no_python_is_one_statement(source):
    (statement,) = statements(source)
    assert (statement.makes, statement.source) == (None, source)


def test_decorators_and_several_statements_in_a_line_stay_whole():
    source = "import functools; x = 1\n@functools.cache\n@staticmethod\ndef f():\n    return '''a\n  b'''\ny = f()"
    found = [statement.source for statement in statements(source)]
    assert found == ["import functools", "x = 1", source[24:-8], "y = f()"]


@pytest.mark.parametrize("path", sorted(files.NOTEBOOKS.glob("0[0-7]*.ipynb")), ids=lambda path: path.stem)
def test_no_experiment_of_the_labs_is_needed_for_their_solutions(path):
    cells = course.read(path)
    questions = [question for question in course.questions_of(cells) if not question.manual]
    found = merged(cells, cells, {question.id for question in questions})
    for question in questions:
        given = [one.source for one in needed(found, judge.asked(cells, question), question.answers) if one.given]
        assert all("import " in source for source in given), given


HOSTILE = {
    "a chain": "\n".join(f"x{n} = x{n + 1}" for n in range(4000)),
    "many statements": "a\n" * 5_000,
    "many in a line": "a;" * 5_000,
    "magics": "%a\n" * 3_000,
    "more magics": "!a\n" * 10_000,
    "as many magics as are looked into": "%a\n" * 100,
    "an attribute of an attribute": "a" + ".a" * 20_000,
    "a sum": "1" + "+1" * 20_000,
    "brackets": "[" * 20_000,
    "blocks": "\n".join(" " * n + "if a:" for n in range(90)) + "\n" + " " * 90 + "a",
    "a text without an end": '"' * 3 + "x" * 40_000,
    "other ends of lines": "a = 1\x0c\nb = '\u2028'\r\nc = 3\rd = 4",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_code_takes_long_to_look_into(kind):
    begin = time.monotonic()
    cells = [code(HOSTILE[kind])] * 3 + [DOUBLE._replace(source=HOSTILE[kind])]
    needed(merged(cells, MASTER, CHECKS), ["x0", "a"], ["q1_answer"])
    assert time.monotonic() - begin < 20


def test_lines_end_where_python_says_so():
    found = statements(HOSTILE["other ends of lines"])
    assert [one.source for one in found] == ["a = 1", "b = '\u2028'", "c = 3", "d = 4"]
    assert [one.source for one in statements("é = 'ü'; b = 2\n# ä\nç = 3")] == ["é = 'ü'", "b = 2", "ç = 3"]


def test_a_notebook_of_a_thousand_cells_takes_no_time():
    cells = [code(f"x{n} = x{n + 1}") for n in range(900)] + [code("same")] * 90 + [DOUBLE]
    assert len(needed(merged(cells, MASTER, CHECKS), ["x0"])) == 900
