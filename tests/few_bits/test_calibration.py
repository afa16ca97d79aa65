"""Statistics of batch normalisation measured again: against one pass over all images at once."""

import numpy as np
import torch
from torch import nn

from labutils.few_bits import calibration
from labutils.networks import augmentation, hardware
from labutils.networks.resnet import ResNet20


def images(count):
    return np.random.default_rng(3).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


class OneNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, momentum=0.3)

    def forward(self, x):
        return self.norm(x)


def test_the_statistics_are_those_of_the_augmented_images(monkeypatch):
    monkeypatch.setattr(calibration, "augment", lambda images, crops: images)  # as they are: the mean is then known
    model, chosen = OneNorm(), images(60)
    calibration.reestimate_batch_norm(model, chosen, batch=20)
    x = augmentation.normalise(torch.as_tensor(chosen))
    torch.testing.assert_close(model.norm.running_mean, x.mean((0, 2, 3)))
    torch.testing.assert_close(model.norm.running_var, x.var((0, 2, 3)), rtol=0.02, atol=0)  # mean of three batches'


def test_images_are_augmented_and_the_seed_decides_how():
    runs = [calibration.reestimate_batch_norm(OneNorm(), images(40), seed=seed) for seed in (0, 0, 1)]
    means = [model.norm.running_mean for model in runs]
    assert torch.equal(means[0], means[1]) and not torch.equal(means[0], means[2])
    plain = augmentation.normalise(torch.as_tensor(images(40))).mean((0, 2, 3))
    assert not torch.allclose(means[0], plain, atol=1e-3)  # the black borders of the crops


def test_it_runs_in_the_type_that_training_runs_in(monkeypatch):
    model, seen = ResNet20(), []
    model.head_conv[0].register_forward_hook(lambda *call: seen.append(call[-1].dtype))
    for fast in (True, False):
        monkeypatch.setattr(hardware, "has_fast_bfloat16", lambda device, fast=fast: fast)
        calibration.reestimate_batch_norm(model, images(20))
    assert seen == [torch.bfloat16, torch.float32] and model.head_conv[1].running_mean.dtype == torch.float32


def test_only_statistics_change():
    torch.manual_seed(0)
    model = ResNet20((2, 2, 2))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert calibration.reestimate_batch_norm(model, images(20)) is model and not model.training
    changed = {key for key, value in model.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {key for key in before if "running" in key or "num_batches" in key}
    assert all(m.momentum == 0.1 for m in model.modules() if isinstance(m, nn.BatchNorm2d))


def test_it_gives_back_what_wrong_statistics_cost():
    torch.manual_seed(0)
    model = ResNet20((4, 4, 4))
    calibration.reestimate_batch_norm(model, images(100))
    x = augmentation.normalise(torch.as_tensor(images(50)))
    with torch.no_grad():
        right = model(x)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean += 1
        wrong = model(x)
        again = calibration.reestimate_batch_norm(model, images(100))(x)
    torch.testing.assert_close(again, right)
    assert not torch.allclose(wrong, right, atol=0.1)
