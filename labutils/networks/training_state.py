"""The state of a training run on disk: written after each epoch, read to go on, refused where it is another run's."""

import hashlib
import io

import torch

from .. import files
from .quantize import is_level


def save(content, path):
    """Write `content` as torch.save does, whole or not at all: see `files.write_whole`."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    files.write_whole(path, buffer.getvalue())


def resume(state_file, recipe, model, optimizer, generator):
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
    """Return a digest of the model's weights: a run that starts elsewhere is another run.

    Learned levels do not count. They are fitted to the weights, by sums whose last digits depend on how many threads
    add them, and a run shall go on where the computer is less busy, or is another one.
    """
    digest = hashlib.sha256()
    for name, weights in model.state_dict().items():
        if not is_level(name):
            digest.update(weights.cpu().contiguous().numpy())
    return digest.hexdigest()
