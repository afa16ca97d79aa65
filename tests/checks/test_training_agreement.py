"""Steps of a student's training beside labutils': the same weights are told from others, whatever is wrong."""

import pytest
from helpers.small_networks import bits_for_all, network, random_data, returns_nothing, rounding
from torch.nn import functional as F

from labutils import checks
from labutils.networks import quantize, training

pytestmark = pytest.mark.usefixtures("one_thread")


def zero_gradient(w, bits):
    return w + (quantize.linear_quantize(w, bits) - w).detach() - w + w.detach()


def climbs(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    (-loss).backward()
    optimizer.step()
    return loss.item()


def keeps_gradients(model, optimizer, x, y):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def test_steps_that_agree_with_labutils():
    line = checks.agreement(rounding(quantize.STE.apply), training.step, network(), random_data(), size=8)
    assert line == "after 4 steps your weights and labutils' agree to within 1 % of the distance that they moved"


@pytest.mark.parametrize(
    "make, step",
    [
        (bits_for_all, climbs),
        (bits_for_all, keeps_gradients),
        (rounding(zero_gradient), training.step),
        (rounding(lambda w, bits: w), training.step),
        (rounding(lambda w, bits: w * float("nan")), training.step),
        (rounding(lambda w, bits: w[:1]), training.step),
        (bits_for_all, returns_nothing),
        (bits_for_all, 5),
    ],
)
def test_steps_that_do_not(make, step):
    line = checks.agreement(make, step, network(), random_data(), size=8)
    assert "the checks above say" in line and "agree" not in line
    assert line.startswith(("after 4 steps your weights are ", "your steps: "))


@pytest.mark.parametrize("error", [NotImplementedError, NameError])
def test_an_exercise_that_is_not_written_is_waited_for(error):
    def step(*arguments):
        raise error

    with pytest.raises(error):
        checks.agreement(bits_for_all, step, network(), random_data(), size=8)
