"""What is installed: only what is lacking, the PyTorch that fits, whole or again, and its errors are shown."""

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labutils import __main__, files, install


@pytest.fixture
def bundle(monkeypatch, tmp_path):
    """A folder for the logs, and for .venv, in place of the bundle's."""
    (tmp_path / "pyproject.toml").write_text((files.REPOSITORY / "pyproject.toml").read_text())
    monkeypatch.setattr(files, "REPOSITORY", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    return tmp_path


@pytest.fixture(autouse=True)
def asked_anew():
    """Let no test see what was found out about uv for another."""
    install.installer.cache_clear()
    yield
    install.installer.cache_clear()


@pytest.fixture
def computer(monkeypatch):
    """`computer("Linux", driver=True, answers=False)`: another system, with or without a GPU and PyTorch's index."""

    def pretend(system, driver=False, answers=True):
        monkeypatch.setattr(install.platform, "system", lambda: system)
        monkeypatch.setattr(install, "has_driver", lambda: driver)
        monkeypatch.setattr(install, "why_unreachable", lambda uv: "" if uv and answers else "no route to host")

    return pretend


def test_without_a_gpu_linux_takes_the_build_for_the_processor(computer):
    computer("Linux")
    what, flags = install.choose_pytorch("auto", True)
    assert "processor" in what and "no NVIDIA GPU" in what
    assert flags == install.choose_pytorch("cpu", True)[1] == ["--torch-backend=cpu"]
    assert install.choose_pytorch("default", True)[1] == install.choose_pytorch("cuda", True)[1] == []


def test_without_pytorchs_own_index_it_says_what_comes_and_why(computer, refused):
    computer("Linux", answers=False)
    what, flags = install.choose_pytorch("auto", True)
    assert flags == [] and "5 GB" in what and "does not answer (no route to host)" in what
    with refused("TORCH=cpu", "no route to host", "TORCH=default"):
        install.choose_pytorch("cpu", True)


def test_with_a_gpu_uv_asks_the_driver_and_pip_takes_pypis(computer):
    computer("Linux", driver=True)
    assert install.choose_pytorch("auto", True)[1] == ["--torch-backend=auto"]
    assert install.choose_pytorch("auto", False)[1] == []
    computer("Linux", driver=True, answers=False)
    assert install.choose_pytorch("auto", True)[1] == []


def test_elsewhere_pypis_build_is_small(computer, refused):
    for system in ("Darwin", "Windows"):
        computer(system, answers=False)
        assert {choice: install.choose_pytorch(choice, True)[1] for choice in ("auto", "cpu", "default")} == {
            "auto": [],
            "cpu": [],
            "default": [],
        }
    assert install.choose_pytorch("cuda", True)[1] == ["--torch-backend=auto"]
    with refused("TORCH=cuda", "Windows"):
        install.choose_pytorch("cuda", False)
    computer("Darwin")
    with refused("TORCH=cuda", "Darwin"):
        install.choose_pytorch("cuda", True)


def test_an_index_that_does_not_answer(monkeypatch):
    assert "no uv" in install.why_unreachable(False)
    fail = "import sys; sys.exit('  no route\\n to host')"
    monkeypatch.setattr(install, "installer", lambda: ([sys.executable, "-c", fail], True))
    assert install.why_unreachable(True) == "no route to host"
    monkeypatch.setattr(install, "installer", lambda: ([sys.executable, "-c", ""], True))
    assert install.why_unreachable(True) == ""


def distribution(folder, name, version, whole=True):
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if whole:
        (info / "INSTALLER").write_text("uv")
    return info


def test_an_extra_that_there_is_not_is_refused(refused):
    with refused("--with", "grade", "found magic, foo"):
        install.requirements(["grade", "magic", "foo"])


def test_what_is_lacking_is_read_from_the_metadata(monkeypatch, tmp_path):
    distribution(tmp_path, "whole", "2.1")
    distribution(tmp_path, "half", "2.1", whole=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    lines = ["whole>=2", "whole>=3", "half>=1", "nowhere>=1", "numpy>=1"]
    assert install.lacking(lines) == ["whole>=3", "half>=1", "nowhere>=1"]
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)  # as in an environment with nothing in it
    assert install.lacking(lines) == lines


@pytest.fixture
def added(monkeypatch, bundle):
    """What would be installed, of an environment that has nothing: [(words, flags)], and no command runs."""
    calls = []
    monkeypatch.setattr(install, "add", lambda words, what, flags=(): calls.append((list(words), list(flags))))
    monkeypatch.setattr(install, "run", lambda command, what: calls.append((command, what)))
    monkeypatch.setattr(install, "installer", lambda: (["uv", "pip"], True))
    monkeypatch.setattr(install, "lacking", lambda lines: lines)
    monkeypatch.setattr(install, "cuda", lambda: None)
    return calls


def test_lab_1_comes_without_pytorch_and_pytorch_last(added, computer):
    computer("Linux")
    install.install(pytorch=False)
    (lab_1, flags), (labs, _) = added
    assert flags == []
    assert {"numpy>=1.26", "ipywidgets>=8.1"} <= set(lab_1) and not [line for line in lab_1 if "torch" in line]
    assert labs[:2] == ["--no-deps", "--editable"]
    added.clear()
    install.install(["test"])
    assert "pytest>=8" in added[0][0] and added[0][1] == ["--compile-bytecode"]
    assert [line.split(">")[0] for line in added[-1][0]] == ["torch", "torchvision"]
    assert added[-1][1] == ["--torch-backend=cpu", "--compile-bytecode"]


def test_where_nothing_lacks_nothing_is_asked_of_anybody(added, bundle, monkeypatch):
    monkeypatch.setattr(install, "lacking", lambda lines: [])
    info = distribution(bundle / "site", "labutils", "1")
    monkeypatch.syspath_prepend(str(bundle / "site"))
    (info / "direct_url.json").write_text(f'{{"url": "{bundle.as_uri()}"}}')
    install.install(["test"])
    assert added == []
    (info / "direct_url.json").write_text('{"url": "file:///where/the/folder/was"}')
    install.install()
    assert [words[-1] for words, _ in added] == [str(bundle)]


def test_another_build_on_demand_takes_the_old_ones_libraries_away(added, computer, monkeypatch):
    computer("Linux")
    monkeypatch.setattr(install, "lacking", lambda lines: [])
    monkeypatch.setattr(install, "cuda", lambda: "13.0")
    install.install(choice="cuda")
    assert len(added) == 1  # the labs; that build is there
    added.clear()
    install.install(choice="cpu")
    (command, what), (lines, flags) = added[-2:]
    assert what == "Removing PyTorch for CUDA" and {"torch", "torchvision"} <= set(command)
    assert not {"numpy", "nvidia"} & set(command) and flags == ["--torch-backend=cpu"] and len(lines) == 2


def test_the_cuda_of_pytorch_is_read_and_not_asked(monkeypatch, tmp_path):
    (tmp_path / "version.py").write_text("__version__ = '2.14.1+cu130'\ncuda: Optional[str] = '13.0'\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    assert install.cuda() == "13.0"
    (tmp_path / "version.py").write_text("__version__ = '2.14.1+cpu'\ncuda: Optional[str] = None\n")
    assert install.cuda() == ""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert install.cuda() is None


def test_noise_is_hidden_and_errors_are_not(bundle, capsys, refused):
    noise = "print('Collecting numpy'); print('Installing collected packages')"
    install.run([sys.executable, "-c", noise], "Installing")
    assert re.fullmatch(r"Installing: \d+ s\n", capsys.readouterr().out)
    log = bundle / "build/install.log"
    assert log.read_text().splitlines() == ["Collecting numpy", "Installing collected packages"]
    with refused("Installing", "exit status 3", str(log), "the same command goes on", error=OSError):
        install.run([sys.executable, "-c", f"{noise}; print('ERROR: No space left'); exit(3)"], "Installing")
    assert "ERROR: No space left\n" in capsys.readouterr().out


def test_on_a_terminal_one_line_says_how_far_it_is(bundle, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    slow = "import time; print('Downloading torch (180 MB)', flush=True); time.sleep(0.8)"
    install.run([sys.executable, "-c", slow], "Installing PyTorch")
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and printed.endswith("\n")
    assert re.search(r"\rInstalling PyTorch: \d s  Downloading torch \(180 MB\)", printed)


def test_where_uv_fails_pip_goes_on(bundle, monkeypatch, capsys):
    calls = []

    def run(command, what):
        calls.append(list(map(str, command)))
        if "uv" in command:
            raise OSError("no such index")

    monkeypatch.setattr(install, "run", run)
    monkeypatch.setattr(install, "installer", lambda: (["uv", "pip"], True))
    install.add(["numpy"], "Installing", ["--torch-backend=cpu"])
    assert calls[0][-2:] == ["--torch-backend=cpu", "numpy"]
    assert calls[1][1:4] == ["-m", "pip", "install"] and calls[1][-1] == "numpy" and "cpu" not in str(calls[1])
    assert "pip tries" in capsys.readouterr().out


def test_without_uv_and_without_a_network_it_is_pip_that_installs(bundle, monkeypatch):
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(bundle / "python"))
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: subprocess.CompletedProcess([], 1))
    assert install.installer() == ([str(bundle / "python"), "-m", "pip"], False)


def test_another_python_makes_an_environment_and_hands_over(bundle, monkeypatch):
    made, ran = [], []
    monkeypatch.setattr(install, "run", lambda command, what: made.append(list(map(str, command))))
    monkeypatch.setattr(install.os, "execv", lambda python, command: ran.append(command))
    monkeypatch.chdir(bundle)
    install.hand_over(["lab", "--labs=1"])
    assert made[0][-1] == str(bundle / ".venv") and ran[0][1:] == ["-m", "labutils", "lab", "--labs=1"]
    assert Path(ran[0][0]).is_relative_to(bundle / ".venv") and "--clear" not in made[0]


def test_an_environment_whose_python_is_gone_is_made_anew(bundle, monkeypatch):
    (bundle / ".venv/bin").mkdir(parents=True)
    (bundle / ".venv/bin/python").symlink_to(bundle / "gone")
    made = []
    monkeypatch.setattr(install, "run", lambda command, what: made.append(command))
    monkeypatch.setattr(install.os, "execv", lambda python, command: None)
    monkeypatch.chdir(bundle)
    install.hand_over(["lab"])
    assert "--clear" in made[0]


def test_an_old_python_is_told_so(bundle, monkeypatch, refused):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with refused("3.11 or newer"):
        install.hand_over(["lab"])
    assert not (bundle / ".venv").exists()


def test_a_students_bundle_has_no_tests_to_run(bundle, capsys):
    assert __main__.main(["test"]) == 2
    assert "expected a verb" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["lab", "--torch=gpu"], ["lab", "--labs=6"]])
def test_what_cannot_be_asked_for(words):
    with pytest.raises(SystemExit):
        __main__.main(words)
