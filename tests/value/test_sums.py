"""Sums of products kept as one node: `dot` records what the chain of `+` and `*` would have, whoever looks at it."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import AnomalyError, GraphError, OperandError, ShapeError, Tensor, Value, dot, walk
from autograd.value.sums import Chain

Sum = Callable[..., Any]


def chain(xs: Any, ys: Any, start: Any = None) -> Any:
    for x, y in zip(xs, ys, strict=True):
        start = x * y if start is None else start + x * y
    return start


def random_graph(dot: Sum, seed: int) -> tuple[Value, list[Value]]:
    """Sums of sums over shared nodes and plain numbers, and the leaves."""
    rng = random.Random(seed)
    leaves = [Value(rng.gauss(0, 1), f"x{k}") for k in range(5)]
    pool: list[Value] = leaves[:]
    for _ in range(rng.randint(1, 8)):
        size = rng.randint(1, 9)
        xs, ys = ([rng.choice([*pool, rng.gauss(0, 1), 0.0, -2]) for _ in range(size)] for _ in range(2))
        out = dot(xs, ys, rng.choice([None, 1.5, *pool]))
        if isinstance(out, Value):
            pool.append(out.tanh() if rng.random() < 0.5 else out)
    return pool[-1], leaves


def described(root: Value) -> list[Any]:
    order = walk(root)
    place = {id(node): k for k, (node, _) in enumerate(order)}
    return [
        (node.op, node.kind, node.data.hex(), repr(node.partials), node.label, node.scope, links)
        for node, operands in order
        for links in [[place.get(id(operand), operand.data) for operand in operands]]
    ]


@pytest.mark.parametrize("seed", range(60))
def test_it_is_the_chain_to_whoever_looks(seed: int) -> None:
    mine, leaves = random_graph(dot, seed)
    theirs, others = random_graph(chain, seed)
    assert mine.data.hex() == theirs.data.hex()
    mine.backward()  # folded
    theirs.backward()
    for leaf, other in zip(leaves, others, strict=True):  # a node used several times adds up in another order
        assert leaf.grad == pytest.approx(other.grad, rel=1e-11, abs=1e-13)
    assert described(mine) == described(theirs)  # unfolded by the look
    for leaf in leaves:
        leaf.grad = 0.0
    mine.backward()
    assert [leaf.grad for leaf in leaves] == [other.grad for other in others]


def test_backward_leaves_it_folded_and_a_look_unfolds_it_with_its_gradients() -> None:
    w, x = ag.values([2.0, -1.0, 0.5]).tolist(), [3.0, 4.0, 5.0]
    out = dot(w, x, Value(1.0))
    (3.0 * out).backward()
    assert isinstance(out, Chain)
    assert out.xs is not None
    assert [each.grad for each in w] == [9.0, 12.0, 15.0]
    results = [node for node, operands in walk(out) if operands]
    assert [node.op for node in results] == ["multiply", "add", "multiply", "add", "multiply", "add"]
    assert out.xs is None
    assert {node.grad for node in results} == {3.0}
    assert all(node.reached for node in results)


@pytest.mark.parametrize(
    "look",
    [
        lambda out: out.operands,
        lambda out: out.partials,
        lambda out: out._prev,
        copy.copy,
        copy.deepcopy,
        ag.draw,
        lambda out: ag.inspect(out, viz=False),
    ],
)
def test_every_way_to_look(look: Callable[[Any], Any]) -> None:
    out = dot([Value(2.0), Value(3.0)], [Value(4.0), 5.0])
    look(out)
    assert len(out.operands) == 2
    assert out.partials == (1.0, 1.0)
    out.backward()
    assert out.operands[0].operands[0].grad == 4.0


def test_it_is_a_result() -> None:
    out = dot([Value(2.0), Value(3.0)], [4.0, 5.0])
    assert (out.op, out.kind, out.is_leaf) == ("add", "result", False)
    with pytest.raises(GraphError, match="assign to a leaf"):
        out.data = 1.0
    with pytest.raises(GraphError, match="cannot be a parameter"):
        ag.parameter(out)
    with pytest.raises(GraphError, match="not pickled"):
        pickle.dumps(out)
    twin = copy.deepcopy(out)
    twin.backward()
    assert twin.data == out.data
    assert out.operands[0].grad == 0.0


def test_numbers_are_those_of_the_moment() -> None:
    w, x = Value(2.0), Value(3.0)
    out = dot([w, w], [x, 1.0])
    w.data, x.data = 100.0, 100.0
    out.backward()
    assert (w.grad, x.grad) == (4.0, 2.0)
    assert out.operands[0].data == 6.0


POINT = (0.3, -0.2, 0.5, 1.1, 0.4, -0.9, 0.2)
ALL = tuple(range(len(POINT)))


def function(dot: Sum) -> Callable[..., Any]:
    def f(*v: Any) -> Any:
        assert isinstance(v[0], Value)
        return dot([v[0], v[1], v[0], 2.0], [v[2], v[3], v[4], v[0]], v[5]).tanh() * dot([v[6]], [v[0]], 1.0)

    return f


def slope(f: Callable[..., Any]) -> Callable[..., Any]:
    """Another function of the same numbers: the sum of the squares of the derivatives."""
    return lambda *v: sum(g * g for g in ag.grad(f, argnums=ALL)(*v))


@pytest.mark.parametrize(
    "derivatives",
    [
        lambda f: ag.grad(f, argnums=ALL)(*POINT),
        lambda f: ag.grad(slope(f), argnums=ALL)(*POINT),
        lambda f: ag.grad(slope(slope(f)), argnums=ALL)(*POINT),
        lambda f: ag.jvp(f, POINT, POINT[::-1]),
        lambda f: ag.jvp(slope(f), POINT, POINT[::-1]),
    ],
)
def test_derivatives_of_every_order(derivatives: Callable[[Any], Any]) -> None:
    assert derivatives(function(dot)) == derivatives(function(chain))


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_compilers_see_the_chain(engine: str) -> None:
    if engine == "llvm":
        pytest.importorskip("llvmlite")
    w = ag.values([0.5, -1.0, 2.0], "w").tolist()
    steps = [
        ag.compile(lambda a, b, dot=each: dot(w, [a, b, 1.0], 0.25) ** 2, w, engine=engine) for each in (dot, chain)
    ]
    for step in steps:
        step([1.0, 2.0], [3.0, -4.0])
    assert steps[0].source == steps[1].source


@pytest.mark.parametrize(
    ("xs", "ys"), [([math.inf, 1.0], [0.0, 1.0]), ([1e200, 1.0], [1e200, 1.0]), ([math.nan], [2.0])]
)
def test_what_is_not_finite(xs: list[float], ys: list[float]) -> None:
    grads = []
    for each in (dot, chain):
        leaves = ag.values([*xs, *ys]).tolist()
        out = each(leaves[: len(xs)], leaves[len(xs) :], 1.0)
        (out.relu() * 1e200).backward()
        grads.append([out.data, *(leaf.grad for leaf in leaves)])
    np.testing.assert_array_equal(grads[0], grads[1])


def test_switches() -> None:
    w = ag.values([math.inf, 1.0]).tolist()
    with ag.no_grad():
        assert dot(w, w).is_leaf
    with ag.detect_anomaly(), pytest.raises(AnomalyError, match=r"multiply\(inf, 2.0\) gave inf"):
        dot(w, [2.0, 3.0])
    out = dot(w, [2.0, 3.0])
    with ag.detect_anomaly():
        assert out.operands[1].data == 3.0  # unfolding records nothing anew
    with ag.no_grad():
        assert dot([Value(1.0), 2.0], [3.0, 4.0]).operands == ()
    with ag.scope("layer"):
        out = dot([Value(1.0), 2.0], [Value(3.0), 4.0])
    out.label = "z"
    assert [(node.scope, node.label) for node, operands in walk(out) if operands] == [
        (("layer",), ""),
        (("layer",), "z"),
    ]


def test_zeros_keep_their_sign() -> None:
    for start, x in itertools.product((None, 0.0, -0.0), (0.0, -0.0)):
        mine, theirs = (each([Value(x), Value(x)], [1.0, 1.0], start) for each in (dot, chain))
        assert math.copysign(1.0, mine.data) == math.copysign(1.0, theirs.data)


def test_long_ones_are_swept_and_freed_without_recursion() -> None:
    n = 200_000
    leaves = ag.values(np.ones(n)).tolist()
    out = dot(leaves, leaves)
    out.backward()
    assert (out.data, leaves[0].grad, leaves[-1].grad) == (n, 2.0, 2.0)
    assert len(walk(out)) == 3 * n - 1
    total = x = Value(1.0)
    for _ in range(n):
        total = dot([total, 1.0], [1.0, 0.0], x)
    total.backward()
    assert x.grad == n + 1
    del out, total


def test_rows_are_read_once_and_many_threads_may_look() -> None:
    x = ag.values([1.0, 2.0, 3.0, 4.0, 5.0]).tolist()
    rows = [ag.values([k, 1.0, -1.0, 0.5, 2.0]).tolist() for k in range(4)]
    out = dot(rows, x, [Value(1.0), 2.0, Value(3.0), 4.0])
    assert len({id(each.ys) for each in out}) == 1
    loss = sum(each * each for each in out)
    threads = [threading.Thread(target=look) for look in (loss.backward, lambda: walk(loss), loss.backward)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [2 * sum(2 * each.data * row[k].data for each, row in zip(out, rows, strict=True)) for k in range(5)]
    assert [each.grad for each in x] == pytest.approx(expected)


SHAPES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (3, 2)), ((), (3,)), ((2, 0), (0,)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES)
def test_arrays_as_numpy_does(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    x, y = (np.arange(math.prod(shape), dtype=float).reshape(shape) + 1 for shape in shapes)
    expected = np.dot(x, y)
    for a, b in ((ag.values(x), y), (x, ag.values(y)), (ag.values(x), ag.values(y)), (Tensor(x), y)):
        found = dot(a, b, 0.5)
        numbers = found.numpy() if isinstance(found, Tensor) else ag.data(found)
        np.testing.assert_allclose(numbers, expected + 0.5)
    assert np.shape(dot(ag.values(x), y)) == expected.shape
    np.testing.assert_array_equal(dot(x, y), expected)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([Value(1.0)], [1.0, 2.0]), ShapeError, "lists of equal length, got 1 and 2 numbers"),
        (([[Value(1.0)], [Value(2.0)]], [1.0], [1.0]), ShapeError, "as many numbers as there are rows, got 1 for 2"),
        (([Value(1.0), "two"], [1.0, 2.0]), OperandError, "an operand of dot must be a real number, got"),
        (([Value(1.0), None], [1.0, 2.0]), OperandError, "is a return statement missing"),
        (([Value(1.0), 2.0], [1.0, 2.0], "x"), OperandError, "the start of dot must be a real number"),
        ((ag.values([1.0, 2.0]), [1.0]), ShapeError, r"axes of equal length, the shapes are \(2,\) and \(1,\)"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dot(*arguments)
