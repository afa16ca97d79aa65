"""ResNet-20, its rounded layers, its training, and the trained networks that are kept. Labs 06 and 07."""

import os

from .. import hand_on

# PyTorch's threads wait for each other by spinning, unless they are told otherwise before it is loaded. Beside another
# program that keeps a core busy, they would spin while the one they wait for is not running: networks took many times
# as long on two cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__getattr__ = hand_on(
    __name__,
    resnet="ResNet20 quantized stage_layers",
    augmentation="",
    checkpoints="",
    quantize="",
    training="",
)
