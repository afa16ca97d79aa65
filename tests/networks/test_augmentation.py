"""Batches are augmented and normalised as torchvision does it image by image."""

import numpy as np
import torch
from helpers.small_networks import all_augmentations

from labutils.networks import augmentation


def test_augmentation_has_the_distribution_of_torchvisions():
    from scipy.stats import chisquare

    row, column = np.mgrid[1:33, 1:33]  # every pixel is different, and none is zero like the padding
    image = torch.tensor(np.stack([row, column, row + column], axis=-1).astype(np.uint8))
    expected = all_augmentations(image)
    assert len(expected) == 162
    generator = torch.Generator().manual_seed(0)
    counts = dict.fromkeys(expected, 0)
    for _ in range(10):
        crops = augmentation.random_crops(1620, generator)
        for result in augmentation.augment(image.expand(1620, 32, 32, 3), crops).numpy():
            counts[result.tobytes()] += 1  # a KeyError: a result that torchvision cannot give
    assert chisquare(list(counts.values())).pvalue > 0.01


def test_augmentation_treats_every_image_by_itself_and_repeats_with_its_generator():
    images = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1).expand(6, 32, 32, 3) + 1
    first, again = (
        augmentation.augment(images, augmentation.random_crops(6, torch.Generator().manual_seed(3))) for _ in "ab"
    )
    assert first.shape == (6, 32, 32, 3)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert first.amax((1, 2, 3)).tolist() == [1, 2, 3, 4, 5, 6]
    assert len({tuple(image[:, :, 0].nonzero()[0].tolist()) for image in first}) > 1


def test_normalise_is_torchvisions():
    from torchvision.transforms import Compose, Normalize, ToTensor

    images = np.random.default_rng(5).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    transform = Compose([ToTensor(), Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))])
    expected = torch.stack([transform(image) for image in images])
    found = augmentation.normalise(torch.as_tensor(images))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
