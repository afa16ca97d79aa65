"""A cell that waits for an exercise says so in one line and counts as run; every other error is shown as always.

An exercise that is wrong is waited for like one that is not written, once its check has said so.
"""

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from labutils.checks.waiting import Waiting, exercise, names

STUB = 'def step(w):\n    # YOUR CODE HERE\n    raise NotImplementedError("exercise (b): write `step`")'
LINE = "Waiting for exercise (b): write `step`, then run the cells from there on again.\n"


@pytest.fixture
def shell():
    """An IPython shell, that of `get_ipython`, too."""
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.fixture
def run(shell, capsys):
    """Run cells in an IPython shell that waits; return whether each counts as run, and what the last one printed."""
    Waiting(shell)

    def run_all(*cells):
        counted = []
        for cell in cells:
            capsys.readouterr()
            counted.append(shell.run_cell(cell).success)
        printed = capsys.readouterr()
        return counted, printed.out + printed.err

    return run_all


def test_a_cell_that_calls_an_unwritten_exercise_waits(run):
    assert run(STUB, "print('before')\nresult = step(1)") == ([True, True], "before\n" + LINE)


@pytest.mark.parametrize(
    "cell",
    [
        "print(result)",
        "print([result for _ in range(2)])",
        "def show():\n    return result\nshow()",
        "more = result + 1",
        "%precision 3\nresult",
    ],
)
def test_so_does_one_that_uses_what_a_waiting_cell_would_have_made(run, cell):
    assert run(STUB, "result = step(1)", cell) == ([True] * 3, LINE)


def test_and_one_that_uses_what_that_one_would_have_made(run):
    assert run(STUB, "a = step(1)", "b = a", "c = b", "print(c)") == ([True] * 5, LINE)


def test_what_was_to_be_filled_is_no_result(run):
    fill = "found, rows = {}, []\nfor k in range(3):\n    found[k] = step(k)"
    for use in ("print(sorted(found))", "print(len(rows))"):
        assert run(STUB, fill, use) == ([True] * 3, LINE)
    half = "half = {0: 0}\nfor k in range(1, 3):\n    half[k] = step(k)"
    assert run(STUB, half, "half[2]") == ([True] * 3, LINE)


def test_a_name_says_its_own_exercise_and_not_a_neighbours(run):
    other = STUB.replace("step", "other").replace("(b)", "(c)")
    cells = [STUB, other, "zeta = step(1)", "alpha = 1\nomega = other(1)", "print(alpha)", "print(alpha, zeta)"]
    assert run(*cells) == ([True] * 6, LINE)


def test_once_it_is_written_nothing_waits(run):
    cells = ["result = step(1)", "shown = result"]
    assert run(STUB, *cells)[1] == LINE
    assert run("def step(w):\n    return w", *cells, "print(shown)") == ([True] * 4, "1\n")
    counted, printed = run("del shown", "shown")
    assert counted == [True, False] and "NameError" in printed


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("reslut", "NameError"),
        ("import decimal\nraise decimal.InvalidOperation('3')", "InvalidOperation"),
        ("import numbers\nnumbers.Complex.__abs__(1)", "NotImplementedError"),  # a library's own
        ("x = (", "SyntaxError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_every_other_error_is_shown_and_counts(run, cell, error):
    counted, printed = run(STUB, "result = step(1)", cell)
    assert counted == [True, True, False] and error in printed and "Waiting" not in printed


def test_a_check_that_was_interrupted_says_where_in_one_line(run):
    endless = "def step(w):\n    while True:\n        raise KeyboardInterrupt"
    counted, printed = run(CHECK, endless, "lab1_b(step)")
    assert counted == [True, True, False] and printed.count("\n") == 1
    assert printed.startswith("KeyboardInterrupt: stopped by hand, in line 3, `raise KeyboardInterrupt`")


@pytest.mark.parametrize("leave", ["raise SystemExit", "import sys\n    sys.exit('done')", "exit()", "quit()"])
def test_an_answer_that_leaves_is_waited_for_and_the_kernel_stays(run, leave):
    counted, printed = run(CHECK, f"def step(w):\n    {leave}", "lab1_b(step)", "result = step([1])", "result")
    assert counted == [True] * 5 and printed.count("\n") == 1
    assert printed.startswith("Waiting for exercise (b): its check does not pass yet (SystemExit")
    counted, printed = run("raise SystemExit")
    assert counted == [False] and "SystemExit" in printed and "To exit" not in printed


def test_a_given_cell_says_which_name_a_students_cell_has_given_another_value(shell, capsys):
    def last(*cells):
        for id, source in cells:
            capsys.readouterr()
            done = shell.run_cell(source, cell_id=id)
        return done.success, capsys.readouterr().out

    begin = "from labutils.checks.waiting import Waiting\nWaiting(get_ipython())\n"
    setup, rate = ("setup", f"import math\n{begin}rate = 0.5"), ("rate", "more = rate + 1\nprint(math.floor(more))")
    added = "3f2a91c0-5d1e-4c3b-9d0e-1c2b3a4d5e6f"
    assert last(setup, (added, "import math\nrate = 0.25 * 2"), rate) == (True, "1\n")
    line = "`{0}`, to which a cell of yours gave another value: call that otherwise, and run the cell that made `{0}`"
    waits = f"Waiting for {line.format('math')} (AttributeError: 'int' object has no attribute 'floor'); mend it, "
    waits += "then run the cells from there on again.\n"
    copy = "4f2a91c0-5d1e-4c3b-9d0e-1c2b3a4d5e6f"  # of a given cell, as JupyterLab numbers it
    assert last(("kept", "kept = [rate]"), (copy, "kept = [rate]"), ("next", "print(kept)")) == (True, "[0.5]\n")
    assert last((added, "math = 3"), rate) == (True, waits)
    assert last((added, "math = 3"), ("again", "1 / 0\nimport math"), rate)[1] == waits  # it mended nothing
    assert last((added, "math.floor(1.5)"))[0] is False  # a student's own cell shows its error
    assert last(("answer-c", "def step():\n    pass\nrate = 5\nmath.pi"), ("next", "print(rate)"))[1] == (
        f"5\nThis uses {line.format('rate')}.\n"
    )
    assert last(setup, rate) == (True, "1\n")


def test_a_wrong_answer_is_shown_with_its_traceback(run):
    counted, printed = run("def step(w):\n    return w[5]", "result = step([1])", "result")
    assert counted == [True, False, False] and "NameError" in printed


CHECK = (
    "from labutils.checks import Report\n"
    "def lab1_b(step): return Report('lab1_b', 'One step').true('a row', lambda: step([1]) == 2)\n"
)
WRONG = "def step(w):\n    return w[5]"
LOST = "Waiting for exercise (b): its check does not pass yet (IndexError: list index out of range); mend it, "
LOST += "then run the cells from there on again.\n"


@pytest.mark.parametrize(
    "cell", ["result = step([1])", "print([step([k]) for k in (1, 2)])", "figure = step([3]).plot()"]
)
def test_a_given_cell_waits_for_a_check_that_does_not_pass(run, cell):
    assert run(CHECK, WRONG, "lab1_b(step)", cell) == ([True] * 4, LOST)


def test_so_does_what_uses_what_was_made_with_a_wrong_answer(run):
    cells = [CHECK, "def step(w):\n    return []", "lab1_b(step)", "run = step([1])", "last = run", "print(last[5])"]
    assert run(*cells) == ([True] * 6, LOST)


def test_a_given_cell_that_runs_with_a_wrong_answer_says_so(run):
    said = "This uses exercise (b): its check does not pass yet.\n"
    cells = [CHECK, "def step(w):\n    return 3", "lab1_b(step)", "print(step([1]))"]
    assert run(*cells) == ([True] * 4, f"3\n{said}")
    assert run("run = step([1])", "print(run)") == ([True] * 2, f"3\n{said}")
    assert said not in run("lab1_b(step)")[1] + run("def again(w):\n    return step(w)")[1]
    assert run("def again(w):\n    return step(w)\nlast = again([1])\nassert last == 2")[1] == (
        "Waiting for exercise (b): its check does not pass yet (AssertionError); mend it, "
        "then run the cells from there on again.\n"
    )
    assert run("def step(w):\n    return 2", "lab1_b(step)", "run = step([1])", "print(run)")[1] == "2\n"


def test_so_does_one_that_calls_a_given_function_from_a_cell_that_waits(run):
    given = "def all_steps(n):\n    return [step([k]) for k in range(n)]\nlast = all_steps(3)"
    counted, printed = run(CHECK, "def step(w):\n    return lost", "lab1_b(step)", given, "more = all_steps(5)")
    assert counted == [True] * 5 and printed.startswith(
        "Waiting for exercise (b): its check does not pass yet (NameError"
    )


def test_what_is_left_of_an_earlier_run_is_not_shown_for_new(run):
    right = [CHECK, "def step(w):\n    return 2", "lab1_b(step)", "result = step([1])", "print(result)"]
    assert run(*right)[1] == "2\n"
    line = "This is left of an earlier run: waiting for exercise (b): its check does not pass yet "
    line += "(IndexError: list index out of range); mend it.\n"
    again = ["lab1_b(step)", "result = step([1])", "print(result)"]
    assert run(WRONG, *again) == ([True] * 4, f"2\n{line}")
    assert run("more = result + 1", "print(more)") == ([True] * 2, f"3\n{line}")
    assert run(*right, "more = result + 1", "print(more)") == ([True] * 7, "3\n")
    assert run(WRONG, "lab1_b(step)", "anew = 4\nstep([1])", "print(anew)")[1] == "4\n"
    assert run("import math", "import math\nmath.floor(step([1]))", "print(math.floor(1.5))")[1] == "1\n"


def test_what_a_cell_waited_for_in_an_earlier_run_is_forgotten(run):
    cell = "first = 1\nresult = step([first])"
    assert run(CHECK, STUB, "lab1_b(step)", cell)[1] == LINE
    assert run(WRONG, "lab1_b(step)", cell) == ([True] * 3, LOST)


def test_once_the_check_passes_errors_are_shown_again(run):
    cells = [CHECK, WRONG, "lab1_b(step)", "step([1])", "def step(w):\n    return 2", "lab1_b(step)", "step([1])[5]"]
    counted, printed = run(*cells)
    assert counted == [True] * 6 + [False] and "TypeError" in printed and "Waiting" not in printed


def test_what_has_nothing_to_do_with_the_exercise_is_shown(run):
    counted, printed = run(CHECK, WRONG, "lab1_b(step)", "1 / 0")
    assert counted == [True] * 3 + [False] and "ZeroDivisionError" in printed


def test_a_line_stays_a_line_however_long_the_error(run):
    _, printed = run(CHECK, "def step(w):\n    raise ValueError('a\\nb' * 9999)", "lab1_b(step)", "step([1])")
    assert printed.count("\n") == 1 and len(printed) < 400


@pytest.mark.parametrize(
    "answer", ["def step(w):\n    retrun w", "def step(w)\n    return w", "def step(w=1 / 0):\n    return w"]
)
def test_the_cell_of_an_answer_that_fails_itself_shows_its_error_and_is_waited_for(run, answer):
    counted, printed = run(CHECK, "def step(w):\n    return 2", answer, "lab1_b(step)", "step([1])")
    assert counted == [True] * 5  # and the step of before is not taken for the new one
    kind = "ZeroDivisionError" if "/" in answer else "SyntaxError"
    assert (
        printed == f"Waiting for `step`: its cell stops with {kind}; mend it, then run the cells from there on again.\n"
    )
    assert run(answer)[0] == [True] and kind in run(answer)[1]


def test_a_syntax_error_is_shown_without_the_lines_of_ipython(run):
    _, printed = run(CHECK, "def step(w):\n    retrun w")
    assert "retrun w" in printed and "site-packages" not in printed and "ast_parse" not in printed


def test_a_given_cell_that_waits_before_it_defines_a_function_is_not_said_to_be_wrong(run):
    cells = [STUB, "last = step(1)\ndef error(w):\n    return w", "print(error(1))"]
    assert run(*cells) == ([True] * 3, LINE)


def test_a_function_that_was_defined_before_its_cell_failed_is_checked(run):
    counted, printed = run(CHECK, "def step(w):\n    return 2\nstep()", "lab1_b(step)", "print(step([1]))")
    assert counted == [True] * 4 and printed == "2\n"


def test_an_exercise_under_another_name_is_waited_for(run):
    counted, printed = run(
        "from labutils import checks", "def stepp(w):\n    return 2", "checks.lab1_b(step)", "step([1])"
    )
    assert counted == [True] * 4
    assert "Waiting for exercise (b): its check does not pass yet (NameError: name 'step' is not defined)" in printed


@pytest.mark.parametrize(
    ("id", "name"),
    [("lab1_g_pruning", "(g)"), ("lab2_c", "(c)"), ("few_bits_d", "(d)"), ("problem1_10", "1.10"), ("mine", "mine")],
)
def test_a_check_names_its_exercise_as_the_notebooks_do(id, name):
    assert exercise(id) == f"exercise {name}"


def test_a_stub_without_a_name_as_nbgrader_writes_it(run):
    cells = ["def gradient(w):\n    # YOUR CODE HERE\n    raise NotImplementedError()", "gradient(1)"]
    assert run(*cells) == ([True] * 2, LINE.replace("exercise (b): write `step`", "an exercise: write `gradient`"))


def test_half_drawn_figures_are_gone(run):
    import matplotlib.pyplot as plt

    run(STUB, "import matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\nax.plot(step([1]))")
    assert plt.get_fignums() == []


def test_which_names_a_cell_uses_and_binds():
    source = "import a.b\nfrom c import d as e\nf = [g(h) for h in i]\ndef j(k):\n    l = m\n    return l + k\nn.o = p"
    used, bound = names(source)
    assert used == {"g", "i", "m", "n", "p"}
    assert bound == {"a", "e", "f", "j"}


def test_outside_of_notebooks_nothing_happens():
    code = "from labutils import checks; import sys; print('IPython' in sys.modules, checks.waiting.install())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False None\n"


CHECKED = "from labutils import checks"
STEP = "def step(w, problem, rate):\n    return w - rate * problem.gradient(w)"


def messages(shell_run, *cells):
    """Run cells, the last of which makes `report`; return what its rows say."""
    counted, printed = shell_run(CHECKED, *cells, "print({row['message'] for row in _.rows})")
    return counted[-2], printed


def test_a_claims_outcome_before_its_prediction_waits(run):
    said = "outcomes[1] = checks.outcome('1.1', row > 1, 'much', prediction_1)\nprint(outcomes)"
    counted, printed = run(CHECKED, "outcomes = {}", "row = 2\n" + said)
    assert counted == [True] * 3 and printed.startswith("No verdict yet: ") and "none yet" in printed
    assert run("row", "'prediction_1' in globals()")[1].endswith("False\n") and run("row")[0] == [True]


def test_a_check_before_its_exercises_cell_waits_and_gives_no_points(run):
    counted, said = messages(run, "checks.lab1_b(step)")
    assert counted and "waits for `step`: run the cell that defines it" in said
    assert run("'step' in globals()")[1].endswith("False\n")
    assert messages(run, STEP, "checks.lab1_b(step)")[1] == "{''}\n"


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (STEP.replace("return w -", "return w - -)"), "SyntaxError"),
        (STEP.replace("    return", " return x\n  return"), "IndentationError"),
        ("1 / 0\n" + STEP, "ZeroDivisionError"),
        (STEP.replace("problem,", "problem: Problem,"), "NameError"),
        ("@wraps\n" + STEP, "NameError"),
    ],
)
def test_a_cell_that_failed_to_define_its_function_leaves_no_old_one_to_be_checked(run, broken, error):
    said = messages(run, STEP, broken, "checks.lab1_b(step)")[1]
    assert f"the cell of `step` stopped with {error}" in said
    assert run("'step' in globals()")[1].endswith("False\n")
    assert messages(run, STEP, "checks.lab1_b(step)")[1] == "{''}\n"


def test_a_cell_that_fails_behind_its_function_has_defined_it(run):
    assert messages(run, STEP + "\n1 / 0", "checks.lab1_b(step)")[1] == "{''}\n"


def test_a_class_that_is_not_there(run):
    assert "waits for `Through`" in messages(run, "(\n    checks.lab2_a(Through)\n)")[1]
