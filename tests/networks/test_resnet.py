"""ResNet-20 against the course's: names, counts, shapes, and which layer has which bits."""

import pytest
import torch

from labutils.networks.quantize import QuantConv2d, QuantLinear, quant_layers
from labutils.networks.resnet import ResNet20, folded, stage_layers

BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def course_keys():
    """The keys of the course's checkpoint, in its order of blocks."""

    def conv_bn(prefix):
        return [f"{prefix}.0.conv.weight", *(f"{prefix}.1.{name}" for name in BATCH_NORM)]

    keys = conv_bn("head_conv")
    for block in range(9):
        keys += conv_bn(f"body_op.{block}.conv1") + conv_bn(f"body_op.{block}.conv2")
        if block in (3, 6):
            keys += conv_bn(f"body_op.{block}.id_mapping")
    return [*keys, "final_fc.linear.weight", "final_fc.linear.bias"]


def test_state_dict_keys_are_the_courses():
    assert list(ResNet20().state_dict()) == course_keys()
    assert list(ResNet20((4, 4, 2)).state_dict()) == course_keys()


def test_shapes_of_the_weights():
    weights = ResNet20().state_dict()
    assert weights["head_conv.0.conv.weight"].shape == (16, 3, 3, 3)
    assert weights["body_op.3.conv1.0.conv.weight"].shape == (32, 16, 3, 3)
    assert weights["body_op.6.id_mapping.0.conv.weight"].shape == (64, 32, 1, 1)
    assert weights["final_fc.linear.weight"].shape == (10, 64)


def test_number_of_weights():
    model = ResNet20()
    stages = [sum(layer.weight.numel() for layer in stage_layers(model, stage)) for stage in range(3)]
    assert stages == [13_824, 51_200, 204_800]
    assert [len(stage_layers(model, stage)) for stage in range(3)] == [6, 7, 7]
    assert sum(layer.weight.numel() for _, layer in quant_layers(model)) == 270_896
    assert model.head_conv[0].weight.numel() == 432
    assert model.final_fc.weight.numel() == 640
    assert not any("conv" in name and name.endswith("conv.bias") for name in model.state_dict())


@pytest.mark.parametrize("batch", [1, 3])
def test_output_is_ten_scores_an_image(batch):
    scores = ResNet20((4, 4, 2)).eval()(torch.randn(batch, 3, 32, 32))
    assert scores.shape == (batch, 10)
    assert torch.isfinite(scores).all()


@pytest.mark.parametrize("bits", [(4, 3, 2), [None, 0, 16], (None, None, None)])
def test_bits_are_placed_by_stage_shortcuts_included(bits):
    model = ResNet20(bits)
    for name, layer in quant_layers(model):
        block = int(name.split(".")[1]) if name.startswith("body_op") else None
        expected = None if block is None else bits[block // 3]
        assert layer.bits == expected, name
    assert model.bits == tuple(bits)
    assert model.body_op[6].id_mapping[0].bits == bits[2]


def test_quantization_reaches_the_output():
    model, coarse = ResNet20().eval(), ResNet20((2, 2, 2)).eval()
    coarse.load_state_dict(model.state_dict())
    x = torch.randn(2, 3, 32, 32)
    assert not torch.allclose(model(x), coarse(x), atol=1e-2)
    same = ResNet20((16, 16, 16)).eval()
    same.load_state_dict(model.state_dict())
    torch.testing.assert_close(model(x), same(x), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("bits", [4, (4, 4), (4,) * 4, "442", None, (4, 17, 4), (4, -1, 4), (2.5, 4, 4), (True,) * 3])
def test_bad_bits_are_refused(bits, refused):
    with refused("bits"):
        ResNet20(bits)


def test_multiply_adds_of_one_image():
    model, counts = ResNet20().eval(), []

    def count(layer, inputs, output):
        per_output = layer.weight[0].numel()  # each output number is one product with a filter or a row
        counts.append(per_output * output[0].numel())

    for layer in model.modules():
        if isinstance(layer, (QuantConv2d, QuantLinear)):
            layer.register_forward_hook(count)
    model(torch.randn(1, 3, 32, 32))
    assert len(counts) == 22
    assert round(sum(counts) / 1e6, 1) == 40.8


def test_the_first_and_the_last_layer_stay_float():
    model = ResNet20((2, 2, 2))
    assert model.head_conv[0].bits is None
    assert model.final_fc.bits is None


@pytest.mark.parametrize("bits", [(None, None, None), (4, 4, 2), (0, 2, 16)])
def test_folded_computes_the_same_and_leaves_the_model_alone(bits):
    model = ResNet20(bits).train()
    model(torch.randn(32, 3, 32, 32))  # so that batch normalisation has statistics of its own
    for norm in [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fast, x = folded(model), torch.randn(4, 3, 32, 32)
    assert model.training and all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    with torch.inference_mode():
        expected = model.eval()(x)
        torch.testing.assert_close(fast(x), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert not any(isinstance(module, (torch.nn.BatchNorm2d, QuantConv2d)) for module in fast.modules())
