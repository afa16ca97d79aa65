"""Answers whose results are single numbers: the bonus questions (g) of Lab 1, and (e) and (f) of Lab 2."""

from fractions import Fraction

import numpy as np
import torch

from .table import numbered


def average(layers):
    return sum(n * (32 if b is None else b) for n, b in layers) / sum(n for n, _ in layers)


def fills_in_place(layers):
    for place, (n, b) in enumerate(layers):
        layers[place] = (n, 32 if b is None else b)
    return average(layers)


RIGHT = {
    "lab1_g_l1": [lambda: np.float32(1), lambda: torch.tensor(1.0), lambda: np.array(1.0), lambda: Fraction(1)],
    "lab1_g_proximal": [lambda: np.array([0.02]), lambda: np.float32(0.02), lambda: 0.02],
    "lab1_g_trimmed": [lambda: 5, lambda: Fraction(5)],
    "lab1_g_pruning": [
        lambda p, k: sum(p.loss(w) < 1e-9 for _, w in p.best_subsets(k)),
        lambda p, k: float(sum(np.allclose(p.X @ w, p.y) for _, w in p.best_subsets(k))),
    ],
    "lab2_e": [lambda ls: np.average([32 if b is None else b for _, b in ls], weights=[n for n, _ in ls]),
        lambda ls: Fraction(sum(n * (32 if b is None else b) for n, b in ls), sum(n for n, _ in ls))],
    "lab2_f": [lambda d, s: int(np.argmin(np.divide(d, s))), lambda d, s: np.argmin(np.array(d) / np.array(s)),
        lambda d, s: torch.tensor(d).div(torch.tensor(s)).argmin()],
}  # fmt: skip
WRONG = {
    "lab1_g_proximal": [(lambda: np.array([0.02, 0.04]), "one number"), (lambda: np.True_, "one number")],
    "lab1_g_pruning": [
        (lambda p, k: sum(p.loss(w) < 1e-3 for _, w in p.best_subsets(k)), "expected 0"),
        (lambda p, k: sum(p.loss(w) < 1e-9 and np.count_nonzero(w.round(9)) == k for _, w in p.best_subsets(k)), ""),
    ],
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
ANSWERS = numbered(RIGHT, WRONG)
