"""Evaluates, trains and fine-tunes networks, with images in memory and whole batches augmented at once.

Used in notebooks/06 to 08. A run that is killed goes on from its last finished epoch and ends with the same weights.
"""

import contextlib
import copy
import hashlib
import inspect
import io
import math
import sys

import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from . import files, hardware, pruning
from .augmentation import augment, normalise, random_crops
from .quantize import quant_layers
from .resnet import folded

CHECK_EVERY = 10  # steps between looks at the loss, for which a GPU has to finish all that it was given
TEMPERATURE, SOFT = 4.0, 0.9  # how soft a teacher's probabilities are, and how much of the loss they make up
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
def evaluate(model, images, labels, batch=None, bar=None):
    """Return the share of images that the model classifies correctly, as computed in float32.

    Where bfloat16 is twice as fast, it goes first, and float32 is asked again about every image whose best two scores
    lie closer together than bfloat16 can tell for sure.
    Parameters: model; images, uint8 (n, 32, 32, 3); labels, integers (n,); batch, images at a time in bfloat16, half
        as many in float32 (None: `FIT` for each thread); bar, what to write before a progress bar (None: no bar).
    Returns: accuracy in [0, 1]. The model itself is left as it was.
    Raises: ValueError where there are no images or as many labels as images are not given.
    """
    if len(images) != len(labels) or len(images) == 0:
        raise ValueError(f"images, labels: expected equally many, at least one, found {len(images)} and {len(labels)}")
    images, labels = torch.as_tensor(images), torch.as_tensor(labels)
    exact = folded(model).to(memory_format=torch.channels_last)
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
    return int((scores.argmax(1) == labels.to(scores.device)).sum()) / len(images)


def save_atomically(content, path):
    """Write `content` as torch.save does, whole or not at all: see `files.write_whole`."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    files.write_whole(path, buffer.getvalue())


def default_recipe(run):
    """Return what `run`, which is `finetune` or `pretrain`, does unless told otherwise: its numbers, by name."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(run).parameters.items()}
    return {name: value for name, value in defaults.items() if type(value) in (int, float)}


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


def _fingerprint(model):
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


def _epochs(model, data, optimizer, rate_at, begin, recipe, teacher, history, generator, progress):
    """Train from the epoch after the last one in `history` on; extend it and yield after each epoch.

    The learning rate of a step is `rate_at(done)`, where `done` in [0, 1) is the share of the run behind it.
    `begin(epoch)` is called before each epoch and returns the masks that its steps keep to, as `pruning` makes them.
    """
    epochs, batch = recipe["epochs"], recipe["batch"]
    device = next(model.parameters()).device
    arrays = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    images, labels, *test = (torch.as_tensor(array).to(device) for array in arrays)
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device))
    model.to(memory_format=torch.channels_last)
    if teacher is not None:
        teacher = folded(teacher).to(device, memory_format=torch.channels_last)
    steps = math.ceil(len(images) / batch)
    for epoch in range(len(history), epochs):
        model.train()
        masks = begin(epoch)
        order = torch.randperm(len(images), generator=generator).to(device).split(batch)
        crops = random_crops(len(images), generator).to(device).split(batch)
        total_loss = torch.zeros((), device=device)
        bar = tqdm(order, desc=f"epoch {epoch + 1}/{epochs}", unit="batch", leave=False, disable=not progress)
        for step, chosen in enumerate(bar):
            for group in optimizer.param_groups:
                group["lr"] = rate_at((epoch * steps + step) / (epochs * steps))
            x = normalise(augment(images[chosen], crops[step]))
            with autocast:
                scores = model(x).float()
            if teacher is None:
                loss = F.cross_entropy(scores, labels[chosen])
            else:
                with autocast, torch.no_grad():
                    wanted = teacher(x).float()
                loss = distillation_loss(scores, wanted, labels[chosen])
            total_loss += loss.detach() * len(chosen)
            if step % CHECK_EVERY == 0:
                _require_finite(epoch, total_loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if masks:
                pruning.apply_masks(model, masks)
        _require_finite(epoch, total_loss, *model.state_dict().values())  # before they are kept
        mean_loss = float(total_loss) / len(images)
        accuracy = evaluate(model, *test)
        history.append({"epoch": epoch + 1, "loss": mean_loss, "accuracy": accuracy})
        if progress:
            tqdm.write(f"epoch {epoch + 1}/{epochs}: training loss {mean_loss:.4f}, test accuracy {accuracy:.4f}")
        yield


@torch.backends.cudnn.flags(enabled=True, deterministic=True)
def _train(model, data, optimizer, rate_at, recipe, state_file, progress, teacher=None, begin=lambda epoch: {}):
    """Train as `recipe` says and return the history; with a state file, resume there and keep each epoch's state."""
    generator = torch.Generator().manual_seed(recipe["seed"])
    kept = recipe | {"images": len(data.train_images), "source": data.source}
    kept |= {"bits": str([layer.bits for _, layer in quant_layers(model)])}
    kept |= {"start": _fingerprint(model), "teacher": None if teacher is None else _fingerprint(teacher)}
    with contextlib.nullcontext() if state_file is None else files.held(state_file):
        history = [] if state_file is None else _resume(state_file, kept, model, optimizer, generator)
        for _ in _epochs(model, data, optimizer, rate_at, begin, recipe, teacher, history, generator, progress):
            if state_file is not None:
                state = {"recipe": kept, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
                save_atomically(state | {"generator": generator.get_state(), "history": history}, state_file)
    return history


def finetune(
    model, data, epochs=10, learning_rate=0.002, momentum=0.875, weight_decay=1e-4, batch=256, seed=0,
    state_file=None, progress=True,
):  # fmt: skip
    """Fine-tune `model` in place by the homework's recipe: SGD at a constant learning rate.

    Parameters: model, on the device to train on; data, an ImageData; epochs; the recipe; seed, which fixes the order
        of the images and their augmentation; state_file, where each epoch's state is kept, so that the same call goes
        on after an interruption (None: not kept); progress, whether to show a bar.
    Returns: a list with one {"epoch", "loss", "accuracy"} per epoch: mean training loss (nats) and test accuracy.
        The model holds the weights of the last epoch, not of the best one.
    Raises: ValueError where the loss stops being finite or `state_file` belongs to another run; OSError where it
        cannot be written or another process trains on it.
    """
    recipe = {"epochs": epochs, "learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    recipe |= {"batch": batch, "seed": seed}
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum=momentum, weight_decay=weight_decay)
    return _train(model, data, optimizer, lambda done: learning_rate, recipe, state_file, progress)


def anneal(
    model, data, epochs=20, learning_rate=0.05, momentum=0.9, weight_decay=1e-4, batch=256, warm_up=0.1, seed=0,
    state_file=None, progress=True, teacher=None, extra_bits=0, sparsity=0.0, prunings=1,
):  # fmt: skip
    """Train `model` in place with SGD with Nesterov momentum at a rate that warms up and then falls along a cosine.

    Parameters: as in `finetune`; learning_rate is the highest one, reached after the share `warm_up` of the run;
        teacher, a network whose scores are learned too (None: only the labels are): see `distillation_loss`;
        extra_bits, how many bits more than its own each rounded layer starts with, to lose them one by one in the first
        half of the epochs, for quantizers that follow the weights; sparsity, the share of the weights of all three
        stages, the smallest ones, that is set to zero and held there; prunings, in how many steps, one before each of
        the first epochs: see `pruning.gradual`.
    Returns and raises: as in `finetune`; ValueError where the epochs are too few for the prunings or to lose the extra
        bits. Until then, the history's accuracies are of a network with fewer zeros or more bits.
    Source: the cosine schedule is that of Loshchilov and Hutter (2017). Used in notebooks/08.
    """
    recipe = {"epochs": epochs, "learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    recipe |= {"batch": batch, "warm_up": warm_up, "seed": seed}
    recipe |= {"extra_bits": extra_bits, "sparsity": sparsity, "prunings": prunings}
    if epochs < 2 * extra_bits:
        raise ValueError(f"epochs: expected {2 * extra_bits} or more, to lose {extra_bits} extra bits, found {epochs}")
    if not 1 <= prunings <= epochs:
        raise ValueError(f"prunings: expected 1 to {epochs}, one before each of the first epochs, found {prunings}")
    own_bits = {layer: layer.bits for _, layer in quant_layers(model) if layer.bits}
    groups = [{"params": model.parameters()}]
    levels = [level for name, level in model.named_parameters() if ".quantizer." in name]
    if levels:  # learned levels are no weights: nothing should pull them to zero
        weights = [weight for name, weight in model.named_parameters() if ".quantizer." not in name]
        groups = [{"params": weights}, {"params": levels, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, learning_rate, momentum=momentum, weight_decay=weight_decay, nesterov=True)

    def schedule(done):
        if done < warm_up:
            return learning_rate * (done + 1e-3) / (warm_up + 1e-3)
        return learning_rate * 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))

    def begin(epoch):
        for layer, bits in own_bits.items():
            layer.bits = bits + max(0, math.ceil(extra_bits * (1 - 2 * epoch / epochs)))
        if sparsity == 0:
            return {}
        # What was pruned before, by this run or by the one that made its network, is zero still, and stays.
        share = max(pruning.sparsity(model), pruning.gradual(sparsity, min(epoch + 1, prunings), prunings))
        masks = pruning.magnitude_masks(model, share)
        pruning.apply_masks(model, masks)
        return masks

    return _train(model, data, optimizer, schedule, recipe, state_file, progress, teacher, begin)


def pretrain(
    model, data, epochs=200, learning_rate=0.2, momentum=0.9, weight_decay=5e-4, batch=256, warm_up=0.1, seed=0,
    state_file=None, progress=True,
):  # fmt: skip
    """Train a float `model` in place from its initial weights: `anneal` with more of everything.

    Parameters, returns and raises: as in `anneal`. Source: the recipe of He et al. (2016), with the cosine.
    """
    return anneal(
        model, data, epochs, learning_rate, momentum, weight_decay, batch, warm_up, seed, state_file, progress
    )
