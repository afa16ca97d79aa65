"""Measures what each knob of the recipes for few bits is worth, and keeps that."""

import numpy as np

from ...few_bits import recipes
from ...networks import training
from ...results.ablation import TABLE
from .keeping import add

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

    settings = {"held_out": HELD_OUT, "bits": list(bits), "epochs": epochs, "seed": seed}
    path = TABLE.path(images.name, folder)
    found = TABLE.load(images.name, folder) if path.exists() else settings
    if {word: found[word] for word in settings} != settings:
        raise ValueError(f"{path}: expected a table of {settings}, found another one; delete the file to start anew")
    if recipe in found.get("accuracy", {}):
        return found["accuracy"][recipe]
    state_file = path.with_name(f"{path.stem}-{recipe}.training")
    if named is None:
        history = training.finetune(recipes.rounded(float_model, bits), parts, epochs, state_file, seed=seed)
    else:
        history = recipes.train(float_model, parts, bits, named, state_file)[1]
    accuracy = [round(epoch["accuracy"], 4) for epoch in history]

    def content(kept):
        return settings | {"accuracy": kept.get("accuracy", {}) | {recipe: accuracy}}

    add(TABLE, images.name, content, folder, f" --epochs {epochs}")
    state_file.unlink()
    return accuracy
