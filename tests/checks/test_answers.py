"""Answers as students write them: right ones, however written, get all points; wrong ones never do, and are named.

Each kind of wrong answer is here for every exercise to which it applies: it changes what it was given, ignores an
argument, is right on the lab's own numbers only, or is right in value and wrong in state. `test_lab1_*` and `test_lab2`
have the mistakes that the checks knew first.
"""

import copy
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from labutils import checks
from labutils.linear.regression import THREE_POINTS
from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, stage_layers


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
    ],
    "lab1_b": [
        moved,
        lambda w, p, rate: w - rate * p.gradient(w),
        lambda w, p, rate: np.array([w[j] - rate * p.gradient(w)[j] for j in range(len(w))]),
        lambda w, p, rate: (lambda v: v.__isub__(rate * p.gradient(w)))(w.copy()),
    ],
    "lab1_c": [pruning, lambda w, p, r, k: np.where(np.isin(np.arange(len(w)), np.argsort(-np.abs(moved(w, p, r)),
        kind="stable")[:k]), moved(w, p, r), 0)],
    "lab1_d": [l1, lambda w, p, r, c: moved(w, p, r) - r * c * np.where(w > 0, 1, np.where(w < 0, -1, 0))],
    "lab1_f": [trim, lambda w, p, r, c, k: np.where(kept(moved(w, p, r), k) != 0, moved(w, p, r),
        soft(moved(w, p, r), r * c))],
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
    ],
    "lab1_b": [
        (lambda w, p, rate: moved(w, THREE_POINTS, rate), "THREE_POINTS"),
        (lambda w, p, rate: moved(w, p, 0.02), "0.02"),
        (one_by_one, "every data point"),
        (into(moved), "in place"),
        (per_weight, ""),
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


def ste(forward, backward=lambda ctx, g: (g, None)):
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Answer", (torch.autograd.Function,), methods)


def rounded(w, bits):
    if bits is None:
        return w.clone()
    if bits == 0:
        return torch.zeros_like(w)
    low, reach = w.min(), w.max() - w.min()
    return w.clone() if reach == 0 else low + reach * torch.round((w - low) / reach * (2**bits - 1)) / (2**bits - 1)


def right_ste(ctx, w, bits):
    return rounded(w, bits)


def shifted_in_place(ctx, w, bits):
    result = rounded(w, bits)
    if bits:
        w -= w.min()
    return result


def levels_in_place(ctx, w, bits):
    w.copy_(rounded(w, bits))
    ctx.mark_dirty(w)
    return w


def zeros_kept(ctx, w, bits):
    return torch.where(w == 0, w, rounded(w, bits))


def two_bits_always(ctx, w, bits):
    return rounded(w, 2 if bits else bits)


def of_max_abs(ctx, w, bits):
    if not bits or w.max() == w.min():
        return rounded(w, bits)
    reach = w.abs().max()
    return w.min() + reach * torch.round((w - w.min()) / reach * (2**bits - 1)) / (2**bits - 1)


def positive_only(ctx, w, bits):
    return rounded(w, bits) if w.max() > 0 else w.clone()


def in_numpy(ctx, w, bits):
    return torch.from_numpy(rounded(torch.from_numpy(w.detach().numpy().copy()), bits).numpy()).to(w.device)


def remembering(ctx, w, bits):
    ctx.rounds = bits is not None and w.max() > w.min()
    return rounded(w, bits)


def sometimes(ctx, g):
    return (g if ctx.rounds else torch.zeros_like(g)), None


STES = {
    "plain": (ste(right_ste), None),
    "by numpy": (ste(in_numpy), None),
    "clone of the gradient": (ste(right_ste, lambda ctx, g: (g.clone(), None)), None),
    "shifts w in place": (ste(shifted_in_place), "in place"),
    "levels written into w": (ste(levels_in_place), "in place"),
    "zeros kept": (ste(zeros_kept), "a zero is a weight"),
    "two bits always": (ste(two_bits_always), "bits is an argument"),
    "alpha is max|w|": (ste(of_max_abs), "max|w|"),
    "negative weights left alone": (ste(positive_only), "nothing was rounded"),
    "no gradient where nothing is rounded": (ste(remembering, sometimes), "is zero"),
    "clipped gradient": (ste(right_ste, lambda ctx, g: (g.clamp(-1, 1), None)), "clipped"),
    "scaled gradient": (ste(right_ste, lambda ctx, g: (g * 0.5, None)), ""),
    "sign of the gradient": (ste(right_ste, lambda ctx, g: (g.sign(), None)), "sign"),
}  # fmt: skip


def copied(model, bits):
    new = ResNet20((bits,) * 3)
    new.load_state_dict(model.state_dict())
    return new.eval()


def assigned(model, bits):
    new = ResNet20((bits,) * 3)
    new.load_state_dict(model.state_dict(), assign=True)
    return new.eval()


def turned(model, bits):
    for stage in range(3):
        for layer in stage_layers(model, stage):
            layer.bits = bits
    return model


def weights_only(model, bits):
    new = ResNet20((bits,) * 3)
    for one, other in zip(new.parameters(), model.parameters()):
        one.data = other.data.clone()
    return new.eval()


def settled(model, bits):
    return quantize.settle(copied(model, bits))


def all_rounded(model, bits):
    new = copied(model, bits)
    for _, layer in quantize.quant_layers(new):
        layer.bits = bits
    return new


def sets_mode(model, bits):
    model.train()
    return copied(model, bits)


NETWORKS = {
    "plain": (copied, None),
    "shares its tensors": (assigned, "shares its weights"),
    "turns the given one": (turned, "the given network, changed"),
    "without the statistics": (weights_only, "statistics"),
    "float weights thrown away": (settled, "float weights are lost"),
    "first and last layer too": (all_rounded, "first and the last layer"),
    "leaves the given one in training mode": (sets_mode, "has changed"),
    "the given one where bits is None": (lambda model, bits: copied(model, bits) if bits else model, "given network"),
    "evaluates the given one": (lambda model, bits: copied(model.eval(), bits), "has changed"),
    "not quantized": (lambda model, bits: copied(model, None), "nothing was quantized"),
}  # fmt: skip


def step(model, optimizer, x, y, mode=None, scores=lambda z: z, loss_again=False, result=float, zero=True):
    if mode is not None:
        model.train(mode)
    if zero:
        optimizer.zero_grad()
    loss = F.cross_entropy(scores(model(x)), y)
    loss.backward()
    optimizer.step()
    return result(F.cross_entropy(model(x), y) if loss_again else loss)


def by_hand(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= optimizer.param_groups[0]["lr"] * p.grad
    return loss.item()


STEPS = {
    "plain": (step, None),
    "a tensor": (lambda *a: step(*a, result=lambda loss: loss.detach()), None),
    "in training mode": (lambda *a: step(*a, mode=True), "model.train()"),
    "in evaluation mode": (lambda *a: step(*a, mode=False), "model.eval()"),
    "softmax first": (lambda *a: step(*a, scores=lambda z: z.softmax(1)), "softmax"),
    "returns nothing": (lambda *a: step(*a, result=lambda loss: None), "returns nothing"),
    "forgets afterwards": (lambda *a: (step(*a, zero=False), a[1].zero_grad())[0], "zero_grad"),
    "moves the weights itself": (by_hand, ""),
    "never forgets": (lambda *a: step(*a, zero=False), "zero_grad"),
}  # fmt: skip


def set_bits(model, bits):
    for stage, b in enumerate(bits):
        for layer in stage_layers(model, stage):
            layer.bits = b
    return model


def rounding_too(model, bits):
    return quantize.settle(set_bits(model, bits))


def from_one(model, bits):
    for stage in (1, 2):
        for layer in stage_layers(model, stage):
            layer.bits = bits[stage - 1]
    return model


def nothing_back(model, bits):
    set_bits(model, bits)


BITS = {
    "plain": (set_bits, None),
    "rounds the weights too": (rounding_too, "weights have changed"),
    "counts stages from 1": (from_one, "counted from 0"),
    "returns nothing": (nothing_back, "returns nothing"),
    "a copy": (lambda model, bits: set_bits(copy.deepcopy(model), bits), "another network"),
    "skips None": (lambda model, bits: set_bits(model, tuple(b or 6 for b in bits)), "None and 0"),
    "all alike": (lambda model, bits: set_bits(model, bits[:1] * 3), "bits[k]"),
}  # fmt: skip

GROUPS = {"lab2_a": STES, "lab2_b": NETWORKS, "lab2_c": STEPS, "lab2_d": BITS}


def outcome(name, answer):
    report = getattr(checks, name)(answer)
    return report.points == report.max, " | ".join(row["message"] for row in report.rows)


@pytest.mark.parametrize("name, number", [(name, i) for name, answers in RIGHT.items() for i in range(len(answers))])
def test_a_right_answer_has_all_points_however_it_is_written(name, number):
    whole, messages = outcome(name, RIGHT[name][number])
    assert whole, messages


@pytest.mark.parametrize("name, number", [(name, i) for name, answers in WRONG.items() for i in range(len(answers))])
def test_a_wrong_answer_loses_points_and_is_named(name, number):
    answer, words = WRONG[name][number]
    whole, messages = outcome(name, answer)
    assert not whole and words in messages, messages


@pytest.mark.parametrize("name, kind", [(name, kind) for name, answers in GROUPS.items() for kind in answers])
def test_answers_of_lab_2(name, kind):
    answer, words = GROUPS[name][kind]
    whole, messages = outcome(name, answer)
    assert whole is (words is None) and (words or "") in messages, messages


OPERATORS = {
    "fixed threshold": (lambda w, t: soft(w, 0.1), "threshold is an argument"),
    "strictly above": (lambda w, t: np.where(np.abs(w) > t, w, 0), "hard thresholding"),
    "in place": (into(soft), "in place"),
}


@pytest.mark.parametrize("kind", OPERATORS)
def test_an_operator_is_judged_apart_from_its_step(kind):
    operator, words = OPERATORS[kind]
    report = checks.lab1_e(operator, prox)
    assert [row["ok"] for row in report.rows] == [False, True, True] and words in report.rows[0]["message"]
    assert checks.lab1_e(soft, prox).points == 3


STEPS_E = {
    "its own rate": (lambda w, p, r, c: prox(w, p, 0.02, c), "0.02"),
    "its own rate in the threshold": (lambda w, p, r, c: soft(moved(w, p, r), 0.02 * c), "0.02"),
    "its own problem": (lambda w, p, r, c: prox(w, THREE_POINTS, r, c), "THREE_POINTS"),
    "one by one": (lambda w, p, r, c: soft(one_by_one(w, p, r), r * c), "every data point"),
    "a subgradient step": (l1, "sign of w"),
    "in place": (into(prox), "in place"),
}


@pytest.mark.parametrize("kind", STEPS_E)
def test_the_proximal_step(kind):
    step, words = STEPS_E[kind]
    report = checks.lab1_e(soft, step)
    assert report.points < 3 and words in report.rows[1]["message"], report.rows


HUGE = {
    "nine axes of six": lambda X, y, w: np.zeros([6] * 9, "i1"),
    "eighteen axes of two": lambda X, y, w: np.zeros([2] * 18, "i1"),
    "a long text": lambda X, y, w: "x" * 10_000_000,
    "a long list": lambda X, y, w: [0.0] * 2_000_000,
    "a long error": lambda X, y, w: (_ for _ in ()).throw(ValueError("y" * 10_000_000)),
    "an object of its own size": lambda X, y, w: type("Big", (), {"__repr__": lambda self: "z" * 10_000_000})(),
}


@pytest.mark.parametrize("kind", HUGE)
def test_whatever_an_answer_returns_its_message_is_short(kind):
    report = checks.lab1_a(HUGE[kind])
    assert report.points == 0 and all(0 < len(row["message"]) <= 400 for row in report.rows)
    assert len(report._repr_html_()) < 5_000
