"""Looks at this computer and says, in one line each, what is fine and what to do: `python -m labutils doctor`.

Each check is a generator of findings (ok, text): ok is True, False where something has to be mended, or None for a
remark that stops no lab. The quick checks take under three seconds, because none of them imports PyTorch.
"""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from . import files, install
from .networks import hardware

FREE_BYTES = 10**9  # room for CIFAR-10, packed and unpacked, and for the state of a training run
BATCHES = {*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"}
BATCH_BYTES = 10_000 * 32 * 32 * 3  # the images of one batch; its labels and names come on top
ARRAYS = {f"{split}_{kind}.npy" for split in ("train", "test") for kind in ("images", "labels")}
TOLERANCE = 0.003  # 30 test images of 10,000: what another processor's rounding may change
INSTALL = f"run: {sys.executable} -m pip install -e ."
SIGNS = {True: ("ok  ", "32"), None: ("note", "33"), False: ("->  ", "31")}  # with the terminal's green, yellow, red


def short(text):
    """Return the text in one line, paths in the bundle's folder or in the home folder without what leads there."""
    text = " ".join(text.split()).replace(f"{files.REPOSITORY}{os.sep}", "")
    return text.replace(f"{Path.home()}{os.sep}", f"~{os.sep}")


def python_version():
    """Compare Python with what the package asks for."""
    from packaging.specifiers import SpecifierSet

    found, asked = platform.python_version(), importlib.metadata.metadata("labutils")["Requires-Python"]
    if SpecifierSet(asked).contains(found, prereleases=True):
        yield True, f"Python {found} ({asked})"
    else:
        yield False, f"Python: expected {asked}, found {found}; install a newer one and make .venv anew with it"


def packages():
    """Compare each dependency with the bound that the package's own metadata states."""
    from packaging.requirements import Requirement

    for requirement in map(Requirement, importlib.metadata.requires("labutils")):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue  # what an extra needs
        try:
            found = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            found = None
        if found and requirement.specifier.contains(found, prereleases=True):
            yield True, f"{requirement.name} {found} ({requirement.specifier})"
        elif found or requirement.name not in install.PYTORCH:  # which Lab 1 runs without
            yield False, f"{requirement.name}: expected {requirement.specifier}, found {found or 'none'}; {INSTALL}"


def kernel():
    """Ask Jupyter which kernel a notebook will get, and whether it is this environment's Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    def place(python):
        return Path(python).parent.resolve(), Path(python).resolve()  # environments share a Python, not a folder

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield False, f"Jupyter kernel: expected one named python3, found none; {INSTALL}"
        return
    python = spec.argv[0]
    own = {"python", "python3", f"python3.{sys.version_info[1]}"}  # Jupyter puts its own Python in place of these
    if python in own or place(shutil.which(python) or python) == place(sys.executable):
        yield True, "Jupyter kernel: python3 of this environment"
    else:
        found = f"found {python}; set JUPYTER_PREFER_ENV_PATH=1, as make lab does, or delete {spec.resource_dir}"
        yield False, f"Jupyter kernel: expected python3 to start {sys.executable}, {found}"


def folders():
    """Make a temporary file in each folder that the labs write to, or in the one that it would be made in."""
    from .datasets import find
    from .networks import checkpoints

    for folder in (files.REPOSITORY / "notebooks", files.REPOSITORY / "build", checkpoints.FOLDER, find.data_path()):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        try:
            tempfile.TemporaryFile(dir=there).close()
            yield True, f"{folder}: can be written"
        except OSError as error:
            if folder == find.data_path() and find.locate() is not None:
                yield None, f"{folder}: cannot be written ({error.strerror}), and need not: the data are there"
            else:
                advice = "change its permissions, or move the bundle to a folder of yours"
                yield False, f"{folder}: expected to write there, found {error.strerror}; {advice}"


def free_space():
    """Compare the free space beside the bundle with what data and training need."""
    found = shutil.disk_usage(files.REPOSITORY).free
    if found >= FREE_BYTES:
        yield True, f"free space: {found / 1e9:.0f} GB"
    else:
        yield False, f"free space: expected 1 GB for data and training, found {found / 1e9:.2f} GB; delete something"


def processor():
    """Count the cores and look for bfloat16 in hardware, which decide how fast networks train."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if hardware.has_bfloat16():
        yield True, f"processor: {cores} cores, with bfloat16 in hardware"
    else:
        yield None, f"processor: {cores} cores, no bfloat16 in hardware to use; networks train in float32, more slowly"


def gpu():
    """Ask NVIDIA's own tool for a GPU, which is quicker than to ask PyTorch."""
    try:
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True)
        names = ", ".join(answer.stdout.splitlines())
    except (OSError, subprocess.SubprocessError):
        names = ""
    found = f"{names}; --deep asks PyTorch whether it can use it" if names else "none found, and none needed"
    yield True if names else None, f"GPU: {found}"


def images():
    """Look for CIFAR-10 by names and sizes alone; its contents are checked where it is loaded."""
    from .datasets import find

    (name, why), path = find.chosen(), find.locate()
    if name == "shapes10":
        yield None, f"data: labs 06 to 08 take the stand-in shapes10, {why}; for CIFAR-10: {find.HOW_TO_GET}"
    elif path is None:
        wanted = f"{find.BATCHES_FOLDER} or {find.NPZ_FILE} in {find.data_path()}, found neither"
        yield False, f"CIFAR-10: expected {wanted}; get it with {find.HOW_TO_GET}, or unset LABUTILS_DATASET"
    if path is None:
        return
    if path.is_dir():
        sizes = {file.name: file.stat().st_size for file in path.iterdir()}
        lost = {name for name in BATCHES if sizes.get(name, 0) < BATCH_BYTES} | {"batches.meta"} - sizes.keys()
        size = sum(sizes.values())
    else:
        size = path.stat().st_size
        try:
            with zipfile.ZipFile(path) as archive:  # reads the list of names only, at the very end of the file
                lost = ARRAYS - set(archive.namelist())
        except zipfile.BadZipFile:
            lost = ARRAYS
    if lost:
        found = f"found no whole {', '.join(sorted(lost))}"
        yield False, f"CIFAR-10: expected all of {path}, {found}; replace it by a sound copy"
    else:
        yield True, f"CIFAR-10: {path}, {size / 1e6:.0f} MB by name and size; loading it checks every image"


def trained():
    """Return (name, bits, recipe) of the manifest's networks; the float one, which the labs begin with, comes first."""
    from .datasets import find
    from .networks import checkpoints

    first = checkpoints.file_name(find.chosen()[0])
    return [checkpoints.parse(file) for file in [first, *sorted(checkpoints.manifest().keys() - {first})]]


def networks():
    """Compare the digest of each trained network with the manifest's; a line however many of them differ."""
    from .networks import checkpoints

    wrong = []
    for network in trained():
        try:
            checkpoints.check(*network)
        except (OSError, ValueError) as error:
            wrong.append(str(error))
    if wrong:
        yield False, wrong[0] + f"; and {len(wrong) - 1} more of {len(trained())} networks" * (len(wrong) > 1)
    else:
        yield True, f"trained networks: {len(trained())} of {len(trained())} as in the manifest"


def pytorch():
    """Ask PyTorch what it computes on."""
    yield True, f"PyTorch: trains on {hardware.describe(hardware.default_device())}"


def accuracies():
    """Load each data set that a network was trained on, and measure the networks on its test images."""
    from .datasets import find
    from .networks import checkpoints, training

    device = hardware.default_device()
    for source in dict.fromkeys(name for name, *_ in trained()):
        try:
            images = find.load(source)
        except (OSError, ValueError) as error:
            yield False, str(error)
            continue
        yield True, f"{images.source}: every image as expected"
        for network in trained():
            if network[0] != source:
                continue
            try:
                expected, model = checkpoints.entry(*network), checkpoints.load(*network).to(device)
            except (OSError, ValueError):
                continue  # `networks` has said so
            file, wanted = checkpoints.file_name(*network), expected["accuracy_last_epoch"]
            found = training.evaluate(model, images.test_images, images.test_labels)
            if abs(found - wanted) <= TOLERANCE:
                yield True, f"{file}: test accuracy {found:.4f} ({wanted:.4f} in the manifest)"
            else:
                wanted, advice = f"{wanted:.4f} within {TOLERANCE}", checkpoints.again("train", expected["command"])
                yield False, f"{file}: expected test accuracy {wanted}, found {found:.4f}; {advice}"


QUICK = (python_version, packages, install.pytorch_build, kernel, folders, free_space, processor, gpu, images, networks)
DEEP = (pytorch, accuracies)


def findings(checks):
    """Yield what the checks find, each finding once; a check that fails itself is a finding too."""
    said = set()
    for check in checks:
        try:
            yield from (found for found in check() if found not in said and not said.add(found))
        except ValueError as error:  # it says itself what was expected
            yield from {(False, str(error))} - said
            said.add((False, str(error)))
        except ImportError as error:
            yield False, f"{check.__name__}: expected what it needs to be installed, found {error}; {INSTALL}"
        except Exception as error:  # whatever is wrong with this computer, the other checks go on
            yield False, f"{check.__name__}: expected to look at it, found {type(error).__name__}: {error}"


def report(deep=False):
    """Print one line per finding; return whether the labs would run: all, or without PyTorch those that need none."""
    colour, red = sys.stdout.isatty() and not os.environ.get("NO_COLOR"), 0
    for ok, text in findings(QUICK + DEEP if deep else QUICK):
        sign, code = SIGNS[ok]
        red += ok is False
        print(f"\033[{code}m{sign}\033[0m" if colour else sign, short(text), flush=True)
    runnable = "labs 01 to 05" if install.cuda() is None else "all labs"
    print(f"doctor: {red} to mend, marked ->" if red else f"doctor: {runnable} would run")
    return not red
