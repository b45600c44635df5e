"""Values read and added to by machine code: as Python does it, and left to Python where it cannot be."""

import math
import sys

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import autograd
from autograd import Value
from autograd.compiler import compile
from autograd.compiler.llvm import leaves
from autograd.compiler.llvm.leaves import Leaves
from autograd.value.value import add_to_gradients, numbers_of

NUMBERS = [0.0, -0.0, 1.5, -math.inf, math.inf, math.nan, 5e-324, 1e308, 0.1]


def state(values):
    return [(v.data.hex(), v.grad.hex(), v.reached) for v in values]


@pytest.mark.parametrize("count", [0, 1, 9, 1000])
def test_as_python_does_it(count):
    ours, python = ([Value(NUMBERS[k % 9], grad) for k in range(count)] for grad in ("a", "b"))
    slopes = np.resize(NUMBERS[::-1], count)
    memory = Leaves(ours)
    for _ in range(3):
        assert memory.read().tobytes() == np.array(numbers_of(python), dtype=float).tobytes()
        assert memory.add(slopes)
        add_to_gradients(python, slopes.tolist())
        assert state(ours) == state(python)


@pytest.mark.skipif(autograd.compiled, reason="a compiled Value holds no objects")
def test_no_reference_is_kept_or_lost():
    number, slope = float("0.5"), float("0.25")
    value, before = Value(0.0), (sys.getrefcount(number), sys.getrefcount(slope))
    value._data, value._grad = number, slope
    memory = Leaves([value])
    memory.read()
    assert (sys.getrefcount(number), sys.getrefcount(slope)) == (before[0] + 1, before[1] + 1)
    for _ in range(3):
        memory.add(np.ones(1))
    assert sys.getrefcount(slope) == before[1]
    other = Value(0.0)
    other._grad = float("3.25")
    held, wanted = sys.getrefcount(value._grad), sys.getrefcount(other._grad)
    assert held == wanted
    assert (value._data, value._grad) == (0.5, 3.25)


@pytest.mark.skipif(autograd.compiled, reason="a compiled Value holds nothing but floats")
def test_what_is_no_float_is_left_to_python():
    values = [Value(k) for k in range(4)]
    values[2]._data, values[3]._grad = 7, 3
    memory = Leaves(values)
    assert memory.read() is None
    assert not memory.add(np.ones(4))
    assert [v._grad for v in values] == [0.0, 0.0, 0.0, 3]
    step = compile(lambda: sum(v * v for v in values), values, engine="llvm")
    assert step() == step() == 0 + 1 + 49 + 9
    assert [v.grad for v in values] == [0.0, 4.0, 28.0, 15.0]


@pytest.mark.skipif(autograd.compiled, reason="nothing of a compiled Value can be taken away")
def test_what_was_taken_away_is_left_to_python():
    values = [Value(1.0), Value(2.0)]
    del values[1]._data
    assert Leaves(values).read() is None


@pytest.mark.parametrize("why", ["not found", "no global lock"])
def test_without_such_code(why, monkeypatch):
    leaves._loops.cache_clear()
    if why == "not found":
        monkeypatch.setattr(leaves.ctypes, "string_at", lambda address, size: bytes(size))
    else:
        monkeypatch.setattr(leaves.sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    try:
        values = [Value(2.0), Value(3.0)]
        step = compile(lambda: values[0] * values[1], values, engine="llvm")
        assert (step(), step()) == (6.0, 6.0)
        assert [v.grad for v in values] == [6.0, 4.0]
        assert leaves._loops() is None
    finally:
        leaves._loops.cache_clear()
