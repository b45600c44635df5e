"""A user's own primitive stands beside the rows of the table: every kind of number, every order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd import (
    OperandError,
    ShapeError,
    Tensor,
    Value,
    compile,
    detect_anomaly,
    exp,
    grad,
    gradcheck,
    hessian,
    jvp,
    log,
    no_grad,
    primitive,
    sqrt,
    values,
    where,
)
from autograd.numbers.functions import greater


@primitive(lambda x: 3 * x * x)
def cube(x: Any) -> Any:
    """X to the third power.

    More is not shown.
    """
    return x * x * x


@primitive(lambda y, out: out * y / (1 + y), lambda x, y: x * exp(-y))
def pair(x: Any, y: Any) -> Any:
    """Wrong on purpose in both slots: what is declared is what is used."""
    return x * exp(y)


@primitive(lambda x, out: 0.5 / out)
def root(x: Any) -> Any:
    return sqrt(x)


@primitive(lambda x: where(greater(x, 1), 2, 1), kinks=(1.0,))
def bend(x: Any) -> Any:
    return where(greater(x, 1), 2 * x - 1, x)


def test_value_and_derivative() -> None:
    v = Value(2.0)
    out = cube(v)
    assert (out.data, out.op, out.kind, out.partials, out.operands) == (8.0, "cube", "result", (12.0,), (v,))
    (out * 2).backward()
    assert v.grad == 24.0
    assert out.rule is cube


def test_it_reads_like_a_row_of_the_table() -> None:
    assert repr(cube) == "<primitive cube(x)>"
    assert cube.__doc__ == "cube(x): X to the third power."
    assert (cube.name, cube.arity, cube.operands) == ("cube", 1, ("x",))
    assert bend.kinks == (1.0,)


def test_what_is_declared_is_what_is_used() -> None:
    x, y = Value(2.0), Value(0.5)
    pair(x, y).backward()
    assert x.grad == pytest.approx(2 * math.exp(0.5) * 0.5 / 1.5, rel=1e-15)
    assert y.grad == pytest.approx(2 * math.exp(-0.5), rel=1e-15)
    assert gradcheck(pair, (2.0, 0.5), raise_exception=False) is False


def test_a_plain_number_on_either_side() -> None:
    x = Value(2.0)
    left, right = pair(x, 0.5), pair(0.5, x)
    assert [o.data for o in left.operands] == [2.0, 0.5]
    assert [o.data for o in right.operands] == [0.5, 2.0]
    assert left.operands[1].kind == right.operands[0].kind == "constant"
    assert math.isnan(left.partials[1])
    assert math.isnan(right.partials[0])
    right.backward()
    assert x.grad == pytest.approx(0.5 * math.exp(-2), rel=1e-15)


def test_plain_numbers_and_arrays() -> None:
    assert cube(2.0) == 8.0
    np.testing.assert_array_equal(cube(np.array([1.0, 2.0])), [1, 8])
    W = values([1.0, 2.0])
    assert [out.op for out in cube(W)] == ["cube", "cube"]


def test_higher_orders() -> None:
    assert [grad(cube)(2.0), grad(grad(cube))(2.0), grad(grad(grad(cube)))(2.0)] == [12.0, 12.0, 6.0]
    assert grad(grad(root))(4.0) == pytest.approx(-0.25 * 4**-1.5, rel=1e-15)
    assert float(np.asarray(hessian(lambda x: cube(x) * cube(x))(1.5))) == pytest.approx(30 * 1.5**4, rel=1e-13)
    assert gradcheck(cube, (1.3,))


def test_where_python_would_raise_it_computes_as_numpy_does() -> None:
    @primitive(lambda x: -1 / (x * x))
    def inverse(x: Any) -> Any:
        return 1 / x

    @primitive(lambda x: 1 / sqrt(x), lambda y: y)
    def edge(x: Any, y: Any) -> Any:
        return 1 / log(x) + y

    x = Value(0.0)
    assert inverse(x).data == math.inf
    inverse(x).backward()
    assert x.grad == -math.inf
    assert edge(Value(0.0), 1.0).partials[0] == math.inf
    assert edge(Value(1.0), 1.0).data == math.inf


def test_it_obeys_the_switches() -> None:
    with no_grad():
        assert cube(Value(2.0)).is_leaf
    with detect_anomaly():
        out = cube(Value(2.0))
    assert out.source.startswith("test_primitive.py:")


def test_the_name_of_a_row_does_not_replace_the_row() -> None:
    @primitive(lambda x: 1)
    def tanh(x: Any) -> Any:
        return x

    v = Value(0.5)
    assert tanh(v).data == 0.5
    assert v.tanh().data == math.tanh(0.5)
    assert tanh(v).rule is not v.tanh().rule
    assert grad(grad(lambda x: tanh(x) * x))(0.5) == 2.0


def test_names_of_operands_are_free() -> None:
    @primitive(lambda rate, out: -out * 2 / rate, lambda out, time: out / time)
    def decay(time: Any, rate: Any) -> Any:
        return time / (rate * rate)

    time, rate = Value(3.0), Value(2.0)
    decay(time, rate).backward()
    assert time.grad == pytest.approx(-0.75 * 2 / 2)
    assert rate.grad == pytest.approx(0.75 / 3)


def test_a_primitive_works_on_each_element_by_itself() -> None:
    @primitive(lambda x: 1.0)
    def total(x):
        return x.sum()

    with pytest.raises(ShapeError, match=r"total gave shape \(\) for operands of shape \(2,\): .* sum outside of it"):
        total(Tensor([1.0, 2.0]))


@pytest.mark.parametrize("forward", [lambda x: math.sin(x), lambda x: x if x > 0 else 0.0])
def test_a_function_of_single_numbers_is_told_of_arrays(forward):
    p = primitive(lambda x: x)(forward)
    with pytest.raises(OperandError, match="is given whole arrays by Tensors"):
        p(Tensor([1.0, 2.0]))
    assert p(Value(1.0)).data in (1.0, math.sin(1.0))


FAULTY = {
    "shape": (lambda x: np.ones(3), r"gave shape \(3,\) for operands of shape \(2,\)"),
    "axes": (lambda x: np.ones((2, 2)), r"gave shape \(2, 2\)"),
    "branch": (lambda x: 1.0 if x > 0 else 0.0, r"where\(condition, x, y\)"),
    "math": (lambda x: math.cos(x), "in the place of math's"),
    "text": (lambda x: "a", "real numbers, got str 'a'"),
    "nothing": (lambda x: None, "real numbers, got NoneType"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_derivative_of_arrays_is_told_with_the_name_of_its_primitive(fault):
    derivative, told = FAULTY[fault]

    @primitive(derivative)
    def bent(x):
        return x * x

    told = f"the derivative of bent .*{told}|the derivative of bent {told}"
    with pytest.raises((OperandError, ShapeError), match=told):
        bent(Tensor([1.0, 2.0])).sum().backward()
    with pytest.raises((OperandError, ShapeError), match=told):
        grad(lambda x: bent(x).sum())(np.ones(2))
    with pytest.raises((OperandError, ShapeError), match=told):
        jvp(lambda x: bent(x).sum(), (np.ones(2),), (np.ones(2),))


def test_a_faulty_value_of_arrays_is_told_too_and_a_stated_zero_passes_nothing():
    bent = primitive(lambda x: 1.0)(lambda x: math.sin(x))
    t = Tensor([1.0, 2.0])
    for attempt in (lambda: bent(t), compile(lambda: bent(t).sum(), [t])):
        with pytest.raises(OperandError, match="in the place of math's"):
            attempt()
    step = primitive(lambda x: 0)(lambda x: np.floor(x))
    u = Tensor([1.0, 2.0])
    (step(u) * np.array([np.inf, 1.0])).sum().backward()
    assert u.grad.tolist() == [0.0, 0.0], "what is stated to be 0 passes nothing, not even 0 * inf"
