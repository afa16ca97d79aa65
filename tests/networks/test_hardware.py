"""Which device networks are computed on: any accelerator that PyTorch has, unless the environment says otherwise."""

import os
import subprocess
import sys
import types

import pytest
import torch
from helpers.small_networks import network, random_data

from labutils.networks import evaluation, hardware, quantize
from labutils.show import notebook

CPU = torch.device("cpu")


@pytest.fixture
def has(monkeypatch):
    """`has("mps")` makes PyTorch find this accelerator, `has(None)` none; old=True takes torch.accelerator away."""

    def patch(name, old=False):
        found = None if name is None else torch.device(name)
        new = types.SimpleNamespace(is_available=lambda: found is not None, current_accelerator=lambda: found)
        if old:
            monkeypatch.delattr(torch, "accelerator", raising=False)
        else:
            monkeypatch.setattr(torch, "accelerator", new, raising=False)
        for module, known in ((torch.cuda, "cuda"), (torch.backends.mps, "mps"), (torch.xpu, "xpu")):
            monkeypatch.setattr(module, "is_available", lambda known=known: known == name)

    monkeypatch.delenv(hardware.VARIABLE, raising=False)
    return patch


@pytest.mark.parametrize("old", [False, True], ids=["torch.accelerator", "PyTorch before it"])
@pytest.mark.parametrize("name", ["cuda", "mps", "xpu", None])
def test_any_accelerator_is_taken(has, name, old):
    has(name, old)
    assert hardware.default_device().type == (name or "cpu")


@pytest.mark.parametrize("asked, expected", [("cpu", "cpu"), ("mps", "mps"), (" CPU ", "cpu"), ("", "mps")])
def test_the_environment_decides_before(has, monkeypatch, asked, expected):
    has("mps")
    monkeypatch.setenv(hardware.VARIABLE, asked)
    assert hardware.default_device().type == expected


@pytest.mark.parametrize("asked", ["cuda", "gpu", "cpu:", "none"])
def test_what_is_not_there_is_refused_in_one_line(has, monkeypatch, refused, asked):
    has("mps")
    monkeypatch.setenv(hardware.VARIABLE, asked)
    with refused("LABUTILS_DEVICE", "cpu or mps", repr(asked)):
        hardware.default_device()


def test_bfloat16_only_where_it_is_known_to_be_fast(monkeypatch):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    fast = {name: hardware.has_fast_bfloat16(torch.device(name)) for name in ("cpu", "cuda", "mps", "xpu")}
    assert fast == {"cpu": True, "cuda": True, "mps": False, "xpu": False}
    with hardware.autocast(torch.device("mps")), hardware.float32_only(torch.device("mps")):
        assert not torch.is_autocast_enabled("cpu")  # nothing was asked of a device that may know no autocast
    with hardware.autocast(CPU):
        assert torch.is_autocast_enabled("cpu")
        with hardware.float32_only(CPU):
            assert not torch.is_autocast_enabled("cpu")


def test_the_setup_cell_says_what_is_used(has, monkeypatch, capsys):
    has(None)
    monkeypatch.setattr(hardware, "has_bfloat16", lambda: False)
    monkeypatch.setattr(notebook, "begin", lambda: None)
    assert notebook.begin_with_networks() == CPU
    has("mps")
    assert notebook.begin_with_networks().type == "mps"
    said = ["Networks run on the processor, in float32.", "Networks run on the accelerator mps, in float32."]
    assert capsys.readouterr().out.splitlines() == said


def test_a_network_on_the_processor_is_evaluated_on_the_accelerator_and_stays(monkeypatch):
    asked = []
    monkeypatch.setattr(hardware, "default_device", lambda: asked.append(1) or CPU)
    model = network((4, 4, 2))
    evaluation.evaluate(model, *random_data()[2:4])
    assert asked == [1] and all(p.device == CPU for p in model.parameters())
    assert all(layer.quantizer == quantize.STE.apply for _, layer in quantize.quant_layers(model))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyTorch brings another OpenMP, with words of its own")
@pytest.mark.parametrize("asked, sleeps", [({}, True), ({"OMP_WAIT_POLICY": "active"}, False)])
def test_threads_that_wait_sleep_unless_somebody_wants_them_awake(asked, sleeps):
    """OpenMP reads it once, when PyTorch is loaded; this is what it understood."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_DISPLAY_ENV": "verbose"} | asked
    code = "from labutils.few_bits import ranges"  # which imports torch before anything else
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ("GOMP_SPINCOUNT = '0'" in said.stderr) == sleeps
