"""Says what networks are computed on here, and in which numbers. Used in notebooks/06 to 08 and by `doctor`.

PyTorch is imported where it is needed, so that `doctor` asks about the processor without waiting for it.
"""

import contextlib
import os
from pathlib import Path

VARIABLE = "LABUTILS_DEVICE"  # in the environment: "cpu" leaves an accelerator alone
BF16_FLAGS = ("avx512_bf16", "amx_bf16")  # those under which PyTorch multiplies bfloat16 faster than float32


def has_bfloat16():
    """Return whether the processor multiplies bfloat16 matrices in hardware, False where that cannot be told."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:  # only Linux has this file; elsewhere float32 is the safe choice
        return False
    return any(flag in flags for flag in BF16_FLAGS)


def accelerator():
    """Return the accelerator that PyTorch can use here, such as CUDA's, Apple's MPS or Intel's XPU; None for none."""
    import torch

    if hasattr(torch, "accelerator"):  # since 2.6
        return torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available, "xpu": torch.xpu.is_available}
    return next((torch.device(name) for name, is_available in there.items() if is_available()), None)


def default_device():
    """Return the device to compute networks on: the accelerator if there is one, else the processor.

    The environment's `LABUTILS_DEVICE`, cpu or the accelerator's name, decides before that.
    Raises: ValueError where it names what is not there.
    """
    import torch

    found, asked = accelerator(), os.environ.get(VARIABLE, "").strip().lower()
    known = {"cpu": torch.device("cpu")} | ({} if found is None else {found.type: found})
    if not asked:
        return found or known["cpu"]
    if asked not in known:
        raise ValueError(f"{VARIABLE}: expected {' or '.join(known)}, which PyTorch can use here, found {asked!r}")
    return known[asked]


def has_fast_bfloat16(device):
    """Return whether `device` multiplies bfloat16 matrices in hardware, which makes autocast worth it."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and has_bfloat16()


def autocast(device):
    """Return the context in which networks are computed in bfloat16, where that is fast on `device`."""
    import torch

    return torch.autocast(device.type, torch.bfloat16) if has_fast_bfloat16(device) else contextlib.nullcontext()


def float32_only(device):
    """Return the context in which `autocast` is off."""
    import torch

    return torch.autocast(device.type, enabled=False) if device.type in ("cpu", "cuda") else contextlib.nullcontext()


def describe(device):
    """Return in words what `device` is, and in which numbers networks train there."""
    where = "the processor" if device.type == "cpu" else f"the accelerator {device.type}"
    return f"{where}, in {'bfloat16' if has_fast_bfloat16(device) else 'float32'}"
