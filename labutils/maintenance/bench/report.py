"""Shows what was measured: a table, a JSON file and one figure."""

import contextlib
import datetime
import importlib.util
import io
import json
import platform
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from ... import files
from ...show import plotting, tables
from ...show.style import COLORS
from . import measure, to_accuracy

FOLDER = files.REPOSITORY / "build"


def computer():
    """Return what the numbers are measured on, as a dict from name to text."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, IndexError):
        name = Path("/proc/cpuinfo").read_text().split("model name")[1].split(":")[1].splitlines()[0].strip()
    if torch.cuda.is_available():
        name += f" and {torch.cuda.get_device_name()}"
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    return {"date": f"{datetime.date.today()}", "on": name, "threads": str(torch.get_num_threads())} | versions


def table(rows):
    """Return the Table of the rows; where a target is missed, it says so."""

    def text(value):
        return "" if value is None else f"{value:.0f}" if value >= 1000 else f"{value:.3g}"

    cells = []
    for row in rows:
        target = "" if row.target is None else f"{'at least' if row.at_least else 'at most'} {row.target:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[row.met]
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells.append((row.what, text(row.ours), row.unit, row.beside, text(row.theirs), ratio, target, verdict))
    return tables.Table(("what", "ours", "unit", "beside", "theirs", "ratio", "target", "verdict"), cells)


def figure(rows):
    """Return the Figure: images per second on the left, a Lab 1 step against d on the right."""
    drawn, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    speeds = [row for row in rows if row.unit == "images/s" and row.beside.startswith("homework's loop")]
    places = np.arange(len(speeds))
    bars = {"the homework's loop": [row.theirs for row in speeds], "labutils": [row.ours for row in speeds]}
    for index, (label, heights) in enumerate(bars.items()):
        style = {"color": COLORS[index], "hatch": ("//", "")[index], "label": label}
        left.bar_label(left.bar(places + 0.4 * index - 0.2, heights, 0.4, **style), fmt="%.0f")
    left.set_xticks(places, [row.what for row in speeds])
    left.set(ylabel="images per second")
    left.margins(y=0.25)
    left.legend(loc="upper left")
    steps = [row for row in rows if row.what.startswith("one step")]
    d = [int(row.what.split("d = ")[1].split(",")[0]) for row in steps]
    lines = {"one step": [row.ours for row in steps], "its bare products": [row.theirs for row in steps]}
    plotting.plot_lines(d, lines, "weights d (n = d/2 data points)", "time (ms)", None, "xy", right)
    return drawn


def show_and_keep(rows, quick, path):
    """Print the computer and the table of the rows, and write both to a JSON file."""
    about = computer()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print(table(rows))
    kept = [row._asdict() | {"ratio": row.ratio, "met": row.met} for row in rows]
    files.write_whole(path, (json.dumps({"computer": about, "quick": quick, "rows": kept}, indent=1) + "\n").encode())


def report(quick=False, folder=None):
    """Measure everything but accuracies, print the table, write bench.json and bench.png.

    Parameters: quick, fewer images and no d = 20,000: about a minute on two quiet cores; folder, where the files go
        (None: build/).
    """
    folder = Path(folder or FOLDER)
    if importlib.util.find_spec("sklearn") is None:
        print("bench: nothing is measured beside scikit-learn: expected it to be installed, found none")
    rows = []
    for part in measure.PARTS:
        print(f"bench: {part.__name__}", file=sys.stderr, flush=True)
        rows += part(quick)
    show_and_keep(rows, quick, folder / "bench.json")
    image = io.BytesIO()
    with plt.rc_context():
        plotting.use_style()
        drawn = figure(rows)
        drawn.savefig(image, format="png")
    plt.close(drawn)
    files.write_whole(folder / "bench.png", image.getvalue())
    missed = sum(row.met is False for row in rows)
    print(f"bench: {missed or 'no'} targets missed; {folder / 'bench.json'} and bench.png written")


def report_accuracy(quick=False, folder=None):
    """Measure what bfloat16 costs in accuracy, print the table, write bench-accuracy.json.

    Parameters: quick, one seed and one epoch; folder, as in `report`.
    """
    show_and_keep(list(measure.accuracies(quick)), quick, Path(folder or FOLDER) / "bench-accuracy.json")


def report_to_accuracy(quick=False, folder=None):
    """Measure how long training takes to the homework's accuracies, print the table, write bench-to-accuracy.json.

    Parameters: quick, 4 bits from one seed alone; folder, as in `report`.
    """
    show_and_keep(list(to_accuracy.rows(quick)), quick, Path(folder or FOLDER) / "bench-to-accuracy.json")
