"""checkpoint: the same numbers and derivatives to every order, less memory, and errors where it cannot be right."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, OperandError, Tensor, grad, hvp, jvp, no_grad
from autograd.transforms.checkpoint import checkpoint

RNG = np.random.default_rng(0)
W, X = RNG.normal(size=(3, 3)), RNG.normal(size=(4, 3))


def block(x: Any, w: Any, scale: float = 1.0) -> Any:
    return (x @ w * scale).tanh() @ w + x


def test_the_same_gradients_for_arguments_and_for_what_is_captured() -> None:
    found = []
    for wrap in (lambda f: f, checkpoint):
        x, w, before = Tensor(X), Tensor(W), Tensor(X)
        middle = before * 2.0  # a result from outside
        f = wrap(lambda x, w=w, middle=middle: block(x, w, scale=2.0) * middle)
        out = (f(f(x)) ** 2).sum()
        out.backward()
        found.append((out.item(), x.grad, w.grad, before.grad, middle.grad))
    for plain, kept in zip(*found, strict=True):
        np.testing.assert_allclose(kept, plain, rtol=1e-13)


def test_every_transform_goes_through() -> None:
    plain = lambda x: (block(x, W) ** 2).sum()  # noqa: E731
    kept = lambda x: (checkpoint(block)(x, W) ** 2).sum()  # noqa: E731
    v = np.cos(X)
    np.testing.assert_allclose(grad(kept)(X), grad(plain)(X), rtol=1e-13)
    np.testing.assert_allclose(jvp(kept, (X,), (v,))[1], jvp(plain, (X,), (v,))[1], rtol=1e-13)
    np.testing.assert_allclose(hvp(kept, X, v), hvp(plain, X, v), rtol=1e-12)
    np.testing.assert_allclose(
        grad(lambda x: (grad(kept)(x) * v).sum())(X), grad(lambda x: (grad(plain)(x) * v).sum())(X), rtol=1e-12
    )


def test_nested_checkpoints_and_containers() -> None:
    w = Tensor(W)
    inner = checkpoint(lambda p: block(p["x"], p["w"][0]))
    outer = checkpoint(lambda x: inner({"x": inner({"x": x, "w": [w]}), "w": [w]}))
    x = Tensor(X)
    outer(x).sum().backward()
    u, y = Tensor(W), Tensor(X)
    block(block(y, u), u).sum().backward()
    np.testing.assert_allclose(w.grad, u.grad, rtol=1e-13)
    np.testing.assert_allclose(x.grad, y.grad, rtol=1e-13)


def test_it_is_one_node_and_takes_less_memory() -> None:
    def peak(wrap: Any) -> float:
        x, w = Tensor(np.ones((200, 20)) * 0.1), Tensor(np.eye(20))

        def deep(h: Any) -> Any:
            for _ in range(10):
                h = (h @ w).tanh()
            return h

        tracemalloc.start()
        h = x
        for _ in range(10):
            h = wrap(deep)(h)
        h.sum().backward()
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert checkpoint(lambda x: x * x)(Tensor(2.0)).op == "checkpoint"
    assert peak(checkpoint) < 0.4 * peak(lambda f: f)


def test_without_a_graph_it_is_the_function() -> None:
    with no_grad():
        assert checkpoint(lambda x: x * 2)(Tensor(3.0)).is_leaf
    assert checkpoint(lambda: Tensor(3.0))().item() == 3.0


def test_backward_where_nothing_is_recorded() -> None:
    x = Tensor(3.0)
    y = checkpoint(lambda x: x * x)(x)
    with no_grad():
        y.backward()
    assert x.grad == 6.0


def test_what_it_cannot_do_is_an_error() -> None:
    with pytest.raises(OperandError, match="a checkpointed function gives one Tensor, got tuple"):
        checkpoint(lambda x: (x, x))(Tensor(1.0))
    chance = np.random.default_rng(1)
    noisy = checkpoint(lambda x: x * chance.normal())(Tensor(1.0))
    with pytest.raises(GraphError, match="computed something else when it was run again"):
        noisy.backward()
    w = Tensor(2.0)
    y = checkpoint(lambda x: x * w)(Tensor(3.0))
    w.data = np.array(5.0)
    with pytest.raises(GraphError, match="assigned new data before backward"):
        y.backward()
