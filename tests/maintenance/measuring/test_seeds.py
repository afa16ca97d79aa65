"""Measuring other seeds: on the test set, kept beside each other, and not measured twice."""

import pytest
from helpers.small_networks import random_data

from labutils.few_bits import recipes
from labutils.maintenance import kept_networks
from labutils.maintenance.measuring import seeds
from labutils.networks import training
from labutils.results import seeds as kept

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def small(tmp_path, random_network):
    """A folder with a float network for a small data set of its own."""
    images = random_data(48, 8)._replace(source="CIFAR-10")
    kept_networks.save(random_network, "cifar10", training.Cosine(epochs=1), [{"accuracy": 0.1}], 0.1, folder=tmp_path)
    return random_network, images, tmp_path


def test_seeds_recipes_and_bits_are_kept_beside_each_other_and_not_measured_twice(small, monkeypatch):
    model, images, folder = small
    runs = [(1, "learned", (2, 2, 2)), (2, "learned", (2, 2, 2)), (1, "annealed", (2, 2, 2)), (1, "learned", (1, 1, 1))]
    found = {
        (recipe, bits, seed): seeds.measure(model, images, seed, recipe, bits, 1, folder) for seed, recipe, bits in runs
    }
    table = kept.load("cifar10", folder)
    assert {(*run, seed): shares for run, of_run in table.items() for seed, shares in of_run.items()} == found
    _, history = recipes.train(model, images, (2, 2, 2), recipes.named("annealed", 1, 1), progress=False)
    assert found["annealed", (2, 2, 2), 1] == [round(history[-1]["accuracy"], 4)]
    assert [path.name for path in folder.glob("*seeds*")] == ["cifar10-seeds.json"]
    monkeypatch.setattr(recipes, "train", None)
    assert seeds.measure(model, images, 2, "learned", (2, 2, 2), 1, folder) == found["learned", (2, 2, 2), 2]


def test_a_kept_run_of_other_epochs_is_not_taken_for_the_one_asked_for(small, refused):
    model, images, folder = small
    seeds.measure(model, images, 1, epochs=1, folder=folder)
    with refused("learned at 2,2,2 from seed 1", "expected 2 epochs, found 1"):
        seeds.measure(model, images, 1, epochs=2, folder=folder)


def test_no_such_recipe(tmp_path, refused):
    with refused("recipe", "cosine"):
        seeds.measure(None, random_data(), 1, "allocated", folder=tmp_path)
