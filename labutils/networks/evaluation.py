"""Classifies images with a network, in bfloat16 where that is fast and sure, and counts what is right.

Used in notebooks/06 to 08, which know these functions as `training.evaluate` and `training.progress`.
"""

import copy
import sys

import torch
from tqdm.auto import tqdm

from . import hardware
from .augmentation import normalise
from .resnet import folded

FIT = 40  # images in bfloat16 whose widest layers fit into a core's cache; more are slow, less so on a quiet computer
CLOSE = 0.25  # standard deviations of the scores; bfloat16 changed an order over 0.14 of them at most, at 3 and 2 bits


def progress(items, description, total=None):
    """Yield the items under a progress bar with the time left; it is cleared away at the end, and where a loop stops.

    Parameters: items; description, what stands before the bar; total, how many, where the items do not say.
    """
    try:
        yield from tqdm(items, desc=description, total=total, leave=False)
    finally:
        if "IPython" in sys.modules:  # in a notebook, a finished bar leaves an empty box behind, a stopped one a red
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
    """Return the classes (n,) that the model gives images, as computed in float32; they lie on the processor.

    Where bfloat16 is twice as fast, it goes first, and float32 is asked again about every image whose best two scores
    lie closer together than bfloat16 can tell for sure. Parameters and state: as in `evaluate`.
    """
    device = next(model.parameters()).device
    if device.type == "cpu":  # what is computed with is a copy, and may as well lie where that is faster
        device = hardware.default_device()
    images, exact = torch.as_tensor(images), folded(model).to(device, memory_format=torch.channels_last)
    batch = batch or FIT * torch.get_num_threads()
    half = max(1, batch // 2)  # float32 takes twice the room
    if hardware.has_fast_bfloat16(device):
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

    A copy in evaluation mode is what computes, on an accelerator where there is one.
    Parameters: model; images, uint8 (n, 32, 32, 3); labels, integers (n,); batch, images at a time in bfloat16, half
        as many in float32 (None: `FIT` for each thread); bar, what to write before a progress bar (None: no bar).
    Raises: ValueError where there are no images or as many labels as images are not given.
    """
    if len(images) != len(labels) or len(images) == 0:
        raise ValueError(f"images, labels: expected equally many, at least one, found {len(images)} and {len(labels)}")
    return int((predict(model, images, batch, bar) == torch.as_tensor(labels).cpu()).sum()) / len(images)
