"""What every lab begins with: `notebook.begin()` in its setup cell."""

from ..checks import waiting
from . import style


def begin():
    """Begin a lab: draw figures in the labs' style, and let cells that wait for an exercise say so in one line."""
    style.use_style()
    waiting.install()
