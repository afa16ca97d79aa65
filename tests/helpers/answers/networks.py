"""Answers to (b), (c) and (d) of Lab 2, which make, train and change networks."""

import copy

import torch
from torch.nn import functional as F

from labutils.networks import quantize
from labutils.networks.resnet import ResNet20, stage_layers


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


MADE = {}


def kept_by_bits(model, bits):
    made = MADE.setdefault(bits, copied(model, bits))
    made.load_state_dict(model.state_dict())
    return made


def shared_statistics(model, bits):
    new = copied(model, bits)
    for one, other in zip(new.buffers(), model.buffers()):
        one.data = other.data
    return new


NETWORKS = {
    "plain": (copied, None),
    "a deep copy": (lambda model, bits: turned(copy.deepcopy(model), bits), None),
    "in training mode": (lambda model, bits: copied(model, bits).train(), None),
    "shares its tensors": (assigned, "shares tensors"),
    "shares the statistics": (shared_statistics, "shares tensors"),
    "kept for the next call": (kept_by_bits, "one and the same"),
    "turns the given one": (turned, "the given network, changed"),
    "without the statistics": (weights_only, "statistics"),
    "float weights thrown away": (settled, "float weights are lost"),
    "first and last layer too": (all_rounded, "first and the last layer"),
    "leaves the given one in training mode": (sets_mode, "has changed"),
    "the given one where bits is None": (lambda model, bits: copied(model, bits) if bits else model, "given network"),
    "evaluates the given one": (lambda model, bits: copied(model.eval(), bits), "has changed"),
    "one for all calls": (one_for_all, "one and the same"),
    "frozen": (lambda model, bits: copied(model, bits).requires_grad_(False), "take no gradient"),
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


def looks_aside(model, optimizer, x, y):
    mode = model.training
    right = (model.eval()(x).argmax(1) == y).float().mean()
    model.train(mode)
    return step(model, optimizer, x, y) + 0 * float(right)


STEPS = {
    "plain": (step, None),
    "a tensor": (lambda *a: step(*a, result=lambda loss: loss.detach()), None),
    "in training mode": (lambda *a: step(*a, mode=True), "model.train()"),
    "in evaluation mode": (lambda *a: step(*a, mode=False), "model.eval()"),
    "softmax first": (lambda *a: step(*a, scores=lambda z: z.softmax(1)), "softmax"),
    "returns nothing": (lambda *a: step(*a, result=lambda loss: None), "returns nothing"),
    "forgets afterwards": (lambda *a: (step(*a, zero=False), a[1].zero_grad())[0], "zero_grad"),
    "moves the weights itself": (by_hand, ""),
    "looks in evaluation mode": (looks_aside, None),
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


def set_and_copied(model, bits):
    return copy.deepcopy(set_bits(model, bits))


BITS = {
    "plain": (set_bits, None),
    "rounds the weights too": (rounding_too, "weights have changed"),
    "counts stages from 1": (from_one, "counted from 0"),
    "returns nothing": (nothing_back, "returns nothing"),
    "a copy": (lambda model, bits: set_bits(copy.deepcopy(model), bits), "another network"),
    "a copy of the one that was set": (set_and_copied, "another network"),
    "a network in training mode": (lambda model, bits: set_bits(copied(model, 6).train(), bits), "another network"),
    "skips None": (lambda model, bits: set_bits(model, tuple(b or 6 for b in bits)), "None and 0"),
    "all alike": (lambda model, bits: set_bits(model, bits[:1] * 3), "bits[k]"),
}  # fmt: skip

ANSWERS = {"lab2_b": NETWORKS, "lab2_c": STEPS, "lab2_d": BITS}
