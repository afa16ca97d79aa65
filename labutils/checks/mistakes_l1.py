"""What known mistakes in a subgradient step with an L1 penalty give, by what is said of them: Lab 1 (d)."""

import numpy as np

from .lab1_reference import moved, shrunk, slope, subgradient_step
from .mistakes_gradient import around


def pushed(push):
    """Return a subgradient step that pushes by `push(w, slope, weights after a gradient step)` in place of sign(w)."""
    return lambda w, p, rate, c: w - rate * (slope(w, p) + c * push(w, slope(w, p), moved(w, p, rate)))


SUBGRADIENT = around(lambda v, w, rate, c: v - rate * c * np.sign(w)) | {
    "the learning rate is missing on the penalty": lambda w, p, rate, c: moved(w, p, rate) - c * np.sign(w),
    "the sign of the penalty is wrong: this pushes weights away from zero": pushed(lambda w, *_: -np.sign(w)),
    "lambda times W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(lambda w, *_: w),
    "2 lambda W is the slope of an L2 penalty: L1 pushes by the sign alone": pushed(lambda w, *_: 2 * w),
    "|W| is the penalty itself: its slope is the sign of W": pushed(lambda w, *_: np.abs(w)),
    "the sum of |W| is the penalty itself: its slope is the sign of W": pushed(lambda w, *_: np.abs(w).sum()),
    "every weight has a sign of its own: this penalises their sum": pushed(lambda w, *_: 1.0),
    "every weight has a sign of its own: this adds them up": pushed(lambda w, *_: np.sign(w).sum()),
    "the sign of W belongs to the penalty alone: the gradient has its own": (
        lambda w, p, rate, c: w - rate * (slope(w, p) + c) * np.sign(w)
    ),
    "take the gradient at w: here the penalty moves the weights before": (
        lambda w, p, rate, c: moved(w - rate * c * np.sign(w), p, rate)
    ),
    "the penalty counts twice: its slope is lambda sign(W), without a factor 2": pushed(lambda w, *_: 2 * np.sign(w)),
    "the penalty counts half: its slope is lambda sign(W)": pushed(lambda w, *_: np.sign(w) / 2),
    "the learning rate counts twice on the penalty": lambda w, p, rate, c: moved(w, p, rate) - rate**2 * c * np.sign(w),
    "the penalty's slope is a mean here: every weight pays lambda": lambda w, p, rate, c: (
        moved(w, p, rate) - rate * c * np.sign(w) / len(w)
    ),
    "this takes the sign of the gradient: the penalty pushes by the sign of W": pushed(lambda w, g, v: np.sign(g)),
    "the loss counts by its whole gradient, not by the gradient's sign": (
        lambda w, p, rate, c: w - rate * (np.sign(slope(w, p)) + c * np.sign(w))
    ),
    "sign(0) must be 0, not 1: the penalty leaves a zero alone": pushed(lambda w, *_: np.where(w >= 0, 1, -1)),
    "sign(0) must be 0, not -1: the penalty leaves a zero alone": pushed(lambda w, *_: np.where(w > 0, 1, -1)),
    "0 / 0: w / |w| is no number where a weight is zero; np.sign gives 0 there": pushed(lambda w, *_: w / np.abs(w)),
    "negative weights have the sign -1: this leaves them without a penalty": pushed(lambda w, *_: 1.0 * (w > 0)),
    "take the sign of w, not of the weights after the gradient step": pushed(lambda w, g, v: np.sign(v)),
    "weights at zero move too: the gradient of L pushes them": (
        lambda w, *rest: np.where(w == 0, 0, subgradient_step(w, *rest))
    ),
    "the sign is wrong: this step climbs": lambda w, p, rate, c: w + rate * (slope(w, p) + c * np.sign(w)),
    "the learning rate is missing": lambda w, p, rate, c: w - slope(w, p) - c * np.sign(w),
    "the penalty is missing": lambda w, p, rate, c: moved(w, p, rate),
    "this is soft thresholding, which is (e): a subgradient step may cross zero": (
        lambda w, p, rate, c: shrunk(moved(w, p, rate), rate * c)
    ),
    "a subgradient step may cross zero: this stops there": (
        lambda w, *rest: np.where(w * subgradient_step(w, *rest) < 0, 0, subgradient_step(w, *rest))
    ),
    **{
        f"the penalty is an argument: this uses lambda {own:g}": lambda w, p, rate, c, own=own: subgradient_step(
            w, p, rate, own
        )
        for own in (0.2, 0.5, 1.0, 2.0)
    },
}
