"""Says what this computer's processor can do, without waiting for PyTorch. Used by `training` and `doctor`."""

from pathlib import Path

BF16_FLAGS = ("avx512_bf16", "amx_bf16")  # those under which PyTorch multiplies bfloat16 faster than float32


def has_bfloat16():
    """Return whether the processor multiplies bfloat16 matrices in hardware, False where that cannot be told."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:  # only Linux has this file; elsewhere float32 is the safe choice
        return False
    return any(flag in flags for flag in BF16_FLAGS)
