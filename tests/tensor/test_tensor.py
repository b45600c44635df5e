"""Tensor as a node: what it accepts, what backward leaves behind, changes in place, memory, copies, errors."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    AnomalyError,
    GraphError,
    OperandError,
    ShapeError,
    Tensor,
    Value,
    detect_anomaly,
    grad,
    no_grad,
    scope,
    walk,
    where,
)
from autograd.core import table as rules
from autograd.tensor.fingerprint import SMALL, fingerprint
from tests.support import domain

FLOATS = [r for r in rules.TABLE.values() if r.arity == 1]


# ------------------------------------------------------------------------------------------------- making one


def test_what_a_tensor_is_made_of() -> None:
    assert Tensor([[1, 2], [3, 4]]).dtype == np.float64
    assert Tensor(3).shape == ()
    assert Tensor(np.float32([1.0])).dtype == np.float32
    assert Tensor([1.0], dtype=np.float32).dtype == np.float32
    assert Tensor(np.zeros((0, 3))).size == 0
    given = np.ones(3)
    t = Tensor(given, label="w")
    given[0] = 9.0
    assert t.data.tolist() == [1.0, 1.0, 1.0]  # a copy
    assert (t.label, t.ndim, len(t), t.kind, t.op, t.is_leaf) == ("w", 1, 3, "input", "", True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.arange(3), r"an array of int64 has no gradient: write Tensor\(array.astype\(float\)\)"),
        (np.array([True]), "an array of bool has no gradient"),
        ([1j], "made from real numbers, got list .* of dtype complex128"),
        ("1.5", "made from real numbers, got str '1.5'"),
        ([None], "made from real numbers"),
    ],
)
def test_what_it_is_not_made_of(data: Any, message: str) -> None:
    with pytest.raises(OperandError, match=message):
        Tensor(data)


def test_reading_it() -> None:
    t = Tensor([[1.5]], label="a")
    assert (t.item(), float(t), bool(t), f"{t:.2f}", math.floor(float(t))) == (1.5, 1.5, True, "1.50", 1)
    assert repr(t) == "Tensor([[1.5]], label='a')"
    assert repr(Tensor([1.0], dtype=np.float32)) == "Tensor([1.], dtype=float32)"
    assert [row.data.tolist() for row in Tensor([[1.0], [2.0]])] == [[1.0], [2.0]]
    wide = Tensor([1.0, 2.0])
    for attempt, message in [
        (wide.item, "reads the one number of a Tensor, this one has shape"),
        (lambda: float(wide), "reads the one number"),
        (lambda: bool(wide), "truth of a Tensor with several numbers is ambiguous"),
    ]:
        with pytest.raises(ShapeError, match=message):
            attempt()
    with pytest.raises(OperandError, match="has no length"):
        len(Tensor(1.0))


def test_comparisons_are_plain_and_go_by_element() -> None:
    s, t = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    assert ((s < t).tolist(), (s >= 2).tolist(), (s < 1.5).tolist()) == ([False, True], [False, True], [True, False])
    assert ((s == t).tolist(), (s != t).tolist(), (s == 2).tolist()) == ([True, False], [False, True], [False, True])
    assert (np.array([1.0, 3.0]) == t).tolist() == (t == np.array([1.0, 3.0])).tolist() == [True, True]
    assert where(t == 3.0, 0.0, 6.0 / t).data.tolist() == [6.0, 0.0]
    assert (s == "s", s != "s", s == None) == (False, True, False)  # noqa: E711 - what a search in a list asks


def test_a_tensor_is_found_by_what_it_is_not_by_what_it_holds() -> None:
    s, t = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    assert len({s, t, s}) == 2
    assert {s: "s", t: "t"}[t] == "t"


def test_a_single_bool_chooses_in_the_shape_and_dtype_of_both() -> None:
    s, t, f = Tensor(3.0), Tensor([1.0, 2.0]), Tensor(np.float32([1.0, 2.0]))
    for condition, x, y in [
        (True, 0.0, t), (False, 0.0, t), (np.bool_(True), s, t), (True, t, s), (True, f, t), (False, 1, f),
        (True, 1, f), (True, np.ones((2, 2)), t), (False, np.ones((2, 2)), t), (True, 1, s),
    ]:  # fmt: skip
        want = np.where(condition, *[side.data if isinstance(side, Tensor) else side for side in (x, y)])
        out = where(condition, x, y)
        assert (out.shape, out.dtype, out.data.tolist()) == (want.shape, want.dtype, want.tolist())
    where(True, s, t).sum().backward()
    assert (s.grad.tolist(), t.grad.tolist()) == (2.0, [0.0, 0.0])
    assert where(True, 1.0, np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
@pytest.mark.parametrize("scalar", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), True, np.bool_(True)])
def test_numbers_do_not_change_the_dtype(name: str, scalar: Any) -> None:
    for shape in ((), (3,)):
        t = Tensor(np.full(shape, 1.5, name))
        for out in (t + scalar, scalar * t, t / scalar, scalar - t, t**scalar):
            assert out.dtype == name
            t.grad = None
            out.sum().backward()
            assert (t.grad.dtype, t.grad.shape) == (name, shape)


@pytest.mark.parametrize("rule", FLOATS, ids=lambda rule: rule.name)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3)])
def test_every_row_keeps_dtype_and_shape(rule: Any, shape: Any) -> None:
    low, high = domain(rule)[0]
    for dtype in (np.float32, np.float64):
        t = Tensor(np.full(shape, low + 0.6 * (high - low), dtype))
        out = rule(t)
        assert (out.dtype, out.shape) == (dtype, shape)
        out.sum().backward()
        assert (t.grad.dtype, t.grad.shape) == (dtype, shape)
        assert type(t.grad) is type(out.grad) is type(out.data) is np.ndarray


# --------------------------------------------------------------------------------------------------- backward


def test_leaves_accumulate_and_results_hold_the_latest() -> None:
    x = Tensor([0.1, 0.2, 0.3])
    y = x * x + x.tanh() * x
    z = y.sum()
    z.backward()
    once, inner = x.grad.copy(), y.grad
    z.backward()
    assert x.grad.tolist() == (2 * once).tolist()
    assert y.grad.tolist() == inner.tolist() == [1.0, 1.0, 1.0]
    x.grad = None
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    z.backward(10.0)
    np.testing.assert_allclose(x.grad, 10 * once)


def test_seeds() -> None:
    x = Tensor([1.0, 2.0])
    (x * 3).backward([1.0, 10.0])
    assert x.grad.tolist() == [3.0, 30.0]
    with pytest.raises(ShapeError, match=r"starts from one number, this Tensor has shape \(2,\): take .sum\(\)"):
        (x * 3).backward()
    with pytest.raises(ShapeError, match=r"the seed of backward has the Tensor's shape \(2,\), got \(3,\)"):
        (x * 3).backward(np.ones(3))
    leaf = Tensor(2.0)
    leaf.backward()
    leaf.backward(3.0)
    assert leaf.grad.tolist() == 4.0


@pytest.mark.parametrize(
    "run",
    [
        lambda x, y: x + y,
        lambda x, y: x + x + y,
        lambda x, y: (x + y).reshape(3, 1),
        lambda x, y: (x + y).T[None],
        lambda x, y: x.sum() + y,
        lambda x, y: (x + 0.0) + (y + 0.0),
    ],
)
def test_gradients_are_nobody_elses(run: Any) -> None:
    x, y = Tensor([1.0, 2.0, 3.0]), Tensor([1.0, 2.0, 3.0])
    seed = np.ones(3)
    out = run(x, y)
    out.backward(seed.reshape(out.shape))
    nodes = [node for node, _ in walk(out) if node.kind != "constant"]
    kept = [node.grad.copy() for node in nodes]
    for node in nodes:
        node.grad[...] = 7.0
    assert seed.tolist() == [1.0, 1.0, 1.0]
    for node, before in zip(nodes, kept, strict=True):
        assert node.grad.tolist() == (np.full(node.shape, 7.0) if node.is_leaf else before).tolist()


def test_every_use_counts() -> None:
    x = Tensor([3.0])
    (x * x * x + x - x).backward()
    assert x.grad.tolist() == [27.0]
    y = Tensor([2.0])
    square = y * y
    (square * square + square).backward()
    assert y.grad.tolist() == [4 * 8.0 + 4.0]


def test_what_does_not_depend_has_gradient_zero() -> None:
    x, y = Tensor([1.0]), Tensor([2.0])
    (x.floor() * y).backward()
    assert x.grad.tolist() == [0.0]
    assert Tensor([5.0]).grad.tolist() == [0.0]


def test_assigning() -> None:
    t = Tensor([1.0, 2.0], dtype=np.float32)
    t.data = [3, 4]
    t.grad = 1.0
    assert (t.data.dtype, t.grad.dtype, t.grad.tolist()) == (np.float32, np.float32, [1.0, 1.0])
    with pytest.raises(ShapeError, match=r"data keeps its shape \(2,\), got \(3,\)"):
        t.data = np.ones(3)
    with pytest.raises(ShapeError, match="a gradient has the shape of its data"):
        t.grad = np.ones(3)
    with pytest.raises(GraphError, match=r"the array of a result \(multiply\) follows from its operands"):
        (t * 2).data = np.ones(2)
    with pytest.raises(GraphError, match=r"not changed in place.*where\(condition, new, t\).*concatenate"):
        t[0] = 5.0


def test_what_a_graph_is_made_of() -> None:
    with scope("layer"):
        x = Tensor([1.0, 2.0], label="x")
        out = (x * np.array([3.0, 4.0])).sum(axis=0)
    product = out.operands[0]
    assert (out.op, product.op, out.options, out.scope) == (
        "sum",
        "multiply",
        {"axis": 0, "keepdims": False},
        ("layer",),
    )
    assert [(o.kind, o.label) for o in product.operands] == [("input", "x"), ("constant", "")]


# --------------------------------------------------------------------------------------- changes in place


def _through_data(t: Tensor, y: Any) -> None:
    t.data[0] = 7.0


def _through_a_view(t: Tensor, y: Any) -> None:
    t.data[1:][...] = 7.0


def _by_sorting(t: Tensor, y: Any) -> None:
    t.data.sort()


def _by_out(t: Tensor, y: Any) -> None:
    np.multiply(t.data, 2.0, out=t.data)


def _by_augmented_assignment(t: Tensor, y: Any) -> None:
    t.data *= 2.0


def _by_swapping(t: Tensor, y: Any) -> None:
    t.data[[0, -1]] = t.data[[-1, 0]]


def _by_the_least_bit(t: Tensor, y: Any) -> None:
    t.data[3] = np.nextafter(t.data[3], 9.0)


def _in_the_operand(t: Tensor, y: Any) -> None:
    y[0] = 7.0


@pytest.mark.parametrize("size", [5, SMALL])  # compared whole, and by sums
@pytest.mark.parametrize(
    "change",
    [
        _through_data,
        _through_a_view,
        _by_sorting,
        _by_out,
        _by_augmented_assignment,
        _by_swapping,
        _by_the_least_bit,
        _in_the_operand,
    ],
)
@pytest.mark.parametrize("shown", [False, True], ids=["shown later", "shown before"])
@pytest.mark.parametrize(
    "run", [lambda t, y: t * y, lambda t, y: (t.reshape(-1, 1)[:, 0] * t) @ y, lambda t, y: t.tanh() * y]
)
def test_a_change_is_noticed(size: int, change: Callable[..., None], shown: bool, run: Any) -> None:
    t, y = Tensor(np.cos(np.arange(float(size)))), np.sin(np.arange(float(size)))
    if shown:
        _ = t.data
    out = run(t, y).sum()
    change(t, y)
    with pytest.raises(GraphError, match="was changed in place since: its derivative would be wrong"):
        out.backward()
    assert t._grad is None  # nothing half done


def test_a_change_before_recording_or_of_what_is_not_used_is_fine() -> None:
    t = Tensor([1.0, 2.0])
    held = t.data
    held[0] = 5.0
    y = (t * t).sum()
    y.data[...] = 3.0  # the result itself is not needed for its derivative
    y.backward()
    assert t.grad.tolist() == [10.0, 4.0]
    t.data = held * 2.0
    (t * t).sum().backward()
    assert t.grad.tolist() == [30.0, 12.0]


def test_a_result_that_others_need_is_watched_too() -> None:
    t = Tensor([1.0, 2.0])
    middle = t * 3
    out = (middle * middle).sum()
    middle.data[0] = 0.0
    with pytest.raises(GraphError, match="changed in place"):
        out.backward()


def test_views_are_not_handed_out() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    for view in (t[0], t.T, t.reshape(4), t.ravel(), t[:, None], t.broadcast_to((3, 2, 2)), rules.identity(t)):
        view.data[...] = 9.0
        view.numpy()[...] = 9.0
    out = (t.T * t.T).sum()
    out.backward()
    assert t.data.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert t.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_an_assigned_array_is_copied() -> None:
    given = np.array([1.0, 2.0])
    t = Tensor(np.zeros(2))
    t.data = given
    out = (t * t).sum()
    given[0] = 5.0
    out.backward()
    assert (t.data.tolist(), t.grad.tolist()) == ([1.0, 2.0], [2.0, 4.0])
    t.data -= 1.0
    t.data[1] = 7.0
    assert t.data.tolist() == [0.0, 7.0]
    out = (t * t).sum()
    t.data -= 1.0
    with pytest.raises(GraphError, match="changed in place"):
        out.backward()


def test_new_data_between_forward_and_backward() -> None:
    t = Tensor([1.0, 2.0])
    out = (t * t).sum()
    t.data = np.array([10.0, 20.0])
    out.backward()
    assert t.grad.tolist() == [2.0, 4.0]  # the derivative where it was recorded


def test_indices_and_conditions_are_the_graphs_own() -> None:
    t = Tensor([1.0, 2.0, 3.0])
    index, mask, condition = np.array([0, 0]), np.array([True, False, True]), np.array([True, False, False])
    out = t[index].sum() + t[mask].sum() + Tensor._where(condition, t, 0.0).sum() + t.take(index).sum()
    index[:], mask[:], condition[:] = 2, False, True
    out.backward()
    assert t.grad.tolist() == [6.0, 0.0, 1.0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.bool_])
@pytest.mark.parametrize("shape", [(3,), (1000, 3), (0,), ()])
def test_fingerprints(dtype: Any, shape: Any) -> None:
    x = np.asarray(np.arange(np.prod(shape)).reshape(shape) % 2 * 2).astype(dtype)
    for laid in (x, np.asfortranarray(x), np.repeat(np.atleast_1d(x), 2, axis=-1)[..., ::2]):
        before = fingerprint(laid)
        assert before == fingerprint(laid)
        if laid.size:
            flat = laid.reshape(-1) if np.shares_memory(laid.reshape(-1), laid) else None
            place = (-1,) * laid.ndim
            laid[place] = 1 - laid[place] if flat is None else 1 - flat[-1]
            assert before != fingerprint(laid)


def test_fingerprints_where_numbers_are_not_finite() -> None:
    x = np.full(SMALL, np.nan)
    before = fingerprint(x)
    assert before == fingerprint(x)
    x[[0, 1]] = np.inf, -np.inf
    changed = fingerprint(x)
    x[[0, 1]] = -np.inf, np.inf
    assert len({before, changed, fingerprint(x)}) == 3


# --------------------------------------------------------------------------------------------------- memory


def test_no_grad_keeps_nothing() -> None:
    w = Tensor(np.ones((50, 50)))
    with no_grad():
        out = (w @ w).tanh().sum(axis=0)
        view = w[0]
    for node in (out, view):
        assert (node.operands, node.kind, node._saved, node._prints, node.options) == ((), "input", (), None, {})
    view.data[...] = 9.0
    assert w.data.max() == 1.0
    tracemalloc.start()
    with no_grad():
        x = w
        for _ in range(50):
            x = x * 0.5
    assert tracemalloc.get_traced_memory()[1] < 5 * w.data.nbytes
    tracemalloc.stop()


def test_a_graph_is_freed_by_counting_references() -> None:
    gc.collect()
    gc.disable()
    try:
        w = Tensor(np.ones((100, 100)))
        tracemalloc.start()
        for _ in range(3):
            out = ((w @ w).tanh()[::2] * 0.01).logsumexp(axis=1).sum()
            out.backward()
            del out
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert held < 2 * w.data.nbytes  # its gradient
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_training_holds_on_to_nothing() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(16, 4)), rng.integers(0, 3, 16)
    W, b = Tensor(rng.normal(size=(4, 3))), Tensor(np.zeros(3))

    def step() -> None:
        loss = -(X @ W + b).log_softmax()[np.arange(16), Y].mean()
        W.grad = b.grad = None
        loss.backward()
        for p in (W, b):
            p.data -= 0.1 * p.grad

    for _ in range(20):
        step()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(300):
        step()
    gc.collect()
    assert sys.getallocatedblocks() - before < 50


def test_a_long_chain_is_recorded_differentiated_and_freed() -> None:
    x = Tensor([1.0, 2.0])
    y = x
    for _ in range(100_000):
        y = y + 0.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    del y


# ------------------------------------------------------------------------------------- copies, pickles, anomalies


def test_copies() -> None:
    x = Tensor([1.0, 2.0], label="x")
    y = (x * x).sum()
    twin = copy.deepcopy(y)
    twin.backward()
    assert x.grad.tolist() == [0.0, 0.0]
    assert twin.operands[0].operands[0].grad.tolist() == [2.0, 4.0]
    shallow = copy.copy(x)
    shallow.data[0] = 9.0
    assert (x.data[0], shallow.label) == (1.0, "x")
    loose = x.detach()
    assert (loose.label, loose.is_leaf, np.shares_memory(loose.data, x.data)) == ("x", True, False)


def test_pickles() -> None:
    x = Tensor([1.0, 2.0], label="x", dtype=np.float32)
    x.grad = np.array([3.0, 4.0])
    back = pickle.loads(pickle.dumps(x))
    assert (back.data.tolist(), back.grad.tolist(), back.label, back.dtype) == ([1.0, 2.0], [3.0, 4.0], "x", np.float32)
    with pytest.raises(GraphError, match=r"a result \(multiply\) is not pickled"):
        pickle.dumps(x * 2)


def test_anomalies_name_the_op_and_the_line() -> None:
    with detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(AnomalyError, match=r"log of shapes \(2,\) gave a number that is not finite at test_tensor"):
            Tensor([0.0, 1.0]).log()
        x = Tensor([0.0, 1.0])
        y = x.sqrt().sum()
        with pytest.raises(
            AnomalyError, match=r"backward through sqrt gave a gradient .* shape \(2,\), recorded at test_"
        ):
            y.backward()
        with pytest.raises(
            AnomalyError, match=r"through sqrt gave a gradient .* shape \(2,\), recorded at test_tensor"
        ):
            grad(lambda x: x.sqrt().sum())(np.array([0.0, 1.0]))
        with pytest.raises(AnomalyError, match=r"through sqrt gave a gradient of inf .* operand 0.0, recorded"):
            grad(lambda x: x.sqrt())(0.0)
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"through sqrt .* operand 0 of shape \(2,\), recorded at"):
        y.backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_a_copied_graph_keeps_whole_numbers_and_notices_changes() -> None:
    given, x = np.array([1.0, 2.0]), Tensor([3.0, 4.0])
    y = (x * 2 * given).sum()
    twin = copy.deepcopy(y)
    twin.backward()
    assert (twin.item(), x.grad.tolist()) == (22.0, [0.0, 0.0])
    twin = copy.deepcopy(y)
    given[0] = 7.0
    for graph in (y, twin):
        with pytest.raises(GraphError, match="changed in place"):
            graph.backward()


@pytest.mark.parametrize(
    ("x", "y"), [((2, 3, 4), (4, 0)), ((2, 0, 4), (4, 3)), ((2, 3, 0), (0, 3)), ((0, 3, 4), (4, 2))]
)
def test_products_of_empty_matrices(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    a, b = Tensor(np.ones(x)), Tensor(np.ones(y))
    (a @ b).sum().backward()
    assert (a.grad.shape, b.grad.shape) == (x, y)


@pytest.mark.parametrize("given", [1j, "s", 10**400, [[1.0], [1.0, 2.0]], np.ma.masked_array([1.0]), {}, [None]])
@pytest.mark.parametrize("name", ["data", "grad"])
def test_what_is_no_number_is_not_assigned(name: str, given: Any) -> None:
    t = Tensor([1.0])
    for wrong in [given] if name == "grad" else [given, None]:
        with pytest.raises(OperandError):
            setattr(t, name, wrong)
    assert (t.data.tolist(), t.grad.tolist()) == ([1.0], [0.0])


def test_functions_of_constants_of_different_shapes_pass_nothing_on() -> None:
    x = Tensor(np.ones(3))
    small, large = ((x * np.full(shape, 0.5)).operands[1] for shape in ((2, 3), (4, 3)))
    (small.tanh() * x).sum().backward()
    alone = x.grad
    x.grad = None
    ((small.tanh() * x).sum() + (large.exp() * x).sum()).backward()
    np.testing.assert_allclose(x.grad - alone, np.full(3, 4 * np.exp(0.5)), rtol=1e-14)


@pytest.mark.parametrize("constant", [2.0, 3.0, 1.0, 0.5, -1.0, 0.0, -0.0, 2.5, math.inf, math.nan])
@pytest.mark.parametrize("formula", [lambda x, c: x**c, lambda x, c: c**x], ids=["x**c", "c**x"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_power_with_a_constant_has_the_slope_that_a_value_has(formula, constant):
    points = np.array([-math.inf, -2.0, -1.0, -0.0, 0.0, 5e-324, 1e-300, 0.5, 1.0, 3.0, 1e200, math.inf, math.nan])
    for seed in (1.0, 0.0, -3.0):
        many = Tensor(points)
        formula(many, constant).backward(np.full(points.shape, seed))
        each = [Value(float(point)) for point in points]
        for one in each:
            formula(one, constant).backward(seed)
        np.testing.assert_array_equal(many.grad, [one.grad for one in each])
