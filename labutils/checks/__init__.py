"""What each exercise must show: one function for each question, which returns a `Report`. Used in every notebook.

The functions of Lab 2 need torch, which Lab 1 never loads: they are imported when they are first asked for.
"""

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
    "sparse_and_close",
]


def __getattr__(name):
    if name.startswith("lab2_"):
        from . import lab2

        return getattr(lab2, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
