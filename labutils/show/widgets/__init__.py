"""The things to play with: a slider redraws a figure. Used in every lab from 01 on.

Each widget is a plain function from settings to a Figure, shown by `explore`.
"""

from ... import hand_on

__getattr__ = hand_on(
    __name__,
    controls="explore log_stops slider",
    lab1="l1 l1_figure learning_rate learning_rate_figure loss_and_weights proximal proximal_figure pruning "
    "pruning_figure trimmed trimmed_figure",
    lab2="predictions predictions_figure quantizer quantizer_figure stage_bits stage_bits_figure where_they_part",
    few_bits="allocation_figure bit_allocation sensitivity_figure",
)
