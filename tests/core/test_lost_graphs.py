"""A graph is never lost without a word, in whatever way Python, numpy and other packages ask a number for a float."""

from __future__ import annotations

import builtins
import copy
import json
import math
import pickle
import statistics
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    AutogradError,
    GraphError,
    GraphWarning,
    OperandError,
    Tensor,
    TraceError,
    Value,
    diagnose,
    grad,
    gradcheck,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)

MATH = [
    "exp", "sin", "cos", "tan", "log", "log2", "log10", "log1p", "expm1", "sqrt", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "fabs", "degrees", "radians", "gamma", "lgamma",
    "floor", "ceil",
]  # fmt: skip
POINTS = {"acosh": 1.5}


def _filled(x: Any) -> Any:
    c = np.zeros(2)
    c[0] = x * x
    return c[0]


def _filled_by_slice(x: Any) -> Any:
    c = np.zeros(2)
    c[:] = x * x
    return c.sum()


def _interpolated(x: Any) -> Any:
    return np.interp(x, [0.0, 1.0], [0.0, 5.0])


LOST: dict[str, tuple[Callable[[Any], Any], str]] = {
    "an assignment": (_filled, "values(np.zeros(n))"),
    "an assignment to a slice": (_filled_by_slice, "values(np.zeros(n))"),
    "math.exp": (lambda x: math.exp(x) * x, "autograd.exp(x)"),
    "math.pow": (lambda x: math.pow(x, 2.0) * x, "x ** y"),
    "math.atan2": (lambda x: math.atan2(x, 2.0) * x, "autograd.arctan2(x, y)"),
    "math.fsum": (lambda x: math.fsum([x, x]) * x, "sum(xs)"),
    "math.hypot": (lambda x: math.hypot(x, 1.0) * x, "autograd.hypot(x, y)"),
    "math.dist": (lambda x: math.dist([x], [0.0]) * x, "norm"),
    "statistics.fmean": (lambda x: statistics.fmean([x, x]) * x, "sum(xs) / len(xs)"),
    "np.interp": (_interpolated, "the two nearest points"),
    "np.float64": (lambda x: np.float64(x) * x, "x as it is"),
    "np.array of floats": (lambda x: np.array([x, x], dtype=float).sum() * x, "np.array(xs) without dtype="),
    "rng.normal": (lambda x: np.random.default_rng(0).normal(x) * x, "mean + deviation"),
    "astype": (lambda x: (x * autograd.values([1.0, 2.0])).astype(float).sum() * x, ""),
    "np.full": (lambda x: np.full(2, x, dtype=float).sum() * x, "graph"),
}
"""What asks for a float by the way; and what the message says to write instead."""


@pytest.mark.parametrize("name", LOST)
def test_values_in_plain_use_are_warned_of_and_assignments_refused(name: str) -> None:
    function, remedy = LOST[name]
    if "assignment" in name:  # numpy may put an error of its own before ours
        with pytest.raises((ValueError, OperandError)) as refused:
            function(Value(0.5))
        message = str(refused.value.__cause__ or refused.value)
    else:
        with pytest.warns(GraphWarning) as caught:
            function(Value(0.5))
        message = str(caught[0].message)
        assert caught[0].filename == __file__
    assert "test_lost_graphs.py:" in message
    assert "derivative would be lost" in message
    assert remedy in message


@pytest.mark.parametrize("transform", [
    lambda f: grad(f)(0.5), lambda f: value_and_grad(f)(0.5), lambda f: jacobian(f)(0.5), lambda f: hessian(f)(0.5),
    lambda f: jvp(f, (0.5,), (1.0,)), lambda f: vjp(f, 0.5), lambda f: hvp(f, 0.5, 1.0),
    lambda f: gradcheck(f, 0.5), lambda f: grad(f)(np.array(0.5)), lambda f: grad(grad(f))(0.5),
    lambda f: grad(lambda x: f(x[0]))(np.array([0.5, 1.0])),
])  # fmt: skip
@pytest.mark.parametrize("name", LOST)
def test_transforms_refuse(name: str, transform: Callable[[Any], Any]) -> None:
    function, _ = LOST[name]
    with pytest.raises((OperandError, TypeError, ValueError)) as caught:
        transform(function)
    if not isinstance(caught.value, AutogradError):  # numpy's own refusal of a Tensor, by its type
        assert "Tensor" in str(caught.value) or "sequence" in str(caught.value)


@pytest.mark.parametrize("name", MATH)
def test_functions_of_pythons_math(name: str) -> None:
    function, x = getattr(math, name), POINTS.get(name, 0.5)
    if name in ("floor", "ceil"):  # whole numbers: there is no derivative to lose
        assert function(Value(x)) == function(x)
        return
    with pytest.warns(GraphWarning):
        assert function(Value(x)) == function(x)
    with pytest.raises(OperandError, match=rf"{name}\(\) makes a plain float of a number that grad\(\)"):
        grad(function)(x)
    with pytest.raises(OperandError):
        grad(function)(np.array(x))


@pytest.mark.parametrize("engine", ["numpy"])
@pytest.mark.parametrize("name", LOST)
def test_compiled_traces_refuse(name: str, engine: Any) -> None:
    function, _ = LOST[name]
    w = Value(0.5, "w")
    with pytest.raises((TraceError, OperandError)) as caught:
        autograd.compile(lambda x: function(w * x), [w], engine=engine)(np.array([1.0]))
    assert "test_lost_graphs.py" in str(caught.value)


def test_diagnose_says_when_a_forward_pass_fills_a_plain_array() -> None:
    """The right gradients are then differences of the loss; none is lost."""

    def loss(params: Any, X: Any, Y: Any) -> Any:
        a = np.zeros((len(X), 2))
        for k in range(2):
            a[:, k] = np.tanh(X @ params["W1"][:, k])
        return 0.5 * ((a @ params["W2"] - Y) ** 2).sum(axis=1).mean()

    def gradients(params: Any, X: Any, Y: Any) -> Any:
        return {name: np.zeros_like(value) for name, value in params.items()}

    rng = np.random.default_rng(0)
    params = {"W1": rng.normal(size=(2, 2)), "W2": rng.normal(size=(2, 1))}
    report = diagnose(loss, params, batch=(rng.normal(size=(5, 2)), rng.normal(size=(5, 1))), gradients=gradients)
    assert not report.ok
    assert report["W1"].verdict == "wrong"
    assert "lose its graph" in " ".join(str(report).split())


SHOWN: dict[str, Callable[[Any], Any]] = {
    "f-string": lambda v: f"{v:.3f}",
    "percent": lambda v: f"{'%.3f'}" % v,
    "format": lambda v: "{:8.2e}".format(v),  # noqa: UP032
    "round": lambda v: builtins.round(v, 2),
    "float": lambda v: float(v),
    "map": lambda v: list(map(float, [v, v])),
    "json": lambda v: json.dumps(float(v)),
    "isnan": lambda v: math.isnan(v),
    "floor": lambda v: math.floor(v),
    "astype": lambda v: np.array([v]).astype(float),
    "complex": lambda v: complex(v),
    "print": lambda v: print(v),
}


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("carrier", [Value, Tensor])
def test_what_is_written_on_purpose_or_shown_needs_no_word(name: str, carrier: Any) -> None:
    if carrier is Tensor and name in ("floor", "astype", "complex"):
        pytest.skip("a Tensor is no single number")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SHOWN[name](carrier(1.5) * 2.0)


@pytest.mark.parametrize("make", [
    lambda: np.ma.masked_array([1.0, 2.0], mask=[True, False]), lambda: np.asmatrix([[1.0, 2.0]]),
])  # fmt: skip
@pytest.mark.parametrize("use", [
    lambda a: Tensor([1.0, 1.0]) * a, lambda a: a * Tensor([1.0, 1.0]), lambda a: Value(1.0) * a,
    lambda a: a * Value(1.0), lambda a: Tensor(a), lambda a: autograd.values(a),
    lambda a: np.exp(Tensor([1.0, 1.0]) + a), lambda a: autograd.where(np.array([True, False]), Tensor([1.0, 1.0]), a),
    lambda a: autograd.concatenate([Tensor([[1.0, 1.0]]), a]), lambda a: Tensor([1.0, 1.0]) @ a.T,
    lambda a: np.maximum(a, Tensor([1.0, 1.0])), lambda a: grad(lambda x: (x * a).sum())(np.array([1.0, 1.0])),
    lambda a: grad(lambda x: x.sum())(a), lambda a: autograd.softmax(a),
    lambda a: np.dot(a, Value(1.0)), lambda a: np.dot(autograd.values([1.0, 1.0]), a.T),
    lambda a: np.concatenate([autograd.values([[1.0, 1.0]]), a]), lambda a: np.concatenate([a, Tensor([[1.0, 1.0]])]),
    lambda a: np.where(a > 1, Tensor([1.0, 1.0]), 0.0), lambda a: autograd.where(a > 1, Value(1.0), 0.0),
    lambda a: autograd.where(a > 1, autograd.values([1.0, 1.0]), 0.0), lambda a: Tensor([1.0, 1.0])[a > 1],
    lambda a: jvp(lambda x: x.sum(), (np.ones(a.shape),), (a,)), lambda a: hvp(np.sum, np.ones(a.shape), a),
    lambda a: Tensor(np.ones(a.shape)).backward(a), lambda a: setattr(Tensor(np.ones(a.shape)), "grad", a),
    lambda a: setattr(Tensor(np.ones(a.shape)), "data", a), lambda a: nn.TensorDataset(a),
])  # fmt: skip
def test_arrays_of_other_classes_are_refused(make: Callable[[], Any], use: Callable[[Any], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        array = make()
        with pytest.raises(OperandError, match="arithmetic of its own"):
            use(array)


def _fast(x: Any) -> Any:
    fast = copy.deepcopy({"w": x, "more": [x, x * x]})
    return fast["w"] * fast["more"][1]


COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy of a dict": _fast,
    "copy of an input": lambda x: copy.copy(x) * x * x,
    "deepcopy of a result": lambda x: copy.deepcopy(x * x * x),
    "deepcopy of an array": lambda x: copy.deepcopy(np.array([x, x]))[1] ** 3,
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("at", [2.0, np.array(2.0)], ids=["number", "array"])
def test_a_copy_of_what_is_differentiated_is_itself(name: str, at: Any) -> None:
    """An inner loop that begins with `fast = copy.deepcopy(params)` has a gradient."""
    f = COPIES[name]
    if "an array" in name and isinstance(at, np.ndarray):
        f = lambda x: copy.deepcopy(x) ** 3  # noqa: E731, of Tensors numpy makes no array
    assert grad(f)(at) == pytest.approx(12.0)
    assert grad(grad(f))(at) == pytest.approx(12.0)
    assert jvp(f, (at,), (1.0,))[1] == pytest.approx(12.0)
    with pytest.raises(GraphError, match="is not pickled"):
        grad(lambda x: pickle.loads(pickle.dumps(x)))(at)
    x = Value(2.0)
    assert copy.copy(x) is not x
    assert copy.deepcopy(x * x).operands[0] is not x


@pytest.mark.parametrize("package", ["pandas", "scipy.sparse"])
def test_tables_and_sparse_matrices_beside_tensors_are_told_as_arrays(package: str) -> None:
    library = pytest.importorskip(package)
    matrix, written = (
        (library.DataFrame(np.eye(2)), r"\.to_numpy\(\)") if package == "pandas"
        else (library.csr_matrix(np.eye(2)), r"\.toarray\(\)")
    )  # fmt: skip
    for attempt in (lambda: matrix @ Tensor([1.0, 2.0]), lambda: Tensor([1.0, 2.0]) @ matrix):
        with pytest.raises(OperandError, match=rf"write \w{written}"):
            attempt()
    with pytest.raises(OperandError, match=rf"write X{written} in the place of X"):
        grad(lambda w: ((matrix @ w) ** 2).sum())(np.ones(2))


@pytest.mark.parametrize("arrays", [False, True])
def test_a_compiled_step_says_that_it_brings_no_gradient_to_its_arguments(arrays: bool) -> None:
    leaf = Tensor([2.0]) if arrays else Value(2.0)
    step = autograd.compile(lambda x: (leaf * x).sum() if arrays else leaf * x, [leaf], engine="numpy")
    for transform in (lambda: grad(step)(np.ones(3)), lambda: grad(lambda x: step(x * 2))(np.ones(3))):
        with pytest.raises(OperandError, match=r"that of the argument x would be lost: differentiate step\.function"):
            transform()
    with pytest.warns(GraphWarning, match="compile both together, or write x.data"):
        assert step(Tensor(np.ones(3)) * 2.0) == pytest.approx(12.0 if arrays else 4.0)
    with autograd.no_grad():
        step(Tensor(np.ones(3)) * 2.0)
    step(Tensor(np.ones(3)))


@pytest.mark.parametrize("make", [Value, lambda number: Tensor([number])])
def test_gradients_are_not_read_into_a_program_nor_numbers_assigned_by_it(make: Any) -> None:
    leaf = make(2.0)

    def assigning(x: Any) -> Any:
        leaf.data = 3.0 if isinstance(leaf, Value) else np.array([3.0])
        return (leaf * x).sum() if isinstance(leaf, Tensor) else leaf * x

    for function in (lambda x: leaf.grad * x * leaf, assigning):
        with pytest.raises(TraceError, match=r"\(\.grad\)|\(an assignment to \.data\)"):
            autograd.compile(function, [leaf], engine="numpy")(np.ones(3))
    assert np.all(leaf.data == 2.0)


@pytest.mark.parametrize("parameters", [Value(1.0), Tensor([1.0]), nn.Neuron(1), 3.0], ids=lambda p: type(p).__name__)
def test_the_parameters_of_a_compiled_step_are_a_list(parameters: Any) -> None:
    with pytest.raises(
        OperandError, match=r"are a list of Values or of Tensors, got \w+ .*; write (\[w\]|model\.param)"
    ):
        autograd.compile(lambda x: x, parameters)


def test_a_step_in_scalars_is_not_copied() -> None:
    step = autograd.compile(lambda x: x * x, engine="numpy")
    step(np.ones(2))
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(OperandError, match=r"compile the function again, or write step\.save"):
            attempt(step)


def test_dropout_is_not_compiled_in_training() -> None:
    dropout, W = nn.Dropout(0.5), Tensor(np.ones(4))
    with pytest.raises(TraceError, match=r"drop the same numbers every time.*model\.eval\(\)"):
        autograd.compile(lambda x: dropout(x * W).sum(), [W])(np.ones(4))
    dropout.eval()
    assert autograd.compile(lambda x: dropout(x * W).sum(), [W])(np.ones(4)) == 4.0


READINGS = [
    (lambda x: x.item() ** 2, 2.0), (lambda x: x.data**2, 2.0), (lambda x: x.data**2, np.array(2.0)),
    (lambda x: x[0].item() ** 2, np.array([2.0])), (lambda x: float(x.numpy().sum()), np.ones(2)),
    (lambda x: Value(3.0) * x.item(), 2.0), (lambda x: autograd.data([x])[0] ** 2, 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x"), READINGS)
def test_a_result_that_only_read_its_argument_is_told(f, x):
    zero = np.zeros_like(x)
    for run in (
        lambda: grad(f)(x), lambda: value_and_grad(f)(x)[1], lambda: jacobian(f)(x), lambda: vjp(f, x)[1](1.0)[0],
        lambda: jvp(f, (x,), (zero + 1.0,))[1] + zero,
    ):  # fmt: skip
        with pytest.warns(GraphWarning, match=r"test_lost_graphs\.py:\d+: .* reads its argument by \.item\(\) or"):
            assert np.array_equal(run(), zero)


def test_a_number_read_for_a_constant_beside_needs_no_word():
    assert grad(lambda x: x.item() * x)(2.0) == 2.0
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert grad(lambda x: x.detach() ** 2)(2.0) == 0.0
    assert grad(lambda x: np.where(np.isnan(x), 0.0, x))(math.nan) == 0.0
    assert grad(lambda x: np.nan_to_num(x) * np.isfinite(x))(math.inf) == 0.0
    assert grad(lambda x: (x * x.data).sum())(np.array([2.0])).tolist() == [2.0]
