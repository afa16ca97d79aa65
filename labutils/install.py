"""Installs what the labs need, with uv or pip, and the PyTorch that fits this computer: `python -m labutils install`.

Any Python can begin: it makes .venv, and the Python in there goes on. What is there is read from the packages' own
metadata, so an interrupted install goes on when called again. What uv and pip say goes to build/install.log.
"""

import functools
import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import GET_PYTORCH, files

VENV = files.REPOSITORY / ".venv"
PYTORCH = ("torch", "torchvision")  # what Lab 1, notebooks 01 to 05, does without


def is_here():
    """Return whether this Python is the one of .venv, or of another environment that has the labs."""
    found = importlib.metadata.distributions(name="labutils")
    return Path(sys.prefix) == VENV or any(Path(one.locate_file("")).is_relative_to(sys.prefix) for one in found)


def hand_over(words):
    """Run `python -m labutils` with these words by the Python of .venv, which is made where it does not run.

    Returns: the exit status.
    """
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        works = subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:  # there is none, or the one that it was made with is gone
        works = False
    if not works:
        if sys.version_info < (3, 11):  # noqa: UP036, this file is what an older one can run
            found = f"found {platform.python_version()}; install a newer one and run this with it"
            raise ValueError(f"Python: expected 3.11 or newer, {found}")
        clear = ["--clear"] if python.is_symlink() and not python.exists() else []
        make = [sys.executable, "-m", "venv", *clear]
        if uv := shutil.which("uv"):
            make = [uv, "venv", "--seed", "--python", sys.executable, *(clear or ["--allow-existing"])]
        run([*make, VENV], "Making .venv")
    os.chdir(files.REPOSITORY)
    command = [str(python), "-m", "labutils", *words]
    if os.name == "nt":  # there exec returns at once, and two programs would share a keyboard
        return subprocess.call(command)
    return os.execv(command[0], command)


def run(command, what):
    """Run a command under one line that says what it does, for how long, and how far it is.

    Raises: OSError, in one line, where it fails; what it said last is printed above.
    """
    log, said, ended = files.REPOSITORY / "build/install.log", [""], threading.Event()
    log.parent.mkdir(exist_ok=True)
    started, live = time.monotonic(), sys.stdout.isatty()

    def show(last, end=""):
        line = f"{what}: {time.monotonic() - started:.0f} s  {last.strip()}".rstrip()
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{line[:width]:{width}}" if live else line, end=end, flush=True)

    def tick():
        while live and not ended.wait(0.5):
            show(said[-1])

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
    try:
        with open(log, "a", encoding="utf-8") as file, subprocess.Popen(list(map(str, command)), **options) as process:
            for line in process.stdout:
                file.write(line)
                said += [line] if line.strip() else []
    finally:
        ended.set()
        ticking.join()
        show("", "\n")
    if process.returncode:
        print("".join(said[-12:]), end="")
        found = f"found exit status {process.returncode}; all it said is in {log}; the same command goes on from there"
        raise OSError(f"{what}: expected it to succeed, {found}")


def requirements(extras=()):
    """Return the lines of pyproject.toml for the labs and for the extras named."""
    import tomllib  # Python 3.11's

    project = tomllib.loads((files.REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = project["optional-dependencies"]
    if unknown := [extra for extra in extras if extra not in known]:
        raise ValueError(f"--with: expected some of {', '.join(known)}, found {', '.join(unknown)}")
    return project["dependencies"] + [line for extra in extras for line in known[extra]]


def lacking(lines):
    """Return those of the requirements that this environment does not meet."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return lines

    def met(line):
        asked = Requirement(line)
        found = importlib.metadata.distributions(name=asked.name)
        there = [one.version for one in found if one.read_text("INSTALLER")]  # which is written last
        return any(asked.specifier.contains(version, prereleases=True) for version in there)

    return [line for line in lines if not met(line)]


def is_cuda(name):
    """Return whether a distribution is one of those that PyTorch for CUDA brings along, and for the processor not."""
    return name.replace("_", "-").startswith(("nvidia-", "cuda-", "triton"))


def cuda():
    """Return the CUDA that PyTorch was built for, "" without, None where there is no PyTorch; it is not imported."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return None
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    found = re.search(r"^cuda\b.*= *'([\d.]+)'", text, re.MULTILINE)
    return found[1] if found else ""


def has_driver():
    """Return whether this computer has NVIDIA's driver."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def pytorch_build():
    """Say as `doctor` does which PyTorch is installed, and whether this computer has a use for all of it."""
    built = cuda()
    if built is None:
        yield None, f"PyTorch: none yet; labs 01 to 05 need none, for the others {GET_PYTORCH}"
        return
    if not built or has_driver():
        yield True, f"PyTorch: built for {f'CUDA {built}' if built else 'the processor'}"
        return
    parts = [one for one in importlib.metadata.distributions() if is_cuda(one.name)]
    size = sum(file.size or 0 for one in parts for file in one.files or []) / 1e9
    found = f"whose libraries take {size:.1f} GB, and there is no NVIDIA GPU"
    yield None, f"PyTorch: built for CUDA {built}, {found}; make lab TORCH=cpu takes them away, if you want the room"


def why_unreachable(uv):
    """Return why PyTorch's own index does not answer, or "" where it does; only uv knows where it is."""
    if not uv:
        return "only uv knows where it is, and there is no uv"
    command = [*installer()[0], "install", "--python", sys.executable, "--reinstall", "--dry-run", "--no-deps"]
    options = {"timeout": 30, "env": os.environ | {"UV_HTTP_TIMEOUT": "5", "UV_HTTP_RETRIES": "0"}}
    try:
        found = subprocess.run([*command, "--torch-backend=cpu", "torch"], capture_output=True, text=True, **options)
    except subprocess.TimeoutExpired:
        return "nothing for 30 s"
    return "" if found.returncode == 0 else " ".join(found.stderr.split())[-120:]


def choose_pytorch(choice, uv):
    """Return (what, flags): which build of PyTorch to install and why, and uv's flags for it.

    Parameters: choice, auto, cpu, cuda or default; uv, whether it is uv that installs.
    Raises: ValueError, in one line, where the choice cannot be had here.
    """
    system = platform.system()
    if choice == "cuda" and system != "Linux":
        if system == "Darwin" or not uv:
            raise ValueError(f"TORCH=cuda: expected Linux, or Windows with uv, found {system}; leave it out")
        return "for CUDA, as asked", ["--torch-backend=auto"]
    if choice in ("cuda", "default") or system != "Linux":  # elsewhere PyPI's is small
        return "as PyPI has it", []
    reason = why_unreachable(uv)
    if choice == "auto" and has_driver():
        return "for the NVIDIA GPU that is here", [] if reason else ["--torch-backend=auto"]
    if not reason:
        why = "as asked" if choice == "cpu" else "for there is no NVIDIA GPU"
        return f"for the processor, 0.2 GB, {why}", ["--torch-backend=cpu"]
    if choice == "cpu":
        advice = "install uv, try again with a network, or take TORCH=default, 5 GB"
        raise ValueError(f"TORCH=cpu: expected PyTorch's own index to answer, found {reason}; {advice}")
    return f"with 5 GB for GPUs, though none is here: PyTorch's own index does not answer ({reason})", []


@functools.cache  # where there is no uv, pip is asked for it once
def installer():
    """Return (command, uv): pip's command line, or that of uv, which takes a tenth of the time, where it can be had."""
    pip = [sys.executable, "-m", "pip"]
    own = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    if not (shutil.which("uv") or own.exists()):
        subprocess.run([*pip, "install", "--quiet", "uv"], capture_output=True)
    uv = shutil.which("uv") or (own.exists() and own)
    return ([uv, "pip"], True) if uv else (pip, False)


def add(words, what, flags=()):
    """Install `words` by uv with its flags, or by pip where there is no uv or it fails."""
    command, uv = installer()
    if uv:
        try:
            return run([*command, "install", "--python", sys.executable, *flags, *words], what)
        except OSError:  # it knows none of pip's settings, such as a university's own index
            print("uv did not manage it; pip tries.")
    run([sys.executable, "-m", "pip", "install", "--progress-bar=off", *words], what)


def add_pytorch(lines, choice, flags):
    """Install PyTorch as `choice` says, with flags for uv; where one for CUDA is to go, its libraries go with it."""
    command, uv = installer()
    what, build = choose_pytorch(choice, uv)
    print(f"PyTorch {what}.", flush=True)
    if cuda() and choice == "cpu":
        gone = [one.name for one in importlib.metadata.distributions() if one.name in PYTORCH or is_cuda(one.name)]
        yes = ["--python", sys.executable] if uv else ["--yes"]
        run([*command, "uninstall", *yes, *sorted(gone)], "Removing PyTorch for CUDA")
    add(lines, "Installing PyTorch", [*build, *flags])


def install(extras=(), choice="auto", pytorch=True):
    """Install what is lacking in this Python's environment, PyTorch last.

    Parameters: extras, of pyproject.toml; choice, of PyTorch's build, as for `choose_pytorch`; pytorch, or without it.
    Raises: OSError or ValueError, in one line, where something cannot be installed.
    """
    if Path(sys.prefix) == VENV:
        for one in list(importlib.metadata.distributions(path=[p for p in sys.path if p.startswith(str(VENV))])):
            if not one.read_text("INSTALLER"):  # an interruption left it so, and pip would take it for installed
                shutil.rmtree(one.locate_file(f"{one.name}-{one.version}.dist-info"), ignore_errors=True)
    flags = ["--compile-bytecode"] if extras else []  # grading and testing start many processes that write none
    lines = requirements(extras)
    networks = [line for line in lines if re.match(r"[\w-]+", line)[0] in PYTORCH]
    if wanted := lacking([line for line in lines if line not in networks]):
        add(wanted, "Installing what is lacking" if extras else "Installing what Lab 1 needs", flags)
    linked = [one.read_text("direct_url.json") or "" for one in importlib.metadata.distributions(name="labutils")]
    if not any(files.REPOSITORY.as_uri() in text for text in linked):  # also where the folder was moved
        add(["--no-deps", "--editable", str(files.REPOSITORY)], "Installing the labs")
    other = choice in ("cpu", "cuda") and platform.system() == "Linux" and cuda() is not None
    if pytorch and (lacking(networks) or (other and bool(cuda()) != (choice == "cuda"))):
        add_pytorch(networks, choice, flags)
    importlib.invalidate_caches()
