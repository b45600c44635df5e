"""The awkward points of scalars: what value and derivative are wanted there, one test per row of the convention."""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest

from autograd import (
    Value,
    clip,
    hypot,
    leaky_relu,
    log,
    log1p,
    log_sigmoid,
    logaddexp,
    maximum,
    minimum,
    relu,
    sigmoid,
    softplus,
    sqrt,
    values,
    where,
)

INF, NAN = math.inf, math.nan


def at(function: Any, *point: float) -> tuple[float, ...]:
    """The value of a function of Values, then the gradient to each."""
    operands = [Value(x) for x in point]
    out = function(*operands)
    out.backward()
    return (out.data, *(operand.grad for operand in operands))


def check(got: tuple[float, ...], *expected: float) -> None:
    assert got == pytest.approx(expected, rel=1e-15, abs=0, nan_ok=True)


def test_relu_at_zero_and_nan() -> None:
    check(at(relu, 0.0), 0, 0)
    check(at(relu, -0.0), 0, 0)
    check(at(relu, 5e-324), 5e-324, 1)
    assert math.isnan(at(relu, NAN)[0])


def test_leaky_relu_at_zero() -> None:
    check(at(leaky_relu, 0.0), 0, 0.01)
    check(at(lambda x: x.leaky_relu(0.3), 0.0), 0, 0.3)
    assert math.isnan(at(leaky_relu, NAN)[0])


def test_abs_at_zero() -> None:
    check(at(abs, 0.0), 0, 0)
    check(at(abs, -2.0), 2, -1)


@pytest.mark.parametrize("function", [maximum, minimum])
def test_a_tie_is_shared(function: Any) -> None:
    check(at(function, 1.5, 1.5), 1.5, 0.5, 0.5)
    assert at(lambda x: function(x, 1.5), 1.5) == (1.5, 0.5)
    assert at(lambda x: function(1.5, x), 1.5) == (1.5, 0.5)
    assert at(lambda x: function(x, x), 1.5) == (1.5, 1.0)
    for point in [(NAN, 1.0), (1.0, NAN)]:
        assert math.isnan(at(function, *point)[0])


def test_clip_at_the_edge() -> None:
    for x, value, slope in [(-1.0, 0, 0), (0.0, 0, 1), (0.5, 0.5, 1), (1.0, 1, 1), (1.5, 1, 0)]:
        for function in (lambda v: clip(v, 0, 1), lambda v: v.clip(0.0, 1.0)):
            v = Value(x)
            out = function(v)
            out.backward()
            assert (out.data, v.grad) == (value, slope)
    assert math.isnan(clip(Value(NAN), 0, 1).data)
    assert clip(2.0, 0, 1) == 1
    np.testing.assert_array_equal(clip(np.array([-1.0, 0.5, 2.0]), 0, 1), [0, 0.5, 1])
    x, low = Value(-1.0), Value(0.25)
    clip(x, low, 1.0).backward()
    assert (x.grad, low.grad) == (0.0, 1.0)


def test_sqrt_at_and_below_zero() -> None:
    check(at(sqrt, 0.0), 0, INF)
    check(at(sqrt, -1.0), NAN, NAN)
    check(at(sqrt, INF), INF, 0)
    assert math.isnan(sqrt(-1.0))


def test_norm_of_a_zero_vector() -> None:
    check(at(hypot, 0.0, 0.0), 0, 0, 0)
    check(at(hypot, 3e200, -4e200), 5e200, 0.6, -0.8)
    check(at(hypot, 3e-200, -4e-200), 5e-200, 0.6, -0.8)


@pytest.mark.parametrize("x", [0.0, -0.0, 2.0, -2.0, 5e-324, -5e-324, 1e-310, 1e308, INF])
def test_to_the_power_zero(x: float) -> None:
    assert at(lambda v: v**0, x) == (1, 0)
    value, dx, dy = at(lambda v, w: v**w, x, 0.0)
    assert (value, dx) == (1, 0)
    if x == 0:
        assert dy == 0


def test_a_negative_base_with_a_fraction_as_exponent() -> None:
    check(at(lambda x, y: x**y, -8.0, 1 / 3), NAN, NAN, NAN)
    check(at(lambda x: x**0.5, -1.0), NAN, NAN)
    check(at(lambda x: (-8.0) ** x, 1 / 3), NAN, NAN)
    check(at(lambda x: x**3, -2.0), -8, 12)
    check(at(lambda x: x**-1, -2.0), -0.5, -0.25)
    check(at(lambda x: x**2.0, -3.0), 9, -6)


def test_the_exponent_of_zero() -> None:
    for y in (0.5, 1.0, 2.0, 3.7):
        assert at(lambda x, y: x**y, 0.0, y)[2] == 0
        assert at(lambda y: 0**y, y) == (0, 0)
        assert at(lambda y: 0.0**y, y) == (0, 0)


@pytest.mark.parametrize(("p", "slope"), [(2, 0), (1.5, 0), (1, 1), (0.5, INF), (0.1, INF), (0, 0), (-1, -INF)])
def test_a_constant_power_at_zero(p: float, slope: float) -> None:
    assert at(lambda x: x**p, 0.0)[1] == slope
    assert at(lambda x: x ** float(p), 0.0)[1] == slope


def test_a_constant_power_is_computed_without_log() -> None:
    """Through exp(p * log(x)) the last digits of these would be wrong."""
    for x, p in [(3.0, 20), (10.0, 300), (1.1, 500), (7.0, -200)]:
        value, slope = at(lambda v, p=p: v**p, x)
        assert value == math.pow(x, p)
        assert slope == pytest.approx(float(p * mpmath.mpf(x) ** (p - 1)), rel=1e-15)


def test_log_of_zero_and_below() -> None:
    check(at(log, 0.0), -INF, INF)
    check(at(log, -2.0), NAN, -0.5)
    check(at(log1p, -1.0), -INF, INF)
    check(at(log1p, -3.0), NAN, -0.5)
    assert log(0.0) == -INF


def test_division_by_zero() -> None:
    check(at(lambda x, y: x / y, 1.0, 0.0), INF, INF, -INF)
    check(at(lambda x, y: x / y, 1.0, -0.0), -INF, -INF, -INF)
    check(at(lambda x, y: x / y, -1.0, 0.0), -INF, INF, INF)
    check(at(lambda x, y: x / y, 0.0, 0.0), NAN, INF, NAN)
    check(at(lambda x: 1 / x, 0.0), INF, -INF)
    check(at(lambda x: x / 0, 2.0), INF, INF)
    check(at(lambda x: x / 0.0, 0.0), NAN, INF)
    check(at(lambda x: x**-1, 0.0), INF, -INF)
    check(at(lambda x: x.reciprocal(), 0.0), INF, -INF)


@pytest.mark.parametrize("name", ["exp", "expm1", "cosh", "exp2", "square"])
def test_overflow_is_infinite(name: str) -> None:
    value, slope = at(lambda x: getattr(x, name)(), 1e200)
    assert value == INF
    assert slope in (INF, 2e200)
    assert at(lambda x: x.sinh(), -1e200) == (-INF, INF)
    assert at(lambda x: x**3, 1e200) == (INF, INF)
    assert at(lambda x: x**3, -1e200)[0] == -INF
    assert at(lambda x: x * x, 1e200)[0] == INF


def test_sigmoid_far_out() -> None:
    check(at(sigmoid, -40.0), 4.248354255291589e-18, 4.248354255291589e-18)
    assert at(sigmoid, -745.0)[0] == pytest.approx(5e-324, rel=1)
    assert at(sigmoid, -1e308) == (0, 0)
    assert at(sigmoid, 1e308) == (1, 0)
    assert at(sigmoid, INF) == (1, 0)
    assert at(sigmoid, -INF) == (0, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            np.testing.assert_allclose(sigmoid(np.array([-1e308, -40.0, 1e308])), [0, 4.248354255291589e-18, 1])


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("tanh", mpmath.tanh),
        ("log1p", mpmath.log1p),
        ("expm1", mpmath.expm1),
        ("softplus", lambda x: mpmath.log1p(mpmath.exp(x))),
        ("log_sigmoid", lambda x: -mpmath.log1p(mpmath.exp(-x))),
    ],
)
def test_no_cancellation_near_zero_and_no_overflow(name: str, exact: Any) -> None:
    for x in (1e-300, 1e-17, 1e-9, -1e-9, -1e-17, -1e-300):
        with mpmath.workdps(400):
            true = float(exact(mpmath.mpf(x)))
        assert at(lambda v: getattr(v, name)(), x)[0] == pytest.approx(true, rel=1e-15, abs=0)
    assert not math.isnan(at(lambda v: getattr(v, name)(), 1e308)[1])


def test_softplus_is_logaddexp_with_zero() -> None:
    for x in (-1e308, -800.0, -40.0, 0.0, 40.0, 800.0, 1e308):
        check(at(softplus, x), *at(lambda v: logaddexp(0, v), x))
    assert at(softplus, 800.0) == (800, 1)
    assert at(softplus, -40.0)[0] == pytest.approx(math.exp(-40), rel=1e-15)
    assert at(log_sigmoid, -800.0) == (-800, 1)
    assert at(log_sigmoid, INF) == (0, 0)


def test_logaddexp_of_minus_infinities() -> None:
    check(at(logaddexp, -INF, -INF), -INF, 0, 0)
    check(at(logaddexp, -INF, 2.0), 2, 0, 1)
    check(at(logaddexp, 2.0, -INF), 2, 1, 0)
    check(at(logaddexp, INF, 2.0), INF, 1, 0)
    check(at(logaddexp, 1e8, 1e8 - 1), 1e8 + math.log1p(math.exp(-1)), 0.7310585786300049, 0.2689414213699951)


def test_where_selects() -> None:
    """The branch not taken is no part of the graph: its infinite slope is not multiplied by 0."""
    x = Value(0.0)
    out = where(x > 0, x.log(), 0.0)
    assert out.data == 0
    out.backward()
    assert x.grad == 0
    x = Value(0.0)
    out = where(x > 0, x.log(), x * 2)
    out.backward()
    assert (out.data, x.grad) == (0, 2)
    assert out.op == "where"


@pytest.mark.parametrize("number", [3, True, np.int64(3), np.bool_(True), np.float32(3), np.uint8(3)])
def test_whole_numbers_and_truth_values_become_floats(number: Any) -> None:
    v = Value(number)
    assert type(v.data) is float
    assert v.data == float(number)
    w = Value(2.0)
    for out in (w + number, number + w, w * number, number * w, w - number, number / w, w**number):
        assert type(out) is type(w * 1.0)
        assert type(out.data) is float
        assert all(type(slope) is float for slope in out.partials)


def test_one_value_used_many_times() -> None:
    assert at(lambda x: x + x, 3.0) == (6, 2)
    assert at(lambda x: x * x, 3.0) == (9, 6)
    assert at(lambda x: x - x, 3.0) == (0, 0)
    assert at(lambda x: x / x, 3.0)[1] == pytest.approx(0, abs=1e-16)
    assert at(lambda x: x**x, 3.0)[1] == pytest.approx(27 * (1 + math.log(3)), rel=1e-15)
    assert at(lambda x: sum([x] * 1000), 3.0) == (3000, 1000)
    x = Value(2.0)
    y = x * x
    (y * y + y).backward()
    assert x.grad == 4 * 8 + 4


def test_an_element_of_an_array_used_in_every_place() -> None:
    x = Value(2.0)
    array = np.full((2, 3), x)
    (array * array).sum().backward()
    assert x.grad == 6 * 4
    W = values(np.ones((2, 1)))
    (W + np.zeros((2, 5))).sum().backward()  # broadcast: every use counted
    assert [w.grad for w in W.ravel()] == [5, 5]
