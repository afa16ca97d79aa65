"""The widgets of notebooks 06 and 07: what their figures show, and that a control changes the picture."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labutils.datasets import find
from labutils.networks import quantize
from labutils.networks.evaluation import predict
from labutils.networks.resnet import ResNet20
from labutils.networks.training import normalise
from labutils.results import grid
from labutils.show import widgets

LAYERS = {
    "stage 1": torch.linspace(-1, 2, 301) ** 3,
    "stage 2": torch.linspace(-0.1, 0.1, 50).reshape(5, 10),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def schemes():
    """All combinations of 2 to 6 bits, each with an accuracy of its own."""
    return grid.schemes({bits: sum(bits) / 20 + bits[0] / 1000 for bits in product(range(2, 7), repeat=3)})


@pytest.fixture(scope="module")
def networks():
    """Two networks of random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {"float": ResNet20().eval(), "2 bits": ResNet20((2, 2, 2)).eval()}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    pictures, labels = rng.integers(0, 256, (200, 32, 32, 3), np.uint8), rng.integers(0, 10, 200)
    return find.ImageData(pictures, labels, pictures, labels, "noise")


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_quantizer_figure_draws_histogram_staircase_and_error(bits):
    weights = LAYERS["stage 1"]
    top, middle, bottom = widgets.quantizer_figure(weights, bits).axes
    levels = quantize.linear_quantize(weights, bits).unique().numpy()
    np.testing.assert_allclose([segment[0][0] for segment in top.collections[0].get_segments()], levels)
    assert top.patches[0].get_data().values.sum() == weights.numel()
    assert f"{len(levels)} levels in use" in top.get_title()
    line, staircase = middle.lines[0].get_ydata(), middle.lines[1].get_ydata()
    expected = quantize.linear_quantize(torch.as_tensor(line, dtype=torch.float32), bits).numpy()
    assert (np.abs(staircase - expected) < 1e-5).mean() > 0.99  # the ends of a step may fall either way
    np.testing.assert_allclose(bottom.lines[0].get_ydata(), staircase - line)


def test_quantizer_figure_leaves_out_the_outermost_weights():
    weights = torch.cat([torch.linspace(-1, 1, 999), torch.tensor([50.0])])
    alls, most = (widgets.quantizer_figure(weights, 2, share).axes[0] for share in (0.0, 0.01))
    reach = [max(segment[0][0] for segment in ax.collections[0].get_segments()) for ax in (alls, most)]
    assert reach[0] == 50 and 0.9 < reach[1] < 1


def test_quantizer_figure_takes_a_layers_own_weights_and_leaves_them():
    layer = torch.nn.Parameter(LAYERS["stage 1"].clone())
    widgets.quantizer_figure(layer, 2, 0.01)
    assert torch.equal(layer.detach(), LAYERS["stage 1"]) and layer.requires_grad and layer.grad is None


def test_predictions_figure_names_the_class_that_each_network_sees(networks, images):
    image = images.test_images[0]
    x = normalise(torch.as_tensor(image[None]))
    scores = [network(x).detach().softmax(1)[0] for network in networks.values()]
    truth = int(scores[0].argmax())
    left, right = widgets.predictions_figure(networks, image, truth, images.classes).axes
    assert left.get_title() == f"a picture of: {find.CLASSES[truth]}"
    np.testing.assert_array_equal(left.images[0].get_array(), image)
    np.testing.assert_allclose([bar.get_width() for bar in right.patches], [float(s.max()) for s in scores], rtol=1e-5)
    names = [find.CLASSES[int(s.argmax())] + ("" if int(s.argmax()) == truth else ", wrong") for s in scores]
    assert [text.get_text() for text in right.texts] == names
    assert names[0] == find.CLASSES[truth]


def test_where_they_part_is_an_image_that_the_first_gets_right_and_all_take_for_the_most_classes(networks, images):
    seen = {label: predict(network, images.test_images).numpy() for label, network in networks.items()}
    labels = np.where(np.arange(200) < 100, (seen["float"] + 1) % 10, seen["float"])  # wrong on the first half
    number = widgets.where_they_part(networks, images._replace(test_labels=labels))
    assert number >= 100
    classes = [len({seen["float"][i], seen["2 bits"][i]}) for i in range(100, 200)]
    assert number == 100 + int(np.argmax(classes))


@pytest.mark.parametrize("bits", [(4, 4, 2), (2, 2, 2), (6, 3, 2)])
def test_stage_bits_figure_adds_up_and_shows_the_measured_accuracy(bits, schemes):
    left, right = widgets.stage_bits_figure(bits, schemes, "CIFAR-10").axes
    model = ResNet20(bits)
    average = quantize.average_precision(model)
    assert sum(bar.get_width() for bar in left.patches) == pytest.approx(average)
    assert left.get_title() == f"average {average:.4f} bits, {quantize.size_in_kb(model):.1f} kB"
    assert f"{schemes[bits].accuracy:.4f}" in right.get_title()
    np.testing.assert_allclose(right.lines[-1].get_xydata(), [(average, schemes[bits].accuracy)])
    *groups, front, _ = right.lines
    assert sum(len(line.get_xdata()) for line in groups) == 125
    assert len(front.get_xdata()) == len(grid.front(schemes))


def test_controls_change_the_image(schemes, networks, images):
    moves = {
        widgets.quantizer(LAYERS): ("stage 2", 4, 0.01),
        widgets.predictions(networks, images): (7,),
        widgets.stage_bits(schemes, "CIFAR-10"): (2, 2, 6),
    }
    for widget, values in moves.items():
        *controls, image, _ = widget.children
        for control, value in zip(controls, values, strict=True):
            before = bytes(image.value)
            control.value = value
            assert bytes(image.value) != before and bytes(image.value).startswith(b"\x89PNG")
    assert not plt.get_fignums()


def test_looking_at_predictions_changes_no_network(images):
    """Also where it was left in training mode, in which its statistics would move and its answers depend on them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = ResNet20((4, 4, 2)).train()
        network(torch.randn(8, 3, 32, 32))  # statistics that differ from a batch's own
    before = {key: value.clone() for key, value in network.state_dict().items()}
    image, label = images.test_images[0], 3
    drawn = widgets.predictions_figure({"yours": network}, image, label, images.classes).axes[1].patches[0].get_width()
    widgets.predictions({"yours": network}, images)
    assert network.training and all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    with torch.no_grad():
        expected = network.eval()(normalise(torch.as_tensor(image[None]))).softmax(1).max()
    assert drawn == pytest.approx(float(expected), rel=1e-4)
