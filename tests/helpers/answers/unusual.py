"""Answers in unusual styles, and wrong ones of unusual kinds: they alias, remember, round, or fail at ends."""

import functools
import heapq
import itertools

import numpy as np
import torch
from torch.nn import functional as F

from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, stage_layers

from .lab1 import kept, l1, moved, prox, soft, trimmed
from .networks import copied, set_bits, step
from .table import numbered


def by_matrices(X, y, w):
    M = np.matrix(X)
    return np.asarray(2 * M.T * (M * np.matrix(w).T - np.matrix(y).T)).ravel()


def point_by_point(X, y, w):
    return 2 * (X[0] @ w - y[0]) * X[0] + point_by_point(X[1:], y[1:], w) if len(X) else np.zeros(len(w))


def by_autograd(w, p, rate, c):
    t = torch.tensor(w, requires_grad=True)
    (((torch.tensor(p.X) @ t - torch.tensor(p.y)) ** 2).sum() + c * t.abs().sum()).backward()
    return (t - rate * t.grad).detach().numpy()


def by_heap(w, p, rate, keep):
    v, out = moved(w, p, rate), np.zeros(len(w))
    best = heapq.nlargest(keep, range(len(v)), key=lambda j: abs(v[j]))
    out[best] = v[best]
    return out


def masked(w, p, rate, keep):
    v, mask = moved(w, p, rate), np.ones(len(w), bool)
    mask[np.argsort(-np.abs(v), kind="stable")[:keep]] = False
    return np.ma.masked_array(v, mask).filled(0)


def by_median(w, cut):
    return np.median([w - cut, np.zeros_like(w), w + cut], axis=0)


def twice(w, p, rate):
    return moved(moved(w, p, rate), p, rate)


def by_index(w, p, rate, keep):
    v = moved(w, p, rate)
    return np.where(np.abs(v) > np.sort(np.abs(v))[::-1][keep], v, 0)


def fits(p, size, empty=None):
    """Yield for each support whether it fits; with `empty`, by lstsq's residuals, and so where it has none."""
    for chosen in itertools.combinations(range(p.X.shape[1]), size):
        w, residuals, *_ = np.linalg.lstsq(p.X[:, chosen], p.y, rcond=None)
        by_hand = np.sum((p.X[:, chosen] @ w - p.y) ** 2) < 1e-9
        yield by_hand if empty is None else (bool(residuals[0] < 1e-9) if residuals.size else empty)


RIGHT = {
    "lab1_a": [by_matrices, point_by_point, functools.partial(lambda k, X, y, w: k * (X.T @ X @ w - X.T @ y), 2)],
    "lab1_b": [lambda w, p, r: moved(w, p, r) if r else w],
    "lab1_c": [by_heap, masked],
    "lab1_d": [by_autograd, lambda w, p, r, c: moved(w, p, r) - r * c * (np.copysign(1.0, w) * (w != 0))],
    "lab1_g_pruning": [lambda p, k: len([1 for fit in fits(p, k) if fit])],
}
WRONG = {
    "lab1_a": [
        (lambda X, y, w: (2 * X.T @ (X @ w - y)).astype(np.float16), "float16"),
        (lambda X, y, w: (2 * X.T @ (X @ w - y)).astype(int), "array of integers"),
        (lambda X, y, w: 2 * X[1:].T @ (X[1:] @ w - y[1:]), "leaves out the first"),
        (lambda X, y, w: np.round(2 * X.T @ (X @ w - y), 2), "expected"),
    ],
    "lab1_b": [
        (twice, "two gradient steps"),
        (lambda w, p, r: np.float16(moved(w, p, r)), "float16"),
    ],
    "lab1_c": [
        (lambda w, p, r, k: kept(moved(w, p, r), k) + 1e-12 * (kept(moved(w, p, r), k) == 0), "exactly zero"),
        (by_index, "stopped with IndexError"),
        (lambda w, p, r, k: kept(moved(w, p, r), k) if k < len(w) else w.copy(), "expected"),
        (lambda w, p, r, k: np.where(kept(moved(w, p, r), k) != 0, moved(w, p, r), np.nan), "nan"),
    ],
    "lab1_d": [
        (lambda w, p, r, c: moved(w, p, r) - r * c * np.copysign(1, w), "0, not 1"),
        (lambda w, p, r, c: np.where(w * l1(w, p, r, c) < 0, 0, l1(w, p, r, c)), "may cross zero"),
    ],
    "lab1_f": [
        (lambda w, p, r, c, k: trimmed(moved(w, p, r), r * c, k if k < len(w) else 0), "with keep d"),
        (lambda w, p, r, c, k: trimmed(moved(w, p, r), r * c, k) + 1e-12, "exactly zero"),
    ],
    "lab1_g_pruning": [
        (lambda p, k: np.mean([*fits(p, k)]), "share of supports"),
        (lambda p, k: sum(fits(p, k, empty=False)), "as many columns as points"),
        (lambda p, k: sum(fits(p, k, empty=True)), "need not be exact"),
    ],
    "lab1_g_l1": [(lambda: "0.5", "'0.5'"), (lambda: [0.5, 1.0], "one number")],
    "lab2_e": [(lambda layers: sum(n * (32 if b is None else b) for n, b in layers) / 8 / sum(n for n, _ in layers),
        "bytes")],
}  # fmt: skip
OPERATORS = {
    "by medians": ((by_median, prox), None),
    "without a threshold the same numbers": ((lambda w, t: soft(w, t) if t else w[:], prox), None),
    "without a threshold the same array": ((lambda w, t: soft(w, t) if t else w, prox), None),
    "without a threshold backwards": ((lambda w, t: soft(w, t) if t else w[::-1], prox), ""),
    "tiny numbers for zeros": ((soft, lambda w, p, r, c: prox(w, p, r, c) + 1e-12), "exactly zero"),
}


def through_loops(model, bits):
    new = ResNet20((bits,) * 3).train(model.training)
    with torch.no_grad():
        for one, other in zip([*new.parameters(), *new.buffers()], [*model.parameters(), *model.buffers()]):
            one.copy_(other)
    return new


def halved(model, bits):
    new = ResNet20((bits,) * 3)
    new.load_state_dict({name: value.half() for name, value in model.state_dict().items()})
    return new


def by_closure(model, optimizer, x, y):
    def closure():
        optimizer.zero_grad(set_to_none=True)
        loss = F.nll_loss(torch.log_softmax(model(x), 1), y)
        loss.backward()
        return loss

    return float(optimizer.step(closure))


def by_autograd_alone(model, optimizer, x, y):
    parameters = [*model.parameters()]
    loss = F.cross_entropy(model(x), y)
    for one, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
        one.grad = gradient
    optimizer.step()
    return loss.item()


def clears_the_images(model, optimizer, x, y):
    loss = step(model, optimizer, x, y)
    x.zero_()
    return loss


def slows_down(model, optimizer, x, y):
    loss = step(model, optimizer, x, y)
    optimizer.param_groups[0]["lr"] *= 0.9
    return loss


def by_module(model, bits):
    wanted = {id(layer): b for stage, b in enumerate(bits) for layer in stage_layers(model, stage)}
    for _, layer in quantize.quant_layers(model):
        layer.bits = wanted.get(id(layer), layer.bits)
    return model


NETWORKS = {
    "lab2_b": {"by loops": (through_loops, None), "in half precision": (halved, "not rounded or in half()"),
        "in double precision": (lambda m, b: copied(m, b).double(), ""),
        "asked for gradients": (lambda m, b: copied(m, b).requires_grad_(True), None)},
    "lab2_c": {"a closure": (by_closure, None), "autograd alone": (by_autograd_alone, None),
        "slows down": (slows_down, ""), "changes the images": (clears_the_images, "in place"),
        "returns a text": (lambda *a: step(*a, result=lambda loss: str(loss.item())), "expected numbers")},
    "lab2_d": {"module by module": (by_module, None), "retyped": (lambda m, b: set_bits(m, b).double(), ""),
        "None for 0": (lambda m, bits: set_bits(m, [b or None for b in bits]), "compare with None")},
}  # fmt: skip
ANSWERS = numbered(RIGHT, WRONG) | {"lab1_e": OPERATORS} | NETWORKS
ANSWERS = {name: {f"unusual: {kind}": one for kind, one in found.items()} for name, found in ANSWERS.items()}
