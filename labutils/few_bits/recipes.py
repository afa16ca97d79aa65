"""Recipes for training at few bits or with few weights, and the run that each of them names. Used in notebooks/08."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from ..networks import hardware, resnet, training
from ..networks.quantize import FLOAT_BITS, quant_layers, set_bits
from . import allocation, pruning, ranges

TEMPERATURE, SOFT = 4.0, 0.9  # how soft a teacher's probabilities are, and how much of the loss they make up
QUANTIZERS = {
    "min-max": lambda w, bits: ranges.follows(ranges.min_max),
    "with zero": lambda w, bits: ranges.follows(ranges.min_max, zero=True),
    "learned": ranges.LearnedRange,
    "ternary": ranges.LearnedTernary,
    "binary": ranges.LearnedBinary,
    "of non-zeros": lambda w, bits: ranges.LearnedRange(w, bits, ranges.of_non_zeros, zero=True),
}


@dataclass(frozen=True, kw_only=True)
class FewBits(training.Cosine):
    """What one run of `train` does, as the manifest keeps it.

    teacher: whether the float network's scores are learned too; quantizer: one of `QUANTIZERS`; extra_bits: how many
    bits more than its own each rounded layer starts with, to lose them one by one in the first half of the epochs, for
    quantizers that follow the weights; sparsity: the share of the weights of all three stages, the smallest ones, that
    is set to zero and held there; prunings: in how many steps, one before each of the first epochs.
    Raises: ValueError where the epochs are too few for the prunings or to lose the extra bits.
    """

    epochs: int = 20
    learning_rate: float = 0.05
    weight_decay: float = 1e-4
    teacher: bool = False
    quantizer: str = "min-max"
    extra_bits: int = 0
    sparsity: float = 0.0
    prunings: int = 1

    def __post_init__(self):
        if self.epochs < 2 * self.extra_bits:
            raise ValueError(
                f"epochs: expected {2 * self.extra_bits} or more, to lose {self.extra_bits} extra bits, "
                f"found {self.epochs}"
            )
        if not 1 <= self.prunings <= self.epochs:
            raise ValueError(
                f"prunings: expected 1 to {self.epochs}, one before each of the first epochs, found {self.prunings}"
            )


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
PRUNED = KNOBS["annealed"] | {"sparsity": 0.8, "quantizer": "of non-zeros"}
GRADUAL = PRUNED | {"prunings": 4}
RECIPES = KNOBS | {
    "ternary": KNOBS["annealed"] | {"quantizer": "ternary"},
    "binary": KNOBS["annealed"] | {"quantizer": "binary", "learning_rate": 0.01},
    "allocated": KNOBS["learned"],
    "pruned": PRUNED,
    "gradual": GRADUAL,
    **{f"gradual{percent}": GRADUAL | {"sparsity": percent / 100} for percent in (90, 95, 98)},
}


def named(name, epochs, seed=0, known=RECIPES):
    """Return the `FewBits` that goes by a name in `known`; raise ValueError where there is none."""
    if name not in known:
        raise ValueError(
            f"recipe: expected one of {', '.join(known)}, found {name!r}; see labutils/few_bits/recipes.py"
        )
    return FewBits(**known[name], epochs=epochs, seed=seed)


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
    copy = resnet.quantized(model, bits).to(next(model.parameters()).device)
    set_bits(copy, layer_bits or {})
    for _, layer in quant_layers(copy):
        if layer.bits:  # neither float nor all zero
            layer.quantizer = QUANTIZERS[quantizer](layer.weight, layer.bits)
    return copy


def distillation_loss(scores, teacher_scores, labels):
    """Return the loss of a network that learns from a teacher's scores more than from the labels (nats).

    Parameters: scores and teacher_scores, (batch, classes); labels, integers (batch,).
    Returns: `SOFT` times the divergence from the teacher's softened probabilities to the network's, times the square of
        the temperature, which keeps its gradient's size; and 1 - `SOFT` times the cross-entropy.
    Source: Hinton, Vinyals and Dean (2015). Used in notebooks/08.
    """
    soft = [F.log_softmax(values / TEMPERATURE, dim=1) for values in (scores, teacher_scores)]
    divergence = F.kl_div(*soft, reduction="batchmean", log_target=True) * TEMPERATURE**2
    return SOFT * divergence + (1 - SOFT) * F.cross_entropy(scores, labels)


def _taught_by(teacher, device):
    """Return the loss, as `training.train` takes it, of a network that is taught by `teacher`."""
    teacher = resnet.folded(teacher).to(device, memory_format=torch.channels_last)
    autocast = hardware.autocast(device)

    def loss(scores, x, labels):
        with autocast, torch.no_grad():
            wanted = teacher(x).float()
        return distillation_loss(scores, wanted, labels)

    return loss


def _beginning(model, recipe):
    """Return what is called before each epoch: it takes bits away and prunes, and returns what holds the zeros."""
    own_bits = {layer: layer.bits for _, layer in quant_layers(model) if layer.bits}

    def begin(epoch):
        for layer, bits in own_bits.items():
            layer.bits = bits + max(0, math.ceil(recipe.extra_bits * (1 - 2 * epoch / recipe.epochs)))
        if recipe.sparsity == 0:
            return None
        # What was pruned before, by this run or by the one that made its network, is zero still, and stays.
        step = min(epoch + 1, recipe.prunings)
        share = max(pruning.sparsity(model), pruning.gradual(recipe.sparsity, step, recipe.prunings))
        masks = pruning.magnitude_masks(model, share)
        pruning.apply_masks(model, masks)
        return lambda: pruning.apply_masks(model, masks)

    return begin


def anneal(model, data, recipe, state_file=None, progress=True, teacher=None):
    """Train `model` in place by a recipe as it is: its own bits, quantizers and weights are where it starts.

    Parameters: recipe, a `FewBits`; teacher, the network that teaches (None: only the labels do); the others, returns
        and errors as in `training.train`. Until a network has lost its extra bits, or was pruned for the last time, the
        history's accuracies are of one with more bits or fewer zeros.
    """
    options, identity = {}, {"teacher": None}
    if teacher is not None:
        options["loss"] = _taught_by(teacher, next(model.parameters()).device)
        identity["teacher"] = training.fingerprint(teacher)
    begin = _beginning(model, recipe)
    return training.train(model, data, recipe, state_file, progress, before_epoch=begin, identity=identity, **options)


def train(float_model, data, bits, recipe, state_file=None, progress=True, start=None, layer_bits=None):
    """Train a float network on by a recipe; return (the new network, its history).

    Parameters: float_model, a ResNet20, which is left as it is and teaches where the recipe asks for it; data, an
        ImageData; bits, three entries, or None for a float network; recipe, a `FewBits`; start, the network to start
        from (None: the float one); layer_bits, as in `rounded`; the others as in `training.train`.
    Raises: as `training.train` does.
    """
    model = rounded(start or float_model, bits or (None,) * 3, recipe.quantizer, layer_bits)
    return model, anneal(model, data, recipe, state_file, progress, float_model if recipe.teacher else None)
