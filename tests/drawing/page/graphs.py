"""Graphs that the tests of pages open."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, Value, scope
from nn import MLP


def neuron(backward: bool = True) -> Value:
    """Ten values; w is used twice."""
    x, w, b = Value(0.5, "x"), Value(-2.0, "w"), Value(0.3, "b")
    y = (x * w + b).tanh()
    y.label = "y"
    loss = (y - w * 0.1) ** 2
    loss.label = "loss"
    if backward:
        loss.backward()
    return loss


def network(sizes: list[int], inputs: int = 1, samples: int = 1) -> Value:
    model = MLP(inputs, sizes, activation="tanh", seed=3)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(samples, inputs)).tolist()
    loss = sum(((model(row) - 0.25) ** 2 for row in rows), start=Value(0.0))
    loss.label = "loss"
    loss.backward()
    return loss


def tensors() -> Tensor:
    rng = np.random.default_rng(0)
    W, X = Tensor(rng.normal(size=(4, 3)), label="W"), Tensor(rng.normal(size=(5, 4)), label="X")
    hidden = (X @ W).tanh()
    loss = (hidden**2).mean() + (W * W).sum() * 0.1 + hidden.sum() * 0.01
    loss.label = "loss"
    loss.backward()
    return loss


def chain(length: int, modules: int = 0) -> Value:
    """One value after the other; with modules, in so many of them."""
    value: Any = Value(0.1, "x")
    for k in range(length - 1):
        with scope("chain", f"part.{k * modules // length}") if modules else scope():
            value = value.tanh()
    value.backward()
    return value  # type: ignore[no-any-return]


def layer() -> Tensor:
    """A layer of four neurons on a batch of nine."""
    rng = np.random.default_rng(0)
    X, W, b = (Tensor(rng.normal(size=shape), name) for shape, name in (((9, 8), "X"), ((8, 4), "W"), ((4,), "b")))
    loss = (X @ W + b).tanh().sum()
    loss.label = "loss"
    loss.backward()
    return loss
