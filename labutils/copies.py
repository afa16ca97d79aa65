"""Unpacks archives and folders of pictures from elsewhere, hostile until checked, and writes one npz. Used by `fetch`.

Nothing half-done ever looks finished: work goes on in a temporary folder beside the target, and one rename ends it.
Sums come first, then names, kinds and sizes. Nothing is unpickled.
"""

import gzip
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import data
from .mirrors import CHUNK, line

MOST_MEMBERS = 100


def _put(new, target):
    """Rename `new`, in a temporary folder, to `target`; a folder that stood there is removed with the temporary one."""
    if target.is_dir():
        os.replace(target, new.with_name("old"))
    os.replace(new, target)


def _members(tar, archive):
    """Return the files of an open tar; raise ValueError unless all are plain files right in cifar-10-batches-py/."""
    members = []
    for member in tar:
        if member.isdir() and member.name == data.BATCHES_FOLDER:
            continue
        place, _, name = member.name.partition("/")
        plain = member.isreg() and not member.issparse()
        if place != data.BATCHES_FOLDER or not re.fullmatch(r"\w[\w.-]*", name, re.ASCII) or not plain:
            kind = "the file" if plain else f"an entry of type {member.type!r},"
            raise ValueError(
                f"{archive}: expected plain files in {data.BATCHES_FOLDER}/ only, found {kind} {line(member.name)!r}; "
                "nothing was unpacked, look for another copy"
            )
        members.append(member)
        if len(members) > MOST_MEMBERS:
            raise ValueError(f"{archive}: expected at most {MOST_MEMBERS} files, found more; look for another copy")
    return members


def unpack(archive, folder):
    """Unpack an archive, whose md5 is already checked, to cifar-10-batches-py/ in `folder`; return that path."""
    target = folder / data.BATCHES_FOLDER
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        tar_file, new = Path(temporary, "archive.tar"), Path(temporary, "new")
        new.mkdir()
        try:
            with gzip.open(archive) as source, open(tar_file, "wb") as file:
                while chunk := source.read(CHUNK):  # first the bound, then tarfile
                    if file.tell() + len(chunk) > data.MOST_BYTES:
                        raise ValueError(
                            f"{archive}: expected at most {data.MOST_BYTES} bytes when unpacked, found more; "
                            "look for another copy"
                        )
                    file.write(chunk)
            # Names, kinds and contents only: a member's mode, owner and time are not taken over.
            with tarfile.open(tar_file, "r:") as tar:
                for member in _members(tar, archive):
                    with tar.extractfile(member) as source, open(new / member.name.partition("/")[2], "xb") as file:
                        shutil.copyfileobj(source, file)
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{archive}: expected a tar.gz, found {type(error).__name__}: {line(error)}; look for another copy"
            ) from None
        _put(new, target)
    return target


def save_npz(images, target):
    """Write ImageData as one npz, all of it or nothing; return its path."""
    with tempfile.TemporaryDirectory(prefix=".packing-", dir=target.parent) as temporary:
        new = Path(temporary, data.NPZ_FILE)
        arrays = images._asdict()
        del arrays["source"]
        np.savez(new, **arrays)
        _put(new, target)
    return target


def _labelled_files(folder):
    """Return [(file, label), ...] of the PNG files in `folder`/<class>/, a class by its name or its number."""
    labels = {name: label for label, name in enumerate(data.CLASSES)} | {str(label): label for label in range(10)}
    found = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if place.name not in labels:
            raise ValueError(
                f"{folder}: expected folders named airplane to truck or 0 to 9, found {line(place.name)!r}"
            )
        for path in sorted(place.iterdir()):
            if path.suffix.lower() == ".png" and not path.name.startswith(".") and path.is_file():
                found.append((path, labels[place.name]))
    return found


def _pixels(path):
    """Return a PNG file's pixels, uint8 (32, 32, 3); its size is checked before it is decoded."""
    from PIL import Image  # comes with torchvision

    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.size != (32, 32):
                raise ValueError(f"{image.size[0]}x{image.size[1]} pixels")
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # a damaged PNG raises SyntaxError, OSError, zlib.error and others
        raise ValueError(
            f"{path}: expected a PNG image of 32x32 pixels, found {type(error).__name__}: {line(error)}"
        ) from None


def load_pictures(folder):
    """Return ImageData from a folder of pictures, its fingerprint checked."""
    arrays = {}
    for split, count in data.SIZES.items():
        if not (folder / split).is_dir():
            raise ValueError(f"{folder}: expected the folders train/ and test/, found no {split}/")
        files = _labelled_files(folder / split)
        if len(files) != count:
            raise ValueError(f"{folder / split}: expected {count} PNG files in folders by class, found {len(files)}")
        images = np.stack([_pixels(path) for path, _ in tqdm(files, desc=split, leave=False)])
        labels = np.array([label for _, label in files], np.int64)
        data.check_split(split, images, labels, folder / split)
        arrays |= {f"{split}_images": images, f"{split}_labels": labels}
    return data.ImageData(**arrays, source="CIFAR-10")
