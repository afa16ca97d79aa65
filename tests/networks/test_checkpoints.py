"""Checkpoints: what is saved is what is loaded, and a damaged file is named with the command that mends it."""

import json
import shutil

import pytest
import torch

from labutils.few_bits import recipes
from labutils.maintenance import kept_networks
from labutils.networks import checkpoints, quantize, training
from labutils.networks.resnet import ResNet20, quantized

RECIPE = training.Recipe(epochs=2)
HISTORY = [{"epoch": 1, "loss": 2.0, "accuracy": 0.31}, {"epoch": 2, "loss": 1.9, "accuracy": 0.29}]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with one network, which no test changes."""
    folder = tmp_path_factory.mktemp("checkpoints")
    kept_networks.save(ResNet20((4, 4, 2)), "cifar10", RECIPE, HISTORY, 0.2901, folder=folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of that folder."""
    return shutil.copytree(saved, tmp_path, dirs_exist_ok=True)


def one_line(error):
    text = str(error.value)
    assert "\n" not in text and "expected" in text and "found" in text
    return text


def test_saved_network_is_loaded_with_its_bits_and_weights(tmp_path):
    model = ResNet20((2, 4, 4))
    path = kept_networks.save(model, "cifar10", RECIPE, HISTORY, 0.29, folder=tmp_path)
    loaded = checkpoints.load("cifar10", (2, 4, 4), folder=tmp_path)
    assert path.name == "cifar10-2-4-4.pt" and loaded.bits == (2, 4, 4) and not loaded.training
    layers = {f"{name}.weight": layer for name, layer in model.named_modules() if isinstance(layer, torch.nn.Conv2d)}
    for key, value in model.state_dict().items():
        bits = None if key not in layers or key.startswith("head") else (2, 4, 4)[int(key.split(".")[1]) // 3]
        assert torch.equal(loaded.state_dict()[key], quantize.linear_quantize(value, bits)), key


def test_a_rounded_network_packs_small_and_computes_the_same(tmp_path):
    model = ResNet20((2, 2, 2)).eval()
    path = kept_networks.save(model, "cifar10", RECIPE, HISTORY, 0.29, folder=tmp_path)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(checkpoints.load("cifar10", (2, 2, 2), folder=tmp_path)(x), model(x))
    assert path.stat().st_size < 4 * quantize.size_in_kb(ResNet20()) * 1000 / 32
    assert path.read_bytes() == kept_networks.packed(model)  # no date, no name of a computer


def test_manifest_says_what_the_file_is(folder):
    entry = checkpoints.entry("cifar10", (4, 4, 2), folder=folder)
    assert entry["sha256"] == checkpoints.digest(folder / "cifar10-4-4-2.pt")
    assert entry["accuracy_last_epoch"] == 0.2901 and entry["accuracy_best_epoch"] == 0.31
    assert entry["accuracy_by_epoch"] == [0.31, 0.29] and entry["epochs"] == 2 and entry["seed"] == 0
    assert entry["recipe"]["learning_rate"] == 0.002 and entry["recipe"]["momentum"] == 0.875
    assert entry["command"] == "python -m labutils finetune --bits 4,4,2 --data cifar10 --epochs 2"


def test_the_best_epoch_of_a_network_that_was_pruned_in_steps_is_one_after_the_last_step(tmp_path):
    history = [{"epoch": n, "loss": 1.0, "accuracy": accuracy} for n, accuracy in enumerate((0.5, 0.3, 0.31, 0.29), 1)]
    recipe = recipes.FewBits(epochs=4, sparsity=0.8, prunings=3)
    for model, best in ((ResNet20(), 0.31), (ResNet20((4, 4, 4)), 0.5)):  # the rounded one was pruned before it started
        kept_networks.save(model, "cifar10", recipe, history, 0.29, folder=tmp_path, named="gradual")
        bits = None if model.bits[0] is None else model.bits
        assert checkpoints.entry("cifar10", bits, "gradual", tmp_path)["accuracy_best_epoch"] == best


def test_saving_a_second_network_keeps_the_first(folder):
    kept_networks.save(ResNet20(), "cifar10", RECIPE, HISTORY, 0.5, folder=folder)
    assert set(checkpoints.manifest(folder)) == {"cifar10-4-4-2.pt", "cifar10-float.pt"}
    assert not list(folder.glob("*.tmp"))


def test_a_network_nobody_trained(folder):
    with pytest.raises(FileNotFoundError) as error:
        checkpoints.load("cifar10", (3, 3, 3), folder=folder)
    assert "finetune --bits 3,3,3" in one_line(error)


def test_a_missing_file(folder):
    (folder / "cifar10-4-4-2.pt").unlink()
    with pytest.raises(FileNotFoundError) as error:
        checkpoints.load("cifar10", (4, 4, 2), folder=folder)
    assert "cifar10-4-4-2.pt" in one_line(error) and "finetune --bits 4,4,2" in str(error.value)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_a_truncated_or_altered_file(folder, damage):
    path = folder / "cifar10-4-4-2.pt"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError) as error:
        checkpoints.load("cifar10", (4, 4, 2), folder=folder)
    assert "sha256" in one_line(error) and "cifar10-4-4-2.pt" in str(error.value)


def rewrite(folder, content):
    """Put other content behind a manifest that vouches for it."""
    path = folder / "cifar10-4-4-2.pt"
    torch.save(content, path)
    entries = checkpoints.manifest(folder)
    entries[path.name]["sha256"] = checkpoints.digest(path)
    (folder / "manifest.json").write_text(json.dumps(entries))


@pytest.mark.parametrize("content", [{"a": torch.zeros(3)}, {}, torch.nn.Linear(2, 2), [1, 2]])
def test_a_file_of_another_shape(folder, content):
    rewrite(folder, content)
    with pytest.raises(ValueError) as error:
        checkpoints.load("cifar10", (4, 4, 2), folder=folder)
    assert "ResNet-20" in one_line(error)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_manifest(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ValueError) as error:
        checkpoints.load("cifar10", (4, 4, 2), folder=folder)
    assert "manifest.json" in one_line(error)


def test_a_full_disk_leaves_the_old_checkpoint(folder, monkeypatch):
    before = (folder / "cifar10-4-4-2.pt").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left"):
        kept_networks.save(ResNet20((4, 4, 2)), "cifar10", RECIPE, HISTORY, 0.9, folder=folder)
    assert (folder / "cifar10-4-4-2.pt").read_bytes() == before
    assert checkpoints.entry("cifar10", (4, 4, 2), folder=folder)["accuracy_last_epoch"] == 0.2901
    assert not list(folder.glob("*.tmp"))


def test_quantized_copies_the_weights_and_leaves_the_float_network_alone():
    float_model = ResNet20()
    copy = quantized(float_model, (4, 4, 2))
    assert copy.bits == (4, 4, 2) and float_model.bits == (None, None, None)
    with torch.no_grad():
        copy.head_conv[0].conv.weight.zero_()
    assert float_model.head_conv[0].conv.weight.abs().sum() > 0


@pytest.mark.parametrize("name", ["cifar10.pt", "cifar10-learned.pt", "a-b-float.pt", "cifar10-4-4.pt", "x"])
def test_a_name_that_no_network_has(name, refused):
    with refused(name, "cifar10-4-4-2.pt"):
        checkpoints.parse(name)


@pytest.mark.parametrize("name", sorted(checkpoints.manifest()))
def test_every_committed_checkpoint_is_what_the_manifest_says(name):
    entry, (data, bits, recipe) = checkpoints.manifest()[name], checkpoints.parse(name)
    model = checkpoints.load(data, bits, recipe)
    assert entry["data"] == data and model.bits == (bits or (None, None, None))
    for _, layer in quantize.quant_layers(model):
        assert layer.bits is None or len(layer.weight.unique()) <= 2**layer.bits
    assert 0.5 < entry["accuracy_last_epoch"] <= entry["accuracy_best_epoch"] <= 1
    assert len(entry["accuracy_by_epoch"]) == entry["epochs"]
    assert entry["fingerprints"].keys() == {"train", "test"}
    if bits is not None or recipe is not None:
        pruned = recipe and "sparsity" in recipes.RECIPES[recipe]
        first = recipe if bits and pruned else None  # rounded after it was pruned
        assert entry["started_from"] == checkpoints.entry(data, None, first)["sha256"], "tuned from another network"
