"""The lab equipment of a course on sparse optimisation and quantization.

Import what a lab needs from its room (`from labutils.linear import descent`, `from labutils.show import plotting`);
this file and the rooms' faces load nothing by themselves, so that Lab 1 never loads torch.
"""

import os

__version__ = "1.0.0"
GET_PYTORCH = "type %run -m labutils install in a cell, or make lab in a terminal"

# PyTorch's threads wait for each other by spinning, unless they are told otherwise before it is loaded. Where others
# keep the cores busy, another notebook say, they spin while the one that they wait for does not run: on two cores,
# networks took several times as long (`bench` measures it).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


class PyTorchMissing(ModuleNotFoundError):
    """Labs 00 and 06 to 08 were begun without PyTorch; a notebook shows the line that says what to do, no traceback."""

    def _render_traceback_(self):  # IPython asks for it
        return [str(self)]


def hand_on(room, **modules):
    """Return a room's `__getattr__`: it imports a module of the room when one of its names is first asked for.

    Parameters: room, the package's `__name__`; modules, for each module the names that the room hands on.
    Raises: PyTorchMissing where a module needs PyTorch and there is none.
    """
    import importlib

    homes = {name: module for module, names in modules.items() for name in names.split()}

    def __getattr__(name):
        if name not in homes and name not in modules:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        try:
            module = importlib.import_module(f"{room}.{homes.get(name, name)}")
        except ModuleNotFoundError as error:
            if error.name not in ("torch", "torchvision"):
                raise
            text = f"PyTorch: expected it for this lab, found none yet; {GET_PYTORCH}, and run this again"
            raise PyTorchMissing(text, name=error.name) from None
        return module if name in modules else getattr(module, name)

    return __getattr__
