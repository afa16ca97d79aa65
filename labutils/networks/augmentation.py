"""Turns whole batches of images into what the networks take, batch by batch. Used by `training` and notebooks/08."""

import functools

import torch
from torch.nn import functional as F

MEAN = (0.4914, 0.4822, 0.4465)  # of CIFAR-10's training pixels, divided by 255
STD = (0.2023, 0.1994, 0.2010)
PADDING = 4


@functools.cache
def _pixel_statistics(device):
    """Return the mean and the standard deviation of pixels from 0 to 255, each (3, 1, 1), made once a device."""
    with torch.inference_mode(False):  # whoever asks first, training can use them
        return tuple(torch.tensor(values, device=device).view(3, 1, 1) * 255 for values in (MEAN, STD))


def normalise(images):
    """Return uint8 images (batch, 32, 32, 3) as the float32 tensor (batch, 3, 32, 32) that the networks expect."""
    mean, std = _pixel_statistics(images.device)
    return images.permute(0, 3, 1, 2).float().sub_(mean).div_(std)  # permuted NHWC is channels_last already


def random_crops(count, generator):
    """Return how to augment `count` images: whole numbers (count, 3), top and left from 0 to 8, and 1 to mirror, or 0.

    The distribution is that of torchvision's RandomCrop(32, padding=4) and RandomHorizontalFlip().
    """
    corner = torch.randint(0, 2 * PADDING + 1, (count, 2), generator=generator)
    return torch.cat([corner, torch.randint(0, 2, (count, 1), generator=generator)], dim=1)


def augment(images, crops):
    """Return each image cut out of its zero-padded self at its own place, mirrored where its crop says so.

    Parameters: images, uint8 (batch, 32, 32, 3); crops, (batch, 3), as `random_crops` makes them, on the same device.
    Returns: uint8 (batch, 32, 32, 3).
    """
    count, size, device = len(images), images.shape[1], images.device
    padded = F.pad(images, (0, 0, PADDING, PADDING, PADDING, PADDING))
    top, left, mirrored = crops.unsqueeze(2).unbind(1)
    offsets = torch.arange(size, device=device)
    rows = torch.arange(count, device=device).unsqueeze(1) * padded.shape[1] + top + offsets
    columns = left + torch.where(mirrored == 1, size - 1 - offsets, offsets)
    pixels = rows.unsqueeze(2) * padded.shape[2] + columns.unsqueeze(1)  # one index a pixel is quicker than three
    return padded.view(-1, 3).index_select(0, pixels.view(-1)).view_as(images)
