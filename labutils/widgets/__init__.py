"""The things to play with: a slider redraws a figure. Used at the end of every lab from 01 on.

Each widget is a plain function from settings to a Figure, shown by `explore`.
"""

from .controls import explore, log_stops, slider
from .few_bits import allocation_figure, bit_allocation
from .lab1 import (
    l1,
    l1_figure,
    learning_rate,
    learning_rate_figure,
    loss_and_weights,
    proximal,
    proximal_figure,
    pruning,
    pruning_figure,
    trimmed,
    trimmed_figure,
)
from .lab2 import predictions, predictions_figure, quantizer, quantizer_figure, stage_bits, stage_bits_figure

__all__ = [
    "allocation_figure",
    "bit_allocation",
    "explore",
    "l1",
    "l1_figure",
    "learning_rate",
    "learning_rate_figure",
    "log_stops",
    "loss_and_weights",
    "predictions",
    "predictions_figure",
    "proximal",
    "proximal_figure",
    "pruning",
    "pruning_figure",
    "quantizer",
    "quantizer_figure",
    "slider",
    "stage_bits",
    "stage_bits_figure",
    "trimmed",
    "trimmed_figure",
]
