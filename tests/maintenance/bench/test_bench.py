"""The bench measures in turn, says what it misses, and the homework's loop beside it is the homework's."""

import importlib.util
import json
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from helpers.small_networks import random_data
from torch import nn

from labutils import __main__
from labutils.datasets import find
from labutils.linear.regression import THREE_POINTS
from labutils.maintenance.bench import convolutions, homework_loop, measure, report, to_accuracy, turns
from labutils.maintenance.bench.turns import Row
from labutils.networks import augmentation, hardware, quantize, resnet, training


@pytest.fixture
def brief(monkeypatch):
    """Little work, one thread, no worker processes, one round."""
    monkeypatch.setattr(homework_loop, "BATCH", 4)
    monkeypatch.setattr(homework_loop, "WORKERS", 0)
    monkeypatch.setattr(turns, "CHUNK", 1e-4)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_contestants_take_turns():
    calls = []
    turns.in_turn(
        lambda: calls.append("a") or time.sleep(0.06), lambda: calls.append("b") or time.sleep(0.06), rounds=3
    )
    assert "".join(calls) == "ab" * 4


def test_the_median_time_of_a_call():
    pauses = iter([0.06, 0.06, 0.06, 0.5, 0.06, 0.06])  # the first call and an outlier do not count
    (seconds,) = turns.in_turn(lambda: time.sleep(next(pauses)))
    assert 0.06 <= seconds < 0.2


def test_a_quick_function_is_called_many_times_a_round():
    calls = []
    (seconds,) = turns.in_turn(lambda: calls.append(1), rounds=2)
    assert len(calls) > 1000 and 0 < seconds < 1e-3


@pytest.mark.parametrize(
    "ours, theirs, at_least, met",
    [(8, 2, True, True), (7.9, 2, True, False), (8, 2, False, True), (8.1, 2, False, False)],
)
def test_a_target_is_met_or_missed(ours, theirs, at_least, met):
    assert Row("speed", "other", "images/s", ours, theirs, 4.0, at_least).met is met
    assert Row("speed", "other", "images/s", ours, theirs).met is None
    assert Row("speed", "other", "images/s", ours).ratio is None


def test_the_table_says_what_is_missed():
    text = repr(
        report.table([Row("a", "b", "ms", 3.0, 2.0, 1.3), Row("c", "d", "images/s", 5000.0, 1000.0, 4.0, True)])
    )
    missed, met = text.splitlines()[2:]
    assert missed.split() == ["a", "3", "ms", "b", "2", "1.50", "at", "most", "1.3", "MISSED"]
    assert met.split() == ["c", "5000", "images/s", "d", "1000", "5.00", "at", "least", "4", "met"]


def test_the_figure_draws_the_homeworks_loop_alone_as_the_homeworks_loop():
    speeds = [Row("training", "homework's loop, float32", "images/s", 2.0, 1.0)]
    speeds += [Row("training", "its convolutions alone", "images/s", 2.0, 3.0)]
    drawn = report.figure([*speeds, Row("one step, d = 5, n = 2", "the bare products", "ms", 2.0, 1.0)])
    report.plt.close(drawn)
    left = drawn.axes[0]
    assert [text.get_text() for text in left.get_xticklabels()] == ["training"]
    assert sorted(bar.get_height() for bar in left.patches) == [1, 2]


def test_the_homeworks_loop_trains_and_evaluates_as_plain_pytorch(brief):
    images = measure.random_images(10, 1)

    def network():
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))

    plain, model = network(), network()
    optimizers = [torch.optim.SGD(each.parameters(), 0.01, momentum=0.875) for each in (plain, model)]
    batches = list(homework_loop.loader(*images[:2], augmented=False))
    loss, accuracy = homework_loop.train(model, batches, optimizers[1], torch.device("cpu"))
    losses, right = [], 0
    for first in (0, 4, 8):
        x = augmentation.normalise(torch.as_tensor(images.train_images[first : first + 4])).contiguous()
        y = torch.as_tensor(images.train_labels[first : first + 4])
        scores = plain(x)
        losses += nn.functional.cross_entropy(scores, y, reduction="none").tolist()
        right += int((scores.argmax(1) == y).sum())
        optimizers[0].zero_grad()
        nn.functional.cross_entropy(scores, y).backward()
        optimizers[0].step()
    assert loss == pytest.approx(np.mean(losses), rel=1e-4) and accuracy == right / 10
    torch.testing.assert_close(model[1].weight, plain[1].weight, rtol=1e-4, atol=1e-5)
    found = homework_loop.evaluate(model, batches, torch.device("cpu"))
    assert found == training.evaluate(plain, *images[:2])


def test_the_homeworks_images_are_augmented_for_training_only(brief):
    images = measure.random_images(10, 1)
    plain, augmented = (homework_loop.Images(*images[:2], augmented=augmented) for augmented in (False, True))
    assert torch.equal(plain[3][0], plain[3][0]) and plain[3][1] == images.train_labels[3]
    assert len({augmented[3][0].numpy().tobytes() for _ in range(20)}) > 10
    assert len(homework_loop.loader(*images[:2], augmented=True)) == 3


def test_the_bare_products_are_those_of_the_gradient():
    products = measure.bare_products(THREE_POINTS.X, THREE_POINTS.y, steps=3)()
    assert np.array_equal(2 * products, THREE_POINTS.gradient(np.zeros(5)))


@pytest.mark.parametrize("gradients", [False, True])
def test_the_convolutions_alone_are_all_of_a_network_and_nothing_else(gradients):
    model, x = resnet.ResNet20().train(gradients), torch.randn(2, 3, 32, 32)
    run = convolutions.alone(model, x, gradients)

    def counted(call):
        """Return how often each convolution, by the shapes of its arguments, is computed in a call."""
        with torch.autograd.profiler.profile(record_shapes=True) as found:
            call()
        named = {"aten::convolution", "aten::convolution_backward"}
        rows = found.key_averages(group_by_input_shape=True)
        return {(row.key, str(row.input_shapes)): row.count for row in rows if row.key in named}

    whole = counted(lambda: model(x).sum().backward() if gradients else model(x))
    assert sum(whole.values()) == 21 * (1 + gradients) and counted(run) == whole


def test_everything_is_measured_shown_and_kept(brief, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(turns, "ROUNDS", 1)
    monkeypatch.setattr(turns.in_turn, "__kwdefaults__", {"rounds": 1})
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    monkeypatch.setattr(measure, "free_bytes", lambda: 10**7)  # d = 5000 finds too little memory
    monkeypatch.setattr(measure.doctor, "QUICK", ())
    memory = [Row("memory of fine-tuning beyond PyTorch's", "1.5 GB", "GB", 3.0, 1.5, 1.0)]
    parts = [part if part is not measure.memory else lambda quick: memory for part in measure.PARTS]
    for part in parts:
        part.__name__ = getattr(part, "__name__", "memory")
    monkeypatch.setattr(measure, "PARTS", parts)
    assert __main__.main(["bench", "--quick"]) == 0
    printed = capsys.readouterr().out
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert {file.name for file in tmp_path.iterdir()} == {"bench.json", "bench.png"}
    whats = [row["what"] for row in kept["rows"]]
    assert ("evaluation, each of two at once" in whats) == (sys.platform == "linux")
    for what in ("fine-tuning", "evaluation", "gradient descent", "trimmed L1", "1000 penalties", "one step, d = 500,"):
        assert any(name.startswith(what) for name in whats), f"{what} is not measured"
        assert what in printed
    assert [row["beside"] for row in kept["rows"]].count("its convolutions alone") == 2
    assert "d = 5000 left out" in printed and kept["quick"] is True
    assert all(row["ours"] > 0 for row in kept["rows"])
    assert "MISSED" in printed and [row["met"] for row in kept["rows"] if row["unit"] == "GB"] == [False]
    assert any(row["beside"] == "scikit-learn's Lasso" for row in kept["rows"])


def test_without_scikit_learn_bench_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "PARTS", ())
    monkeypatch.setattr(report, "figure", lambda rows: report.plt.figure())
    report.report(folder=tmp_path)
    assert "scikit-learn" not in capsys.readouterr().out
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    report.report(folder=tmp_path)
    assert capsys.readouterr().out.count("scikit-learn") == 1


@pytest.mark.slow
def test_a_peak_of_memory_is_seen():
    lines = "before = peak_bytes()", "np.ones(40_000_000)", "print(peak_bytes() - before)"
    code = "\n".join(["import numpy as np", "from labutils.maintenance.bench.measure import peak_bytes", *lines])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # a peak of its own
    assert 3.0e8 < int(run.stdout) < 5.0e8


def test_the_line_that_says_which_data_were_loaded_is_no_measurement(monkeypatch):
    printed = subprocess.CompletedProcess([], 0, stdout="Data: CIFAR-10, found on this computer.\n0.75\n")
    monkeypatch.setattr(measure.subprocess, "run", lambda *_, **__: printed)
    (row,) = measure.memory(quick=True)
    assert row.ours == 0.75 and row.met


def test_accuracies_are_compared_seed_by_seed_in_the_same_images(tmp_path, monkeypatch, capsys):
    """The two runs of a seed differ in nothing but the numbers, and what costs accuracy is seen."""
    runs = []

    def finetune(model, images, epochs, seed):
        fast = hardware.has_fast_bfloat16(torch.device("cpu"))
        runs.append((fast, seed, epochs, [layer.bits for _, layer in quantize.quant_layers(model)][1:-1]))
        return [{"accuracy": 0.1}, {"accuracy": 0.9 - 0.003 * fast}]

    monkeypatch.setattr(training, "finetune", finetune)
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    before = hardware.has_fast_bfloat16
    assert __main__.main(["bench", "--accuracy"]) == 0
    assert hardware.has_fast_bfloat16 is before
    assert [run[:3] for run in runs] == [(fast, seed, 2) for seed in range(3) for fast in (True, False)]
    assert all(set(bits) == {4} for *_, bits in runs)
    assert {file.name for file in tmp_path.iterdir()} == {"bench-accuracy.json"}
    rows = json.loads((tmp_path / "bench-accuracy.json").read_text())["rows"]
    count = len(find.load().test_labels)
    assert [row["met"] for row in rows] == [None, None, None, False]
    assert all(row["ours"] == pytest.approx(0.897 * count) for row in rows)
    assert all(row["theirs"] == pytest.approx(0.9 * count) for row in rows)
    assert "MISSED" in capsys.readouterr().out
    runs.clear()
    assert __main__.main(["bench", "--accuracy", "--quick"]) == 0
    assert [run[:3] for run in runs] == [(True, 0, 1), (False, 0, 1)]


def test_time_to_accuracy_counts_training_alone_and_misses_what_is_not_reached(brief, tmp_path, monkeypatch, capsys):
    """The test images are looked at once, at the end; what falls short of an accuracy has no time to it."""
    few, looked = random_data(train=48, test=20)._replace(source="CIFAR-10"), []
    monkeypatch.setattr(to_accuracy.find, "load", lambda name: few)
    monkeypatch.setattr(to_accuracy, "homework_speed", lambda images: 48.0)  # one epoch a second
    clock = iter(range(0, 10**6, 3))
    monkeypatch.setattr(to_accuracy.time, "perf_counter", lambda: next(clock))
    trained = []
    monkeypatch.setattr(
        training,
        "train",
        lambda model, data, recipe, progress: trained.append((model.bits, recipe, len(data.test_labels))),
    )
    monkeypatch.setattr(training, "evaluate", lambda model, images, labels: looked.append(len(labels)) or 0.9065)
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    assert __main__.main(["bench", "--to-accuracy"]) == 0
    rows = json.loads((tmp_path / "bench-to-accuracy.json").read_text())["rows"]
    assert len(rows) == 6 * 3 * 2 and looked == [20] * 18 and {count for *_, count in trained} == {1}
    assert {recipe.seed for _, recipe, _ in trained} == {0, 1, 2}
    assert all(type(recipe) is training.Annealed and recipe.learning_rate == 0.02 for _, recipe, _ in trained)
    by_goal = {(row["what"].split(", seed")[0], "report" in row["what"]): row for row in rows}
    assert by_goal["(3, 3, 3)", True]["ours"] == 3 and by_goal["(3, 3, 3)", True]["theirs"] == 10
    assert by_goal["(2, 2, 2)", True]["ratio"] == 3 / 20 and by_goal["(2, 2, 2)", True]["met"] is False
    missed = by_goal["(4, 4, 4)", True]
    assert missed["ours"] is missed["ratio"] is None and missed["met"] is False
    assert "MISSED" in capsys.readouterr().out


def test_the_homeworks_loop_is_timed_after_its_workers_have_started(brief, monkeypatch):
    calls = []
    monkeypatch.setattr(
        homework_loop, "train", lambda model, loader, *more: calls.append(len(loader)) or time.sleep(0.01)
    )
    speed = to_accuracy.homework_speed(random_data(train=40), batches=4)
    assert calls == [5, 5] and 100 < speed < 20 / 0.01
