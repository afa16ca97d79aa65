"""Answers to (a) to (f) of Lab 1."""

import itertools
from fractions import Fraction

import numpy as np
import torch

from labutils.linear.regression import THREE_POINTS

from .table import numbered


def slope(w, p):
    return 2 * p.X.T @ (p.X @ w - p.y)


def moved(w, p, rate):
    return w - rate * slope(w, p)


def kept(v, keep):
    out = np.zeros_like(v)
    order = np.argsort(-np.abs(v), kind="stable")[:keep]
    out[order] = v[order]
    return out


def soft(v, t):
    return np.sign(v) * np.maximum(np.abs(v) - t, 0)


def trimmed(v, t, keep):
    out = soft(v, t)
    order = np.argsort(-np.abs(v), kind="stable")[:keep]
    out[order] = v[order]
    return out


def loops(X, y, w):
    total = np.zeros(len(w))
    for i in range(len(y)):
        for j in range(len(w)):
            total[j] += 2 * X[i, j] * (sum(X[i, k] * w[k] for k in range(len(w))) - y[i])
    return total


def shifting(X, y, w):
    w -= 0.0 * w + 1e-3
    return 2 * X.T @ (X @ w - y)


def one_by_one(w, p, rate):
    for x, y in zip(p.X, p.y):
        w = w - rate * 2 * x * (x @ w - y)
    return w


def per_weight(w, p, rate):
    w = w.copy()
    for j in range(len(w)):  # each weight sees those before it moved
        w[j] -= rate * slope(w, p)[j]
    return w


def into(answer):
    """Return an answer that writes its result into the weights it was given."""

    def wrong(w, *rest):
        w[:] = answer(w.copy(), *rest)
        return w

    return wrong


def pruning(w, p, rate, keep):
    return kept(moved(w, p, rate), keep)


def l1(w, p, rate, c):
    return w - rate * (slope(w, p) + c * np.sign(w))


def prox(w, p, rate, c):
    return soft(moved(w, p, rate), rate * c)


def trim(w, p, rate, c, keep):
    return trimmed(moved(w, p, rate), rate * c, keep)


def ascending(w, p, rate, keep):
    v = moved(w, p, rate)
    v[np.argsort(np.abs(v), kind="stable")[:-keep]] = 0
    return v


def unstable(w, p, rate, keep):
    v = moved(w, p, rate)
    return np.where(np.isin(np.arange(len(w)), np.argsort(-np.abs(v))[:keep]), v, 0)


DRAW, MOMENTUM = np.random.default_rng(0), [0.0]


def momentum(w, p, rate):
    MOMENTUM[0] = 0.5 * MOMENTUM[0] + rate * np.abs(slope(w, p)).sum()
    return w - MOMENTUM[0]


def tries_all(w, p, rate, c, keep):
    v, found = moved(w, p, rate), []
    for spared in itertools.combinations(range(len(w)), keep):
        z = soft(v, rate * c)
        z[list(spared)] = v[list(spared)]
        found.append((-np.abs(v[list(spared)]).sum().round(12), spared, z))
    return min(found, key=lambda one: one[:2])[2]


OUT = np.zeros(40)


def into_one_array(w, p, rate):
    OUT[: len(w)] = moved(w, p, rate)
    return OUT[: len(w)]


def ranks_the_thresholded(w, p, rate, c, keep):
    v = moved(w, p, rate)
    out = soft(v, rate * c)
    spared = np.argsort(-np.abs(out), kind="stable")[:keep]
    out[spared] = v[spared]
    return out


def of_the_percentile(w, p, rate, keep):
    v = moved(w, p, rate)
    return np.where(np.abs(v) >= np.percentile(np.abs(v), 100 * (1 - keep / len(v))), v, 0)


def signed(w, p, rate, keep):
    v = moved(w, p, rate)
    v[np.argsort(-v, kind="stable")[keep:]] = 0
    return v


def spares_signed(w, p, rate, c, keep):
    v = moved(w, p, rate)
    out, spared = soft(v, rate * c), np.argsort(-v, kind="stable")[:keep]
    out[spared] = v[spared]
    return out


def by_rank(w, p, rate, keep):
    v, place = moved(w, p, rate), np.arange(len(w))
    above = np.abs(v) > np.abs(v)[:, None]
    return v * ((above | ((np.abs(v) == np.abs(v)[:, None]) & (place < place[:, None]))).sum(axis=1) < keep)


RIGHT = {
    "lab1_a": [
        loops,
        lambda X, y, w: 2 * np.einsum("ij,i->j", X, X @ w - y),
        lambda X, y, w: (2 * torch.tensor(X).T @ (torch.tensor(X) @ torch.tensor(w) - torch.tensor(y))).numpy(),
        lambda X, y, w: (2 * X.T @ (X @ w - y)).astype(np.longdouble),
        lambda X, y, w: list(2 * X.T @ (X @ w - y)),
        lambda X, y, w: tuple(2 * X.T @ (X @ w - y)),
        lambda X, y, w: [Fraction(float(v)) for v in 2 * X.T @ (X @ w - y)],
        lambda X, y, w: np.array([Fraction(float(v)) for v in 2 * X.T @ (X @ w - y)]),
        lambda X, y, w: torch.tensor(2 * X.T @ (X @ w - y), requires_grad=True),
        lambda X, y, w: [(((X @ (w + e) - y) ** 2 - (X @ (w - e) - y) ** 2) / 2).sum() for e in np.eye(len(w))],
    ],
    "lab1_b": [
        moved,
        lambda w, p, rate: w - rate * p.gradient(w),
        lambda w, p, rate: np.array([w[j] - rate * p.gradient(w)[j] for j in range(len(w))]),
        lambda w, p, rate: torch.tensor(moved(w, p, rate), requires_grad=True),
        lambda w, p, rate: (lambda v: v.__isub__(rate * p.gradient(w)))(w.copy()),
    ],
    "lab1_c": [pruning, lambda w, p, r, k: np.where(np.isin(np.arange(len(w)), np.argsort(-np.abs(moved(w, p, r)),
        kind="stable")[:k]), moved(w, p, r), 0), by_rank],
    "lab1_d": [l1, lambda w, p, r, c: moved(w, p, r) - r * c * np.where(w > 0, 1, np.where(w < 0, -1, 0))],
    "lab1_f": [trim, lambda w, p, r, c, k: np.where(kept(moved(w, p, r), k) != 0, moved(w, p, r),
        soft(moved(w, p, r), r * c)), tries_all],
}  # fmt: skip
WRONG = {
    "lab1_a": [
        (shifting, "in place"),
        (lambda X, y, w: X[9], "stopped with IndexError"),
        (lambda X, y, w: "2", "expected numbers"),
        (lambda X, y, w: slope(w, THREE_POINTS), "THREE_POINTS"),
        (lambda X, y, w: np.clip(2 * X.T @ (X @ w - y), -50, 50), ""),
        (lambda X, y, w: (2 * X.T @ (X @ w - y))[:, None], "shape (5,)"),
        (lambda X, y, w: 2 * X @ (X @ w - y), "transpose"),
        (lambda X, y, w: 2 * (X * (X @ w - y)[:, None]).sum(axis=1), "shape"),
        (lambda X, y, w: 2 * X.T @ np.abs(X @ w - y), ""),
        (lambda X, y, w: None, "returns nothing"),
        (lambda X, y, w: slope(w, THREE_POINTS) if len(y) == 3 else 0 * w, ""),
        (lambda X, y, w: len(y) * (lambda i: 2 * X[i] * (X[i] @ w - y[i]))(DRAW.integers(len(y))), "another call"),
    ],
    "lab1_b": [
        (lambda w, p, rate: moved(w, THREE_POINTS, rate), "THREE_POINTS"),
        (lambda w, p, rate: moved(w, p, 0.02), "0.02"),
        (one_by_one, "every data point"),
        (into(moved), "in place"),
        (per_weight, ""),
        (momentum, "another call"),
        (into_one_array, "with a later one"),
        (lambda w, p, rate: w - np.clip(rate * slope(w, p), -1, 1), ""),
    ],
    "lab1_c": [
        (into(pruning), "in place"),
        (lambda w, p, r, k: kept(moved(w, p, r), k or len(w)), "[-0:]"),
        (unstable, ""),
        (lambda w, p, r, k: kept(moved(w, THREE_POINTS, r), k), "THREE_POINTS"),
        (lambda w, p, r, k: kept(moved(w, p, 0.02), k), "0.02"),
        (lambda w, p, r, k: kept(moved(w, p, r), 2), "leaves two weights"),
        (of_the_percentile, "here the largest stays"),
        (signed, "magnitudes"),
        (lambda w, p, r, k: kept(one_by_one(w, p, r), k), "every data point"),
        (ascending, "-abs(w)"),
        (lambda w, p, r, k: kept(w, k) - r * slope(w, p) * (kept(w, k) != 0), "after the gradient step"),
        (lambda w, p, r, k: np.where(kept(moved(w, p, r), k) != 0, 0, moved(w, p, r)), "wrong way round"),
    ],
    "lab1_d": [
        (into(l1), "in place"),
        (lambda w, p, r, c: w - r * (slope(w, p) + 2 * c * np.sign(w)), "twice"),
        (lambda w, p, r, c: w - r * (slope(w, p) + c * w / np.abs(w)), "0 / 0"),
        (lambda w, p, r, c: l1(w, THREE_POINTS, r, c), "THREE_POINTS"),
        (lambda w, p, r, c: l1(w, p, 0.02, c), "0.02"),
        (lambda w, p, r, c: l1(w, p, r, 1.0), "lambda 1"),
        (lambda w, p, r, c: w - r * (-slope(w, p) + c * np.sign(w)), "sign of the gradient"),
        (lambda w, p, r, c: prox(w, p, r, c), ""),
    ],
    "lab1_f": [
        (into(trim), "in place"),
        (ranks_the_thresholded, "before they are thresholded"),
        (lambda w, p, r, c, k: trim(w, p, 0.02, c, k), "0.02"),
        (lambda w, p, r, c, k: trim(w, THREE_POINTS, r, c, k), "THREE_POINTS"),
        (lambda w, p, r, c, k: trim(w, p, r, c, 2), "leaves two weights"),
        (spares_signed, "largest signed values"),
        (lambda w, p, r, c, k: trim(w, p, r, c, k or len(w)), "[-0:]"),
        (lambda w, p, r, c, k: trim(w[::-1], p, r, c, k)[::-1] if not p.X.any() else trim(w, p, r, c, k), "tie"),
    ],
}  # fmt: skip
PROXIMAL = {  # an operator and a step
    "plain": ((soft, prox), None),
    "what is left of a clip": ((lambda w, t: w - np.clip(w, -t, t), prox), None),
    "of PyTorch": ((lambda w, t: torch.nn.functional.softshrink(torch.tensor(w), float(t)), prox), None),
    "negative zeros": ((lambda w, t: np.copysign(np.maximum(np.abs(w) - t, 0), w), prox), None),
    "fixed threshold": ((lambda w, t: soft(w, 0.1), prox), "threshold is an argument"),
    "strictly above": ((lambda w, t: np.where(np.abs(w) > t, w, 0), prox), "hard thresholding"),
    "operator in place": ((into(soft), prox), "in place"),
    "its own rate": ((soft, lambda w, p, r, c: prox(w, p, 0.02, c)), "0.02"),
    "its own rate in the threshold": ((soft, lambda w, p, r, c: soft(moved(w, p, r), 0.02 * c)), "0.02"),
    "its own problem": ((soft, lambda w, p, r, c: prox(w, THREE_POINTS, r, c)), "THREE_POINTS"),
    "one by one": ((soft, lambda w, p, r, c: soft(one_by_one(w, p, r), r * c)), "every data point"),
    "a subgradient step": ((soft, l1), "sign of w"),
    "in place": ((soft, into(prox)), "in place"),
}
ANSWERS = numbered(RIGHT, WRONG) | {"lab1_e": PROXIMAL}
