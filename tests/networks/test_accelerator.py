"""What trains on the processor trains on a GPU, which is pretended here: its tensors refuse to meet the processor's.

How fast a GPU is, and what bfloat16 does there, this cannot tell.
"""

import copy

import matplotlib.pyplot as plt
import pytest
import torch
from helpers.course_notebooks import code_cells, read
from helpers.pretended_gpu import GPU
from helpers.small_networks import random_data, same_weights

from labutils import __main__, files
from labutils.datasets import find
from labutils.few_bits import calibration, ranges
from labutils.maintenance.measuring import grid, sensitivity
from labutils.networks import augmentation, checkpoints, training
from labutils.networks.resnet import ResNet20

pytestmark = pytest.mark.slow


def test_it_computes_and_refuses_what_lies_elsewhere(gpu):
    here, there = torch.arange(3.0), torch.arange(3.0).to(GPU)
    assert there.device == GPU and (there * 2).device == GPU and (there + torch.tensor(1)).device == GPU
    assert torch.equal((there * 2).cpu(), here * 2)
    with pytest.raises(RuntimeError, match="expected all tensors on the GPU"):
        here + there
    with pytest.raises(RuntimeError, match="expected all tensors on the GPU"):
        here[there.long()]
    with pytest.raises(RuntimeError, match="expected no float64"):
        here.double().to(GPU)


def test_the_same_weights_come_out(gpu):
    torch.manual_seed(0)
    here = ResNet20((4, 4, 2))
    there = copy.deepcopy(here).to(GPU)
    recipe = {"epochs": 2, "batch": 32, "learning_rate": 0.01, "progress": False}
    with_gpu, without = (training.finetune(model, random_data(), **recipe) for model in (there, here))
    assert with_gpu == without
    assert all(weights.device == GPU for weights in there.state_dict().values())
    assert same_weights(there.cpu(), here)


def test_images_go_to_the_gpu_once_and_no_step_waits_for_it(gpu):
    """An epoch moves its order and its crops, and asks for its loss, however many steps it has."""
    model, moved = ResNet20((4, 4, 2)).to(GPU), {}
    augmentation.normalise(torch.zeros(1, 32, 32, 3, dtype=torch.uint8).to(GPU))  # what is made once a device
    for batch, epochs in ((32, 1), (64, 1), (32, 2)):
        gpu.moved.clear()
        training.finetune(model, random_data(), epochs=epochs, batch=batch, progress=False)
        moved[batch, epochs] = dict(gpu.moved)
    assert moved[32, 1] == moved[64, 1]
    assert moved[32, 1]["to the GPU"] == 4 + 2 and moved[32, 2]["to the GPU"] == 4 + 2 * 2
    assert moved[32, 2]["back"] - moved[32, 1]["back"] < 8  # checks, the loss, the accuracy


def test_every_verb_that_trains(gpu, tiny, interrupt, monkeypatch):  # noqa: F811
    monkeypatch.setattr(ranges, "ROUNDS", 1)  # every operation takes a while here

    def run(*words):
        return __main__.main(list(words))

    assert run("pretrain", "--epochs", "1") == 0
    interrupt(training, "evaluate")
    assert run("finetune", "--bits", "4,4,2", "--epochs", "2") == 130
    assert run("finetune", "--bits", "4,4,2", "--epochs", "2") == 0  # goes on from the kept state
    assert run("anneal", "--recipe", "pruned", "--epochs", "1") == 0  # with a teacher
    assert run("anneal", "--recipe", "pruned", "--epochs", "1", "--bits", "4") == 0  # and with learned levels
    kept = {path.name for path in tiny.glob("*.pt")}
    assert kept == {f"cifar10-{name}.pt" for name in ("float", "4-4-2", "float-pruned", "4-4-4-pruned")}
    assert checkpoints.load("cifar10", (4, 4, 2)).bits == (4, 4, 2)  # on the processor, from a file like any other


@pytest.mark.parametrize("measure", [grid.measure, sensitivity.measure])
def test_tables_are_the_same(measure, gpu, random_network):
    images = random_data()
    here, there = (
        measure(model, images.test_images, images.test_labels, choices=(3,))
        for model in (random_network, copy.deepcopy(random_network).to(GPU))
    )
    assert here == there


def test_statistics_are_measured_again(gpu):
    model, images = ResNet20((4, 4, 2)), random_data().train_images
    here = calibration.reestimate_batch_norm(copy.deepcopy(model), images, batch=32)
    there = calibration.reestimate_batch_norm(model.to(GPU), images, batch=32)
    assert same_weights(there.cpu(), here)


@pytest.mark.parametrize(
    "name, trained", [("06_ste_quantization", ["constant", "falling"]), ("07_mixed_precision", ["yours"])]
)
def test_the_labs_run_there(name, trained, gpu, monkeypatch):
    """Every cell of labs 06 and 07, on few random images: what they assert about accuracies cannot hold on these."""
    few = random_data(train=48, test=60)._replace(test_labels=torch.arange(60).numpy() % 10, source="shapes10")
    monkeypatch.setattr(find, "load", lambda: few)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    names, failed = {}, []
    for cell in code_cells(read(files.NOTEBOOKS / f"{name}.ipynb")):
        try:
            exec(compile(cell.source, cell.id, "exec"), names)
        except AssertionError:
            failed.append(cell.id)
    assert all(name == "baseline" or name.startswith("bands-") for name in failed), failed
    assert names["device"] == GPU
    for run in trained:
        assert names[run].accuracy is not None
        assert {weights.device for weights in names[run].model.state_dict().values()} == {GPU}
