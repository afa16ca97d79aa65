"""What every lab begins and ends with: `notebook.begin()`, or `begin_with_networks()`, and `notebook.end()`."""

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


def end(checks=0, written=0, hidden=0):
    """Print in one line how many points the checks of this lab gave, and where its other points come from.

    Parameters: points to be had by its checks as students see them, by its written answers, and by hidden tests.
    """
    begun = waiting.install()
    reports = begun.reports.values() if begun else ()
    earned, most = (sum(getattr(report, name) for report in reports) for name in ("points", "max"))
    if not checks:
        passed = sum(all(row["ok"] for row in report.rows) for report in reports)
        points = f"All {written:g} points are for written answers." if written else "This lab gives no points."
        print(f"{passed} of {len(reports)} checks pass. {points}")
        return
    total = checks + written + hidden
    if most > checks:  # the hidden tests are there, as in the instructor's notebooks
        shown, others = checks + hidden, f"{hidden:g} of them by hidden tests; {written:g} for written answers"
    else:
        shown, others = checks, f"{written:g} for written answers, {hidden:g} hidden"
    print(f"{earned:g} of {shown:g} points shown, {others}: {total:g} in all.")
