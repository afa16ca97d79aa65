"""What known mistakes in soft thresholding and the proximal step give, by what is said of them: Lab 1 (e).

Those of the operator are functions of weights and a threshold.
"""

import numpy as np

from .lab1_cases import RATE
from .lab1_reference import STILL, moved, shrunk, slope, subgradient_step
from .mistakes_gradient import around

HARD = "this is hard thresholding: what survives must move towards zero too"
OPERATOR = {
    HARD: lambda w, cut: np.where(np.abs(w) > cut, w, 0),
    "the sign is lost: the operator returns magnitudes": lambda w, cut: np.abs(shrunk(w, cut)),
    "weights smaller than the threshold must stop at zero, not cross it": lambda w, cut: w - cut * np.sign(w),
    "negative weights are lost: they must move up by the threshold": lambda w, cut: np.maximum(w - cut, 0),
    "negative weights stay as they are here: they must move up by the threshold": (
        lambda w, cut: np.where(w < 0, w, np.maximum(w - cut, 0))
    ),
    "the sign is wrong: weights must move towards zero": lambda w, cut: w + cut * np.sign(w),
    "negative weights must move up, not down": lambda w, cut: w - cut,
    "negative weights must move up by the threshold, not down": lambda w, cut: np.where(np.abs(w) <= cut, 0, w - cut),
    "0 / 0: w / |w| is no number where a weight is zero; np.sign gives 0 there": (
        lambda w, cut: w / np.abs(w) * np.maximum(np.abs(w) - cut, 0)
    ),
    "small weights must become zero: these stay as they are": (
        lambda w, cut: np.where(np.abs(w) > cut, w - cut * np.sign(w), w)
    ),
    "weights below -threshold move up: here all below the threshold do": (
        lambda w, cut: np.where(w > cut, w - cut, np.where(w < cut, w + cut, 0))
    ),
    "small weights become zero before the others move: here also those that moved to within the threshold": (
        lambda w, cut: np.where(np.abs(shrunk(w, cut)) > cut, shrunk(w, cut), 0)
    ),
    "this clips weights to the threshold: what is left over is the result": lambda w, cut: np.clip(w, -cut, cut),
    "this multiplies: take the threshold off each magnitude": lambda w, cut: w * np.maximum(1 - cut, 0),
    "np.max takes one maximum of all weights: np.maximum compares one by one": (
        lambda w, cut: np.sign(w) * np.max(np.abs(w) - cut, 0)
    ),
    "the threshold counts twice": lambda w, cut: shrunk(w, 2 * cut),
    "the threshold counts half": lambda w, cut: shrunk(w, cut / 2),
    "the threshold is an argument: this uses another one": lambda w, cut: shrunk(w, 0.1),
    STILL: lambda w, cut: w,
}

PROXIMAL = around(lambda v, w, rate, c: shrunk(v, rate * c))
PROXIMAL |= {
    message: lambda w, p, rate, c, operator=operator: operator(moved(w, p, rate), rate * c)
    for message, operator in OPERATOR.items()
    if message not in (STILL, "the threshold is an argument: this uses another one")
}
PROXIMAL |= {
    "the threshold is learning_rate * penalty, not the penalty": lambda w, p, rate, c: shrunk(moved(w, p, rate), c),
    "the threshold is learning_rate * penalty, not the learning rate": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), rate)
    ),
    "the rate counts twice in the threshold": lambda w, p, rate, c: shrunk(moved(w, p, rate), rate * rate * c),
    "the threshold is learning_rate * penalty: multiply, don't divide": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), c / rate)
    ),
    "threshold after the gradient step, not before it": (
        lambda w, p, rate, c: shrunk(w, rate * c) - rate * slope(w, p)
    ),
    "threshold after the gradient step, and take the gradient at w": (
        lambda w, p, rate, c: moved(shrunk(w, rate * c), p, rate)
    ),
    "the threshold is learning_rate * penalty: multiply, don't add": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), rate + c)
    ),
    "soft_threshold takes the weights first, then the threshold": lambda w, p, rate, c: shrunk(
        rate * c, moved(w, p, rate)
    ),
    "threshold the weights, not their change": lambda w, p, rate, c: w + shrunk(-rate * slope(w, p), rate * c),
    "threshold the weights, not the gradient": lambda w, p, rate, c: w - rate * shrunk(slope(w, p), c),
    "the loss alone takes the gradient step: the penalty's part is the threshold": (
        lambda w, p, rate, c: shrunk(subgradient_step(w, p, rate, c), rate * c)
    ),
    "this is a step against the gradient and the sign of w: threshold after the step": subgradient_step,
    "nothing was thresholded: this is plain gradient descent": lambda w, p, rate, c: moved(w, p, rate),
    "the threshold's learning rate is an argument too: this uses 0.02 there": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), RATE * c)
    ),
    "the penalty is an argument: this uses lambda 1": lambda w, p, rate, c: shrunk(moved(w, p, rate), rate),
}
