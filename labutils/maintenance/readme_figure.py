"""Draws the README's figure from the kept grid and the manifest, measuring nothing: `make figure`."""

import hashlib
import io
import sys
from pathlib import Path

from PIL import Image, PngImagePlugin

from .. import files
from ..networks import checkpoints
from ..results import grid
from ..show import plotting, style

PATH = files.REPOSITORY / ".github" / "tradeoff.png"


def finetuned(name="cifar10"):
    """Return {bits: accuracy after the last epoch} of the networks fine-tuned by the homework's recipe."""
    parsed = map(checkpoints.parse, checkpoints.manifest())
    tuned = [bits for data, bits, recipe in parsed if data == name and bits and recipe is None]
    entries = {bits: checkpoints.entry(name, bits) for bits in tuned}
    return {bits: entry["accuracy_last_epoch"] for bits, entry in sorted(entries.items())}


def sources(name="cifar10"):
    """Return a digest of the numbers that the figure shows, by which a figure that has become old is told."""
    numbers = grid.load(name), finetuned(name)
    return hashlib.sha256(repr(numbers).encode()).hexdigest()


def draw(name="cifar10"):
    """Return the Figure: accuracy against average precision, all combinations untrained and those fine-tuned."""
    schemes = grid.load(name)
    figure = plotting.plot_schemes(schemes, grid.front(schemes), "ResNet-20 on CIFAR-10 with few bits a weight")
    (ax,) = figure.axes
    points = [(grid.schemes({bits: share})[bits].average, share) for bits, share in finetuned(name).items()]
    ax.plot(*zip(*points), linestyle="none", marker="*", markersize=13, color="black", label="after fine-tuning")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def save(path=PATH):
    """Write the figure as PNG to `path`, the digest of its numbers in the file; return the path."""
    plotting.use_style()
    about = PngImagePlugin.PngInfo()
    about.add_text("sources", sources())
    image = Image.open(io.BytesIO(style.png(draw())))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    image.save(path, pnginfo=about, optimize=True)
    return Path(path)


if __name__ == "__main__":
    print(save(*sys.argv[1:]))
