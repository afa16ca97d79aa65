"""What all tests share: repeatable property tests, figures without a display, a network, how an error must read."""

from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("Agg")  # not by MPLBACKEND, which the kernels of the notebooks would inherit

# The same examples on every run, without a deadline: a busy machine fails no test.
settings.register_profile("labs", deadline=None, derandomize=True, database=None)
settings.load_profile("labs")


notebook_seconds = pytest.StashKey[dict]()


class NotebookTimes:
    """Adds up how long the cells of each notebook took: {"01_gradient_descent": seconds}.

    A plugin of its own, because the hooks of this file see the tests of this folder only.
    """

    def __init__(self, config):
        self.seconds = config.stash[notebook_seconds] = defaultdict(float)

    def pytest_runtest_logreport(self, report):
        file = Path(report.nodeid.split("::")[0])
        if file.suffix == ".ipynb":
            self.seconds[file.stem] += report.duration


def pytest_configure(config):
    config.pluginmanager.register(NotebookTimes(config))


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


@pytest.fixture(scope="session")
def random_network():
    """A float ResNet20 whose answers depend on the image and on the bits: random weights, statistics of random images.

    It is the same for all tests: leave it as it is.
    """
    import torch  # here, for most tests need none

    from labutils.resnet import ResNet20

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
