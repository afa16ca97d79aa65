"""Mistakes that students make, each with its name; and right answers, which pass from whatever seed a check draws."""

import random
import sys
from decimal import Decimal
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from torch.nn import functional as F

from labutils import checks, files
from labutils.grading import course
from labutils.networks.resnet import stage_layers


def moved(w, p, rate):
    return w - rate * p.gradient(w)


def soft(v, cut):
    return np.sign(v) * np.maximum(np.abs(v) - cut, 0)


def spare(v, cut, chosen):
    out = soft(v, cut)
    out[chosen] = v[chosen]
    return out


def smallest_zero(v, chosen):
    v[chosen] = 0
    return v


def step(model, optimizer, x, y, loss_of=F.cross_entropy, steps=1):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def from_zero(drops, saved):
    best, place = 0, 0
    for k, (drop, bits) in enumerate(zip(drops, saved)):
        if drop / bits < best:
            best, place = drop / bits, k
    return place


def evaluates(model, optimizer, x, y):
    mode = model.training
    model.eval()
    loss = step(model, optimizer, x, y)
    model.train(mode)
    return loss


def first_stage_alone(model, bits):
    for stage in range(3):
        for layer in stage_layers(model, stage):
            layer.bits = bits[stage]
        return model


def trains(model, bits):
    for stage in range(3):
        for layer in stage_layers(model, stage):
            layer.bits = bits[stage]
    return model.train()


def order(v):
    return np.argsort(-np.abs(v), kind="stable")


def average(layers):
    return sum(n * (32 if b is None else b) for n, b in layers) / sum(n for n, _ in layers)


def own(model, optimizer, x, y):
    return step(model, torch.optim.SGD(model.parameters(), lr=0.01), x, y)


MISTAKES = [
    ("lab1_a", lambda X, y, w: 2 * X @ (X @ w - y), "is a transpose missing"),
    ("lab1_a", lambda X, y, w: 2 * X.T @ (X @ w + y), "this adds y"),
    ("lab1_a", lambda X, y, w: np.sum((X @ w - y) ** 2), "this is the loss"),
    ("lab1_a", lambda X, y, w: X @ w - y, "these are the residuals"),
    ("lab1_b", lambda w, p, r: w - r * r * p.gradient(w), "rate counts twice"),
    ("lab1_b", lambda w, p, r: w + r * p.gradient(w), "run away"),
    ("lab1_a", lambda w, X, y: 2 * X.T @ (X @ w - y), "arguments in another order"),
    ("lab1_b", lambda w, p, r: r * p.gradient(w), "take it off w"),
    ("lab1_c", lambda w, p, r, k: smallest_zero(moved(w, p, r), np.argsort(np.abs(moved(w, p, r)))[:-k]), "keep 0"),
    ("lab1_c", lambda w, p, r, k: smallest_zero(moved(w, p, r), [np.argmin(np.abs(moved(w, p, r)))]), "argmin"),
    ("lab1_c", lambda w, p, r, k: smallest_zero(moved(w, p, r)[order(moved(w, p, r))], slice(k, None)), "its place"),
    ("lab1_c", lambda w, p, r, k: smallest_zero(moved(w, p, r), order(moved(w, p, r))[-(len(w) - k) :]), "keep d"),
    ("lab1_c", lambda w, p, r, k: smallest_zero(moved(w, p, r)[:, None], [0])[:, 0], "wrong axis"),
    ("lab1_d", lambda w, p, r, c: w - r * (p.gradient(w) + c * np.sign(p.gradient(w))), "sign of the gradient"),
    ("lab1_d", lambda w, p, r, c: w - r * (p.gradient(w) + c * np.abs(w)), "|W| is the penalty itself"),
    ("lab1_d", lambda w, p, r, c: w - r * (p.gradient(w) + c * w / np.abs(w)), "0 / 0"),
    ("lab1_d", lambda w, p, r, c: w - r * (p.gradient(w) + c * np.sign(w).sum()), "adds them up"),
    ("lab1_d", lambda w, p, r, c: w - r * (p.gradient(w) + c) * np.sign(w), "to the penalty alone"),
    ("lab1_d", lambda w, p, r, c: moved(w - r * c * np.sign(w), p, r), "take the gradient at w"),
    ("lab1_d", lambda w, p, r, c: moved(w, p, r) - r * c * (1 if w > 0 else -1), "element by element"),
    ("lab1_f", lambda w, p, r, c, k: np.where(np.isin(range(len(w)), order(moved(w, p, r))[:k]), w,
        soft(moved(w, p, r), r * c)), "values of w"),
    ("lab1_f", lambda w, p, r, c, k: spare(moved(w, p, r), r * c, np.argsort(np.abs(moved(w, p, r)))[-k:]), "besides"),
    ("lab1_f", lambda w, p, r, c, k: spare(moved(w, p, r), r * c, order(w)[:k]), "after the gradient step"),
    ("lab2_c", lambda m, o, x, y: step(m, o, x, y, lambda z, y: F.cross_entropy(y, z)), "scores first"),
    ("lab2_c", lambda m, o, x, y: step(m, o, x, y, lambda z, y: F.cross_entropy(z, y, reduction="sum")), "sum over"),
    ("lab2_c", lambda *a: step(*a, steps=2), "two steps"),
    ("lab2_c", own, "optimizer of its own"),
    ("lab2_c", evaluates, "batch normalisation must learn"),
    ("lab2_d", first_stage_alone, "return inside the loop"),
    ("lab2_d", trains, "changes the network's mode"),
    ("lab2_e", lambda layers: average([*dict(layers).items()]), "a dict keeps one"),
    ("lab2_e", lambda layers: round(average(layers), 2), "not rounded"),
    ("lab2_f", from_zero, "start from the first ratio"),
    ("lab2_f", lambda d, s: min(range(3), key=lambda k: d[k] / s[k]), "three stages"),
    ("lab2_f", lambda d, s: d / s, "lists cannot be divided"),
]  # fmt: skip


@pytest.mark.parametrize("name, answer, words", MISTAKES, ids=[f"{n} {w}" for n, _, w in MISTAKES])
def test_a_mistake_has_its_name(name, answer, words):
    report = getattr(checks, name)(answer)
    assert report.points < report.max
    assert any(words in row["message"] for row in report.rows), report.rows


OPERATORS = {
    "np.maximum": lambda w, cut: np.sign(w) * np.max(np.abs(w) - cut, 0),
    "element by element": lambda w, cut: w - cut if w > cut else 0 * w,
    "counts twice": lambda w, cut: soft(w, 2 * cut),
    "below -threshold": lambda w, cut: np.where(w > cut, w - cut, np.where(w < cut, w + cut, 0)),
    "moved to within": lambda w, cut: np.where(np.abs(soft(w, cut)) <= cut, 0, soft(w, cut)),
}


@pytest.mark.parametrize("words", OPERATORS)
def test_an_operators_mistake_has_its_name(words):
    operator = OPERATORS[words]
    assert words in checks.lab1_e(operator, lambda w, p, r, c: operator(moved(w, p, r), r * c)).rows[0]["message"]


STEPS = {
    "the weights first": lambda w, p, r, c: soft(r * c, moved(w, p, r)),
    "don't add": lambda w, p, r, c: soft(moved(w, p, r), r + c),
}


@pytest.mark.parametrize("words", STEPS)
def test_a_proximal_steps_mistake_has_its_name(words):
    assert words in checks.lab1_e(soft, STEPS[words]).rows[1]["message"]


def ste(forward, backward=lambda ctx, g: (g, None)):
    return type(
        "Answer", (torch.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )


def rounded(w, bits, steps=lambda bits: 2**bits - 1, rounding=torch.round, equal=torch.clone):
    if bits is None:
        return w.clone()
    if bits == 0:
        return w * 0
    lowest, reach = w.min(), w.max() - w.min()
    if reach == 0:
        return equal(w)
    return lowest + reach * rounding((w - lowest) / reach * steps(bits)) / steps(bits)


def remembering(ctx, w, bits):
    ctx.bits = bits
    return rounded(w, bits)


STES = {
    "these became zero": ste(lambda ctx, w, bits: rounded(w, bits, equal=torch.zeros_like)),
    "not to 16 bits": ste(lambda ctx, w, bits: rounded(w, 16 if bits is None else bits)),
    "^ is XOR": ste(lambda ctx, w, bits: rounded(w, bits, lambda bits: (2 ^ bits) - 1)),
    "// and int() round down": ste(lambda ctx, w, bits: rounded(w, bits, lambda bits: 2**bits, torch.floor)),
    "every channel": ste(lambda ctx, w, bits: torch.stack([rounded(row, bits) for row in w]) if w.dim() > 1 else w),
    "these are ones": ste(lambda ctx, w, bits: rounded(w, bits), lambda ctx, g: (torch.ones_like(g), None)),
    "with 0 bits": ste(remembering, lambda ctx, g: (g if ctx.bits != 0 else 0 * g, None)),
    "gradient, None": ste(lambda ctx, w, bits: rounded(w, bits), lambda ctx, g: g),
}


@pytest.mark.parametrize("words", STES)
def test_a_quantizers_mistake_has_its_name(words):
    assert any(words in row["message"] for row in checks.lab2_a(STES[words]).rows)


def test_an_answer_that_stops_says_where_on_what_and_what_it_printed():
    def gradient(X, y, w):
        print("my residuals")
        return X[9]

    message = checks.lab1_a(gradient).rows[0]["message"]
    assert "IndexError: index 9 is out of bounds" in message and "`return X[9]`" in message
    assert "X has shape (3, 5)" in message and message.endswith("it printed: my residuals")


def test_an_answer_that_draws_or_asks_is_checked_quietly():
    shell, shown = InteractiveShell.instance(), []
    shell.display_pub.publish = lambda data, *_, **__: shown.append(data)

    def step(w, problem, rate):
        display(w)
        plt.figure()
        return moved(w, problem, rate)

    plt.close("all")
    own = plt.figure()
    try:
        assert all(row["ok"] for row in checks.lab1_b(step).rows) and not shown
        display("seen")
    finally:
        InteractiveShell.clear_instance()
    assert shown == [{"text/plain": "'seen'"}]
    assert plt.get_fignums() == [own.number]  # of the answer's figures none is left to be drawn below the check
    plt.close(own)
    for row in checks.lab1_b(lambda w, problem, rate: input("rate?")).rows:
        assert row["message"].startswith("it asks with input()")


KINDS = {
    "of shape (2, 5)": lambda w, p, r: (moved(w, p, r), w),
    "returns nothing": lambda w, p, r: None,
    "expected numbers": lambda w, p, r: object(),
    "of shape (5, 1)": lambda w, p, r: moved(w, p, r)[:, None],
    "SystemExit: 3, in line": lambda w, p, r: sys.exit(3),
}


@pytest.mark.parametrize("words", KINDS)
def test_a_result_of_another_kind_is_told_alike_in_every_row(words):
    # A pair was taken for the weights of the next step, and made a pair of pairs, until the memory was full.
    assert all(words in row["message"] for row in checks.lab1_b(KINDS[words]).rows)


@pytest.mark.parametrize("name", ["lab1_g_l1", "lab1_g_proximal", "lab1_g_trimmed"])
def test_no_number_above_0_is_told_so_and_not_that_the_answer_stopped(name):
    for one in ([1.0, 2.0], -1, True, "0.02", None):
        for row in getattr(checks, name)(lambda one=one: one).rows:
            assert "stopped" not in row["message"] and not row["points"]


@pytest.mark.parametrize(
    "stem, name",
    [
        ("03_l1_regularization", "lab1_g_l1"),
        ("04_proximal_gradient", "lab1_g_proximal"),
        ("05_trimmed_l1", "lab1_g_trimmed"),
    ],
)
def test_one_number_however_it_is_wrapped_is_one_for_the_cells_below_too(stem, name):
    cells = [cell.source for cell in course.read(files.NOTEBOOKS / f"{stem}.ipynb")]
    (line,) = [line for cell in cells for line in cell.split("\n") if "= float(np.squeeze(" in line]
    called = line.split("(")[2]
    for one in (5, [5], np.array([5.0]), torch.tensor([5.0]), Fraction(5), Decimal(5)):
        scope = {"np": np, called: lambda one=one: one}
        exec(line, scope)
        assert scope[line.split()[0]] == 5
        assert getattr(checks, name)(scope[called]).points == getattr(checks, name)(lambda: 5).points


@pytest.mark.parametrize(
    "name, answer", [("lab1_a", 3.0), ("lab2_a", lambda w, bits: w), ("lab1_g_l1", True), ("few_bits_d", 2)]
)
def test_a_name_that_holds_something_else_is_told_so(name, answer):
    words = f"this name holds a {type(answer).__name__} now: keep the line"
    assert all(words in row["message"] for row in getattr(checks, name)(answer).rows)


ODD = [
    ("few_bits_a", lambda w, codes: "ab", "expected one number, found 'a'"),
    ("few_bits_a", lambda w, codes: (0, 1, 2), "expected two numbers, lowest and step, found (0, 1, 2)"),
    ("few_bits_c", lambda best, increase, size: [1], "expected {total: (sum, bits of each layer)}, found [1]"),
    ("few_bits_c", lambda best, increase, size: {2: 0.5}, "found {2: 0.5}"),
    ("few_bits_d", lambda codes: "2 bits", "expected one number, found '2 bits'"),
    ("few_bits_d", lambda codes: codes, "expected one number, found tensor"),
    ("lab2_c", lambda *case: [step(*case)], "found one of shape (1,)"),
]


@pytest.mark.parametrize("name, answer, words", ODD)
def test_a_check_that_stumbles_over_a_result_does_not_say_that_the_answer_stopped(name, answer, words):
    messages = [row["message"] for row in getattr(checks, name)(answer).rows]
    assert any(words in one for one in messages) and not any("stopped" in one for one in messages), messages


def test_a_librarys_not_implemented_is_no_placeholder():
    def gradient(X, y, w):
        return random.SystemRandom().getstate()  # as in some versions of PyTorch a loss whose arguments are swapped

    assert "stopped with NotImplementedError" in checks.lab1_a(gradient).rows[0]["message"]


RIGHT = {
    "lab1_a": lambda X, y, w: np.array([Fraction(float(v)) for v in 2 * X.T @ (X @ w - y)]),
    "lab1_b": moved,
    "lab1_c": lambda w, p, r, k: smallest_zero(moved(w, p, r), order(moved(w, p, r))[k:]),
    "lab1_d": lambda w, p, r, c: moved(w, p, r) - r * c * np.sign(w),
    "lab1_f": lambda w, p, r, c, k: spare(moved(w, p, r), r * c, order(moved(w, p, r))[:k]),
    "lab2_a": ste(lambda ctx, w, bits: rounded(w, bits)),
    "lab2_c": step,
    "lab2_e": average,
    "lab2_f": lambda d, s: int(np.argmin(np.divide(d, s))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes_from_any_seed(name):
    for seed in range(2 if name in ("lab2_a", "lab2_c") else 30):
        report = getattr(checks, name)(RIGHT[name], seed=seed)
        assert report.points == report.max, (seed, report.rows)
