"""What each question of Lab 2 must show. Its exercises stand in notebooks/06 and 07."""

import torch
from torch.nn import functional as F

from ..networks.quantize import QuantLinear, quant_layers
from ..networks.resnet import ResNet20, stage_layers
from .report import Report


def lab2_a(ste):
    """Check `ste`, a torch.autograd.Function with apply(w, bits), the straight-through quantizer: 8 points."""
    w = torch.tensor([[0.6, -0.9, 0.1], [-0.3, 1.5, 0.25], [-0.05, 0.8, -0.45]])
    lowest, reach = -0.9, 2.4  # of this tensor; its four 2-bit levels are -0.9, -0.1, 0.7 and 1.5
    scaled = (w - lowest) / reach
    mistakes = {
        "ceil instead of round: a weight goes to the NEAREST level": lowest + reach * torch.ceil(scaled * 3) / 3,
        "floor instead of round: a weight goes to the NEAREST level": lowest + reach * torch.floor(scaled * 3) / 3,
        "2 bits make 4 levels, with 3 steps between them, not 4": lowest + reach * torch.round(scaled * 4) / 4,
        "the minimum is not added back": reach * torch.round(scaled * 3) / 3,
        "shares in [0, 1]: scale them back to the range of w": torch.round(scaled * 3) / 3,
        "the range is from -max|w| to max|w|; it should be from min(w) to max(w)": (
            -1.5 + 3 * torch.round((w + 1.5) / 3 * 3) / 3
        ),
        "nothing was rounded": w,
    }
    right = torch.tensor([[0.7, -0.9, -0.1], [-0.1, 1.5, -0.1], [-0.1, 0.7, -0.1]])
    upstream = torch.arange(9.0).reshape(3, 3)
    equal = torch.full((4,), 0.3)

    def count_levels():
        uneven = torch.linspace(-1, 2, 1001) ** 3
        return [len(torch.unique(ste.apply(uneven, bits))) for bits in (1, 3, 5)]

    def gradient():
        moving = w.clone().requires_grad_()
        (ste.apply(moving, 2) * upstream).sum().backward()
        return moving.grad

    blocked = {"the gradient is zero: backward must hand on what it is given": torch.zeros(3, 3)}
    divided = {"0 / 0: the range of these weights is zero": torch.full((4,), float("nan"))}
    report = Report("lab2_a", "The straight-through estimator")
    report.close("a 3x3 tensor at 2 bits", lambda: ste.apply(w, 2), right, 2, mistakes, tolerance=1e-5)
    report.close("how many levels at 1, 3 and 5 bits", count_levels, [2, 8, 32])
    report.close("bits=None leaves the weights alone", lambda: ste.apply(w, None), w)
    report.close("bits=0 sets all weights to zero", lambda: ste.apply(w, 0), torch.zeros(3, 3))
    report.close("the gradient passes straight through", gradient, upstream, 2, blocked)
    return report.close("weights that are all equal stay as they are", lambda: ste.apply(equal, 4), equal, 1, divided)


def _sample_network(bits=(None, None, None), seed=1):
    """Return a ResNet20 with reproducible random weights, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResNet20(bits).eval()


def _misplaced(model, bits):
    """Return the names of the layers of a ResNet20 that don't have `bits` per stage, first and last layer float."""
    expected = {id(layer): b for stage, b in enumerate(bits) for layer in stage_layers(model, stage)}
    return [name for name, layer in quant_layers(model) if layer.bits != expected.get(id(layer))]


def _scores(model):
    """Return a network's scores for two reproducible random images, in evaluation mode."""
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return model.eval()(images)


def lab2_b(quantize_model):
    """Check `quantize_model(model, bits)`, a ResNet20 with all stages at `bits` and the model's weights: 1.5 points."""
    float_model, expected, other = _sample_network(), _sample_network((3, 3, 3)), _sample_network((3, 3, 3), seed=5)
    mistakes = {
        "these are the float network's scores: nothing was quantized": _scores(float_model),
        "these are other weights: copy the float network's with load_state_dict": _scores(other),
    }
    report = Report("lab2_b", "The network at fewer bits")
    report.true(
        "3 bits in all three stages, first and last layer float",
        lambda: not _misplaced(quantize_model(float_model, 3), (3, 3, 3)),
        hint="ResNet20 takes one number of bits per stage",
    )
    return report.close(
        "it computes with the float network's weights",
        lambda: _scores(quantize_model(float_model, 3)),
        _scores(expected),
        points=0.5,
        mistakes=mistakes,
        tolerance=1e-4,
    )


def lab2_c(finetune_step):
    """Check `finetune_step(model, optimizer, x, y)`, one step of quantization-aware training: 2 points, 1 hidden."""
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(3))
    y = torch.arange(8) % 3

    def fresh():
        layer = QuantLinear(4, 3, bits=2)
        weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(4))
        layer.load_state_dict({"linear.weight": weights, "linear.bias": torch.zeros(3)})
        return layer, torch.optim.SGD(layer.parameters(), lr=0.1)

    def moved(steps, clear=True, sign=1):
        layer, optimizer = fresh()
        for _ in range(steps):
            if clear:
                optimizer.zero_grad()
            (sign * F.cross_entropy(layer(x), y)).backward()
            optimizer.step()
        return layer.weight.detach()

    def answer(steps):
        layer, optimizer = fresh()
        for _ in range(steps):
            finetune_step(layer, optimizer, x, y)
        return layer.weight.detach()

    one = {
        "the weights did not move: call backward, then optimizer.step": fresh()[0].weight.detach(),
        "the loss climbs: the sign is wrong": moved(1, sign=-1),
    }
    two = {"gradients of earlier steps are still there: call optimizer.zero_grad": moved(2, clear=False)}
    report = Report("lab2_c", "One step of fine-tuning")
    report.close("one step moves the float weights", lambda: answer(1), moved(1), mistakes=one)
    return report.close("two steps in a row", lambda: answer(2), moved(2), mistakes=two)


def lab2_d(set_bits):
    """Check `set_bits(model, bits)`, which gives each stage of a ResNet20 its own bits: 2 points, 1 hidden."""

    def misplaced(bits):
        model = _sample_network()
        changed = set_bits(model, bits)
        return len(_misplaced(model if changed is None else changed, bits))

    def scores():
        model = _sample_network()
        return _scores(set_bits(model, (4, 2, 3)) or model)

    report = Report("lab2_d", "Bits for each stage")
    label = "every layer has its stage's bits, first and last are float"
    hint = "some layers have other bits: each stage has six 3x3 convolutions, stages 2 and 3 a 1x1 shortcut as well"
    report.true(label, lambda: misplaced((4, 2, 3)) == 0, hint=hint)
    unquantized = {"these are the float network's scores: nothing was quantized": _scores(_sample_network())}
    expected = _scores(_sample_network((4, 2, 3)))
    return report.close("the network computes with these bits", scores, expected, 1, unquantized, tolerance=1e-4)


def lab2_e(average_bits):
    """Check `average_bits(layers)`, the mean bits per weight of [(weights, bits), ...]: 6 points, 1 hidden."""
    layers = [(432, None), (13_824, 4), (51_200, 4), (204_800, 2), (640, None)]
    total = sum(count for count, _ in layers)
    quantized = sum(count * bits for count, bits in layers if bits is not None)
    right = (quantized + 32 * (432 + 640)) / total
    mistakes = {
        "this is the mean over layers: a layer counts with its number of weights": (32 + 4 + 4 + 2 + 32) / 5,
        "float layers are missing: they count 32 bits a weight": quantized / total,
        "first and last layer are left out: they count, at 32 bits": quantized / (total - 432 - 640),
        "this is the total number of bits: divide by the number of weights": right * total,
    }
    report = Report("lab2_e", "The average precision")
    report.close("the scheme {4, 4, 2}", lambda: average_bits(layers), right, 2, mistakes)
    report.close("one layer of 10 weights at 3 bits", lambda: average_bits([(10, 3)]), 3)
    report.close("a float layer counts 32 bits", lambda: average_bits([(5, None), (5, 2)]), 17)
    return report.close("zero bits are bits too", lambda: average_bits([(6, 0), (2, 8)]), 2, 2)


def lab2_f(cheapest):
    """Check `cheapest(drops, saved)`, the index of the smallest accuracy drop per bit saved: 1 point, 1 hidden."""
    mistakes = {
        "this is the smallest drop: divide it by the bits that it saves": 0,
        "this is the largest saving: a drop belongs over it": 1,
        "this is the DEAREST: look for the smallest drop per bit": 2,
    }
    drops, saved = [0.01, 0.6, 0.06, 0.02], [0.01, 2.0, 0.02, 0.5]
    report = Report("lab2_f", "The cheapest saving")
    return report.close("four stages", lambda: cheapest(drops, saved), 3, 1, mistakes)
