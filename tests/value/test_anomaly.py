"""detect_anomaly: the first NaN or infinity, forward or backward, with the op and the line of the user's code."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    AnomalyError,
    Tensor,
    Value,
    ceil,
    compile,
    detect_anomaly,
    grad,
    jvp,
    no_grad,
    parameter,
    primitive,
    sqrt,
    values,
    where,
)
from autograd.core import table as rules


def message(attempt: Callable[[], Any]) -> str:
    with pytest.raises(AnomalyError) as caught:
        attempt()
    assert isinstance(caught.value, FloatingPointError)
    return str(caught.value)


def here(offset: int) -> str:
    """`test_anomaly.py:<line>`, so many lines below the call."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"test_anomaly.py:{frame.f_back.f_lineno + offset}"


def test_forward_names_the_op_the_operands_and_the_line() -> None:
    x = Value(0.0)
    line = here(+4)

    def compute() -> Any:
        with detect_anomaly():
            return x.log() * 2

    assert message(compute) == f"log(0.0) gave -inf at {line} in compute"


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        (lambda x: 1 / (x - 2), "divide(1.0, 0.0) gave inf at "),
        (lambda x: (x - 2) / (x - 2), "divide(0.0, 0.0) gave nan at "),
        (lambda x: (x * 400).exp(), "exp(800.0) gave inf at "),
        (lambda x: (-x) ** 0.5, "power(-2.0, 0.5) gave nan at "),
        (lambda x: x * math.nan, "multiply(2.0, nan) gave nan at "),
        (lambda x: math.inf + x, "add(inf, 2.0) gave inf at "),
        (lambda x: rules.maximum(x, math.inf), "maximum(2.0, inf) gave inf at "),
    ],
)
def test_forward(compute: Any, said: str) -> None:
    x = Value(2.0)
    with detect_anomaly():
        text = message(lambda: compute(x))
    assert text.startswith(said)
    assert text.endswith("in <lambda>")
    assert "test_anomaly.py:" in text


def test_a_nan_among_the_labels_of_a_data_set() -> None:
    with detect_anomaly():
        said = message(lambda: (Value(2.0) - math.nan) ** 2)
    assert said.startswith("subtract(2.0, nan) gave nan at test_anomaly.py:")


def test_backward_names_the_op_and_the_line_that_recorded_it() -> None:
    x = Value(0.0)
    with detect_anomaly():
        line = here(+1)
        y = (x.sqrt() + 1) * 3
        said = message(y.backward)
    assert said == (
        "backward through sqrt gave a gradient of inf to its operand 0.0, recorded at "
        f"{line} in test_backward_names_the_op_and_the_line_that_recorded_it"
    )
    assert y.source.startswith("test_anomaly.py:")


def test_backward_over_a_graph_recorded_before() -> None:
    x = Value(0.0)
    y = x.sqrt()
    with detect_anomaly():
        said = message(y.backward)
    assert said == (
        "backward through sqrt gave a gradient of inf to its operand 0.0; record the graph under detect_anomaly() too"
    )


def test_the_line_is_the_users_through_numpy_too() -> None:
    W = values([[0.0, 1.0], [2.0, 3.0]])
    with detect_anomaly():
        out = np.var(W)
        assert out.source.startswith("test_anomaly.py:")
        assert out.source.endswith("in test_the_line_is_the_users_through_numpy_too")
        assert np.linalg.norm(W).source.startswith("test_anomaly.py:")
        said = message(lambda: np.mean(np.log(W)))
    assert said.startswith("log(0.0) gave -inf at test_anomaly.py:")


def test_what_is_finite_goes_through() -> None:
    w = parameter(Value(0.5))
    with detect_anomaly():
        loss = ((w * 3).tanh() - 1) ** 2
        loss.backward()
        where(w > 0, w, w.log()).backward()
    assert math.isfinite(w.grad)
    assert Value(0.0).log().data == -math.inf, "off again outside"


def test_nested_as_a_decorator_and_left_on_an_exception() -> None:
    @detect_anomaly()
    def compute(x: Value) -> Value:
        return x.log()

    assert message(lambda: compute(Value(0.0))).startswith("log(0.0) gave -inf at test_anomaly.py:")
    assert compute(Value(1.0)).data == 0
    with detect_anomaly():
        with detect_anomaly():
            pass
        message(lambda: Value(0.0).log())
    assert Value(0.0).log().data == -math.inf


def test_without_recording_too() -> None:
    with detect_anomaly(), no_grad():
        assert message(lambda: Value(0.0).log()).startswith("log(0.0) gave -inf at test_anomaly.py:")
        assert Value(1.0).log().is_leaf


def test_an_own_primitive_is_named() -> None:
    @primitive(lambda x: 1 / x)
    def mine(x: Any) -> Any:
        return rules.log(x)

    with detect_anomaly():
        assert message(lambda: mine(Value(0.0))).startswith("mine(0.0) gave -inf at test_anomaly.py:")


@pytest.mark.parametrize("make", [Value, lambda number: Tensor([number, -3.0])])
def test_what_is_masked_on_its_way_is_no_anomaly(make: Any) -> None:
    x = make(-2.5)
    with detect_anomaly():
        y = x ** ceil(x)
        y.backward() if isinstance(x, Value) else y.sum().backward()
        assert grad(lambda z: z ** ceil(z))(-2.5) == pytest.approx(0.128)
    assert np.ravel(x.grad)[0] == pytest.approx(0.128)


@pytest.mark.parametrize("make", [Value, lambda number: Tensor([number])])
def test_what_is_masked_is_not_blamed_for_another(make: Any) -> None:
    x, z = make(-2.5), make(0.0)
    with detect_anomaly():
        y = x ** ceil(x) + sqrt(z) * 0.5
        assert message(y.backward).startswith("backward through sqrt gave a gradient")
        assert message(lambda: grad(sqrt)(0.0)).startswith("backward through sqrt gave a gradient")


@pytest.mark.parametrize("zero", [0.0, np.array(0.0), np.array([0.0, 1.0])])
def test_forward_mode_names_the_first_tangent_that_is_not_finite(zero: Any) -> None:
    direction = np.ones_like(zero) if np.ndim(zero) else 1.0
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"forward mode through sqrt gave a tangent.*test_anomaly\.py"):
            jvp(lambda x: sqrt(x) * 0.0, (zero,), (direction,))
        value, slope = jvp(lambda x: where(x >= 0, 2.0 * x, sqrt(x)), (zero,), (direction,))
    np.testing.assert_array_equal(slope, 2.0 * direction)
    np.testing.assert_array_equal(value, 2.0 * zero)


@pytest.mark.parametrize("engine", ["numpy", "llvm", "jax"])
def test_what_is_compiled_is_watched_as_a_whole(engine: str) -> None:
    if engine != "numpy":
        pytest.importorskip({"llvm": "llvmlite"}.get(engine, engine))
    w, t = Value(0.0), Tensor([0.0, 1.0])
    scalars = compile(lambda x: sqrt(w) * 0.0 * x, [w], engine=engine)
    arrays = compile(lambda: (sqrt(t) * 0.0).sum(), [t], engine="numpy" if engine == "llvm" else engine)
    x = np.ones(2)
    with detect_anomaly():
        for attempt in (
            lambda: scalars(x), lambda: scalars.value_and_grad(np.zeros(1), x), lambda: arrays(),
            lambda: arrays.value_and_grad(np.zeros(2)),
        ):  # fmt: skip
            with pytest.raises(AnomalyError, match=r"step\.function"):
                attempt()
        assert scalars.value(np.zeros(1), x) == 0.0
        assert scalars.value_and_grad(np.ones(1), x) == (0.0, 0.0)
    assert w.grad == 0.0, "nothing half done"
    assert not np.any(t.grad)
    scalars(x)
    assert math.isnan(w.grad), "nobody asked"
