"""Tables measured on a network: each says of which, and none is taken for another network or damaged."""

import json
from itertools import product

import pytest
import torch

from labutils.datasets import find
from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import grid as measuring_grid
from labutils.maintenance.measuring import sensitivity as measuring_sensitivity
from labutils.networks import checkpoints, training
from labutils.networks.resnet import ResNet20
from labutils.results import grid, sensitivity

GRID = {bits: sum(bits) / 20 for bits in product((2, 4), repeat=3)}
SENSITIVITY = {"a": {2: 0.5, 3: 0.25}, "b": {2: 0.0, 10: 0.125}}
KINDS = {
    "grid": (grid, measuring_grid, GRID, "a grid of bits"),
    "sensitivity": (sensitivity, measuring_sensitivity, SENSITIVITY, "the layers' sensitivity"),
}


@pytest.fixture(params=KINDS)
def kept(request, tmp_path):
    """Return (module, path, command, what) of a table that was just kept, in a folder with its float network."""
    module, measured, table, what = KINDS[request.param]
    kept_networks.save(ResNet20(), "cifar10", training.Cosine(epochs=1), [{"accuracy": 0.5}], 0.5, folder=tmp_path)
    path = measured.save("cifar10", table, 70, tmp_path)
    assert path == tmp_path / f"cifar10-{request.param}.json"
    return module, path, f"labutils {request.param} --data cifar10", what


def test_a_table_says_what_it_was_measured_on(kept):
    _, path, command, _ = kept
    content = json.loads(path.read_text())
    assert content["network"] == "cifar10-float.pt" and content["data"] == "cifar10"
    assert content["sha256"] == checkpoints.digest(path.parent / "cifar10-float.pt")
    assert content["fingerprints"] == find.FINGERPRINTS
    assert content["torch"] == torch.__version__ and content["command"] == f"python -m {command}"
    assert not [file for file in path.parent.iterdir() if file.name.endswith(".tmp")]


def test_a_table_of_another_network_is_refused(kept, refused):
    module, path, command, what = kept
    manifest = path.parent / "manifest.json"
    manifest.write_text(manifest.read_text().replace(checkpoints.digest(path.parent / "cifar10-float.pt"), "0" * 64))
    with refused(path.name, what, "sha256", "000000000000", command):
        module.load("cifar10", path.parent)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"accuracy": 3, "increase": 3, "sha256": ""}'])
def test_a_damaged_table_is_refused(kept, refused, content):
    module, path, command, what = kept
    path.write_text(content)
    with refused(path.name, what, command):
        module.load("cifar10", path.parent)


def test_a_table_with_odd_entries_is_refused(kept, refused):
    module, path, command, what = kept
    for found in (
        {"accuracy": {"a": 1}, "increase": {"a": {"x": 1}}},
        {"accuracy": {"2,2,2": None}, "increase": {"a": 1}},
    ):
        path.write_text(json.dumps(found | {"sha256": ""}))
        with refused(path.name, what, command):
            module.load("cifar10", path.parent)


def test_a_missing_table_says_how_to_get_one(kept, refused):
    module, path, command, what = kept
    path.unlink()
    with refused(path.name, what, "no file", command, error=FileNotFoundError):
        module.load("cifar10", path.parent)
