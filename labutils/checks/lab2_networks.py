"""What questions (b) and (c) of Lab 2 must show, a network at fewer bits and a step of its training: notebooks/06."""

from itertools import pairwise

import torch
from torch.nn import functional as F

from ..networks.quantize import QuantLinear, quant_layers
from .cases import changed, copied
from .comparison import IN_PLACE
from .failure import Misbehaved
from .report import Report
from .sample_network import differences, misplaced, sample_network, scores_of, state_of


def _share(*networks):
    """Return whether two networks have a tensor in common."""
    one, other = ({tensor.data_ptr() for tensor in network.state_dict().values()} for network in networks)
    return bool(one & other - {0})  # 0: of what holds no numbers


def _given_network_changes(quantize_model, bits, given):
    """Return what `quantize_model` did wrong to the network that it was given, "" where nothing."""
    before = state_of(given)
    made = quantize_model(given, bits)
    if differences(before, state_of(given)):
        return "the network that was given has changed: make a new ResNet20, and leave the given one alone"
    shares = "the new network shares tensors with the given one: load_state_dict copies them, without assign"
    return shares if _share(made, given) else ""


def _misplacement(made, bits, given):
    """Return what is wrong with the kind of what `quantize_model` returned, and with its bits, "" where nothing."""
    if not isinstance(made, torch.nn.Module):
        return f"this returns {'nothing' if made is None else type(made).__name__}: return the new network"
    if misplaced(given, (None,) * 3):
        return "this is the given network, changed: make a new one, ResNet20(bits=...)"
    if bits and not any(layer.bits for _, layer in quant_layers(made)):
        return "nothing was quantized: make a new network, ResNet20(bits=...)"
    if made is given:
        return "this is the given network: make a new one, ResNet20(bits=...)"
    layers = misplaced(made, (bits,) * 3)
    if {"head_conv.0", "final_fc"} & {*layers}:
        return "the first and the last layer stay float: ResNet20(bits=...) gives bits to its stages only"
    if layers and bits is None:
        return "bits None means float: all layers of the new network should have None"
    return "some layers have other bits: ResNet20 takes one number of bits per stage" if layers else ""


def _other_weights(made, bits, given):
    """Return what is wrong with the weights and statistics of the new network, "" where nothing."""
    found, right = state_of(made), state_of(given)
    off = differences(right, found, [*given.state_dict()])
    weights = {name for name, value in given.named_parameters() if value.dim() > 1}
    if off and {*off} <= weights and all(len(found[name].unique()) <= 2**bits for name in off):
        return "the float weights are lost: the layers round by themselves, so copy the weights as they are"
    pairs = [(found[name].float(), right[name].float()) for name in off if name in found]
    if pairs and len(pairs) == len(off) and all(torch.allclose(*pair, rtol=0.01, atol=0.01) for pair in pairs):
        return "the weights are not quite those of the given network: copy them as they are, not rounded or in half()"
    if weights <= {*off}:
        return "these are not the given network's weights: new networks begin with random ones; copy its state_dict"
    if off and not {*off} & {name for name, _ in given.named_parameters()}:
        return "the batch-norm statistics are others: load_state_dict(model.state_dict()) copies them, too"
    if not all(parameter.requires_grad for parameter in made.parameters()):
        return "these weights take no gradient, so no step would move them: leave requires_grad as it is"
    if off:
        return f"some weights are others, of {off[0]} for one: load_state_dict(model.state_dict()) copies all"
    return ""


def lab2_b(quantize_model, seed=0):
    """Check `quantize_model(model, bits)`, a ResNet20 with all stages at `bits` and the model's weights: 1.5 points."""
    float_model, few = sample_network(seed=seed + 1), 3 + seed % 3
    report = Report("lab2_b", "The network at fewer bits")

    def placed():
        made = [(bits, quantize_model(float_model, bits)) for bits in (3, 5, 2, None, None)]
        networks = [network for _, network in made if isinstance(network, torch.nn.Module)]
        if any(_share(one, two) and not _share(one, float_model) for one, two in pairwise(networks)):
            return "two calls return one and the same network: make a new one in each"
        for bits, network in made:
            if problem := _misplacement(network, bits, float_model):
                return problem
        for bits, mode in ((3, False), (None, True)):
            if problem := _given_network_changes(quantize_model, bits, sample_network(seed=seed + 1).train(mode)):
                return problem
        return ""

    def computes():
        made = quantize_model(float_model, few)
        if problem := _misplacement(made, few, float_model) or _other_weights(made, few, float_model):
            return problem
        expected = scores_of(sample_network((few,) * 3, seed + 1))
        right = torch.allclose(scores_of(made), expected, rtol=1e-4, atol=1e-4)
        return "" if right else "these are not the rounded network's scores: look at the row above"

    report.says("3 bits in all three stages, first and last layer float", placed)
    return report.says("it computes with the float network's weights", computes, points=0.5)


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
STEP_MISTAKES = {
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


LOSS_MISTAKES = {
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
    report.agree("the float weights move by one step, and by two", answer, _moved, cases, 1, STEP_MISTAKES)
    label = "it returns the loss before the step"
    return report.agree(label, _loss(finetune_step), _loss(_right_loss), losses, 1, LOSS_MISTAKES)
