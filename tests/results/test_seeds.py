"""The table of seeds: one that is damaged is refused, and each run has as many epochs as the kept network."""

import pytest

from labutils.networks import checkpoints
from labutils.results import seeds


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"accuracy": {"learned": {"2;2": {}}}, "sha256": ""}'])
def test_a_damaged_table(tmp_path, content, refused):
    (tmp_path / "cifar10-seeds.json").write_text(content)
    with refused("labutils seeds --data cifar10"):
        seeds.load("cifar10", tmp_path)


def test_every_run_has_the_epochs_of_the_network_that_is_kept_from_seed_0():
    for (recipe, bits), runs in seeds.load("cifar10").items():
        kept = checkpoints.manifest().get(checkpoints.file_name("cifar10", bits, recipe))
        assert (0 in runs) == (kept is None), "the run from seed 0 stands here where its network is not kept"
        epochs = {len(by_epoch) for by_epoch in runs.values()}
        assert epochs == {kept["epochs"]} if kept else len(epochs) == 1
