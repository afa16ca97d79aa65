"""The images of labs 06 to 08: CIFAR-10 where it is found or fetched, else the stand-in that is drawn here."""

from .. import hand_on

__getattr__ = hand_on(__name__, find="ImageData load")
