"""The stand-in is the same everywhere, bit for bit, and shows what its classes say."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from labutils.datasets import find, shapes10


def test_the_whole_data_set_is_pinned():
    for split, count in shapes10.SIZES.items():
        images, labels = shapes10.draw(split)
        assert images.shape == (count, 32, 32, 3) and images.dtype == np.uint8
        assert labels.dtype == np.int64 and np.bincount(labels).tolist() == [count // 10] * 10
        assert find.fingerprint(images, labels) == shapes10.FINGERPRINTS[split]


def test_a_few_images_are_pinned_to_the_bit():
    images, labels = shapes10.draw("test", 20)
    digest = hashlib.sha256(images.tobytes() + labels.astype("<i8").tobytes()).hexdigest()
    assert digest == "b74f2c8ffa484d9508e5cc025decbcfaf3ffaae9c7a4f3a7e6122be07efa67c7"
    assert labels.tolist() == [*range(10), *range(10)]


def test_numbers_stay_float32_from_the_generator_to_the_pixel():
    # float64 in between would be rounded elsewhere, and numpy before 2 and after promote differently
    rng = np.random.default_rng(0)
    images = shapes10.background(rng, 3)
    shapes10.distract(rng, images)
    assert images.dtype == np.float32
    x, y = shapes10.turned(rng, 16, 16, shapes10.uniform(rng, 8, 13, 3), slope=1)
    assert x.dtype == y.dtype == np.float32
    assert {depth(x, y).dtype for depth in shapes10.SHAPES.values()} == {np.dtype(np.float32)}


def test_training_and_test_images_differ():
    train, test = (shapes10.draw(split, 100)[0].reshape(100, -1) for split in ("train", "test"))
    assert len(np.unique(np.concatenate([train, test]), axis=0)) == 200


# Points of the plane by hand, y downwards: (inside, outside) of each shape of size 1.
POINTS = {
    "circle": ([(0, 0), (0.6, 0.6)], [(0.7, 0.7), (0, 0.95)]),
    "ring": ([(0, 0.7), (-0.7, 0)], [(0, 0), (0.7, 0.7)]),
    "square": ([(0, 0), (0.7, 0.7)], [(0.9, 0), (0, -0.9)]),
    "frame": ([(0.65, 0.65), (0, -0.65)], [(0, 0), (0.9, 0)]),
    "triangle": ([(0, 0), (0.7, -0.45)], [(0.7, 0.5), (0, -0.7)]),
    "star": ([(0, 0), (0, 0.9)], [(0, -0.7), (0.6, 0.6)]),
    "cross": ([(0, 0.9), (-0.9, 0)], [(0.6, 0.6), (-0.5, 0.5)]),
    "arrow": ([(0, 0.9), (0.5, 0.2), (0, -0.9)], [(0.5, -0.5), (0.5, 0.9)]),
    "moon": ([(-0.6, 0), (0, -0.85)], [(0.5, 0), (0.95, 0)]),
    "hourglass": ([(0.5, 0.8), (-0.5, -0.8)], [(0.5, 0), (0, 1)]),
}


@pytest.mark.parametrize("name", shapes10.CLASSES)
def test_each_shape_by_hand(name):
    inside, outside = (np.float32(points).T for points in POINTS[name])
    assert (shapes10.SHAPES[name](*inside) > 0).all()
    assert (shapes10.SHAPES[name](*outside) < 0).all()


def test_the_stars_arms_are_equal():
    angles = 2 * np.pi * np.arange(5) / 5
    for radius in (0.3, 0.5, 0.8, 1.0):
        depths = shapes10.star(*np.float32([radius * np.sin(angles), radius * np.cos(angles)]))
        np.testing.assert_allclose(depths, depths[0], atol=1e-6)


def test_paint_covers_inside_keeps_outside_and_mixes_at_the_edge():
    images = np.zeros((1, 3, 32, 32), np.float32)
    depth = np.full((1, 32, 32), -5, np.float32)
    depth[0, 0, :3] = 5, 0, -5
    colours = np.float32([0.2, 0.4, 0.8]).reshape(1, 3, 1, 1)
    shapes10.paint(images, depth, 2, colours)
    np.testing.assert_allclose(images[0, :, 0, :3].T, [[0.2, 0.4, 0.8], [0.1, 0.2, 0.4], [0, 0, 0]])
    shapes10.paint(images, depth, 2, np.ones((1, 3, 1, 1), np.float32), opacity=0.5)
    np.testing.assert_allclose(images[0, :, 0, 0], [0.6, 0.7, 0.9])


@pytest.mark.parametrize("split, count", [("dev", 10), ("test", 0), ("test", -10), ("test", 15)])
def test_what_cannot_be_drawn_is_refused(split, count, refused):
    with refused():
        shapes10.draw(split, count)


def test_drawing_needs_nothing_but_numpy():
    draw = "from labutils.datasets import shapes10; shapes10.draw('test', 10)"
    code = f"import sys; {draw}; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
