"""What each knob of the recipes for few bits is worth, as measured. Used in notebooks/08.

A knob is judged by training images that are held out, so that no choice looks at the test set. The notebook reads the
table of CIFAR-10 whatever the data.
"""

from .kept_table import KeptTable

SETTINGS = ("held_out", "bits", "epochs", "seed")  # at which all rows were measured


def _read(content):
    accuracy = {recipe: [float(share) for share in shares] for recipe, shares in content["accuracy"].items()}
    return {word: content[word] for word in SETTINGS} | {"accuracy": accuracy}


TABLE = KeptTable("knobs", "a table of what each knob of lab 08's recipes is worth", _read)


def load(name, folder=None):
    """Return the kept table of a data set's networks: its `SETTINGS`, and {"accuracy": {recipe: by epoch}}.

    Parameters: name, the data set's; folder, where it is (None: checkpoints/). Raises: as `KeptTable.load` does.
    """
    return TABLE.load(name, folder)
