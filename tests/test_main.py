"""The command line: each verb does its work, resumes it, and ends with one line where it can't."""

import pytest

from labutils import __main__
from labutils.few_bits import pruning
from labutils.maintenance.measuring import ablation, sensitivity
from labutils.networks import checkpoints, quantize, training
from labutils.networks.resnet import inner_layers
from labutils.results import ablation as kept
from labutils.results import seeds


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


def test_ctrl_c_keeps_the_finished_epochs_and_the_same_command_resumes(tiny, interrupt, capsys):
    __main__.main(["pretrain", "--epochs", "2"])
    uninterrupted = checkpoints.digest(tiny / "cifar10-float.pt")
    (tiny / "cifar10-float.pt").unlink()
    interrupt(training, "evaluate")
    assert __main__.main(["pretrain", "--epochs", "2"]) == 130
    assert "same command" in capsys.readouterr().err
    assert not (tiny / "cifar10-float.pt").exists() and (tiny / "cifar10-float.training").exists()
    assert __main__.main(["pretrain", "--epochs", "2"]) == 0
    assert checkpoints.digest(tiny / "cifar10-float.pt") == uninterrupted
    assert not (tiny / "cifar10-float.training").exists()


def test_recipes_round_prune_and_round_what_was_pruned(tiny, capsys):
    assert __main__.main(["pretrain", "--epochs", "1"]) == 0
    anneal = ["anneal", "--epochs", "1", "--recipe"]
    assert __main__.main([*anneal, "pruned", "--bits", "4"]) == 1
    assert "anneal --recipe pruned" in capsys.readouterr().err  # which comes first
    assert __main__.main([*anneal, "pruned"]) == 0
    assert __main__.main([*anneal, "pruned", "--bits", "4"]) == 0
    assert __main__.main([*anneal, "learned", "--bits", "4,4,2", "--seed", "3"]) == 0
    digests = {name: entry["sha256"] for name, entry in checkpoints.manifest().items()}
    starts = {name: entry["started_from"] for name, entry in checkpoints.manifest().items()}
    assert starts == {
        "cifar10-float.pt": None,
        "cifar10-float-pruned.pt": digests["cifar10-float.pt"],
        "cifar10-4-4-4-pruned.pt": digests["cifar10-float-pruned.pt"],
        "cifar10-4-4-2-learned.pt": digests["cifar10-float.pt"],
    }
    sparsities = [pruning.sparsity(checkpoints.load("cifar10", bits, "pruned")) for bits in (None, (4, 4, 4))]
    assert abs(sparsities[0] - 0.8) < 1e-5 and sparsities[1] >= sparsities[0]
    assert not list(tiny.glob("*.training"))


def test_allocated_bits_come_from_the_kept_sensitivity_and_keep_to_the_average(tiny, capsys):
    assert __main__.main(["pretrain", "--epochs", "1"]) == 0
    layers = inner_layers(checkpoints.load("cifar10"))
    increase = {name: {bits: 1 / bits + number for bits in (2, 3, 4, 5, 6)} for number, name in enumerate(layers)}
    sensitivity.save("cifar10", increase, 32)
    assert __main__.main(["anneal", "--recipe", "allocated", "--bits", "3", "--epochs", "1"]) == 0
    model = checkpoints.load("cifar10", (3, 3, 3), "allocated")
    assert 2.9 < quantize.average_precision(model) <= 3
    assert __main__.main(["anneal", "--recipe", "allocated", "--bits", "4,4,2", "--epochs", "1"]) == 1
    assert "expected one number" in capsys.readouterr().err
    assert checkpoints.entry("cifar10", (3, 3, 3), "allocated")["layer_bits"] == {
        name: layer.bits for name, layer in inner_layers(model).items()
    }


@pytest.mark.parametrize(
    ("words", "named"), [(["--recipe", "learned"], "--bits"), (["--recipe", "magic", "--bits", "2"], "recipe")]
)
def test_a_recipe_that_is_none_or_lacks_its_bits(tiny, words, named, capsys):
    assert __main__.main(["anneal", *words]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and named in error and "expected" in error and "found" in error


def test_knobs_and_seeds_are_measured_once_and_resumed(tiny, monkeypatch, interrupt, capsys):
    monkeypatch.setattr(ablation, "HELD_OUT", 16)
    assert __main__.main(["pretrain", "--epochs", "1"]) == 0
    for words in (["knobs", "--only", "cosine"], ["seeds", "--only", "1"]):
        words, calls = [*words, "--epochs", "2"], interrupt(training, "evaluate")
        capsys.readouterr()
        assert __main__.main(words) == 130 and "from the last finished epoch" in capsys.readouterr().err
        assert __main__.main(words) == 0 and len(calls) == 3
        assert __main__.main(words) == 0 and len(calls) == 3  # kept: not measured again
        learned = ("learned", (2, 2, 2))
        accuracy = kept.load("cifar10")["accuracy"]["cosine"] if "knobs" in words else seeds.load("cifar10")[learned][1]
        assert f"{accuracy[-1]:.4f}" in capsys.readouterr().out


def test_an_unknown_knob_is_refused_in_one_line(tiny, capsys):
    assert __main__.main(["pretrain", "--epochs", "1"]) == 0
    capsys.readouterr()
    assert __main__.main(["knobs", "--only", "magic"]) == 1
    assert "recipe: expected one of homework, cosine" in capsys.readouterr().err


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


def test_a_mistyped_verb_is_answered_with_those_that_the_help_shows(monkeypatch, capsys):
    assert __main__.main(["releese"]) == 2
    assert (
        capsys.readouterr().err == "labutils: expected a verb, such as release; found 'releese'; --help says them all\n"
    )
    monkeypatch.setattr(__main__, "ROOMS", ())  # as in a student's bundle
    assert __main__.main(["pretrian"]) == 2
    error = capsys.readouterr().err
    assert "hand-in, report" in error and "pretrain" not in error and error.count("\n") == 1


def test_an_unwritable_folder(tiny, monkeypatch, capsys):
    (tiny / "file").write_text("")
    monkeypatch.setattr(checkpoints, "FOLDER", tiny / "file" / "checkpoints")
    assert __main__.main(["pretrain", "--epochs", "1"]) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith("labutils:") and "expected" in error[-1]
