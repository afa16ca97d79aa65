"""Recipes for few bits and few weights, those that differ in one knob, and what each is worth. Used in notebooks/08.

What a knob is worth is measured on training images that are held out, so that no choice looks at the test set.
"""

from pathlib import Path

from . import allocation, checkpoints, data, files, measured, ranges, training
from .quantize import FLOAT_BITS, quant_layers, set_bits

HELD_OUT = 5000  # training images that the knobs are judged by
QUANTIZERS = {
    "min-max": lambda w, bits: ranges.follows(ranges.min_max),
    "with zero": lambda w, bits: ranges.follows(ranges.min_max, zero=True),
    "learned": ranges.LearnedRange,
    "of non-zeros": lambda w, bits: ranges.LearnedRange(w, bits, ranges.of_non_zeros, zero=True),
}
# Each knob is turned alone, against "cosine"; the last two turn several at once.
KNOBS = {
    "cosine": {},
    "slower": {"learning_rate": 0.02},
    "free": {"weight_decay": 0.0},
    "taught": {"teacher": True},
    "zero": {"quantizer": "with zero"},
    "range": {"quantizer": "learned"},
    "progressive": {"extra_bits": 2},
    "annealed": {"teacher": True, "weight_decay": 0.0},
    "learned": {"teacher": True, "weight_decay": 0.0, "quantizer": "learned"},
}
PRUNED = {"teacher": True, "weight_decay": 0.0, "sparsity": 0.8, "quantizer": "of non-zeros"}
RECIPES = KNOBS | {"allocated": KNOBS["learned"], "pruned": PRUNED, "gradual": PRUNED | {"prunings": 4}}


def allocated(model, increase, average):
    """Return the bits {layer: bits} at which the loss is predicted to rise least, at no more than `average` bits.

    Parameters: model, a ResNet20; increase, what `sensitivity.measure` found; average, over all counted weights, the
        two float layers included. Raises: ValueError where that is too few, as `allocation.allocate` does.
    """
    sizes = {name: layer.weight.numel() for name, layer in quant_layers(model)}
    rounded_ones = {name: sizes[name] for name in increase}
    count, inner = sum(sizes.values()), sum(rounded_ones.values())
    return allocation.allocate(increase, rounded_ones, (average * count - FLOAT_BITS * (count - inner)) / inner)


def rounded(model, bits, quantizer="min-max", layer_bits=None):
    """Return a copy of a float ResNet20 with these bits per stage and such a quantizer in each of its rounded layers.

    Parameters: model; bits, three entries; quantizer, one of `QUANTIZERS`; layer_bits, {layer: bits} for the layers
        that have other bits than their stage (None: none has).
    """
    copy = checkpoints.quantized(model, bits).to(next(model.parameters()).device)
    set_bits(copy, layer_bits or {})
    for _, layer in quant_layers(copy):
        if layer.bits is not None:
            layer.quantizer = QUANTIZERS[quantizer](layer.weight, layer.bits)
    return copy


def train(
    float_model, images, bits, recipe, epochs, seed=0, state_file=None, progress=True, start=None, layer_bits=None
):  # fmt: skip
    """Train a float network on by one of the recipes; return (the new network, its history).

    Parameters: float_model, a ResNet20, which is left as it is and teaches where the recipe asks for it; images, an
        ImageData; bits, three entries, or None for a float network; recipe, a name in `RECIPES`; start, the network to
        start from (None: the float one); layer_bits, as in `rounded`; the others as in `training.anneal`.
    Raises: as `training.anneal` does.
    """
    knobs = dict(RECIPES[recipe])
    model = rounded(start or float_model, bits or (None,) * 3, knobs.pop("quantizer", "min-max"), layer_bits)
    teacher = float_model if knobs.pop("teacher", False) else None
    knobs |= {"seed": seed, "teacher": teacher, "state_file": state_file, "progress": progress}
    return model, training.anneal(model, images, epochs, **knobs)


def check_recipe(recipe, known):
    """Raise ValueError unless `recipe` is one of the names `known`."""
    if recipe not in known:
        raise ValueError(f"recipe: expected one of {', '.join(known)}, found {recipe!r}; see labutils/few_bits.py")


def numbers(recipe, epochs, seed):
    """Return a recipe's numbers and words for the manifest, its defaults included.

    Raises: ValueError where there is no such recipe.
    """
    check_recipe(recipe, RECIPES)
    return training.default_recipe(training.anneal) | RECIPES[recipe] | {"epochs": epochs, "seed": seed}


def measure_knob(float_model, images, recipe, bits=(2, 2, 2), epochs=4, seed=0, folder=None):
    """Train by one recipe without the held-out images, judge by them, and keep the result; nothing if it is kept.

    Parameters: float_model, an ImageData's float network; recipe, a name in `KNOBS`, or "homework" for
        `training.finetune`; folder, where the table is (None: checkpoints/).
    Returns: the accuracy on the held-out images after each epoch.
    Raises: ValueError where there is no such recipe, or the kept table was measured otherwise.
    """
    check_recipe(recipe, ["homework", *KNOBS])
    parts = data.held_out(images, HELD_OUT)

    def run(state_file):
        if recipe == "homework":
            return training.finetune(rounded(float_model, bits), parts, epochs, seed=seed, state_file=state_file)
        return train(float_model, parts, bits, recipe, epochs, seed, state_file)[1]

    settings = {"held_out": HELD_OUT, "bits": list(bits), "epochs": epochs, "seed": seed}
    return _measure("knobs", images.name, recipe, run, settings, folder)


def measure_seed(float_model, images, seed, recipe="learned", bits=(2, 2, 2), epochs=15, folder=None):
    """Train by a recipe from another seed and keep the test accuracy after each epoch; nothing if it is kept.

    Parameters: as in `measure_knob`. Returns: the test accuracy after each epoch; the network itself is not kept.
    """
    check_recipe(recipe, RECIPES)

    def run(state_file):
        return train(float_model, images, bits, recipe, epochs, seed, state_file)[1]

    return _measure("seeds", images.name, seed, run, {"recipe": recipe, "bits": list(bits), "epochs": epochs}, folder)


def _measure(table, name, key, run, settings, folder):
    """Return the accuracy by epoch that a kept table has under a key; where it has none, of `run(state_file)`."""
    folder, key = Path(folder or checkpoints.FOLDER), str(key)
    path = folder / f"{name}-{table}.json"
    found = load_table(table, name, folder) if path.exists() else settings
    if {word: found[word] for word in settings} != settings:
        raise ValueError(f"{path}: expected a table of {settings}, found another one; delete the file to start anew")
    if key in found.get("accuracy", {}):
        return found["accuracy"][key]
    state_file = folder / f"{name}-{table}-{key}.training"
    accuracy = [round(epoch["accuracy"], 4) for epoch in run(state_file)]
    with files.held(path, wait=True):  # another row may be measured at this moment
        found = load_table(table, name, folder)["accuracy"] if path.exists() else {}
        content = settings | {"accuracy": found | {key: accuracy}}
        measured.save(path.name, name, f"python -m labutils {table} --data {name}", content, folder)
    state_file.unlink()
    return accuracy


def load_table(table, name, folder=None):
    """Return a kept table of a data set's networks: how it was measured, and {"accuracy": {row: by epoch}}.

    Parameters: table, "knobs", whose rows are recipes, or "seeds"; name, the data set's; folder, where it is (None:
        checkpoints/). Raises: as `measured.load` does.
    """

    def read(content):
        accuracy = {row: [float(share) for share in shares] for row, shares in content["accuracy"].items()}
        words = ("held_out", "recipe", "bits", "epochs", "seed")
        return {word: content[word] for word in words if word in content} | {"accuracy": accuracy}

    what = f"the accuracies that labutils {table} measures"
    return measured.load(f"{name}-{table}.json", name, f"python -m labutils {table} --data {name}", what, read, folder)
