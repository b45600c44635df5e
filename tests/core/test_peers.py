"""What users of numpy, scipy, PyTorch, HIPS autograd and micrograd try on our numbers: the same answer, or a remedy."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import GraphError, OperandError, Tensor, Value, data, grad, no_grad, value_and_grad, values

ONE = [
    "deg2rad", "rad2deg", "radians", "degrees", "fabs", "sqrt", "exp", "log", "cbrt", "square", "sign", "floor",
    "ceil", "absolute", "positive", "negative", "reciprocal", "expm1", "log1p", "exp2", "arctanh", "tanh",
    "conjugate",
]  # fmt: skip
TWO = [
    "float_power", "logaddexp", "logaddexp2", "hypot", "arctan2", "power", "maximum", "minimum", "remainder",
    "floor_divide", "fmod", "multiply",
]  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_numpys_functions_of_one_number(name: str) -> None:
    function = getattr(np, name)
    for x in (Value(0.5), Tensor([0.5, 0.25])):
        out = function(x)
        assert isinstance(out, Value if isinstance(x, Value) else Tensor)
        np.testing.assert_allclose(out.data, function(np.array(x.data)), rtol=1e-15)
    np.testing.assert_allclose(data(function(values([0.5, 0.25]))), function(np.array([0.5, 0.25])), rtol=1e-15)


@pytest.mark.parametrize("name", TWO)
def test_numpys_functions_of_two_numbers(name: str) -> None:
    function, v, a = getattr(np, name), Value(0.5), np.array([0.25, 3.0])
    for given in ((v, 2.0), (2.0, v), (v, np.float32(2.0)), (np.float64(2.0), v), (v, Value(2.0))):
        out = function(*given)
        assert isinstance(out, Value)
        plain = [x.data if isinstance(x, Value) else float(x) for x in given]
        assert out.data == pytest.approx(float(function(*plain)), rel=1e-14)
    for given in ((v, a), (a, v)):
        out = function(*given)
        assert isinstance(out, np.ndarray)
        np.testing.assert_allclose(data(out), function(*[x.data if x is v else x for x in given]), rtol=1e-14)
    assert isinstance(function(Tensor(a), 2.0), Tensor)


@pytest.mark.parametrize("x", [0.5, math.inf, math.nan, -0.0])
def test_questions_about_a_value(x: float) -> None:
    for question in (np.isnan, np.isfinite, np.isinf, np.signbit):
        assert question(Value(x)) == question(x)


@pytest.mark.parametrize("name", ["expit", "log_expit", "logit", "erf", "erfc", "ndtr", "entr"])
def test_scipys_functions(name: str) -> None:
    function = getattr(pytest.importorskip("scipy.special"), name)
    x = 0.3
    slope = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
    assert function(Value(x)).data == pytest.approx(function(x), rel=1e-14)
    assert grad(function)(x) == pytest.approx(slope, rel=1e-8)
    assert grad(function)(np.array(x)) == pytest.approx(slope, rel=1e-8)


def test_scipys_functions_that_are_not_here() -> None:
    special = pytest.importorskip("scipy.special")
    assert grad(lambda y: special.xlogy(2.0, y))(0.5) == 4.0
    assert grad(lambda x: special.xlogy(x, 0.5))(0.0) == 0.0
    for x in (Value(0.5), Tensor([0.5])):
        with pytest.raises(OperandError, match=r"scipy\.special\.gamma of a"):
            special.gamma(x)
        with pytest.raises(OperandError, match=r"floor\(\) and ceil\(\)"):
            np.round(x)


@pytest.mark.parametrize("lift", [float, np.array])
def test_a_comparison_in_a_function_that_is_differentiated(lift: Any) -> None:
    for f in (
        lambda x: x * x if x == 2.0 else 100 * x,
        lambda x: 100 * x if x != 2.0 else x * x,
        lambda x: x * x if x in (1.0, 2.0) else 100 * x,
        lambda x: x * x if x == x + 0.0 else 100 * x,
    ):
        assert value_and_grad(f)(lift(2.0)) == (4.0, 4.0)


def test_kinks_and_bounds() -> None:
    for lift in (float, np.array):
        assert grad(lambda x: np.maximum(x, 0.0))(lift(0.0)) == 0.5
        assert grad(lambda x: np.clip(x, 0.0, 1.0))(lift(1.0)) == 1.0
        assert grad(np.std)(lift(3.5)) == 0.0
    for x in (0.5, -1.0, 2.0):
        wanted = np.clip(x, 1.0, 0.0)
        assert (np.clip(Tensor(x), 1.0, 0.0).item(), autograd.clip(x, 1.0, 0.0)) == (wanted, wanted)
        assert autograd.clip(Value(x), 1.0, 0.0).data == wanted
        assert autograd.clip(Tensor([x]), np.array([1.0]), 0.0).data == wanted


def test_numpys_ways_of_saying_the_same() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert (+t) is t
    assert np.transpose(Tensor([1.0, 2.0]), 0).data.tolist() == [1.0, 2.0]
    wanted = np.einsum("ij,jk->ik", t.data, t.data)
    for given in (("ij,jk->ik", t, t), (t, [0, 1], t, [1, 2], [0, 2]), (t, [0, 1], t, [1, 2])):
        for optimize in (False, True, "greedy"):
            np.testing.assert_array_equal(np.einsum(*given, optimize=optimize).data, wanted)
    assert np.einsum(t, [..., 0], [...]).data.tolist() == [3.0, 7.0]


@pytest.mark.parametrize("attempt", [
    lambda: grad(lambda x: x > 0)(1.0), lambda: grad(lambda x: bool(x))(1.0),
    lambda: grad(lambda x: np.all(x > 0))(np.array([1.0])),
])  # fmt: skip
def test_a_function_that_gives_a_truth_value_has_no_gradient(attempt: Callable[[], Any]) -> None:
    with pytest.raises(OperandError, match="differentiates real numbers"):
        attempt()


def test_argnums() -> None:
    def f(x: float, y: float) -> float:
        return x * x * y

    assert grad(f, argnums=(0, 0))(3.0, 2.0) == (12.0, 12.0)
    assert grad(f, argnums=(1, 0, -1))(3.0, 2.0) == (9.0, 12.0, 9.0)
    for wrong in (2.0, "0", (0.0,), None):
        with pytest.raises(OperandError, match="argnums is the number of an argument"):
            grad(f, wrong)(3.0, 2.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [lambda: Value(2.0), lambda: Tensor(2.0)], ids=["Value", "Tensor"])
def test_backward_from_what_was_not_recorded(make: Callable[[], Any]) -> None:
    z = make()
    with no_grad():
        y = z * z
    with pytest.raises(GraphError, match="under no_grad"):
        y.backward()
    assert (y.kind, y.is_leaf, y.operands) == ("input", True, ())
    with pytest.raises(GraphError, match="under no_grad"):
        (y * 3.0).backward()
    new = y.detach()  # a leaf like any other
    (new * 3.0).backward()
    assert new.grad == 3.0
    z.backward()
    assert z.grad == 1.0


@pytest.mark.parametrize("carrier", [Value, Tensor])
def test_carriers_have_no_subclasses(carrier: type) -> None:
    with pytest.raises(OperandError, match="has no subclasses"):
        type("Own", (carrier,), {})


def test_micrograds_inside() -> None:
    a = Value(2.0)
    b = a * 3.0
    b.grad = 1.0
    assert (b._op, a in b._prev, callable(a._backward)) == ("*", True, True)
    b._backward()
    a._backward()  # of a leaf it does nothing
    assert a.grad == 3.0
    with pytest.raises(GraphError, match="@primitive"):
        a._backward = lambda: None
    with pytest.raises(AttributeError):
        del a._backward
    for attempt in (lambda: Value(2.0, (), "+"), lambda: Value(2.0, (a,)), lambda: Value(2.0, {a}, "*")):
        with pytest.raises(OperandError, match="@primitive"):
            attempt()
    assert (type(b).__name__, type(b).__qualname__) == ("Value", "Value")
    memory = {a: 0.0}
    memory[a] += 1.0
    assert memory == {a: 1.0}


def test_a_star_import_brings_our_compile() -> None:
    names: dict[str, Any] = {}
    exec("from autograd import *", names)
    assert names["compile"] is autograd.compile
    assert inspect.isfunction(autograd.compile)
