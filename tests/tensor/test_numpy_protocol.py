"""numpy's own list of functions, walked: each is differentiated, gives a plain result, or says what to use instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import OperandError, Tensor, Value, grads, ufuncs, values
from autograd.tensor.numpy_protocol import FUNCTIONS, INSTEAD, PLAIN_FUNCTIONS, PLAIN_UFUNCS, UFUNCS, name_of

overrides = pytest.importorskip("numpy.testing.overrides")  # numpy 1.25

ALL_UFUNCS = {ufunc.__name__: ufunc for ufunc in sorted(overrides.get_overridable_numpy_ufuncs(), key=name_of)}
ALL_FUNCTIONS = {name_of(f): f for f in sorted(overrides.get_overridable_numpy_array_functions(), key=name_of)}
X = np.array([[0.3, 1.1, 0.6], [0.9, 0.2, 0.7], [0.5, 0.8, 0.4]])
U = np.array([0.35, 0.85, 0.55])

# How each differentiated function is called, where f(x) alone will not do.
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "append": lambda f, x: f(x, np.ones(2)),
    "array_split": lambda f, x: f(x, 2)[1],
    "average": lambda f, x: f(x, weights=U, axis=1),
    "broadcast_arrays": lambda f, x: f(x, np.ones((2, 1, 1)))[0],
    "broadcast_to": lambda f, x: f(x, (2, 3, 3)),
    "clip": lambda f, x: f(x, 0.35, a_max=0.95),
    "column_stack": lambda f, x: f([x, x]),
    "concatenate": lambda f, x: f((x, np.ones((1, 3)), x), axis=0),
    "dot": lambda f, x: f(x, U),
    "dsplit": lambda f, x: f(x[:, :, None], 1)[0],
    "einsum": lambda f, x: f("ij,jk->k", x, X),
    "expand_dims": lambda f, x: f(x, axis=0),
    "hsplit": lambda f, x: f(x, 3)[1],
    "hstack": lambda f, x: f([x, X]),
    "inner": lambda f, x: f(x, U),
    "astype": lambda f, x: f(x, np.float64),
    "linalg.matmul": lambda f, x: f(x, X),
    "linalg.multi_dot": lambda f, x: f([X, x, X]),
    "linalg.outer": lambda f, x: f(x[0], U),
    "linalg.tensordot": lambda f, x: f(x, X, axes=1),
    "linalg.vecdot": lambda f, x: f(x, U),
    "matmul": lambda f, x: f(x, X),
    "matvec": lambda f, x: f(X, x),
    "moveaxis": lambda f, x: f(x, 0, 1),
    "outer": lambda f, x: f(x, U),
    "pad": lambda f, x: f(x, 1),
    "repeat": lambda f, x: f(x, 2, axis=1),
    "reshape": lambda f, x: f(x, (1, 9)),
    "roll": lambda f, x: f(x, 1),
    "split": lambda f, x: f(x, 3)[0],
    "select": lambda f, x: f([X > 0.6, X > 0.3], [x, 2.0], x * x),
    "stack": lambda f, x: f([x, x], axis=2),
    "swapaxes": lambda f, x: f(x, 0, 1),
    "take": lambda f, x: f(x, [0, 2, 2], axis=1),
    "take_along_axis": lambda f, x: f(x, np.array([[0], [1], [1]]), axis=1),
    "tensordot": lambda f, x: f(x, X),
    "tile": lambda f, x: f(x, 2),
    "unstack": lambda f, x: f(x)[2],
    "vdot": lambda f, x: f(x, X),
    "vecdot": lambda f, x: f(x, U),
    "vecmat": lambda f, x: f(x, X),
    "vsplit": lambda f, x: f(x, 3)[0],
    "vstack": lambda f, x: f([X, x]),
    "where": lambda f, x: f(X > 0.5, x, 2.0),
    "arccosh": lambda f, x: f(x + 1.0),
    **dict.fromkeys(("arccos", "arcsin", "arctanh"), lambda f, x: f(0.8 * x)),
}
PLAIN_CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "histogram2d": lambda f, x: f(x.reshape(-1), x.reshape(-1))[0],
    "histogramdd": lambda f, x: f(x)[0],
    **dict.fromkeys(("allclose", "array_equal", "array_equiv", "isclose", "isin"),
                    lambda f, x: f(x, X)),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), lambda f, x: f(x, X)),
    **dict.fromkeys(("equal", "greater", "greater_equal", "less", "less_equal", "not_equal"), lambda f, x: f(0.5, x)),
    "argpartition": lambda f, x: f(x, 1),
    "can_cast": lambda f, x: f(x, np.float64),
    "digitize": lambda f, x: f(x, np.array([0.2, 0.6])),
    **dict.fromkeys(("may_share_memory", "shares_memory"), lambda f, x: f(x, U)),
    "lexsort": lambda f, x: f((x[0], x[1])),
    "searchsorted": lambda f, x: f(U.cumsum(), x[0]),
}  # fmt: skip


def applied(name: str, function: Any, x: Any) -> Any:
    if name == "divmod":  # a pair
        return sum(function(x, U))
    binary = isinstance(function, np.ufunc) and function.nin == 2
    return CALLS.get(name, (lambda f, x: f(x, U)) if binary else (lambda f, x: f(x)))(function, x)


DIFFERENTIATED = {
    **{("ufunc", n): u for n, u in ALL_UFUNCS.items() if n in UFUNCS and n != "clip"},
    **{("function", n): f for n, f in ALL_FUNCTIONS.items() if n in FUNCTIONS},
}


@pytest.mark.parametrize(("kind", "name"), list(DIFFERENTIATED), ids=str)
def test_differentiated(kind: str, name: str) -> None:
    function = DIFFERENTIATED[kind, name]
    if getattr(function, "__name__", "") == "unstack" and not hasattr(np, "unstack"):
        pytest.skip("this numpy has no unstack")
    t = Tensor(X)
    out = applied(name, function, t)
    assert isinstance(out, Tensor)
    want = np.asarray(applied(name, function, X))
    np.testing.assert_allclose(out.data, want, rtol=1e-13)
    weights = np.cos(np.arange(want.size)).reshape(want.shape)
    out.backward(weights)
    slopes = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = 1e-6
        above, below = (np.sum(weights * applied(name, function, X + s * step)) for s in (1, -1))
        slopes[place] = (above - below) / 2e-6
    np.testing.assert_allclose(t.grad, slopes, rtol=1e-6, atol=1e-7)


PLAIN = {
    **{n: u for n, u in ALL_UFUNCS.items() if n in PLAIN_UFUNCS},
    **{n: f for n, f in ALL_FUNCTIONS.items() if n in PLAIN_FUNCTIONS},
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain(name: str) -> None:
    call = PLAIN_CALLS.get(name, lambda f, x: f(x))
    got, want = call(PLAIN[name], Tensor(X)), call(PLAIN[name], X)
    assert type(got) is type(want)
    if name != "empty_like":
        np.testing.assert_equal(got, want)


REFUSED = {
    **{("ufunc", n): u for n, u in ALL_UFUNCS.items() if n not in UFUNCS and n not in PLAIN_UFUNCS},
    **{("function", n): f for n, f in ALL_FUNCTIONS.items() if n not in FUNCTIONS and n not in PLAIN_FUNCTIONS},
}


@pytest.mark.parametrize(("kind", "name"), list(REFUSED), ids=str)
def test_refused_with_a_remedy(kind: str, name: str) -> None:
    function, t = REFUSED[kind, name], Tensor(X)
    call = (
        (lambda: function(*[t] * function.nin))
        if kind == "ufunc"
        else (lambda: t.__array_function__(function, (Tensor,), (t,), {}))
    )
    with pytest.raises(TypeError) as caught:
        call()
    text = str(caught.value)
    assert "use " in text
    assert "t.data" in text or name in {**INSTEAD, **ufuncs.INSTEAD}


def test_all_of_numpy_is_classified() -> None:
    counts = len(DIFFERENTIATED), len(PLAIN), len(REFUSED)
    assert sum(counts) >= 300
    assert sum(counts) == len(ALL_UFUNCS) - ("clip" in ALL_UFUNCS) + len(ALL_FUNCTIONS)
    assert counts[0] >= 100
    assert not set(INSTEAD) & {*UFUNCS, *FUNCTIONS, *PLAIN_UFUNCS, *PLAIN_FUNCTIONS}


def test_remedies_name_what_there_is() -> None:
    named = {name for text in INSTEAD.values() for name in re.findall(r"(?<![.\w])(\w+)\(", text)}
    assert {"where", "concatenate", "sort"} <= named
    for name in named:
        assert hasattr(autograd, name) or hasattr(Tensor, name) or name in FUNCTIONS


# ---------------------------------------------------------------------------------- the other ways in


def test_reductions_of_ufuncs() -> None:
    t = Tensor(X)
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum, np.logaddexp):
        for options in ({}, {"axis": 1}, {"axis": None}, {"axis": 1, "keepdims": True}):
            got = ufunc.reduce(t, **options)
            assert isinstance(got, Tensor)
            np.testing.assert_allclose(got.data, ufunc.reduce(X, **options), rtol=1e-14)
    np.testing.assert_allclose(np.add.accumulate(t, axis=1).data, np.add.accumulate(X, axis=1))
    np.testing.assert_allclose(np.multiply.outer(U, t).data, np.multiply.outer(U, X))
    assert np.logical_and.reduce(t > 0, axis=None)
    for refused in (lambda: np.add.at(X.copy(), 0, t), lambda: np.add.reduceat(t, [0]), lambda: np.divide.reduce(t)):
        with pytest.raises(OperandError, match="is not differentiated"):
            refused()


def test_arrays_on_the_left() -> None:
    t = Tensor(X)
    for got, want in [
        (X + t, X + X), (2 * t, 2 * X), (np.float64(2) ** t, 2.0**X), (X @ t, X @ X), (U @ t, U @ X),
        (np.float32(1) / t, 1 / X), ([1.0, 2.0, 3.0] * t, np.array([1.0, 2.0, 3.0]) * X), (np.int64(3) - t, 3 - X),
    ]:  # fmt: skip
        assert isinstance(got, Tensor)
        np.testing.assert_allclose(got.data, want, rtol=1e-14)
    assert np.greater(U, t).tolist() == (t < U).tolist()
    assert type(t == U) is np.ndarray


def test_nothing_is_written_into() -> None:
    t = Tensor(X)
    for attempt in (
        lambda: np.exp(t, out=X.copy()),
        lambda: np.exp(X, out=t),
        lambda: np.sum(t, out=np.zeros(())),
        lambda: np.isnan(X, out=t),
        lambda: X.copy().__iadd__(t),
    ):
        with pytest.raises(OperandError, match="out= is not differentiated: a Tensor is never written into"):
            attempt()
    with pytest.raises(OperandError, match=r"with where= is not differentiated: select with where"):
        np.sum(t, where=X > 0.5)
    with pytest.raises(OperandError, match=r"with dtype= is not differentiated: use \.astype"):
        np.mean(t, dtype=np.float32)


def test_in_place_operators_make_a_new_tensor() -> None:
    t = first = Tensor([1.0, 2.0])
    t += 1.0
    t *= first
    assert t is not first
    t.sum().backward()
    assert first.grad.tolist() == [3.0, 5.0]


@pytest.mark.parametrize(
    "attempt",
    [
        np.asarray,
        lambda t: np.array(t, dtype=object),
        lambda t: np.array([t[0], t[1]]),
        lambda t: np.array([t[0, 0], 1.0]),
        lambda t: np.full(2, t[0, 0]),
        lambda t: np.sum([t[0], t[1]]),
        lambda t: np.zeros(3).__setitem__(0, t[0]),
    ],
)
def test_never_an_array_of_objects(attempt: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"would lose its graph|setting an array element"):
        attempt(Tensor(X))


def test_values_and_tensors_do_not_mix() -> None:
    for mixed in (
        lambda: Tensor(X) * Value(1.0),
        lambda: Value(1.0) * Tensor(X),
        lambda: np.add(Tensor(X), Value(1.0)),
    ):
        with pytest.raises(OperandError, match="do not mix"):
            mixed()


def test_numpys_arguments_by_name_and_position() -> None:
    t = Tensor(X)
    assert np.sum(a=t, axis=0).shape == (3,)
    assert np.sum(t, 0, None, None, True).shape == (1, 3)
    assert np.mean(t, axis=(0, 1), keepdims=True).shape == (1, 1)
    assert np.transpose(t[None], axes=(1, 0, 2)).shape == (3, 1, 3)
    assert np.squeeze(t[None], axis=0).shape == (3, 3)
    assert np.std(t, ddof=1, axis=1).shape == (3,)
    assert np.linalg.norm(t, None, 1).shape == (3,)
    assert np.concatenate((t, t), axis=None).shape == (18,)


@pytest.mark.parametrize("made", [Tensor, values])
def test_choices_by_conditions_and_numbers_in_the_place_of_nan(made):
    x = made([1.5, -0.5, 0.25])
    found = np.select([x > 1, x > 0], [x, 2 * x], x * x)
    np.testing.assert_array_equal([each.item() for each in found], [1.5, 0.25, 0.5])
    found.sum().backward()
    assert [float(g) for g in (x.grad if made is Tensor else grads(x))] == [1.0, -1.0, 2.0]
    y = made([1.0, np.nan, np.inf, -np.inf])
    bounded = np.nan_to_num(y, nan=3.0, posinf=7.0)
    np.testing.assert_array_equal([each.item() for each in bounded], [1.0, 3.0, 7.0, -np.finfo(float).max])
    bounded.sum().backward()
    assert [float(g) for g in (y.grad if made is Tensor else grads(y))] == [1.0, 0.0, 0.0, 0.0]
