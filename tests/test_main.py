"""The command line: each verb does its work, resumes it, and ends with one line where it can't."""

import numpy as np
import pytest

from labutils import __main__, checkpoints, data, training
from labutils.data import ImageData


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Sixty-four random images in place of CIFAR-10, and an empty checkpoints folder."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (64, 32, 32, 3), np.uint8), rng.integers(0, 10, 64)
    small = ImageData(images, labels, images[:32], labels[:32], "CIFAR-10")
    monkeypatch.setattr(data, "load", lambda name=None, root=None: small)
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    return tmp_path


def test_pretrain_then_finetune(tiny, capsys):
    assert __main__.main(["pretrain", "--epochs", "1"]) == 0
    assert __main__.main(["finetune", "--bits", "4,4,2", "--epochs", "2"]) == 0
    assert {path.name for path in tiny.iterdir()} == {"manifest.json", "cifar10-float.pt", "cifar10-4-4-2.pt"}
    assert checkpoints.load("cifar10", (4, 4, 2)).bits == (4, 4, 2)
    entry = checkpoints.entry("cifar10", (4, 4, 2))
    assert entry["epochs"] == 2 and len(entry["accuracy_by_epoch"]) == 2
    assert f"{entry['accuracy_last_epoch']:.4f}" in capsys.readouterr().out


def test_a_restart_trains_the_kept_network_on_and_the_manifest_names_both_runs(tiny):
    assert __main__.main(["pretrain", "--epochs", "2", "--learning-rate", "0.01"]) == 0
    first = checkpoints.entry("cifar10")
    assert __main__.main(["pretrain", "--restart", "--epochs", "1", "--learning-rate", "0.01", "--seed", "1"]) == 0
    second, again = checkpoints.entry("cifar10"), checkpoints.digest(tiny / "cifar10-float.pt")
    assert first["started_from"] is None and second["started_from"] == first["sha256"]
    (tiny / "cifar10-float.pt").unlink()
    for command in second["command"].split(" && "):  # says how to make the file from nothing
        assert __main__.main(command.split()[3:]) == 0
    assert checkpoints.digest(tiny / "cifar10-float.pt") == again
    assert __main__.main(["finetune", "--bits", "4", "--epochs", "1"]) == 0
    assert checkpoints.entry("cifar10", (4, 4, 4))["started_from"] == again


def test_ctrl_c_keeps_the_finished_epochs_and_the_same_command_resumes(tiny, monkeypatch, capsys):
    __main__.main(["pretrain", "--epochs", "2"])
    uninterrupted = checkpoints.digest(tiny / "cifar10-float.pt")
    evaluate, calls = training.evaluate, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(*arguments)

    (tiny / "cifar10-float.pt").unlink()
    monkeypatch.setattr(training, "evaluate", interrupted)
    assert __main__.main(["pretrain", "--epochs", "2"]) == 130
    assert "same command" in capsys.readouterr().err
    assert not (tiny / "cifar10-float.pt").exists() and (tiny / "cifar10-float.training").exists()
    monkeypatch.setattr(training, "evaluate", evaluate)
    assert __main__.main(["pretrain", "--epochs", "2"]) == 0
    assert checkpoints.digest(tiny / "cifar10-float.pt") == uninterrupted
    assert not (tiny / "cifar10-float.training").exists()


def test_finetune_without_a_float_network_says_how_to_get_one(tiny, capsys):
    assert __main__.main(["finetune", "--bits", "4"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "pretrain" in error


@pytest.mark.parametrize(
    "words", [["--bits", "4,4"], ["--bits", "17"], ["--bits", "x"], ["--bits", "4", "--epochs", "0"]]
)
def test_bad_arguments_are_refused(words, capsys):
    with pytest.raises(SystemExit) as stop:
        __main__.main(["finetune", *words])
    assert stop.value.code == 2 and "expected" in capsys.readouterr().err


def test_an_unwritable_folder(tiny, monkeypatch, capsys):
    (tiny / "file").write_text("")
    monkeypatch.setattr(checkpoints, "FOLDER", tiny / "file" / "checkpoints")
    assert __main__.main(["pretrain", "--epochs", "1"]) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith("labutils:") and "expected" in error[-1]
