"""How far the recipes of lab 08 come from other seeds than the one whose network is kept. Used in notebooks/08."""

from .grid import as_bits
from .kept_table import KeptTable


def _read(content):
    return {
        (recipe, as_bits(bits)): {int(seed): [float(share) for share in shares] for seed, shares in runs.items()}
        for recipe, of_recipe in content["accuracy"].items()
        for bits, runs in of_recipe.items()
    }


TABLE = KeptTable("seeds", "the accuracies of lab 08's recipes from other seeds", _read)


def load(name, folder=None):
    """Return the test accuracies by epoch, {(recipe, bits): {seed: [share, ...]}}; raise as `KeptTable.load` does."""
    return TABLE.load(name, folder)
