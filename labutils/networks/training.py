"""Trains and fine-tunes networks, with images in memory and whole batches augmented at once. Used in all of Lab 2.

A run that is killed goes on from its last finished epoch and ends with the same weights.
"""

import contextlib
import math
from dataclasses import asdict

import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from .. import files
from .augmentation import augment, normalise, random_crops
from .evaluation import evaluate, predict, progress
from .hardware import autocast
from .hyperparameters import Annealed, Cosine, Recipe
from .quantize import is_level, quant_layers
from .training_state import fingerprint, resume, save

# The labs know all of it by this module's name, whichever of its neighbours it is from.
__all__ = ["Annealed", "Cosine", "Recipe", "evaluate", "finetune", "fingerprint", "predict", "pretrain", "progress"]

CHECK_EVERY = 10  # steps between looks at the loss, for which a GPU has to finish all that it was given


def _require_finite(epoch, *tensors):
    """Raise ValueError, naming the epoch, where the summed loss or a weight is NaN or infinite."""
    if not torch.stack([tensor.isfinite().all() for tensor in tensors]).all():
        raise ValueError(
            f"epoch {epoch + 1}: expected a finite loss and finite weights, found NaN or infinity; "
            "lower the learning rate"
        )


def make_optimizer(model, recipe):
    """Return SGD as the recipe wants it; learned levels are no weights: nothing should pull them to zero."""
    levels = [level for name, level in model.named_parameters() if is_level(name)]
    weights = [weight for name, weight in model.named_parameters() if not is_level(name)]
    groups = [{"params": weights}, *([{"params": levels, "weight_decay": 0.0}] if levels else [])]
    numbers = {"momentum": recipe.momentum, "weight_decay": recipe.weight_decay, "nesterov": recipe.nesterov}
    return torch.optim.SGD(groups, recipe.learning_rate, **numbers)


def plan_epoch(count, size, generator, device):
    """Return [(indices, crops), ...]: the batches of one epoch over `count` images, as the generator draws them."""
    order = torch.randperm(count, generator=generator).to(device).split(size)
    return list(zip(order, random_crops(count, generator).to(device).split(size)))


def batch(images, labels, chosen, crops):
    """Return (inputs, labels) of the images `chosen`, augmented by their `crops`."""
    return normalise(augment(images[chosen], crops)), labels[chosen]


def _train_epoch(model, batches, optimizer, rates, loss, after_step, epoch):
    """Train on the batches, one learning rate for each; return the mean loss of an image (nats)."""
    device = next(model.parameters()).device
    total, count = torch.zeros((), device=device), 0
    mixed = autocast(device)
    for step, (rate, (x, labels)) in enumerate(zip(rates, batches)):
        for group in optimizer.param_groups:
            group["lr"] = rate
        with mixed:
            scores = model(x).float()
        mean = loss(scores, x, labels)
        total += mean.detach() * len(x)
        count += len(x)
        if step % CHECK_EVERY == 0:
            _require_finite(epoch, total)
        optimizer.zero_grad()
        mean.backward()
        optimizer.step()
        if after_step:
            after_step()
    _require_finite(epoch, total, *model.state_dict().values())  # before they are kept
    return float(total) / count


def step(model, optimizer, x, labels):
    """Move the model's float weights by one step and return the cross-entropy loss (nats), as notebooks/06 does."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _cross_entropy(scores, x, labels):
    return F.cross_entropy(scores, labels)


@torch.backends.cudnn.flags(enabled=True, deterministic=True)
def train(
    model, data, recipe, state_file=None, progress=True, loss=_cross_entropy, before_epoch=lambda epoch: None,
    identity=None,
):  # fmt: skip
    """Train `model` in place as a recipe says; with a state file, go on where the same call was interrupted.

    Parameters: model, on the device to train on; data, an ImageData; recipe, a `Recipe`, whose seed fixes the order of
        the images and their augmentation; state_file, where each epoch's state is kept (None: not kept); progress,
        whether to show a bar; loss, a function of the scores, the inputs and the labels of a batch; before_epoch, a
        function of the epoch's number from 0, which returns what to call after each step, or None; identity, what else
        tells this run from others, a dict (None: nothing).
    Returns: a list with one {"epoch", "loss", "accuracy"} per epoch: mean training loss (nats) and test accuracy.
        The model holds the weights of the last epoch, not of the best one.
    Raises: ValueError where the loss stops being finite or `state_file` belongs to another run; OSError where it
        cannot be written or another process trains on it.
    """
    generator, optimizer = torch.Generator().manual_seed(recipe.seed), make_optimizer(model, recipe)
    kept = asdict(recipe) | {"images": len(data.train_images), "source": data.source}
    kept |= {"bits": str([layer.bits for _, layer in quant_layers(model)]), "start": fingerprint(model)}
    kept |= identity or {}
    device, steps = next(model.parameters()).device, math.ceil(len(data.train_images) / recipe.batch)
    with contextlib.nullcontext() if state_file is None else files.held(state_file):
        history = [] if state_file is None else resume(state_file, kept, model, optimizer, generator)
        images, labels, *test = (torch.as_tensor(array).to(device) for array in data[:4])
        model.to(memory_format=torch.channels_last)
        for epoch in range(len(history), recipe.epochs):
            model.train()
            after_step, name = before_epoch(epoch), f"epoch {epoch + 1}/{recipe.epochs}"
            planned = plan_epoch(len(images), recipe.batch, generator, device)
            batches = (batch(images, labels, *choice) for choice in planned)
            bar = tqdm(batches, desc=name, total=steps, unit="batch", leave=False, disable=not progress)
            rates = (recipe.rate((epoch * steps + step) / (recipe.epochs * steps)) for step in range(steps))
            mean = _train_epoch(model, bar, optimizer, rates, loss, after_step, epoch)
            history.append({"epoch": epoch + 1, "loss": mean, "accuracy": evaluate(model, *test)})
            if progress:
                tqdm.write(f"{name}: training loss {mean:.4f}, test accuracy {history[-1]['accuracy']:.4f}")
            if state_file is not None:
                state = {"recipe": kept, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
                save(state | {"generator": generator.get_state(), "history": history}, state_file)
    return history


def finetune(model, data, epochs=10, state_file=None, progress=True, **numbers):
    """Fine-tune `model` in place by the homework's recipe: SGD at a constant learning rate.

    Parameters: numbers, those of `Recipe` that are to be others than the homework's; the rest as in `train`.
    Returns and raises: as `train` does.
    """
    return train(model, data, Recipe(epochs=epochs, **numbers), state_file, progress)


def pretrain(model, data, epochs=200, state_file=None, progress=True, **numbers):
    """Train a float `model` in place from its initial weights, at a rate that falls along a cosine.

    Parameters: numbers, those of `Cosine` that are to be others than usual; the rest as in `train`.
    Returns and raises: as `train` does.
    """
    return train(model, data, Cosine(epochs=epochs, **numbers), state_file, progress)
