"""Programs as other people write them for micrograd's Value: loops, lists and classes, and no thought of compilers.

Each returns the loss of one sample, its parameters, and a batch. Only the import of Value says which library it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Value

Program = tuple[Callable[..., Any], list[Value], tuple[Any, ...]]


# ------------------------------------------------------------------------------------------ a network of classes


class Neuron:
    def __init__(self, nin: int, rng: random.Random, nonlin: bool = True) -> None:
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.1)
        self.nonlin = nonlin

    def __call__(self, x: Any) -> Any:
        act = self.b
        for wi, xi in zip(self.w, x, strict=True):
            act = act + wi * xi
        return act.tanh() if self.nonlin else act


class Network:
    def __init__(self, sizes: list[int], rng: random.Random) -> None:
        last = len(sizes) - 2
        self.layers = [
            [Neuron(nin, rng, number != last) for _ in range(nout)]
            for number, (nin, nout) in enumerate(zip(sizes, sizes[1:]))  # noqa: B905, RUF007
        ]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in [*neuron.w, neuron.b]]


def classes() -> Program:
    """Three flowers apart: a softmax over the outputs of a network, with a penalty on the weights."""
    rng = random.Random(1)
    net = Network([4, 12, 12, 3], rng)
    params = net.parameters()

    def loss(x: Any, y: Any) -> Any:
        scores = net(x)
        exps = [s.exp() for s in scores]
        total = exps[0]
        for e in exps[1:]:
            total = total + e
        likely = sum((e / total) * t for e, t in zip(exps, y, strict=True))
        penalty = sum((p * p for p in params), 0.0)
        return -likely.log() + 0.0001 * penalty

    draw = np.random.default_rng(1)
    return loss, params, (draw.normal(size=(30, 4)), np.eye(3)[draw.integers(0, 3, 30)])


# ------------------------------------------------------------------------------------------------ a recurrent one


def letters() -> Program:
    """An Elman network that reads six letters and guesses each next one."""
    rng, hidden, vocab, length = random.Random(2), 8, 5, 6
    Wxh = [[Value(rng.gauss(0, 0.3)) for _ in range(vocab)] for _ in range(hidden)]
    Whh = [[Value(rng.gauss(0, 0.3)) for _ in range(hidden)] for _ in range(hidden)]
    bh = [Value(0.0) for _ in range(hidden)]
    Why = [[Value(rng.gauss(0, 0.3)) for _ in range(hidden)] for _ in range(vocab)]
    by = [Value(0.0) for _ in range(vocab)]
    params = [p for M in (Wxh, Whh, Why) for row in M for p in row] + bh + by

    def loss(inputs: Any, targets: Any) -> Any:
        h: list[Any] = [Value(0.0) * 0 for _ in range(hidden)]
        nll: Any = 0.0
        for t in range(length):
            new = []
            for i in range(hidden):
                s: Any = bh[i]
                for j in range(vocab):
                    s = s + Wxh[i][j] * inputs[t][j]
                for j in range(hidden):
                    s = s + Whh[i][j] * h[j]
                new.append(s.tanh())
            h = new
            y = []
            for k in range(vocab):
                s = by[k]
                for j in range(hidden):
                    s = s + Why[k][j] * h[j]
                y.append(s)
            whole = sum((v.exp() for v in y), 0.0)
            for k in range(vocab):
                nll = nll - targets[t][k] * (y[k] - whole.log())
        return nll / length

    draw = np.random.default_rng(2)
    text = draw.integers(0, vocab, (10, length + 1))
    return loss, params, (np.eye(vocab)[text[:, :-1]], np.eye(vocab)[text[:, 1:]])


# ------------------------------------------------------------------------------------------- a convolutional one


def pictures() -> Program:
    """Two filters of 3 x 3 slide over a picture of 7 x 7, their answers are averaged, one number comes out."""
    rng, size, width, filters = random.Random(3), 7, 3, 2
    kernels = [[[Value(rng.uniform(-0.5, 0.5)) for _ in range(width)] for _ in range(width)] for _ in range(filters)]
    biases = [Value(0.0) for _ in range(filters)]
    out = [Value(rng.uniform(-1, 1)) for _ in range(filters)]
    bias = Value(0.0)
    params = [p for k in kernels for row in k for p in row] + biases + out + [bias]

    def loss(image: Any, label: Any) -> Any:
        pooled = []
        for k in range(filters):
            seen: Any = 0.0
            for i in range(size - width + 1):
                for j in range(size - width + 1):
                    acc: Any = biases[k]
                    for di in range(width):
                        for dj in range(width):
                            acc = acc + kernels[k][di][dj] * image[i + di][j + dj]
                    seen = seen + acc.relu()
            pooled.append(seen / (size - width + 1) ** 2)
        score: Any = bias
        for k in range(filters):
            score = score + out[k] * pooled[k]
        p = 1 / (1 + (-score).exp())
        return -(label * p.log() + (1 - label) * (1 - p).log())

    draw = np.random.default_rng(3)
    return loss, params, (draw.normal(size=(12, size, size)), draw.integers(0, 2, 12).astype(float))


# ----------------------------------------------------------------------------------------------------- attention


def sentences() -> Program:
    """One block of a small transformer over a sentence of five words: two heads, a residual, a norm."""
    rng, dim, heads, words = random.Random(4), 6, 2, 5
    part = dim // heads

    def matrix(rows: int, columns: int) -> list[list[Value]]:
        return [[Value(rng.gauss(0, 0.2)) for _ in range(columns)] for _ in range(rows)]

    Wq, Wk, Wv, Wo, W1, W2 = (*(matrix(dim, dim) for _ in range(4)), matrix(12, dim), matrix(dim, 12))
    params = [p for M in (Wq, Wk, Wv, Wo, W1, W2) for row in M for p in row]

    def times(M: Any, x: Any) -> list[Any]:
        return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in M]

    def rms(x: Any) -> list[Any]:
        ms = sum(xi * xi for xi in x) / len(x)
        return [xi * (ms + 1e-5) ** -0.5 for xi in x]

    def loss(sentence: Any, wanted: Any) -> Any:
        keys: list[Any] = []
        values: list[Any] = []
        error: Any = 0.0
        for t in range(words):
            x = [sentence[t][i] for i in range(dim)]
            normed = rms(x)
            q = times(Wq, normed)
            keys.append(times(Wk, normed))
            values.append(times(Wv, normed))
            joined = []
            for h in range(heads):
                a, b = h * part, (h + 1) * part
                logits = [sum(q[i] * k[i] for i in range(a, b)) / part**0.5 for k in keys]
                exps = [v.exp() for v in logits]
                whole = sum(exps)
                for i in range(a, b):
                    joined.append(sum(e / whole * v[i] for e, v in zip(exps, values, strict=True)))
            x = [xi + oi for xi, oi in zip(x, times(Wo, joined), strict=True)]
            inner = [v.relu() for v in times(W1, rms(x))]
            x = [xi + fi for xi, fi in zip(x, times(W2, inner), strict=True)]
            for i in range(dim):
                error = error + (x[i] - wanted[t][i]) ** 2
        return error / words

    draw = np.random.default_rng(4)
    return loss, params, (draw.normal(size=(8, words, dim)), draw.normal(size=(8, words, dim)))


PROGRAMS: dict[str, Callable[[], Program]] = {
    "classes": classes, "letters": letters, "pictures": pictures, "sentences": sentences,
}  # fmt: skip
