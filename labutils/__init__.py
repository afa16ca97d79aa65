"""The lab equipment of a course on sparse optimisation and quantization.

Import what a lab needs from its room (`from labutils.linear import descent`, `from labutils.show import plotting`);
this file and the rooms' faces import nothing by themselves, so that Lab 1 never loads torch.
"""

__version__ = "1.0.0"


def hand_on(room, **modules):
    """Return a room's `__getattr__`: it imports a module of the room when one of its names is first asked for.

    Parameters: room, the package's `__name__`; modules, for each module the names that the room hands on.
    """
    import importlib

    homes = {name: module for module, names in modules.items() for name in names.split()}

    def __getattr__(name):
        if name in modules:  # the module itself
            return importlib.import_module(f"{room}.{name}")
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{room}.{homes[name]}"), name)

    return __getattr__
