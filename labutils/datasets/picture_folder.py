"""Reads CIFAR-10 from a folder of pictures, `train/<class>/*.png` and `test/<class>/*.png`. Used by `download`."""

import numpy as np
from tqdm import tqdm

from . import find
from .mirrors import line


def _labelled_files(folder):
    """Return [(file, label), ...] of the PNG files in `folder`/<class>/, a class by its name or its number."""
    labels = {name: label for label, name in enumerate(find.CLASSES)} | {str(label): label for label in range(10)}
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


def load(folder):
    """Return ImageData from a folder of pictures, its fingerprint checked."""
    arrays = {}
    for split, count in find.SIZES.items():
        if not (folder / split).is_dir():
            raise ValueError(f"{folder}: expected the folders train/ and test/, found no {split}/")
        files = _labelled_files(folder / split)
        if len(files) != count:
            raise ValueError(f"{folder / split}: expected {count} PNG files in folders by class, found {len(files)}")
        images = np.stack([_pixels(path) for path, _ in tqdm(files, desc=split, leave=False)])
        labels = np.array([label for _, label in files], np.int64)
        find.check_split(split, images, labels, folder / split)
        arrays |= {f"{split}_images": images, f"{split}_labels": labels}
    return find.ImageData(**arrays, source="CIFAR-10")
