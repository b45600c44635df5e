"""The script this project began with, its mathematics kept: a network, its backprop written by hand, mistakes and all.

Nothing here is to be copied. A learner wrote it to fit y = x**2 on [0, 1], asked why it does not fit, and whether the
missing biases are to blame. As posted it did not even parse: an `if layer == 0:` was lost in its loop over the layers,
which are written out here. `x_squared.py` trains it beside a correct one; `doctor.py` finds what is wrong with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def samples(n: int = 1000, shuffled: bool = False, seed: int = 0) -> tuple[Array, Array]:
    """Their data: n points of y = x**2, evenly over [0, 1], both of shape (n, 1).

    In the order in which they were taken, from 0 to 1, one at a time: that is the second reason why even the right
    gradient does not fit. `shuffled` gives the same points in random order.
    """
    x = np.linspace(0.0, 1.0, n)
    x = (np.random.default_rng(seed).permutation(x) if shuffled else x)[:, None]
    return x, x**2


class Net:
    """Two hidden layers of three sigmoids, a linear output, no biases; one sample at a time.

    Args:
        seed: of the normal random numbers the weights start from.
    """

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.W_in = rng.standard_normal((1, 3))
        self.W_h = rng.standard_normal((3, 3))
        self.W_out = rng.standard_normal((3, 1))

    def forward(self, x: Array) -> Array:
        """The prediction, shape (1,), for one sample x of shape (1,). This part is right."""
        self.a1 = sigmoid(self.W_in.T @ x)
        self.a2 = sigmoid(self.W_h.T @ self.a1)
        self.y_hat = self.W_out.T @ self.a2
        return self.y_hat

    def loss(self, x: Array, y: Array) -> Array:
        return 0.5 * ((y - self.forward(x)) ** 2).sum()

    def backward(self, x: Array, y: Array) -> None:
        """Their gradients, of the latest forward pass. The deltas are right; the gradients are not quite."""
        delta3 = -(y - self.y_hat)
        delta2 = self.a2 * (1 - self.a2) * (self.W_out @ delta3)
        delta1 = self.a1 * (1 - self.a1) * (self.W_h @ delta2)
        self.delta3 = delta3
        self.dW_out = delta3 * self.a2
        self.dW_h = np.outer(delta2, self.a1)
        self.dW_in = np.outer(delta1, x).T

    def update(self, lr: float) -> None:
        """Their step. It uses none of the gradients above."""
        self.W_out = self.W_out - lr * self.delta3
        self.W_h = self.W_h - lr * self.W_h
        self.W_in = self.W_in - lr * self.W_in

    def train(self, X: Array, Y: Array, lr: float = 0.0001, epochs: int = 10) -> None:
        """As the script ran it: each sample in turn, forward, backward, update."""
        for _ in range(epochs):
            for x, y in zip(X, Y, strict=True):
                self.forward(x)
                self.backward(x, y)
                self.update(lr)

    def predict(self, X: Array) -> Array:
        """The predictions for all samples at once, shape (n, 1), by the same forward pass."""
        return sigmoid(sigmoid(X @ self.W_in) @ self.W_h) @ self.W_out

    def mse(self, X: Array, Y: Array) -> float:
        return float(np.mean((Y - self.predict(X)) ** 2))


class CorrectedNet(Net):
    """The same network repaired: gradients of the right shape and the right way round, and a step that uses them."""

    def backward(self, x: Array, y: Array) -> None:
        super().backward(x, y)
        self.dW_out = np.reshape(self.dW_out, self.W_out.shape)
        self.dW_h = self.dW_h.T

    def update(self, lr: float) -> None:
        self.W_out = self.W_out - lr * self.dW_out
        self.W_h = self.W_h - lr * self.dW_h
        self.W_in = self.W_in - lr * self.dW_in
