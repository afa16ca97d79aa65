"""Times functions in turn, A B A B: other work on a computer comes and goes, so a ratio holds where seconds do not."""

import statistics
import time
from typing import NamedTuple

ROUNDS = 5
CHUNK = 0.05  # seconds that a quick function is called for before the next one's turn


class Row(NamedTuple):
    """One measurement: `ours` and `theirs` in `unit`, and the ratio of the two with its target, where there is one.

    `ours` is None where what was to be timed did not come about: the target is missed.
    `at_least` says whether the target is a lower bound, as for images per second, or an upper one, as for seconds.
    """

    what: str
    beside: str
    unit: str
    ours: float | None
    theirs: float | None = None
    target: float | None = None
    at_least: bool = False

    @property
    def ratio(self):
        """Ours in theirs, None where one of them is missing."""
        return None if self.theirs is None or self.ours is None else self.ours / self.theirs

    @property
    def met(self):
        """Whether the target is met, None where there is none."""
        if self.target is None:
            return None
        if self.ours is None:
            return False
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


def time_of(function, calls):
    """Return the seconds that so many calls take."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return time.perf_counter() - start


def in_turn(*contestants, rounds=ROUNDS):
    """Return the median seconds of a call of each function, called one after the other, round after round.

    The first call of each is not counted. A quick function is called again and again, for some 50 ms a round.
    """
    calls, seconds = [], [[] for _ in contestants]
    for contestant in contestants:
        first = time_of(contestant, 1)
        calls.append(1 if first > CHUNK else max(1, int(CHUNK / time_of(contestant, 1))))
    for _ in range(rounds):
        for contestant, count, taken in zip(contestants, calls, seconds):
            taken.append(time_of(contestant, count) / count)
    return [statistics.median(taken) for taken in seconds]
