"""What the two claims of Problem 1 about quantized networks come to; they need torch. They stand in notebooks/00."""

from itertools import product

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..networks.quantize import QuantLinear, quant_layers
from .problem1 import check_of


def float_forward(seed, bits=3):
    """Count the values that a quantized layer shows when it is fed the identity, and see what the optimiser moves."""
    layer = QuantLinear(16, 16, bits)
    weights = torch.randn(16, 16, generator=torch.Generator().manual_seed(seed))
    layer.load_state_dict({"linear.weight": weights, "linear.bias": torch.zeros(16)})
    seen = layer(torch.eye(16))
    seen.square().sum().backward()
    torch.optim.SGD(layer.parameters(), lr=1e-4).step()
    values, moved = len(seen.unique()), bool((layer.weight != weights).any())
    return values > 2**bits and moved, f"at {bits} bits the forward pass saw {values} different weights"


def spirals(count, generator):
    """Return points (count, 2) on three noisy spiral arms, and which arm each is on (count,)."""
    arm, far = torch.arange(count) % 3, torch.rand(count, generator=generator)
    angle = 2 * np.pi * (1.5 * far + arm / 3)
    points = torch.stack([far * angle.cos(), far * angle.sin()], dim=1)
    return points + 0.02 * torch.randn(count, 2, generator=generator), arm


def small_network(x, y, seed):
    """Return a network of four layers, each four times the size of the one before, trained on points x and arms y."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = (2, 8, 32, 128, 3)
        layers = [part for a, b in zip(sizes, sizes[1:]) for part in (QuantLinear(a, b), nn.ReLU())][:-1]
    network = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(network(x), y).backward()
        optimizer.step()
    return network


@torch.no_grad()
def scores(network, bits, points):
    """Return what the network says about the points with its layers rounded to `bits`, one number a layer."""
    for (_, layer), layer_bits in zip(quant_layers(network), bits):
        layer.bits = layer_bits
    return network(points)


def by_sensitivity(network, x, y, budget):
    """Return the bits, at most `budget` a weight, whose layers, each rounded alone, add up to the smallest loss."""
    sizes = [layer.weight.numel() for _, layer in quant_layers(network)]
    alone = {(k, b): [b if j == k else None for j in range(4)] for k in range(4) for b in range(1, 9)}
    hurt = {key: float(F.cross_entropy(scores(network, bits, x), y)) for key, bits in alone.items()}
    small = [bits for bits in product(range(1, 9), repeat=4) if np.dot(bits, sizes) <= budget * sum(sizes)]
    return min(small, key=lambda bits: sum(hurt[k, b] for k, b in enumerate(bits)))


def mixed_precision(seed, count=3, budget=4):
    """Round small trained networks to one precision and to bits chosen by sensitivity, at most as large; compare."""
    accuracies = np.zeros(2)
    for number in range(count * seed, count * seed + count):
        generator = torch.Generator().manual_seed(number)
        (x, y), (test_x, test_y) = spirals(600, generator), spirals(2000, generator)
        network = small_network(x, y, number)
        for row, bits in enumerate(([budget] * 4, by_sensitivity(network, x, y, budget))):
            accuracies[row] += float((scores(network, bits, test_x).argmax(1) == test_y).float().mean()) / count
    one, mixed = accuracies
    return bool(mixed > one), f"small networks: accuracy {mixed:.2f} with mixed precision, {one:.2f} with one"


problem1_9 = check_of(9, "What the forward pass sees", float_forward)
problem1_10 = check_of(10, "Mixed precision", mixed_precision)
