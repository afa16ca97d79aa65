"""Opens the labs and tests them, on any system and without make: `python -m labutils lab`, or `test`."""

import os
import platform
import re
import signal
import subprocess
import sys
import time

from . import files, install

LIST, LAB_1 = "README.md", "01_gradient_descent.ipynb"
SECONDS = 120  # in which JupyterLab must have started


def environment():
    """Return this process's environment, in which kernels of its Python come first, whatever else is installed."""
    return os.environ | {"JUPYTER_PREFER_ENV_PATH": "1", "IPYTHONDIR": str(files.REPOSITORY / "build/ipython")}


def lab_command(page=LIST, notebooks="notebooks"):
    """Return the command that starts JupyterLab on `page` of a folder of notebooks, and that stops without a question.

    It refuses to run as root, as in a container, unless told to; without a display there is no browser to open.
    """
    settings = files.REPOSITORY / ".jupyter"  # with them the list of labs is shown as a page, and no word is broken
    look = {"static_custom_path": [str(settings / "custom")]}
    command = [sys.executable, "-m", "jupyterlab", "-y", f"--notebook-dir={notebooks}"]
    command += [f"--LabApp.default_url=/lab/tree/{page}", f"--LabApp.app_settings_dir={settings}"]
    command += ["--LabApp.custom_css=True", f"--ServerApp.tornado_settings={look}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]
    if platform.system() == "Linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        command += ["--no-browser"]
    return command


def address(server, log):
    """Wait until JupyterLab's log says where it is to be found, and return that.

    Raises: OSError, in one line, where it ends before or takes too long; what it said last is printed above.
    """
    latest = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < latest:
        found = re.search(r"is running at:\s.*?(https?://\S+)", log.read_text(encoding="utf-8", errors="replace"), re.S)
        if found:
            return found[1]
        time.sleep(0.05)
    print("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]))
    found = "none yet" if server.returncode is None else f"exit status {server.returncode}"
    raise OSError(f"JupyterLab: expected an address within {SECONDS} s, found {found}; all it said is in {log}")


def examine():
    """Look at this computer, with all findings in build/doctor.log; return the few lines that a student looks for."""
    from . import doctor

    found = [(check, ok, doctor.short(text)) for check in doctor.QUICK for ok, text in doctor.findings([check])]
    text = "".join(f"{doctor.SIGNS[ok][0]} {text}\n" for _, ok, text in found)
    files.write_whole(files.REPOSITORY / "build/doctor.log", text.encode())
    shown = (doctor.python_version, install.pytorch_build, doctor.images, doctor.processor, doctor.gpu)
    return [text if ok is not False else f"-> {text}" for check, ok, text in found if check in shown or ok is False]


def lab(page=LIST):
    """Start JupyterLab, and say on one screen what is ready and where to click; stop with Ctrl-C.

    Parameters: page, of the folder notebooks, to open.
    """
    log, started = files.REPOSITORY / "build/jupyter.log", time.monotonic()
    log.parent.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this ends JupyterLab, too
    with open(log, "w", encoding="utf-8") as file:
        options = {"cwd": files.REPOSITORY, "env": environment(), "stdout": file, "stderr": file}
        server = subprocess.Popen(lab_command(page), stdin=subprocess.DEVNULL, **options)
    try:
        lines = examine()
        url = address(server, log)
        print(f"Starting JupyterLab: {time.monotonic() - started:.0f} s\n\nThe labs are ready.\n")
        print("\n".join(f"   {line}" for line in lines))
        print(f"\n   Click here:  {url}\n   To stop:     Ctrl-C in this window; your notebooks stay as you saved them")
        print("   To read:     build/doctor.log on this computer, build/jupyter.log on JupyterLab", flush=True)
        server.wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        server.terminate()
        server.wait()


def test(words, marks):
    """Run the test suite, notebooks included: `words` are files or folders of it, `marks` an expression for pytest -m.

    Three processes share it, each with a file at a time and one thread: one mostly waits for a browser.
    Returns: pytest's exit status.
    """
    (files.REPOSITORY / "build").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", "--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder"]
    # Labs 06 and 07 train a network live for so many seconds, in place of two minutes.
    own = {"OMP_NUM_THREADS": "1", "LABUTILS_LIVE_SECONDS": "5"}
    return subprocess.call([*command, "-m", marks, *words], cwd=files.REPOSITORY, env=environment() | own)
