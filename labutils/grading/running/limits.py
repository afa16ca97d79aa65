"""What a command that runs apart may use."""

from typing import NamedTuple


class Limits(NamedTuple):
    """What a command may use: seconds of wall time and of each process's processor time, processes, and bytes.

    `call` is for one message, `memory` for all processes together, `file_size` for one file and for the output, `disk`
    for all files. `patience` are seconds for which it may wait besides, where others keep the processors busy.
    """

    seconds: float = 120
    call: float = 30
    cpu_seconds: int = 120
    processes: int = 100
    memory: int = 6_000_000_000
    file_size: int = 64_000_000
    disk: int = 256_000_000
    patience: float = 0
