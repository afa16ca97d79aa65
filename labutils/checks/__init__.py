"""What each exercise must show: one function for each question, which returns a `Report`. Used in every notebook.

Each is imported when it is first asked for: those of Lab 2, of notebooks/08 and of claims 9 and 10 need torch, which
Lab 1 never loads.
"""

from .. import hand_on

__getattr__ = hand_on(
    __name__,
    waiting="",
    report="RECORD Report",
    lab1="lab1_a lab1_b lab1_c",
    lab1_penalties="lab1_d lab1_e lab1_f",
    lab1_bonus="exact_from_everywhere pushed_down sparse_and_close"
    " lab1_g_l1 lab1_g_proximal lab1_g_pruning lab1_g_trimmed",
    lab2="lab2_a",
    lab2_networks="lab2_b",
    lab2_training_step="lab2_c",
    lab2_mixed="lab2_d lab2_e lab2_f",
    problem1="outcome problem1_1 problem1_2 problem1_3 problem1_4 problem1_5 problem1_6 problem1_7 problem1_8",
    problem1_networks="problem1_9 problem1_10",
    training_agreement="agreement",
    few_bits="few_bits_a few_bits_b few_bits_c few_bits_d",
)
