"""Measures how far a recipe of lab 08 comes from other seeds than the one whose network is kept, and keeps that."""

from ...few_bits import recipes
from ...results import seeds
from ...results.grid import as_text
from .keeping import add

FROM_FLOAT = recipes.KNOBS | {name: recipes.RECIPES[name] for name in ("ternary", "binary")}


def measure(float_model, images, seed, recipe="learned", bits=(2, 2, 2), epochs=15, folder=None):
    """Train by a recipe from a seed and keep the test accuracy after each epoch, which is returned; not the network.

    Parameters: float_model, an ImageData's float network; seed; recipe, one of `recipes.RECIPES` that starts from it
        and needs no more than bits; bits, three entries; epochs; folder, where the table is (None: checkpoints/). A run
        that is kept is not trained again.
    Raises: ValueError where there is no such recipe, or the kept run has another number of epochs.
    """
    named, path = recipes.named(recipe, epochs, seed, FROM_FLOAT), seeds.TABLE.path(images.name, folder)
    kept = seeds.load(images.name, folder) if path.exists() else {}
    if accuracy := kept.get((recipe, bits), {}).get(seed):
        if len(accuracy) != epochs:
            run = f"{path}: {recipe} at {as_text(bits)} from seed {seed}"
            raise ValueError(f"{run}: expected {epochs} epochs, found {len(accuracy)}; ask for as many, or delete it")
        return accuracy
    state_file = path.with_name(f"{path.stem}-{recipe}-{as_text(bits)}-{seed}.training")
    history = recipes.train(float_model, images, bits, named, state_file)[1]
    accuracy = [round(epoch["accuracy"], 4) for epoch in history]

    def content(kept):
        kept.setdefault((recipe, bits), {})[seed] = accuracy
        found = {}
        for (name, at), runs in kept.items():
            found.setdefault(name, {})[as_text(at)] = {str(number): shares for number, shares in runs.items()}
        return {"accuracy": found}

    add(seeds.TABLE, images.name, content, folder)
    state_file.unlink()
    return accuracy
