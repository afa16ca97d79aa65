"""What each knob of the recipes for few bits is worth, and what other seeds give, as measured. Used in notebooks/08.

A knob is judged by training images that are held out, so that no choice looks at the test set. The notebook reads the
tables of CIFAR-10 whatever the data.
"""

from .kept_table import KeptTable


def _table(verb, *settings):
    """Return the `KeptTable` of accuracies by epoch whose rows were all measured at the same settings."""

    def read(content):
        accuracy = {row: [float(share) for share in shares] for row, shares in content["accuracy"].items()}
        return {word: content[word] for word in settings} | {"accuracy": accuracy}

    return KeptTable(verb, f"the accuracies that labutils {verb} measures", read)


TABLES = {"knobs": _table("knobs", "held_out", "bits", "epochs", "seed")}
TABLES["seeds"] = _table("seeds", "recipe", "bits", "epochs")


def load(table, name, folder=None):
    """Return a kept table of a data set's networks: how it was measured, and {"accuracy": {row: by epoch}}.

    Parameters: table, "knobs", whose rows are recipes, or "seeds"; name, the data set's; folder, where it is (None:
        checkpoints/). Raises: as `KeptTable.load` does.
    """
    return TABLES[table].load(name, folder)
