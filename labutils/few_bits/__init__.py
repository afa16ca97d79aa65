"""Lab 08's equipment: ranges, statistics measured again, pruning, allocation of bits, coded sizes, recipes."""

from .. import hand_on

__getattr__ = hand_on(__name__, allocation="", calibration="", coding="", pruning="", ranges="", recipes="")
