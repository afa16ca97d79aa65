"""Figures: what is drawn is the data, with labelled axes and lines that differ without colour."""

import base64
import io
from itertools import combinations

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from labutils.linear import descent
from labutils.linear.regression import THREE_POINTS, Regression
from labutils.show import alternative_text, plotting, style


@pytest.fixture(autouse=True)
def style_and_closing():
    with plt.rc_context():
        plotting.use_style()
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def runs():
    return {
        "plain": descent.gradient_descent(THREE_POINTS),
        "pruned": descent.iterative_pruning(THREE_POINTS, 2),
        "short rate": descent.gradient_descent(THREE_POINTS, 0.001),
    }


def test_lines_differ_without_colour():
    styles = [style.line_style(index, 100) for index in range(len(style.COLORS))]
    for key in ("color", "linestyle", "marker"):
        assert len({str(style[key]) for style in styles}) == len(styles)
    filled = [style["fillstyle"] for style in styles]
    assert all(
        one != other for one, other in zip(filled, filled[1:])
    )  # where two lines coincide, both markers are seen


def test_style_of_any_number_of_lines_and_points():
    for index in (0, 6, 7, 30):
        for points in (1, 2, 9, 5000):
            first, every = style.line_style(index, points)["markevery"]
            assert 0 <= first < points and every >= 1


def test_few_points_have_a_marker_each_and_many_have_some():
    assert style.line_style(3, 30)["markevery"] == (0, 1) and style.line_style(0, style.FEW_POINTS)["markevery"][1] == 1
    assert style.line_style(0, 200)["markevery"] == (0, 25)


def test_plot_lines_draws_the_data_with_labels():
    x = np.arange(4)
    ax = plotting.plot_lines(x, {"a": x + 1.0, "b": 2.0 * x + 1}, "time (s)", "size (kB)", "title", "xy").axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("time (s)", "size (kB)", "title")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), 2 * x + 1)


def test_plot_loss_is_the_loss_on_a_log_scale_down_to_rounding_errors(runs):
    ax = plotting.plot_loss(runs, THREE_POINTS).axes[0]
    assert ax.get_yscale() == "log" and style.LOSS_FLOOR <= ax.get_ylim()[0] < 1e-28
    for line, run in zip(ax.lines, runs.values()):
        np.testing.assert_array_equal(line.get_ydata(), run.losses(THREE_POINTS))
    assert ax.get_title() == "3 data points"
    first = plotting.plot_loss(runs, THREE_POINTS, steps=20).axes[0]
    assert len(first.lines[0].get_ydata()) == 21 and first.get_ylim()[0] > style.LOSS_FLOOR
    tiny = {"below float64's digits": descent.Trajectory(np.array([[1.0], [1e-20]]))}
    assert plotting.plot_loss(tiny, Regression([[1]], [0])).axes[0].get_ylim()[0] == style.LOSS_FLOOR


def test_plot_weights_has_a_panel_for_each_run_and_a_line_for_each_weight(runs):
    figure = plotting.plot_weights(runs, steps=50)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == list(runs) and len(figure.axes) == 4
    for ax, run in zip(shown, runs.values()):
        np.testing.assert_array_equal(np.array([line.get_ydata() for line in ax.lines]).T, run.weights[:51])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["w₁", "w₂", "w₃", "w₄", "w₅"]


def test_plot_quantizer_draws_a_staircase_and_its_error():
    def to_steps(w, bits):
        return np.round(w * bits) / bits

    figure = plotting.plot_quantizer(to_steps, [1, 2])
    top, bottom = figure.axes[1], figure.axes[3]
    w = top.lines[0].get_ydata()
    np.testing.assert_array_equal(top.lines[1].get_ydata(), to_steps(w, 2))
    np.testing.assert_array_equal(bottom.lines[0].get_ydata(), to_steps(w, 2) - w)
    assert top.get_title() == "2 bits: 5 levels"


def test_plot_tensor_pair_writes_every_number():
    figure = plotting.plot_tensor_pair(np.array([[0.6, -0.9]]), np.array([[0.7, -0.9]]))
    texts = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert texts == [["0.60", "-0.90"], ["0.70", "-0.90"]]


def test_plot_matrices_writes_a_zero_as_0_and_leaves_it_white():
    matrices = {"before": np.array([[1.0, -2.0], [0.5, 3.0]]), "after": np.array([[0.75, -1.5], [0.0, 0.0]])}
    figure = plotting.plot_matrices(matrices)
    assert [ax.get_title() for ax in figure.axes] == ["before", "after"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["0.75", "-1.50", "0", "0"]
    images = [ax.images[0] for ax in figure.axes]
    assert np.ma.getmaskarray(images[1].get_array()).tolist() == [[False, False], [True, True]]
    assert images[0].get_clim() == images[1].get_clim() == (-3, 3)


def test_plot_histograms_counts_all_weights_and_draws_the_levels():
    weights = {"a": np.linspace(-1, 1, 500).reshape(5, 100), "b": np.zeros(7)}
    figure = plotting.plot_histograms(weights, {"a": [-1.0, 1.0], "b": []})
    counts = [sum(patch.get_height() for patch in ax.patches) for ax in figure.axes]
    assert counts == [500, 7]
    assert [len(ax.lines) for ax in figure.axes] == [2, 0]
    assert [line.get_xdata()[0] for line in figure.axes[0].lines] == [-1, 1]


def test_plot_tradeoff_labels_every_point_and_joins_the_first_group():
    groups = {"uniform": [(2, 0.5, "2 bits"), (4, 0.9, "4 bits")], "mixed": [(3, 0.6, "(4, 4, 2)")]}
    ax = plotting.plot_tradeoff(groups, "bits", "accuracy").axes[0]
    assert [text.get_text() for text in ax.texts] == ["2 bits", "4 bits", "(4, 4, 2)"]
    assert ax.lines[0].get_linestyle() == "-" and ax.lines[1].get_linestyle() == "None"
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[2, 0.5], [4, 0.9]])


def test_points_are_added_beside_a_line_in_colours_and_markers_of_their_own():
    figure = plotting.plot_lines([0, 1, 2], {"line": [3, 2, 1]}, "bits", "rise")
    assert plotting.add_points(figure, {"many": ([0, 1], [4, 5]), "one": ([2], [6])}) is figure
    line, many, one = figure.axes[0].lines
    np.testing.assert_array_equal(many.get_xydata(), [[0, 4], [1, 5]])
    np.testing.assert_array_equal(one.get_xydata(), [[2, 6]])
    assert line.get_linestyle() == "-" and many.get_linestyle() == one.get_linestyle() == "None"
    assert many.get_markersize() < one.get_markersize()
    assert len({drawn.get_color() for drawn in (line, many, one)}) == 3
    assert len({drawn.get_marker() for drawn in (line, many, one)}) == 3
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["line", "many", "one"]


def test_no_label_of_plot_tradeoff_lies_on_the_line_or_on_another():
    uniform = [(2.12, 0.848, "2 bits"), (3.11, 0.904, "3 bits"), (4.11, 0.914, "4 bits")]
    mixed = [(2.6, 0.886, "(4, 4, 2)"), (3.73, 0.891, "(4, 2, 4)"), (4.01, 0.898, "(2, 4, 4)")]
    figure = plotting.plot_tradeoff({"uniform": uniform, "mixed": mixed}, "average bits", "accuracy")
    figure.canvas.draw()
    (ax,) = figure.axes
    line, boxes = ax.lines[0], [text.get_window_extent() for text in ax.texts]
    path = line.get_transform().transform_path(line.get_path())
    assert not any(path.intersects_bbox(box, filled=False) for box in boxes)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_contact_sheet_shows_the_first_images_of_each_class(refused):
    labels = np.array([0, 1, 2, 0, 1, 2, 2])
    images = np.arange(7, dtype=np.uint8).reshape(7, 1, 1, 1) * np.ones((1, 4, 4, 3), np.uint8)
    figure = plotting.plot_images(images, labels, ("a", "b", "c"), "title", each=2)
    shown = {ax.get_ylabel(): ax.images[0].get_array() for ax in figure.axes}
    assert {name: sheet[0, ::4, 0].tolist() for name, sheet in shown.items()} == {"a": [0, 3], "b": [1, 4], "c": [2, 5]}
    assert figure.get_suptitle() == "title"
    assert Image.open(io.BytesIO(style.png(figure))).mode == "RGB"  # a palette would give photographs blotches
    with refused("each"):
        plotting.plot_images(images, labels, ("a", "b", "c"), each=3)


def test_plot_schemes_has_a_marker_for_each_number_of_bits_in_stage_1_and_joins_the_front():
    schemes = {(2, 2, 2): (2.1, 70.0, 0.1), (2, 4, 4): (4.0, 130.0, 0.2), (4, 4, 2): (2.6, 88.0, 0.4)}
    ax = plotting.plot_schemes(schemes, [(2, 2, 2), (4, 4, 2)]).axes[0]
    two, four, front = ax.lines
    np.testing.assert_array_equal(two.get_xydata(), [(2.1, 0.1), (4.0, 0.2)])
    np.testing.assert_array_equal(four.get_xydata(), [(2.6, 0.4)])
    assert two.get_marker() != four.get_marker()
    np.testing.assert_array_equal(front.get_xydata(), [(2.1, 0.1), (2.6, 0.4)])


def test_a_png_shows_the_figure_to_within_its_palette(runs):
    figure = plotting.plot_weights(runs)
    pixels = np.asarray(Image.open(io.BytesIO(style.png(figure))).convert("RGB")).astype(int)
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    assert pixels.shape == drawn.shape
    difference = np.abs(pixels - drawn).max(axis=2)
    assert difference.max() < 64 and (difference > 2).mean() < 0.05  # in the soft edges of lines only


def test_a_description_names_panels_axes_and_lines(runs):
    assert alternative_text.describe(plotting.plot_loss(runs, THREE_POINTS, title="three runs")) == (
        "three runs: loss L (log scale) against step: plain 51 to 0, pruned 51 to 0, short rate 51 to 0.75."
    )
    text = alternative_text.describe(plotting.plot_weights(runs))
    assert text.startswith("3 panels. plain: weight: w₁ 0 to -0.75, w₂ 0 to 2.4, ") and text.count("w₅") == 3
    shorter = plotting.plot_lines([1, 2, 3], {"two epochs": [0.5, 0.9, np.nan]}, "epoch", "accuracy")
    assert alternative_text.describe(shorter) == "accuracy against epoch: two epochs 0.5 to 0.9."


def test_a_description_reads_out_what_is_written_and_counts_points():
    groups = {
        "uniform": [(2, 0.5, "2 bits"), (4, 0.9, "4 bits")],
        "mixed": [(3, 0.6, "(4, 4, 2)"), (4, 0.7, "(2, 4, 4)")],
    }
    text = alternative_text.describe(plotting.plot_tradeoff(groups, "bits", "accuracy", "title"))
    assert text == (
        "title: accuracy against bits: uniform 0.5 to 0.9, mixed (2 points): 2 bits, 4 bits, (4, 4, 2), (2, 4, 4)."
    )
    text = alternative_text.describe(plotting.plot_matrices({"before": [[1, -2]], "after": [[0, -1]]}))
    assert text == "2 panels. before: 1.00, -2.00. after: 0, -1.00."
    run = descent.trimmed_proximal_gradient(THREE_POINTS, 0.2, keep=2, steps=100)
    text = alternative_text.describe(plotting.plot_support(run, title="keep 2"))
    alive = (run.weights != 0).sum(axis=0)
    assert text.startswith(f"keep 2: not zero against step: w₁ at {alive[0]} of 101 steps, w₂ at {alive[1]} of ")


@pytest.mark.parametrize(("value", "text"), [(1, "10⁰"), (1e-16, "10⁻¹⁶"), (1000, "10³"), (0.2, "0.2"), (50, "50")])
def test_ticks_on_a_log_axis(value, text):
    assert style.power_of_ten(value) == text


def test_in_a_notebook_figures_carry_their_description():
    code = "import matplotlib.pyplot as plt\nfrom labutils.show import plotting\nplotting.use_style()\n"
    code += "plotting.plot_lines([0, 1], {'a': [1, 2]}, 'step', 'L', 'a title')\nplt.show()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=60).execute()
    (output,) = notebook.cells[0].outputs
    assert output.metadata["image/png"] == {"alt": "a title: L against step: a 1 to 2."}
    assert output.data["text/plain"] == "<Figure size 800x360 with 1 Axes>"
    assert Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).mode == "P"
