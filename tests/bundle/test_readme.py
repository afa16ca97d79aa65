"""Every accuracy of ours in the README is one that the committed notebooks measured or the manifest records."""

import re

import nbformat

from labutils import files
from labutils.few_bits import coding, pruning
from labutils.networks import checkpoints, quantize
from labutils.results import grid, repeats, seeds

ROOT = files.REPOSITORY
OURS = re.compile(r"\b0\.\d{4}\b")


def our_column(heading, ours="our network", page="README.md"):
    """Return {first cell: our columns} of the table that stands under a line with `heading` on a page."""
    text = (ROOT / page).read_text(encoding="utf-8").split(heading)[1]
    lines = re.search(r"((?:^\|.*\n)+)", text, re.MULTILINE).group(1).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    columns = [index for index, name in enumerate(cells[0]) if ours in name]
    assert columns, f"no column of {ours} under {heading}"
    return {row[0]: [row[index] for index in columns] for row in cells[2:]}


def printed(notebook):
    """Return all numbers with four decimals in the outputs of a notebook."""
    outputs = [o for c in nbformat.read(notebook, 4).cells for o in c.get("outputs", []) if "data" in o]
    return set(OURS.findall(" ".join(o["data"].get("text/plain", "") for o in outputs)))


def test_accuracies_before_fine_tuning_are_those_of_the_notebooks():
    measured = printed(ROOT / "notebooks/06_ste_quantization.ipynb") | printed(
        ROOT / "notebooks/07_mixed_precision.ipynb"
    )
    table = our_column("*not* trained further")
    assert len(table) == 9
    for name, (accuracy,) in table.items():
        assert accuracy in measured, f"{name}: {accuracy} is printed by neither 06 nor 07"


def test_accuracies_after_fine_tuning_are_those_of_the_manifest():
    table = our_column("After fine-tuning")
    assert len(table) == 6
    for name, (last, best, epochs) in table.items():
        bits = tuple(map(int, re.findall(r"\d", name)))
        entry = checkpoints.entry("cifar10", bits * 3 if len(bits) == 1 else bits)
        assert (last, best, epochs) == (
            f"{entry['accuracy_last_epoch']:.4f}",
            f"{entry['accuracy_best_epoch']:.4f}",
            str(entry["epochs"]),
        )


def test_what_another_seed_reaches_is_kept():
    order, runs = ((4, 4, 4), (3, 3, 3), (2, 2, 2), (4, 4, 2), (4, 2, 4), (2, 4, 4)), repeats.load("cifar10")
    ends = [[f"{runs[bits][seed].accuracy[-1]:.4f}" for bits in order] for seed in (1, 2)]
    one, other = (f"{', '.join(first)} and {last}" for *first, last in ends)
    said = f"From two other seeds the six end at {one}, and at {other}: at {{2, 4, 4}} a seed is worth five points"
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")
    ends = [run.accuracy[-1] for run in runs[2, 4, 4].values()]
    assert 0.045 < max(ends) - min(ends) < 0.055
    mixed = order[3:]
    assert {max(mixed, key=lambda bits: runs[bits][seed].accuracy[-1]) for seed in range(3)} == set(mixed)


def test_accuracies_on_the_stand_in_are_those_of_the_grid_and_the_manifest():
    rows, measured = our_column("## On the stand-in", "shapes10", "checkpoints/README.md"), grid.load("shapes10")
    assert len(rows) == 7
    for name, (before, after) in rows.items():
        bits = tuple(map(int, re.findall(r"\d", name)))
        bits = bits * 3 if len(bits) == 1 else bits
        if not bits:
            assert before == f"{checkpoints.entry('shapes10')['accuracy_last_epoch']:.4f}"
            continue
        assert before == f"{measured[bits].accuracy:.4f}"
        assert after == f"{checkpoints.entry('shapes10', bits)['accuracy_last_epoch']:.4f}"


def test_what_lab_08_reaches_is_the_manifests():
    learned, start = checkpoints.entry("cifar10", (2, 2, 2), "learned"), checkpoints.entry("cifar10")
    reached, below = learned["accuracy_last_epoch"], start["accuracy_last_epoch"] - learned["accuracy_last_epoch"]
    said = f"reaches {reached:.4f} after the last of {learned['epochs']} epochs, {below:.4f} below the float network"
    ends = [by_epoch[-1] for by_epoch in seeds.load("cifar10")["learned", (2, 2, 2)].values()]
    others = [f"{end:.4f}" for end in ends]
    mean_below = start["accuracy_last_epoch"] - sum([reached, *ends]) / 3
    said += f" (two other seeds: {' and '.join(others)}; on average {mean_below:.4f} below)"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert said in readme
    small = checkpoints.load("cifar10", (2, 2, 2), "gradual")
    assert 0.8 <= pruning.sparsity(small) < 0.85
    size, whole = coding.coded_size_in_kb(small), quantize.size_in_kb(checkpoints.load("cifar10"))
    said = f"takes {size:.1f} kB, coded, in place of {whole:.1f}, and reaches "
    assert f"{said}{checkpoints.entry('cifar10', (2, 2, 2), 'gradual')['accuracy_last_epoch']:.4f}" in readme
    for bits, recipe, said in (
        ((2, 2, 2), "ternary", "three levels in every rounded layer it takes {:.1f} kB, coded, and reaches {:.4f}"),
        ((1, 1, 1), "binary", "two levels, one bit, {:.1f} kB and {:.4f} after {} epochs"),
    ):
        size = coding.coded_size_in_kb(checkpoints.load("cifar10", bits, recipe))
        kept = checkpoints.entry("cifar10", bits, recipe)
        said = said.format(size, kept["accuracy_last_epoch"], kept["epochs"])
        others = [f"{by_epoch[-1]:.4f}" for by_epoch in seeds.load("cifar10")[recipe, bits].values()]
        assert f"{said} (two other seeds: {' and '.join(others)})" in readme
