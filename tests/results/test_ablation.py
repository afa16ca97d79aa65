"""The table of knobs: one that is damaged, or does not say how it was measured, is refused."""

import json

import pytest

from labutils.results import ablation

WHOLE = {"held_out": 5, "bits": [2, 2, 2], "epochs": 1, "seed": 0, "accuracy": {"cosine": [0.5]}, "sha256": ""}


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps(WHOLE | {"accuracy": {"cosine": 3}})])
def test_a_damaged_table(tmp_path, content, refused):
    (tmp_path / "cifar10-knobs.json").write_text(content)
    with refused("labutils knobs --data cifar10"):
        ablation.load("cifar10", tmp_path)


@pytest.mark.parametrize("word", ["held_out", "bits", "epochs", "seed"])
def test_a_table_that_does_not_say_how_it_was_measured(tmp_path, word, refused):
    (tmp_path / "cifar10-knobs.json").write_text(json.dumps({key: WHOLE[key] for key in WHOLE if key != word}))
    with refused("labutils knobs --data cifar10"):
        ablation.load("cifar10", tmp_path)


def test_no_table(tmp_path, refused):
    with refused("labutils knobs --data cifar10", error=FileNotFoundError):
        ablation.load("cifar10", tmp_path)
