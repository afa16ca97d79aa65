"""Answers of the kind that students write in Lab 2, by name: (answer, words of its message), None for a right one."""

import copy

import torch
from torch.nn import functional as F

from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, stage_layers


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


def remembers_bits(ctx, w, bits):
    ctx.rounds = bits is not None
    return rounded(w, bits)


def for_rounded(ctx, g):
    return g if ctx.rounds else None, None


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
    "no gradient for floats": (ste(remembers_bits, for_rounded), "with bits None the gradient is lost"),
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


ONE = ResNet20()


def one_for_all(model, bits):
    ONE.load_state_dict(model.state_dict())
    return turned(ONE.eval(), bits)


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
    "one for all calls": (one_for_all, "one and the same"),
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
    "looks first": (lambda m, o, x, y: (F.cross_entropy(m(x), y), step(m, o, x, y))[1], "images go through"),
    "on few images": (lambda m, o, x, y: step(m, o, x[:32], y[:32]), ""),
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
    "a network in training mode": (lambda model, bits: set_bits(copied(model, 6).train(), bits), "another network"),
    "skips None": (lambda model, bits: set_bits(model, tuple(b or 6 for b in bits)), "None and 0"),
    "all alike": (lambda model, bits: set_bits(model, bits[:1] * 3), "bits[k]"),
}  # fmt: skip

GROUPS = {"lab2_a": STES, "lab2_b": NETWORKS, "lab2_c": STEPS, "lab2_d": BITS}
