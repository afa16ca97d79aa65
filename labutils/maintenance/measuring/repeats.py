"""Repeats the homework's fine-tunings from other seeds, and keeps what they reach and predict."""

import base64

import numpy as np

from ...networks import resnet, training
from ...results import repeats
from ...results.grid import as_text
from . import keeping

EPOCHS = {(2, 2, 2): 20}  # of the homework's six; the others take 10
SCHEMES = ((4, 4, 4), (3, 3, 3), (2, 2, 2), (4, 4, 2), (4, 2, 4), (2, 4, 4))


def packed(values):
    """Return numbers (n,) from 0 to 9, or booleans (n,), as text, as small as that can be."""
    values = np.asarray(values)
    if values.dtype == bool:
        return base64.b64encode(np.packbits(values)).decode()
    halves = values.astype(np.uint8).reshape(-1, 2)
    return base64.b64encode(halves[:, 0] * 16 + halves[:, 1]).decode()


def measure(float_model, images, bits, seed, folder=None):
    """Fine-tune by the homework's recipe from one seed and keep the `Run`, which is returned.

    Parameters: float_model, an ImageData's float network; bits, three entries; seed; folder, where the table is (None:
        checkpoints/). A run that is kept is not trained again.
    """
    path = repeats.TABLE.path(images.name, folder)
    kept = repeats.load(images.name, folder) if path.exists() else {}
    if seed in kept.get(bits, {}):
        return kept[bits][seed]
    model = resnet.quantized(float_model, bits).to(next(float_model.parameters()).device)
    state_file = path.with_name(f"{path.stem}-{as_text(bits)}-{seed}.training")
    history = training.finetune(model, images, EPOCHS.get(bits, 10), state_file, seed=seed)
    classes = training.predict(model, images.test_images).numpy()
    run = repeats.Run([round(epoch["accuracy"], 4) for epoch in history], classes, classes == images.test_labels)
    keep(images.name, bits, seed, run, folder)
    state_file.unlink()
    return run


def keep(name, bits, seed, run, folder=None):
    """Add one `Run` to the kept table of a data set, at these bits and from this seed."""

    def content(runs):
        runs.setdefault(bits, {})[seed] = run
        return {
            "runs": {
                as_text(bits): {
                    str(seed): {"accuracy": one.accuracy, "classes": packed(one.classes), "right": packed(one.right)}
                    for seed, one in of_bits.items()
                }
                for bits, of_bits in runs.items()
            }
        }

    keeping.add(repeats.TABLE, name, content, folder)
