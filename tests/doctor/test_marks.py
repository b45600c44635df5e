"""What `diagnose` and `examine` find suspicious, marked in the picture of the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

import nn
from autograd import Tensor, Value, diagnose, draw, examine, values

Array = Any
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 1))
WEIGHTS = {"W1": RNG.normal(size=(3, 4)), "W2": RNG.normal(size=(4, 1))}


def loss(p: Any, X: Array, Y: Array) -> Any:
    return ((np.maximum(0, X @ p["W1"]) @ p["W2"] - Y) ** 2).mean()


def backprop(p: Any, X: Array, Y: Array) -> Any:
    z = X @ p["W1"]
    delta = 2 * (np.maximum(0, z) @ p["W2"] - Y) / len(X)
    return {"W1": X.T @ (delta @ p["W2"].T * (z > 0)), "W2": -np.maximum(0, z).T @ delta}


def marked(root: Any, marks: Any) -> dict[str, str]:
    return {box.label or box.op: box.mark for box in draw(root, marks=marks).drawing.boxes if box.mark}


def test_the_wrong_blocks_of_a_diagnosis() -> None:
    report = diagnose(loss, WEIGHTS, (X, Y), gradients=backprop)
    root = loss({name: Tensor(block, name) for name, block in WEIGHTS.items()}, X, Y)
    found = marked(root, report.marks(root))
    assert list(found) == ["W2"]
    assert found["W2"].startswith("gradient sign: the right gradient, but with the wrong sign")
    of_values = loss({name: values(block, name) for name, block in WEIGHTS.items()}, X[:1], Y[:1])
    assert set(marked(of_values, report.marks(of_values))) == {f"W2[{k},0]" for k in range(4)}


def test_nothing_is_marked_where_all_is_right() -> None:
    def right(*given: Any) -> Any:
        return {name: -g if name == "W2" else g for name, g in backprop(*given).items()}

    report = diagnose(loss, WEIGHTS, (X, Y), gradients=right)
    assert report.ok
    assert report.marks(loss({name: Tensor(block, name) for name, block in WEIGHTS.items()}, X, Y)) == []


def test_the_dead_layer_of_an_examination_also_on_other_samples() -> None:
    dead = {**WEIGHTS, "W1": WEIGHTS["W1"] * [1, 1, 0, 1]}
    found = examine(dead, loss, (X, Y), lr=0.01)
    root = loss({name: Tensor(block, name) for name, block in dead.items()}, X[:2], Y[:2])
    marks = marked(root, found.marks(root))
    assert "maximum" in marks
    assert marks["maximum"].startswith("dead relu: 1 of 4 units")


def test_dead_units_of_a_model_are_marked_one_by_one() -> None:
    model = nn.MLP(2, [3, 1], activation="relu", seed=0)
    for k, neuron in enumerate(model.layers[0].neurons):
        for part in neuron.parameters():
            part.data = abs(part.data) * (-1.0 if k == 1 else 1.0)

    def squares(model: Any, X: Array, y: Array) -> Any:
        return nn.mse([model(row) for row in X.tolist()], y)

    inputs, targets = np.abs(RNG.normal(size=(5, 2))), RNG.normal(size=5)
    found = examine(model, squares, (inputs, targets), lr=0.05)
    root = model([Value(0.3, "x1"), Value(0.8, "x2")])
    dead = [node for node, reason in found.marks(root) if reason.startswith("dead relu")]
    assert [node.scope[-1] for node in dead] == ["neurons.1"]
    assert all(node.data == 0.0 for node in dead)
