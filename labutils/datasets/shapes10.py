"""Draws `shapes10`, the data set that stands in for CIFAR-10 where there is no network. Used in notebooks/06 to 08.

Every number below is made by additions, products, quotients, square roots and comparisons of float32 arrays, element by
element: these are rounded alike on every processor, so that everybody has the same images, bit for bit. Sines, matrix
products and sums would not do. The generator gives uniform numbers only, for the same reason.
"""

import numpy as np

CLASSES = ("circle", "ring", "square", "frame", "triangle", "star", "cross", "arrow", "moon", "hourglass")
SIZES = {"train": 20_000, "test": 4_000}
SEEDS = {"train": 10, "test": 11}
FINGERPRINTS = {  # as `find.fingerprint` computes them
    "train": "bac90079c0436da11a44a33e5f417e9655b3bf8b6b7dc48eef007174a3db42b0",
    "test": "5456c507e5580aa7a9d7bccbbd774e67914cc78710e83d96869f6898d6010ef6",
}
SIDE = 32  # pixels
CHUNK = 250  # images at a time: few enough for the processor's cache
COSINES = tuple(np.float32(c) for c in (1, 0.30901699, -0.80901699, -0.80901699, 0.30901699))  # of 0, 72, ... degrees
SINES = tuple(np.float32(s) for s in (0, 0.95105652, 0.58778525, -0.58778525, -0.95105652))


def radius(x, y):
    """Return the distance from the centre."""
    return np.sqrt(x * x + y * y)


def star(x, y):
    """Return how deep a point lies in a five-pointed star: inside at least four of its five lines."""
    lines = np.sort(np.stack([0.36 - (c * y + s * x) for c, s in zip(COSINES, SINES)]), axis=0)
    return lines[1]


def cross(x, y):
    """Return how deep a point lies in a cross of two equal bars."""
    x, y = np.abs(x), np.abs(y)
    return np.minimum(0.95 - np.maximum(x, y), 0.3 - np.minimum(x, y))


def arrow(x, y):
    """Return how deep a point lies in an arrow."""
    head = np.minimum(y - 0.05, 0.7 * (1 - y) - 0.75 * np.abs(x))
    shaft = np.minimum(0.24 - np.abs(x), np.minimum(y + 0.95, 0.1 - y))
    return np.maximum(head, shaft)


# How deep the point (x, y) lies inside each shape of size 1: positive inside, negative outside.
SHAPES = {
    "circle": lambda x, y: 0.9 - radius(x, y),
    "ring": lambda x, y: 0.22 - np.abs(radius(x, y) - 0.7),
    "square": lambda x, y: 0.8 - np.maximum(np.abs(x), np.abs(y)),
    "frame": lambda x, y: 0.2 - np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.65),
    "triangle": lambda x, y: np.minimum(y + 0.55, 0.5 - 0.5 * y - 0.8660254 * np.abs(x)),
    "star": star,
    "cross": cross,
    "arrow": arrow,
    "moon": lambda x, y: np.minimum(0.92 - radius(x, y), radius(x - 0.45, y) - 0.75),
    "hourglass": lambda x, y: np.minimum(0.88 - np.abs(y), 0.08 + 0.75 * np.abs(y) - np.abs(x)),
}


def uniform(rng, low, high, *shape):
    """Return uniform float32 numbers from `low` to `high`, shaped (*shape, 1, 1) to go with pixels."""
    return (low + (high - low) * rng.random(shape, dtype=np.float32)).reshape(*shape, 1, 1)


def turned(rng, left, top, size, slope):
    """Return pixel coordinates (x, y), each (count, 32, 32), seen from shapes of a size at a place, turned at random.

    `slope` is the tangent of the largest turn: 1 for 45 degrees to either side.
    """
    pixels = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)
    tangent = uniform(rng, -slope, slope, len(size))
    cosine = 1 / np.sqrt(1 + tangent * tangent)
    sine = tangent * cosine
    x, y = (pixels - left) / size, (pixels.reshape(-1, 1) - top) / size
    return cosine * x + sine * y, cosine * y - sine * x


def paint(images, depth, size, colours, opacity=1):
    """Lay colours (count, 3, 1, 1) over images (count, 3, 32, 32) where `depth` is positive, with soft edges."""
    cover = np.clip(0.5 + depth * size, 0, 1)[:, None] * opacity
    images += cover * (colours - images)


def background(rng, count):
    """Return images (count, 3, 32, 32) of two colours that run into each other in patches or in stripes."""
    grid = rng.random((count, 6, 6), dtype=np.float32)
    place = np.arange(SIDE, dtype=np.float32) * np.float32(5 / SIDE)
    low, share = place.astype(int), place - np.floor(place)
    rows = grid[:, low] + share.reshape(-1, 1) * (grid[:, low + 1] - grid[:, low])
    patches = rows[:, :, low] + share * (rows[:, :, low + 1] - rows[:, :, low])
    x, _ = turned(rng, 16, 16, uniform(rng, 4, 14, count), slope=5)
    stripes = 2 * np.abs(x - np.floor(x) - 0.5)
    mixture = np.where(uniform(rng, 0, 1, count) < 0.6, patches, stripes)[:, None]
    first, second = uniform(rng, 0, 1, count, 3), uniform(rng, 0, 1, count, 3)
    return first + np.float32(0.6) * mixture * (second - first)


def distract(rng, images):
    """Paint a small disc or bar over each image."""
    count = len(images)
    size = uniform(rng, 1.5, 3.5, count)
    x, y = turned(rng, uniform(rng, 0, SIDE, count), uniform(rng, 0, SIDE, count), size, slope=5)
    disc, bar = 1 - radius(x, y), np.minimum(0.4 - np.abs(x), 2.5 - np.abs(y))
    paint(images, np.where(uniform(rng, 0, 1, count) < 0.5, disc, bar), size, uniform(rng, 0, 1, count, 3))


def draw_class(rng, name, count):
    """Return `count` images of one class, uint8 (count, 32, 32, 3)."""
    images = background(rng, count)
    distract(rng, images)
    size = uniform(rng, 7.5, 13, count)
    reach = 16 - 0.8 * size
    left, top = (16 + reach * uniform(rng, -1, 1, count) for _ in "xy")
    x, y = turned(rng, left, top, size, slope=1)
    x = x * uniform(rng, 0.85, 1.2, count)  # a little longer or wider
    paint(images, SHAPES[name](x, y), size, uniform(rng, 0, 1, count, 3), uniform(rng, 0.65, 1, count, 1))
    distract(rng, images)
    noise = rng.random(images.shape, dtype=np.float32) + rng.random(images.shape, dtype=np.float32) - np.float32(1)
    images += uniform(rng, 0.03, 0.2, count, 1) * noise
    return np.clip(255 * images + 0.5, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def draw(split, count=None):
    """Draw one split of the data set, ten classes in equal shares.

    Parameters: split, "train" or "test"; count, how many images, a multiple of 10 (None: all of the split).
    Returns: images, uint8 (count, 32, 32, 3), and labels, int64 (count,), which index CLASSES; classes take turns.
    Raises: ValueError where the split is unknown or the count is no positive multiple of 10.
    """
    if split not in SIZES:
        raise ValueError(f"split: expected 'train' or 'test', found {split!r}; choose one of them")
    count = SIZES[split] if count is None else count
    if count <= 0 or count % len(CLASSES):
        raise ValueError(f"count: expected a positive multiple of {len(CLASSES)}, found {count}; round it up")
    rng = np.random.default_rng(SEEDS[split])
    each = count // len(CLASSES)
    images = np.empty((each, len(CLASSES), SIDE, SIDE, 3), np.uint8)
    for label, name in enumerate(CLASSES):
        for first in range(0, each, CHUNK):
            images[first : first + CHUNK, label] = draw_class(rng, name, min(CHUNK, each - first))
    return images.reshape(count, SIDE, SIDE, 3), np.tile(np.arange(len(CLASSES)), each)
