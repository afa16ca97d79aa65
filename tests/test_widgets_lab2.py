"""The widgets of notebooks 06 and 07: what their figures show, and that a control changes the picture."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labutils import quantize, widgets
from labutils.resnet import ResNet20

LAYERS = {
    "stage 1": torch.linspace(-1, 2, 301) ** 3,
    "stage 2": torch.linspace(-0.1, 0.1, 50).reshape(5, 10),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_quantizer_figure_draws_the_levels_on_the_histogram(bits):
    ax = widgets.quantizer_figure(LAYERS["stage 1"], bits).axes[0]
    levels = quantize.linear_quantize(LAYERS["stage 1"], bits).unique()
    np.testing.assert_allclose([line.get_xdata()[0] for line in ax.lines], levels)
    assert sum(patch.get_height() for patch in ax.patches) == 301
    assert f"{len(levels)} levels in use" in ax.get_title()


@pytest.mark.parametrize("bits", [(4, 4, 2), (2, 2, 2), (6, 3, 2)])
def test_stage_bits_figure_adds_up_to_the_average_precision(bits):
    ax = widgets.stage_bits_figure(bits).axes[0]
    average = quantize.average_precision(ResNet20(bits))
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(average)
    assert f"{average:.4f}" in ax.get_title()


def test_controls_change_the_image():
    for widget, moves in ((widgets.quantizer(LAYERS), ("stage 2", 4)), (widgets.stage_bits(), (2, 2, 6))):
        *controls, image = widget.children
        for control, value in zip(controls, moves, strict=True):
            before = bytes(image.value)
            control.value = value
            assert bytes(image.value) != before and bytes(image.value).startswith(b"\x89PNG")
    assert not plt.get_fignums()
