"""Formulas as text: what a symbol writes, no parenthesis too many, none too few."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import formula, primitive
from autograd.core import table as rules
from autograd.core.table import TABLE
from autograd.formula import Symbol, derivative, number, write
from autograd.numbers.functions import equal, greater, less_equal, where

X, Y, Z = Symbol("x"), Symbol("y"), Symbol("z")


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        (X + Y + Z, "x + y + z"),
        (X + (Y + Z), "x + (y + z)"),
        (X - (Y - Z), "x - (y - z)"),
        (X - Y - Z, "x - y - z"),
        (X * Y + Z, "x * y + z"),
        (X * (Y + Z), "x * (y + z)"),
        (X / Y / Z, "x / y / z"),
        (X / (Y * Z), "x / (y * z)"),
        (X * (Y / Z), "x * (y / z)"),
        (-X * Y, "-x * y"),
        (-(X * Y), "-(x * y)"),
        (-(X + Y), "-(x + y)"),
        (-(-X), "--x"),  # noqa: B002
        (X - -Y, "x - -y"),
        (X**Y**Z, "x**y**z"),
        ((X**Y) ** Z, "(x**y)**z"),
        (-(X**2), "-x**2"),
        ((-X) ** 2, "(-x)**2"),
        (X**-1, "x**(-1)"),
        (2 ** (X + 1), "2**(x + 1)"),
        ((X * Y) ** 0.5, "(x * y)**0.5"),
        (1 / X, "1 / x"),
        (3 - X, "3 - x"),
        (0.1 * X, "0.1 * x"),
        (X * -2, "x * -2"),
        (rules.tanh(X + 1) * 2, "tanh(x + 1) * 2"),
        (rules.hypot(X, 1), "hypot(x, 1)"),
        (where(greater(X, 0), X, -X), "where(x > 0, x, -x)"),
        (where(equal(X, Y), 1, where(less_equal(X, Y), 2, 3)) * X, "where(x == y, 1, where(x <= y, 2, 3)) * x"),
        (greater(X + 1, Y) * Z, "(x + 1 > y) * z"),
        (Z - greater(X, Y), "z - (x > y)"),
    ],
)
def test_precedence(symbol: Any, text: str) -> None:
    assert write(symbol) == str(symbol) == text


def test_what_folds() -> None:
    for symbol in (X * 1, 1 * X, X / 1, X**1, X + 0, 0 + X, X - 0, X * 1.0):
        assert symbol is X
    assert write(0 - X) == "-x"
    assert write(X * 0) == "x * 0", "0 * inf is not 0"
    assert write(X**0) == "x**0"


def test_numbers() -> None:
    texts = [number(x) for x in (1, 1.0, -3.0, 0.5, 1e300, 1e15, 1e14, -0.25, float("inf"), True)]
    assert texts == ["1", "1", "-3", "0.5", "1e+300", "1000000000000000.0", "100000000000000", "-0.25", "inf", "1"]


def test_the_formulas_of_the_table() -> None:
    assert derivative(rules.tanh, 0) == "1 - out * out"
    assert derivative(rules.sigmoid, 0) == "out * (1 - out)"
    assert derivative(rules.divide, 1) == "-out / y"
    assert derivative(rules.multiply, 0) == "y"
    assert derivative(rules.add, 1) == "1"
    assert derivative(rules.relu, 0) == "where(x > 0, 1, 0)"
    assert derivative(rules.maximum, 0) == "where(x > y, 1, where(x < y, 0, 0.5))"
    assert formula.value(rules.add) == "x + y"
    assert formula.value(rules.power) == "x**y"
    assert formula.value(rules.negative) == "-x"
    assert formula.value(rules.tanh) == "tanh(x)"
    assert formula.value(rules.silu) == "x * sigmoid(x)"
    for rule in TABLE.values():
        for k in range(rule.arity):
            assert "Symbol" not in derivative(rule, k)


def test_an_own_primitive_writes_itself_down_with_its_own_names() -> None:
    @primitive(lambda mass, out: out / mass, lambda speed, mass: mass * speed)
    def energy(mass: Any, speed: Any) -> Any:
        return mass * speed * speed / 2

    assert formula.value(energy) == "mass * speed * speed / 2"
    assert derivative(energy, 0) == "out / mass"
    assert derivative(energy, 1) == "mass * speed"
    assert energy.__doc__ == "energy(mass, speed): a user's own primitive"


def test_a_rule_that_branches_is_refused() -> None:
    @primitive(lambda x: 1 if x > 0 else 0)
    def ramp(x: Any) -> Any:
        return rules.maximum(x, 0)

    with pytest.raises(TypeError, match=r"^a rule must not branch: select with where\(greater\(x, y\), a, b\)$"):
        derivative(ramp, 0)


def test_equal_formulas_have_equal_keys() -> None:
    assert (X * Y + 1).key == (Symbol("x") * Symbol("y") + 1).key
    assert (X * Y).key != (Y * X).key
    assert (X + 1).key != (X + 1.5).key
    assert rules.exp(X).key != rules.log(X).key


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_what_is_written_computes_what_was_meant(seed: int, size: int) -> None:
    """A random formula, computed and written down, then evaluated as Python: the same number to the last bit."""
    rng = random.Random(seed)
    numbers = {name: rng.uniform(0.5, 2.0) for name in "xyz"}
    pairs: list[tuple[Any, float]] = [(Symbol(name), value) for name, value in numbers.items()]
    for _ in range(size):
        (a, p), (b, q) = rng.choice(pairs), rng.choice(pairs)
        if rng.random() < 0.3:
            b = q = rng.choice([2, 0.5, -1.5, 3])
        kind = rng.randrange(7)
        if kind == 0:
            pairs.append((a + b, p + q))
        elif kind == 1:
            pairs.append((a - b, p - q))
        elif kind == 2:
            pairs.append((a * b, p * q))
        elif kind == 3 and q:
            pairs.append((a / b, p / q))
        elif kind == 4 and p > 0 and abs(p) < 1e3 and abs(q) < 10:
            pairs.append((a**b, p**q))
        elif kind == 5:
            pairs.append((-a, -p))
        else:
            pairs.append((b - a, q - p))
    symbol, value = pairs[-1]
    assert eval(write(symbol), {"__builtins__": {}}, numbers) == value
