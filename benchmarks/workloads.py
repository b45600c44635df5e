"""What is measured: W1 a network, W2 the moons, W3 a long chain, W5 an expression, W6 a Hessian, W7 a GPT.

(W4, a network of arrays, is in `arrays.py`.) W8 is a step of training, loss, gradient and Adam, of the GPT of
`microgpt.py`, in which all others are compared, too.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sizes import CHAIN, GPT, MOONS, SEED, WIDE


@dataclass(frozen=True)
class Data:
    """A vector of parameters and a batch."""

    theta: Any
    batch: tuple[Any, ...] = ()

    @property
    def X(self) -> Any:  # noqa: N802
        return self.batch[0]

    @property
    def Y(self) -> Any:  # noqa: N802
        return self.batch[1]


def data_for(name: str) -> Data:
    """The same numbers for everyone."""
    rng = np.random.default_rng(0)
    if name == "W1":
        X = np.linspace(-1, 1, 1000)
        return Data(rng.normal(size=22), (X, X * X))
    if name == "W2":
        X = rng.normal(size=(100, 2))
        return Data(rng.normal(size=337) * 0.5, (X, np.sign(X[:, 0] * X[:, 1])))
    if name == "W3":
        return Data(np.array([0.3, 0.9999, 1e-4]))
    if name == "W5":
        return Data(np.array([0.7, -1.2, 0.4]))
    if name == "W6":
        return Data(np.linspace(-1, 1, 20))
    gpt = WIDE if name == "W8" else GPT
    letters = rng.integers(0, gpt["vocabulary"], gpt["block"] + 1)
    one_hot = np.eye(gpt["vocabulary"])
    count = (2 * gpt["vocabulary"] + gpt["block"] + 12 * gpt["width"]) * gpt["width"]
    return Data(rng.normal(size=count) * 0.08, (one_hot[letters[:-1]][None], one_hot[letters[1:]][None]))


def expression_point(p: Any, m: Any) -> Any:
    """About twenty operations on three numbers; m has sin, exp and tanh."""
    a, b, c = p[0], p[1], p[2]
    u = m.tanh(a * b + c) * m.sin(a - c)
    v = m.exp(-(u * u) * 0.5) / (1 + b * b)
    return u * v + (a + v) * (b - u) * c + u / (2 + v * v)


def dense(sizes: tuple[int, ...], p: list[Any], activation: Callable[[Any], Any], last: bool) -> Callable[[Any], Any]:
    """A dense network of scalars whose parameters are the list p."""

    def model(x: Any) -> Any:
        k = 0
        for number, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):  # noqa: B905, RUF007
            biases = k + inputs * outputs
            z = []
            for j in range(outputs):
                total = p[biases + j]
                for i in range(inputs):
                    total = total + p[k + j * inputs + i] * x[i]
                z.append(total)
            k = biases + outputs
            x = [activation(each) for each in z] if last or number < len(sizes) - 2 else z
        return x[0]

    return model


def glassgrad_loss(name: str, theta: Any) -> tuple[Callable[..., Any], list[Any]]:
    """The loss of one sample in scalars, and its parameters."""
    from parts.gpt import Sizes, loss_of, weights

    import autograd as ag
    from autograd import Value

    if name in ("W7", "W8"):
        sizes = Sizes(**(WIDE if name == "W8" else GPT))
        w = weights(sizes)
        p = [each for matrix in w.values() for row in matrix for each in row]
        return loss_of(w, sizes), p
    p = [Value(number, f"p[{k}]") for k, number in enumerate(theta.tolist())]
    if name == "W1":
        seed = dense(SEED, p, ag.sigmoid, last=True)
        return lambda x, y: (seed([x]) - y) ** 2 / 2, p
    if name == "W2":
        moons = dense(MOONS, p, ag.relu, last=False)
        return lambda x, y: ag.relu(1 - y * moons(x)) + 1e-4 * sum(each * each for each in p), p
    if name == "W3":
        return lambda: functools.reduce(lambda z, _: z * p[1] + p[2], range(CHAIN), p[0]), p
    if name == "W5":
        return lambda: expression_point(p, ag), p
    return lambda: sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(p)), p


def shuffled(names: list[str], seed: int) -> list[str]:
    """The order of one round."""
    order = list(names)
    random.Random(seed).shuffle(order)
    return order
