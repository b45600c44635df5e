"""One walk over the table: each row against mpmath, as a Value, as floats, as arrays, as text, second order."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import autograd
from autograd import Value, formula
from autograd.core import table as rules
from autograd.core.rule import Rule
from autograd.core.table import TABLE
from autograd.numbers import ieee
from autograd.numbers.functions import where
from tests import support

OPERATORS = ("add", "subtract", "multiply", "divide", "negative", "power", "floor_divide", "remainder")
TOLERANCE = 1e-12
Point = tuple[float, ...]


def as_values(rule: Rule, point: Point) -> Sequence[float]:
    out = rule(*map(Value, point))
    return (out.data, *out.partials)


def as_floats(rule: Rule, point: Point) -> Sequence[float]:
    out = rule(*point)
    return (out, *(rule.partial(k, point, out) for k in range(rule.arity)))


def as_arrays(rule: Rule, point: Point) -> Sequence[float]:
    operands = [np.array([x]) for x in point]
    with np.errstate(all="ignore"):
        out = rule(*operands)
        assert isinstance(out, np.ndarray)
        return tuple(float(np.ravel(a)[0]) for a in (out, *(rule.partial(k, operands, out) for k in range(rule.arity))))


def disagreements(rule: Rule, evaluate: Any) -> list[str]:
    return [
        f"{rule.name}{point} {'value' if slot is None else 'derivative to ' + rule.operands[slot]}: {got!r}, "
        f"exactly {mpmath.nstr(true, 20)}, error {error:.1e}"
        for error, slot, point, got, true in support.errors(rule, evaluate)
        if error > TOLERANCE
    ]


def test_every_row_has_an_exact_function() -> None:
    assert set(support.EXACT) == set(TABLE)
    assert {name for name, _ in support.CANCELS} <= set(TABLE)


@pytest.mark.parametrize("evaluate", [as_values, as_floats, as_arrays])
@pytest.mark.parametrize("name", TABLE)
def test_value_and_derivatives_against_mpmath(name: str, evaluate: Any) -> None:
    assert disagreements(TABLE[name], evaluate) == []


@pytest.mark.parametrize("name", TABLE)
def test_a_value_computes_exactly_what_the_table_says(name: str) -> None:
    """`value.py` is generated from the table: not one bit may differ, also outside the domain."""
    rule = TABLE[name]
    specials = [math.inf, -math.inf, math.nan, -0.0, 5e-324]
    pairs = [(x, y) for x in (*specials, 0.0, 2.0, -3.0, 0.5) for y in (*specials, 0.0, 2.0, -3.0, 0.5)]
    for point in [*support.points(rule), *([(x,) for x in specials] if rule.arity == 1 else pairs)]:
        recorded, table = as_values(rule, point), as_floats(rule, point)
        assert all(map(support.same, recorded, table)), f"{name}{point}: {recorded} recorded, {table} in the table"
        assert all(type(number) is float for number in recorded)


@pytest.mark.parametrize("name", [name for name, rule in TABLE.items() if rule.arity == 2])
def test_a_plain_number_on_either_side(name: str) -> None:
    rule = TABLE[name]
    for point in support.points(rule):
        x, y = point
        value, dx, dy = as_values(rule, point)
        for left, right, slopes in [
            (Value(x), y, (dx, math.nan)),
            (x, Value(y), (math.nan, dy)),
            (Value(x), np.float64(y), (dx, math.nan)),
            (np.float64(x), Value(y), (math.nan, dy)),
        ]:
            out = rule(left, right)
            assert isinstance(out, Value)
            assert support.same(out.data, value)
            assert all(map(support.same, out.partials, slopes))
            assert [operand.data for operand in out.operands] == [x, y]
            assert [operand.kind for operand in out.operands].count("constant") == 1
            assert out.op == name


@pytest.mark.parametrize("name", [name for name, rule in TABLE.items() if rule.arity == 2])
def test_whole_numbers_and_arrays_on_either_side(name: str) -> None:
    rule = TABLE[name]
    for left, right in [(Value(2.0), 3), (2, Value(3.0)), (Value(2.0), True), (True, Value(3.0))]:
        out = rule(left, right)
        numbers = [float(left), float(right)]
        assert isinstance(out, Value)
        assert out.data == rule(*numbers)
        assert [operand.data for operand in out.operands] == numbers
    array = np.array([1.0, 2.0])
    expected = [rule(2.0, 1.0), rule(2.0, 2.0)]
    assert [out.data for out in rule(Value(2.0), array)] == expected
    assert [out.data for out in rule(array, Value(2.0))] == [rule(1.0, 2.0), rule(2.0, 2.0)]
    if name not in OPERATORS:
        assert [out.data for out in getattr(Value(2.0), name)(array)] == expected
        assert getattr(Value(2.0), name)(3).data == rule(2.0, 3.0)


@pytest.mark.parametrize("name", TABLE)
def test_the_formula_as_text_computes_the_same(name: str) -> None:
    rule = TABLE[name]
    names = {**TABLE, "where": where, "inf": math.inf}
    for point in support.points(rule, 10)[:20]:
        got = as_floats(rule, point)
        arrays = {k: np.array([x]) for k, x in zip(rule.operands, point, strict=True)}  # 1 / 0 does not raise there
        with np.errstate(all="ignore"):
            texts = [formula.value(rule), *(formula.derivative(rule, k) for k in range(rule.arity))]
            known = {**names, **arrays, "out": np.array([got[0]])}
            for text, expected in zip(texts, got, strict=True):
                computed = float(np.ravel(eval(text, dict(known)))[0])
                assert computed == pytest.approx(expected, rel=1e-14, nan_ok=True), f"{name}{point}: {text}"


@pytest.mark.parametrize("name", TABLE)
def test_second_derivatives_against_mpmath(name: str) -> None:
    assert second_order_disagreements(TABLE[name]) == []


def second_order_disagreements(rule: Rule) -> list[str]:
    """Every entry of the Hessian, from the recorded graph of each partial, where mpmath gives another number."""
    rng, found = random.Random(rule.name), []
    for _ in range(6):
        point = tuple(rng.uniform(*interval) for interval in support.domain(rule))
        gap = point[0] - point[1] if rule.name in ("maximum", "minimum") else point[0]
        if any(abs(gap - kink) < 0.05 for kink in rule.kinks):
            continue
        for i in range(rule.arity):
            operands = [Value(x) for x in point]
            slope = rule.partial(i, operands, rule(*operands))
            if isinstance(slope, Value):
                slope.backward()
            for j, operand in enumerate(operands):
                true = support.exact_second(rule, i, j, point)
                if abs(operand.grad - true) > 1e-10 * max(1, abs(true)):
                    found.append(f"{rule.name}{point} {i}{j}: {operand.grad}, exactly {mpmath.nstr(true, 20)}")
    return found


def test_the_second_derivative_of_a_power_at_exponent_zero_is_symmetric() -> None:
    """d2/dxdy x**y at y = 0 is 1/x, by either route: the 0 chosen for x**0 must not hide the exponent."""
    for index in (0, 1):
        x, y = Value(4.0), Value(0.0)
        slope = rules.power.partial(index, (x, y), x**y)
        slope.backward()
        assert (y if index == 0 else x).grad == 0.25


@pytest.mark.parametrize("name", TABLE)
def test_where_the_kinks_are(name: str) -> None:
    """At each declared kink the value or the slope jumps; nowhere else in the domain does either."""
    rule, step = TABLE[name], 1e-9

    def jump(gap: float) -> float:
        right, left = ([gap + side, 0.3][: rule.arity] for side in (step, -step))
        if name in ("maximum", "minimum"):
            right, left = [0.3 + gap + step, 0.3], [0.3 + gap - step, 0.3]
        a, b = as_floats(rule, tuple(right)), as_floats(rule, tuple(left))
        return max(abs(p - q) for p, q in zip(a, b, strict=True))

    for kink in rule.kinks:
        assert jump(kink) > 0.1, f"nothing jumps at {kink}"
    low, high = support.domain(rule)[0]
    rng = random.Random(name)
    for x in [rng.uniform(low, high) for _ in range(200)]:
        assert jump(x) < 1e-4 or any(abs(x - kink) < 2 * step for kink in rule.kinks), f"a jump at {x}"


@pytest.mark.parametrize("name", TABLE)
def test_the_domain_is_where_value_and_slope_are_finite(name: str) -> None:
    rule = TABLE[name]
    assert rule.arity == len(rule.partials) == len(rule.operands)
    for point in support.points(rule, 100)[:100]:
        assert all(map(math.isfinite, as_floats(rule, point))), point


@pytest.mark.parametrize("name", TABLE)
def test_every_row_says_what_it_is(name: str) -> None:
    rule = TABLE[name]
    assert rule.name == name
    assert rule.doc
    assert rule.__doc__ == f"{name}({', '.join(rule.operands)}): {rule.doc}"
    assert repr(rule) == f"<primitive {name}({', '.join(rule.operands)})>"
    assert getattr(rules, name) is rule
    if name not in OPERATORS:
        method = getattr(Value, name)
        assert autograd.compiled or inspect.getdoc(method) == f"Return {rule.doc}."
    if name not in (*OPERATORS, "identity"):
        assert getattr(autograd, name) is rule, f"autograd.{name} is not public"


@pytest.mark.parametrize("name", [name for name, rule in TABLE.items() if name not in OPERATORS])
def test_the_method_the_function_and_the_table_are_one(name: str) -> None:
    rule = TABLE[name]
    point = support.points(rule, 1)[0]
    operands = [Value(x) for x in point]
    by_method, by_function = getattr(operands[0], name)(*operands[1:]), rule(*operands)
    assert (by_method.data, by_method.partials) == (by_function.data, by_function.partials)
    assert by_method.rule is by_function.rule is rule


def test_operators_are_the_table_too() -> None:
    x, y = Value(1.5), Value(2.5)
    for out, name in [(x + y, "add"), (x - y, "subtract"), (x * y, "multiply"), (x / y, "divide"), (x**y, "power")]:
        assert out.rule is TABLE[name]
        assert out.op == name
        assert out.operands == (x, y)
    assert ((x // y).rule, (x % y).rule) == (TABLE["floor_divide"], TABLE["remainder"])
    assert (-x).rule is TABLE["negative"]
    assert abs(x).rule is TABLE["abs"]
    assert +x is x


def test_functions_of_the_machine_never_raise() -> None:
    """Every function of `ieee` at every special pair: a float comes back, never an exception."""
    specials = [0.0, -0.0, 1.0, -1.0, 0.5, -8.0, 1e308, -1e308, 5e-324, 710.0, math.inf, -math.inf, math.nan]
    for name in dir(ieee):
        function = getattr(ieee, name)
        if name.startswith("_") or not callable(function) or name in ("Final",) or inspect.isclass(function):
            continue
        arity = TABLE[name].arity
        for point in [(x, y) for x in specials for y in specials]:
            assert type(function(*point[:arity])) is float, f"{name}{point[:arity]}"


@pytest.mark.parametrize(
    "name", [name for name, rule in TABLE.items() if rule.intrinsic and name not in ("erf", "erfc")]
)
def test_special_values_are_those_of_numpy(name: str) -> None:
    specials = [0.0, 1.0, -1.0, 0.5, -8.0, 3.0, 710.0, -800.0, math.inf, -math.inf, math.nan]
    function, rule = getattr(np, name), TABLE[name]
    with np.errstate(all="ignore"):
        for point in [(x, y) for x in specials for y in specials] if rule.arity == 2 else [(x,) for x in specials]:
            if point != (-math.inf, 0.5):  # of the power: inf by IEEE 754, while numpy takes a square root
                assert rule(*point) == pytest.approx(float(function(*point)), rel=1e-14, nan_ok=True), f"{name}{point}"


# ------------------------------------------------------------------------ what is planted wrong must be found


def wrong(name: str, *partials: Any) -> Rule:
    """A row with its true value and these derivatives, under its own name."""
    right = TABLE[name]
    value = right.value
    return Rule(name, value, *partials, intrinsic=right.intrinsic, kinks=right.kinks, symbol=right.symbol)


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(wrong("cos", lambda x: rules.sin(x)), id="sign"),
        pytest.param(wrong("square", lambda x: x), id="factor"),
        pytest.param(wrong("multiply", lambda y: y, lambda: 0), id="forgotten operand"),
        pytest.param(wrong("divide", lambda y: 1 / y, lambda x, y: -x / y), id="forgotten square"),
        pytest.param(wrong("multiply", lambda x: x, lambda y: y), id="operands exchanged"),
        pytest.param(wrong("exp", lambda out: out * (1 + 1e-11)), id="eleventh digit"),
        pytest.param(wrong("log1p", lambda x: 1 / x), id="right far out only"),
        pytest.param(
            wrong("logaddexp", lambda x, out: rules.exp(x - out), lambda y, out: rules.exp(y - out)), id="digits"
        ),
    ],
)
def test_a_wrong_derivative_is_found(planted: Rule) -> None:
    assert disagreements(planted, as_floats)
    assert disagreements(planted, as_arrays)


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(wrong("tanh", lambda out: 1 - float(out) ** 2), id="a constant, no graph"),
        pytest.param(wrong("square", lambda x: x + float(x)), id="half the graph"),
        pytest.param(wrong("multiply", lambda y: float(y), lambda x: x), id="one route only"),
    ],
)
def test_a_derivative_right_to_first_order_only_is_found(planted: Rule) -> None:
    assert disagreements(planted, as_floats) == []
    assert second_order_disagreements(planted)


def test_a_wrong_value_is_found() -> None:
    planted = Rule("sigmoid", lambda x: 1 / (1 + rules.exp(-x)) + 1e-9, lambda out: out * (1 - out))
    assert disagreements(planted, as_floats)
    naive = Rule("softplus", lambda x: rules.log(1 + rules.exp(x)), lambda x: rules.sigmoid(x))
    assert disagreements(naive, as_floats), "it overflows, and loses small results"
