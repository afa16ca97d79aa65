"""What passes between a student's process and the grader's."""

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from labutils.grading.running import exchange, student_process


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.5,
        float("inf"),
        "text",
        [1, (2, [3])],
        (),
        np.eye(2),
        np.array(5.0),
        np.zeros((0, 3)),
        np.arange(3) > 1,
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(value):
    back = exchange.decode(json.loads(json.dumps(exchange.encode(value))))
    assert type(back) is type(value)
    assert np.array_equal(back, value) if isinstance(value, np.ndarray) else back == value
    if isinstance(value, np.ndarray):
        assert (back.dtype, back.shape) == (value.dtype, value.shape)


def test_what_a_cell_puts_into_numpy_does_not_reach_the_answers_of_others(monkeypatch):
    values = [np.eye(2), np.float32(0.5), np.array([Fraction(1, 2)])]
    expected = [exchange.encode(value) for value in values]
    for name in ("ndarray", "generic", "asarray", "ascontiguousarray", "float64", "frombuffer"):
        monkeypatch.setattr(np, name, list)
    assert [exchange.encode(value) for value in values] == expected
    assert exchange.decode(expected[0]).tolist() == [[1, 0], [0, 1]]


QUARTERS = [Fraction(number, 4) for number in range(3)]


@pytest.mark.parametrize(
    "value",
    [
        np.array(QUARTERS),
        np.array([Decimal("0"), Decimal("0.25"), 0.5]),
        np.array(QUARTERS, dtype=np.longdouble),
        memoryview(np.array(QUARTERS, dtype=float)),
    ],
    ids=["array of Fractions", "array of Decimals", "longdouble", "memoryview"],
)
def test_numbers_of_other_kinds_come_back_as_float64(value):
    """As a check in the notebook takes them."""
    back = exchange.decode(json.loads(json.dumps(exchange.encode(value))))
    assert back.dtype == np.float64 and back.tolist() == [0, 0.25, 0.5]
    assert [exchange.encode(part) for part in (*QUARTERS, Decimal("0.75"))] == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    "value",
    [object(), np.array([object()]), {1: 2}, {1, 2}, 1j, lambda: 0],
    ids=["object", "array of objects", "dict", "set", "complex", "function"],
)
def test_what_no_exercise_returns_is_refused(value, refused):
    with refused(error=TypeError):
        exchange.encode(value)


@pytest.mark.parametrize(
    "value",
    [np.zeros(exchange.MOST + 1), [0] * (exchange.MOST + 1), "x" * (exchange.MOST + 1), 2**65],
    ids=["array", "list", "text", "integer"],
)
def test_more_than_any_exercise_returns_is_refused(value, refused):
    with refused():
        exchange.encode(value)
    plain = {"array": "A" * 4 * exchange.MOST, "type": "|i1", "shape": [3 * exchange.MOST]}
    with refused():
        exchange.decode(plain if isinstance(value, np.ndarray) else value)


@pytest.mark.slow
def test_optimizers_do_without_the_compiler_and_whoever_asks_for_it_gets_it():
    code = """
import inspect, sys
from labutils.grading.running import exchange
exchange.without_compiler()
import torch
layer = torch.nn.Linear(3, 3)
for kind in torch.optim.SGD, torch.optim.Adam:
    optimizer = kind(layer.parameters(), lr=0.1)
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step(); optimizer.zero_grad()
inspect.getmodule(layer)
assert "torch._dynamo.eval_frame" not in sys.modules
import torch._dynamo.config
assert torch._dynamo.is_compiling() is False and torch._dynamo.eval_frame
optimizer.step()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def test_an_argument_turned_around_is_not_the_argument(monkeypatch):
    monkeypatch.setattr(student_process, "LAST", [])  # no matter what was asked before in this process
    w = np.arange(3.0)
    assert "is" in student_process.returned(w, [w], exchange)
    assert "is" not in student_process.returned(w[::-1], [w], exchange)
