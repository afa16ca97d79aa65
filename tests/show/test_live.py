"""What a student sees of a live training: a picture, one line at the end, and one line whatever goes wrong."""

import matplotlib.pyplot as plt
import pytest
from helpers.small_networks import bits_for_all, random_data, returns_nothing, rounding, same_weights

from labutils.networks import quantize, timed_training, training
from labutils.show import live

RECIPE = training.Annealed(batch=8)


@pytest.fixture(autouse=True)
def fresh(one_thread, monkeypatch):
    monkeypatch.setenv(timed_training.VARIABLE, "10000")  # a busy computer cuts no run short
    live._stopped.clear()
    yield
    plt.close("all")


def watch(make=bits_for_all, bits=2, step=training.step):
    return live.train(make, bits, random_data(), RECIPE, step)


def said(capsys):
    (line,) = capsys.readouterr().out.splitlines()
    return line


def test_it_is_drawn_and_said_in_one_line(capsys):
    run = watch()
    assert said(capsys).startswith("random images, 2 bits, rate up to 0.02, along a cosine: 8 steps in ")
    left, right = plt.gcf().axes
    assert len(left.lines[0].get_xdata()) == 8 and left.lines[0].get_ydata()[0] == run.losses[0]
    assert list(right.lines[0].get_xdata()) == [0, 8] and list(right.lines[0].get_ydata()) == [*run.accuracies.values()]
    assert right.get_title() == "rate up to 0.02, along a cosine" and left.get_title() == "random images, 2 bits"


def test_a_cell_that_was_interrupted_goes_on_and_another_choice_begins_anew(capsys, monkeypatch):
    whole = watch()
    capsys.readouterr()
    steps = []

    def stops_once(*arguments):
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return training.step(*arguments)

    assert len(watch(step=stops_once).losses) == 3
    assert said(capsys).endswith("stopped after 3 of 8 steps; run this cell again to go on.")
    run = watch(step=stops_once)
    assert ": 5 steps in " in said(capsys) and len(steps) == 4 + 5
    assert same_weights(run.model, whole.model) and run.losses == whole.losses
    steps.clear()
    watch(step=stops_once)
    steps.clear()
    steps += [1] * 4
    assert len(watch(step=stops_once, bits=3).losses) == 8 and len(steps) == 4 + 8, "went on with other bits"
    steps.clear()
    watch(step=stops_once)
    run = watch(rounding(quantize.STE.apply), step=stops_once)
    assert len(run.losses) == 8 and len(steps) == 4 + 8, "went on with the network of another function"


@pytest.mark.parametrize(
    "options, words",
    [
        ({"bits": 17}, ["step 1", "bits: expected None", "found 17"]),
        ({"bits": -1}, ["step 1", "bits: expected None"]),
        ({"bits": 2.5}, ["step 1", "bits: expected None"]),
        ({"step": returns_nothing}, ["step 1", "expected the loss, a number, found NoneType"]),
        ({"step": lambda *arguments: 1 / 0}, ["step 1", "ZeroDivisionError"]),
        ({"make": lambda bits: None}, ["step 1", "expected a network"]),
        ({"make": rounding(lambda w, bits: w * float("nan"))}, ["step 1", "expected a finite loss, found nan"]),
        ({"make": rounding(lambda w, bits: w[:1])}, ["step 1", "quantizer: expected weights of shape (16, 16, 3, 3)"]),
        ({"make": rounding(lambda w, bits: None)}, ["step 1", "quantizer: expected", "found NoneType"]),
    ],
)
def test_what_goes_wrong_is_said_in_one_line_and_the_cell_can_be_run_again(options, words, capsys):
    run = watch(**options)
    line = said(capsys)
    assert all(word in line for word in words), line
    assert line.endswith("mend it, then run this cell again.") and len(line) < 300
    assert run.accuracy is None
    assert watch().accuracy is not None, "the mended answer does not run"


@pytest.mark.parametrize("error", [NotImplementedError, NameError])
def test_an_exercise_that_is_not_written_is_waited_for(error):
    def step(*arguments):
        raise error

    with pytest.raises(error):
        watch(step=step)


def test_no_empty_picture_is_shown_while_an_exercise_is_waited_for(monkeypatch):
    def make(bits):
        raise NotImplementedError

    shown = []
    monkeypatch.setattr(live, "get_ipython", lambda: True)
    monkeypatch.setattr(live.display, "display", shown.append)
    with pytest.raises(NotImplementedError):
        watch(make=make)
    assert not shown


def test_a_training_leaves_no_run_behind_but_the_one_that_was_stopped():
    watch()
    assert not live._stopped
    watch(step=lambda *arguments: 1 / 0)
    assert not live._stopped
