"""Loads trained networks, and reads the manifest of what each file is. Used in notebooks/00 and 06 to 08.

PyTorch is imported where it is needed, so that `labutils doctor` reads the manifest without waiting for it.
"""

import hashlib
import json
from pathlib import Path

from .. import files

FOLDER = files.REPOSITORY / "checkpoints"
MANIFEST = "manifest.json"


def file_name(name, bits=None, recipe=None):
    """Return the file of a network: "cifar10-float.pt", "cifar10-4-4-2.pt", "cifar10-2-2-2-learned.pt"."""
    words = ["float"] if bits is None else [*map(str, bits)]
    return "-".join([name, *words, *([recipe] if recipe else [])]) + ".pt"


def parse(file):
    """Return (name, bits, recipe) of the network in a file: what `file_name` was given.

    Raises: ValueError for a name that it never gives.
    """
    name, *words = file.removesuffix(".pt").split("-")
    recipe = words.pop() if len(words) in (2, 4) else None
    bits = None if words == ["float"] else tuple(int(word) for word in words if word.isdecimal())
    if (bits is not None and len(bits) != 3) or file_name(name, bits, recipe) != file:
        raise ValueError(f"{file}: expected a name such as cifar10-float.pt, cifar10-4-4-2.pt, found another one")
    return name, bits, recipe


def command(name, bits=None, recipe=None, **options):
    """Return the command that makes the file of a network; options, such as epochs=10, follow in the given order."""
    verb = f"anneal --recipe {recipe}" if recipe is not None else "pretrain" if bits is None else "finetune"
    verb += "" if bits is None else f" --bits {','.join(map(str, bits))}"
    words = "".join(f" --{key.replace('_', '-')} {value}" for key, value in options.items())
    return f"python -m labutils {verb} --data {name}{words}"


def again(made, command):
    """Return what to do about a file of the bundle: where the command that made it is there, it can be run, too."""
    own = f", or {made} it with: {files.in_terminal(command)}" if (files.PACKAGE / "maintenance").is_dir() else ""
    return f"take it from the bundle once more{own}"


def digest(path):
    """Return the sha256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest(folder=None):
    """Return the manifest as a dict from file name to entry, empty where there is none.

    Raises: ValueError where the file is not such a dict.
    """
    path = Path(folder or FOLDER) / MANIFEST
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, found {error}; take it from the bundle once more") from None
    if not isinstance(entries, dict):
        raise ValueError(
            f"{path}: expected a dict of files, found {type(entries).__name__}; take it from the bundle once more"
        )
    return entries


def entry(name, bits=None, recipe=None, folder=None):
    """Return the manifest's entry of a network: recipe, accuracies, digest.

    Raises: FileNotFoundError where there is none.
    """
    file = file_name(name, bits, recipe)
    entries = manifest(folder)
    if file not in entries:
        raise FileNotFoundError(
            f"{file}: expected a trained network in {Path(folder or FOLDER) / MANIFEST}, found none; "
            f"{again('train', command(name, bits, recipe))}"
        )
    return entries[file]


def load_weights(model, path, advice):
    """Copy the state dict in the file `path` into `model` and return it; raise ValueError with `advice` if it fails."""
    import torch

    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # a damaged file fails in torch, pickle, zipfile or load_state_dict
        reason = " ".join(str(error).split())[:160]
        raise ValueError(
            f"{path}: expected a ResNet-20's weights, found {type(error).__name__}: {reason}; {advice}"
        ) from None
    return model


def check(name, bits=None, recipe=None, folder=None):
    """Return (path, advice) of a network whose file is the manifest's: advice says how to restore it.

    Raises: FileNotFoundError where there is no such network, ValueError where its file is damaged or altered; each
        names the command that mends it.
    """
    expected = entry(name, bits, recipe, folder)
    path = Path(folder or FOLDER) / file_name(name, bits, recipe)
    advice = again("train", expected["command"])
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the network that the manifest names, found no file; {advice}")
    found = digest(path)
    if found != expected["sha256"]:
        raise ValueError(f"{path}: expected sha256 {expected['sha256'][:12]}..., found {found[:12]}...; {advice}")
    return path, advice


def load(name, bits=None, recipe=None, folder=None):
    """Load a trained network, its file checked against the manifest.

    Parameters: name, the data set it was trained on, such as "cifar10"; bits, None for the float network, or three
        entries, one per stage, for the fine-tuned one; recipe, of `recipes.RECIPES` (None: the homework's); folder,
        where to look (None: checkpoints/).
    Returns: ResNet20 with these bits, or with each layer's own where they were allocated, in evaluation mode, on the
        processor, its weights on their levels.
    Raises: as `check` does, and ValueError where the file does not hold these weights.
    """
    from .quantize import as_it_is, quant_layers, set_bits
    from .resnet import ResNet20

    path, advice = check(name, bits, recipe, folder)
    model = load_weights(ResNet20(bits or (None,) * 3), path, advice).eval()
    set_bits(model, entry(name, bits, recipe, folder).get("layer_bits", {}))
    if recipe is not None:  # its levels may lie elsewhere than the homework's quantizer would put them
        for _, layer in quant_layers(model):
            layer.quantizer = as_it_is
    return model
