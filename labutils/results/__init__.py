"""What was measured once and is kept beside the networks, with the digest of the network that it belongs to."""

from .. import hand_on

__getattr__ = hand_on(__name__, ablation="", grid="", repeats="", seeds="", sensitivity="", significance="")
