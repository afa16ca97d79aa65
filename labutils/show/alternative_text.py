"""Says in words what a figure shows, for who cannot see it."""

import math

from matplotlib.lines import Line2D

ROUNDING = 1e-16  # what a description calls 0: how much less it is differs between processors


def describe(figure):
    """Return what the Figure shows in one line: each panel's title, axes, lines and labels."""
    panels = [ax for ax in figure.axes if ax.get_visible()]
    parts = [f"{len(panels)} panels"] if len(panels) > 1 else []
    for ax in panels:
        axes = " against ".join(label for label in (ax.get_ylabel(), ax.get_xlabel()) if label)
        shown = ", ".join(map(_course, *ax.get_legend_handles_labels()))
        texts = ", ".join(text.get_text() for text in ax.texts if not ax.containers)  # the labels of bars say more
        parts.append(": ".join(text.replace("\n", " ") for text in (ax.get_title(), axes, shown, texts) if text))
    return ". ".join(part for part in (figure.get_suptitle(), *parts) if part) + "."


def _course(artist, label):
    """Return a line's label with its first and last value, or with how many points it has where none are joined."""
    y = [value for value in artist.get_ydata() if not math.isnan(value)] if isinstance(artist, Line2D) else ()
    if len(y) < 2:
        return label
    if artist.get_linestyle() == "None":
        return f"{label} ({len(y)} points)"
    first, last = (f"{value:.2g}" if abs(value) > ROUNDING else "0" for value in (y[0], y[-1]))
    return f"{label} {first} to {last}"
