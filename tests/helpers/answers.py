"""Answers of the kind that students write in Lab 1, and to exercises with numbers: right ones, and wrong ones.

A wrong one stands beside words of the message that it should get, "" where any will do. What is said of one exercise
holds for the others: it changes what it was given, ignores an argument, is right on the lab's own numbers only, keeps
something from call to call, or is right in value and wrong in state.
"""

import itertools
from fractions import Fraction

import numpy as np
import torch
from torch.nn import functional as F

from labutils.linear.regression import THREE_POINTS


def not_written(*arguments):
    raise NotImplementedError("this exercise is not written yet")


def average(layers):
    return sum(n * (32 if b is None else b) for n, b in layers) / sum(n for n, _ in layers)


def fills_in_place(layers):
    for place, (n, b) in enumerate(layers):
        layers[place] = (n, 32 if b is None else b)
    return average(layers)


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


def shares(codes):
    return codes.unique(return_counts=True)[1].numpy() / codes.numel()


def entropy(counts):
    p = counts[counts > 0] / counts.sum()
    return -(p * p.log2()).sum()


def no_slope(scores, teacher_scores, labels, t, soft):
    q, p = (scores.detach() / t).log_softmax(1), (teacher_scores / t).softmax(1)
    return soft * t**2 * F.kl_div(q, p, reduction="batchmean") + (1 - soft) * F.cross_entropy(scores, labels)


def ranks_the_thresholded(w, p, rate, c, keep):
    v = moved(w, p, rate)
    out = soft(v, rate * c)
    spared = np.argsort(-np.abs(out), kind="stable")[:keep]
    out[spared] = v[spared]
    return out


RIGHT = {
    "lab1_a": [
        loops,
        lambda X, y, w: 2 * np.einsum("ij,i->j", X, X @ w - y),
        lambda X, y, w: (2 * torch.tensor(X).T @ (torch.tensor(X) @ torch.tensor(w) - torch.tensor(y))).numpy(),
        lambda X, y, w: (2 * X.T @ (X @ w - y)).astype(np.longdouble),
        lambda X, y, w: list(2 * X.T @ (X @ w - y)),
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
        kind="stable")[:k]), moved(w, p, r), 0)],
    "lab1_d": [l1, lambda w, p, r, c: moved(w, p, r) - r * c * np.where(w > 0, 1, np.where(w < 0, -1, 0))],
    "lab1_f": [trim, lambda w, p, r, c, k: np.where(kept(moved(w, p, r), k) != 0, moved(w, p, r),
        soft(moved(w, p, r), r * c)), tries_all],
    "lab1_g_l1": [lambda: np.float32(1), lambda: torch.tensor(1.0), lambda: np.array(1.0), lambda: Fraction(1)],
    "lab1_g_proximal": [lambda: np.array([0.02]), lambda: 0.02],
    "lab1_g_pruning": [
        lambda p, k: sum(p.loss(w) < 1e-9 for _, w in p.best_subsets(k)),
        lambda p, k: float(sum(np.allclose(p.X @ w, p.y) for _, w in p.best_subsets(k))),
    ],
    "few_bits_d": [lambda codes: -sum(n * np.log2(n) for n in shares(codes))],
    "lab2_e": [lambda ls: np.average([32 if b is None else b for _, b in ls], weights=[n for n, _ in ls]),
        lambda ls: Fraction(sum(n * (32 if b is None else b) for n, b in ls), sum(n for n, _ in ls))],
    "lab2_f": [lambda d, s: int(np.argmin(np.divide(d, s))), lambda d, s: np.argmin(np.array(d) / np.array(s)),
        lambda d, s: torch.tensor(d).div(torch.tensor(s)).argmin()],
}  # fmt: skip
WRONG = {
    "lab1_a": [
        (shifting, "in place"),
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
        (lambda w, p, rate: w - np.clip(rate * slope(w, p), -1, 1), ""),
    ],
    "lab1_c": [
        (into(pruning), "in place"),
        (lambda w, p, r, k: kept(moved(w, p, r), k or len(w)), "[-0:]"),
        (unstable, ""),
        (lambda w, p, r, k: kept(moved(w, THREE_POINTS, r), k), "THREE_POINTS"),
        (lambda w, p, r, k: kept(moved(w, p, 0.02), k), "0.02"),
        (lambda w, p, r, k: kept(moved(w, p, r), 2), "leaves two weights"),
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
        (lambda w, p, r, c, k: trim(w, p, r, c, k or len(w)), "[-0:]"),
        (lambda w, p, r, c, k: trim(w[::-1], p, r, c, k)[::-1] if not p.X.any() else trim(w, p, r, c, k), "tie"),
    ],
    "lab1_g_pruning": [
        (lambda p, k: sum(p.loss(w) < 1e-3 for _, w in p.best_subsets(k)), "expected 0"),
        (lambda p, k: sum(p.loss(w) < 1e-9 and np.count_nonzero(w.round(9)) == k for _, w in p.best_subsets(k)), ""),
    ],
    "lab1_g_proximal": [(lambda: np.array([0.02, 0.04]), "one number"), (lambda: np.True_, "one number")],
    "few_bits_b": [(no_slope, "expected")],
    "few_bits_d": [(lambda codes: entropy(torch.histc(codes.float(), 4)), "expected 1.2075")],
    "lab2_a": [(type("NoFunction", (), {"forward": lambda ctx, w, bits: w}), "has no attribute 'apply'")],
    "lab2_e": [
        (lambda ls: sum(n * (b or 32) for n, b in ls) / sum(n for n, _ in ls), "zero bits"),
        (lambda ls: sum(n * (32 if b is None else b) for n, b in ls) // sum(n for n, _ in ls), "//"),
        (lambda ls: 2.5988, ""),
        (lambda ls: average(set(ls)), ""),
        (fills_in_place, "in place"),
    ],
    "lab2_f": [
        (lambda d, s: int(np.argmin(np.divide(d, np.square(s)))), "once"),
        (lambda d, s: int(np.argmin(np.array(d) // np.array(s))), "//"),
        (lambda d, s: int(np.argmin(np.multiply(d, s))), "multiplies"),
        (lambda d, s: int(np.argmin(np.divide(d, s))) + 1, "count from 0"),
        (lambda d, s: 3, ""),
        (lambda d, s: int(np.argmin(np.maximum(d, 0) / np.array(s))), ""),
        (lambda d, s: int(np.argmin((np.array(d) / np.array(s)).round(2))), ""),
        (lambda d, s: int(np.argmin(np.minimum(1, np.array(d) / np.array(s)))), ""),
        (lambda d, s: (int(np.argmin(np.divide(d, s))), d.sort())[0], "in place"),
    ],
}  # fmt: skip
