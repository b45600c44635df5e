"""Recording a function: what it may be given, what it may not do, and what it becomes."""

import math

import numpy as np
import pytest

from autograd import Value, exp, log, maximum, no_grad, primitive, relu, values, where
from autograd.compiler import compile
from autograd.errors import GraphError, OperandError, ShapeError, TraceError
from autograd.value.value import parameter


def refused(function, *batch):
    with pytest.raises(TraceError) as caught:
        compile(function, [Value(1.0)], engine="numpy")(*batch)
    return str(caught.value)


X = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda x: x if x > 0 else -x, "bool()"),
        (lambda x: max(x, 0.0), "bool()"),
        (lambda x: math.exp(x), "float()"),
        (lambda x: float(x), "float()"),
        (lambda x: int(x), "float()"),
        (lambda x: round(x), "float()"),
        (lambda x: [10, 20][x], "an index"),
        (lambda x: x.data * 2, ".data"),
        (lambda x: x.item(), ".item()"),
        (lambda x: np.maximum(np.array([x, x]), 0.0)[0], "bool()"),
    ],
)
def test_reading_a_recorded_number_is_refused(read, what):
    message = refused(read, X)
    assert what in message
    assert "test_trace.py:" in message, "the user's line"
    assert "where(x > 0, a, b)" in message, "the remedy"


def test_branching_on_a_parameter_is_refused():
    w = Value(2.0)
    with pytest.raises(TraceError, match=r"test_trace\.py:\d+ in .* branches on"):
        compile(lambda x: x * w if w > 1 else x, [w], engine="numpy")(X)
    with pytest.raises(TraceError, match=r"\.data"):
        compile(lambda x: x * w.data, [w], engine="numpy")(X)
    assert w > 1, "outside, everything is as before"


def test_conditions_combine():
    def inside(x):
        return where((x > 1) & ~(x >= 3) | (x < -5), 1.0, 0.0)

    assert compile(inside, engine="numpy")([-6.0, 0.0, 2.0, 3.0]).tolist() == [1, 0, 1, 0]


def test_a_condition_is_a_number_in_arithmetic():
    assert compile(lambda x: (x > 1) * x, engine="numpy")([0.5, 2.0]).tolist() == [0, 2]


def test_structures_of_samples():
    def total(a, b):
        return a["left"] + 2 * a["right"][0] + 3 * a["right"][1] + b[0][1]

    step = compile(total, engine="numpy")
    got = step(
        {"left": [1.0, 2.0], "right": ([10.0, 20.0], [100.0, 200.0])},
        ([[0.0, 1000.0], [0.0, 2000.0]],),
    )
    assert got.tolist() == [1 + 20 + 300 + 1000, 2 + 40 + 600 + 2000]


def test_a_sample_can_be_a_matrix_and_meets_numpy():
    W = values(np.arange(6.0).reshape(2, 3), label="W")
    step = compile(lambda x: np.tanh(W @ x).sum(), W, engine="numpy")
    batch = np.random.default_rng(0).normal(size=(4, 3, 2))
    wanted = np.tanh(np.arange(6.0).reshape(2, 3) @ batch).sum(axis=(1, 2)).mean()
    assert step(batch) == pytest.approx(wanted, rel=1e-14)


def test_numpy_scalars_mix():
    step = compile(lambda x: np.float64(2) * x + x * np.int64(3) + np.exp(x) + np.float32(0.5), engine="numpy")
    assert step([0.0, 1.0]).tolist() == pytest.approx([1.5, 5.5 + math.e])


def test_a_new_shape_is_traced_again():
    calls = []

    def total(x):
        calls.append(len(x))
        return sum(x)

    step = compile(total, engine="numpy")
    for width in (2, 3, 2, 3):
        assert step(np.ones((4, width))).tolist() == [width] * 4
    assert calls == [2, 3]


def test_values_that_are_no_parameters_are_read_afresh():
    w, scale = Value(2.0), Value(10.0)
    step = compile(lambda x: w * x * scale, [w], engine="numpy")
    assert step(X) == 40.0
    scale.data = 1.0
    w.data = 3.0
    assert step(X) == 6.0
    assert scale.grad == 0.0
    assert w.grad == 2.0 * 10 + 2.0


def test_what_was_recorded_before_is_taken_over_and_computed_again():
    w = Value(2.0)
    penalty = (w * w).exp()
    step = compile(lambda x: x * w + penalty, [w], engine="numpy")
    w.data = 1.0
    assert step([3.0]) == pytest.approx(3 + math.e)
    assert w.grad == pytest.approx(3 + 2 * math.e)


def test_a_million_additions_do_not_recurse():
    w = Value(0.5)
    long = w
    for _ in range(30_000):
        long = long * 0.9999 + w
    step = compile(lambda: long, [w], engine="numpy")
    long.backward()
    assert step.value([0.5]) == pytest.approx(long.data, rel=1e-12)


def test_detach_stops_the_derivative():
    w = Value(3.0)
    compile(lambda x: (w * x).detach() * w, [w], engine="numpy")([2.0])
    assert w.grad == 6.0


def test_detach_of_a_parameter_follows_the_parameter():
    w = Value(3.0)
    step = compile(lambda x: w.detach() * x * w, [w], engine="numpy")
    assert step([2.0]) == 18.0
    assert w.grad == 6.0
    w.data = 1.0
    assert step([2.0]) == 2.0


def test_under_no_grad_numbers_follow_the_parameters_without_a_derivative():
    w = Value(3.0)

    def loss(x):
        with no_grad():
            factor = w * w
            shift = factor * x + where(x > 0, w, x)
        return factor * w * x + shift

    step = compile(loss, [w], engine="numpy")
    for number in (3.0, 5.0):
        w.data, w.grad = number, 0.0
        eager, twin = loss(2.0), Value(number)
        (twin.detach() * twin.detach() * twin * 2.0).backward()
        assert step([2.0]) == float(eager)
        assert w.grad == twin.grad == number * number * 2


def test_a_step_called_under_no_grad_is_the_same_step():
    w = Value(3.0)
    step = compile(lambda x: w * w * x, [w], engine="numpy")
    with no_grad():
        assert step([1.0]) == 9.0
        assert step.hvp([3.0], [1.0], [1.0]).tolist() == [2.0]
    w.data = 2.0
    assert step([1.0]) == 4.0
    assert w.grad == 6.0 + 4.0


def test_a_primitive_of_ones_own():
    @primitive(lambda x: 100.0)
    def odd(x):
        """a slope that is not that of its value"""
        return x * x

    w = Value(3.0)
    step = compile(lambda x: odd(w) * x, [w], engine="numpy")
    assert step([1.0, 3.0]) == 18.0
    assert w.grad == 200.0
    assert "def odd(x):" in step.source


def test_a_primitive_that_leaves_arithmetic_is_refused():
    @primitive(lambda x, out: out)
    def hidden(x):
        return math.exp(x)

    with pytest.raises(TraceError, match=r"float\(\)"):
        compile(hidden, engine="numpy")([1.0])


def test_what_a_loss_may_return():
    assert "is a return statement missing?" in refused(lambda x: None, X)
    assert "str" in refused(lambda x: "loss", X)
    assert "shape (2,)" in refused(lambda x: [x, x], X)


def test_a_number_kept_from_another_trace_is_refused():
    kept = []

    def loss(x):
        kept.append(x)
        return kept[0] + x.sum() if kept[0] is not x else x.sum()

    step = compile(lambda x: kept.append(x[0]) or kept[0] + x[0], engine="numpy")
    step(np.ones((2, 2)))
    with pytest.raises(TraceError, match="another trace"):
        step(np.ones((2, 3)))


def test_labels_and_scopes_reach_the_program():
    w = Value(2.0, "weight")

    def loss(x):
        z = w * x
        z.label = "z"
        return z.tanh()

    step = compile(loss, [w], engine="numpy")
    step(X)
    assert "z = weight * x" in step.source
    assert "d_z = " in step.source


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ((X,), ShapeError, r"one array for each argument \(x, y\), got 1"),
        ((X, X[:2]), ShapeError, "disagree: x has 3, y has 2"),
        ((X[:0], X[:0]), ShapeError, "the batch is empty: x has no rows"),
        ((X, 3.0), ShapeError, "y is a batch: an array with one row per sample, got the single number 3.0"),
        ((X, ["a", "b", "c"]), OperandError, "y is a batch of real numbers, got an array of dtype <U1"),
        ((X, np.array([Value(1.0)] * 3)), OperandError, r"dtype object; for an array of Values write data\(array\)"),
        ((X, [[1.0], [1.0, 2.0], [3.0]]), ShapeError, "not a regular array"),
        ((X, X + 1j), OperandError, "complex128"),
    ],
)
def test_batches_are_checked_first(batch, error, message):
    step = compile(lambda x, y: x * y, engine="numpy")
    with pytest.raises(error, match=message):
        step(*batch)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "gpu"}, "engine is one of 'auto', 'numpy', 'llvm', 'jax', 'javascript', got 'gpu'"),
        ({"reduction": "max"}, "reduction is 'mean' or 'sum', got 'max'"),
        ({"threads": 0}, "1 or more, got 0"),
        ({"parameters": [1.0]}, r"parameters are Values, got float 1.0"),
        ({"parameters": [Value(1.0) * 2]}, "a parameter is a leaf, got the result of multiply"),
        ({"parameters": [W := Value(1.0), W]}, "more than once"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises((OperandError, GraphError), match=message):
        compile(lambda x: x, **options)


def test_a_function_is_asked_for():
    with pytest.raises(OperandError, match="takes a function of one sample, got Value"):
        compile(Value(1.0))


def test_integers_and_bools_are_numbers():
    step = compile(lambda x, y: x + y, engine="numpy")
    assert step(np.array([1, 2]), np.array([True, False])).tolist() == [2.0, 2.0]
    assert step(np.array([1, 2], dtype=np.float32), [0, 1]).tolist() == [1.0, 3.0]


def test_arrays_that_are_not_contiguous():
    batch = np.arange(24.0).reshape(6, 4)[::2, ::-1]
    step = compile(lambda x: x[0] * 2 + x[3], engine="numpy")
    assert step(batch).tolist() == (batch[:, 0] * 2 + batch[:, 3]).tolist()


def test_folding_leaves_nothing_superfluous():
    w = Value(2.0)
    step = compile(lambda x: (w * 1 + 0) * x / 1 - 0 + sum([x, x]) * 1.0, [w], engine="numpy")
    step(X)
    lines = [line for line in step.program.splitlines() if "constant" not in line]
    assert sum("multiply" in line for line in lines) == 1
    assert sum("add" in line for line in lines) == 2


def test_uniform_work_is_done_once():
    w = Value(2.0)
    step = compile(lambda x: x * w + exp(w) * 3, [w], engine="numpy")
    step(X)
    (line,) = [line for line in step.program.splitlines() if "= exp" in line]
    assert line.endswith("# uniform")


def test_the_functions_of_the_library_are_understood():
    step = compile(lambda x: relu(x) + maximum(x, 0.5) + log(x.exp()), engine="numpy")
    assert step([1.0]).tolist() == [3.0]


def test_parameters_marked_as_such_stay_leaves():
    w = parameter(Value(1.0, "w"))
    with no_grad():
        w.data = 2.0
    step = compile(lambda x: w * x, [w], engine="numpy")
    assert step([1.0]) == 2.0
