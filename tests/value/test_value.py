"""What a Value is to its user: a number that records; leaves accumulate, results do not; no_grad, labels, roles."""

from __future__ import annotations

import copy
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, GraphWarning, OperandError, Value, grad, no_grad, parameter, scope, tanh, values

# ------------------------------------------------------------------------------------------------ as a number


def test_it_reads_as_a_number() -> None:
    v = Value(2.567, label="v")
    assert (v.data, v.item(), float(v), complex(v)) == (2.567, 2.567, 2.567, 2.567 + 0j)
    assert (round(v), round(v, 1), round(v, ndigits=2)) == (3, 2.6, 2.57)
    assert (math.floor(v), math.ceil(v), math.trunc(v)) == (2, 3, 2)
    assert type(round(v)) is int
    with pytest.warns(GraphWarning, match=re.escape("math.sqrt() makes a plain float")):
        root = math.sqrt(v)
    assert root == math.sqrt(2.567)
    assert (f"{v:.2f}", f"{v:8.1e}|", f"{v:.1f}") == ("2.57", " 2.6e+00|", "2.6")
    assert math.isnan(Value(math.nan))


def test_repr() -> None:
    v = Value(2)
    assert repr(v) == str(v) == f"{v}" == "Value(2.0, grad=0.0)"
    v.grad = 0.5
    assert repr(v) == "Value(2.0, grad=0.5)"
    v.label = "it's"
    assert repr(v) == """Value(2.0, grad=0.5, label="it's")"""
    assert repr(v * 3) == "Value(6.0, grad=0.0)"
    assert repr(Value(np.float64(0.1))) == "Value(0.1, grad=0.0)"
    assert repr(Value(math.inf) - math.inf) == "Value(nan, grad=0.0)"


def test_comparisons_compare_numbers() -> None:
    a, b = Value(2.0), Value(3.0)
    assert a < b
    assert a <= b
    assert b > a
    assert b >= a
    assert a < 2.5
    assert a < 2.5
    assert 2 <= a <= 2
    assert a > -math.inf
    assert a >= np.float64(2)
    assert np.float64(3) > a
    assert a < Fraction(5, 2)
    assert not a < math.nan
    assert (a < b) is True
    assert max(a, b) is b
    assert sorted([b, a, Value(1.0)])[0].data == 1.0


def test_equality_and_hash_between_values_are_identity_and_beside_a_number_the_number_counts() -> None:
    a, twin = Value(2.0), Value(2.0)
    assert a == a
    assert not a != a  # noqa: SIM202
    assert a != twin
    for number in (2.0, 2, np.float64(2.0), np.array(2.0)):
        assert (a == number, number == a, a != number, number != a) == (True, True, False, False)
    assert (a == 3.0, a == 3.0, a != 3.0, a == "2.0", a == None) == (False, False, True, False, False)  # noqa: E711
    assert a in (1.0, 2.0)
    assert (values([1.0, 0.0]) == 0).tolist() == [False, True]
    assert a in [twin, a]
    assert len({a, twin, a}) == 2
    assert {a: "a"}[a] == "a"
    before = hash(a)
    a.data = 5.0
    assert hash(a) == before


def test_truth_is_that_of_the_number() -> None:
    assert Value(0.1)
    assert Value(math.nan)
    assert not Value(0.0)
    assert not Value(-0.0)


def test_other_kinds_of_real_number() -> None:
    v = Value(2.0)
    assert (v * Fraction(1, 2)).data == 1.0
    assert (Fraction(1, 2) * v).data == 1.0
    assert Value(Fraction(1, 4)).data == 0.25
    assert (True + v).data == 3.0
    assert sum([v, v]).data == 4.0
    assert math.prod([v, v, v]).data == 8.0


# ----------------------------------------------------------------------------------------- gradients accumulate


def test_twice_backward_is_exactly_twice_on_leaves() -> None:
    x, y = Value(0.3), Value(-1.7)
    middle = x * y + x
    out = (middle.tanh() * y).exp()
    out.backward()
    once = (x.grad, y.grad, middle.grad, out.grad)
    out.backward()
    assert (x.grad, y.grad) == (2 * once[0], 2 * once[1])
    assert (middle.grad, out.grad) == once[2:], "a result holds the gradient of the latest backward only"


def test_two_losses_add_up_on_what_they_share() -> None:
    x = Value(3.0)
    shared = x * x
    first, second = shared * 2, shared * 5
    first.backward()
    assert (x.grad, shared.grad) == (12, 2)
    second.backward()
    assert (x.grad, shared.grad, first.grad) == (12 + 30, 5, 1)


def test_gradients_are_set_to_zero_by_assignment() -> None:
    x = Value(3.0)
    (x * x).backward()
    x.grad = 0
    assert x.grad == 0
    assert type(x.grad) is float
    (x * x).backward()
    assert x.grad == 6


def test_seed() -> None:
    for seed in (0.5, 2, np.float32(0.5), np.int64(3), -1.0, 0.0):
        x = Value(3.0)
        y = x * x
        y.backward(seed)
        assert (x.grad, y.grad) == (6 * float(seed), float(seed))
    x = Value(3.0)
    (x * x).backward(seed=2.0)
    assert x.grad == 12


def test_backward_from_a_leaf() -> None:
    x = Value(3.0)
    x.backward()
    x.backward(2.0)
    assert x.grad == 3.0


def test_backward_reaches_all_and_only_what_the_root_depends_on() -> None:
    x, bystander = Value(1.0), Value(1.0)
    used, unused = x * 2, x * bystander
    assert not used.reached
    used.backward()
    assert (x.reached, used.reached, unused.reached, bystander.reached) == (True, True, False, False)
    assert bystander.grad == 0


def test_the_slopes_are_those_of_the_forward_pass() -> None:
    """A leaf may be changed after recording, as an optimiser does: backward is that of the numbers recorded."""
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert x.grad == 6
    assert y.data == 9


def test_every_node_can_be_read_after_backward() -> None:
    x, y = Value(2.0, "x"), Value(5.0, "y")
    product = x * y
    out = product - 1
    out.backward()
    assert [node.grad for node in (out, product, x, y)] == [1, 1, 5, 2]
    assert out.operands[0] is product
    assert product.partials == (5.0, 2.0)
    assert out.partials[0] == 1.0
    assert math.isnan(out.partials[1])


# -------------------------------------------------------------------------------------------- leaves and results


def test_roles() -> None:
    x, w = Value(1.0), parameter(Value(2.0, "w"))
    out = x * w + 1
    assert (x.kind, w.kind, out.kind) == ("input", "parameter", "result")
    assert (out.operands[1].kind, out.operands[1].data) == ("constant", 1.0)
    assert (x.is_leaf, w.is_leaf, out.is_leaf) == (True, True, False)
    assert (x.op, out.op, out.operands[0].op) == ("", "add", "multiply")
    assert (x.operands, x.partials) == ((), ())
    with pytest.raises(GraphError, match=r"a result \(add\) cannot be a parameter: use v.detach\(\), which is a leaf"):
        parameter(out)


def test_data_of_a_result_follows_from_its_operands() -> None:
    x = Value(1.0)
    y = x * 2
    message = r"the number of a result \(multiply\) follows from its operands: assign to a leaf and compute again"
    with pytest.raises(GraphError, match=message):
        y.data = 3.0
    assert y.data == 2.0
    x.data = 4
    assert (x.data, type(x.data)) == (4.0, float)
    x.data -= 0.5
    assert x.data == 3.5


def test_detach_is_a_new_leaf() -> None:
    x = Value(3.0, "x")
    y = (x * x).detach()
    assert (y.data, y.is_leaf, y.operands) == (9.0, True, ())
    (y * x).backward()
    assert x.grad == 9.0
    assert x.detach() is not x
    assert x.detach().label == "x"
    assert x.detach().grad == 0.0


def test_in_place_operators_make_new_nodes() -> None:
    x = Value(3.0)
    y = x
    y += 1
    y *= x
    y -= 2
    y /= 5
    y **= 2
    assert x.data == 3.0
    assert y.data == 4.0
    y.backward()
    assert x.grad == pytest.approx(2 * 2 * 7 / 5)


def test_labels() -> None:
    v = Value(1.0, label="a")
    other = Value(1.0)
    w = v * 2
    w.label = "w"
    assert (v.label, w.label, other.label, (v * 3).label) == ("a", "w", "", "")
    v.label = ""
    assert repr(v) == "Value(1.0, grad=0.0)"
    for text in ("ünï", "線", "a\nb", '"', "x" * 10_000):
        assert Value(1.0, text).label == text


def test_no_attribute_is_made_by_a_slip_of_the_pen() -> None:
    v: Any = Value(1.0)
    with pytest.raises(AttributeError):
        v.gard = 0.0


# -------------------------------------------------------------------------------------------------------- scope


def test_scope_names_the_module_that_is_running() -> None:
    x = Value(1.0)
    with scope("layers.0"):
        a = x * 2
        with scope("layers.0", "neurons.1"):
            b = a.tanh()
            inner = Value(1.0, "w")
        c = a + b
    d = c * 2
    assert [node.scope for node in (x, a, b, c, d)] == [(), ("layers.0",), ("layers.0", "neurons.1"), ("layers.0",), ()]
    assert inner.scope == ("layers.0", "neurons.1")
    assert inner.label == "w"


def test_scope_is_left_on_an_exception_and_can_be_entered_again() -> None:
    room = scope("room")
    with pytest.raises(ZeroDivisionError), room:
        1 / 0  # noqa: B018
    assert Value(1.0).tanh().scope == ()
    with room, room:  # a module that calls itself
        assert Value(1.0).tanh().scope == ("room",)
    assert Value(1.0).tanh().scope == ()


def test_scope_of_a_labelled_result() -> None:
    with scope("room"):
        y = Value(1.0) * 2
    y.label = "y"
    assert (y.scope, y.label) == (("room",), "y")


# ------------------------------------------------------------------------------------------------------ no_grad


def test_no_grad_records_nothing() -> None:
    w = Value(3.0)
    with no_grad():
        y = (w * w + 1).tanh()
        assert (y.operands, y.partials, y.is_leaf, y.kind, y.op) == ((), (), True, "input", "")
    assert y.data == math.tanh(10)
    z = y * w
    z.backward()
    assert w.grad == y.data, "what came out of no_grad is a number"


def test_no_grad_nested_and_safe_from_exceptions() -> None:
    w = Value(3.0)
    with no_grad():
        with no_grad():
            pass
        assert (w * w).is_leaf
        with pytest.raises(RuntimeError, match="inside"), no_grad():
            raise RuntimeError("inside")
        assert (w * w).is_leaf
    assert not (w * w).is_leaf


def test_no_grad_as_a_decorator() -> None:
    @no_grad()
    def predict(w: Value, scale: float = 1.0) -> Value:
        """Predict."""
        return w * w * scale

    w = Value(3.0)
    assert predict.__name__ == "predict"
    assert predict.__doc__ == "Predict."
    assert predict(w, scale=2.0).data == 18.0
    assert predict(w).is_leaf
    assert not (w * w).is_leaf


def test_it_is_equal_to_numbers_of_all_kinds() -> None:
    for two in (2, 2.0, True + 1, np.float32(2), np.int8(2), Fraction(2), Decimal(2), 2 + 0j):
        assert (Value(2.0) == two, two == Value(2.0), Value(3.0) == two, Value(3.0) != two) == (True, True, False, True)


def test_no_grad_without_parentheses_is_an_error() -> None:
    with pytest.raises(OperandError, match=r"as a decorator write @no_grad\(\)"):
        no_grad(lambda: None)
    for name in (None, 5, ["layer"], lambda: None):
        with pytest.raises(OperandError, match="a scope is named by text"):
            scope(name)  # type: ignore[arg-type]


def test_update_inside_no_grad() -> None:
    w = parameter(Value(3.0))
    (w * w).backward()
    with no_grad():
        w.data -= 0.1 * w.grad
    assert w.data == pytest.approx(2.4)
    assert w.kind == "parameter"


# ----------------------------------------------------------------------------------------------- copies, orders


def test_a_copy_of_a_leaf_is_another_leaf() -> None:
    w = parameter(Value(3.0, "w"))
    (w * w).backward()
    for twin in (copy.copy(w), copy.deepcopy(w)):
        assert twin is not w
        assert (twin.data, twin.grad, twin.label, twin.kind) == (3.0, 6.0, "w", "parameter")
        twin.data = 0.0
        assert w.data == 3.0


def test_first_and_second_derivative_agree_with_grad() -> None:
    x = Value(0.7)
    tanh(x * x).backward()
    assert grad(lambda v: tanh(v * v))(0.7) == x.grad
    second = grad(grad(lambda v: tanh(v * v)))(0.7)
    h = 1e-6
    slope = grad(lambda v: tanh(v * v))
    assert second == pytest.approx((slope(0.7 + h) - slope(0.7 - h)) / (2 * h), rel=1e-8)
