"""What question (c) of Lab 2 must show, a step of training a network at few bits. It stands in notebooks/06."""

import torch
from torch.nn import functional as F

from ..networks.quantize import QuantLinear
from .comparison import IN_PLACE, changed, copied
from .failure import Misbehaved
from .report import Report
from .sample_network import sample_network


def step_case(seed, bits=2, rate=0.1, training=True):
    """Return (layer, optimizer, x, y) for one step of training, all of it from the seed."""
    generator = torch.Generator().manual_seed(seed)
    layer = QuantLinear(4, 3, bits=bits).train(training)
    weights = {"linear.weight": torch.randn(3, 4, generator=generator), "linear.bias": torch.zeros(3)}
    layer.load_state_dict(weights)
    return _set_out(layer, rate, torch.randn(67, 4, generator=generator), torch.arange(67) % 3)


def network_case(seed, bits=2, rate=0.1, training=True):
    """Return (network, optimizer, x, y) as `step_case` does, of a ResNet20, whose batch-norm statistics move, too."""
    network = sample_network((bits,) * 3, seed).train(training)
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    return _set_out(network, rate, images, torch.arange(4))


CASES = {"layer": step_case, "network": network_case}


def _set_out(model, rate, x, y):
    for parameter in model.parameters():  # what an earlier step may have left
        parameter.grad = torch.ones_like(parameter)
    return model, torch.optim.SGD(model.parameters(), lr=rate, weight_decay=0.05), x, y


def _moved(case, steps, clear=True, loss_of=F.cross_entropy, optimizer_of=None, evaluating=False, twice=False, looks=0):
    """Return a model's weights and statistics after steps of training; what is wrong with the steps can be said."""
    kind, *numbers = case
    model, optimizer, x, y = CASES[kind](*numbers)
    optimizer = optimizer_of(model.parameters()) if optimizer_of else optimizer
    mode = model.training
    for _ in range(steps):
        if clear:
            model.zero_grad()
        for _ in range(looks):
            model(x)
        loss = loss_of(model.train(mode and not evaluating)(x), y)
        loss.backward(retain_graph=twice)
        if twice:
            loss.backward()
        optimizer.step()
    return _held(model)


def _held(model):
    return torch.cat([value.detach().cpu().flatten().float() for value in model.state_dict().values()])


def _sgd(rate, **settings):
    return lambda parameters: torch.optim.SGD(parameters, lr=rate, **settings)


def _with(**options):
    return lambda case, steps: _moved(case, steps, **options)


OWN = "this moves the weights by an optimizer of its own: call step of the one that is given"
MISTAKES_IN_THE_STEP = {
    "the weights did not move: call backward, then optimizer.step": lambda case, steps: _moved(case, 0),
    "the loss climbs: the sign is wrong": _with(loss_of=lambda z, y: -F.cross_entropy(z, y)),
    "softmax is part of cross_entropy: give it the scores": _with(
        loss_of=lambda z, y: F.cross_entropy(z.softmax(1), y)
    ),
    "this is the sum over the images: cross_entropy takes the mean": (
        _with(loss_of=lambda z, y: F.cross_entropy(z, y, reduction="sum"))
    ),
    "this is the squared error: the loss is the cross-entropy": (
        _with(loss_of=lambda z, y: F.mse_loss(z, F.one_hot(y, z.shape[1]).float()))
    ),
    "cross_entropy takes the scores first, then the labels": _with(loss_of=lambda z, y: F.cross_entropy(y, z)),
    "gradients of earlier steps are still there: call optimizer.zero_grad": _with(clear=False),
    "the images go through the network twice, so its batch-norm statistics move twice: once is asked for": (
        _with(looks=1)
    ),
    "these are two steps: call optimizer.step once": lambda case, steps: _moved(case, 2 * steps),
    "the gradients count twice: call backward once": _with(twice=True),
    "the optimizer steps before backward: it moves the weights by gradients that are gone": (
        _with(loss_of=lambda z, y: 0 * F.cross_entropy(z, y))
    ),
    "batch normalisation must learn in a training step: leave the network's mode as it is": _with(evaluating=True),
    "this moves the weights past the optimizer, which has a weight decay as well: call its step": (
        lambda case, steps: _moved(case, steps, optimizer_of=_sgd((*case, 0.1)[3] if len(case) > 3 else 0.1))
    ),
    **{f"{OWN}; this one's rate is {rate}": _with(optimizer_of=_sgd(rate)) for rate in (0.01, 0.001, 0.002, 0.1, 1.0)},
    f"{OWN}; this is Adam": _with(optimizer_of=torch.optim.Adam),
}


def _loss(step):
    """Return the function of a case that gives the loss that `step(model, optimizer, x, y)` returns for it."""
    return lambda case: step(*step_case(*case))


def _right_loss(model, optimizer, x, y):
    return F.cross_entropy(model(x), y)


def _loss_after(model, optimizer, x, y):
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    return F.cross_entropy(model(x), y)


MISTAKES_IN_THE_LOSS = {
    "this is the loss after the step: return the one that the step started from": _loss(_loss_after),
    "this is the sum over the images: cross_entropy takes the mean": (
        _loss(lambda model, _, x, y: F.cross_entropy(model(x), y, reduction="sum"))
    ),
    "softmax is part of cross_entropy: give it the scores": (
        _loss(lambda model, _, x, y: F.cross_entropy(model(x).softmax(1), y))
    ),
    "the sign is wrong: the loss is positive": _loss(lambda model, _, x, y: -F.cross_entropy(model(x), y)),
    "cross_entropy takes the scores first, then the labels": _loss(lambda model, _, x, y: F.cross_entropy(y, model(x))),
    "this is the share of right answers: return the loss": (
        _loss(lambda model, _, x, y: (model(x).argmax(1) == y).float().mean())
    ),
}


def lab2_c(finetune_step, seed=0):
    """Check `finetune_step(model, optimizer, x, y)`, one step of quantization-aware training: 2 points, 1 hidden."""
    seed = 10 * seed + 3
    cases = [(("layer", seed), 1), (("layer", seed), 2), (("layer", seed + 1, None, 0.5, False), 2)]
    cases += [(("network", seed, 3, 0.02), 1), (("layer", seed + 2, 4, 0.01), 1)]

    def answer(case, steps):
        kind, *numbers = case
        model, optimizer, x, y = CASES[kind](*numbers)
        mode = model.training
        for _ in range(steps):
            given = copied((x, y))
            finetune_step(model, optimizer, x, y)
            if changed((x, y), given):
                raise Misbehaved(IN_PLACE)
        if model.training != mode:
            name = "train" if model.training else "eval"
            raise Misbehaved(f"model.{name}() in a step changes the network's mode: leave it to who calls the step")
        return _held(model)

    losses = [((seed + place, bits),) for place, bits in enumerate((2, 4, None))]
    report = Report("lab2_c", "One step of fine-tuning")
    report.agree("the float weights move by one step, and by two", answer, _moved, cases, 1, MISTAKES_IN_THE_STEP)
    label = "it returns the loss before the step"
    return report.agree(label, _loss(finetune_step), _loss(_right_loss), losses, 1, MISTAKES_IN_THE_LOSS)
