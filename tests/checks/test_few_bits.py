"""The checks of notebooks/08: full marks for the reference, fewer for each known-wrong answer, which is named."""

import math

import pytest
import torch
from helpers.answers.table import not_written
from torch.nn import functional as F

from labutils import checks


def messages(report):
    return " ".join(row["message"] for row in report.rows)


def fit(swap=False, centred=True, spread_of_codes=True):
    """Return `fit_levels` with one thing wrong, by default nothing."""

    def fit_levels(w, codes):
        middle, mean = (codes.mean(), w.mean()) if centred else (0.0, 0.0)
        over = (codes - middle) if spread_of_codes else (w - mean)
        step = ((codes - middle) * (w - mean)).sum() / over.square().sum()
        return (step, mean - step * middle) if swap else (mean - step * middle, step)

    return fit_levels


def test_few_bits_a():
    report = checks.few_bits_a(fit())
    assert report.points == report.max == 4


@pytest.mark.parametrize(
    "answer, named",
    [
        (fit(swap=True), "swapped"),
        (fit(centred=False), "through zero"),
        (fit(spread_of_codes=False), ""),
        (lambda w, codes: (w.min(), (w.max() - w.min()) / 3), "whole range"),
        (lambda w, codes: (w.mean(), w.std()), ""),
        (lambda w, codes: (fit()(w, codes)[0], fit()(w, codes)[1].abs()), ""),
        (lambda w, codes: None, "returns nothing"),
        (lambda w, codes: w.mean(), "return two"),
        (not_written, "not written yet"),
    ],
)
def test_few_bits_a_wrong(answer, named):
    report = checks.few_bits_a(answer)
    assert report.points < 4 and named in messages(report)


def distil(squared=True, softened=True, backwards=False, reduction="batchmean", swap=False, hard=True, teacher=True):
    """Return `distillation` with one thing wrong, by default nothing."""

    def distillation(scores, teacher_scores, labels, temperature, soft):
        t = temperature if softened else 1.0
        pair = [F.log_softmax(values / t, dim=1) for values in (scores, teacher_scores)]
        far = F.kl_div(*(reversed(pair) if backwards else pair), reduction=reduction, log_target=True)
        far = far * temperature**2 if squared else far
        share = 1 - soft if swap else soft
        far, labelled = share * far, (1 - share) * F.cross_entropy(scores, labels)
        return far * teacher + (labelled if teacher else F.cross_entropy(scores, labels)) * hard

    return distillation


def test_few_bits_b():
    report = checks.few_bits_b(distil())
    assert report.points == report.max == 4


@pytest.mark.parametrize(
    "answer, named",
    [
        (distil(squared=False), "square of the temperature"),
        (distil(softened=False), "not divided by the temperature"),
        (distil(backwards=True), "wrong way"),
        (distil(reduction="mean"), "mean over classes"),
        (distil(swap=True), "1 - soft"),
        (distil(hard=False), "labels are missing"),
        (distil(teacher=False), "teacher is missing"),
        (lambda *arguments: torch.tensor(0.0), ""),
        (lambda *arguments: distil()(*arguments).item(), "no gradient flows"),
        (lambda scores, wanted, labels, t, soft: distil()(scores, wanted, labels, 4.0, soft), ""),
        (not_written, "not written yet"),
    ],
)
def test_few_bits_b_wrong(answer, named):
    report = checks.few_bits_b(answer)
    assert report.points < 4 and named in messages(report)


def layer(smaller=True, sized=True, keeps=True, once=False):
    """Return `add_layer` with one thing wrong, by default nothing."""

    def add_layer(best, increase, size):
        longer = {}
        for total, (cost, chosen) in best.items():
            for bits, more in increase.items():
                spent = total + bits * (size if sized else 1)
                if not smaller or cost + more < longer.get(spent, (math.inf,))[0]:
                    longer[spent] = cost + more, [*chosen, bits] if keeps else [bits]
                if once:
                    break
        return longer

    return add_layer


def test_few_bits_c():
    def in_lists(best, increase, size):
        return {total: list(pair) for total, pair in layer()(best, increase, size).items()}

    for answer in (layer(), in_lists):
        report = checks.few_bits_c(answer)
        assert report.points == report.max == 4


@pytest.mark.parametrize(
    "answer",
    [
        layer(smaller=False),
        layer(sized=False),
        layer(keeps=False),
        layer(once=True),
        lambda best, increase, size: best,
        lambda best, increase, size: {},
        not_written,
    ],
)
def test_few_bits_c_wrong(answer):
    assert checks.few_bits_c(answer).points < 4


def entropy(log=torch.log2, sign=-1, each=False, weighted=True):
    """Return `bits_a_code` with one thing wrong, by default nothing."""

    def bits_a_code(codes):
        _, place, counts = codes.unique(return_inverse=True, return_counts=True)
        share = counts / codes.numel()
        share = share[place] if each else share
        return sign * ((share * log(share)).sum() if weighted else log(share).mean())

    return bits_a_code


@pytest.mark.parametrize("answer", [entropy(), lambda codes: entropy()(codes).item()])
def test_few_bits_d(answer):
    report = checks.few_bits_d(answer)
    assert report.points == report.max == 4


@pytest.mark.parametrize(
    "answer, named",
    [
        (entropy(log=torch.log), "base 2"),
        (entropy(sign=1), "the sign"),
        (entropy(each=True), "each value once"),
        (entropy(weighted=False), "by its share"),
        (lambda codes: math.log2(len(codes.unique())), "without a code for frequent ones"),
        (lambda codes: codes.flatten().bincount().float().log2().sum(), "not implemented for"),
        (lambda codes: entropy()(codes[:, None].expand(-1, 2)), "stopped with"),
        (lambda codes: None, "returns nothing"),
        (not_written, "not written yet"),
    ],
)
def test_few_bits_d_wrong(answer, named):
    report = checks.few_bits_d(answer)
    assert report.points < 4 and named in messages(report)
