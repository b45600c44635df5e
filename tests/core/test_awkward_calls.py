"""What Python and numpy do with numbers beyond arithmetic: divmod, int(), huge numbers, an array's other methods.

Each works on Values and Tensors, or is refused with what to write instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, Tensor, Value, compile, grad, values

HUGE = 10**400


@pytest.mark.parametrize("carrier", [Value, Tensor])
def test_divmod_is_the_quotient_and_the_rest(carrier: Any) -> None:
    x = carrier(-7.5)
    for found in (divmod(x, 2.0), divmod(x, carrier(2.0)), np.divmod(x, 2.0)):
        assert tuple(each.item() for each in found) == (-4.0, 0.5)
    assert tuple(each.item() for each in divmod(7.5, carrier(2.0))) == (3.0, 1.5)
    assert grad(lambda y: divmod(7.5, y)[1])(2.0) == -3.0


def test_divmod_in_a_compiled_function() -> None:
    w = Value(2.0)
    assert compile(lambda: divmod(7.5, w)[1] + divmod(w, 1.5)[0], [w])() == 2.5
    assert w.grad == -3.0


def test_places_and_whole_parts_of_a_tensor() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.5]])
    assert (t.item(1), t.item(1, 0), t.item((1, 1))) == (2.0, 3.0, 4.5)
    assert math.trunc(t[1, 1]) == 4


def test_a_number_that_no_float_holds_is_equal_to_none() -> None:
    t = Tensor([1.0, math.inf])
    assert (t == HUGE).tolist() == (t == -HUGE).tolist() == [False, False]
    assert (t != HUGE).tolist() == [True, True]
    assert Value(1.0) != HUGE


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: int(Tensor(1.5)), r"int\(t.item\(\)\)"),
    (lambda: Tensor(1.0) < "a", "right side of <"),
    (lambda: Tensor(1.0) >= None, "right side of >="),
    (lambda: Tensor([1.0]) < HUGE, r"math\.inf"),
    (lambda: Value(1.0) < HUGE, r"math\.inf"),
    (lambda: np.ldexp(Value(1.0), 2), r"np\.ldexp of a Value"),
    (lambda: np.nextafter(Value(1.0), 2.0), r"np\.nextafter of a Value"),
    (lambda: np.modf(Value(1.0)), r"np\.modf of a Value"),
    (lambda: np.round(Value(1.5)), r"np\.round of a Value"),
    (lambda: np.round(values([1.5])), r"np\.round of a Value"),
    (lambda: np.rint(Value(1.5)), r"np\.rint of a Value"),
    (lambda: Value(2.0, _children=(Value(1.0),)), "@primitive"),
    (lambda: compile(lambda x: (Tensor([1.0]) * x).sum())(np.ones(1)), r"compile\(function, \[W"),
]


@pytest.mark.parametrize(("attempt", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_refused_says_what_to_write(attempt: Callable[[], Any], told: str) -> None:
    with pytest.raises(OperandError, match=told):
        attempt()


@pytest.mark.parametrize(("name", "told"), [
    ("copy", "detach"), ("tolist", r"t\.data\.tolist"), ("flat", r"t\.ravel"), ("argsort", r"t\.data\.argsort"),
    ("sort", r"np\.sort"), ("nothing", "no attribute 'nothing'"),
])  # fmt: skip
def test_what_a_tensor_has_not(name: str, told: str) -> None:
    with pytest.raises(AttributeError, match=told):
        getattr(Tensor([1.0]), name)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_functions_of_scipy_that_are_here_too(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    function = getattr(special, name)
    for attempt in (lambda: function(Tensor([1.0, 2.0])), lambda: grad(function)(np.array([1.0, 2.0]))):
        with pytest.raises(OperandError, match=rf"autograd\.{name}\("):
            attempt()
