"""Finds CIFAR-10 on this computer, checks it and loads it; or the stand-in for it. Used in notebooks/06 to 08."""

import contextlib
import hashlib
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import files
from . import shapes10

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FINGERPRINTS = {
    "train": "6a3b2c04d0a79ce272dcdacaf0bc440275db5a8cbe3717521a28fada2ea0d2ed",
    "test": "65a6ffe079453e514083f99356b35e02cbfd581b4951e3937fae188974b79f39",
}
SIZES = {"train": 50_000, "test": 10_000}
BATCHES_FOLDER = "cifar-10-batches-py"  # what torchvision's archive unpacks to
NPZ_FILE = "cifar10.npz"
STAND_IN_FILE = "shapes10.npz"
NAMES = ("cifar10", "shapes10")
MOST_BYTES = 1 << 30  # that a file may unpack to; CIFAR-10 takes 0.19e9
HOW_TO_GET = files.in_terminal("python -m labutils data --download, or --from FILE if somebody handed you a copy")


class ImageData(NamedTuple):
    """A data set in memory: images uint8 (n, 32, 32, 3), labels int64 (n,), and the name to print beside results."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str

    @property
    def name(self):
        """The short name that checkpoints go by: "cifar10" for "CIFAR-10"."""
        return self.source.lower().replace("-", "")

    @property
    def classes(self):
        """The names of the ten classes, in the order of their labels."""
        return shapes10.CLASSES if self.name == "shapes10" else CLASSES


ARRAYS = ImageData._fields[:4]


def named():
    """Return the folder that $LABUTILS_DATA names, or None where it is not set.

    Raises: ValueError where it names a file, or the data themselves in place of the folder that they lie in.
    """
    text = os.environ.get("LABUTILS_DATA")
    path = Path(text).expanduser() if text else None
    if path and (path.is_file() or path.name == BATCHES_FOLDER):
        found = f"found the {'file' if path.is_file() else 'data'} {path}; set it to {path.parent}"
        raise ValueError(f"LABUTILS_DATA: expected the folder that the data lie in, {found}")
    return path


def data_path():
    """Return the folder where data sets are looked for by default: $LABUTILS_DATA, else data/ in the bundle."""
    return named() or files.REPOSITORY / "data"


def fingerprint(images, labels):
    """Return a digest of a labelled image set that does not depend on the order of its images.

    Parameters: images uint8 (n, 32, 32, 3), labels integers (n,) from 0 to 255. Returns: 64 hexadecimal digits.
    """
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    digests = sorted(hashlib.sha256(row.tobytes() + bytes([label])).digest() for row, label in zip(rows, labels))
    return hashlib.sha256(b"".join(digests)).hexdigest()


def folders(root=None):
    """Return the folders to search, first to last, without repeats."""
    return list(dict.fromkeys(Path(folder) for folder in (root, named(), files.REPOSITORY / "data") if folder))


def check_split(split, images, labels, where):
    """Raise ValueError unless these arrays are CIFAR-10's `split`."""
    shape = (SIZES[split], 32, 32, 3)
    if images.shape != shape or images.dtype != np.uint8:
        raise ValueError(
            f"{where}: expected {split}_images uint8 {shape}, found {images.dtype} {images.shape}; "
            "replace the file by a sound copy"
        )
    if labels.shape != shape[:1] or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 9:
        raise ValueError(
            f"{where}: expected {split}_labels, {shape[0]} whole numbers from 0 to 9, found {labels.dtype} "
            f"{labels.shape}; replace the file by a sound copy"
        )
    found = fingerprint(images, labels)
    if found != FINGERPRINTS[split]:
        raise ValueError(
            f"{where}: expected CIFAR-10's {split} fingerprint {FINGERPRINTS[split][:12]}..., found {found[:12]}...; "
            "replace the file by a sound copy"
        )


def read_npz(path, source):
    """Return ImageData from one npz file whose arrays bear its fields' names; what they hold is not yet checked.

    Raises: ValueError where there are no such arrays, or more bytes to unpack than any of our data sets takes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_BYTES:  # zipfile reads no more of a member than it declares
            raise ValueError(f"{unpacked} bytes to unpack, more than {MOST_BYTES}")
        with np.load(path, allow_pickle=False) as archive:
            return ImageData(*(archive[field] for field in ARRAYS), source)
    except Exception as error:  # zipfile, numpy and zlib each have errors of their own for a damaged file
        raise ValueError(
            f"{path}: expected an npz with {', '.join(ARRAYS)}, found {type(error).__name__}: {error}; "
            "replace the file by a sound copy"
        ) from None


def load_npz(path):
    """Return CIFAR-10 from one npz file, its fingerprint checked."""
    found = read_npz(path, "CIFAR-10")
    check_split("train", found.train_images, found.train_labels, path)
    check_split("test", found.test_images, found.test_labels, path)
    return found._replace(
        train_labels=found.train_labels.astype(np.int64), test_labels=found.test_labels.astype(np.int64)
    )


def load_batches(folder):
    """Return ImageData from torchvision's folder, whose md5 sums torchvision checks before it unpickles."""
    from torchvision.datasets import CIFAR10  # here, so that a reader of the npz form never waits for torchvision

    try:
        train, test = (CIFAR10(folder, train=is_train, download=False) for is_train in (True, False))
    except Exception as error:
        raise ValueError(
            f"{folder / BATCHES_FOLDER}: expected torchvision's CIFAR-10 files, found {type(error).__name__}: "
            f"{str(error).splitlines()[0]}; replace the folder by a sound copy"
        ) from None
    labels = (np.asarray(split.targets, np.int64) for split in (train, test))
    train_labels, test_labels = labels
    return ImageData(train.data, train_labels, test.data, test_labels, "CIFAR-10")


def locate(root=None):
    """Return the CIFAR-10 that `load` would read, `cifar-10-batches-py` or `cifar10.npz`, or None if there is none."""
    for folder in folders(root):
        if (folder / BATCHES_FOLDER).is_dir():
            return folder / BATCHES_FOLDER
        if (folder / NPZ_FILE).is_file():
            return folder / NPZ_FILE
    return None


def fingerprints(name):
    """Return the fingerprints of a data set's splits, {"train": ..., "test": ...}."""
    return {"cifar10": FINGERPRINTS, "shapes10": shapes10.FINGERPRINTS}[name]


def load_stand_in(path):
    """Return shapes10 from the file where an earlier call kept it; raise ValueError where it is not what is drawn."""
    found = read_npz(path, "shapes10")
    for split, expected in shapes10.FINGERPRINTS.items():
        images, labels = getattr(found, f"{split}_images"), getattr(found, f"{split}_labels")
        if (images.dtype, labels.dtype) != (np.uint8, np.int64) or fingerprint(images, labels) != expected:
            raise ValueError(f"{path}: expected shapes10's {split} images, found others; delete it to draw them anew")
    return found


def stand_in(root=None):
    """Load shapes10 where an earlier call kept it, else draw it, which takes some seconds, and keep it in data/.

    Parameters: root, a folder to look in first. Returns: ImageData. A damaged file is drawn anew.
    """
    for folder in folders(root):
        with contextlib.suppress(ValueError):
            return load_stand_in(folder / STAND_IN_FILE)
    drawn = ImageData(*shapes10.draw("train"), *shapes10.draw("test"), source="shapes10")
    path = files.REPOSITORY / "data" / STAND_IN_FILE
    # A folder that is not to be written costs some seconds at every call, no more.
    with contextlib.suppress(OSError), files.writing(path) as file:
        np.savez(file, **dict(zip(ARRAYS, drawn)))
    return drawn


def chosen(name=None, root=None):
    """Return (name, why) of the data set that `load` takes: $LABUTILS_DATASET decides where no name is given.

    Raises: ValueError where the name is unknown.
    """
    wanted, why = name, "asked for by name"
    if name is None:
        wanted, why = os.environ.get("LABUTILS_DATASET") or None, "because LABUTILS_DATASET says so"
    if wanted is None:
        if locate(root):
            return "cifar10", "found on this computer"
        gone = " (there is no such folder)" if named() and not named().is_dir() else ""
        where = f" in {named()}{gone}, which LABUTILS_DATA names, nor in data/" if named() else ""
        return "shapes10", f"because CIFAR-10 was not found{where}"
    if wanted not in NAMES:
        source = "LABUTILS_DATASET" if name is None else "name"
        raise ValueError(f"{source}: expected one of {', '.join(NAMES)}, found {wanted!r}; choose one of them")
    return wanted, why


def load(name=None, root=None):
    """Load CIFAR-10 where it is found, else the stand-in, and print which and why; download nothing.

    Parameters: name, "cifar10" or "shapes10" (None: $LABUTILS_DATASET, else CIFAR-10 where it is found); root, a
        folder to look in before $LABUTILS_DATA and data/. In each, `cifar-10-batches-py` is tried before `cifar10.npz`.
    Returns: ImageData.
    Raises: FileNotFoundError where CIFAR-10 was asked for and there is none, ValueError where a file is not CIFAR-10
        or the name is unknown.
    Source: Krizhevsky (2009).
    """
    taken, why = chosen(name, root)
    if taken == "shapes10":
        images = stand_in(root)
        if name is None:
            print(f"Data: shapes10, the stand-in that this package draws, {why}. For CIFAR-10: {HOW_TO_GET}.")
        return images
    path = locate(root)
    if path is None:
        searched = " and ".join(str(folder) for folder in folders(root))
        raise FileNotFoundError(
            f"CIFAR-10: expected {BATCHES_FOLDER}/ or {NPZ_FILE} in {searched}, found neither; set LABUTILS_DATA to "
            f"the folder that has it, or get it with {HOW_TO_GET}"
        )
    images = load_npz(path) if path.name == NPZ_FILE else load_batches(path.parent)
    if name is None:
        print(f"Data: CIFAR-10, {why}. For the stand-in, set LABUTILS_DATASET=shapes10.")
    return images
