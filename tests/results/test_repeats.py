"""The homework's runs from several seeds: they are the kept networks'."""

from labutils.networks import checkpoints
from labutils.results import repeats


def test_what_is_kept_is_the_kept_networks_first():
    """Seed 0 is that of the networks in checkpoints/: the same accuracies, and as many right as they say."""
    for bits, runs in repeats.load("cifar10").items():
        entry = checkpoints.entry("cifar10", bits)
        assert runs[0].accuracy == entry["accuracy_by_epoch"], bits
        for run in runs.values():
            assert len(run.classes) == 10_000 and round(float(run.right.mean()), 4) == run.accuracy[-1]
        assert len(runs) >= 2
