"""On Colab nothing that is there is touched, and what is missing comes alone."""

import importlib.metadata
import subprocess
from types import SimpleNamespace

import pytest

from labutils import colab, install


@pytest.fixture
def there(monkeypatch):
    """`there(ipython="7.34.0", ...)`: what the computer has, in which version."""

    def pretend(**versions):
        found = [SimpleNamespace(name=name.replace("_", "-"), version=version) for name, version in versions.items()]
        monkeypatch.setattr(importlib.metadata, "distributions", lambda: found)

    return pretend


def test_an_older_version_counts_as_there_and_jupyterlab_is_not_missed(there):
    names = [line.split(">")[0] for line in install.requirements()]
    assert {"ipython", "jupyterlab", "nbval"} <= set(names)
    there(**{name.replace("-", "_"): "0.1" for name in names if name not in ("jupyterlab", "nbval", "tqdm")})
    assert [line.split(">")[0] for line in colab.missing()] == ["tqdm"]


def test_names_are_compared_as_pip_does(there):
    there(Jupyter_Client="7")
    assert not [line for line in colab.missing() if line.startswith("jupyter-client")]


def test_it_installs_without_what_comes_along(monkeypatch, capsys, refused):
    calls = []
    monkeypatch.setattr(colab, "missing", lambda: ["tqdm>=4.66"])
    monkeypatch.setattr(subprocess, "run", lambda words, **kw: calls.append(words) or SimpleNamespace(returncode=0))
    colab.begin()
    assert calls[0][-2:] == ["--no-deps", "tqdm>=4.66"] and "Drive" in capsys.readouterr().out
    failed = SimpleNamespace(returncode=1, stderr="ERROR:\n no network")
    monkeypatch.setattr(subprocess, "run", lambda words, **kw: failed)
    with refused("tqdm", "no network", error=OSError):
        colab.begin()
