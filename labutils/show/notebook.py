"""What every lab begins with: `notebook.begin()` in its setup cell, or `begin_with_networks()`."""

from ..checks import waiting
from . import style


def begin():
    """Begin a lab: draw figures in the labs' style, and let cells that wait for an exercise say so in one line."""
    style.use_style()
    waiting.install()


def begin_with_networks():
    """Begin a lab that computes networks: do as `begin`, say on what device they run, and return it."""
    from ..networks import hardware

    begin()
    device = hardware.default_device()
    print(f"Networks run on {hardware.describe(device)}.")
    return device
