"""Answers to the exercises beyond the homework."""

import numpy as np
import torch
from torch.nn import functional as F

from .table import numbered


def shares(codes):
    return codes.unique(return_counts=True)[1].numpy() / codes.numel()


def entropy(counts):
    p = counts[counts > 0] / counts.sum()
    return -(p * p.log2()).sum()


def no_slope(scores, teacher_scores, labels, t, soft):
    q, p = (scores.detach() / t).log_softmax(1), (teacher_scores / t).softmax(1)
    return soft * t**2 * F.kl_div(q, p, reduction="batchmean") + (1 - soft) * F.cross_entropy(scores, labels)


def centred_in_place(w, codes):
    w -= (mean := w.mean())
    middle = codes.mean()
    step = ((codes - middle) * w).sum() / (codes - middle).square().sum()
    return mean - step * middle, step


def softened_in_place(scores, teacher_scores, labels, t, soft):
    hard = F.cross_entropy(scores, labels)
    scores = scores.clone().div_(t)
    p = teacher_scores.div_(t).softmax(1)
    return soft * t**2 * (p * (p.log() - scores.log_softmax(1))).sum(1).mean() + (1 - soft) * hard


def emptied(best, increase, size):
    longer = {}
    while best:
        total, (cost, chosen) = best.popitem()
        for bits, more in increase.items():
            longer[total + bits * size] = min(
                longer.get(total + bits * size, (float("inf"),)), (cost + more, [*chosen, bits])
            )
    return longer


RIGHT = {
    "few_bits_d": [lambda codes: -sum(n * np.log2(n) for n in shares(codes))],
}  # fmt: skip
WRONG = {
    "few_bits_d": [(lambda codes: entropy(torch.histc(codes.float(), 4)), "expected 1.2075")],
    "few_bits_b": [(no_slope, "expected"), (softened_in_place, "in place")],
    "few_bits_a": [(centred_in_place, "in place")],
    "few_bits_c": [(emptied, "in place")],
}  # fmt: skip
ANSWERS = numbered(RIGHT, WRONG)
