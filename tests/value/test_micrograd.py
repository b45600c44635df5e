"""micrograd's own examples, run as they are written there: README, tests, demo, and the pictures of its video."""

from __future__ import annotations

import random
from typing import Any

import pytest

from autograd import Value


def test_the_example_of_its_readme() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"
    assert g.data == pytest.approx(24.70408163265306, rel=1e-15)
    assert (a.grad, b.grad) == pytest.approx((138.83381924198252, 645.5772594752186), rel=1e-15)


def sanity(x: Any) -> tuple[Any, Any]:
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    return h + q + q * x, z


def more_operations(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_its_sanity_check() -> None:
    x = Value(-4.0)
    y, _ = sanity(x)
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_its_tests_against_torch() -> None:
    torch = pytest.importorskip("torch")
    for point, function in [((-4.0,), lambda x: sanity(x)[0]), ((-4.0, 2.0), more_operations)]:
        ours = [Value(x) for x in point]
        theirs = [torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in point]
        y, t = function(*ours), function(*theirs)
        y.backward()
        t.backward()
        assert y.data == t.item()
        assert [x.grad for x in ours] == pytest.approx([x.grad.item() for x in theirs], rel=1e-15)


def test_the_neuron_of_its_video_and_the_pictures_code() -> None:
    """The picture is drawn there with `_prev`, `_op`, `data`, `grad` and `label`."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    n = x1 * w1 + x2 * w2 + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    o.backward()
    assert o.data == pytest.approx(0.7071067811865476, rel=1e-15)
    assert [round(v.grad, 6) for v in (x1, w1, x2, w2)] == [-1.5, 1.0, 0.5, 0.0]

    def trace(root: Any) -> tuple[set[Any], set[Any]]:
        nodes, edges = set(), set()

        def build(v: Any) -> None:
            if v not in nodes:
                nodes.add(v)
                for child in v._prev:
                    edges.add((child, v))
                    build(child)

        build(root)
        return nodes, edges

    nodes, edges = trace(o)
    assert (len(nodes), len(edges)) == (10, 9)
    assert sorted(node._op for node in nodes if node._op) == ["*", "*", "+", "+", "tanh"]
    assert {node.label for node in nodes} == {"x1", "x2", "w1", "w2", "b", "n", "o", ""}
    assert x1._prev == set()
    assert (x1 + 1)._op == "+"
    assert (o**2)._op == "**"


def test_the_loss_of_its_demo() -> None:
    """The notebook's loss, on a linear model: lists of Values, `sum`, a float on the left, comparisons, updates."""
    rng = random.Random(1)
    X = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(20)]
    y = [1 if a + b > 0 else -1 for a, b in X]
    parameters = [Value(rng.uniform(-1, 1)) for _ in range(3)]

    def loss() -> tuple[Value, float]:
        inputs = [list(map(Value, row)) for row in X]
        scores = [sum((w * x for w, x in zip(parameters, row, strict=False)), parameters[2]) for row in inputs]
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in parameters)
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores, strict=True)]
        return data_loss + reg_loss, sum(accuracy) / len(accuracy)

    first = loss()[0].data
    for k in range(60):
        total, accuracy = loss()
        for p in parameters:
            p.grad = 0
        total.backward()
        for p in parameters:
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
    assert total.data < first / 2
    assert accuracy >= 0.95
