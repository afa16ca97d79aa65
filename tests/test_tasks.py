"""JupyterLab's start on one screen, its end, and what is said where it does not start."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from labutils import files, tasks

SERVER = """
import sys, time
print("Jupyter Server 2 is running at:\\n[I] http://localhost:8888/lab/tree/README.md?token=abc", flush=True)
print("[I] http://127.0.0.1:8888/lab", flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(monkeypatch, tmp_path):
    """`server(code)`: what runs in place of JupyterLab, with a folder of its own for the logs."""
    monkeypatch.setattr(files, "REPOSITORY", tmp_path)
    monkeypatch.setattr(tasks, "examine", lambda: ["data: here"])
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    pids = []

    def begin(code):
        command = [sys.executable, "-c", f"import os; open('pid', 'w').write(str(os.getpid()))\n{code}"]
        monkeypatch.setattr(tasks, "lab_command", lambda page: command)
        return pids

    return begin


def test_one_screen_and_the_address(server, tmp_path, monkeypatch, capsys):
    server(SERVER)
    wait = subprocess.Popen.wait

    def interrupted(process, timeout=None):
        monkeypatch.setattr(subprocess.Popen, "wait", wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    tasks.lab()
    printed = capsys.readouterr().out
    assert "The labs are ready" in printed and "   data: here\n" in printed and printed.endswith("Stopped.\n")
    assert "Click here:  http://localhost:8888/lab/tree/README.md?token=abc\n" in printed and "[I]" not in printed
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_server_that_does_not_start_is_not_hidden(server, capsys, refused):
    server("print('OSError: no kernel for you'); exit(7)")
    with refused("JupyterLab", "exit status 7", "build/jupyter.log", error=OSError):
        tasks.lab()
    assert "no kernel for you" in capsys.readouterr().out


def test_a_server_that_never_comes_is_ended(server, monkeypatch, tmp_path, refused):
    server("import time; time.sleep(60)")
    monkeypatch.setattr(tasks, "SECONDS", 1)
    with refused("within 1 s", "none yet", error=OSError):
        tasks.lab()
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_the_screen_shows_data_and_device_and_what_is_to_mend(monkeypatch, tmp_path):
    from labutils import doctor

    monkeypatch.setattr(files, "REPOSITORY", tmp_path)
    for name, finding in {
        "packages": (True, "numpy 9"),
        "gpu": (None, "GPU: none"),
        "kernel": (False, "kernel"),
    }.items():
        monkeypatch.setattr(doctor, name, lambda finding=finding: iter([finding]))
    monkeypatch.setattr(doctor, "QUICK", (doctor.packages, doctor.gpu, doctor.kernel))
    assert tasks.examine() == ["GPU: none", "-> kernel"]
    assert (tmp_path / "build/doctor.log").read_text() == "ok   numpy 9\nnote GPU: none\n->   kernel\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without a word to it")
def test_whoever_ends_the_screen_ends_jupyterlab(tmp_path):
    code = f"""
import sys
from labutils import files, tasks
from pathlib import Path
files.REPOSITORY = Path({str(tmp_path)!r})
tasks.examine = lambda: []
own = "import os; open('pid', 'w').write(str(os.getpid()))\\n"
tasks.lab_command = lambda page: [sys.executable, "-c", own + {SERVER!r}]
tasks.lab()
"""
    screen = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    while "Click here" not in screen.stdout.readline():
        assert screen.poll() is None
    screen.terminate()
    assert "Stopped." in screen.communicate(timeout=45)[0] and screen.returncode == 0
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_as_root_jupyterlab_is_allowed_and_without_a_display_no_browser_opens(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(tasks.platform, "system", lambda: "Linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert {"--allow-root", "--no-browser"} <= set(tasks.lab_command())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("DISPLAY", ":0")
    assert not {"--allow-root", "--no-browser"} & set(tasks.lab_command())
    monkeypatch.delattr(os, "geteuid")  # Windows has none
    assert "--LabApp.default_url=/lab/tree/01_gradient_descent.ipynb" in tasks.lab_command(tasks.LAB_1)
