"""The widget of notebook 08: what its figure shows, and that its control changes the picture."""

import matplotlib.pyplot as plt
import pytest

from labutils.few_bits import allocation
from labutils.show import widgets

INCREASE = {
    "body_op.0.conv1.0": {2: 0.9, 3: 0.2, 4: 0.05, 5: 0.01, 6: 0.001},
    "body_op.3.id_mapping.0": {2: 0.3, 3: 0.1, 4: 0.02, 5: 0.004, 6: 0.001},
    "body_op.8.conv2.0": {2: 0.2, 3: 0.05, 4: 0.01, 5: 0.002, 6: 0.0005},
}
SIZES = {"body_op.0.conv1.0": 2304, "body_op.3.id_mapping.0": 512, "body_op.8.conv2.0": 36_864}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("average", [2.0, 2.5, 6.0])
def test_allocation_figure_draws_what_is_allocated_and_what_that_is_predicted_to_cost(average):
    left, right = widgets.allocation_figure(average, INCREASE, SIZES, "CIFAR-10").axes
    chosen = allocation.allocate(INCREASE, SIZES, average)
    assert [bar.get_height() for bar in left.patches] == list(chosen.values())
    assert [label.get_text() for label in left.get_xticklabels()] == ["0.conv1", "3.shortcut", "8.conv2"]
    mean = sum(chosen[layer] * SIZES[layer] for layer in SIZES) / sum(SIZES.values())
    assert left.get_title() == f"CIFAR-10: {mean:.2f} bits on average"
    allocated, uniform, star = right.lines
    assert star.get_xydata().tolist() == [[average, allocation.predicted_increase(INCREASE, chosen)]]
    for bits, predicted in uniform.get_xydata():
        assert predicted == pytest.approx(sum(by_bits[int(bits)] for by_bits in INCREASE.values()))
        (best,) = [y for x, y in allocated.get_xydata() if x == bits]
        assert best <= predicted + 1e-12
    assert (allocated.get_ydata()[1:] <= allocated.get_ydata()[:-1] + 1e-12).all()


def test_a_predicted_fall_is_drawn_at_the_lower_end_and_said_as_it_is():
    falls = {layer: by_bits | {6: -0.001} for layer, by_bits in INCREASE.items()}
    _, right = widgets.allocation_figure(6.0, falls, SIZES, "CIFAR-10").axes
    allocated, _, star = right.lines
    assert star.get_ydata() == [1e-5] and allocated.get_ydata()[-1] == 1e-5 and right.get_title() == "here: -0.003 nats"


def test_sensitivity_figure_has_a_point_for_each_layer_and_names_stages_and_shortcuts():
    falls = INCREASE | {"body_op.8.conv2.0": INCREASE["body_op.8.conv2.0"] | {4: -0.01}}
    (ax,) = widgets.sensitivity_figure(falls, "CIFAR-10").axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.conv1", "3.shortcut", "8.conv2"]
    assert [text.get_text() for text in ax.texts] == ["stage 1", "stage 2", "stage 3"]
    points = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert points == {"2 bits": [0.9, 0.3, 0.2], "3 bits": [0.2, 0.1, 0.05], "4 bits": [0.05, 0.02, 1e-5]}
    assert all(line.get_linestyle() == "None" for line in ax.lines) and ax.get_yscale() == "log"


def test_the_control_changes_the_image():
    average, image, _ = widgets.bit_allocation(INCREASE, SIZES, "CIFAR-10").children
    before = bytes(image.value)
    average.value = 4.5
    assert bytes(image.value) != before and bytes(image.value).startswith(b"\x89PNG")
    assert not plt.get_fignums()
