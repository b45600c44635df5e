"""One answer from every engine and carrier, at the points where they are apt to differ.

Each case is a function of single numbers, a point, and its gradient there. It is asked of Values, of Tensors of no, one
and two axes, of the transforms, and of compiled programs.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, compile, grad, hessian, jvp, primitive, values, where

inf, nan = math.inf, math.nan
Function = Callable[..., Any]
Point = Sequence[float]


def of_values(f: Function, point: Point) -> list[float]:
    leaves = [Value(x) for x in point]
    f(*leaves).backward()
    return [leaf.grad for leaf in leaves]


def of_arrays_of_values(f: Function, point: Point) -> list[float]:
    leaves = [values([x, 0.5]) for x in point]
    np.sum(f(*leaves)[:1]).backward()
    return [leaf[0].grad for leaf in leaves]


def of_tensors(shape: tuple[int, ...]) -> Callable[[Function, Point], list[float]]:
    def run(f: Function, point: Point) -> list[float]:
        leaves = [Tensor(np.full(shape, x)) for x in point]
        f(*leaves).sum().backward()
        return [float(leaf.grad.ravel()[-1]) for leaf in leaves]

    return run


def of_elements(f: Function, point: Point) -> list[float]:
    leaves = [Tensor([x, 0.5]) for x in point]
    f(*[leaf[0] for leaf in leaves]).backward()
    return [float(leaf.grad[0]) for leaf in leaves]


def of_grad(f: Function, point: Point) -> list[float]:
    return list(grad(f, tuple(range(len(point))))(*point))


def of_grad_of_arrays(f: Function, point: Point) -> list[float]:
    return [float(g) for g in grad(f, tuple(range(len(point))))(*map(np.array, point))]


def of_jvp(f: Function, point: Point) -> list[float]:
    directions = np.eye(len(point)).tolist()
    return [float(jvp(f, tuple(point), tuple(direction))[1]) for direction in directions]


def of_numbers_compiled(engine: Any) -> Callable[[Function, Point], list[float]]:
    def run(f: Function, point: Point) -> list[float]:
        leaves = [Value(x) for x in point]
        compile(lambda: f(*leaves), leaves, engine=engine)()
        return [leaf.grad for leaf in leaves]

    return run


def of_samples_compiled(f: Function, point: Point) -> list[float]:
    leaves = [Value(x) for x in point]
    compile(lambda x: f(*leaves) * x, leaves, engine="numpy")(np.ones(3))
    return [leaf.grad for leaf in leaves]


def of_arrays_compiled(engine: Any) -> Callable[[Function, Point], list[float]]:
    def run(f: Function, point: Point) -> list[float]:
        leaves = [Tensor([x, x]) for x in point]
        compile(lambda: f(*leaves).sum(), leaves, engine=engine)()
        return [float(leaf.grad[1]) for leaf in leaves]

    return run


def present(*engines: str) -> list[str]:
    packages = {"llvm": "llvmlite", "jax": "jax"}
    return [e for e in engines if e not in packages or importlib.util.find_spec(packages[e])]


WAYS: dict[str, Callable[[Function, Point], list[float]]] = {
    "Values": of_values,
    "arrays of Values": of_arrays_of_values,
    "Tensors of no axis": of_tensors(()),
    "Tensors of one axis": of_tensors((3,)),
    "Tensors of two axes": of_tensors((2, 2)),
    "elements of Tensors": of_elements,
    "grad": of_grad,
    "grad of arrays": of_grad_of_arrays,
    "jvp": of_jvp,
    **{f"numbers, {engine}": of_numbers_compiled(engine) for engine in present("numpy", "llvm")},
    "samples, numpy": of_samples_compiled,
    **{f"arrays, {engine}": of_arrays_compiled(engine) for engine in present("numpy", "jax")},
}

FIRST: list[tuple[str, Function, Point, Point]] = [
    # what was not chosen passes nothing; a number that happens to be 0 multiplies
    ("a choice not taken", lambda x: where(x > 0, autograd.log(x), 0.0 * x), [0.0], [0.0]),
    ("times a zero of the user", lambda x: where(x >= 0, autograd.sqrt(x), 1.0 + 0.0 * x) * 0.0, [0.0], [nan]),
    ("times an integer of the user", lambda x: autograd.sqrt(x) * 0, [0.0], [nan]),
    ("two equal roots", lambda x: where(x >= 0, autograd.sqrt(x), x) ** 2 + autograd.sqrt(x) ** 2, [0.0], [nan]),
    ("a maximum above", lambda x: autograd.maximum(autograd.sqrt(x * x), 1e-10), [0.0], [0.0]),
    ("relu of a root", lambda x: autograd.relu(-autograd.sqrt(x) - 1.0), [0.0], [0.0]),
    ("an exponent that is a constant slope", lambda x: x ** autograd.ceil(x), [-2.5], [0.128]),
    ("sign of an infinite slope", lambda x: autograd.sign(autograd.sqrt(x)) + x, [0.0], [1.0]),
    ("a root to the power 0", lambda x: autograd.sqrt(x) ** 0, [0.0], [0.0]),
    ("a root to the power 0.0", lambda x: autograd.sqrt(x) ** 0.0, [0.0], [0.0]),
    ("a root that is clipped", lambda x: autograd.clip(autograd.sqrt(x), 1e-3, 1.0), [0.0], [0.0]),
    ("a logarithm that is bounded", lambda x: autograd.minimum(-autograd.log(x), 5.0), [0.0], [0.0]),
    ("relu of a logarithm", lambda x: autograd.relu(autograd.log(x)), [0.0], [0.0]),
    ("a logarithm to the power 0", lambda x: autograd.log(x) ** 0.0, [0.0], [0.0]),
    ("a logarithm that is not defined to the power 0", lambda x: autograd.log(x) ** 0, [-1.0], [0.0]),
    ("a logarithm to a power that is 0", lambda x: autograd.log(x) ** autograd.sign(x), [0.0], [0.0]),
    ("a root of a power that is 0", lambda x: autograd.sqrt(x**0 - 1.0), [2.0], [nan]),
    ("the larger of a logarithm and nothing", lambda x: autograd.logaddexp(autograd.log(x), 0.0), [0.0], [0.0]),
    # the ends of domains
    ("arcsin", autograd.arcsin, [1.0], [inf]),
    ("arcsin at -1", autograd.arcsin, [-1.0], [inf]),
    ("arccos", autograd.arccos, [1.0], [-inf]),
    ("arccosh", autograd.arccosh, [1.0], [inf]),
    ("arctanh", autograd.arctanh, [1.0], [inf]),
    ("sqrt", autograd.sqrt, [0.0], [inf]),
    ("log", autograd.log, [0.0], [inf]),
    ("arctan2 at the origin", autograd.arctan2, [0.0, 0.0], [0.0, 0.0]),
    ("arctan2 of tiny numbers", autograd.arctan2, [1e-200, 1e-200], [5e199, -5e199]),
    ("arctan2 of huge numbers", autograd.arctan2, [1e200, 1e200], [5e-201, -5e-201]),
    ("hypot of tiny numbers", autograd.hypot, [1e-200, 1e-200], [math.sqrt(0.5)] * 2),
    ("hypot of huge numbers", autograd.hypot, [1e200, 1e200], [math.sqrt(0.5)] * 2),
    ("hypot at the origin", autograd.hypot, [0.0, 0.0], [0.0, 0.0]),
    ("arctan2 at infinity", autograd.arctan2, [0.0, inf], [0.0, 0.0]),
    ("hypot at infinity", autograd.hypot, [1.0, -inf], [0.0, -1.0]),
    ("exp2 at the end of floats", autograd.exp2, [1024.0], [2.0**1023 * (2 * math.log(2.0))]),
    ("0 ** 0", lambda x, y: x**y, [0.0, 0.0], [0.0, 0.0]),
    ("a tie of maximum", autograd.maximum, [2.0, 2.0], [0.5, 0.5]),
    ("a tie of minimum", autograd.minimum, [2.0, 2.0], [0.5, 0.5]),
    ("abs at 0", autograd.relu, [0.0], [0.0]),
    ("% of numbers", lambda x, y: x % y, [-5.5, 2.0], [1.0, 3.0]),
    ("// of numbers", lambda x, y: (x // y) * x, [5.5, 2.0], [2.0, 0.0]),
    ("% by a plain number", lambda x: x % 2 + 7.0 % x, [3.5], [-1.0]),
    ("cbrt", autograd.cbrt, [-8.0], [1 / 12]),
    ("logaddexp2", autograd.logaddexp2, [3.0, 3.0], [0.5, 0.5]),
    ("fmod", autograd.fmod, [-5.5, 2.0], [1.0, 2.0]),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "f", "point", "wanted"), FIRST, ids=[name for name, *_ in FIRST])
def test_first_derivatives(name: str, f: Function, point: Point, wanted: Point, way: str) -> None:
    with np.errstate(all="ignore"):
        found = WAYS[way](f, point)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def _bend(x: float) -> float:
    """The second derivative of softplus."""
    e = math.exp(-abs(x))
    return e / (1 + e) ** 2


SECOND: list[tuple[str, Function, float, float]] = [
    *[("softplus", autograd.softplus, x, _bend(x)) for x in (0.0, 20.0, -20.0, 38.0, -38.0, 700.0, -700.0)],
    *[("log_sigmoid", autograd.log_sigmoid, x, -_bend(x)) for x in (0.0, 38.0, -38.0, 700.0, -700.0)],
    *[("logaddexp", lambda x: autograd.logaddexp(x, 0.0), x, _bend(x)) for x in (0.0, 38.0, -38.0)],
    *[("arcsin", autograd.arcsin, x, x) for x in (1e-300, -1e-20, 1e-9)],
    *[("arccos", autograd.arccos, x, -x) for x in (1e-300, -1e-20, 1e-9)],
    *[("arctanh", autograd.arctanh, x, 2 * x) for x in (1e-300, -1e-20, 1e-9)],
    *[("arcsin", autograd.arcsin, x, x * inf) for x in (1.0, -1.0)],
    *[("arccos", autograd.arccos, x, -x * inf) for x in (1.0, -1.0)],
    *[("arctanh", autograd.arctanh, x, x * inf) for x in (1.0, -1.0)],
    ("arccosh", autograd.arccosh, 1.0, -inf),
    *[(name, getattr(autograd, name), 2.0, 0.0) for name in ("relu", "leaky_relu", "sign", "floor", "ceil")],
    ("hypot beside infinity", lambda x: autograd.hypot(x, inf), 0.0, 0.0),
    ("hypot at infinity", lambda x: autograd.hypot(x, 1.0), inf, 0.0),
    ("arctan2 at the origin", lambda x: autograd.arctan2(x, 0.0), 0.0, 0.0),
    ("arctan2 at infinity", lambda x: autograd.arctan2(x, 1.0), inf, 0.0),
    # what the table states to be 0 passes nothing: at a root, whose slope is infinite
    ("logaddexp", lambda x: autograd.logaddexp(autograd.log(x), autograd.log(x)), 0.0, 0.0),
    ("logaddexp beside nothing", lambda x: autograd.logaddexp(autograd.log(x), -inf), 0.0, 0.0),
    ("logaddexp2", lambda x: autograd.logaddexp2(autograd.log2(x), autograd.log2(x)), 0.0, 0.0),
    ("0 to the power of a root", lambda x: 0.0 ** autograd.sqrt(x), 0.0, 0.0),
    ("a root to the power 0", lambda x: autograd.sqrt(x) ** 0, 0.0, 0.0),
    ("numpy's power of a root", lambda x: np.power(autograd.sqrt(x), 0), 0.0, 0.0),
    ("a root to the power 1", lambda x: autograd.sqrt(x) ** 1, 0.0, -inf),
    ("a logarithm to the power 0", lambda x: autograd.log(x) ** 0.0, 0.0, 0.0),
    ("hypot of a root", lambda x: autograd.hypot(autograd.sqrt(x), 0.0), 0.0, 0.0),
    ("arctan2 of roots", lambda x: autograd.arctan2(autograd.sqrt(x), autograd.sqrt(x)), 0.0, 0.0),
    ("relu of a root", lambda x: autograd.relu(-autograd.sqrt(x)), 0.0, 0.0),
    ("a root below a maximum", lambda x: autograd.maximum(autograd.sqrt(x), 1.0), 0.0, 0.0),
]
SECOND_WAYS: dict[str, Callable[[Function, float], Any]] = {
    "numbers": lambda f, x: grad(grad(f))(x),
    "arrays without axes": lambda f, x: grad(grad(f))(np.array(x)),
    "arrays": lambda f, x: grad(lambda t: grad(lambda u: f(u).sum())(t).sum())(np.array([x]))[0],
    "hessian": lambda f, x: hessian(f)(x),
    "hessian of an element": lambda f, x: hessian(lambda t: f(t[0]))(np.array([x]))[0, 0],
    "hessian of a list": lambda f, x: hessian(lambda t: f(t[0]))([x])[0][0],
    "forward over reverse": lambda f, x: jvp(grad(f), (x,), (1.0,))[1],
    "forward over reverse of arrays": lambda f, x: jvp(grad(f), (np.array(x),), (np.array(1.0),))[1],
}


@pytest.mark.parametrize("way", SECOND_WAYS)
@pytest.mark.parametrize(("name", "f", "x", "wanted"), SECOND, ids=[f"{name} at {x}" for name, _, x, _ in SECOND])
def test_second_derivatives(name: str, f: Function, x: float, wanted: float, way: str) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(float(SECOND_WAYS[way](f, x)), wanted, rtol=1e-12)


@pytest.mark.parametrize("engine", present("numpy", "llvm"))
@pytest.mark.parametrize("x", [-1.5, 1.5])
def test_a_choice_in_a_derivative_that_is_compiled(x: float, engine: Any) -> None:
    v = Value(x)
    step = compile(lambda: grad(lambda u: autograd.relu(u) ** 3)(v), [v], engine=engine)
    assert (step(), v.grad) == ((6.75, 9.0) if x > 0 else (0.0, 0.0))
    v.data, v.grad = -x, 0.0
    assert (step(), v.grad) == ((0.0, 0.0) if x > 0 else (6.75, 9.0))


@pytest.mark.parametrize("lift", [float, np.array])
def test_the_mixed_derivative_of_a_power_at_an_exponent_of_0(lift: Any) -> None:
    for x in (-2.0, 2.0):
        assert grad(lambda b, a=x: grad(lambda a: a**b)(lift(a)))(lift(0.0)) == 1 / x
        assert grad(lambda a: grad(lambda b: a**b)(lift(0.0)))(lift(x)) == 1 / x


@pytest.mark.parametrize("y", [2.0, -2.0, 0.1, -0.1, 1.0, 3.3, inf, -inf, 0.0])
@pytest.mark.parametrize("x", [5.5, -5.5, 0.0, 1.0, -1.0, 0.3, 7.0, 1e300, inf, -inf, nan])
def test_remainders_and_whole_quotients_are_those_of_numpy(x: float, y: float) -> None:
    with np.errstate(all="ignore"):
        wanted = [np.remainder(x, y), np.floor_divide(x, y), np.fmod(x, y)]
        for found in (
            [Value(x) % y, Value(x) // y, autograd.fmod(Value(x), y)],
            [x % Value(y), x // Value(y), autograd.fmod(x, Value(y))],
            [Tensor([x]) % y, np.array([x]) // Tensor([y]), np.fmod(Tensor([x]), y)],
        ):
            np.testing.assert_array_equal([v.item() for v in found], wanted)


INDICES: dict[str, tuple[Any, Function]] = {
    "negative": ([1.0, 2.0, 3.0], lambda t: (t[[0, -3]] * np.array([1.0, 2.0])).sum()),
    "take": ([1.0, 2.0, 3.0], lambda t: autograd.take(t, [0, -3]).sum()),
    "take_along_axis": ([1.0, 2.0, 3.0], lambda t: autograd.take_along_axis(t, np.array([0, -3]), 0).sum()),
    "along an axis of two": (
        [[1.0, 2.0], [3.0, 4.0]], lambda t: autograd.take_along_axis(t, np.array([[0, -2], [1, -1]]), 1).sum(),
    ),
    "pairs": ([[1.0, 2.0], [3.0, 4.0]], lambda t: t[[0, -2], [1, -1]].sum()),
    "pairs, broadcast": ([[1.0, 2.0], [3.0, 4.0]], lambda t: t[[[0], [-2]], [0, 1]].sum()),
    "a mask beside numbers": ([[1.0, 2.0], [3.0, 4.0]], lambda t: t[np.array([True, False]), [0, -2]].sum()),
    "a slice between": (np.arange(12.0).reshape(3, 2, 2), lambda t: t[[0, -3], :, [1, -1]].sum()),
    "an ellipsis and a new axis": ([[1.0, 2.0], [3.0, 4.0]], lambda t: t[[0, -2], ..., None].sum()),
    "steps": ([1.0, 2.0, 3.0], lambda t: t[::-1][[0, -3]].sum()),
    "backwards from the first": ([1.0, 2.0, 3.0], lambda t: t[0::-1].sum() + 2 * t[0:-3:-1].sum() + t[2:0:-1].sum()),
    "small whole numbers": ([1.0, 2.0, 3.0], lambda t: t[np.int8([0, -3])].sum()),
    "True": ([1.0, 2.0, 3.0], lambda t: (t[True] * np.arange(3.0)).sum()),
    "None and True": ([1.0, 2.0, 3.0], lambda t: (t[None, True] * np.arange(3.0)).sum()),
    "False": ([1.0, 2.0, 3.0], lambda t: t[False].sum() + t.sum()),
    "an empty mask": ([1.0, 2.0, 3.0], lambda t: t[np.array([False] * 3)].sum() + t.sum()),
    "an empty mask of two axes": (np.ones((2, 2)), lambda t: t[np.zeros((2, 2), bool)].sum() + t.sum()),
    "softmax of nothing": ([1.0, 2.0], lambda t: autograd.softmax(t[:0]).sum() + t.sum()),
    "log_softmax of nothing": ([1.0, 2.0], lambda t: autograd.log_softmax(t[:0]).sum() + t.sum()),
    "logsumexp of nothing": ([1.0, 2.0], lambda t: autograd.logsumexp(t.reshape(2, 1)[:0], axis=1).sum() + t.sum()),
    "norm of nothing": ([1.0, 2.0], lambda t: autograd.norm(t[:0]) + t.sum()),
    "sort": ([3.0, 1.0, 2.0], lambda t: (np.sort(t) * np.arange(3.0)).sum()),
    "sort of a kind": ([3.0, 1.0, 2.0], lambda t: (np.sort(t, kind="stable") * np.arange(3.0)).sum()),
    "sort with ties": ([3.0, 1.0, 3.0, 1.0], lambda t: (np.sort(t) * np.arange(4.0)).sum()),
    "sort of rows": ([[3.0, 1.0], [2.0, 0.0]], lambda t: (np.sort(t, axis=0) * np.arange(4.0).reshape(2, 2)).sum()),
    "argsort": ([3.0, 1.0, 2.0], lambda t: (t[np.argsort(t)] * np.arange(3.0)).sum()),
    "argmax twice": ([3.0, 1.0, 2.0], lambda t: t[np.argmax(t)] + t[np.argmax(t) - 3]),
}  # fmt: skip


@pytest.mark.parametrize("engine", present("numpy", "jax"))
@pytest.mark.parametrize("name", INDICES)
def test_elements_of_compiled_arrays(name: str, engine: Any) -> None:
    array, f = INDICES[name]
    with np.errstate(all="ignore"):
        check_elements(name, array, f, engine)


def check_elements(name: str, array: Any, f: Function, engine: Any) -> None:
    eager, compiled = Tensor(array), Tensor(array)
    f(eager).backward()
    loss = compile(lambda: f(compiled), [compiled], engine=engine)()
    assert loss == f(eager).item()
    np.testing.assert_array_equal(compiled.grad, eager.grad)
    if "ties" in name:  # there a step jumps
        return
    wanted = np.zeros(eager.shape)  # by finite steps, exact for sums
    for place in np.ndindex(eager.shape):
        moved = np.array(array)
        moved[place] += 0.25
        wanted[place] = (f(Tensor(moved)).item() - f(Tensor(array)).item()) / 0.25
    np.testing.assert_allclose(compiled.grad, wanted, rtol=1e-9)


@pytest.mark.parametrize("name", ["<lambda>", "class", "x); print('run'); (", "a\nprint('run')\nb", "", "n"])
@pytest.mark.parametrize("engine", present("numpy", "llvm"))
def test_a_primitive_may_have_any_name(name: str, engine: Any, capsys: Any) -> None:
    def function(x: Any) -> Any:
        return x * x

    function.__name__ = name
    square = primitive(lambda x: 2 * x)(function)
    w = Value(3.0)
    step = compile(lambda x: square(w * x), [w], engine=engine)
    assert (step(np.array([1.0, 1.0])), w.grad) == (9.0, 6.0)
    t = Tensor([3.0])
    compile(lambda: square(t).sum(), [t], engine="numpy")()
    assert t.grad == [6.0]
    assert capsys.readouterr().out == ""


def test_a_number_that_no_float_can_hold() -> None:
    with pytest.raises(autograd.OperandError, match=r"math\.inf"):
        Value(10**400)
