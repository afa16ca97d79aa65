"""ResNet-20, its rounded layers, its training, and the trained networks that are kept. Labs 00 and 06 to 08."""

from .. import hand_on

__getattr__ = hand_on(
    __name__,
    resnet="ResNet20 quantized stage_layers",
    augmentation="",
    checkpoints="",
    quantize="",
    training="",
)
