"""Evaluates, trains and fine-tunes networks, with images in memory and whole batches augmented at once.

Used in notebooks/06 and 07. A run that is killed goes on from its last finished epoch and ends with the same weights.
"""

import contextlib
import inspect
import math
import os
import sys
from pathlib import Path

import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from .resnet import folded

MEAN = (0.4914, 0.4822, 0.4465)  # of CIFAR-10's training pixels, divided by 255
STD = (0.2023, 0.1994, 0.2010)
PADDING = 4


def default_device():
    """Return the GPU if PyTorch can use one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_fast_bfloat16(device):
    """Return whether `device` multiplies bfloat16 matrices in hardware, which makes autocast worth it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    with contextlib.suppress(OSError):  # Linux only; elsewhere float32 is the safe choice
        flags = Path("/proc/cpuinfo").read_text()
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False


def progress(items, description):
    """Yield the items under a progress bar with the time left; the bar is cleared away at the end."""
    yield from tqdm(items, desc=description, leave=False)
    if "IPython" in sys.modules:  # in a notebook, remove the empty box that a finished bar leaves behind
        sys.modules["IPython"].display.clear_output()


def normalise(images):
    """Return uint8 images (batch, 32, 32, 3) as the float32 tensor (batch, 3, 32, 32) that the networks expect."""
    mean = torch.tensor(MEAN, device=images.device).view(3, 1, 1) * 255
    std = torch.tensor(STD, device=images.device).view(3, 1, 1) * 255
    return (images.permute(0, 3, 1, 2).float() - mean) / std  # a permuted NHWC tensor is channels_last already


def augment(padded, generator):
    """Return a random 32x32 crop of each padded image, every second one on average mirrored.

    Parameters: padded, uint8 (batch, 40, 40, 3), zeros around the image; generator, a torch.Generator on the CPU.
    Returns: uint8 (batch, 32, 32, 3). The distribution is that of torchvision's RandomCrop(32, padding=4) and
        RandomHorizontalFlip().
    """
    count, size = len(padded), padded.shape[1] - 2 * PADDING
    top, left = torch.randint(0, 2 * PADDING + 1, (2, count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    offsets = torch.arange(size)
    rows = top + offsets
    columns = left + torch.where(mirrored, offsets.flip(0), offsets)
    pick = torch.arange(count).view(-1, 1, 1), rows.unsqueeze(2), columns.unsqueeze(1)
    return padded[tuple(index.to(padded.device) for index in pick)]


@torch.inference_mode()
def evaluate(model, images, labels, batch=500):
    """Return the share of images that the model classifies correctly, computed in float32.

    Parameters: model; images, uint8 (n, 32, 32, 3); labels, integers (n,); batch, images at a time.
    Returns: accuracy in [0, 1]. The model itself is left as it was.
    Raises: ValueError where there are no images or as many labels as images are not given.
    """
    if len(images) != len(labels) or len(images) == 0:
        raise ValueError(f"images, labels: expected equally many, at least one, found {len(images)} and {len(labels)}")
    device = next(model.parameters()).device
    frozen = folded(model).to(memory_format=torch.channels_last)
    correct = 0
    for first in range(0, len(images), batch):
        x = normalise(torch.as_tensor(images[first : first + batch]).to(device))
        y = torch.as_tensor(labels[first : first + batch]).to(device)
        correct += int((frozen(x).argmax(1) == y).sum())
    return correct / len(images)


def save_atomically(content, path):
    """Write `content` with torch.save to a temporary file beside `path`, then rename it into place.

    A reader sees the old file or the whole new one. Raises: OSError, in one line, where the folder is not writable
    or the disk is full; the temporary file is removed.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        reason = str(error).splitlines()[0]
        raise OSError(f"{path}: expected to write there, found {reason}; free space or choose another folder") from None
    finally:
        with contextlib.suppress(OSError):  # where the folder is not to be written, there is nothing to remove
            temporary.unlink()


def default_recipe(run):
    """Return what `run`, which is `finetune` or `pretrain`, does unless told otherwise: its numbers, by name."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(run).parameters.items()}
    return {name: value for name, value in defaults.items() if type(value) in (int, float)}


def _train(model, data, optimizer, learning_rate_at, recipe, state_file, progress):
    """Train as `recipe` says, resuming from `state_file` where it holds this run's state; return the history.

    The learning rate of a step is `learning_rate_at(done)`, where `done` in [0, 1) is the share of the run behind it.
    """
    epochs, batch = recipe["epochs"], recipe["batch"]
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(recipe["seed"])
    history = []
    recipe = recipe | {"images": len(data.train_images), "source": data.source, "bits": str(model.bits)}
    if state_file is not None and Path(state_file).exists():
        try:
            state = torch.load(state_file, map_location=device, weights_only=True)
            found = state["recipe"]
        except Exception as error:  # a damaged file fails in torch, pickle or zipfile
            reason = " ".join(str(error).split())[:80]
            raise ValueError(
                f"{state_file}: expected the state of a training run, found {type(error).__name__}: {reason}; "
                "delete the file to start anew"
            ) from None
        if found != recipe:
            raise ValueError(
                f"{state_file}: expected the state of a run with {recipe}, found one with {found}; "
                "delete the file to start anew"
            )
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"].cpu())
        history = state["history"]
    images = F.pad(torch.as_tensor(data.train_images), (0, 0, PADDING, PADDING, PADDING, PADDING)).to(device)
    labels = torch.as_tensor(data.train_labels).to(device)
    test = [torch.as_tensor(array).to(device) for array in (data.test_images, data.test_labels)]
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device))
    model.to(memory_format=torch.channels_last)
    steps = math.ceil(len(images) / batch)
    for epoch in range(len(history), epochs):
        model.train()
        order = torch.randperm(len(images), generator=generator).to(device).split(batch)
        total_loss = torch.zeros((), device=device)
        bar = tqdm(order, desc=f"epoch {epoch + 1}/{epochs}", unit="batch", leave=False, disable=not progress)
        for step, chosen in enumerate(bar):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate_at((epoch * steps + step) / (epochs * steps))
            x = normalise(augment(images[chosen], generator))
            with autocast:
                loss = F.cross_entropy(model(x).float(), labels[chosen])
            total_loss += loss.detach() * len(chosen)
            if not torch.isfinite(total_loss):  # before it reaches the weights, which the quantizer would refuse
                raise ValueError(f"epoch {epoch + 1}: expected a finite loss, found {loss:g}; lower the learning rate")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        mean_loss = float(total_loss) / len(images)
        accuracy = evaluate(model, *test)
        history.append({"epoch": epoch + 1, "loss": mean_loss, "accuracy": accuracy})
        if progress:
            tqdm.write(f"epoch {epoch + 1}/{epochs}: training loss {mean_loss:.4f}, test accuracy {accuracy:.4f}")
        if state_file is not None:
            state = {"recipe": recipe, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
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
        cannot be written.
    """
    recipe = {"epochs": epochs, "learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    recipe |= {"batch": batch, "seed": seed}
    optimizer = torch.optim.SGD(model.parameters(), learning_rate, momentum=momentum, weight_decay=weight_decay)
    return _train(model, data, optimizer, lambda done: learning_rate, recipe, state_file, progress)


def pretrain(
    model, data, epochs=200, learning_rate=0.2, momentum=0.9, weight_decay=5e-4, batch=256, warm_up=0.1, seed=0,
    state_file=None, progress=True,
):  # fmt: skip
    """Train a float `model` in place from its initial weights: SGD with Nesterov momentum, warm-up, then a cosine.

    Parameters: as in `finetune`; learning_rate is the highest one, reached after the share `warm_up` of the run.
    Returns and raises: as in `finetune`.
    Source: the recipe of He et al. (2016) with the cosine schedule of Loshchilov and Hutter (2017).
    """
    recipe = {"epochs": epochs, "learning_rate": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    recipe |= {"batch": batch, "warm_up": warm_up, "seed": seed}
    optimizer = torch.optim.SGD(
        model.parameters(), learning_rate, momentum=momentum, weight_decay=weight_decay, nesterov=True
    )

    def schedule(done):
        if done < warm_up:
            return learning_rate * (done + 1e-3) / (warm_up + 1e-3)
        return learning_rate * 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))

    return _train(model, data, optimizer, schedule, recipe, state_file, progress)
