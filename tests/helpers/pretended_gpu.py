"""A pretended GPU: its tensors compute on the processor under another name, and refuse to meet the processor's own.

So a forgotten `.to(device)` fails without a GPU too, and what moves between the two can be counted.
"""

import contextlib
from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from labutils.networks import hardware

# A device that PyTorch knows by name and has nothing for. For "cuda", autograd would ask the driver.
GPU = torch.device("lazy", 0)
MOVES = {"aten::_to_copy", "aten::to", "aten::copy_", "aten::_local_scalar_dense"}
INDEXED = {"aten::index", "aten::index_put_"}  # for which a GPU takes the processor's indices


class OnGPU(torch.Tensor):
    """A tensor that says it lies on the GPU; `held` is what it computes with."""

    @staticmethod
    def __new__(cls, held):
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        return torch.Tensor._make_wrapper_subclass(cls, held.shape, device=GPU, **layout)

    def __init__(self, held):
        self.held = held

    def __reduce_ex__(self, protocol):  # in a file it is a tensor like any other
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError(f"{function}: expected a GPU, found it switched off")


class PretendedGPU(TorchDispatchMode):
    """While it is on, `GPU` is a device to compute on; `moved` counts what goes there and back."""

    def __init__(self):
        super().__init__()
        self.moved = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name, (leaves, structure) = function._schema.name, tree_flatten((args, kwargs or {}))
        if name == "aten::_has_compatible_shallow_copy_type":  # a module that moves asks whether data could be put in
            return False
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        here = [isinstance(tensor, OnGPU) for tensor in tensors]
        devices = [leaf for leaf in leaves if isinstance(leaf, torch.device)]
        there = devices[0].type == GPU.type if devices else any(here[:1]) if name == "aten::copy_" else any(here)
        if name in MOVES and tensors:
            self.moved["to the GPU"] += there and not here[-1]
            self.moved["back"] += here[-1] and (not there or name == "aten::_local_scalar_dense")
        elif any(here):
            strangers = [tensor for tensor, is_here in zip(tensors, here) if not is_here and tensor.dim() > 0]
            if strangers and not (name in INDEXED and here[0]):
                raise RuntimeError(f"{function}: expected all tensors on the GPU, found {len(strangers)} elsewhere")
        bare = [
            torch.device("cpu") if isinstance(leaf, torch.device) else getattr(leaf, "held", leaf) for leaf in leaves
        ]
        known = {id(tensor.held): tensor for tensor, is_here in zip(tensors, here) if is_here}  # computed in place

        def placed(value):
            if not (there and isinstance(value, torch.Tensor)):
                return value
            if value.dtype == torch.float64:  # which Apple's has not
                raise RuntimeError(f"{function}: expected no float64 on the accelerator, found a tensor of it")
            return known[id(value)] if id(value) in known else OnGPU(value)

        with torch.inference_mode(False), torch.no_grad():  # a tensor of inference mode cannot be held
            args, kwargs = tree_unflatten(bare, structure)
            return tree_map(placed, function(*args, **kwargs))


@contextlib.contextmanager
def switched_on(monkeypatch):
    """Have the pretended GPU, which `hardware.default_device` finds, while the block runs."""

    def restored(storage, location):  # what is read from a file onto the GPU; it goes there when it is copied
        return storage if location.startswith(GPU.type) else None

    packages = [(0, lambda storage: None, restored), *torch.serialization._package_registry]
    monkeypatch.setattr(torch.serialization, "_package_registry", packages)
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: contextlib.nullcontext())  # not for this device
    monkeypatch.setattr(hardware, "default_device", lambda: GPU)
    torch.__future__.set_swap_module_params_on_conversion(True)  # or a module would keep the processor's tensors
    torch._C._set_only_lift_cpu_tensors(True)  # or `torch.tensor(numbers, device=GPU)` would not ask the pretended one
    with PretendedGPU() as pretended:
        yield pretended
    torch._C._set_only_lift_cpu_tensors(False)
    torch.__future__.set_swap_module_params_on_conversion(False)
