"""gradcheck: passes what is right, fails what is planted wrong, and says where."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    GradcheckError,
    GraphWarning,
    OperandError,
    Tensor,
    Value,
    gradcheck,
    gradgradcheck,
    log,
    primitive,
    values,
)
from autograd.core.rule import Rule
from autograd.core.table import TABLE
from autograd.transforms.check import mismatches
from tests.support import domain


def sample(rule: Rule, seed: int) -> list[float] | None:
    """A point of the rule's domain, None when it is too near a kink."""
    rng = np.random.default_rng(seed)
    point = [float(rng.uniform(*interval)) for interval in domain(rule)]
    gap = point[0] if rule.arity == 1 or rule.defaults else point[0] - point[1]
    return None if any(abs(gap - kink) < 0.05 for kink in rule.kinks) else point


@pytest.mark.parametrize("name", TABLE)
def test_the_table_to_second_order_on_both_carriers(name: str) -> None:
    rule, checked = TABLE[name], 0
    for seed in range(12):
        point = sample(rule, seed)
        if point is not None and checked < 3:
            arrays = [np.array([x, x]) for x in point]
            assert gradcheck(rule, point)
            assert gradgradcheck(rule, point)
            assert gradcheck(rule, arrays)
            assert gradgradcheck(rule, arrays)
            checked += 1
    assert checked == 3


@pytest.mark.parametrize(
    ("value", "partials"),
    [
        pytest.param(lambda x: x * x, [lambda x: -2 * x], id="sign"),
        pytest.param(lambda x: x * x, [lambda x: x], id="factor"),
        pytest.param(lambda x, y: x * y, [lambda y: y, lambda: 0], id="forgotten operand"),
        pytest.param(lambda x, y: x / y, [lambda y: 1 / y, lambda x, y: -x / y], id="power"),
        pytest.param(lambda x: x * x * x, [lambda x: 3.0001 * x * x], id="one in ten thousand"),
    ],
)
def test_planted_wrong_rules_are_found(value: Any, partials: Any) -> None:
    wrong = Rule("planted", value, *partials)
    inputs = (1.3, 0.7)[: wrong.arity]
    assert gradcheck(wrong, inputs, raise_exception=False) is False
    assert gradcheck(wrong, [np.array([x, -x]) for x in inputs], raise_exception=False) is False


def test_wrong_to_second_order_only() -> None:
    @primitive(lambda x: float(3 * x * x) if isinstance(x, float) else 3 * x.data * x.data)
    def frozen(x: Any) -> Any:
        return x * x * x

    assert gradcheck(frozen, (1.3,))
    with pytest.warns(GraphWarning, match=r"by \.item\(\) or \.data"):
        assert gradgradcheck(frozen, (1.3,), raise_exception=False) is False


def test_the_message_says_where() -> None:
    wrong = Rule("wrong", lambda x: x * x, lambda x: 3 * x)
    with pytest.raises(GradcheckError) as raised:
        gradcheck(lambda p, t: p["w"] * 2 + wrong(t), ({"w": np.array([1.0, 2.0])}, np.array([0.0, 2.0])))
    assert str(raised.value) == (
        "1 of the derivatives disagree with their numerical check:\n"
        "  d output 1 / d input 1[1]: recorded 6, numerical 4, relative error 0.33"
    )


def test_a_kink_is_named() -> None:
    with pytest.raises(GradcheckError, match="a kink of relu lies within the step"):
        gradcheck(lambda x: x.relu() * 2, (0.0,))
    assert mismatches(lambda x: x.relu() * 2, (0.5,)) == []


def test_many_mismatches_are_cut() -> None:
    wrong = Rule("wrong", lambda x: x * x, lambda x: 3 * x)
    with pytest.raises(GradcheckError) as raised:
        gradcheck(wrong, (np.arange(1.0, 13.0),))
    lines = str(raised.value).splitlines()
    assert (lines[0], lines[-1], len(lines)) == (
        "12 of the derivatives disagree with their numerical check:", "  and 2 more", 12,
    )  # fmt: skip


def test_a_single_input_may_stand_by_itself() -> None:
    for check in (gradcheck, gradgradcheck):
        assert check(lambda x: x * x * x, 1.5)
        assert check(lambda x: (x * x).sum(), np.array([1.0, -2.0]))
        assert check(lambda x: (x * x).sum(), Tensor([1.0, -2.0]))
        assert check(lambda x, y: (x * y).sum(), (Tensor([1.0, -2.0]), Tensor(3.0)))
        assert check(lambda x: x.tanh(), Value(0.5))


def test_an_array_of_values_is_an_input_in_each_place() -> None:
    points = (0.5, values([[1.0, 2.0]]))
    assert gradcheck(lambda a, b: a * (b * b).sum(), points)
    wrong = Rule("wrong", lambda x: x * x, lambda x: 3 * x)
    with pytest.raises(GradcheckError, match=r"d output 0 / d input 1\[0,1\]: recorded 6, numerical 4"):
        gradcheck(lambda a, b: a * b[0, 0] + wrong(b[0, 1]), points)


@pytest.mark.parametrize(
    ("f", "inputs", "message"),
    [
        (lambda: 1.0, (), "gradcheck() differentiates to its inputs, got none: gradcheck(f, (x,))"),
        (lambda x: x, "1", "the inputs of gradcheck() are real numbers and arrays, got str '1'"),
        (lambda x: x, (1j,), "the inputs of gradcheck() are real numbers and arrays, got complex 1j"),
        (lambda x: None, (1.0,), "gradcheck() compares numbers, but the function gave NoneType"),
    ],
)
def test_what_cannot_be_checked(f: Callable[..., Any], inputs: Any, message: str) -> None:
    with pytest.raises(OperandError, match=f"^{re.escape(message)}$"):
        gradcheck(f, inputs)


def test_a_step_out_of_the_domain_is_named() -> None:
    with pytest.raises(GradcheckError, match=r"numerical nan, .*not finite everywhere within the step of 0\.0005"):
        gradcheck(log, 1e-9)


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_a_comparison_is_not_checked(check):
    with pytest.raises(OperandError, match="a comparison or a position has no derivative"):
        check(lambda x: x > 1, (2.0,))
