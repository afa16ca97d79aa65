"""What the verbs of the command line share: how their arguments are read."""

import argparse


def parse_bits(text):
    """Return "4,4,2" as (4, 4, 2), "4" as (4, 4, 4); raise ArgumentTypeError otherwise."""
    try:
        bits = tuple(int(part) for part in text.split(","))
    except ValueError:
        bits = ()
    bits = bits * 3 if len(bits) == 1 else bits
    if len(bits) != 3 or not all(0 <= b <= 16 for b in bits):
        raise argparse.ArgumentTypeError(f"expected one number from 0 to 16 per stage, such as 4,4,2, found {text!r}")
    return bits


def parse_count(text):
    """Return a whole number from 1; raise ArgumentTypeError otherwise."""
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
