"""A live training is an epoch of labutils' own, cut to the time there is, and goes on wherever it was stopped."""

import itertools

import numpy as np
import pytest
import torch
from helpers.small_networks import network, random_data, same_weights

from labutils.networks import timed_training, training

BITS = (4, 4, 2)


@pytest.fixture(autouse=True)
def time_enough(one_thread, monkeypatch):
    """A busy computer cuts no run short; the networks here are too small for more threads."""
    monkeypatch.setenv(timed_training.VARIABLE, "10000")


def whole(recipe, make=network, step=training.step, data=None):
    run = timed_training.Run(make, BITS, step, data or random_data(), recipe)
    for _ in run.advance():
        pass
    return run


@pytest.mark.parametrize("kind", [training.Recipe, training.Annealed])
def test_an_epoch_is_labutils_own_to_the_last_weight(kind):
    recipe, ours = kind(epochs=1, batch=4), network(BITS)
    history = training.train(ours, random_data(), recipe, progress=False)
    run = whole(recipe)
    assert same_weights(run.model, ours)
    assert run.accuracy == history[-1]["accuracy"] and len(run.losses) == run.steps == 16
    assert np.mean(run.losses) == pytest.approx(history[-1]["loss"], rel=1e-5)


def test_rates_follow_the_recipe_over_the_steps_that_fit(monkeypatch):
    """The plan is made after a few steps: from then on the rate is that of the share done of the steps planned."""
    clock, rates = itertools.count(), []
    monkeypatch.setattr(timed_training.time, "perf_counter", lambda: next(clock))  # every step takes a second
    monkeypatch.setattr(timed_training, "evaluate", lambda model, images, labels: 0.5)
    monkeypatch.setenv(timed_training.VARIABLE, "20")

    def step(model, optimizer, x, y):
        rates.append(optimizer.param_groups[0]["lr"])
        return 1.0

    recipe = training.Annealed(batch=1)
    run = whole(recipe, step=step)
    assert run.steps == len(rates) == 20
    planned = timed_training.TIMED + 1
    assert rates[planned:] == [recipe.rate(done / 20) for done in range(planned, 20)] and rates[-1] < 0.001
    assert rates[:planned] == [recipe.rate(done / 64) for done in range(planned)]
    assert list(run.accuracies) == [0, 15, 20] and run.accuracy == 0.5
    monkeypatch.setenv(timed_training.VARIABLE, "1000")
    assert whole(recipe, step=step).steps == 64, "more than an epoch"
    monkeypatch.setenv(timed_training.VARIABLE, "0.001")
    assert planned < whole(recipe, step=step).steps < 10, "too few to see anything"


@pytest.mark.parametrize("text", ["no", "0", "-3", "nan", "inf"])
def test_a_time_that_is_none_is_refused(text, monkeypatch, refused):
    monkeypatch.setenv(timed_training.VARIABLE, text)
    with refused("LABUTILS_LIVE_SECONDS", repr(text)):
        timed_training.seconds()


@pytest.mark.parametrize("text, expected", [(None, 120), ("", 120), ("2.5", 2.5)])
def test_two_minutes_unless_the_environment_says_otherwise(text, expected, monkeypatch):
    monkeypatch.delenv(timed_training.VARIABLE, raising=False)
    if text is not None:
        monkeypatch.setenv(timed_training.VARIABLE, text)
    assert timed_training.seconds() == expected


@pytest.mark.parametrize("call", [1, 4, 9])
@pytest.mark.parametrize("where", ["evaluate", "batch"])
def test_a_run_that_is_stopped_goes_on_as_if_nothing_had_happened(where, call, monkeypatch):
    recipe, calls, original = training.Annealed(batch=4), [], getattr(timed_training, where)
    expected = whole(recipe)

    def stopping(*arguments):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(timed_training, where, stopping)
    run = timed_training.Run(network, BITS, training.step, random_data(), recipe)
    for _ in range(2):
        try:
            for _ in run.advance():
                pass
        except KeyboardInterrupt:
            continue
    assert same_weights(run.model, expected.model)
    assert run.losses == expected.losses and run.accuracies == expected.accuracies and run.accuracy is not None


@pytest.mark.parametrize("loss", [None, float("nan"), float("inf"), (1, 2), "loss", torch.ones(2)])
def test_a_step_that_returns_no_loss_is_refused(loss, refused):
    with refused("loss"):
        whole(training.Recipe(batch=8), step=lambda *arguments: loss)


@pytest.mark.parametrize("loss", [torch.tensor(1.5, requires_grad=True), np.float32(1.5), 1.5])
def test_whatever_is_a_number_is_a_loss(loss):
    assert set(whole(training.Recipe(batch=32), step=lambda *arguments: loss).losses) == {1.5}


def test_what_makes_no_network_is_refused(refused):
    with refused("a network", "NoneType"):
        whole(training.Recipe(), make=lambda bits: None)
