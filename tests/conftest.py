"""What all tests share: repeatable property tests, figures without a display, a network, an order, how errors read."""

import os
from contextlib import contextmanager

import matplotlib
import numpy as np
import pytest
from helpers import promises
from helpers.order import LONGEST
from hypothesis import settings

# What labs 06 and 07 train live, for two minutes each, is cut to seconds in the kernels that tests start.
os.environ.setdefault("LABUTILS_LIVE_SECONDS", "5")

matplotlib.use("Agg")  # not by MPLBACKEND, which the kernels of the notebooks would inherit

# The same examples on every run, without a deadline: a busy machine fails no test.
settings.register_profile("labs", deadline=None, derandomize=True, database=None)
settings.load_profile("labs")


def pytest_configure(config):
    config.pluginmanager.register(promises)  # the hooks of this file see the tests of this folder only


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session")
def refused():
    """`with refused("keep"):` passes where the block raises an error of one line, with these words in it.

    Unless other words are given first, the line says what was expected and what was found.
    """

    @contextmanager
    def check(*words, error=ValueError):
        with pytest.raises(error) as caught:
            yield
        message = str(caught.value)
        assert "\n" not in message
        for word in ("expected", "found", *words):
            assert word in message, f"{word!r} is missing in: {message}"

    return check


@pytest.fixture
def interrupt(monkeypatch):
    """`calls = interrupt(module, "evaluate")` stops the second call as Ctrl-C would; `calls` grows with each."""

    def patch(module, name):
        original, calls = getattr(module, name), []

        def stopping(*arguments):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return original(*arguments)

        monkeypatch.setattr(module, name, stopping)
        return calls

    return patch


@pytest.fixture(scope="session")
def random_network():
    """A float ResNet20 whose answers depend on the image and on the bits: random weights, statistics of random images.

    It is the same for all tests: leave it as it is.
    """
    import torch  # here, for most tests need none

    from labutils.networks.resnet import ResNet20

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ResNet20().train()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        with torch.no_grad():
            scores = network(torch.randn(200, 3, 32, 32))
            network.final_fc.linear.bias -= scores.mean(0)  # or one class would win everywhere
    return network.eval()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Sixty-four random images in place of CIFAR-10, and an empty checkpoints folder."""
    from labutils.datasets import find
    from labutils.networks import checkpoints

    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (64, 32, 32, 3), np.uint8), rng.integers(0, 10, 64)
    small = find.ImageData(images, labels, images[:32], labels[:32], "CIFAR-10")
    monkeypatch.setattr(find, "load", lambda name=None, root=None: small)
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def one_thread():
    """PyTorch on one thread: many are slower for so little work."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def gpu(monkeypatch, one_thread):
    """A pretended GPU, which `hardware.default_device` finds."""
    from helpers import pretended_gpu

    with pretended_gpu.switched_on(monkeypatch) as gpu:
        yield gpu
