"""Evaluation against a plain loop; training feeds what it should and can be stopped at any moment."""

import errno
import functools
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers.small_networks import all_augmentations, network, random_data, run, same_weights
from torch import nn
from torch.nn import functional as F

from labutils import files
from labutils.networks import augmentation, checkpoints, evaluation, hardware, quantize, training
from labutils.networks.resnet import quantized


@pytest.fixture(autouse=True)
def seeded(one_thread):
    """The same initial weights in every test."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@functools.cache
def whole_run():
    """Return the history and the network of an uninterrupted run, trained once for all tests that interrupt theirs."""
    whole = network((4, 4, 2))
    return run(whole, epochs=4), whole


class Brightness(nn.Module):
    """Ten scores that depend on the image and, in training mode, on the mode."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 10)
        self.dropout = nn.Dropout(0.9)

    def forward(self, x):
        return self.layer(self.dropout(x.mean((2, 3))))


def test_training_feeds_every_image_once_an_epoch_augmented_normalised_and_with_its_label(monkeypatch):
    data = random_data(train=10)._replace(train_labels=np.arange(10))
    place = {result: (i, *how) for i in range(10) for result, how in all_augmentations(data.train_images[i]).items()}
    fed, cross_entropy = [], F.cross_entropy

    class Watched(nn.Module):
        bits = None

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 10)

        def forward(self, x):
            if self.training:
                pixels = (
                    x.permute(0, 2, 3, 1) * torch.tensor(augmentation.STD) + torch.tensor(augmentation.MEAN)
                ) * 255
                assert (pixels - pixels.round()).abs().max() < 1e-3
                fed.append([place[image.tobytes()] for image in pixels.round().to(torch.uint8).numpy()])
            return self.layer(x.mean((2, 3)))

    def with_its_label(scores, labels):
        assert labels.tolist() == [index for index, *_ in fed[-1]]
        return cross_entropy(scores, labels)

    monkeypatch.setattr(F, "cross_entropy", with_its_label)
    training.finetune(Watched(), data, epochs=4, batch=4, progress=False)
    assert [len(batch) for batch in fed] == [4, 4, 2] * 4
    epochs = [sum(fed[first : first + 3], []) for first in range(0, 12, 3)]
    assert all(sorted(index for index, *_ in epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(index for index, *_ in epoch) for epoch in epochs}) == 4, "the order is the same in every epoch"
    assert len({(top, left) for epoch in epochs for _, top, left, _ in epoch}) > 20
    assert {mirrored for epoch in epochs for *_, mirrored in epoch} == {False, True}


@pytest.mark.parametrize("batch", [1, 7, 64, 500])
def test_evaluate_is_a_plain_count(batch):
    images, labels = random_data().train_images, random_data().train_labels
    model = Brightness().eval()
    with torch.no_grad():
        guesses = [model(augmentation.normalise(torch.as_tensor(image[None]))).argmax().item() for image in images]
    labels = np.where(np.arange(64) % 2, labels, guesses)  # so that half of them and some more are right
    expected = sum(int(guess == label) for guess, label in zip(guesses, labels)) / 64
    assert 0.5 <= expected < 1
    assert training.evaluate(model, images, labels, batch=batch) == expected
    assert training.evaluate(model, torch.as_tensor(images), torch.as_tensor(labels)) == expected


def test_evaluate_is_float32s_where_bfloat16_goes_first(monkeypatch):
    """The float network rounded to 3 bits: of the kept ones, the one that bfloat16 decides otherwise most often."""
    model = quantized(checkpoints.load("cifar10"), (3, 3, 3))
    rng = np.random.default_rng(7)
    coarse = torch.as_tensor(rng.integers(0, 256, (600, 3, 6, 6)), dtype=torch.float32)
    smooth = F.interpolate(coarse, size=32, mode="bicubic").clamp(0, 255)  # more like pictures than noise is
    images = smooth.permute(0, 2, 3, 1).to(torch.uint8).contiguous()
    with torch.no_grad():
        scores = model(augmentation.normalise(images))
    best, second = scores.topk(2).values.unbind(1)
    nearest = (best - second).argsort()
    chosen = torch.cat([nearest[:40], nearest[40::6]])  # bfloat16 is slow here: all close calls, and some of the rest
    images, labels, passes, forward = images[chosen], scores[chosen].argmax(1), [], evaluation._scores

    def seen(network, x, *more):
        passes.append(forward(network, x, *more))
        return passes[-1].clone()

    monkeypatch.setattr(evaluation, "_scores", seen)
    monkeypatch.setattr(hardware, "has_fast_bfloat16", lambda device: True)
    assert training.evaluate(model, images, labels) == 1
    rounded, again = passes
    assert (rounded.argmax(1) != labels).sum() >= 5
    assert len(rounded) == len(images) and 0 < len(again) < 100, "float32 was asked about too many"


@pytest.mark.parametrize("mode", [True, False])
def test_evaluate_uses_evaluation_mode_and_leaves_the_mode_as_it_was(mode):
    model = Brightness().train(mode)
    images, labels = random_data().train_images, random_data().train_labels
    results = {training.evaluate(model, images, labels) for _ in range(5)}
    assert len(results) == 1, "dropout was on"
    assert model.training is mode
    assert all(parameter.grad is None for parameter in model.parameters())


def test_evaluate_refuses_nothing_and_labels_that_do_not_fit(refused):
    images, labels = random_data().train_images, random_data().train_labels
    with refused("at least one"):
        training.evaluate(Brightness(), images[:0], labels[:0])
    with refused("64 and 63"):
        training.evaluate(Brightness(), images, labels[:-1])


@pytest.mark.parametrize("train", [training.finetune, training.pretrain])
def test_the_same_seed_gives_the_same_network_and_another_seed_another(train):
    one, two, three = network(), network(), network()
    recipe = {"epochs": 2, "batch": 32, "learning_rate": 0.01, "progress": False}
    history = train(one, random_data(), seed=1, **recipe)
    assert train(two, random_data(), seed=1, **recipe) == history
    assert same_weights(one, two)
    train(three, random_data(), seed=2, **recipe)
    assert not same_weights(one, three)
    assert [epoch["epoch"] for epoch in history] == [1, 2]
    assert history[-1]["accuracy"] == training.evaluate(one, *random_data()[2:4])
    assert not same_weights(one, network())


def test_finetuning_learns_what_can_be_learned():
    always_three = random_data()._replace(train_labels=np.full(64, 3), test_labels=np.full(32, 3))
    history = training.finetune(network((4, 4, 4)), always_three, 4, learning_rate=0.02, batch=32, progress=False)
    assert history[-1]["loss"] < 0.3 * history[0]["loss"]


@pytest.mark.parametrize("interrupted", ["evaluate", "save"])
def test_a_run_that_is_stopped_goes_on_as_if_nothing_had_happened(interrupted, tmp_path, monkeypatch, interrupt):
    history, whole = whole_run()
    state_file = tmp_path / "states" / "run.training"
    stopped = network((4, 4, 2))
    interrupt(training, interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(stopped, state_file, epochs=4)
    assert [file.name for file in state_file.parent.iterdir()] == ["run.training"]

    resumed = network((4, 4, 2))
    assert run(resumed, state_file, epochs=4) == history
    assert same_weights(resumed, whole)

    # A run that is complete is not trained again.
    with monkeypatch.context() as patch:
        patch.setattr(training, "augment", None)
        again = network((4, 4, 2))
        assert run(again, state_file, epochs=4) == history
        assert same_weights(again, whole)


@pytest.mark.parametrize(
    "other", [{"epochs": 3}, {"learning_rate": 0.02}, {"seed": 1}, {"batch": 16}, {"bits": (4, 4, 4)}]
)
def test_the_state_of_another_run_is_refused(other, tmp_path, refused):
    state_file = tmp_path / "run.training"
    run(network(), state_file, epochs=1)
    before = state_file.read_bytes()
    recipe = {"epochs": 1} | other
    with refused(str(state_file), "delete the file"):
        run(network(recipe.pop("bits", (None,) * 3)), state_file, **recipe)
    assert state_file.read_bytes() == before


def test_the_state_of_a_run_from_other_weights_is_refused(tmp_path, refused):
    state_file = tmp_path / "run.training"
    run(network(), state_file, epochs=1)
    other = network()
    other.final_fc.linear.bias.data[0] += 1
    with refused(str(state_file), "delete the file"):
        run(other, state_file, epochs=1)


def write_truncated(path):
    run(network(), path, epochs=1)
    path.write_bytes(path.read_bytes()[:-5000])


@pytest.mark.parametrize(
    "spoil",
    [
        write_truncated,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("epoch 1"),
        lambda path: torch.save([1, 2], path),
        lambda path: torch.save({"weights": 1}, path),
        lambda path: torch.save(nn.Linear(1, 1), path),  # which only code could load
    ],
    ids=["truncated", "empty", "text", "list", "other dict", "pickled code"],
)
def test_a_damaged_state_is_refused(spoil, tmp_path, refused):
    state_file = tmp_path / "run.training"
    spoil(state_file)
    with refused(str(state_file), "delete the file"):
        run(network(), state_file, epochs=1)


@pytest.mark.parametrize("bits", [(None,) * 3, (4, 4, 4)])
def test_a_loss_that_is_not_finite_names_the_epoch(bits, tmp_path, refused):
    state_file = tmp_path / "run.training"
    with refused("epoch 1", "finite", "learning rate"):
        run(network(bits), state_file, learning_rate=1e30, batch=16)
    assert not state_file.exists()


def test_weights_that_overflow_in_the_last_step_are_not_kept(tmp_path, refused):
    state_file = tmp_path / "run.training"
    model = network()
    model.final_fc.weight.data *= 1e6  # so that gradients are large
    with refused("epoch 1", "finite", "learning rate"):
        run(model, state_file, learning_rate=1e38, batch=64)  # one step: its loss is finite, its result is not
    assert list(tmp_path.iterdir()) == []


def test_a_diverging_run_stops_soon_not_at_the_end_of_its_epoch(monkeypatch, refused):
    steps, augment = [], training.augment
    monkeypatch.setattr(training, "augment", lambda *arguments: steps.append(1) or augment(*arguments))
    with refused("epoch 1", "finite"):
        run(network((2, 2, 2)), learning_rate=1e30, batch=2)
    assert len(steps) <= training.CHECK_EVERY + 1 < 32


def test_each_weight_is_quantized_once_a_step_in_float32_also_under_autocast(monkeypatch):
    seen, levels = [], quantize._round_to_levels

    def watched(w, *settings):
        seen.append((w.data_ptr(), w.dtype))
        return levels(w, *settings)

    monkeypatch.setattr(hardware, "has_fast_bfloat16", lambda device: True)
    monkeypatch.setattr(quantize, "_round_to_levels", watched)
    monkeypatch.setattr(training, "evaluate", lambda *arguments: 0.0)
    model = network((4, 4, 2))
    history = run(model, epochs=1, batch=64)
    expected = {layer.weight.data_ptr() for _, layer in quantize.quant_layers(model) if layer.bits is not None}
    assert len(seen) == len(expected) == 20
    assert {pointer for pointer, _ in seen} == expected and {dtype for _, dtype in seen} == {torch.float32}
    assert np.isfinite(history[0]["loss"])


@pytest.mark.slow
def test_bfloat16_learns_as_float32_does(monkeypatch):
    """A short paired run: not that no accuracy is ever lost, but that autocast follows float32 step for step."""
    labels = np.arange(64) % 2
    dark_or_bright = random_data(64, 8)._replace(train_labels=labels)  # few: bfloat16 is slow where it is not built in
    dark_or_bright.train_images[:] = dark_or_bright.train_images // 2 + 127 * labels[:, None, None, None]
    losses = {}
    for fast in (False, True):
        monkeypatch.setattr(hardware, "has_fast_bfloat16", lambda device, fast=fast: fast)
        history = training.finetune(
            network((4, 4, 4)), dark_or_bright, 2, learning_rate=0.005, batch=16, progress=False
        )
        losses[fast] = np.array([epoch["loss"] for epoch in history])
    assert losses[False][-1] < 0.8 * losses[False][0]
    assert (losses[True] != losses[False]).any(), "bfloat16 was not used"
    assert np.abs(losses[True] / losses[False] - 1).max() < 0.03


def test_a_second_run_on_the_same_state_is_refused(tmp_path, refused):
    state_file = tmp_path / "run.training"
    with files.held(state_file), refused(str(state_file), "another run", error=OSError):
        run(network(), state_file, epochs=1)
    assert list(tmp_path.iterdir()) == []
    run(network(), state_file, epochs=1)
    assert [file.name for file in tmp_path.iterdir()] == ["run.training"]


KILLED = """
import os, pathlib, signal, sys
sys.path.insert(0, sys.argv[1])
import helpers.small_networks as here, torch
from labutils import files
from labutils.networks import training

torch.set_num_threads(1)
moment, state_file, calls = sys.argv[2], pathlib.Path(sys.argv[3]), []

def kill_in(module, name, call):
    original = getattr(module, name)
    def killing(*arguments):
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)
    setattr(module, name, killing)

if moment == "in an epoch":
    kill_in(training, "augment", 4)
if moment == "before the rename":
    kill_in(files.os, "replace", 2)
if moment == "with half a file written":
    write = files.write_whole
    def write_half(path, content):
        content = memoryview(content)[: len(content) // 2] if calls else content
        if calls:
            files.os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
        calls.append(1)
        write(path, content)
    files.write_whole = write_half
here.run(here.network((4, 4, 2)), state_file, epochs=4)
"""


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_with_the_weights_of_a_whole_one(tmp_path):
    state_file = tmp_path / "run.training"
    moments = {"in an epoch": 1, "with half a file written": 2, "before the rename": 3}
    for moment, finished in moments.items():
        words = [sys.executable, "-c", KILLED, str(files.REPOSITORY / "tests"), moment, str(state_file)]
        result = subprocess.run(words, capture_output=True, text=True)
        assert result.returncode == -signal.SIGKILL, result.stderr
        assert len(torch.load(state_file, weights_only=True)["history"]) == finished, moment
        assert len(list(tmp_path.glob("*.tmp"))) == (moment != "in an epoch"), "killed at another moment"

    history, whole = whole_run()
    resumed = network((4, 4, 2))
    assert run(resumed, state_file, epochs=4) == history
    assert same_weights(resumed, whole)
    assert [file.name for file in tmp_path.iterdir()] == ["run.training"]


def test_a_full_disk_leaves_the_last_state_and_the_run_goes_on_from_it(tmp_path, monkeypatch, refused):
    state_file, write, calls = tmp_path / "run.training", os.fsync, []

    def full(file):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file)

    with monkeypatch.context() as patch, refused(str(state_file), "No space left", error=OSError):
        patch.setattr(os, "fsync", full)
        run(network((4, 4, 2)), state_file, epochs=4)
    assert [file.name for file in tmp_path.iterdir()] == ["run.training"]
    history, whole = whole_run()
    resumed = network((4, 4, 2))
    assert run(resumed, state_file, epochs=4) == history
    assert same_weights(resumed, whole)


def test_a_loop_that_stops_leaves_no_bar_behind(monkeypatch):
    cleared = []
    monkeypatch.setattr("IPython.display.clear_output", lambda: cleared.append(True))
    for _ in training.progress(range(3), "steps"):
        assert not cleared
    with pytest.raises(NotImplementedError):
        for _ in training.progress(range(3), "steps"):
            raise NotImplementedError
    assert len(cleared) == 2
