"""How much each layer loses at few bits, measured with one layer rounded at a time. Used in notebooks/08.

Measured on training images, so that no choice made by it looks at the test set.
"""

from .kept_table import KeptTable

CHOICES = (2, 3, 4, 5, 6)  # bits that a layer may have


def _read(content):
    increase = content["increase"].items()
    return {layer: {int(bits): float(nats) for bits, nats in by_bits.items()} for layer, by_bits in increase}


TABLE = KeptTable("sensitivity", "a table of the layers' sensitivity", _read)


def load(name, folder=None):
    """Return the kept table of a data set's float network: {layer name: {bits: increase of the loss in nats}}.

    Raises: as `KeptTable.load` does.
    """
    return TABLE.load(name, folder)
