"""The graph: its order, what points to what, and that nothing points forward."""

from __future__ import annotations

import gc
import random

import pytest

from autograd import Value, walk


def tangle(seed: int, size: int = 60) -> tuple[list[Value], Value]:
    """A random graph in which nodes are used many times, and its result."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(0.5, 1.5), f"x{i}") for i in range(4)]
    nodes = list(leaves)
    for _ in range(size):
        a, b = rng.choice(nodes), rng.choice(nodes)
        nodes.append(rng.choice([lambda a, b: a * b, lambda a, b: a + b, lambda a, b: (a - b).tanh(), max])(a, b))
    out = nodes[-1]
    for node in nodes[-8:-1]:
        out = out + node.tanh()
    return leaves, out


@pytest.mark.parametrize("seed", range(20))
def test_walk_gives_operands_before_results_and_each_once(seed: int) -> None:
    _, out = tangle(seed)
    order = walk(out)
    place = {id(node): k for k, (node, _) in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1][0] is out
    for node, operands in order:
        assert len(operands) == len(node.partials)
        for operand in operands:
            assert place[id(operand)] < place[id(node)]


def test_walk_depends_on_the_graph_alone() -> None:
    first = [(node.op, node.data, [o.data for o in operands]) for node, operands in walk(tangle(5)[1])]
    again = [(node.op, node.data, [o.data for o in operands]) for node, operands in walk(tangle(5)[1])]
    assert first == again


def test_walk_of_a_leaf_and_of_the_same_operand_twice() -> None:
    x = Value(2.0)
    assert walk(x) == [(x, ())]
    y = x * x
    assert walk(y) == [(x, ()), (y, (x, x))]
    assert y.operands == (x, x)


def test_walk_from_several_roots() -> None:
    x = Value(2.0)
    a, b = x * x, x.exp()
    assert [node for node, _ in walk(a, b)] == [x, a, b]
    assert [node for node, _ in walk(b, a)] == [x, b, a]
    assert [node for node, _ in walk(a, a)] == [x, a]


def test_a_constant_operand_is_read_in_its_place() -> None:
    x = Value(2.0)
    for out, numbers in [(x - 3, [2, 3]), (3 - x, [3, 2]), (x**3, [2, 3]), (3**x, [3, 2]), (x / 4, [2, 4])]:
        assert [operand.data for operand in out.operands] == numbers
    (y,) = (x * 3,)
    order = walk(y)
    assert [node.kind for node, _ in order] == ["input", "constant", "result"]
    assert order[1][0] is order[2][1][1], "take the operands from the pair: there they are the nodes walked"


def test_a_diamond_is_differentiated_once_per_path() -> None:
    """2**60 paths: whoever walks paths and not nodes does not come back."""
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert (y.data, x.grad) == (2.0**60, 2.0**60)
    assert len(walk(y)) == 61


@pytest.mark.parametrize("seed", range(20))
def test_backward_agrees_with_a_sweep_written_over_walk(seed: int) -> None:
    leaves, out = tangle(seed)
    received: dict[int, float] = {id(out): 1.0}
    for node, operands in reversed(walk(out)):
        for operand, partial in zip(operands, node.partials, strict=True):
            if operand.kind != "constant":
                received[id(operand)] = received.get(id(operand), 0.0) + received[id(node)] * partial
    out.backward()
    for node, _ in walk(out):
        if node.kind != "constant":
            assert node.grad == pytest.approx(received[id(node)], rel=1e-12, abs=1e-300)
    assert any(leaf.grad for leaf in leaves)


def test_nothing_points_forward() -> None:
    x = Value(2.0)
    y = x * 3
    assert not any(isinstance(thing, Value) for thing in gc.get_referents(x))
    assert any(thing is x for thing in gc.get_referents(y)), "this test can fail"
