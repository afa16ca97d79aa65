"""Measures the statistics of batch normalisation again after the weights were rounded. Derived in notebooks/08."""

import torch
from torch import nn

from ..networks.augmentation import augment, normalise, random_crops
from ..networks.hardware import autocast


@torch.no_grad()
def reestimate_batch_norm(model, images, count=1000, batch=250, seed=0):
    """Replace the running mean and variance of each BatchNorm2d by those of augmented training images, in place.

    No weight moves and no label is needed: rounded weights shift what each layer puts out, and this measures it again.
    The images are augmented as in training, because on plain ones the statistics are others; and as in training,
    convolutions run in bfloat16 where that is fast.
    Parameters: model; images, uint8 (n, 32, 32, 3), of the training set; count, how many of them to take at random;
        batch, images at a time; seed, of the choice and the augmentation.
    Returns: the model, in evaluation mode.
    Source: Finkelstein et al. (2019), Sun et al. (2019).
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(images), generator=generator)[:count]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches, each counting the same
    model.train()
    for part in chosen.split(batch):
        crops = random_crops(len(part), generator).to(device)
        with autocast(device):
            model(normalise(augment(torch.as_tensor(images)[part].to(device), crops)))
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    return model.eval()
