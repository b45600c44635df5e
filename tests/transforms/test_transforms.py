"""The transforms on numbers and nested containers: exact cases, nesting, structure, errors."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from autograd import (
    OperandError,
    ShapeError,
    Tensor,
    TraceError,
    Value,
    compile,
    cos,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    sin,
    value_and_grad,
    vjp,
    where,
)


def rosenbrock(x: Any) -> Any:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def test_grad_to_the_fourth_order() -> None:
    f = sin
    for expected in (math.cos, lambda t: -math.sin(t), lambda t: -math.cos(t), math.sin):
        f = grad(f)
        assert f(0.7) == pytest.approx(expected(0.7), rel=1e-14)


def test_results_are_plain_floats_of_the_same_structure() -> None:
    found = grad(lambda p: p["w"][0] * p["w"][1] + p["b"][0] ** 2)({"w": [2.0, 3.0], "b": (4.0,), "unused": 5})
    assert found == {"w": [3.0, 2.0], "b": (8.0,), "unused": 0.0}
    assert type(found["w"][0]) is float
    value, slope = value_and_grad(lambda x: x * x)(3)
    assert (type(value), type(slope)) == (float, float)


def test_argnums() -> None:
    f = lambda x, y, z: x * y + z  # noqa: E731
    assert grad(f, 1)(2.0, 3.0, 4.0) == 2.0
    assert grad(f, (0, -1))(2.0, 3.0, 4.0) == (3.0, 1.0)
    assert grad(lambda x, scale: x * scale)(2.0, scale=5.0) == 5.0


def test_inner_derivatives_see_only_their_own_argument() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * y * y)(2.0))(3.0) == 4.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,))[1] == 6.0
    assert grad(lambda x: jvp(lambda y: x * y**2, (x,), (1.0,))[1])(3.0) == 12.0
    assert jvp(lambda x: grad(lambda y: x * y**2)(x), (3.0,), (1.0,))[1] == 12.0


def test_leaves_of_the_user_are_left_alone() -> None:
    w = Value(2.0, "w")
    assert grad(lambda x: w * x)(3.0) == 2.0
    assert w.grad == 0.0


def test_works_under_no_grad() -> None:
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert (Value(1.0) * 2).operands == ()


def test_values_as_arguments_give_values_back() -> None:
    x = Value(3.0)
    slope = grad(lambda t: t**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (27.0, 18.0)


def test_a_function_that_ignores_its_argument() -> None:
    assert grad(lambda x: Value(3.0) * 2)(1.0) == 0.0
    assert grad(lambda x: 7.0)(1.0) == 0.0
    assert jvp(lambda x: [x * x, 5.0], (2.0,), (1.0,)) == ([4.0, 5.0], [4.0, 0.0])


def test_vjp_and_jvp_are_adjoint() -> None:
    rng = np.random.default_rng(0)
    f = lambda x: [x[0] * x[1], sin(x[1]) + exp(x[2]), x[0] ** 2 / x[2]]  # noqa: E731
    x, v, u = (rng.uniform(0.5, 2.0, 3).tolist() for _ in range(3))
    _, tangent = jvp(f, (x,), (v,))
    _, pullback = vjp(f, x)
    (cotangent,) = pullback(u)
    assert np.dot(u, tangent) == pytest.approx(np.dot(cotangent, v), rel=1e-13)


def test_pullback_twice() -> None:
    _, pullback = vjp(lambda x, y: (x * y, x + y), 2.0, 3.0)
    assert pullback((1.0, 0.0)) == (3.0, 2.0)
    assert pullback((0.0, 1.0)) == (1.0, 1.0)


def test_jacobian_has_the_structure_of_output_and_argument() -> None:
    found = jacobian(lambda p: {"sum": p["a"] + p["b"], "product": p["a"] * p["b"]})({"a": 2.0, "b": 3.0})
    assert found == {"sum": {"a": 1.0, "b": 1.0}, "product": {"a": 3.0, "b": 2.0}}


def test_hessian_of_rosenbrock() -> None:
    x = [1.2, 0.7, -0.3]
    a, b, c = x
    expected = [
        [1200 * a * a - 400 * b + 2, -400 * a, 0.0],
        [-400 * a, 200 + 1200 * b * b - 400 * c + 2, -400 * b],
        [0.0, -400 * b, 200.0],
    ]
    assert np.allclose(hessian(rosenbrock)(x), expected, rtol=1e-13, atol=1e-11)
    v = [0.5, -1.0, 2.0]
    assert np.allclose(hvp(rosenbrock, x, v), np.array(expected) @ v, rtol=1e-13)


def test_selection_and_second_derivatives() -> None:
    f = lambda x: where(x > 0, x**3, 0.0)  # noqa: E731
    assert grad(grad(f))(2.0) == 12.0
    assert grad(grad(f))(-2.0) == 0.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: grad(lambda x: [x, x])(1.0), ShapeError, "for several outputs use jacobian() or vjp()"),
        (lambda: grad(lambda x: None)(1.0), ShapeError, "got NoneType"),
        (lambda: grad(cos, 3)(1.0), OperandError, "argnums names argument 3, but the function was called with 1"),
        (lambda: grad(cos)("x"), OperandError, "an argument to differentiate must hold real numbers"),
        (lambda: jvp(cos, 1.0, 1.0), OperandError, "jvp(f, (x,), (v,))"),
        (
            lambda: jvp(cos, (1.0,), (1.0, 2.0)),
            ShapeError,
            "a tangent is built like what it belongs to: expected 1 branches in a tuple, got a tuple of 2",
        ),
        (lambda: vjp(cos, 1.0)[1]([1.0, 2.0]), ShapeError, "expected one number or array, got a list of 2"),
        (lambda: hvp(lambda p: p["a"], {"a": 1.0}, {"b": 1.0}), ShapeError, "expected a dict of 'a', got a dict of 1"),
    ],
)
def test_errors_name_the_remedy(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert message in str(raised.value)


def test_a_long_chain() -> None:
    def f(x: Any) -> Any:
        for _ in range(20_000):
            x = x * 0.9999
        return x

    assert grad(f)(1.0) == pytest.approx(0.9999**20_000, rel=1e-9)
    assert hvp(lambda x: f(x) * f(x), 1.0, 1.0) == pytest.approx(2 * 0.9999**40_000, rel=1e-9)


def test_directions_are_read_by_their_keys_not_by_their_order() -> None:
    def f(p: Any) -> Any:
        return p["a"] ** 2 + p["b"] ** 3

    p = {"a": 1.0, "b": 2.0}
    assert jvp(f, (p,), ({"b": 1.0, "a": 0.0},)) == (9.0, 12.0)
    assert hvp(f, p, {"b": 1.0, "a": 0.0}) == {"a": 0.0, "b": 12.0}
    _, pullback = vjp(lambda x: {"a": 2 * x, "b": 5 * x}, 1.0)
    assert pullback({"b": 1.0, "a": 0.0}) == (5.0,)


@pytest.mark.parametrize("f", [lambda x: x > 1, lambda x: x.argmax(), lambda x: {"a": [x.sum() > 0]}])
def test_a_truth_value_or_a_place_has_no_derivative(f: Any) -> None:
    x = np.array([1.0, 2.0])
    asked = (
        lambda: grad(f)(x),
        lambda: value_and_grad(f)(x),
        lambda: jacobian(f)(x),
        lambda: hessian(f)(x),
        lambda: hvp(f, x, x),
        lambda: vjp(f, x),
        lambda: jvp(f, (x,), (x,)),
    )
    for each in asked:
        with pytest.raises(OperandError, match="a comparison or a position has no derivative"):
            each()
    assert jacobian(lambda x: 5)(x).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("w", [Value(2.0), Tensor([2.0])])
def test_a_truth_value_is_no_loss(w: Any) -> None:
    with pytest.raises(TraceError, match="returned a truth value"):
        compile(lambda: w > 0, [w])()


@pytest.mark.parametrize("argnums", [np.int64(1), np.array([0, 1])[1], (np.int32(1),), 1])
def test_argnums_is_any_whole_number(argnums: Any) -> None:
    found = grad(lambda x, y: x * y, argnums)(2.0, 3.0)
    assert found == ((2.0,) if isinstance(argnums, tuple) else 2.0)
    with pytest.raises(OperandError, match="argnums is the number of an argument"):
        grad(lambda x: x, [1.5])(2.0)


def test_texts_and_missing_cotangents_are_no_numbers() -> None:
    with pytest.raises(
        OperandError, match=r"jacobian\(\) differentiates real numbers, and this function returned str 'a'"
    ):
        jacobian(lambda x: [x, "a"])(2.0)
    with pytest.raises(OperandError, match="a cotangent must be a real number, got NoneType"):
        vjp(lambda x: x * x, 3.0)[1](None)


@pytest.mark.parametrize("x", [0.0, 5e-324, 1e-310, -1e-310])
@pytest.mark.parametrize("n", [0, 1.0, 2])
def test_derivatives_of_whole_powers_beside_zero_end(x: float, n: float) -> None:
    derivative = lambda x: x**n  # noqa: E731
    for _ in range(int(n) + 1):
        derivative = grad(derivative)
    assert derivative(x) == grad(derivative)(x) == 0.0
    assert hessian(lambda x: (x**0).sum())(np.array([x])).tolist() == [[0.0]]
