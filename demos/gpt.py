"""A GPT in scalars, for one short document: embedding, causal attention, a small network, a loss. No arrays anywhere.

It is the workload of `compiled.py`; it runs on anything that adds and multiplies (floats, Values, recorded numbers).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from sizes import Sizes

import autograd as ag
from autograd import Value

Vector = list[Any]
Matrix = list[Vector]


def weights(sizes: Sizes, seed: int = 0) -> dict[str, list[list[Value]]]:
    """Small random weights, one matrix for each part."""
    rng = random.Random(seed)

    def matrix(name: str, rows: int, columns: int) -> list[list[Value]]:
        return [[Value(rng.gauss(0.0, 0.08), f"{name}[{i},{j}]") for j in range(columns)] for i in range(rows)]

    d = sizes.width
    return {
        "token": matrix("token", sizes.vocabulary, d),
        "place": matrix("place", sizes.block, d),
        **{name: matrix(name, d, d) for name in ("query", "key", "value", "out")},
        "up": matrix("up", 4 * d, d),
        "down": matrix("down", d, 4 * d),
        "head": matrix("head", sizes.vocabulary, d),
    }


def dot(x: Sequence[Any], y: Sequence[Any]) -> Any:
    total = x[0] * y[0]
    for a, b in zip(x[1:], y[1:], strict=True):
        total = total + a * b
    return total


def linear(W: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in W]


def normalized(x: Vector) -> Vector:
    """x over the root of the mean of its squares."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [each * scale for each in x]


def softmax(x: Vector) -> Vector:
    weights = [ag.exp(each) for each in x]
    total = weights[0]
    for each in weights[1:]:
        total = total + each
    return [each / total for each in weights]


def loss_of(w: dict[str, Any], sizes: Sizes) -> Callable[[Any, Any], Any]:
    """The loss of one document: rows of `given` and `wanted` have a 1 at the place of their letter."""

    def loss(given: Any, wanted: Any) -> Any:
        keys: list[Vector] = []
        values: list[Vector] = []
        total: Any = 0.0
        part = sizes.width // sizes.heads
        columns = list(zip(*w["token"], strict=True))
        for time in range(sizes.block):
            x = [dot(column, given[time]) + place for column, place in zip(columns, w["place"][time], strict=True)]
            x = normalized(x)
            calm = normalized(x)
            query = linear(w["query"], calm)
            keys.append(linear(w["key"], calm))
            values.append(linear(w["value"], calm))
            mixed: Vector = []
            for head in range(sizes.heads):
                span = slice(head * part, (head + 1) * part)
                shares = softmax([dot(query[span], key[span]) / math.sqrt(part) for key in keys])
                for j in range(head * part, (head + 1) * part):
                    mixed.append(dot(shares, [value[j] for value in values]))
            x = [a + b for a, b in zip(x, linear(w["out"], mixed), strict=True)]
            hidden = [ag.relu(each) for each in linear(w["up"], normalized(x))]
            x = [a + b for a, b in zip(x, linear(w["down"], hidden), strict=True)]
            scores = linear(w["head"], x)
            normal = ag.exp(scores[0])
            for score in scores[1:]:
                normal = normal + ag.exp(score)
            total = total + ag.log(normal) - dot(scores, wanted[time])
        return total / sizes.block

    return loss
