"""Random networks written with loops over single numbers, made from a seed: what the roll-up is held against.

Layers with weights of their own or shared ones, laid out in several ways; windows that slide; a state carried from step
to step; attention; residuals; sums, choices, constants; and now and then a number that is treated like no other.
"""

from __future__ import annotations

import functools
import math
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

from autograd import where
from autograd.core.table import TABLE

AWKWARD = (0.0, 1.0, -1.0, 1e-300, 1e300, -745.0, 40.0, math.inf, -math.inf, math.nan)
SMOOTH = ("tanh", "sigmoid", "relu", "softplus", "sin", "gelu", "silu", "arctan", "leaky_relu", "erf", "square", "abs")
ANY = (*SMOOTH, "exp", "log", "sqrt", "reciprocal", "log_sigmoid", "negative", "expm1", "elu", "identity", "floor")
PAIRS = ("add", "multiply", "subtract", "maximum", "minimum", "hypot", "divide", "logaddexp")

Vector = list[Any]
Step = Callable[[dict[str, Any]], Vector]


class RandomNetwork:
    """A list of steps, each of which makes a vector of numbers from earlier ones.

    Args:
        seed: decides everything.
        awkward: whether infinities, NaN and extreme numbers are among parameters and inputs.
    """

    def __init__(self, seed: int, awkward: bool = False) -> None:
        self.rng, self.awkward = random.Random(seed), awkward
        self.theta: list[float] = []
        self.shared: dict[int, list[int]] = {}  # parameters to be used again, by how many they are
        self.inputs = self.rng.randint(1, 5)
        self.samples = self.rng.choice((1, 2, 3, 7))
        self.X = [[self._number(0.8) for _ in range(self.inputs)] for _ in range(self.samples)]
        self.lengths = [self.inputs]
        self.steps: list[Callable[[list[Vector], Sequence[Any]], Vector]] = []
        kinds = (
            self._dense, self._dense, self._dense, self._window, self._unary, self._unary, self._pair, self._choice,
            self._recurrent, self._attention, self._softmax, self._moved, self._constants, self._odd, self._normalised,
        )  # fmt: skip
        for _ in range(self.rng.randint(2, 6)):
            step, length = self.rng.choice(kinds)()
            self.steps.append(step)
            self.lengths.append(length)
        self._end = self.rng.randrange(4)
        if not self.theta:
            self._parameters(1)

    def loss(self, p: Sequence[Any], x: Sequence[Any]) -> Any:
        """The loss of one sample."""
        known = [list(x)]
        for step in self.steps:
            known.append(step(known, p))
        last = known[-1]
        total = {
            0: lambda: _sum(last),
            1: lambda: last[-1],
            2: lambda: _sum([each * each for each in last]) / len(last) + 1e-3 * _sum([w * w for w in p]),
            3: lambda: _sum([TABLE["relu"](1 - each) for each in last]) - x[0] * last[0],
        }[self._end]()
        return total + 0.0 * 1.0

    # ------------------------------------------------------------------------------------------------- choices

    def _number(self, size: float) -> float:
        return self.rng.choice(AWKWARD) if self.awkward and self.rng.random() < 0.06 else self.rng.gauss(0.0, size)

    def _parameters(self, count: int) -> list[int]:
        """The places of fresh parameters, or of ones that have been used before."""
        if count in self.shared and self.rng.random() < 0.4:
            return self.shared[count]
        start = len(self.theta)
        self.theta += [self._number(0.7) for _ in range(count)]
        self.shared[count] = list(range(start, start + count))
        return self.shared[count]

    def _source(self) -> int:
        return self.rng.randrange(max(0, len(self.lengths) - 3), len(self.lengths))

    def _matrix(self, rows: int, columns: int) -> tuple[Callable[[int, int], int], Callable[[int], int] | None]:
        """Where the weight (row, column) and the bias of a row are: row by row, column by column, side by side."""
        layout = self.rng.randrange(4)
        if layout == 0:
            w = self._parameters(rows * columns)
            return (lambda i, j: w[i * columns + j]), None
        if layout == 1:
            w = self._parameters(rows * columns)
            b = self._parameters(rows)
            return (lambda i, j: w[j * rows + i]), lambda i: b[i]
        if layout == 2:
            w = self._parameters(rows * (columns + 1))
            return (lambda i, j: w[i * (columns + 1) + j]), lambda i: w[i * (columns + 1) + columns]
        w = self._parameters(rows * columns)
        b = self._parameters(rows)
        return (lambda i, j: w[i * columns + j]), lambda i: b[i]

    # ------------------------------------------------------------------------------------------------- steps

    def _dense(self) -> tuple[Any, int]:
        source, rows = self._source(), self.rng.randint(1, 4)
        columns = self.lengths[source]
        weight, bias = self._matrix(rows, columns)
        name = self.rng.choice((*SMOOTH, "identity"))
        backwards, first = self.rng.random() < 0.2, self.rng.random() < 0.5

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            out = []
            for i in range(rows):
                terms = [p[weight(i, j)] * known[source][j] for j in range(columns)]
                if bias is not None:
                    terms = [p[bias(i)], *terms] if first else [*terms, p[bias(i)]]
                out.append(_activated(name, _sum(terms[::-1] if backwards else terms)))
            return out

        return step, rows

    def _window(self) -> tuple[Any, int]:
        source = self._source()
        length = self.lengths[source]
        width, stride = self.rng.randint(1, min(3, length)), self.rng.randint(1, 2)
        count = (length - width) // stride + 1
        kernels = self.rng.randint(1, 2)
        w = self._parameters(kernels * width)
        b = self._parameters(kernels)

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            x = known[source]
            return [
                _sum([p[w[k * width + j]] * x[i * stride + j] for j in range(width)]) + p[b[k]]
                for k in range(kernels)
                for i in range(count)
            ]

        return step, kernels * count

    def _recurrent(self) -> tuple[Any, int]:
        source, size = self._source(), self.rng.randint(1, 3)
        w, u, b = self._parameters(size * size), self._parameters(size), self._parameters(size)

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            state: Vector = [0.0] * size
            for x in known[source]:
                state = [
                    TABLE["tanh"](_sum([p[w[i * size + j]] * state[j] for j in range(size)]) + p[u[i]] * x + p[b[i]])
                    for i in range(size)
                ]
            return state

        return step, size

    def _attention(self) -> tuple[Any, int]:
        source = self._source()
        length = self.lengths[source]
        q, k, v = (self._parameters(2) for _ in range(3))
        causal = self.rng.random() < 0.5

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            x = known[source]
            queries, keys, values = ([[p[part[d]] * each for d in range(2)] for each in x] for part in (q, k, v))
            out = []
            for t in range(length):
                upto = t + 1 if causal else length
                scores = [TABLE["exp"](TABLE["tanh"](_dot(queries[t], key))) for key in keys[:upto]]
                whole = _sum(scores)
                shares = [score / whole for score in scores]
                out += [_dot(shares, [value[d] for value in values[:upto]]) for d in range(2)]
            return out

        return step, 2 * length

    def _softmax(self) -> tuple[Any, int]:
        source = self._source()

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            powers = [TABLE["exp"](each) for each in known[source]]
            whole = _sum(powers)
            return [each / whole for each in powers]

        return step, self.lengths[source]

    def _normalised(self) -> tuple[Any, int]:
        source = self._source()

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            x = known[source]
            scale = (_dot(x, x) / len(x) + 1e-3) ** -0.5
            return [each * scale for each in x]

        return step, self.lengths[source]

    def _unary(self) -> tuple[Any, int]:
        source, name = self._source(), self.rng.choice(ANY)
        return (lambda known, p: [_activated(name, each) for each in known[source]]), self.lengths[source]

    def _pair(self) -> tuple[Any, int]:
        source, other, name = self._source(), self._source(), self.rng.choice(PAIRS)
        length = min(self.lengths[source], self.lengths[other])
        w = self._parameters(1) if self.rng.random() < 0.3 else None

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            x, y = known[source], known[other]
            return [TABLE[name](x[i], y[i] if w is None else p[w[0]]) for i in range(length)]

        return step, length

    def _choice(self) -> tuple[Any, int]:
        source, other = self._source(), self._source()
        length = min(self.lengths[source], self.lengths[other])
        bound, name = self.rng.gauss(0.0, 0.5), self.rng.choice(ANY)

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            x, y = known[source], known[other]
            return [where(x[i] > bound, _activated(name, x[i]), y[i]) for i in range(length)]

        return step, length

    def _moved(self) -> tuple[Any, int]:
        source = self._source()
        places = list(range(self.lengths[source]))
        kind = self.rng.randrange(5)
        if kind == 0:
            places.reverse()
        elif kind == 1:
            self.rng.shuffle(places)
        elif kind == 2:
            places = places[:: self.rng.randint(1, 2)]
        elif kind == 3:
            places = places + places
        else:
            places = [self.rng.choice(places) for _ in places]
        return (lambda known, p: [known[source][i] for i in places]), len(places)

    def _constants(self) -> tuple[Any, int]:
        source = self._source()
        numbers = [
            self.rng.choice((0.5, 2.0, 1.0, 0.0, -1.0, self.rng.gauss(0, 1))) for _ in range(self.lengths[source])
        ]
        name = self.rng.choice(("multiply", "add", "subtract"))

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            return [TABLE[name](each, number) for each, number in zip(known[source], numbers, strict=True)]

        return step, self.lengths[source]

    def _odd(self) -> tuple[Any, int]:
        source, name = self._source(), self.rng.choice(SMOOTH)
        place = self.rng.randrange(self.lengths[source])
        w = self._parameters(1)

        def step(known: list[Vector], p: Sequence[Any]) -> Vector:
            out = list(known[source])
            out[place] = _activated(name, out[place]) * p[w[0]]
            return out

        return step, self.lengths[source]


def _activated(name: str, x: Any) -> Any:
    return TABLE[name](x, 0.1) if TABLE[name].arity == 2 else TABLE[name](x)


def _sum(numbers: Sequence[Any]) -> Any:
    return functools.reduce(operator.add, numbers)


def _dot(x: Sequence[Any], y: Sequence[Any]) -> Any:
    return _sum([a * b for a, b in zip(x, y, strict=True)])
