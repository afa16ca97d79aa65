"""What the command line's measuring verbs do: measure a table, keep it, and say so in a line. Named as the verbs."""

from ...few_bits import recipes
from ...results import grid as kept_grid
from ...results import sensitivity as kept_sensitivity
from ..kept_networks import images_and_network
from . import ablation
from . import grid as measuring_grid
from . import repeats as measuring_repeats
from . import seeds as measuring_seeds
from . import sensitivity as measuring_sensitivity


def grid(arguments):
    """Measure the float network at all combinations of bits for its stages, without training, and keep the table."""
    images, model = images_and_network(arguments.data)
    accuracies = measuring_grid.measure(model, images.test_images, images.test_labels)
    path = measuring_grid.save(images.name, accuracies, len(images.test_images))
    best = len(kept_grid.front(kept_grid.load(images.name)))
    print(f"{path.name}: saved; {len(accuracies)} combinations, {best} on the front")


def knobs(arguments):
    """Measure what each knob of lab 08's recipes is worth, on training images that are held out."""
    images, float_model = images_and_network(arguments.data)
    for recipe in arguments.only or ["homework", *recipes.KNOBS]:
        accuracy = ablation.measure(float_model, images, recipe, epochs=arguments.epochs)
        print(f"{recipe}: {accuracy[-1]:.4f} of {ablation.HELD_OUT} held-out training images after the last epoch")


def seeds(arguments):
    """Measure how far a recipe of lab 08 comes from other seeds than the one whose network is kept."""
    images, float_model = images_and_network(arguments.data)
    run = {"recipe": arguments.recipe, "bits": arguments.bits, "epochs": arguments.epochs}
    for seed in arguments.only:
        accuracy = measuring_seeds.measure(float_model, images, seed, **run)
        print(f"seed {seed}: test accuracy {accuracy[-1]:.4f} after the last epoch")


def repeats(arguments):
    """Repeat the homework's fine-tunings from other seeds, and keep what each run reaches and predicts."""
    images, float_model = images_and_network(arguments.data)
    for seed in arguments.only:
        for bits in [arguments.bits] if arguments.bits else measuring_repeats.SCHEMES:
            accuracy = measuring_repeats.measure(float_model, images, bits, seed).accuracy
            print(f"{bits}, seed {seed}: test accuracy {accuracy[-1]:.4f} after the last epoch")


def sensitivity(arguments):
    """Measure how much the loss rises where one layer of the float network is rounded alone, and keep the table."""
    images, model = images_and_network(arguments.data)
    used = slice(measuring_sensitivity.IMAGES)
    increase = measuring_sensitivity.measure(model, images.train_images[used], images.train_labels[used])
    path = measuring_sensitivity.save(images.name, increase, len(images.train_images[used]))
    fewest = min(kept_sensitivity.CHOICES)
    worst = max(increase, key=lambda layer: increase[layer][fewest])
    print(f"{path.name}: saved; {len(increase)} layers, {worst} loses most at {fewest} bits")
