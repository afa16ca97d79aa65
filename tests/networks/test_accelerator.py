"""What trains on the processor trains on a GPU, which is pretended here: its tensors refuse to meet the processor's.

They compute on the processor under another device's name. So a forgotten `.to(device)` fails without a GPU too, and
what moves between the two can be counted. How fast a GPU is, and what bfloat16 does there, this cannot tell.
"""

import contextlib
import copy
from collections import Counter

import matplotlib.pyplot as plt
import pytest
import torch
from helpers.course_notebooks import code_cells, read
from helpers.small_networks import random_data, same_weights
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from labutils import __main__, files
from labutils.datasets import find
from labutils.few_bits import calibration, ranges
from labutils.maintenance.measuring import grid, sensitivity
from labutils.networks import checkpoints, hardware, training
from labutils.networks.resnet import ResNet20

# A device that PyTorch knows by name and has nothing for. For "cuda", autograd would ask the driver.
GPU = torch.device("lazy", 0)
MOVES = {"aten::_to_copy", "aten::to", "aten::copy_", "aten::_local_scalar_dense"}
INDEXED = {"aten::index", "aten::index_put_"}  # for which a GPU takes the processor's indices

pytestmark = pytest.mark.slow


class OnGPU(torch.Tensor):
    """A tensor that says it lies on the GPU; `held` is what it computes with."""

    @staticmethod
    def __new__(cls, held):
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        return torch.Tensor._make_wrapper_subclass(cls, held.shape, device=GPU, **layout)

    def __init__(self, held):
        self.held = held

    def __reduce_ex__(self, protocol):  # in a file it is a tensor like any other
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError(f"{function}: expected a GPU, found it switched off")


class PretendedGPU(TorchDispatchMode):
    """While it is on, `GPU` is a device to compute on; `moved` counts what goes there and back."""

    def __init__(self):
        super().__init__()
        self.moved = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name, (leaves, structure) = function._schema.name, tree_flatten((args, kwargs or {}))
        if name == "aten::_has_compatible_shallow_copy_type":  # a module that moves asks whether data could be put in
            return False
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        here = [isinstance(tensor, OnGPU) for tensor in tensors]
        devices = [leaf for leaf in leaves if isinstance(leaf, torch.device)]
        there = devices[0].type == GPU.type if devices else any(here[:1]) if name == "aten::copy_" else any(here)
        if name in MOVES and tensors:
            self.moved["to the GPU"] += there and not here[-1]
            self.moved["back"] += here[-1] and (not there or name == "aten::_local_scalar_dense")
        elif any(here):
            strangers = [tensor for tensor, is_here in zip(tensors, here) if not is_here and tensor.dim() > 0]
            if strangers and not (name in INDEXED and here[0]):
                raise RuntimeError(f"{function}: expected all tensors on the GPU, found {len(strangers)} elsewhere")
        bare = [
            torch.device("cpu") if isinstance(leaf, torch.device) else getattr(leaf, "held", leaf) for leaf in leaves
        ]
        known = {id(tensor.held): tensor for tensor, is_here in zip(tensors, here) if is_here}  # computed in place

        def placed(value):
            if not (there and isinstance(value, torch.Tensor)):
                return value
            if value.dtype == torch.float64:  # which Apple's has not
                raise RuntimeError(f"{function}: expected no float64 on the accelerator, found a tensor of it")
            return known[id(value)] if id(value) in known else OnGPU(value)

        with torch.inference_mode(False), torch.no_grad():  # a tensor of inference mode cannot be held
            args, kwargs = tree_unflatten(bare, structure)
            return tree_map(placed, function(*args, **kwargs))


@pytest.fixture
def gpu(monkeypatch, one_thread):
    """The pretended GPU, which `hardware.default_device` finds."""

    def restored(storage, location):  # what is read from a file onto the GPU; it goes there when it is copied
        return storage if location.startswith(GPU.type) else None

    packages = [(0, lambda storage: None, restored), *torch.serialization._package_registry]
    monkeypatch.setattr(torch.serialization, "_package_registry", packages)
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: contextlib.nullcontext())  # not for this device
    monkeypatch.setattr(hardware, "default_device", lambda: GPU)
    torch.__future__.set_swap_module_params_on_conversion(True)  # or a module would keep the processor's tensors
    torch._C._set_only_lift_cpu_tensors(True)  # or `torch.tensor(numbers, device=GPU)` would not ask the pretended one
    with PretendedGPU() as pretended:
        yield pretended
    torch._C._set_only_lift_cpu_tensors(False)
    torch.__future__.set_swap_module_params_on_conversion(False)


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
    for batch in (16, 32):
        for epochs in (1, 2):
            gpu.moved.clear()
            training.finetune(model, random_data(), epochs=epochs, batch=batch, progress=False)
            moved[batch, epochs] = dict(gpu.moved)
    assert moved[16, 1] == moved[32, 1] and moved[16, 2] == moved[32, 2]
    assert moved[16, 1]["to the GPU"] == 4 + 2 and moved[16, 2]["to the GPU"] == 4 + 2 * 2
    assert moved[16, 2]["back"] - moved[16, 1]["back"] < 8  # checks, the loss, the accuracy


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
