"""Loads and saves trained networks, and keeps the manifest of what each file is. Used in notebooks/06 to 08.

PyTorch is imported where it is needed, so that `labutils doctor` reads the manifest without waiting for it.
"""

import copy
import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

from .. import files
from ..datasets import find as datasets

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
            f"train it with: {files.in_terminal(command(name, bits, recipe))}"
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
    advice = f"take it from the bundle once more, or train it with: {files.in_terminal(expected['command'])}"
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


def packed(model):
    """Return the bytes of a network's file: its state dict, its weights as rounded as the layers use them, compressed.

    Of a rounded network the float weights that training moved are not kept: few different values pack to a tenth, and
    rounding them again changes nothing. `torch.load` reads the file as any other.
    """
    import torch

    from .quantize import settle

    settled = settle(copy.deepcopy(model).cpu())
    weights = {key: value.contiguous() for key, value in settled.state_dict().items()}
    plain, small = io.BytesIO(), io.BytesIO()
    torch.save(weights, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            target.writestr(zipfile.ZipInfo(item.filename), source.read(item), zipfile.ZIP_DEFLATED, 9)
    return small.getvalue()


def _made_by(name, bits, named, recipe, start):
    """Return the command that makes a network: it states the epochs, and what is not usual."""
    usual, numbers = asdict(type(recipe)()), asdict(recipe)
    stated = ("epochs", "seed") if named else numbers  # the name states the others
    options = {key: numbers[key] for key in stated if key == "epochs" or numbers[key] != usual[key]}
    made_by = command(name, bits, named, **options)
    if start is not None and bits is None and named is None:  # a float network trained on takes both runs to make
        made_by = f"{start['command']} && {made_by} --restart"
    return made_by


def save(model, name, recipe, history, accuracy, start=None, folder=None, named=None):
    """Save a trained network and its manifest entry; neither is ever half-written.

    Parameters: model, a ResNet20, whose bits decide the file name; name, its data set; recipe, a
        `training.Recipe`; history, one dict per epoch as `training.finetune` returns it; accuracy, of these
        weights on the test set, in float32; start, the manifest's entry of the network that was trained on (None:
        random weights); folder, where to (None: checkpoints/); named, which of `recipes.RECIPES` it is (None: none).
    Returns: the path of the file.
    """
    import torch

    from .resnet import ResNet20, inner_layers

    folder = Path(folder or FOLDER)
    bits = None if model.bits == (None,) * 3 else model.bits
    path = folder / file_name(name, bits, named)
    files.write_whole(path, packed(model))
    by_epoch = [round(epoch["accuracy"], 4) for epoch in history]
    settled = by_epoch if bits else by_epoch[getattr(recipe, "prunings", 1) - 1 :]  # before that it had more weights
    best = max([*settled, accuracy])
    found = {
        "sha256": digest(path),
        "data": name,
        "fingerprints": datasets.fingerprints(name),
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "accuracy_last_epoch": round(accuracy, 4),
        "accuracy_best_epoch": round(best, 4),
        "accuracy_by_epoch": by_epoch,
        "torch": torch.__version__,
        "started_from": None if start is None else start["sha256"],
        "command": _made_by(name, bits, named, recipe, start),
    }
    bits_now, stages = ({n: layer.bits for n, layer in inner_layers(m).items()} for m in (model, ResNet20(model.bits)))
    if bits_now != stages:
        found["layer_bits"] = bits_now
    with files.held(folder / MANIFEST, wait=True):  # another run may add its own entry at this moment
        files.write_json(folder / MANIFEST, manifest(folder) | {path.name: found})
    return path
