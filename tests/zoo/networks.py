"""Four networks and their backprop, written by hand in numpy, with a place for a mistake at every step.

With no edits the backprop is right. An edit is a tuple, `("skip", 2)`: what is done wrongly, and where. It is written
independently of the doctor: it shares no code with what it is to be found by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Edit = tuple[Any, ...]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


SLOPES: dict[str, Callable[[Array], Array]] = {
    "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "relu": lambda z: (z > 0) * 1.0,
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
}
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": sigmoid,
    "relu": lambda z: np.maximum(0, z),
    "tanh": np.tanh,
}


@dataclass(frozen=True)
class Network:
    """A network of the zoo.

    Args:
        layers: for each layer the number in its block's name: 1, 2, 2, 3 uses W2 twice.
        sizes: the width before the first layer, and after each.
        head: "squares", "hinge" or "softmax".
    """

    name: str
    layers: tuple[int, ...]
    sizes: tuple[int, ...]
    activation: str
    head: str
    biases: bool = True

    def params(self, rng: np.random.Generator) -> dict[str, Array]:
        found = {}
        for k, number in enumerate(self.layers):
            found[f"W{number}"] = rng.normal(size=(self.sizes[k], self.sizes[k + 1]))
            if self.biases:
                found[f"b{number}"] = 0.3 * rng.normal(size=self.sizes[k + 1])
        return found

    def data(self, rng: np.random.Generator, n: int = 12) -> tuple[Array, Array]:
        X = rng.normal(size=(n, self.sizes[0]))
        if self.head == "hinge":
            return X, np.where(rng.random((n, 1)) < 0.5, -1.0, 1.0)
        if self.head == "softmax":
            return X, np.eye(self.sizes[-1])[rng.integers(self.sizes[-1], size=n)]
        return X, rng.normal(size=(n, self.sizes[-1]))

    def loss(self, params: dict[str, Array], X: Array, Y: Array) -> Array:
        """The mean loss: ordinary numpy, as a learner would write it."""
        a = X
        for number in self.layers[:-1]:
            a = ACTIVATIONS[self.activation](self._linear(params, number, a))
        z = self._linear(params, self.layers[-1], a)
        if self.head == "hinge":
            return np.maximum(0, 1 - Y * z).mean()
        if self.head == "softmax":
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            return -(Y * np.log(p)).sum(axis=1).mean()
        return 0.5 * ((z - Y) ** 2).sum(axis=1).mean()

    def _linear(self, params: dict[str, Array], number: int, a: Array) -> Array:
        z = a @ params[f"W{number}"]
        return z + params[f"b{number}"] if self.biases else z

    def backprop(self, params: dict[str, Array], X: Array, Y: Array, edits: tuple[Edit, ...] = ()) -> dict[str, Array]:
        """The gradient of the loss, by hand, with the mistakes of the edits in it."""
        slope = SLOPES[self.activation]
        depth = len(self.layers)
        a, z = [X], []
        for number in self.layers:
            z.append(self._linear(params, number, a[-1]))
            a.append(ACTIVATIONS[self.activation](z[-1]))
        if self.head == "hinge":
            delta = -Y * (Y * z[-1] < 1) / len(X)
        elif self.head == "softmax":
            p = np.exp(z[-1]) / np.exp(z[-1]).sum(axis=1, keepdims=True)
            delta = (p - Y) / len(X)
        else:
            delta = (z[-1] - Y) / len(X)
        if ("error sign",) in edits:
            delta = -delta
        grads = {name: np.zeros_like(block) for name, block in params.items()}
        steps = dict(params)
        raw = delta
        for k in range(depth - 1, -1, -1):
            number = self.layers[k]
            W, b = f"W{number}", f"b{number}"
            if k < depth - 1:
                above = steps[f"W{self.layers[k + 1]}"]
                if ("straight back", k) in edits:
                    above = above.T
                passed = self._slope(slope, k + 1, z[k], edits)
                raw = raw @ above.T
                delta = (raw if ("raw",) in edits else delta @ above.T) * passed
            for edit in edits:
                if edit == ("mean error", k):
                    delta = np.broadcast_to(delta.mean(axis=0), delta.shape)
            grad = self._product(a[k], z[k - 1] if k else X, delta, params[W], number, edits)
            if not (("one use", number) in edits and np.any(grads[W])):
                grads[W] = grads[W] + grad
                if self.biases:
                    grads[b] = grads[b] + delta.sum(axis=0)
            for edit in edits:
                if edit[0] == "updated":
                    steps[W] = steps[W] - edit[1] * grad
        return self._finished(grads, params, X, edits)

    def _slope(self, slope: Callable[[Array], Array], layer: int, z: Array, edits: tuple[Edit, ...]) -> Array:
        number = self.layers[layer - 1]
        if ("skip", number) in edits:
            return 1.0
        if ("twice", number) in edits:
            return slope(ACTIVATIONS[self.activation](z))
        if ("slope squared", number) in edits:
            return slope(z) ** 2
        if ("slope of half", number) in edits:
            return slope(0.5 * z - 0.1)
        return slope(z)

    def _product(self, a: Array, z: Array, delta: Array, W: Array, number: int, edits: tuple[Edit, ...]) -> Array:
        if ("error", number) in edits:
            return np.broadcast_to(delta.sum(axis=0), W.shape)
        if ("weight for activation", number) in edits:
            return W * delta.sum(axis=0)
        if ("input not activated", number) in edits:
            a = z
        if ("input centred", number) in edits:
            a = a - a.mean(axis=0) * 0.5
        if ("samples shifted", number) in edits:
            a = np.roll(a, 1, axis=0)
        if ("samples forgotten", number) in edits:
            a = a * (np.arange(len(a)) % 2 == 0)[:, None] if len(a) > 1 else a * 0.5
        return a.T @ delta

    def _finished(
        self, grads: dict[str, Array], params: dict[str, Array], X: Array, edits: tuple[Edit, ...]
    ) -> dict[str, Array]:
        for edit in edits:
            kind, where = edit[0], edit[1] if len(edit) > 1 else None
            names = list(grads) if where == "all" else [f"W{where}"]
            for name in names:
                if kind == "times":
                    grads[name] = grads[name] * {"N": len(X), "1/N": 1 / len(X)}.get(edit[2], edit[2])
                elif kind == "transposed":
                    grads[name] = grads[name].T
                elif kind == "weight":
                    grads[name] = edit[2] * params[name]
                elif kind == "zero":
                    grads[name] = 0 * params[name]
                elif kind == "added":
                    grads[name] = grads[name] + edit[2]
                elif kind == "decayed":
                    grads[name] = grads[name] + edit[2] * params[name]
                elif kind == "column":
                    grads[name] = grads[name] * np.where(np.arange(grads[name].shape[1]) == 0, 3.0, 1.0)
                elif kind == "row":
                    grads[name] = np.roll(grads[name], 1, axis=0)
                elif kind == "signs":
                    grads[name] = np.sign(grads[name])
                elif kind == "normalised":
                    grads[name] = grads[name] / (np.linalg.norm(grads[name]) + 1e-300)
        return grads


NETWORKS = (
    Network("1-3-3-1 sigmoid, no biases", (1, 2, 3), (1, 3, 3, 1), "sigmoid", "squares", biases=False),
    Network("2-16-16-1 ReLU, hinge", (1, 2, 3), (2, 16, 16, 1), "relu", "hinge"),
    Network("3-5-4-3 tanh, softmax", (1, 2, 3), (3, 5, 4, 3), "tanh", "softmax"),
    Network("3-4-4-4-2 tanh, W2 shared", (1, 2, 2, 3), (3, 4, 4, 4, 2), "tanh", "squares"),
)
