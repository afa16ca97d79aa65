"""What each exercise must show: one function for each question, which returns a `Report`. Used in every notebook.

The functions of Lab 2, of notebooks/08 and of claims 9 and 10 need torch, which Lab 1 never loads: they are imported
when they are first asked for. In a notebook, cells that wait for an exercise say so from here on (`waiting`).
"""

from . import waiting
from .lab1 import (
    exact_from_everywhere,
    lab1_a,
    lab1_b,
    lab1_c,
    lab1_d,
    lab1_e,
    lab1_f,
    lab1_g_l1,
    lab1_g_proximal,
    lab1_g_pruning,
    lab1_g_trimmed,
    sparse_and_close,
)
from .problem1 import (
    outcome,
    problem1_1,
    problem1_2,
    problem1_3,
    problem1_4,
    problem1_5,
    problem1_6,
    problem1_7,
    problem1_8,
)
from .report import RECORD, Report

__all__ = [
    "RECORD",
    "Report",
    "exact_from_everywhere",
    "lab1_a",
    "lab1_b",
    "lab1_c",
    "lab1_d",
    "lab1_e",
    "lab1_f",
    "lab1_g_l1",
    "lab1_g_proximal",
    "lab1_g_pruning",
    "lab1_g_trimmed",
    "outcome",
    "problem1_1",
    "problem1_2",
    "problem1_3",
    "problem1_4",
    "problem1_5",
    "problem1_6",
    "problem1_7",
    "problem1_8",
    "sparse_and_close",
]


waiting.install()


def __getattr__(name):
    if name.startswith("lab2_"):
        from . import lab2

        return getattr(lab2, name)
    if name.startswith("few_bits_"):
        from . import few_bits

        return getattr(few_bits, name)
    if name in ("problem1_9", "problem1_10"):
        from . import problem1_networks

        return getattr(problem1_networks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
