"""The README's figure shows the numbers that are kept today."""

import matplotlib.pyplot as plt
from PIL import Image

from labutils.files import REPOSITORY
from labutils.maintenance import readme_figure
from labutils.networks import checkpoints
from labutils.results import grid


def test_the_committed_figure_is_drawn_from_the_kept_numbers():
    image = Image.open(readme_figure.PATH)
    assert image.text["sources"] == readme_figure.sources(), "the numbers have changed: make figure"
    assert readme_figure.PATH.stat().st_size < 60_000 and image.width >= 700


def test_it_stands_in_the_readme_with_a_description():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    first_screen = "\n".join(text.splitlines()[:30])
    assert f"]({readme_figure.PATH.relative_to(REPOSITORY).as_posix()})" in first_screen
    assert "![]" not in first_screen and "make lab" in first_screen and "make test" in first_screen


def test_it_draws_every_combination_and_every_fine_tuned_network():
    (ax,) = readme_figure.draw().axes
    *groups, front, stars = ax.lines
    assert sum(len(line.get_xdata()) for line in groups) == len(grid.load("cifar10"))
    accuracies = sorted(checkpoints.entry("cifar10", bits)["accuracy_last_epoch"] for bits in readme_figure.finetuned())
    assert sorted(stars.get_ydata()) == accuracies and len(accuracies) >= 6
    plt.close("all")
