"""Draws a training while it goes, and lets it be stopped: `live.train`. Used in notebooks/06 and 07."""

import time

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython import display, get_ipython
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from ..networks import timed_training, training
from . import plotting, style

REDRAWN = 3  # seconds from one picture to the next
SMOOTH = 10  # steps whose losses are averaged in the picture
_stopped = {}  # the run that was stopped last, by what was asked for


def train(make, bits, data, recipe, step=training.step):
    """Train a network before one's eyes for about two minutes, an epoch at most, and draw what came out.

    A cell that was interrupted goes on when it is run again. What stops it, a wrong answer too, is said in one line.
    Parameters: make, a function from `bits` to the network to train; data, an ImageData; recipe, a `Recipe`; step, a
        function of (model, optimizer, inputs, labels) that moves the weights and returns the loss (nats).
    Returns: the `networks.timed_training.Run`, as far as it came.
    """
    asked = data.source, make, str(bits), step, recipe
    run = _stopped.pop(asked, None) or timed_training.Run(make, bits, step, data, recipe)
    _stopped.clear()
    start = len(run.losses), time.perf_counter()
    try:
        _watch(run)
        steps, seconds = len(run.losses) - start[0], time.perf_counter() - start[1]
        said = f"{steps} steps in {seconds:.0f} s; accuracy {run.accuracy:.4f} on all {len(data.test_labels)} images"
    except KeyboardInterrupt:
        _stopped[asked] = run
        said = f"stopped after {len(run.losses)} of {run.steps} steps; run this cell again to go on"
    except (NotImplementedError, NameError):  # an exercise that is not written yet: the cell waits for it
        raise
    except Exception as error:
        said = f"stopped at step {len(run.losses) + 1}: {_one_line(error)}; mend it, then run this cell again"
    if get_ipython():
        display.clear_output()
    print(f"{data.source}, {bits} bits, {recipe.schedule()}: {said}.")
    if run.losses:
        curves(run, plt.figure(figsize=(9, 3.2)))
    return run


def _one_line(error):
    text = " ".join(str(error).split())[:200].rstrip(".")
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


def _watch(run):
    """Train a run to its end under a bar, with a picture that is drawn again every few seconds."""
    if run.model is None:
        run.begin()  # before anything is shown: it may wait for an exercise
    picture, drawn = ipywidgets.Image(format="png", layout={"width": "100%", "height": "auto"}), 0.0
    with tqdm(desc=f"{run.bits} bits", total=run.steps, initial=len(run.losses), unit="step", leave=False) as bar:
        for _ in run.advance():
            bar.total, bar.n = run.steps, len(run.losses)
            if run.losses and time.perf_counter() - drawn > REDRAWN:
                accuracy = list(run.accuracies.values())[-1]
                bar.set_postfix(loss=f"{run.losses[-1]:.3f}", accuracy=f"{accuracy:.3f}")
                figure = Figure(figsize=(9, 3.2))  # unknown to pyplot, which would show it below the cell
                curves(run, figure)
                if not drawn and get_ipython():
                    display.display(ipywidgets.VBox([picture], layout={"max_width": "900px"}))
                picture.value, drawn = style.png(figure), time.perf_counter()
            bar.refresh()


def curves(run, figure):
    """Draw a run's training loss and its test accuracy on `figure`, each against the steps done; return the figure."""
    left, right = figure.subplots(1, 2)
    losses = [np.mean(run.losses[max(0, done - SMOOTH) : done]) for done in range(1, len(run.losses) + 1)]
    title = f"{run.data.source}, {run.bits} bits"
    label = f"loss (nats), mean of {SMOOTH} steps"
    plotting.plot_lines(range(1, len(losses) + 1), {"training": losses}, "step", label, title, ax=left)
    seen, label = run.accuracies, f"accuracy on {len(run.few[1])} test images"
    plotting.plot_lines(list(seen), {"test": list(seen.values())}, "step", label, run.recipe.schedule(), ax=right)
    for ax in (left, right):
        ax.set_xlim(0, run.steps)
    right.set_ylim(0, 1)
    return figure
