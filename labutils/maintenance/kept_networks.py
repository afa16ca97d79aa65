"""Trains a network by one of the recipes and keeps it in checkpoints/; goes on where it was interrupted."""

import copy
import io
import zipfile
from dataclasses import asdict
from pathlib import Path

import torch

from .. import datasets, files
from ..datasets import find
from ..few_bits import recipes
from ..networks import checkpoints, hardware, training
from ..networks.quantize import settle
from ..networks.resnet import ResNet20, inner_layers, quantized
from ..results import sensitivity


def packed(model):
    """Return the bytes of a network's file: its state dict, its weights as rounded as the layers use them, compressed.

    Of a rounded network the float weights that training moved are not kept: few different values pack to a tenth, and
    rounding them again changes nothing. `torch.load` reads the file as any other.
    """
    settled = settle(copy.deepcopy(model).cpu())
    weights = {key: value.contiguous() for key, value in settled.state_dict().items()}
    plain, small = io.BytesIO(), io.BytesIO()
    torch.save(weights, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            target.writestr(zipfile.ZipInfo(item.filename), source.read(item), zipfile.ZIP_DEFLATED, 9)
    return small.getvalue()


def _made_by(name, bits, named, recipe, start):
    """Return the command that makes a network: it states the epochs, and what is not usual."""
    usual, numbers = asdict(type(recipe)()), asdict(recipe)
    stated = ("epochs", "seed") if named else numbers  # the name states the others
    options = {key: numbers[key] for key in stated if key == "epochs" or numbers[key] != usual[key]}
    made_by = checkpoints.command(name, bits, named, **options)
    if start is not None and bits is None and named is None:  # a float network trained on takes both runs to make
        made_by = f"{start['command']} && {made_by} --restart"
    return made_by


def save(model, name, recipe, history, accuracy, start=None, folder=None, named=None):
    """Save a trained network and its entry in the manifest; neither is ever half-written.

    Parameters: model, a ResNet20, whose bits decide the file name; name, its data set; recipe, a
        `training.Recipe`; history, one dict per epoch as `training.finetune` returns it; accuracy, of these
        weights on the test set, in float32; start, the manifest's entry of the network that was trained on (None:
        random weights); folder, where to (None: checkpoints/); named, which of `recipes.RECIPES` it is (None: none).
    Returns: the path of the file.
    """
    folder = Path(folder or checkpoints.FOLDER)
    bits = None if model.bits == (None,) * 3 else model.bits
    path = folder / checkpoints.file_name(name, bits, named)
    files.write_whole(path, packed(model))
    by_epoch = [round(epoch["accuracy"], 4) for epoch in history]
    settled = by_epoch if bits else by_epoch[getattr(recipe, "prunings", 1) - 1 :]  # before that it had more weights
    best = max([*settled, accuracy])
    found = {
        "sha256": checkpoints.digest(path),
        "data": name,
        "fingerprints": find.fingerprints(name),
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "accuracy_last_epoch": round(accuracy, 4),
        "accuracy_best_epoch": round(best, 4),
        "accuracy_by_epoch": by_epoch,
        "torch": torch.__version__,
        "started_from": None if start is None else start["sha256"],
        "command": _made_by(name, bits, named, recipe, start),
    }
    bits_now, stages = ({n: layer.bits for n, layer in inner_layers(m).items()} for m in (model, ResNet20(model.bits)))
    if bits_now != stages:
        found["layer_bits"] = bits_now
    with files.held(folder / checkpoints.MANIFEST, wait=True):  # another run may add its own entry at this moment
        files.write_json(folder / checkpoints.MANIFEST, checkpoints.manifest(folder) | {path.name: found})
    return path


def _keep(run, images, bits, recipe, start, named=None):
    """Call `run(state_file)`, which returns (model, history); keep the network and say how good it is."""
    path = checkpoints.FOLDER / checkpoints.file_name(images.name, bits, named)
    state_file = path.with_suffix(".training")
    where = f"{recipe.epochs} epochs on {images.source}, {hardware.default_device()}"
    print(f"{path.name}: {where}; Ctrl-C stops, the same command goes on")
    model, history = run(state_file)
    accuracy = training.evaluate(model, images.test_images, images.test_labels)
    save(model, images.name, recipe, history, accuracy, start, named=named)
    state_file.unlink()
    best = checkpoints.entry(images.name, bits, named)["accuracy_best_epoch"]
    print(f"{path.name}: saved; test accuracy {accuracy:.4f} after the last epoch, {best:.4f} after the best")


def train(name, recipe, bits=None, restart=False):
    """Train the float network from scratch or on, or fine-tune it at few bits, and keep the result.

    Parameters: name, the data set's (None: as the labs choose); recipe, a `training.Recipe`; bits, three entries (None:
        the float network); restart, whether to train the kept float network on.
    """
    images, start = datasets.load(name), None
    if bits is None and not restart:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            model = ResNet20()
    else:
        start = checkpoints.entry(images.name)
        model = quantized(checkpoints.load(images.name), bits or (None,) * 3)
    model.to(hardware.default_device())
    _keep(lambda state: (model, training.train(model, images, recipe, state)), images, bits, recipe, start)


def anneal(name, named, bits=None, epochs=20, seed=0):
    """Train the float network on by a recipe of lab 08, and keep it; a pruned one is rounded after it was pruned.

    Parameters: name, as in `train`; named, one of `recipes.RECIPES`; bits, three entries, of which "allocated" wants
        three equal ones, the average (None: only prune).
    Raises: ValueError where the recipe needs bits, or equal ones.
    """
    recipe = recipes.named(named, epochs, seed)
    if bits is None and not recipe.sparsity:
        raise ValueError(f"--bits: expected bits for the recipe {named}, found none; only pruning leaves a float one")
    if named == "allocated" and len(set(bits)) > 1:
        raise ValueError(f"--bits: expected one number, the average to allocate, found {','.join(map(str, bits))}")
    images, float_model = images_and_network(name)
    before, options = (images.name,), {}
    if bits and recipe.sparsity:
        before = (images.name, None, named)
        options["start"] = checkpoints.load(*before).to(hardware.default_device())
    if named == "allocated":
        options["layer_bits"] = recipes.allocated(float_model, sensitivity.load(images.name), bits[0])

    def run(state_file):
        return recipes.train(float_model, images, bits, recipe, state_file, **options)

    _keep(run, images, bits, recipe, checkpoints.entry(*before), named)


def images_and_network(name):
    """Return the images of a data set (None: as the labs choose) and its float network, on the device to work on."""
    images = datasets.load(name)
    return images, checkpoints.load(images.name).to(hardware.default_device())
