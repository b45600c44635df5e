"""Networks as classes, with a right backprop, in the ways people write them: for `diagnose_class`.

Each entry makes an object; the options say which methods are its loss, its backward and its step. X has shape (n, 3), Y
shape (n, 1).
"""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def drawn(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed + sum(shape)).normal(size=shape) * 0.5


class Attributes:
    """dW beside W, buffers made once, everything kept."""

    def __init__(self) -> None:
        self.W1, self.b1, self.W2, self.b2 = drawn(3, 5), drawn(5), drawn(5, 1), np.zeros(1)
        self.dW1, self.db1 = np.zeros((3, 5)), np.zeros(5)
        self.dW2, self.db2 = np.zeros((5, 1)), np.zeros(1)
        self.history: list[float] = []

    def loss(self, X: Array, Y: Array) -> Any:
        self.a1 = np.zeros((len(X), 5))
        self.a1[...] = np.tanh(X @ self.W1 + self.b1)
        self.out = self.a1 @ self.W2 + self.b2
        self.history.append(0.0)
        return 0.5 * ((self.out - Y) ** 2).mean()

    def backward(self, X: Array, Y: Array) -> None:
        d2 = (self.out - Y) / len(X)
        self.dW2[:] = self.a1.T @ d2
        self.db2[:] = d2.sum(axis=0)
        d1 = d2 @ self.W2.T * (1 - self.a1**2)
        self.dW1[:, :] = X.T @ d1
        self.db1[:] = d1.sum(axis=0)

    def update(self, lr: float) -> None:
        for name in ("W1", "b1", "W2", "b2"):
            setattr(self, name, getattr(self, name) - lr * getattr(self, "d" + name))


class Dicts:
    """params and grads, keyed alike."""

    def __init__(self) -> None:
        self.params = {"W1": drawn(3, 4), "b1": np.zeros((1, 4)), "W2": drawn(4, 1), "b2": np.zeros((1, 1))}
        self.grads: dict[str, Array] = {}
        self.cache: dict[str, Array] = {}

    def loss(self, X: Array, Y: Array) -> Any:
        p = self.params
        z = X @ p["W1"] + p["b1"]
        self.cache = {"X": X, "a": 1 / (1 + np.exp(-z))}
        self.cache["out"] = self.cache["a"] @ p["W2"] + p["b2"]
        return np.mean((self.cache["out"] - Y) ** 2)

    def backward(self, Y: Array) -> None:
        a, X = self.cache["a"], self.cache["X"]
        d = 2 * (self.cache["out"] - Y) / Y.size
        e = d @ self.params["W2"].T * a * (1 - a)
        self.grads["W2"], self.grads["b2"] = a.T @ d, d.sum(axis=0, keepdims=True)
        self.grads["W1"], self.grads["b1"] = X.T @ e, e.sum(axis=0, keepdims=True)

    def update(self, lr: float) -> None:
        for key in self.params:
            self.params[key] -= lr * self.grads[key]


class DictsWithD(Dicts):
    """grads keyed dW1; params in an OrderedDict; momentum in a dict of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.params = OrderedDict(self.params)
        self.velocity = {key: np.zeros_like(part) for key, part in self.params.items()}

    def backward(self, Y: Array) -> None:
        super().backward(Y)
        self.grads = {"d" + key: part for key, part in self.grads.items()}

    def update(self, lr: float) -> None:
        for key in self.params:
            self.velocity[key] = 0.9 * self.velocity[key] - lr * self.grads["d" + key]
            self.params[key] = self.params[key] + self.velocity[key]


class Nielsen:
    """Columns, lists of weights and biases, gradients called nabla."""

    def __init__(self) -> None:
        sizes = [3, 4, 1]
        self.sizes, self.num_layers = sizes, 3
        self.biases = [drawn(y, 1, seed=3) for y in sizes[1:]]
        self.weights = [drawn(y, x) for x, y in itertools.pairwise(sizes)]

    def feedforward(self, X: Array) -> Array:
        a = X.T
        self.activations = [a]
        for b, w in zip(self.biases, self.weights, strict=True):
            a = 1 / (1 + np.exp(-(np.dot(w, a) + b)))
            self.activations.append(a)
        return a

    def loss(self, X: Array, Y: Array) -> Any:
        return 0.5 * ((self.feedforward(X) - Y.T) ** 2).sum()

    def backward(self, X: Array, Y: Array) -> None:
        self.nabla_b = [np.zeros(b.shape) for b in self.biases]
        self.nabla_w = [np.zeros(w.shape) for w in self.weights]
        delta = (self.activations[-1] - Y.T) * self.activations[-1] * (1 - self.activations[-1])
        for k in range(1, self.num_layers):
            if k > 1:
                a = self.activations[-k]
                delta = np.dot(self.weights[-k + 1].T, delta) * a * (1 - a)
            self.nabla_b[-k] = delta.sum(axis=1, keepdims=True)
            self.nabla_w[-k] = np.dot(delta, self.activations[-k - 1].T)

    def update(self, lr: float) -> None:
        self.weights = [w - lr * nw for w, nw in zip(self.weights, self.nabla_w, strict=True)]
        self.biases = [b - lr * nb for b, nb in zip(self.biases, self.nabla_b, strict=True)]


class Dense:
    """A layer that keeps its own weights and gradients."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.W, self.b = drawn(inputs, outputs), np.zeros(outputs)

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.W + self.b

    def backward(self, g: Array) -> Array:
        self.dW, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T


class ReLU:
    def forward(self, x: Array) -> Array:
        self.mask = x > 0
        return x * self.mask

    def backward(self, g: Array) -> Array:
        return g * self.mask


class Layered:
    """Layer objects in a list."""

    def __init__(self) -> None:
        self.layers: list[Any] = [Dense(3, 6), ReLU(), Dense(6, 1)]

    def loss(self, X: Array, Y: Array) -> Any:
        for layer in self.layers:
            X = layer.forward(X)
        self.miss = X - Y
        return (self.miss**2).mean()

    def backward(self, X: Array, Y: Array) -> None:
        g = 2 * self.miss / self.miss.size
        for layer in reversed(self.layers):
            g = layer.backward(g)

    def update(self, lr: float) -> None:
        for layer in self.layers:
            if hasattr(layer, "W"):
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db


class Parameter:
    def __init__(self, data: Array) -> None:
        self.data, self.grad = data, np.zeros_like(data)


class Module:
    """A framework of one's own: parameters are objects with data and grad."""

    def __init__(self) -> None:
        self.w, self.v = Parameter(drawn(3, 4)), Parameter(drawn(4, 1))

    def parameters(self) -> list[Parameter]:
        return [self.w, self.v]

    def loss(self, X: Array, Y: Array) -> Any:
        self.h = np.sin(X @ self.w.data)
        self.z = X @ self.w.data
        self.out = self.h @ self.v.data
        return np.sum((self.out - Y) ** 2) / len(X)

    def backward(self, X: Array, Y: Array) -> None:
        for p in self.parameters():
            p.grad[...] = 0
        d = 2 * (self.out - Y) / len(X)
        self.v.grad += self.h.T @ d
        self.w.grad += X.T @ (d @ self.v.data.T * np.cos(self.z))

    def update(self, lr: float) -> None:
        for p in self.parameters():
            p.data -= lr * p.grad


class Pairs:
    """A list of (W, b) tuples; backward returns as many."""

    def __init__(self) -> None:
        self.layers = [(drawn(3, 4), drawn(4)), (drawn(4, 1), drawn(1))]

    def loss(self, X: Array, Y: Array) -> Any:
        (W, b), (V, c) = self.layers
        self.a = np.tanh(X @ W + b)
        self.e = self.a @ V + c - Y
        return 0.5 * (self.e**2).sum() / len(X)

    def backward(self, X: Array, Y: Array) -> list[tuple[Array, Array]]:
        e = self.e / len(X)
        d = e @ self.layers[1][0].T * (1 - self.a * self.a)
        return [(X.T @ d, d.sum(0)), (self.a.T @ e, e.sum(0))]


class AllInOne:
    """One method does forward, backward and update."""

    def __init__(self) -> None:
        self.weights = {"hidden": drawn(3, 5), "output": drawn(5, 1)}
        self.lr = 0.1

    def predict(self, X: Array) -> Array:
        return np.tanh(X @ self.weights["hidden"]) @ self.weights["output"]

    def loss(self, X: Array, Y: Array) -> Any:
        return 0.5 * np.mean((self.predict(X) - Y) ** 2)

    def train(self, X: Array, Y: Array, learning_rate: float) -> float:
        h = np.tanh(X @ self.weights["hidden"])
        e = (h @ self.weights["output"] - Y) / len(X)
        back = e @ self.weights["output"].T * (1 - h**2)
        self.weights["output"] -= learning_rate * h.T @ e
        self.weights["hidden"] -= learning_rate * X.T @ back
        return float(self.loss(X, Y))


class Adam(Attributes):
    """Moments kept on the object, and the step counted."""

    def __init__(self) -> None:
        super().__init__()
        self.names = ("W1", "b1", "W2", "b2")
        self.m = {name: np.zeros_like(getattr(self, name)) for name in self.names}
        self.v = {name: np.zeros_like(getattr(self, name)) for name in self.names}
        self.t = 0

    def update(self, lr: float) -> None:
        self.t += 1
        for name in self.names:
            g = getattr(self, "d" + name)
            self.m[name] = 0.9 * self.m[name] + 0.1 * g
            self.v[name] = 0.999 * self.v[name] + 0.001 * g**2
            m, v = self.m[name] / (1 - 0.9**self.t), self.v[name] / (1 - 0.999**self.t)
            setattr(self, name, getattr(self, name) - lr * m / (np.sqrt(v) + 1e-8))


class Decayed(Attributes):
    """L2 in the loss and in the gradient."""

    l2 = 0.05

    def loss(self, X: Array, Y: Array) -> Any:
        return super().loss(X, Y) + 0.5 * self.l2 * ((self.W1**2).sum() + (self.W2**2).sum())

    def backward(self, X: Array, Y: Array) -> None:
        super().backward(X, Y)
        self.dW1 += self.l2 * self.W1
        self.dW2 += self.l2 * self.W2


class Dropout(Layered):
    """A mask drawn in every forward pass, by a generator of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng(4)

    def loss(self, X: Array, Y: Array) -> Any:
        h = self.layers[1].forward(self.layers[0].forward(X))
        self.kept = (self.rng.random(h.shape) < 0.8) / 0.8
        self.miss = self.layers[2].forward(h * self.kept) - Y
        return (self.miss**2).mean()

    def backward(self, X: Array, Y: Array) -> None:
        g = self.layers[2].backward(2 * self.miss / self.miss.size)
        self.layers[0].backward(self.layers[1].backward(g * self.kept))


class Neuron:
    """Lists of lists and math.exp, one sample at a time."""

    def __init__(self) -> None:
        self.w, self.b = np.array([0.3, -0.2, 0.5]), np.array([0.1])
        self.dw, self.db = np.zeros(3), np.zeros(1)

    def loss(self, x: Array, y: Array) -> Any:
        z = sum(w * v for w, v in zip(self.w, x, strict=True)) + self.b[0]
        self.p = 1 / (1 + np.exp(-z))
        return (self.p - y[0]) ** 2

    def backward(self, x: Array, y: Array) -> None:
        d = 2 * (self.p - y[0]) * self.p * (1 - self.p)
        for k in range(len(x)):
            self.dw[k] = d * x[k]
        self.db[0] = d

    def update(self, lr: float) -> None:
        for k in range(3):
            self.w[k] -= lr * self.dw[k]
        self.b[0] -= lr * self.db[0]


class Floats:
    """A line, its slope and offset plain floats, stepped by the same method that finds the slopes."""

    def __init__(self) -> None:
        self.a, self.c = 0.4, -0.1
        self.rate = 0.05

    def loss(self, X: Array, Y: Array) -> Any:
        return ((self.a * X[:, :1] + self.c - Y) ** 2).mean()

    def update(self, X: Array, Y: Array, lr: float) -> None:
        miss = self.a * X[:, :1] + self.c - Y
        self.a -= lr * float((2 * miss * X[:, :1]).mean())
        self.c -= lr * float((2 * miss).mean())


class Aliased:
    """Weights as attributes and once more in a list that the step walks over."""

    def __init__(self) -> None:
        self.W, self.V = drawn(3, 4), drawn(4, 1)
        self.params = [self.W, self.V]
        self.grads = [np.zeros((3, 4)), np.zeros((4, 1))]

    def loss(self, X: Array, Y: Array) -> Any:
        self.h = np.maximum(0, X @ self.W)
        self.e = self.h @ self.V - Y
        return (self.e**2).sum() / len(X)

    def backward(self, X: Array, Y: Array) -> None:
        d = 2 * self.e / len(X)
        self.grads[1][...] = self.h.T @ d
        self.grads[0][...] = X.T @ (d @ self.V.T * (self.h > 0))

    def update(self, lr: float) -> None:
        for p, g in zip(self.params, self.grads, strict=True):
            p -= lr * g


class Keeps(Attributes):
    """Its samples are attributes; a schedule and clipping in the step."""

    def __init__(self) -> None:
        super().__init__()
        self.X, self.Y = drawn(9, 3), drawn(9, 1)
        self.epoch = 0

    def update(self, lr: float) -> None:
        self.epoch += 1
        for name in ("W1", "b1", "W2", "b2"):
            g = np.clip(getattr(self, "d" + name), -0.02, 0.02)
            setattr(self, name, getattr(self, name) - lr * g)


class Single(Attributes):
    """float32."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("W1", "b1", "W2", "b2", "dW1", "db1", "dW2", "db2"):
            setattr(self, name, getattr(self, name).astype(np.float32))


class Differences:
    """Gradients by central differences."""

    def __init__(self) -> None:
        self.W = [drawn(3, 3), drawn(3, 1)]
        self.dW = [np.zeros((3, 3)), np.zeros((3, 1))]

    def loss(self, X: Array, Y: Array) -> Any:
        return ((np.tanh(X @ self.W[0]) @ self.W[1] - Y) ** 2).mean()

    def backward(self, X: Array, Y: Array) -> None:
        for W, dW in zip(self.W, self.dW, strict=True):
            for at in np.ndindex(W.shape):
                kept = W[at]
                W[at] = kept + 1e-5
                up = self.loss(X, Y)
                W[at] = kept - 1e-5
                dW[at] = (up - self.loss(X, Y)) / 2e-5
                W[at] = kept


class Softmax:
    """Two outputs and cross-entropy, the layers in a dict of objects."""

    def __init__(self) -> None:
        self.net = {"first": Dense(3, 4), "second": Dense(4, 2)}

    def loss(self, X: Array, Y: Array) -> Any:
        self.h = np.tanh(self.net["first"].forward(X))
        z = self.net["second"].forward(self.h)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.t = np.concatenate([Y > 0, Y <= 0], axis=1).astype(float)
        return -np.sum(self.t * np.log(self.p)) / len(X)

    def backward(self) -> None:
        g = self.net["second"].backward((self.p - self.t) / len(self.p))
        self.net["first"].backward(g * (1 - self.h**2))

    def update(self, lr: float) -> None:
        for layer in self.net.values():
            layer.W = layer.W - lr * layer.dW
            layer.b = layer.b - lr * layer.db


class Scalars:
    """math.exp in the forward pass, plain floats and one sample."""

    def __init__(self) -> None:
        self.w = [0.2, -0.4, 0.1]
        self.grad_w = [0.0, 0.0, 0.0]

    def loss(self, x: Array, y: Array) -> float:
        z = sum(w * float(v) for w, v in zip(self.w, x, strict=True))
        self.p = 1 / (1 + math.exp(-z))
        return 0.5 * (self.p - float(y[0])) ** 2

    def backward(self, x: Array, y: Array) -> None:
        d = (self.p - float(y[0])) * self.p * (1 - self.p)
        self.grad_w = [d * float(v) for v in x]


WHOLE: dict[str, Any] = {"update": "update", "lr": 0.1}
CLASSES: dict[Callable[[], Any], dict[str, Any]] = {
    Attributes: WHOLE,
    Dicts: WHOLE,
    DictsWithD: WHOLE,
    Nielsen: WHOLE,
    Layered: WHOLE,
    Module: WHOLE,
    Pairs: {},
    AllInOne: {"backward": None, "update": "train", "lr": 0.1},
    Adam: WHOLE,
    Decayed: WHOLE,
    Dropout: WHOLE,
    Neuron: {**WHOLE, "each": True},
    Floats: {"backward": None, "update": "update", "lr": 0.05},
    Aliased: WHOLE,
    Keeps: WHOLE,
    Single: WHOLE,
    Differences: {},
    Softmax: WHOLE,
    Scalars: {"each": True},
}
"""The options of `diagnose_class` for each."""
