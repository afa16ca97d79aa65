"""Evaluates, trains and fine-tunes networks, with images in memory and whole batches augmented at once.

Used in notebooks/06 to 08. A run that is killed goes on from its last finished epoch and ends with the same weights.
"""

import contextlib
import copy
import hashlib
import io
import math
import sys
from dataclasses import asdict

import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from .. import files
from . import hardware
from .augmentation import augment, normalise, random_crops
from .quantize import quant_layers
from .recipe import Cosine, Recipe
from .resnet import folded

CHECK_EVERY = 10  # steps between looks at the loss, for which a GPU has to finish all that it was given
FIT = 40  # images in bfloat16 whose widest layers fit into a core's cache; more are slow, less so on a quiet computer
CLOSE = 0.25  # standard deviations of the scores; bfloat16 changed an order over 0.14 of them at most, at 3 and 2 bits


def default_device():
    """Return the GPU if PyTorch can use one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_fast_bfloat16(device):
    """Return whether `device` multiplies bfloat16 matrices in hardware, which makes autocast worth it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return hardware.has_bfloat16()


def autocast(device):
    """Return the context in which networks are computed in bfloat16, where that is fast on `device`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device))


def progress(items, description, total=None):
    """Yield the items under a progress bar with the time left; the bar is cleared away at the end.

    Parameters: items; description, what stands before the bar; total, how many, where the items do not say.
    """
    yield from tqdm(items, desc=description, total=total, leave=False)
    if "IPython" in sys.modules:  # in a notebook, remove the empty box that a finished bar leaves behind
        sys.modules["IPython"].display.clear_output()


def _scores(network, images, batch, bar=None):
    """Return the network's scores for uint8 images (n, 32, 32, 3), computed in the type of its weights: (n, 10)."""
    weights, scores, starts = next(network.parameters()), [], range(0, len(images), batch)
    for first in starts if bar is None else progress(starts, bar):
        x = normalise(images[first : first + batch].to(weights.device))
        scores.append(network(x.to(weights.dtype)).float())
    return torch.cat(scores)


@torch.inference_mode()
@torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)  # a GPU would round to 10 bits
def predict(model, images, batch=None, bar=None):
    """Return the classes (n,) that the model gives images, as computed in float32, on the processor.

    Where bfloat16 is twice as fast, it goes first, and float32 is asked again about every image whose best two scores
    lie closer together than bfloat16 can tell for sure. Parameters and state: as in `evaluate`.
    """
    images, exact = torch.as_tensor(images), folded(model).to(memory_format=torch.channels_last)
    batch = batch or FIT * torch.get_num_threads()
    half = max(1, batch // 2)  # float32 takes twice the room
    if has_fast_bfloat16(next(exact.parameters()).device):
        scores = _scores(copy.deepcopy(exact).bfloat16(), images, batch, bar)
        best, second = scores.topk(2).values.unbind(1)
        sure = (best - second > CLOSE * scores.std()).to(images.device)  # False where a score is NaN
        if not sure.all():
            scores[~sure.to(scores.device)] = _scores(exact, images[~sure], half)
    else:
        scores = _scores(exact, images, half, bar)
    return scores.argmax(1).cpu()


def evaluate(model, images, labels, batch=None, bar=None):
    """Return the share of images that the model classifies correctly, in [0, 1]; the model is left as it was.

    Parameters: model; images, uint8 (n, 32, 32, 3); labels, integers (n,); batch, images at a time in bfloat16, half
        as many in float32 (None: `FIT` for each thread); bar, what to write before a progress bar (None: no bar).
    Raises: ValueError where there are no images or as many labels as images are not given.
    """
    if len(images) != len(labels) or len(images) == 0:
        raise ValueError(f"images, labels: expected equally many, at least one, found {len(images)} and {len(labels)}")
    return int((predict(model, images, batch, bar) == torch.as_tensor(labels).cpu()).sum()) / len(images)


def save(content, path):
    """Write `content` as torch.save does, whole or not at all: see `files.write_whole`."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    files.write_whole(path, buffer.getvalue())


def _resume(state_file, recipe, model, optimizer, generator):
    """Put a kept state back into the model, the optimizer and the generator; return its history, [] where none is."""
    try:
        state = torch.load(state_file, map_location=next(model.parameters()).device, weights_only=True)
        found = state["recipe"]
        if found == recipe:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            generator.set_state(state["generator"].cpu())
            return state["history"]
    except FileNotFoundError:
        return []
    except Exception as error:  # a damaged file fails in torch, pickle or zipfile
        reason = " ".join(str(error).split())[:80]
        raise ValueError(
            f"{state_file}: expected the state of a training run, found {type(error).__name__}: {reason}; "
            "delete the file to start anew"
        ) from None
    raise ValueError(
        f"{state_file}: expected the state of a run with {recipe}, found one with {found}; "
        "delete the file to start anew"
    )


def fingerprint(model):
    """Return a digest of the model's weights: a run that starts elsewhere is another run."""
    digest = hashlib.sha256()
    for weights in model.state_dict().values():
        digest.update(weights.cpu().contiguous().numpy())
    return digest.hexdigest()


def _require_finite(epoch, *tensors):
    """Raise ValueError, naming the epoch, where the summed loss or a weight is NaN or infinite."""
    if not torch.stack([tensor.isfinite().all() for tensor in tensors]).all():
        raise ValueError(
            f"epoch {epoch + 1}: expected a finite loss and finite weights, found NaN or infinity; "
            "lower the learning rate"
        )


def _optimizer(model, recipe):
    """Return SGD as the recipe wants it; learned levels are no weights: nothing should pull them to zero."""
    levels = [level for name, level in model.named_parameters() if ".quantizer." in name]
    weights = [weight for name, weight in model.named_parameters() if ".quantizer." not in name]
    groups = [{"params": weights}, *([{"params": levels, "weight_decay": 0.0}] if levels else [])]
    numbers = {"momentum": recipe.momentum, "weight_decay": recipe.weight_decay, "nesterov": recipe.nesterov}
    return torch.optim.SGD(groups, recipe.learning_rate, **numbers)


def _batches(images, labels, size, generator):
    """Yield (inputs, labels) of all images once, augmented, in the order that the generator gives."""
    order = torch.randperm(len(images), generator=generator).to(images.device).split(size)
    crops = random_crops(len(images), generator).to(images.device).split(size)
    for chosen, crop in zip(order, crops):
        yield normalise(augment(images[chosen], crop)), labels[chosen]


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
    generator, optimizer = torch.Generator().manual_seed(recipe.seed), _optimizer(model, recipe)
    kept = asdict(recipe) | {"images": len(data.train_images), "source": data.source}
    kept |= {"bits": str([layer.bits for _, layer in quant_layers(model)]), "start": fingerprint(model)}
    kept |= identity or {}
    device, steps = next(model.parameters()).device, math.ceil(len(data.train_images) / recipe.batch)
    with contextlib.nullcontext() if state_file is None else files.held(state_file):
        history = [] if state_file is None else _resume(state_file, kept, model, optimizer, generator)
        images, labels, *test = (torch.as_tensor(array).to(device) for array in data[:4])
        model.to(memory_format=torch.channels_last)
        for epoch in range(len(history), recipe.epochs):
            model.train()
            after_step, name = before_epoch(epoch), f"epoch {epoch + 1}/{recipe.epochs}"
            batches = _batches(images, labels, recipe.batch, generator)
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
