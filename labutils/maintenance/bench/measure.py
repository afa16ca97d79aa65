"""What is measured: each function yields the rows of one part of the table.

Training takes random images, of CIFAR-10's shape: no time depends on what a pixel holds. Evaluation takes the labs'
images and a kept network, for how many images bfloat16 leaves to float32 depends on both.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch import nn

from ... import doctor, files
from ...datasets import find
from ...linear import descent, regression
from ...networks import checkpoints, evaluation, hardware, training
from ...networks.resnet import ResNet20, folded, quantized
from .. import results_table
from . import convolutions, homework_loop, targets
from .turns import Row, in_turn
from .two_at_once import two_at_once

PENALTY = 1.0
BITS = (4, 4, 4)


def random_images(train, test):
    """Return an ImageData of random images."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (count, 32, 32, 3), np.uint8) for count in (train, test)]
    labels = [rng.integers(0, 10, count) for count in (train, test)]
    return find.ImageData(images[0], labels[0], images[1], labels[1], "random images")


def networks(quick):
    """Yield the rows for fine-tuning and evaluating, beside the homework's loop and beside the convolutions alone."""
    device, beside = hardware.default_device(), "homework's loop, float32"
    numbers = "bfloat16" if hardware.has_fast_bfloat16(device) else "float32"
    images = random_images((2 if quick else 8) * homework_loop.BATCH, 1)
    known, count = images[:2], len(images.train_images)
    ours, theirs = ResNet20(BITS).to(device), ResNet20(BITS).to(device)
    optimizer = torch.optim.SGD(theirs.parameters(), 0.002, momentum=0.875, weight_decay=1e-4)
    loader = homework_loop.loader(*known, augmented=True)
    x = torch.randn(homework_loop.BATCH, 3, 32, 32, device=device).to(memory_format=torch.channels_last)
    bare_run = convolutions.alone(ResNet20().to(device, memory_format=torch.channels_last).train(), x, gradients=True)
    seconds = in_turn(
        lambda: training.finetune(ours, images, epochs=1, progress=False),
        lambda: homework_loop.train(theirs, loader, optimizer, device),
        lambda: [bare_run() for _ in range(count // len(x))],
    )
    own, loop, bare = (count / taken for taken in seconds)
    yield Row(f"fine-tuning, {numbers}", beside, "images/s", own, loop, targets.FINE_TUNING, True)
    yield Row(f"fine-tuning, {numbers}", "its convolutions alone", "images/s", own, bare, targets.STEP[numbers], True)
    images = find.load()
    known, kept = (images.test_images[:count], images.test_labels[:count]), checkpoints.load(images.name, BITS)
    loader, kept = homework_loop.loader(*known, augmented=False), kept.to(device)
    x = x[: evaluation.FIT * torch.get_num_threads() // (1 if numbers == "bfloat16" else 2)]
    bare_run = convolutions.alone(folded(kept).to(memory_format=torch.channels_last), x, gradients=False)
    seconds = in_turn(
        lambda: training.evaluate(kept, *known),
        lambda: homework_loop.evaluate(kept, loader, device),
        lambda: [bare_run() for _ in range(round(count / len(x)))],
    )
    own, loop, bare = (count / taken for taken in seconds)
    yield Row(f"evaluation, {numbers}", beside, "images/s", own, loop, targets.EVALUATION, True)
    yield Row(f"evaluation, {numbers}", "its convolutions alone", "images/s", own, bare, targets.EVALUATED_ALONE, True)


def bare_products(X, y, steps=200):
    """Return a function that computes `steps` times what a gradient step cannot do without: X w - y, times X."""
    w = np.zeros(X.shape[1])

    def run():
        for _ in range(steps):
            products = (w @ X.T - y) @ X
        return products

    return run


def methods(quick):
    """Yield the rows for 200 steps of each Lab 1 method beside the bare products and, if it is there, scikit-learn."""
    problem = regression.THREE_POINTS
    runs = {
        "gradient descent": lambda: descent.gradient_descent(problem),
        "iterative pruning": lambda: descent.iterative_pruning(problem, 2),
        "L1 subgradient": lambda: descent.l1_subgradient(problem, PENALTY),
        "proximal gradient": lambda: descent.proximal_gradient(problem, 0.02 * PENALTY),
        "trimmed L1": lambda: descent.trimmed_proximal_gradient(problem, 0.02 * PENALTY, 2),
    }
    twins = {}
    with contextlib.suppress(ImportError):  # of the extra maintain; `report` says that it is missing
        from sklearn.linear_model import Lasso, LinearRegression, OrthogonalMatchingPursuit

        lasso = Lasso(PENALTY / (2 * len(problem.y)), fit_intercept=False, max_iter=200)
        twins["gradient descent"] = LinearRegression(fit_intercept=False)
        twins["iterative pruning"] = OrthogonalMatchingPursuit(n_nonzero_coefs=2)
        twins["L1 subgradient"] = twins["proximal gradient"] = lasso
    bare = bare_products(problem.X, problem.y)
    for name, run in runs.items():
        beside = {"the bare products": bare}
        if name in twins:
            twin = twins[name]
            beside[f"scikit-learn's {type(twin).__name__}"] = lambda twin=twin: twin.fit(problem.X, problem.y)
        with warnings.catch_warnings():  # the pursuit fits exactly and stops, which it warns of
            warnings.simplefilter("ignore", RuntimeWarning)
            ours, *others = (1e3 * seconds for seconds in in_turn(run, *beside.values()))
        for other, theirs in zip(beside, others):
            yield Row(f"{name}, 200 steps", other, "ms", ours, theirs)


def penalties(quick):
    """Yield the rows for 10, 100 and 1,000 penalties run at once, at d = 5, beside a single one."""

    def run(count):
        thresholds = np.linspace(0.001, 0.05, count)
        return lambda: descent.proximal_gradient(regression.THREE_POINTS, thresholds)

    counts = (1, 10, 100, 1000)
    one, *more = (1e3 * seconds for seconds in in_turn(*map(run, counts)))
    for count, taken in zip(counts[1:], more):
        target = targets.MANY_PENALTIES if count == 1000 else None
        yield Row(f"{count} penalties at once, 200 steps", "1 penalty", "ms", taken, one, target)


def free_bytes():
    """Return the memory that is free for use, in bytes, infinity where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def sizes(quick):
    """Yield the rows for one Lab 1 step with d weights and d/2 data points beside its bare products."""
    for d in (5, 50, 500, 5000) if quick else (5, 50, 500, 5000, 20_000):
        n = d // 2
        needed = 3 * 8 * n * d  # the numbers, the Regression's own copy, and room to make them
        if needed > free_bytes():
            print(f"bench: d = {d} left out: expected {needed / 1e9:.1f} GB of free memory, found less")
            continue
        rng = np.random.default_rng(0)
        problem = regression.Regression(rng.standard_normal((n, d)), rng.standard_normal(n))
        steps, rate = max(2, min(200, 10**8 // (n * d))), 1e-9 / d

        def run(problem=problem, steps=steps, rate=rate):
            start = np.zeros(problem.X.shape[1])
            descent.descend(lambda w: w - rate * problem.gradient(w), start, steps)

        both = (1e3 * seconds / steps for seconds in in_turn(run, bare_products(problem.X, problem.y, steps)))
        target = targets.LARGE_STEP if d == 5000 else None
        yield Row(f"one step, d = {d}, n = {n}", "the bare products", "ms", *both, target)


def tools(quick):
    """Yield the rows for what else is waited for: the results stored in all notebooks, and doctor."""
    notebooks = sorted(files.NOTEBOOKS.glob("*.ipynb"))
    seconds = in_turn(lambda: results_table.results_table(notebooks), lambda: list(doctor.findings(doctor.QUICK)))
    for what, taken in zip((f"results stored in {len(notebooks)} notebooks", "doctor"), seconds):
        yield Row(what, "", "s", taken)


def peak_bytes():
    """Return the most memory that this process ever held, in bytes, as Linux counts it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def finetune_once():
    """Fine-tune for two steps with CIFAR-10, or as much random data, in memory; print the peak beyond PyTorch's, in GB.

    For a process of its own: a peak is never forgotten.
    """
    device = hardware.default_device()
    nn.Conv2d(3, 4, 3).to(device)(torch.zeros(1, 3, 8, 8, device=device)).sum().backward()  # all of PyTorch is loaded
    before = peak_bytes()
    images = random_images(50_000, 10_000) if find.locate() is None else find.load()
    count = 2 * homework_loop.BATCH
    few = images._replace(
        train_images=images.train_images[:count], train_labels=images.train_labels[:count],
        test_images=images.test_images[:1000], test_labels=images.test_labels[:1000],
    )  # fmt: skip
    training.finetune(ResNet20(BITS).to(device), few, epochs=1, progress=False)
    print((peak_bytes() - before) / 1e9)


def memory(quick):
    """Yield the row for the memory that loading CIFAR-10 and fine-tuning take beyond PyTorch itself, on Linux."""
    if not Path("/proc/self/status").exists():
        print("bench: the peak of memory left out: expected Linux, found another system")
        return
    words = [sys.executable, "-c", f"from {__name__} import finetune_once; finetune_once()"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    yield Row(
        "memory of fine-tuning beyond PyTorch's", "1.5 GB", "GB", float(printed.splitlines()[-1]), 1.5, targets.MEMORY
    )


def accuracies(quick):
    """Yield the rows for how many test images are right after fine-tuning in bfloat16 beside float32, at 4 bits.

    Both runs of a seed see the same images in the same order. What decides between the two is no option of `training`:
    nobody but this comparison needs one.
    """
    images, device, epochs = find.load(), hardware.default_device(), 1 if quick else 2
    float_model = checkpoints.load(images.name)
    right = {True: [], False: []}
    for seed in range(1 if quick else 3):
        for fast, found in right.items():
            model = quantized(float_model, BITS).to(device)
            with mock.patch.object(hardware, "has_fast_bfloat16", lambda device, fast=fast: fast):
                accuracy = training.finetune(model, images, epochs, seed=seed)[-1]["accuracy"]
            found.append(accuracy * len(images.test_labels))
        what = f"{images.source}, {epochs} epochs, seed {seed}, bfloat16"
        yield Row(what, "float32", "images right", *(found[-1] for found in right.values()))
    means = map(statistics.mean, right.values())
    yield Row("mean of the seeds, bfloat16", "float32", "images right", *means, targets.BFLOAT16, True)


PARTS = (networks, two_at_once, methods, penalties, sizes, tools, memory)
