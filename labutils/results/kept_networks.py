"""Trains a network by one of the recipes and keeps it beside the others; goes on where it was interrupted."""

import torch

from .. import datasets
from ..few_bits import recipes
from ..networks import checkpoints, hardware, training
from ..networks.resnet import ResNet20, quantized
from . import sensitivity


def _keep(run, images, bits, recipe, start, named=None):
    """Call `run(state_file)`, which returns (model, history); keep the network and say how good it is."""
    path = checkpoints.FOLDER / checkpoints.file_name(images.name, bits, named)
    state_file = path.with_suffix(".training")
    where = f"{recipe.epochs} epochs on {images.source}, {hardware.default_device()}"
    print(f"{path.name}: {where}; Ctrl-C stops, the same command goes on")
    model, history = run(state_file)
    accuracy = training.evaluate(model, images.test_images, images.test_labels)
    checkpoints.save(model, images.name, recipe, history, accuracy, start, named=named)
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
