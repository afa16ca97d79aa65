"""Finds CIFAR-10 on this computer, checks that it is CIFAR-10, and loads it. Used in notebooks/06 and 07."""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FINGERPRINTS = {
    "train": "6a3b2c04d0a79ce272dcdacaf0bc440275db5a8cbe3717521a28fada2ea0d2ed",
    "test": "65a6ffe079453e514083f99356b35e02cbfd581b4951e3937fae188974b79f39",
}
SIZES = {"train": 50_000, "test": 10_000}
BATCHES_FOLDER = "cifar-10-batches-py"  # what torchvision's archive unpacks to
NPZ_FILE = "cifar10.npz"
MOST_BYTES = 1 << 30  # that a file may unpack to; CIFAR-10 takes 0.19e9
HOW_TO_GET = "python -m labutils data --download, or --from FILE if somebody handed you a copy"


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


def data_path():
    """Return the folder where data sets are looked for by default: $LABUTILS_DATA, else data/ in the bundle."""
    return Path(os.environ.get("LABUTILS_DATA") or REPOSITORY / "data")


def fingerprint(images, labels):
    """Return a digest of a labelled image set that does not depend on the order of its images.

    Parameters: images uint8 (n, 32, 32, 3), labels integers (n,) from 0 to 255. Returns: 64 hexadecimal digits.
    """
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    digests = sorted(hashlib.sha256(row.tobytes() + bytes([label])).digest() for row, label in zip(rows, labels))
    return hashlib.sha256(b"".join(digests)).hexdigest()


def folders(root=None):
    """Return the folders to search, first to last, without repeats."""
    named = [root, os.environ.get("LABUTILS_DATA"), REPOSITORY / "data"]
    return list(dict.fromkeys(Path(folder) for folder in named if folder))


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


def load_npz(path):
    """Return ImageData from one npz file, its fingerprint checked."""
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_BYTES:  # zipfile reads no more of a member than it declares
            raise ValueError(f"{unpacked} bytes to unpack, more than {MOST_BYTES}")
        with np.load(path, allow_pickle=False) as archive:
            for split in ("train", "test"):
                for kind in ("images", "labels"):
                    arrays[f"{split}_{kind}"] = archive[f"{split}_{kind}"]
    except Exception as error:  # zipfile, numpy and zlib each have errors of their own for a damaged file
        raise ValueError(
            f"{path}: expected an npz with train_images, train_labels, test_images and test_labels, "
            f"found {type(error).__name__}: {error}; replace the file by a sound copy"
        ) from None
    for split in ("train", "test"):
        check_split(split, arrays[f"{split}_images"], arrays[f"{split}_labels"], path)
        arrays[f"{split}_labels"] = arrays[f"{split}_labels"].astype(np.int64)
    return ImageData(**arrays, source="CIFAR-10")


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


def find(root=None):
    """Return the CIFAR-10 that `load` would read, `cifar-10-batches-py` or `cifar10.npz`, or None if there is none."""
    for folder in folders(root):
        if (folder / BATCHES_FOLDER).is_dir():
            return folder / BATCHES_FOLDER
        if (folder / NPZ_FILE).is_file():
            return folder / NPZ_FILE
    return None


def load(name=None, root=None):
    """Load CIFAR-10 from `root`, $LABUTILS_DATA or data/, the first of them that holds it; download nothing.

    Parameters: name, "cifar10" or None; root, a folder to look in first.
        In each folder `cifar-10-batches-py` is tried before `cifar10.npz`.
    Returns: ImageData.
    Raises: FileNotFoundError where there is none, ValueError where a file is not CIFAR-10 or the name is unknown.
    Source: Krizhevsky (2009).
    """
    if name not in (None, "cifar10"):
        raise ValueError(f"name: expected 'cifar10' or None, found {name!r}")
    path = find(root)
    if path is not None:
        return load_npz(path) if path.name == NPZ_FILE else load_batches(path.parent)
    searched = " and ".join(str(folder) for folder in folders(root))
    raise FileNotFoundError(
        f"CIFAR-10: expected {BATCHES_FOLDER}/ or {NPZ_FILE} in {searched}, found neither; set LABUTILS_DATA to the "
        f"folder that has it, or get it with {HOW_TO_GET}"
    )
