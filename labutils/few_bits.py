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


def knobs_file(name):
    """Return the file of a data set's knobs: "cifar10-knobs.json"."""
    return f"{name}-knobs.json"


def measure_knob(float_model, images, recipe, bits=(2, 2, 2), epochs=4, seed=0, folder=None):
    """Train by one recipe without the held-out images, judge by them, and keep the result; nothing if it is kept.

    Parameters: float_model, an ImageData's float network; recipe, a name in `KNOBS`, or "homework" for
        `training.finetune`; folder, where the table is (None: checkpoints/).
    Returns: the accuracy on the held-out images after each epoch.
    Raises: ValueError where there is no such recipe, or the kept table was measured otherwise.
    """
    check_recipe(recipe, ["homework", *KNOBS])
    folder = Path(folder or checkpoints.FOLDER)
    path = folder / knobs_file(images.name)
    kept = {"held_out": HELD_OUT, "bits": list(bits), "epochs": epochs, "seed": seed}
    found = load_knobs(images.name, folder) if path.exists() else kept
    if {key: found[key] for key in kept} != kept:
        raise ValueError(f"{path}: expected a table of {kept}, found another one; delete the file to start anew")
    if recipe in found.get("accuracy", {}):
        return found["accuracy"][recipe]
    parts, state_file = data.held_out(images, HELD_OUT), folder / f"{images.name}-knob-{recipe}.training"
    if recipe == "homework":
        history = training.finetune(rounded(float_model, bits), parts, epochs, seed=seed, state_file=state_file)
    else:
        _, history = train(float_model, parts, bits, recipe, epochs, seed, state_file)
    accuracy = [round(epoch["accuracy"], 4) for epoch in history]
    with files.held(path, wait=True):  # another knob may be measured at this moment
        found = load_knobs(images.name, folder)["accuracy"] if path.exists() else {}
        content = kept | {"accuracy": found | {recipe: accuracy}}
        measured.save(path.name, images.name, knobs_command(images.name), content, folder)
    state_file.unlink()
    return accuracy


def knobs_command(name):
    """Return the command that makes the table of a data set's knobs."""
    return f"python -m labutils knobs --data {name}"


def load_knobs(name, folder=None):
    """Return the kept table of a data set's knobs: what it was measured with, and {"accuracy": {recipe: by epoch}}.

    Raises: as `measured.load` does.
    """

    def read(content):
        accuracy = {recipe: [float(share) for share in shares] for recipe, shares in content["accuracy"].items()}
        return {key: content[key] for key in ("held_out", "bits", "epochs", "seed")} | {"accuracy": accuracy}

    return measured.load(knobs_file(name), name, knobs_command(name), "what each knob is worth", read, folder)
