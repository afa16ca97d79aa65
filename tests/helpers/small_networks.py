"""Small random data, a network and a run of training for it, weights compared, all augmentations at once."""

import numpy as np
import torch

from labutils.datasets.find import ImageData
from labutils.networks import quantize, training
from labutils.networks.resnet import ResNet20


def all_augmentations(image):
    """Return {bytes of the result: (top, left, mirrored)} of torchvision's crops and flips of an image (32, 32, 3)."""
    from torchvision.transforms import functional as TF

    results = {}
    channels_first = torch.as_tensor(image).permute(2, 0, 1)
    for top in range(9):
        for left in range(9):
            crop = TF.crop(TF.pad(channels_first, 4), top, left, 32, 32)
            for mirrored in (False, True):
                result = TF.hflip(crop) if mirrored else crop
                results[result.permute(1, 2, 0).numpy().tobytes()] = (top, left, mirrored)
    return results


def random_data(train=64, test=32):
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (train + test, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, train + test)
    return ImageData(images[:train], labels[:train], images[train:], labels[train:], "random images")


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))


def network(bits=(None, None, None)):
    torch.manual_seed(0)
    return ResNet20(bits)


def run(model, state_file=None, **recipe):
    recipe = {"epochs": 2, "batch": 32, "learning_rate": 0.01} | recipe
    return training.finetune(model, random_data(), state_file=state_file, progress=False, **recipe)


def bits_for_all(bits):
    return network((bits,) * 3)


def rounding(quantizer):
    def make(bits):
        model = bits_for_all(bits)
        for _, layer in quantize.quant_layers(model):
            layer.quantizer = quantizer
        return model

    return make


def returns_nothing(*arguments):
    training.step(*arguments)
