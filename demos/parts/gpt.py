"""A GPT in scalars: embedding, causal attention, a small network, the loss of one document. No arrays anywhere.

It runs on anything that adds and multiplies (floats, Values, recorded numbers). `names.py` trains it; the benchmark of
compiled steps measures it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import autograd as ag
from autograd import Value

Vector = list[Any]
Matrix = list[Vector]


@dataclass(frozen=True)
class Sizes:
    """How large a GPT is: letters it knows, numbers a letter becomes, attention heads, places in a document."""

    vocabulary: int = 27
    width: int = 16
    heads: int = 4
    block: int = 8


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


def total(numbers: Iterable[Any]) -> Any:
    return reduce(add, numbers)


def dot(x: Sequence[Any], y: Sequence[Any]) -> Any:
    return total(a * b for a, b in zip(x, y, strict=True))


def linear(W: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in W]


def plus(x: Vector, y: Vector) -> Vector:
    return [a + b for a, b in zip(x, y, strict=True)]


def normalized(x: Vector) -> Vector:
    """x over the root of the mean of its squares."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [each * scale for each in x]


def softmax(x: Vector) -> Vector:
    powers = [ag.exp(each) for each in x]
    whole = total(powers)
    return [each / whole for each in powers]


def scores_of(w: dict[str, Any], sizes: Sizes) -> Callable[[Any], list[Vector]]:
    """For each place of a document the scores of the letter to come; a row of `given` has a 1 at its letter."""
    part = sizes.width // sizes.heads
    columns = list(zip(*w["token"], strict=True))

    def scores(given: Any) -> list[Vector]:
        keys: list[Vector] = []
        values: list[Vector] = []
        out: list[Vector] = []
        for time in range(sizes.block):
            x = normalized(plus([dot(column, given[time]) for column in columns], w["place"][time]))
            calm = normalized(x)
            query = linear(w["query"], calm)
            keys.append(linear(w["key"], calm))
            values.append(linear(w["value"], calm))
            mixed: Vector = []
            for head in range(sizes.heads):
                span = slice(head * part, (head + 1) * part)
                shares = softmax([dot(query[span], key[span]) / math.sqrt(part) for key in keys])
                mixed += [dot(shares, column) for column in zip(*(value[span] for value in values), strict=True)]
            x = plus(x, linear(w["out"], mixed))
            hidden = [ag.relu(each) for each in linear(w["up"], normalized(x))]
            x = plus(x, linear(w["down"], hidden))
            out.append(linear(w["head"], x))
        return out

    return scores


def loss_of(w: dict[str, Any], sizes: Sizes) -> Callable[[Any, Any], Any]:
    """The loss of one document: how unlikely each wanted letter was. A row of zeros wants none, and counts nothing."""
    scores = scores_of(w, sizes)

    def loss(given: Any, wanted: Any) -> Any:
        letters = [total(row) for row in wanted]
        surprise = [
            letter * ag.log(total(map(ag.exp, row))) - dot(row, want)
            for letter, row, want in zip(letters, scores(given), wanted, strict=True)
        ]
        return total(surprise) / total(letters)

    return loss
