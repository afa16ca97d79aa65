"""Measures what each knob of the recipes for few bits is worth, and other seeds, and keeps both."""

import numpy as np

from ... import files
from ...few_bits import recipes
from ...networks import training
from ...results import ablation
from .keeping import save

HELD_OUT = 5000  # training images that the knobs are judged by


def held_out(images, count=HELD_OUT, seed=0):
    """Return the training images as a data set of their own, in which `count` of them stand in for the test images.

    Whoever chooses by these leaves the test set alone: it is for the one measurement at the end.
    Parameters: images, an ImageData; count; seed, of the random choice.
    """
    order = np.random.default_rng(seed).permutation(len(images.train_images))
    kept, held = np.sort(order[count:]), np.sort(order[:count])
    parts = (images.train_images[kept], images.train_labels[kept], images.train_images[held], images.train_labels[held])
    return type(images)(*parts, images.source)


def measure(float_model, images, recipe, bits=(2, 2, 2), epochs=4, seed=0, folder=None):
    """Train by one recipe without the held-out images, judge by them, and keep the result; nothing if it is kept.

    Parameters: float_model, an ImageData's float network; recipe, a name in `recipes.KNOBS`, or "homework" for
        `training.finetune`; folder, where the table is (None: checkpoints/).
    Returns: the accuracy on the held-out images after each epoch.
    Raises: ValueError where there is no such recipe, or the kept table was measured otherwise.
    """
    known = {"homework": None} | recipes.KNOBS
    named = None if recipe == "homework" else recipes.named(recipe, epochs, seed, known)
    parts = held_out(images, HELD_OUT)

    def run(state_file):
        if named is None:
            model = recipes.rounded(float_model, bits)
            return training.finetune(model, parts, epochs, state_file, seed=seed)
        return recipes.train(float_model, parts, bits, named, state_file)[1]

    settings = {"held_out": HELD_OUT, "bits": list(bits), "epochs": epochs, "seed": seed}
    return _measure("knobs", images.name, recipe, run, settings, folder)


def measure_seed(float_model, images, seed, recipe="learned", bits=(2, 2, 2), epochs=15, folder=None):
    """Train by a recipe from another seed and keep the test accuracy after each epoch; nothing if it is kept.

    Parameters and raises: as `measure`. Returns: the test accuracy after each epoch; the network is not kept.
    """
    named = recipes.named(recipe, epochs, seed, recipes.KNOBS)

    def run(state_file):
        return recipes.train(float_model, images, bits, named, state_file)[1]

    return _measure("seeds", images.name, seed, run, {"recipe": recipe, "bits": list(bits), "epochs": epochs}, folder)


def _measure(table, name, key, run, settings, folder):
    """Return the accuracy by epoch that a kept table has under a key; where it has none, of `run(state_file)`."""
    table, key = ablation.TABLES[table], str(key)
    path = table.path(name, folder)
    found = table.load(name, folder) if path.exists() else settings
    if {word: found[word] for word in settings} != settings:
        raise ValueError(f"{path}: expected a table of {settings}, found another one; delete the file to start anew")
    if key in found.get("accuracy", {}):
        return found["accuracy"][key]
    state_file = path.with_name(f"{path.stem}-{key}.training")
    accuracy = [round(epoch["accuracy"], 4) for epoch in run(state_file)]
    with files.held(path, wait=True):  # another row may be measured at this moment
        found = table.load(name, folder)["accuracy"] if path.exists() else {}
        content = settings | {"accuracy": found | {key: accuracy}}
        save(table, name, content, folder, f" --epochs {settings['epochs']}")
    state_file.unlink()
    return accuracy
