"""Random expression graphs: gradients against central differences, the complex step, torch, and each other."""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, no_grad

# An expression is a straight-line program: each line names a primitive and earlier lines. It is run by `run` on any
# kind of number that has the functions it is given, so every oracle computes the very same thing.
Line = tuple[str, int, int]
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "hypot")
UNARY = (
    "negative", "square", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "softplus", "abs", "arctan",
    "reciprocal", "expm1", "log1p", "silu", "gelu", "erf", "arcsinh",
)  # fmt: skip
ANALYTIC_UNARY = ("negative", "square", "exp", "sin", "cos", "tanh", "sigmoid", "reciprocal", "sqrt", "log")
ANALYTIC_BINARY = ("add", "subtract", "multiply", "divide", "power")


def program(rng: random.Random, inputs: int, lines: int, unary: Sequence[str], binary: Sequence[str]) -> list[Line]:
    written: list[Line] = []
    for k in range(lines):
        name = rng.choice([*unary, *binary, *binary])
        first = rng.randrange(inputs + k)
        second = rng.randrange(max(0, inputs + k - 6), inputs + k)
        written.append((name, first, second))
    return written


def run(written: Sequence[Line], inputs: Sequence[Any], functions: dict[str, Any]) -> Any:
    """The sum of the last lines. What a function would take out of its domain is first brought into it."""
    numbers = list(inputs)
    for name, first, second in written:
        x, y = numbers[first], numbers[second]
        if name in ("log", "sqrt", "log1p"):
            x = x * x + 0.5
        elif name in ("exp", "expm1"):
            x = functions["tanh"](x)
        elif name == "power":
            x, y = functions["exp"](functions["sin"](x)), functions["sin"](y)
        elif name == "reciprocal":
            x = x * x + 1
        elif name == "divide" or name == "hypot":
            y = y * y + 1
        elif name in ("square", "multiply"):  # or it grows beyond all floats
            x = functions["sin"](x)
        if name in ANALYTIC_BINARY or name in BINARY:
            numbers.append(functions[name](x, y))
        else:
            numbers.append(functions[name](x))
    return functions["add"](numbers[-1], functions["add"](numbers[-2], numbers[-1] * 0.5))


OURS = {name: getattr(autograd.core.table, name) for name in (*UNARY, *BINARY)}
COMPLEX: dict[str, Any] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "negative": lambda x: -x,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sigmoid": lambda x: 1 / (1 + cmath.exp(-x)),
    **{name: getattr(cmath, name) for name in ("exp", "sin", "cos", "tanh", "sqrt", "log")},
}


def gradient(written: Sequence[Line], point: Sequence[float]) -> tuple[float, list[float]]:
    leaves = [Value(x) for x in point]
    out = run(written, leaves, OURS)
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def close(got: Sequence[float], expected: Sequence[float], tolerance: float) -> bool:
    """Relative to the largest of them: a gradient that cancels to nothing has no digits of its own."""
    size = max(1.0, *map(abs, expected))
    return all(abs(a - b) <= tolerance * size for a, b in zip(got, expected, strict=True))


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(2, 30))
@settings(max_examples=150)
def test_analytic_graphs_against_the_complex_step(seed: int, inputs: int, lines: int) -> None:
    rng = random.Random(seed)
    written = program(rng, inputs, lines, ANALYTIC_UNARY, ANALYTIC_BINARY)
    point = [rng.uniform(-1.5, 1.5) for _ in range(inputs)]
    value, slopes = gradient(written, point)
    for k in range(inputs):
        stepped = run(written, [complex(x, 1e-200 * (j == k)) for j, x in enumerate(point)], COMPLEX)
        assert close([value, slopes[k]], [stepped.real, stepped.imag / 1e-200], 1e-11)


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(2, 30))
@settings(max_examples=150)
def test_all_graphs_against_central_differences(seed: int, inputs: int, lines: int) -> None:
    rng = random.Random(seed)
    written = program(rng, inputs, lines, UNARY, BINARY)
    point = [rng.uniform(-1.5, 1.5) for _ in range(inputs)]
    _, slopes = gradient(written, point)

    def along(k: int, step: float) -> float:
        return float(run(written, [x + step * (j == k) for j, x in enumerate(point)], OURS))

    for k in range(inputs):
        h = 1e-6
        left, right = (along(k, 0) - along(k, -h)) / h, (along(k, h) - along(k, 0)) / h
        kink = abs(right - left) > 1e-3 * max(1, abs(left), abs(right))
        assert kink or close([slopes[k]], [(left + right) / 2], 1e-4)


@given(st.integers(0, 2**32), st.integers(2, 40))
@settings(max_examples=100)
def test_values_and_floats_compute_the_same_numbers(seed: int, lines: int) -> None:
    rng = random.Random(seed)
    written = program(rng, 3, lines, UNARY, BINARY)
    point = [rng.uniform(-1.5, 1.5) for _ in range(3)]
    expected = run(written, point, OURS)
    assert gradient(written, point)[0] == expected
    with no_grad():
        out = run(written, [Value(x) for x in point], OURS)
    assert out.data == expected
    assert out.is_leaf


@given(st.integers(0, 2**32), st.integers(2, 12))
@settings(max_examples=60)
def test_second_derivatives(seed: int, lines: int) -> None:
    """hessian, grad of grad and the complex step of a gradient written by hand over the same program agree."""
    from autograd import grad, hessian, hvp, jvp

    rng = random.Random(seed)
    written = program(rng, 2, lines, ANALYTIC_UNARY, ANALYTIC_BINARY)
    point = [rng.uniform(-1.5, 1.5) for _ in range(2)]

    def f(x: Any) -> Any:
        return run(written, x, OURS)

    H = hessian(f)(point)
    assert close([H[0][1]], [H[1][0]], 1e-9), "symmetric"
    h = 1e-5
    for k in range(2):
        above, below = (gradient(written, [x + s * h * (j == k) for j, x in enumerate(point)])[1] for s in (1, -1))
        numeric = [(a - b) / (2 * h) for a, b in zip(above, below, strict=True)]
        scale = max(1.0, *(abs(float(x)) for row in H for x in row))
        assert all(abs(float(a) - b) < 1e-4 * scale**2 for a, b in zip(H[k], numeric, strict=True))
    nested = grad(lambda x: grad(f)(x)[0])(point)
    assert close(list(map(float, nested)), list(map(float, H[0])), 1e-9)
    direction = [0.3, -0.7]
    product = hvp(f, point, direction)
    expected = [float(H[i][0]) * 0.3 - float(H[i][1]) * 0.7 for i in range(2)]
    assert close(list(map(float, product)), expected, 1e-9)
    _, forward = jvp(grad(f), (point,), (direction,))
    assert close(list(map(float, forward)), expected, 1e-9), "forward over reverse"


@given(st.integers(0, 2**32), st.integers(2, 30))
@settings(max_examples=60)
def test_forward_mode_agrees_with_backward(seed: int, lines: int) -> None:
    from autograd import jvp

    rng = random.Random(seed)
    written = program(rng, 3, lines, UNARY, BINARY)
    point, direction = ([rng.uniform(-1.5, 1.5) for _ in range(3)] for _ in range(2))
    value, slopes = gradient(written, point)
    out, tangent = jvp(lambda x: run(written, x, OURS), (point,), (direction,))
    assert float(out) == value
    assert close([float(tangent)], [math.fsum(a * b for a, b in zip(slopes, direction, strict=True))], 1e-11)


def test_a_thousand_graphs_against_torch() -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    theirs: dict[str, Any] = {
        "negative": torch.neg, "relu": torch.relu, "softplus": lambda x: functional.softplus(x, threshold=50),
        "silu": functional.silu, "gelu": functional.gelu, "arctan": torch.atan, "arcsinh": torch.asinh,
        "subtract": torch.sub, "multiply": torch.mul, "power": torch.pow, "divide": torch.div,
        "maximum": torch.maximum, "minimum": torch.minimum,
    }  # fmt: skip
    theirs.update({name: getattr(torch, name) for name in (*UNARY, *BINARY) if name not in theirs})
    rng, worst = random.Random(0), 0.0
    for _ in range(1000):
        inputs = rng.randint(1, 5)
        written = program(rng, inputs, rng.randint(2, 40), UNARY, BINARY)
        point = [rng.uniform(-2, 2) for _ in range(inputs)]
        value, slopes = gradient(written, point)
        leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        out = run(written, leaves, theirs)
        out.backward()
        expected = [out.item(), *(0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves)]
        size = max(1.0, *map(abs, expected))
        worst = max(worst, *(abs(a - b) / size for a, b in zip([value, *slopes], expected, strict=True)))
    assert worst <= 1e-10, worst


def test_a_wrong_gradient_would_be_found() -> None:
    written: list[Line] = [("multiply", 0, 1), ("tanh", 2, 0)]
    _, slopes = gradient(written, [0.5, 0.7])
    stepped = run(written, [complex(0.5, 1e-200), 0.7], COMPLEX).imag / 1e-200
    assert close([slopes[0]], [stepped], 1e-11)
    assert not close([slopes[0] * (1 + 1e-9)], [stepped], 1e-11)
    assert not close([-slopes[0]], [stepped], 1e-11)
