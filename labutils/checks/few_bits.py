"""What each exercise of notebooks/08 must show. It is beyond the homework: its points count nowhere."""

import functools
import itertools
import math

import torch
from torch.nn import functional as F

from .comparison import IN_PLACE, NOTHING, changed, copied, single
from .failure import Misbehaved
from .report import Report


def _on_copies(answer):
    """Return a function that calls an answer with copies of its arguments, and says so where it changes them."""

    def called(*arguments):
        copies = copied(arguments)
        found = answer(*copies)
        if found is None:
            raise Misbehaved(NOTHING)
        if changed(copies, arguments):
            raise Misbehaved(IN_PLACE)
        return found

    return called


def few_bits_a(fit_levels):
    """Check `fit_levels(w, codes)`, the (lowest, step) of the straight line through (code, weight): 4 points."""
    codes = torch.tensor([0.0, 0.0, 1.0, 2.0, 3.0, 3.0, 3.0])
    w = torch.tensor([-0.7, -0.3, 0.0, 0.2, 0.7, 0.9, 1.4])

    def line(x, y):
        """Return (intercept, slope) by the normal equations."""
        solution = torch.linalg.lstsq(torch.stack([torch.ones_like(x), x], 1), y[:, None]).solution
        return solution.flatten()

    right = line(codes, w)
    mistakes = {
        "step and lowest are swapped": right.flip(0),
        "this is the whole range: from the smallest weight, in thirds of the range": torch.tensor([-0.7, 0.7]),
        "this line runs through zero: take the mean off codes and weights first": torch.stack(
            [torch.tensor(0.0), (codes * w).sum() / codes.square().sum()]
        ),
        "the slope is upside down: divide by the spread of the codes, not of the weights": line(w, codes),
    }
    report = Report("few_bits_a", "The levels that fit best")
    exact, fit_levels = 0.5 + 0.25 * codes, _on_copies(fit_levels)
    report.close("weights that lie on levels", lambda: _pair(fit_levels(exact, codes)), [0.5, 0.25], tolerance=1e-4)
    report.close("weights beside them", lambda: _pair(fit_levels(w, codes)), right, 2, mistakes, tolerance=1e-4)
    label, falling, codes = "a tensor of weights as a layer has it, and a line that falls", -w[:6], codes[:6]
    right = line(codes, falling)
    codes, falling = codes.view(2, 3), falling.view(2, 3)
    return report.close(label, lambda: _pair(fit_levels(falling, codes)), right, tolerance=1e-4)


def _pair(values):
    """Return two numbers, of whatever shape, as a tensor (2,)."""
    if single(values) is not None:
        raise Misbehaved("this returns one number: return two, lowest and step")
    try:
        lowest, step = values
    except (TypeError, ValueError):
        raise Misbehaved(f"expected two numbers, lowest and step, found {repr(values)[:80]}") from None
    return torch.stack([_number(lowest), _number(step)])


def _divergence(p, q):
    """Return the mean over a batch of the divergence from p to q, in nats."""
    return (p * (p.log() - q.log())).sum(1).mean()


def few_bits_b(distillation):
    """Check `distillation(scores, teacher_scores, labels, temperature, soft)`, the mean loss in nats: 4 points."""
    generator = torch.Generator().manual_seed(6)
    scores, wanted = torch.randn(2, 6, 10, generator=generator) * 3
    labels, t, soft, loss = torch.arange(6), 4.0, 0.9, _on_copies(distillation)
    hard = F.cross_entropy(scores, labels)

    p, q = (wanted / t).softmax(1), (scores / t).softmax(1)
    far, rest = soft * t**2 * _divergence(p, q), (1 - soft) * hard
    unsoftened = soft * t**2 * _divergence(wanted.softmax(1), scores.softmax(1))
    mistakes = {
        "the square of the temperature is missing": far / t**2 + rest,
        "the scores are not divided by the temperature": unsoftened + rest,
        "the divergence runs the wrong way: it is the teacher's probabilities that weigh": (
            soft * t**2 * _divergence(q, p) + rest
        ),
        "this is a mean over classes too: sum over them, and take the mean over the images": far / 10 + rest,
        "soft is the teacher's share, 1 - soft that of the labels": (1 - soft) / soft * far + soft / (1 - soft) * rest,
        "the labels are missing": far,
        "the teacher is missing": hard,
    }
    report = Report("few_bits_b", "Learning from a teacher")
    report.close("a batch of six", lambda: loss(scores, wanted, labels, t, soft), far + rest, 2, mistakes, 1e-4)
    label = "soft = 0: the labels alone"
    report.close(label, lambda: loss(scores, wanted, labels, t, 0.0), hard, 1, None, 1e-4)

    def gradients(loss):
        places = [place.clone().requires_grad_() for place in (wanted, scores)]
        found = [loss(place) for place in places]
        if any(getattr(one, "grad_fn", None) is None for one in found):
            raise Misbehaved("no gradient flows through this: return the loss as a tensor, without item() or detach()")
        return torch.stack([torch.autograd.grad(one, place)[0] for one, place in zip(found, places)])

    def loss_of(z, t=2.5, soft=0.6):
        p, q = (wanted / t).softmax(1), (z / t).softmax(1)
        return soft * t**2 * _divergence(p, q) + (1 - soft) * F.cross_entropy(z, labels)

    label = "its gradient for the scores at another temperature, at the teacher's own scores too"
    learns = functools.partial(gradients, lambda z: distillation(z, wanted, labels, 2.5, 0.6))
    return report.close(label, learns, gradients(loss_of), tolerance=1e-5)


def few_bits_c(add_layer):
    """Check `add_layer(best, increase, size)`, one layer more in the table {total: (smallest sum, bits)}: 4 points."""
    layers = [({2: 0.9, 3: 0.2}, 3), ({2: 0.5, 3: 0.4, 4: 0.0}, 1), ({2: 0.3, 4: 0.1}, 2), ({2: 0.8, 3: 0.0}, 1)]

    def brute_force(layers):
        best = {}
        for chosen in itertools.product(*(increase for increase, _ in layers)):
            total = sum(bits * size for bits, (_, size) in zip(chosen, layers))
            cost = sum(increase[bits] for bits, (increase, _) in zip(chosen, layers))
            if cost < best.get(total, (math.inf,))[0]:
                best[total] = cost, chosen
        return best

    def rows(best):
        return [[total, best[total][0], *best[total][1]] for total in sorted(best)]

    def answer(layers):
        best = {0: (0.0, [])}
        for increase, size in layers:
            best = add_layer(best, increase, size)
            try:
                found = rows(best)
            except (TypeError, LookupError, AttributeError):
                raise Misbehaved(f"expected {{total: (sum, bits of each layer)}}, found {repr(best)[:80]}") from None
        return found

    report, add_layer = Report("few_bits_c", "One layer more"), _on_copies(add_layer)
    report.close("one layer of three weights", lambda: answer(layers[:1]), rows(brute_force(layers[:1])))
    totals = [row[0] for row in rows(brute_force(layers[:2]))]
    report.close("two layers: every total that they can reach", lambda: [row[0] for row in answer(layers[:2])], totals)
    label = "four layers: of equal totals the smaller sum stays"
    return report.close(label, lambda: answer(layers), rows(brute_force(layers)), 2)


def few_bits_d(bits_a_code):
    """Check `bits_a_code(codes)`, the entropy of a layer's codes in bits a code: 4 points."""
    codes = torch.tensor([2, 2, 0, 2, 2, 3, 2, 2, 2, 1, 2, 2])
    shares = torch.tensor([1, 1, 9, 1]) / 12
    right = -(shares * shares.log2()).sum()
    each = shares[codes]  # the share of every single code, in place of one for each value
    mistakes = {
        "these are nats: take the logarithm to base 2": right * math.log(2),
        "the sign: a logarithm of a share is negative": -right,
        "this sums over all codes: take each value once": -(each * each.log2()).sum(),
        "this is the mean of the logarithms: weigh each by its share": -shares.log2().mean(),
        "these are the bits without a code for frequent ones": torch.tensor(2.0),
    }
    report, bits_a_code = Report("few_bits_d", "What a code is worth"), _on_copies(bits_a_code)
    label = "four codes, equally frequent: two bits"
    report.close(label, lambda: _number(bits_a_code(torch.arange(4).repeat(3))), 2.0, tolerance=1e-4)
    label = "three quarters of the codes are the same"
    report.close(label, lambda: _number(bits_a_code(codes)), right, 2, mistakes, 1e-4)
    weights = torch.tensor([-1.5, 0.0, 0.25, 7.0])[codes].view(3, 2, 2, 1)
    label = "a layer's shape does not matter, nor do the values: its weights stand for their codes"
    return report.close(label, lambda: _number(bits_a_code(weights)), right, tolerance=1e-4)


def _number(value):
    """Return a number, of whatever type, as a tensor without axes."""
    if single(value) is None:
        raise Misbehaved(f"expected one number, found {repr(value)[:80]}")
    return torch.as_tensor(value).float().reshape(())
