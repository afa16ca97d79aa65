"""Recipes for training at few bits or with few weights. Used in notebooks/08."""

from . import allocation, checkpoints, ranges, training
from .quantize import FLOAT_BITS, quant_layers, set_bits

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
        if layer.bits:  # neither float nor all zero
            layer.quantizer = QUANTIZERS[quantizer](layer.weight, layer.bits)
    return copy


def train(
    float_model, images, bits, recipe, epochs, seed=0, state_file=None, progress=True, start=None, layer_bits=None
):  # fmt: skip
    """Train a float network on by one of the recipes; return (the new network, its history).

    Parameters: float_model, a ResNet20, which is left as it is and teaches where the recipe asks for it; images, an
        ImageData; bits, three entries, or None for a float network; recipe, a name in `RECIPES`; start, the network to
        start from (None: the float one); layer_bits, as in `rounded`; the others as in `training.anneal`.
    Raises: as `training.anneal` does; ValueError where bits are to be allocated and are not.
    """
    if recipe == "allocated" and not layer_bits:
        raise ValueError(f"layer_bits: expected the bits that `allocated` returns, found {layer_bits!r}")
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
