"""Arrays of Values: numpy's functions on them keep the conventions that hold for a Tensor and for a single Value."""

from __future__ import annotations

import contextlib
import copy
import functools
import math
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    GraphError,
    GraphWarning,
    OperandError,
    Tensor,
    Value,
    data,
    grad,
    grads,
    hessian,
    jacobian,
    maximum,
    no_grad,
    parameter,
    values,
)
from autograd.value.value_array import ValueArray

Function = Callable[[Any], Any]

AT_AWKWARD_POINTS: dict[str, tuple[Function, list[float]]] = {
    "max": (np.max, [1.0, 2.0, 2.0, 2.0]),
    "min": (np.min, [1.0, 1.0, 2.0, 3.0]),
    "ptp": (np.ptp, [1.0, 1.0, 2.0, 2.0]),
    "max along an axis": (lambda x: np.max(x.reshape(2, 2), axis=0), [1.0, 2.0, 1.0, 0.0]),
    "max of infinities": (np.max, [math.inf, 1.0, math.inf]),
    "maximum.reduce": (np.maximum.reduce, [3.0, 3.0]),
    "maximum": (lambda x: np.maximum(x, 1.0), [0.0, 1.0, 2.0]),
    "minimum": (lambda x: np.minimum(1.0, x), [0.0, 1.0, 2.0]),
    "clip": (lambda x: np.clip(x, 1.0, 2.0), [0.0, 1.0, 1.5, 2.0, 3.0]),
    "clip, one bound": (lambda x: np.clip(x, 1.0, None), [0.0, 1.0, 2.0]),
    "clip, crossed bounds": (lambda x: np.clip(x, 1.0, 0.0), [0.5]),
    "the method clip": (lambda x: x.clip(1.0, 2.0), [0.0, 1.0, 3.0]),
    "std": (np.std, [2.0, 2.0]),
    "std with ddof": (lambda x: np.std(x, ddof=1), [1.0, 2.0, 4.0]),
    "the method std": (lambda x: x.std(), [2.0, 2.0]),
    "norm": (np.linalg.norm, [0.0, 0.0]),
    "norm along an axis": (lambda x: np.linalg.norm(x.reshape(2, 2), axis=1), [0.0, 0.0, 3.0, 4.0]),
    "norm out of range": (lambda x: np.linalg.norm(x.reshape(2, 2), axis=1), [1e200, -1e200, 1e-200, 3e-200]),
    "norm with the axes kept": (lambda x: np.linalg.norm(x.reshape(2, 2), axis=0, keepdims=True), [1e200, 1, 0, 2]),
    "norm beside NaN": (np.linalg.norm, [1.0, math.nan, 3.0]),
    "norm of order 3 beside NaN": (lambda x: np.linalg.norm(x, 3), [1.0, math.nan]),
    "std out of range": (np.std, [1e-200, 2e-200, 0.0]),
    "max beside NaN": (np.max, [1.0, 2.0, math.nan]),
    "min of NaN": (np.min, [math.nan, math.nan]),
    "maximum of NaN": (lambda x: np.maximum(x, 1.0) + np.minimum(2.0, x), [math.nan, 3.0]),
    "our clip without a bound": (lambda x: autograd.clip(x, None, 1.0) + autograd.clip(x, 1.0, None), [0.0, 2.0]),
    "plain first: arctan2": (lambda x: np.arctan2(-1, x) + np.arctan2([1.0, 2.0], x), [1.0, 2.0]),
    "plain first: hypot": (lambda x: np.hypot(np.float32(3), x), [1.0, 2.0]),
    "plain first: fmod": (lambda x: np.fmod(7.5, x), [1.0, 2.0]),
    "divmod": (lambda x: divmod(x, 2)[0] + np.divmod(7.5, x)[1], [1.5, 2.0]),
    "== of arrays, accuracy": (lambda x: np.mean(np.sign(x) == np.sign(x * 2.0)) * x, [1.0, -3.0]),
    "== of arrays, mask": (lambda x: x * (np.maximum(x, 0.0) == x), [1.0, -3.0]),
    "== of arrays, NaN": (lambda x: autograd.where(x == x, x, 0.0), [1.0, math.nan]),
    "!= of arrays": (lambda x: autograd.where(x != x * 1.0, x, 7.0), [1.0, math.nan]),
    "norm of order 1": (lambda x: np.linalg.norm(x, 1), [0.0, -2.0]),
    "norm of order 3": (lambda x: np.linalg.norm(x, 3), [1.0, -2.0]),
    "norm of order inf": (lambda x: np.linalg.norm(x, np.inf), [2.0, -2.0]),
    "logaddexp": (lambda x: np.logaddexp(x, 0.0), [-math.inf, 0.0, 800.0]),
    "logaddexp.reduce": (np.logaddexp.reduce, [1.0, 1.0]),
    "deg2rad": (np.deg2rad, [90.0]),
    "fabs": (np.fabs, [-1.0, 0.0]),
    "sign": (np.sign, [-1.0, 0.0]),
    "floor": (np.floor, [1.5, -1.5]),
    "ceil": (np.ceil, [1.5, -1.5]),
    "float_power": (lambda x: np.float_power(x, 2), [3.0]),
    "sinc": (np.sinc, [0.0, 0.02, 0.5, -1.0]),
    "hypot": (lambda x: np.hypot(x, 0.0), [0.0, math.inf]),
    "our norm": (autograd.norm, [0.0, 0.0]),
    "our std": (autograd.std, [2.0, 2.0]),
    "our max": (autograd.max, [1.0, 2.0, 2.0]),
    "our logsumexp": (autograd.logsumexp, [1.0, 2.0, 2.0]),
    "our logsumexp of nothing": (autograd.logsumexp, [-math.inf, -math.inf]),
    "our log_softmax": (lambda x: autograd.log_softmax(x)[0], [1.0, 2.0, 1000.0]),
    "our softmax": (lambda x: autograd.softmax(x)[0], [1.0, 2.0, 3.0]),
}


def slopes(array: Any, function: Function) -> tuple[Any, Any]:
    out = np.sum(function(array))
    out.backward()
    return out.data, grads(array) if array.dtype == object else array.grad


@pytest.mark.parametrize("name", AT_AWKWARD_POINTS)
def test_values_answer_as_tensors_do(name: str) -> None:
    function, at = AT_AWKWARD_POINTS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours, theirs = slopes(values(at), function), slopes(Tensor(at), function)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-15)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-14)


def test_extremes_take_a_first_number_and_a_mask() -> None:
    x = values([[1.0, 2.0], [3.0, 4.0]])
    (np.max(x, initial=3.5) + np.min(x, where=data(x) > 1.5, initial=9.0)).backward()
    assert grads(x).tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert np.max(x, axis=1, initial=2.5).tolist() == [2.5, 4.0]


def test_arrays_compare_numbers_and_single_values_identity() -> None:
    x = values([1.0, 2.0])
    assert list(x == x.copy()) == list(x == values([1.0, 2.0])) == list(x == [1.0, 2.0]) == [True, True]
    assert list(x != values([1.0, 3.0])) == [False, True]
    assert list(x[0] == x) == list(x == Value(1.0)) == [True, False]
    assert x[0] != Value(1.0)
    assert not np.any(x == None)  # noqa: E711
    assert not np.any(x == "text")


def test_transforms_give_a_function_arrays_of_values_as_they_were() -> None:
    assert list(grad(np.max)(values([1.0, 1.0]))) == [0.5, 0.5]
    assert list(grad(np.std)(values([1.0, 1.0]))) == [0.0, 0.0]


@pytest.mark.parametrize("function", [np.std, np.linalg.norm, np.sinc, lambda x: np.maximum(x, 0.0), np.fabs])
def test_a_single_value_answers_as_an_array_without_axes(function: Function) -> None:
    found = grad(function)(0.0)
    assert found == grad(function)(np.array(0.0))
    assert found in (0.0, 0.5)


@pytest.mark.parametrize("name", ["expit", "log_expit", "erf", "erfc", "logit", "entr", "xlogy", "xlog1py", "ndtr"])
def test_functions_of_scipy(name: str) -> None:
    function = getattr(pytest.importorskip("scipy.special"), name)
    at = [0.3, 0.6]
    arguments = [1.5] if function.nin == 2 else []
    ours = slopes(values(at), lambda x: function(x, *arguments))
    theirs = slopes(Tensor(at), lambda x: function(x, *arguments))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-15)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-14)
    np.testing.assert_allclose(ours[0], function(at, *arguments).sum(), rtol=1e-13)


def test_what_tells_something_about_numbers() -> None:
    x = values([1.0, math.nan, -math.inf])
    for function in (np.isnan, np.isfinite, np.isinf, np.signbit, np.isneginf):
        found = function(x)
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, function(data(x)))
    assert np.allclose(values([1.0]), [1.0])
    np.testing.assert_array_equal(np.histogram(values([1.0, 2.0, 2.0]))[0], np.histogram([1.0, 2.0, 2.0])[0])


def test_the_slope_of_sinc_at_zero_and_beside_it() -> None:
    mpmath = pytest.importorskip("mpmath")
    for x in (0.0, 1e-9, 0.01, 0.0318, 0.0319, 0.3, 2.5):
        wanted = [float(mpmath.diff(lambda t: mpmath.sincpi(t), x, n)) for n in (0, 1, 2)]
        found = [float(np.sinc(x)), grad(np.sinc)(x), grad(grad(np.sinc))(x)]
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-14)
        assert hessian(lambda t: np.sum(np.sinc(t)))(np.array([x]))[0, 0] == pytest.approx(found[2], rel=1e-12)


def test_what_numpy_makes_of_it_is_one_again() -> None:
    x = values([[1.0, 2.0], [3.0, 4.0]])
    for array in (
        x.T,
        x[0],
        x + 1,
        2 * x,
        x @ x,
        np.exp(x),
        np.stack([x, x]),
        np.where(data(x) > 1, x, 0.0),
        -x,
        x.copy(),
    ):
        assert type(array) is type(x)
    for array in (x == 1.0, x > 1.0, np.isnan(x), data(x), grads(x)):
        assert type(array) is np.ndarray
    assert repr(values([1.0])) == "array([Value(1.0, grad=0.0)], dtype=object)"
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(twin) is type(x)
        np.testing.assert_array_equal(data(twin), data(x))
    assert np.exp(np.where([True, False], values([0.0, 0.0]), 0.0))[1] == 1.0, "a plain number among the Values"


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_arrays_with_an_arithmetic_of_their_own_are_refused() -> None:
    x, masked = values([1.0, 2.0]), np.ma.masked_array([1.0, 2.0], [False, True])
    for attempt in (lambda: x * masked, lambda: masked * x, lambda: np.add(masked, x), lambda: x @ masked):
        with pytest.raises(OperandError, match="MaskedArray has an arithmetic of its own"):
            attempt()
    with pytest.raises(OperandError, match="matrix has an arithmetic of its own"):
        x * np.matrix([1.0, 2.0])
    with pytest.raises(OperandError, match="do not mix"):
        x * Tensor([1.0, 2.0])


def test_what_numpys_own_methods_make_of_it_is_one_again() -> None:
    x = values([[1.0, 1.0], [0.0, 2.0]])
    for array in (np.eye(2).dot(x), np.ones(2).dot(x), x.dot(np.eye(2)), np.zeros_like(x)):
        assert type(array) is type(x)
    for plain in (np.zeros_like(x, dtype=float), np.ones_like(x, dtype=bool)):
        assert type(plain) is np.ndarray
    typed = np.zeros(2).view(type(x))  # a masked array, or matplotlib, makes such
    assert np.isfinite(typed).all()
    assert list(typed.argsort()) == [0, 1]
    assert list(np.logical_and(x, 1.0).ravel()) == [True, True, False, True]
    assert (np.any(x), np.all(x), np.all(x, axis=1).tolist()) == (True, False, [True, False])
    assert (np.any(Value(2.0)), np.all(Value(0.0)), np.logical_not(Value(0.0))) == (True, False, True)


@pytest.mark.parametrize("nothing_recorded", [True, False])
def test_elements_in_a_row_are_assigned_to_by_the_same_rules(nothing_recorded: bool) -> None:
    W = values([[1.0, 2.0], [3.0, 4.0]], label="W")
    before = [parameter(each) if nothing_recorded else each for each in W.flat]
    with no_grad() if nothing_recorded else contextlib.nullcontext():
        W.flat[0] = 5.0
        W.flat[2:] = 2.0
        W.put([1], 7.0)
        W.flat = [each.item() for each in W.flat]
    assert list(data(W).ravel()) == [5.0, 7.0, 2.0, 2.0]
    assert [one is other for one, other in zip(W.flat, before, strict=True)] == [nothing_recorded] * 4
    with pytest.raises(ValueError, match="read-only"):
        values(np.ones((2, 2))).T.flat[0] = 1.0


def test_what_only_a_single_value_has() -> None:
    x = values([1.0, 2.0])
    for name, instead in (("grad", r"grads\(array\)"), ("backward", r"\.sum\(\)"), ("zero_grad", "v.grad = 0.0")):
        assert not hasattr(x, name)
        with pytest.raises(AttributeError, match=f"an array of Values has no {name}: .*{instead}"):
            getattr(x, name)


@pytest.mark.parametrize("make", [values, Tensor])
def test_a_histogram_is_told_of_numbers_but_not_by_recorded_weights(make: Any) -> None:
    x = make([1.0, 2.0, 2.0])
    for function, arguments in ((np.histogram2d, (x, x)), (np.histogramdd, ((x, x),)), (np.histogram, (x,))):
        assert function(*arguments)[0].sum() == 3.0
    with pytest.raises(OperandError, match=r"np\.histogram with weights= of a"):
        np.histogram([1.0, 2.0, 2.0], weights=x)
    found = np.atleast_2d(x, x[0])
    assert [each.shape for each in found] == [(1, 3), (1, 1)]


def test_what_numpy_would_lose_is_refused() -> None:
    x = values([1.5, -1.5])
    for function in (
        np.trunc, np.unique, np.cov, np.fft.fft, lambda x: np.fmax(x, 1.0), np.maximum.accumulate,
        functools.partial(np.gcd, 2), functools.partial(np.lcm, 2),
    ):  # fmt: skip
        name = getattr(getattr(function, "func", function), "__name__", "fmax").replace("<lambda>", "fmax")
        with pytest.raises(OperandError, match=rf"{name}\S* of a Value is not differentiated"):
            function(x)
    for axis in (3, -2, (0, 0, 7)):
        for function in (np.max, np.std, np.linalg.norm):
            with pytest.raises(ValueError, match="axis"):
                function(x, axis=axis)


@pytest.mark.parametrize("one", [Value(2.0), Tensor([2.0]), values([2.0])], ids=["Value", "Tensor", "values"])
def test_a_number_that_is_no_float(one: Any) -> None:
    huge = 10**400
    for attempt in (
        lambda: one * huge, lambda: huge * one, lambda: one + huge, lambda: huge - one, lambda: one / huge,
        lambda: one**huge, lambda: huge**one, lambda: maximum(one, huge),
    ):  # fmt: skip
        with pytest.raises(OperandError, match=r"which ends at 1\.8e308"):
            attempt()


OURS: dict[str, Function] = {
    "broadcast_to": lambda x: autograd.broadcast_to(x, (3, 2)),
    "concatenate": lambda x: autograd.concatenate([x, x]),
    "flip": autograd.flip,
    "getitem": lambda x: autograd.split(x, 2)[0],
    "of a list": lambda x: autograd.stack(list(x)),
    "outer": lambda x: autograd.outer(x, x),
    "pad": lambda x: autograd.pad(x, 1),
    "repeat": lambda x: autograd.repeat(x, 2),
    "reshape": lambda x: autograd.reshape(x, (1, 2)),
    "roll": lambda x: autograd.roll(x, 1),
    "sort": autograd.sort,
    "stack": lambda x: autograd.stack([x, x]),
    "take": lambda x: autograd.take(x, [0]),
    "tile": lambda x: autograd.tile(x, 2),
    "transpose": autograd.transpose,
    "tril": lambda x: autograd.tril(autograd.stack([x, x])),
    "diff": autograd.diff,
    "cumsum": autograd.cumsum,
}


@pytest.mark.parametrize("name", OURS)
def test_what_our_functions_make_of_it_is_one_again(name: str) -> None:
    x = values([1.0, 1.0])
    found = OURS[name](x)
    assert type(found) is type(x)
    assert all(isinstance(each, Value) for each in found.flat)
    tensor = Tensor([1.0, 1.0])
    np.max(found).backward()
    np.max(OURS[name](tensor)).backward()
    np.testing.assert_allclose(grads(x), tensor.grad, rtol=1e-15)


def test_a_single_number_is_a_value() -> None:
    x, W = Value(2.0), values([0.0, 0.0])
    for found, number in (
        (np.clip(x, 0.0, 1.0), 1.0),
        (np.where(x > 0, x * x, 0.0), 4.0),
        (np.where(W > 0, W, 0.0).sum(), 0.0),
        (W[W > 5].sum(), 0.0),
        (values(np.zeros(0)).prod(), 1.0),
        (autograd.norm(W), 0.0),
        (autograd.inner(W, W), 0.0),
        (autograd.std([x, x]), 0.0),
    ):
        assert isinstance(found, Value)
        assert found.data == number
        found.backward()
    assert (np.count_nonzero(W), np.size(W), W.any()) == (0, 2, False)


NAN_FUNCTIONS = [
    "nansum", "nanmean", "nanmax", "nanmin", "nanprod", "nanmedian", "nanstd", "nanvar", "nancumsum", "nancumprod",
    "sort", "argsort", "argmax", "argmin", "nanargmax", "nanargmin", "nan_to_num", "isnan",
]  # fmt: skip


@pytest.mark.parametrize("name", NAN_FUNCTIONS)
def test_nan_is_where_numpy_has_it(name: str) -> None:
    function = getattr(np, name)
    for at in ([1.0, math.nan, 3.0, 2.0], [2.0, 1.0, 1.0]):
        found = function(values(at))
        found = data(found) if isinstance(found, Value) or found.dtype == object else found
        np.testing.assert_allclose(found, function(np.array(at)), rtol=1e-15)
    for method in ("argmax", "argmin", "argsort"):
        np.testing.assert_array_equal(getattr(values(at), method)(), getattr(np, method)(values(at)))


def test_nan_that_would_get_lost_is_refused() -> None:
    x = values([[1.0, math.nan], [2.0, 3.0]])
    np.testing.assert_array_equal(data(np.nansum(x, axis=1)), [1.0, 5.0])
    for attempt in (lambda: np.nanmax(x, axis=1), lambda: np.median(x), lambda: np.percentile(x, 50)):
        with pytest.raises(OperandError, match=r"~np\.isnan\("):
            attempt()
    assert np.nanmax(x).data == 3.0


# -------------------------------------------------------------------------------------- steps that stay in the graph


def test_a_tensor_is_no_element_of_an_array_of_values() -> None:
    def of_values(b: Any) -> Any:
        c = values(np.zeros(2))
        c[0] = b[0] * b[0]
        return c

    def of_objects(b: Any) -> Any:
        c = np.zeros(2, dtype=object)
        c[0] = b[0] * b[0]
        return c

    def of_zeros(b: Any) -> Any:
        c = np.zeros(2)
        c[0] = b[0] * b[0]
        return c

    b = np.array([1.0, 2.0])
    for function in (of_values, of_zeros):
        with pytest.raises(OperandError, match=r"join the \w+ with stack\(\[\.\.\.\]\)") as told:
            jacobian(function)(b)
        assert "values(np.zeros" not in str(told.value)
    np.testing.assert_array_equal(jacobian(lambda b: autograd.stack([b[0] * b[0], 0.0]))(b), [[2.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(jacobian(of_objects)(b), [[2.0, 0.0], [0.0, 0.0]])
    with pytest.raises(OperandError, match=r"values\(np\.zeros\(n\)\)"):
        of_zeros(values(b))
    x = values(b)
    of_values(x).sum().backward()
    assert list(grads(x)) == [2.0, 0.0]


def test_numbers_that_are_assigned_are_leaves() -> None:
    W = values(np.zeros(3))
    W[0] = 1.0
    W[1:] = 2.0
    (W @ W).backward()
    assert list(grads(W)) == [2.0, 4.0, 4.0]
    np.copyto(W, 3.0, where=[True, False, False])
    np.put(W, [1], 3.0)
    assert all(isinstance(each, Value) for each in W)
    assert list(data(W)) == [3.0, 3.0, 2.0]
    W.fill(1.0)
    assert len(set(W)) == 3
    for thing in (None, "1", 1j):
        with pytest.raises(OperandError, match="must be a real number"):
            W[0] = thing


def test_assignment_moves_the_values_where_nothing_is_recorded() -> None:
    W = values([1.0, 2.0], label="W")
    before = [parameter(each) for each in W]
    (W @ W).backward()
    with pytest.raises(GraphError, match=r"under no_grad\(\)"):
        W[0] = W[0] * 2
    with no_grad():
        W[0] -= 0.5
        W[:] = W - 0.1 * grads(W)
    assert all(one is other for one, other in zip(W, before, strict=True))
    np.testing.assert_allclose(data(W), [0.3, 1.6])
    W[0] = parameter(Value(5.0))
    assert W[0] is not before[0]


def test_results_have_no_place_in_plain_numbers() -> None:
    x, mask = values([1.0, 2.0]), np.array([True, False])
    for operand in (x, x[0]):
        acc = np.zeros(2)
        with pytest.raises(OperandError, match=r"write acc = acc \+ v, or make it with values\(np.zeros\(n\)\)"):
            acc += operand
    with pytest.raises(OperandError, match="write acc = acc"):
        np.clip(x, 0.0, 1.0, out=np.zeros(2))
    assert not np.any(np.isnan(x, where=mask, out=np.zeros(2, bool)))
    acc = values(np.zeros(2))
    acc += x
    assert list(data(acc)) == [1.0, 2.0]
    for attempt in (lambda: np.exp(x, where=mask), lambda: np.sum(x, where=mask)):
        with pytest.raises(OperandError, match=r"with where= of a Value .* np.where\(mask"):
            attempt()
    np.add(x, 1.0, out=acc, where=mask)
    assert list(data(acc)) == [2.0, 2.0]


def test_parameters_are_moved_in_place_only_where_nothing_is_recorded() -> None:
    W = values([1.0, 2.0], label="W")
    for each in W:
        parameter(each)
    before = list(W)
    (W @ W).backward()
    with pytest.raises(GraphError, match=r"with no_grad\(\): W -= \.\.\."):
        W -= 0.1 * grads(W)
    with pytest.raises(GraphError, match=r"with no_grad\(\): W -= \.\.\."):
        np.add.at(W, [0], 1.0)
    assert (list(W), list(data(W))) == (before, [1.0, 2.0])
    with no_grad():
        W -= 0.1 * grads(W)
    assert list(W) == before, "the same Values"
    assert (list(data(W)), W[0].label, W[0].kind) == ([0.8, 1.6], "W[0]", "parameter")


def test_inputs_are_computed_with_in_place() -> None:
    x = values([1.0, 2.0])
    y = x.copy()
    y *= 2
    (y @ y).backward()
    assert list(data(x)) == [1.0, 2.0]
    assert list(grads(x)) == [8.0, 16.0]


@pytest.mark.parametrize("make", [Value, Tensor, lambda number: Tensor([number])])
def test_a_training_that_hangs_each_step_on_the_graph_is_told_so_once(make: Any) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        w = make(2.0)
        for _ in range(30):
            (w * w).backward()
            w = w - 0.01 * w.grad
    assert [each.category for each in told].count(GraphWarning) == 1
    assert "write w.data -= rate * w.grad, or make a new leaf" in "".join(str(each.message) for each in told)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        W = values([2.0, 1.0])
        for _ in range(30):
            (W @ W).backward()
            W -= 0.01 * grads(W)
    assert [each.category for each in told].count(GraphWarning) == 1


def test_a_sum_of_many_plain_numbers_is_no_training() -> None:
    x = Value(2.0)
    t = x
    for _ in range(30):
        t = t + 0.1
        (t * t).backward()
        assert t.grad == 2 * t.data
    w = Value(2.0)
    for _ in range(30):
        (w * w).backward()
        w.data -= 0.1 * w.grad
        w.grad = 0.0


def test_plots_take_arrays_of_values_or_say_what_to_write() -> None:
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    _, axes = plt.subplots()
    x, image = values([1.0, 2.0, 2.0]), values([[1.0, 2.0], [3.0, 4.0]])
    assert list(axes.hist(x)[0]) == list(axes.hist(data(x))[0])
    axes.plot(x)
    axes.scatter([1, 2, 3], x)
    axes.boxplot(x)
    axes.fill_between(x, x)
    axes.stem(x, x)
    axes.stackplot(x, x)
    axes.annotate("here", (x[0], x[1]))
    axes.text(x[0], x[1], "here")
    axes.figure.canvas.draw()
    for draw in (axes.imshow, axes.contourf, axes.pcolormesh):
        with pytest.raises(GraphError, match=r"write data\(array\)"):
            draw(image)
        draw(Tensor(data(image)))
    plt.close()


def test_hypot_and_arctan2_at_the_origin_and_at_infinity_have_slopes_of_all_orders() -> None:
    for function in (autograd.hypot, autograd.arctan2):
        for point in [
            (0.0, 0.0),
            (0.0, math.inf),
            (math.inf, 0.0),
            (1.0, math.inf),
            (math.inf, math.inf),
            (-math.inf, 1.0),
        ]:
            of_array = hessian(lambda x, f=function: f(x[0], x[1]))(np.array(point))
            np.testing.assert_array_equal(of_array, np.zeros((2, 2)), err_msg=f"{function} at {point}")
            for i in (0, 1):
                first = grad(function, argnums=i)(*point)
                assert math.isfinite(first)
                for j in (0, 1):
                    assert grad(grad(function, argnums=i), argnums=j)(*point) == 0.0


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: np.dot(values([]), []), lambda: np.vdot(values([]), []), lambda: np.inner([], values([])),
        lambda: np.einsum("i,i", values([]), np.zeros(0)), lambda: (np.array([]) * Value(1.0)).sum(),
        lambda: values([]) @ np.zeros(0), lambda: values([]).sum(),
    ],
)  # fmt: skip
def test_a_sum_of_nothing_is_a_value_too(nothing):
    assert isinstance(nothing(), Value)
    nothing().backward()


def test_a_plain_array_and_a_single_value_make_an_array_of_values():
    v = Value(2.0)
    for made in (np.array([1.0, 2.0]) * v, v * np.array([1.0, 2.0]), np.add.outer([1.0, 2.0], v)):
        assert isinstance(made, ValueArray)
    np.maximum(np.array([1.0, 2.0]) * v, 2 * v).sum().backward()  # the second is a tie
    assert v.grad == 4.0


@pytest.mark.parametrize("subscripts", ["i,i,i", "i,j,i->j", "i,j,k->ik"])
@pytest.mark.parametrize("made", [Tensor, values])
def test_sums_of_products_of_three(subscripts, made):
    numbers = np.array([1.5, -0.5, 0.25])
    x = made(numbers)
    wanted = np.einsum(subscripts, numbers, numbers, numbers)
    for found in (
        autograd.einsum(subscripts, x, x, x), np.einsum(subscripts, x, x, x, optimize=True),
        np.einsum(subscripts, x, numbers, numbers, optimize=True),
    ):  # fmt: skip
        np.testing.assert_allclose(found.data if made is Tensor else autograd.data(found), wanted)
