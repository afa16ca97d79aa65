"""What every lab begins and ends with: `notebook.begin()` in its setup cell, `notebook.end()` in its last."""

from ..checks import waiting
from . import style


def begin():
    """Begin a lab: draw figures in the labs' style, and let cells that wait for an exercise say so in one line."""
    style.use_style()
    waiting.install()


def end(checks=0, written=0, hidden=0):
    """Print in one line how many points the checks of this lab gave, and where its other points come from.

    Parameters: points to be had by its checks as students see them, by its written answers, and by hidden tests.
    """
    begun = waiting.install()
    reports = begun.reports.values() if begun else ()
    earned, most = (sum(getattr(report, name) for report in reports) for name in ("points", "max"))
    if not checks:
        passed = sum(report.points == report.max for report in reports)
        print(f"{passed} of {len(reports)} checks pass. This lab is beyond the homework, and gives no points.")
        return
    others, total = f"{written:g} for written answers, which a person reads", checks + written + hidden
    if most > checks:  # the hidden tests are there, as in the instructor's notebooks
        checks += hidden
        others += f"; {hidden:g} of those above are for hidden tests"
    else:
        others += f", and {hidden:g} for tests that you don't see"
    print(f"{earned:g} of {checks:g} points in the checks above. Of the lab's {total:g}, there are {others}.")
