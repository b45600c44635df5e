"""What cannot be computed with is refused at once, with what was given, what was expected and what to write instead."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    AutogradError,
    OperandError,
    Value,
    data,
    exp,
    grads,
    hypot,
    leaky_relu,
    maximum,
    parameter,
    primitive,
    relu,
    sigmoid,
    values,
    walk,
    where,
)

CONVERT = "; convert it first: float(text)"
MISSING = "; is a return statement missing in the function that made it?"
COMPLEX = "; complex numbers are not differentiated here: use the real and the imaginary part as two Values"
SEVERAL = "; for several numbers write values([...]), an array of Values"
ARRAY = "; for an array write values(array), or Tensor(array)"

NOT_NUMBERS: list[tuple[Any, str]] = [
    ("2.5", f"str '2.5'{CONVERT}"),
    (np.str_("2"), f"str_ np.str_('2'){CONVERT}"),
    (None, f"NoneType{MISSING}"),
    (1j, f"complex 1j{COMPLEX}"),
    (np.complex128(1j), f"complex128 np.complex128(1j){COMPLEX}"),
    ([1.0, 2.0], f"list [1.0, 2.0]{SEVERAL}"),
    ((1.0,), f"tuple (1.0,){SEVERAL}"),
    (list(range(100)), f"list{SEVERAL}"),
    ({}, "dict {}; write Value(number)"),
    (decimal.Decimal("2"), "Decimal Decimal('2'); convert it first: float(x)"),
    (b"2", "bytes b'2'; write Value(number)"),
]
IDS = [type(thing).__name__ + str(k) for k, (thing, _) in enumerate(NOT_NUMBERS)]


def refused(attempt: Callable[[], Any], message: str, kind: type[Exception] = OperandError) -> None:
    with pytest.raises(kind) as caught:
        attempt()
    assert str(caught.value) == message
    assert isinstance(caught.value, AutogradError)


@pytest.mark.parametrize(("thing", "said"), NOT_NUMBERS, ids=IDS)
def test_a_value_is_made_from_a_number(thing: Any, said: str) -> None:
    refused(lambda: Value(thing), f"a Value must be a real number, got {said}")
    assert issubclass(OperandError, TypeError)


@pytest.mark.parametrize(("thing", "said"), NOT_NUMBERS, ids=IDS)
@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "**"])
def test_an_operand_is_a_number(thing: Any, said: str, sign: str) -> None:
    v = Value(2.0, "v")
    if isinstance(thing, np.complex128):  # numpy hands over its own scalar as Python's
        left = f"complex 1j{COMPLEX}"
    elif isinstance(thing, np.str_):
        left = ""
    else:
        left = said
    refused(
        lambda: eval(f"v {sign} t", {"v": v, "t": thing}), f"an operand of {sign} must be a real number, got {said}"
    )
    if left:
        refused(
            lambda: eval(f"t {sign} v", {"v": v, "t": thing}), f"an operand of {sign} must be a real number, got {left}"
        )
    assert (v.data, v.grad, v.label, v.reached, walk(v)) == (2.0, 0.0, "v", False, [(v, ())]), "nothing half-recorded"


@pytest.mark.parametrize(("thing", "said"), NOT_NUMBERS, ids=IDS)
def test_data_grad_and_seed_are_numbers(thing: Any, said: str) -> None:
    v = Value(2.0)
    w = v * 3
    w.backward()
    refused(lambda: setattr(v, "data", thing), f"the data of a Value must be a real number, got {said}")
    reset = "the grad of a Value is a number, got NoneType; to reset it write 0.0"
    message = reset if thing is None else f"the grad of a Value must be a real number, got {said}"
    refused(lambda: setattr(v, "grad", thing), message)
    refused(lambda: w.backward(thing), f"the seed of backward must be a real number, got {said}")
    assert (v.data, v.grad, w.grad) == (2.0, 3.0, 1.0), "nothing half-done"


@pytest.mark.parametrize(("thing", "said"), NOT_NUMBERS, ids=IDS)
def test_comparisons_are_with_numbers(thing: Any, said: str) -> None:
    v = Value(2.5)
    for sign in ("<", "<=", ">", ">="):
        message = f"the right side of {sign} with a Value must be a real number, got {said}"
        refused(lambda s=sign: eval(f"v {s} t", {"v": v, "t": thing}), message)
    assert v != thing


@pytest.mark.parametrize(("thing", "said"), NOT_NUMBERS, ids=IDS)
def test_operands_of_methods_and_functions(thing: Any, said: str) -> None:
    v = Value(2.0)
    for name in ("maximum", "minimum", "hypot", "arctan2", "logaddexp", "leaky_relu", "elu"):
        message = f"an operand of {name} must be a real number, got {said}"
        refused(lambda n=name: getattr(v, n)(thing), message)
    if not isinstance(thing, (list, tuple)):
        refused(lambda: where(v > 0, thing, v), f"an operand of where must be a real number, got {said}")
    refused(lambda: maximum(thing, v), f"an operand of maximum must be a real number, got {said}")


@pytest.mark.parametrize("label", [None, 3, math.nan, b"w", ["w"], Value(1.0), np.array(["w", "v"])])
def test_a_label_is_text(label: Any) -> None:
    with pytest.raises(OperandError, match=r"^a label is text, got .*; (write label=|leave it out)") as caught:
        Value(1.0, label=label)
    assert type(label).__name__ in str(caught.value)
    v = Value(1.0, "before")
    with pytest.raises(OperandError, match=r"^a label is text, got "):
        v.label = label
    assert v.label == "before"
    with pytest.raises(OperandError, match=r"^a label is text, got "):
        values([1.0], label=label)


def test_the_message_for_a_label() -> None:
    refused(lambda: Value(1.0, label=math.nan), "a label is text, got float nan; write label='nan'")
    refused(lambda: Value(1.0, 3), "a label is text, got int 3; write label='3'")
    refused(lambda: Value(1.0, None), "a label is text, got NoneType; leave it out")


def test_a_value_of_a_value() -> None:
    v = Value(2.0)
    remedy = "must be a plain number, got a Value; use .item(), or .detach() for a new leaf"
    refused(lambda: Value(v), f"a Value {remedy}")
    refused(lambda: Value(v * 2), f"a Value {remedy}")
    refused(lambda: v.backward(v), f"the seed of backward {remedy}")
    refused(lambda: setattr(v, "data", v), f"the data of a Value {remedy}")
    refused(lambda: setattr(v, "grad", v * 2), f"the grad of a Value {remedy}")


def test_arrays_in_the_place_of_a_number() -> None:
    v, array = Value(2.0), np.array([1.0, 2.0])
    said = f"ndarray array([1., 2.]){ARRAY}"
    refused(lambda: Value(array), f"a Value must be a real number, got {said}")
    refused(lambda: setattr(v, "data", array), f"the data of a Value must be a real number, got {said}")
    refused(lambda: setattr(v, "grad", array), f"the grad of a Value must be a real number, got {said}")
    refused(lambda: (v * 2).backward(array), f"the seed of backward must be a real number, got {said}")
    assert (v.data, v.grad) == (2.0, 0.0)


def test_conditions() -> None:
    v = Value(2.0)
    for condition in (v, 1, "yes", None):
        with pytest.raises(TypeError, match=r"^where\(\) expects a condition such as x > 0"):
            where(condition, v, 1.0)
    with pytest.raises(TypeError, match=r"^where\(\) expects a condition such as x > 0 \(.*\), got int$"):
        where(1, 2.0, 3.0)


def test_the_number_of_operands() -> None:
    refused(lambda: exp(), "exp() takes 1 operands, got 0")
    refused(lambda: exp(1.0, 2.0), "exp() takes 1 operands, got 2")
    refused(lambda: hypot(Value(1.0)), "hypot() takes 2 operands, got 1")
    refused(lambda: leaky_relu(), "leaky_relu() takes 2 operands, got 0")
    refused(lambda: leaky_relu(1.0, 2.0, 3.0), "leaky_relu() takes 2 operands, got 3")
    v: Any = Value(1.0)
    for attempt in (lambda: v.tanh(2), lambda: v.maximum(), lambda: v.maximum(1, 2), lambda: v.backward(1, 2)):
        with pytest.raises(TypeError):
            attempt()


@pytest.mark.parametrize("function", [exp, relu, sigmoid, leaky_relu])
def test_functions_of_plain_things(function: Any) -> None:
    for text in ("1.5", "a"):
        with pytest.raises(TypeError):
            function(text)
    for thing in (None, 1j, [1.0], {}):
        with pytest.raises(TypeError):
            function(thing)
    refused(lambda: exp("1.5"), f"an operand must be a number, got str '1.5'{CONVERT}")
    refused(lambda: exp(None), "an operand must be a real number or an array, got NoneType")
    remedy = "for several numbers write np.array([...])"
    refused(lambda: exp([1.0]), f"an operand must be a real number or an array, got list; {remedy}")


def test_operators_that_have_no_derivative_here() -> None:
    v: Any = Value(2.0)
    for attempt in (lambda: v @ v, lambda: v & 1):
        with pytest.raises(TypeError):
            attempt()
    for attempt in (lambda: pow(v, 2, 5), lambda: range(v), lambda: [1, 2][v], lambda: v[0], lambda: len(v)):
        with pytest.raises(TypeError):
            attempt()


def test_values() -> None:
    refused(lambda: values("ab"), "values() is made from real numbers, got dtype <U2; convert with .astype(float)")
    refused(
        lambda: values([1j]), "values() is made from real numbers, got dtype complex128; convert with .astype(float)"
    )
    refused(
        lambda: values(np.array(["2020-01-01"], dtype="M8[D]")),
        "values() is made from real numbers, got dtype datetime64[D]; convert with .astype(float)",
    )
    for array in ([Value(1.0)], [[1.0, Value(1.0) * 2]], Value(1.0)):
        refused(
            lambda a=array: values(a),
            "values() is made from real numbers, got an array holding Values; see data(array)",
        )
    refused(lambda: values([1.0, None]), f"a Value must be a real number, got NoneType{MISSING}")
    refused(lambda: values(None), f"a Value must be a real number, got NoneType{MISSING}")
    with pytest.raises(ValueError, match="inhomogeneous"):
        values([[1.0, 2.0], [3.0]])


def test_data_and_grads() -> None:
    refused(lambda: data("12"), f"an element must be a real number, got str '12'{CONVERT}")
    refused(lambda: data([1.0, "2"]), f"an element must be a real number, got str '2'{CONVERT}")
    refused(lambda: data([Value(1.0), None]), f"an element must be a real number, got NoneType{MISSING}")
    refused(lambda: grads([1.0]), "grads() reads arrays of Values, got one holding float")
    refused(lambda: grads(np.zeros(2)), "grads() reads arrays of Values, got one holding float")
    refused(lambda: grads("a"), "grads() reads arrays of Values, got one holding str")


def test_parameter() -> None:
    refused(lambda: parameter(3.0), "a parameter is a Value or a Tensor, got float 3.0; write parameter(Value(number))")


def test_primitive_without_what_it_needs() -> None:
    remedy = "give the derivative too: @primitive(lambda x, out: ...), one for each operand"
    refused(lambda: primitive(), remedy)
    refused(lambda: primitive(3), remedy)
    refused(lambda: primitive(exp), "exp is a primitive already")

    @primitive
    def bare(x: Any) -> Any:
        return x * x

    refused(lambda: bare(Value(2.0)), remedy)

    def half(x: Any, y: Any) -> Any:
        return x * y / 2

    refused(
        lambda: primitive(lambda y: y / 2)(half),
        "half has 2 operands ('x', 'y') and 1 derivatives: give one derivative for each operand",
    )
    refused(
        lambda: primitive(lambda z: z, lambda x: x)(half),
        "a derivative of half asks for ['z']: it may name the operands ('x', 'y') and out",
    )


def test_a_primitive_that_gives_no_number() -> None:
    @primitive(lambda x: x)
    def forgetful(x: Any) -> Any:
        x * x

    refused(lambda: forgetful(Value(2.0)), f"the value of forgetful must be a real number, got NoneType{MISSING}")

    @primitive(lambda x: 1j)
    def turned(x: Any) -> Any:
        return x

    refused(lambda: turned(Value(2.0)), f"a derivative of turned must be a real number, got complex 1j{COMPLEX}")

    @primitive(lambda x: 1, lambda x: 1, lambda x: 1)
    def three(x: Any, y: Any, z: Any) -> Any:
        return x + y + z

    refused(lambda: three(Value(2.0), 1.0, 2.0), "three takes 3 operands; a primitive of scalars takes one or two")


def test_a_number_that_is_not_one_goes_through_and_is_seen() -> None:
    """A NaN among the labels y of a data set is a number: it makes the loss NaN; `detect_anomaly` says where."""
    loss = (Value(2.0) - math.nan) ** 2
    assert math.isnan(loss.data)


@pytest.mark.parametrize("attempt", [lambda v, t: Value(t), lambda v, t: v * t, lambda v, t: t * v, lambda v, t: v > t])
def test_a_span_of_time_is_no_number(attempt: Callable[..., Any]) -> None:
    with pytest.raises(OperandError, match="must be a real number, got timedelta"):
        attempt(Value(2.0), np.timedelta64(2, "s"))
