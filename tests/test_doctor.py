"""The doctor: every check is shown green on a sound computer and red, with what to do, on a broken one."""

import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from labutils import __main__, doctor, files
from labutils.datasets import find
from labutils.maintenance import kept_networks
from labutils.networks import checkpoints


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """A bundle in a folder of its own: data and one network by name, size and digest, and a kernel of this Python."""
    monkeypatch.setattr(files, "REPOSITORY", tmp_path)
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path / "checkpoints")
    monkeypatch.delenv("LABUTILS_DATA", raising=False)
    monkeypatch.delenv("LABUTILS_DATASET", raising=False)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))  # Jupyter looks there first
    for name in ("data", "checkpoints", "jupyter/kernels/python3"):
        (tmp_path / name).mkdir(parents=True)
    write_kernel(tmp_path, sys.executable)
    np.savez(tmp_path / "data" / find.NPZ_FILE, **{Path(name).stem: np.zeros(1) for name in doctor.ARRAYS})
    network = tmp_path / "checkpoints" / "cifar10-float.pt"
    network.write_text("weights")
    entry = {"sha256": checkpoints.digest(network), "command": "python -m labutils pretrain"}
    (tmp_path / "checkpoints" / "manifest.json").write_text(json.dumps({network.name: entry}))
    return tmp_path


def write_kernel(computer, python):
    spec = {"argv": [str(python), "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
    (computer / "jupyter/kernels/python3/kernel.json").write_text(json.dumps(spec))


def look(*checks):
    """Return [(ok, text)], each text shown to be one line."""
    found = [(ok, doctor.short(text)) for ok, text in doctor.findings(checks)]
    assert found and all("\n" not in text for _, text in found)
    return found


def red(*checks):
    """Return the one red text among the findings: it says what was expected, what was found and what to do."""
    (text,) = [text for ok, text in look(*checks) if ok is False]
    assert "expected" in text and "found" in text and "; " in text
    return text


def test_without_pytorch_it_promises_the_labs_that_need_none(computer, capsys, monkeypatch):
    monkeypatch.setattr(doctor.install, "cuda", lambda: None)
    assert __main__.main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "doctor: labs 01 to 05 would run"


def test_a_sound_computer_is_green_and_the_exit_status_0(computer, capsys):
    assert __main__.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop() == "doctor: all labs would run"
    assert {line[:4] for line in lines} <= {"ok  ", "note"}
    assert not [line for line in lines if str(computer) in line]
    for word in (
        "Python",
        "torch",
        "kernel",
        "notebooks",
        "build",
        "space",
        "processor",
        "GPU",
        "CIFAR-10",
        "trained networks",
    ):
        assert [line for line in lines if word in line], word


def test_one_red_line_makes_the_exit_status_1(computer, capsys):
    (computer / "data" / find.NPZ_FILE).unlink()
    assert __main__.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "doctor: 1 to mend, marked ->" and out.count("\n->  ") == 1
    assert "\033" not in out  # no colour but on a terminal


def test_the_quick_part_never_imports_torch():
    code = (
        "import sys; from labutils import doctor; doctor.report(); print([m for m in sys.modules if m[:5] == 'torch'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_colour_on_a_terminal_only_and_unless_it_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "QUICK", (lambda: [(False, "one"), (None, "two")],))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    doctor.report()
    assert capsys.readouterr().out.startswith("\033[31m->  \033[0m one\n\033[33mnote\033[0m two\n")
    monkeypatch.setenv("NO_COLOR", "1")
    doctor.report()
    assert capsys.readouterr().out == "->   one\nnote two\ndoctor: 1 to mend, marked ->\n"


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.1")
    assert "found 3.9.1" in red(doctor.python_version)


def test_an_old_package_and_a_missing_one(monkeypatch):
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "1.13.1+cu117" if name == "torch" else version(name)
    )
    assert "torch: expected >=2.4, found 1.13.1+cu117; run: " in red(doctor.packages)

    def missing(name):
        if name == "tqdm":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "tqdm: expected >=4.66, found none; run: " in red(doctor.packages)


def test_packages_are_those_of_the_metadata_and_not_the_tests():
    names = [text.split()[0] for _, text in look(doctor.packages)]
    asked = [line for line in importlib.metadata.requires("labutils") if "extra ==" not in line]
    assert len(names) == len(asked) and "numpy" in names and "ruff" not in names


def test_a_check_without_its_own_packages_is_red_and_the_others_go_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)  # importing it fails
    assert "pip install" in red(doctor.packages, doctor.free_space, doctor.processor)


@pytest.mark.parametrize("python", ["python", "python3", sys.executable])
def test_a_kernel_of_this_environment(computer, python):
    write_kernel(computer, python)
    assert look(doctor.kernel) == [(True, "Jupyter kernel: python3 of this environment")]


def test_a_kernel_of_another_environment_with_the_same_python(computer):
    (computer / "other").mkdir()
    python = computer / "other" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    write_kernel(computer, python)
    text = red(doctor.kernel)
    assert (
        "found other/python" in text and "JUPYTER_PREFER_ENV_PATH" in text and "delete jupyter/kernels/python3" in text
    )


def test_folders_that_cannot_be_written(computer, monkeypatch):
    assert [ok for ok, _ in look(doctor.folders)] == [True] * 4
    make = tempfile.TemporaryFile

    def refuse(dir):
        if dir.name in ("checkpoints", "data"):
            raise PermissionError(13, "Permission denied")
        return make(dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert red(doctor.folders).startswith("checkpoints: expected to write there, found Permission denied; ")
    assert [text for ok, text in look(doctor.folders) if ok is None][0].startswith("data: cannot be written")
    (computer / "data" / find.NPZ_FILE).unlink()  # now nothing is there, and nothing can come
    assert [text.split(":")[0] for ok, text in look(doctor.folders) if ok is False] == ["checkpoints", "data"]


def test_a_folder_that_is_a_file(computer, monkeypatch):
    (computer / "file").write_text("")
    monkeypatch.setattr(checkpoints, "FOLDER", computer / "file" / "checkpoints")
    assert red(doctor.folders).startswith("file/checkpoints: expected to write there")


def test_a_full_disk(monkeypatch):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2 * 10**9))
    assert look(doctor.free_space) == [(True, "free space: 2 GB")]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=9 * 10**7))
    assert "found 0.09 GB" in red(doctor.free_space)


@pytest.mark.parametrize("flags, ok", [("fpu avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx512f", None)])
def test_the_processor_is_judged_as_training_judges_it(monkeypatch, flags, ok):
    import torch

    from labutils.networks import hardware

    monkeypatch.setattr(Path, "read_text", lambda path: flags)
    assert [found for found, _ in look(doctor.processor)] == [ok]
    assert hardware.has_fast_bfloat16(torch.device("cpu")) is bool(ok)


def test_a_gpu_and_none(monkeypatch):
    answer = subprocess.CompletedProcess([], 0, stdout="NVIDIA T4\nNVIDIA T4\n")
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: answer)
    assert look(doctor.gpu)[0] == (True, "GPU: NVIDIA T4, NVIDIA T4; --deep asks PyTorch whether it can use it")

    def no_tool(*words, **options):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", no_tool)
    assert look(doctor.gpu) == [(None, "GPU: none found, and none needed")]


def test_no_cifar10_is_no_fault_unless_it_is_asked_for(computer, monkeypatch):
    (computer / "data" / find.NPZ_FILE).unlink()
    ((ok, text),) = look(doctor.images)
    assert ok is None and "stand-in shapes10, because CIFAR-10 was not found" in text and "--download" in text
    monkeypatch.setenv("LABUTILS_DATASET", "cifar10")
    text = red(doctor.images)
    assert "cifar10.npz in data, found neither" in text and "unset LABUTILS_DATASET" in text and "--download" in text
    monkeypatch.setenv("LABUTILS_DATASET", "mnist")
    assert "found 'mnist'" in look(doctor.images)[0][1]


def test_the_stand_in_needs_its_own_network(computer, monkeypatch):
    monkeypatch.setenv("LABUTILS_DATASET", "shapes10")
    assert red(doctor.networks).startswith("shapes10-float.pt: expected a trained network")


def test_an_npz_cut_off_and_one_of_something_else(computer):
    path = computer / "data" / find.NPZ_FILE
    path.write_bytes(path.read_bytes()[:-10])
    assert "all of data/cifar10.npz" in red(doctor.images)
    np.savez(path, train_images=np.zeros(1))
    assert "found no whole test_images.npy, test_labels.npy, train_labels.npy;" in red(doctor.images)


def test_batches_whole_and_cut_off(computer):
    folder = computer / "data" / find.BATCHES_FOLDER
    folder.mkdir()
    (folder / "batches.meta").write_text("names")
    for name in doctor.BATCHES:
        with open(folder / name, "wb") as file:
            file.truncate(doctor.BATCH_BYTES + 300_000)  # takes no room on the disk
    assert look(doctor.images)[0][1].startswith("CIFAR-10: data/cifar-10-batches-py, 186 MB")
    (folder / "data_batch_3").write_text("half")
    (folder / "batches.meta").unlink()
    assert "found no whole batches.meta, data_batch_3;" in red(doctor.images)


def test_a_damaged_network_a_lost_one_and_none_at_all(computer):
    network = computer / "checkpoints" / "cifar10-float.pt"
    assert look(doctor.networks) == [(True, "trained networks: 1 of 1 as in the manifest")]
    network.write_text("weight5")
    assert red(doctor.networks).startswith("checkpoints/cifar10-float.pt: expected sha256")
    network.unlink()
    assert "found no file; take it from the bundle once more" in red(doctor.networks)
    (computer / "checkpoints" / "manifest.json").unlink()
    assert "or train it with: python -m labutils pretrain" in red(doctor.networks)
    (computer / "checkpoints" / "manifest.json").write_text("{")
    assert "expected JSON" in red(doctor.networks)


def test_many_lost_networks_are_one_line(computer):
    folder = computer / "checkpoints"
    entries = json.loads((folder / "manifest.json").read_text())
    (entry,) = entries.values()
    for bits in ("4-4-4", "3-3-3", "2-2-2"):
        entries[f"cifar10-{bits}.pt"] = entry
    (folder / "manifest.json").write_text(json.dumps(entries))
    (ok, text), *others = look(doctor.networks)
    assert ok is False and not others and text.endswith("; and 2 more of 4 networks") and "git" not in text


@pytest.mark.parametrize("name", ["cifar10.npz", "cifar-10-batches-py"])
def test_a_variable_that_names_the_data_themselves_is_told_so(computer, monkeypatch, name):
    path = computer / "elsewhere" / name
    (path.parent if "." in name else path).mkdir(parents=True)
    if "." in name:
        path.write_text("images")
    monkeypatch.setenv("LABUTILS_DATA", str(path))
    found = red(doctor.images)
    assert "LABUTILS_DATA" in found and "; set it to elsewhere" in found


def test_a_variable_that_names_nothing_is_told_so(computer, monkeypatch):
    (computer / "data" / find.NPZ_FILE).unlink()
    monkeypatch.setenv("LABUTILS_DATA", str(computer / "nowhere"))
    ((ok, text),) = look(doctor.images)
    assert ok is None and "not found in nowhere (there is no such folder), which LABUTILS_DATA names" in text


def test_every_network_is_named_as_it_was_saved():
    for bits in (None, (4, 4, 4), (4, 0, 16)):
        assert checkpoints.parse(checkpoints.file_name("cifar10", bits)) == ("cifar10", bits, None)


def test_deep_measures_the_accuracy_of_every_network(computer, monkeypatch, capsys):
    from labutils.networks import training
    from labutils.networks.resnet import ResNet20

    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (32, 32, 32, 3), np.uint8), rng.integers(0, 10, 32)
    monkeypatch.setattr(find, "load", lambda name: find.ImageData(images, labels, images, labels, "CIFAR-10"))
    recipe = training.Cosine()
    for bits in ((None,) * 3, (4, 4, 2)):
        model = ResNet20(bits)
        accuracy = training.evaluate(model, images, labels)
        kept_networks.save(model, "cifar10", recipe, [], accuracy)
    assert __main__.main(["doctor", "--deep"]) == 0
    out = capsys.readouterr().out
    assert "CIFAR-10: every image as expected" in out and out.count(": test accuracy ") == 2
    manifest = checkpoints.FOLDER / "manifest.json"
    entries = json.loads(manifest.read_text())
    entries["cifar10-4-4-2.pt"]["accuracy_last_epoch"] += 0.004
    manifest.write_text(json.dumps(entries))
    assert red(doctor.accuracies).startswith("cifar10-4-4-2.pt: expected test accuracy")


def test_deep_says_what_is_wrong_with_the_data(computer):
    assert red(doctor.accuracies).startswith("data/cifar10.npz: expected train_images")
