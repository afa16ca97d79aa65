"""How much each layer loses at few bits: the kept tables belong to the kept networks."""

import json

import pytest

from labutils.maintenance.measuring import sensitivity as measuring
from labutils.networks import checkpoints
from labutils.networks.resnet import ResNet20, inner_layers
from labutils.results import sensitivity


@pytest.mark.parametrize("name", ["cifar10", "shapes10"])
def test_the_kept_tables_belong_to_the_kept_networks(name):
    found = sensitivity.load(name)
    assert list(found) == list(inner_layers(ResNet20()))
    assert all(list(by_bits) == [2, 3, 4, 5, 6] for by_bits in found.values())
    content = json.loads((checkpoints.FOLDER / sensitivity.TABLE.path(name).name).read_text())
    assert content["train_images"] == measuring.IMAGES
    total = [sum(by_bits[bits] for by_bits in found.values()) for bits in sensitivity.CHOICES]
    assert total == sorted(total, reverse=True) and total[0] > 10 * total[1]  # in all, each bit helps, the third most
    assert max(abs(by_bits[6]) for by_bits in found.values()) < 0.002  # six bits cost no layer anything
