"""Answers of the kind that students write: right ones, and wrong ones, by exercise and kind.

`ANSWERS` is {(exercise, kind): (answer, words)}: a wrong one stands beside words of the message that it should get, ""
where any will do, a right one beside None; an exercise with two functions has a tuple of both. What is said of one
exercise holds for the others: it changes what it was given, ignores an argument, is right on the lab's own numbers
only, keeps something from call to call, or is right in value and wrong in state.
"""

from . import few_bits, lab1, networks, numbers, quantizers, unusual

TABLES = [part.ANSWERS for part in (lab1, numbers, quantizers, networks, few_bits, unusual)]
ANSWERS = {(name, kind): answer for table in TABLES for name, found in table.items() for kind, answer in found.items()}
