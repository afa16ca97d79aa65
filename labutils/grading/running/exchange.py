"""Puts the arguments and results of students' functions into JSON and back; never code, never pickle.

A copy of this file runs in the student's process, the original in the grader's, which trusts nothing that it reads:
it makes numbers, texts, lists, arrays of numbers and the course's own networks, and refuses the rest.
"""

import decimal
import importlib
import numbers
import re
import sys
import types

# By name, since what a student's cell puts into these modules afterwards is not what other answers are sent with.
from base64 import b64decode, b64encode

from numpy import asarray, ascontiguousarray, float64, frombuffer, generic, ndarray

REAL = (numbers.Real, decimal.Decimal)
PLAIN = (type(None), bool, int, float, str)
NUMBERS = re.compile(r"[<>|][biuf]\d")  # dtypes
MODULES = ("ResNet20", "QuantLinear", "Linear")
MOST = 200_000  # numbers of an array or a list, characters of a text; the largest layer has 36,864 weights
SGD = ("lr", "momentum", "dampening", "weight_decay", "nesterov")


def without_compiler():
    """Have PyTorch's optimizers do without its compiler, which no lab uses and which takes seconds to import.

    Whatever asks for more of it than they do gets the compiler itself.
    """
    name = "torch._dynamo"
    light = types.ModuleType(name)
    light.graph_break, light.disable = lambda **_: None, lambda function, *_, **__: function

    def more(attribute):
        if attribute.startswith("__") and attribute != "__path__":  # whoever looks at all modules asks for these
            raise AttributeError(attribute)
        if sys.modules.get(name) is light:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    light.__getattr__ = more
    sys.modules[name] = light


def encode(value):
    """Return a value as what JSON holds.

    Raises: TypeError for a kind of value that no exercise takes or returns; ValueError for more of it than any does.
    """
    if isinstance(value, generic):
        value = value.item()
    if type(value) in PLAIN:
        return bounded(value)
    if isinstance(value, REAL):  # a Fraction, or a longdouble, which is its own item
        return float(value)
    if isinstance(value, (list, tuple)):
        parts = [encode(part) for part in bounded(value)]
        return {"tuple": parts} if isinstance(value, tuple) else parts
    if isinstance(value, memoryview):
        value = asarray(value)
    if isinstance(value, ndarray):
        bounded(value)
        if value.dtype.kind == "O" and all(isinstance(part, REAL) for part in value.flat):
            value = value.astype(float64)  # Fractions, as checks in the notebook take them
        if value.dtype.kind not in "biuf":
            raise TypeError(f"expected an array of numbers, found one of {value.dtype}")
        if value.dtype.itemsize > 8:  # a longdouble, which each computer spells differently
            value = value.astype(float64)
        data = b64encode(ascontiguousarray(value)).decode()
        return {"array": data, "type": value.dtype.str, "shape": value.shape}
    kinds = [kind.__name__ for kind in type(value).__mro__]  # by name: Lab 1 never loads torch
    if "Regression" in kinds:
        return {"regression": [encode(value.X), encode(value.y)]}
    if "Tensor" in kinds:
        return {"tensor": encode(value.detach().cpu().numpy())}
    if module := next((name for name in MODULES if name in kinds), None):
        return {"module": module} | _state(value)
    raise TypeError(f"expected numbers, found {type(value).__name__}")


def bounded(value):
    """Return an array, list, text or number as it is; raise ValueError where it is larger than any that is right."""
    size = value.size if isinstance(value, ndarray) else len(value) if isinstance(value, (list, tuple, str)) else 1
    if size > MOST:
        found = f"an array of shape {value.shape}" if isinstance(value, ndarray) else f"{size} of them"
        raise ValueError(f"expected at most {MOST} numbers or characters, found {found}")
    if isinstance(value, int) and value.bit_length() > 64:
        raise ValueError(f"expected a number of at most 64 bits, found one of {value.bit_length()}")
    return value


def decode(plain):
    """Return the value that `encode` was given; raise ValueError for what it never returns."""
    if type(plain) in PLAIN:
        return bounded(plain)
    if isinstance(plain, list):
        return [decode(part) for part in bounded(plain)]
    if "tuple" in plain:
        return tuple(map(decode, plain["tuple"]))
    if "array" in plain:
        if not NUMBERS.fullmatch(plain["type"]):
            raise ValueError("expected an array of numbers, found another")
        return bounded(frombuffer(b64decode(plain["array"]), plain["type"])).reshape(plain["shape"]).copy()
    if "regression" in plain:
        from labutils.linear.regression import Regression

        return Regression(*map(decode, plain["regression"]))
    if "tensor" in plain:
        import torch

        return torch.from_numpy(decode(plain["tensor"]))
    if plain.get("module") in MODULES:
        return _load(_network(plain), plain)
    raise ValueError("expected numbers, found something else")


def _network(plain):
    """Return a new network of the kind and size that `plain` describes."""
    import torch

    from labutils.networks import quantize, resnet

    with torch.random.fork_rng(devices=[]):
        if plain["module"] == "ResNet20":
            return resnet.ResNet20()
        kind, weight = (
            (torch.nn.Linear, "weight") if plain["module"] == "Linear" else (quantize.QuantLinear, "linear.weight")
        )
        found = decode(plain["state"][weight])
        outputs, inputs = found.shape
        if not found.numel():  # a million outputs of no inputs are nothing to send, and fill the memory here
            raise ValueError("expected a layer with weights, found none")
        return kind(inputs, outputs)


def _state(network):
    """Return all that a network is made of: weights, gradients and whether they take any, bits and mode."""
    from labutils.networks.quantize import quant_layers

    return {
        "state": {name: encode(value) for name, value in network.state_dict().items()},
        "gradients": {name: None if p.grad is None else encode(p.grad) for name, p in network.named_parameters()},
        "moving": [parameter.requires_grad for parameter in network.parameters()],
        "bits": [encode(layer.bits) for _, layer in quant_layers(network)],
        "training": network.training,
    }


def _load(network, plain):
    """Give a network what `_state` returned of another, and return it."""
    from labutils.networks.quantize import quant_layers

    state = {name: decode(value) for name, value in plain["state"].items()}
    network.to(next(value.dtype for value in state.values() if value.is_floating_point()))
    network.load_state_dict(state)
    for name, parameter in network.named_parameters():
        parameter.grad = decode(plain["gradients"][name])
    for parameter, moving in zip(network.parameters(), plain["moving"], strict=True):
        parameter.requires_grad_(bool(moving))
    for (_, layer), bits in zip(quant_layers(network), plain["bits"], strict=True):
        layer.bits = decode(bits)
    return network.train(bool(plain["training"]))


def encode_arguments(arguments):
    """Return arguments as what JSON holds; an SGD optimizer among them is tied to the networks beside it."""
    owners = {}
    for place, value in enumerate(arguments):
        if hasattr(value, "named_parameters"):
            owners |= {id(parameter): [place, name] for name, parameter in value.named_parameters()}

    def one(value):
        if type(value).__name__ != "SGD":
            return encode(value)
        settings = {name: encode(value.param_groups[0][name]) for name in SGD}  # it may have changed since
        if settings["momentum"]:
            raise TypeError("expected SGD without momentum, which would be lost between calls")
        parameters = [parameter for group in value.param_groups for parameter in group["params"]]
        return {"sgd": settings, "parameters": [owners.get(id(p)) or encode(p) for p in parameters]}

    return [one(value) for value in arguments]


def decode_arguments(plain):
    """Return the arguments that `encode_arguments` was given."""
    arguments = [None if _is_sgd(part) else decode(part) for part in plain]
    for place, part in enumerate(plain):
        if _is_sgd(part):
            import torch

            parameters = [
                dict(arguments[p[0]].named_parameters())[p[1]] if isinstance(p, list) else decode(p).requires_grad_()
                for p in part["parameters"]
            ]
            arguments[place] = torch.optim.SGD(parameters, **part["sgd"])
    return arguments


def _is_sgd(plain):
    return isinstance(plain, dict) and "sgd" in plain


def update(arguments, plain):
    """Do to arguments what the function did to its copies of them: arrays, lists, tensors, networks, optimizers."""
    for value, part in zip(arguments, plain, strict=True):
        if isinstance(value, ndarray) and value.flags.writeable:
            value[...] = decode(part)
        elif isinstance(value, list):
            value[:] = decode(part)
        elif hasattr(value, "named_parameters"):
            _load(value, part)
        elif hasattr(value, "param_groups"):
            value.param_groups[0] |= {name: decode(part["sgd"][name]) for name in SGD}
        elif hasattr(value, "detach") and not (value == (new := decode(part))).all():
            value.detach().copy_(new)


def share(value, network):
    """Let a network that was returned share the tensors of another that are equal, as it does over there."""
    one, other = (dict(n.named_parameters()) | dict(n.named_buffers()) for n in (value, network))
    for name, tensor in one.items():
        if name in other and other[name].shape == tensor.shape and bool((other[name] == tensor).all()):
            tensor.data = other[name].data
