"""Array rules on `Arrived`: which elements of an operand (or of a result) something arrives at.

The rows of `rules.py` are asked the same question twice: with the numbers, and with 1 where something arrived and 0
elsewhere; what is above 0 then has been reached. The other half of the rule about 0 × ∞ is in `masking.py`.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..masking import Arrived
from ..numbers.functions import equal, greater, less, where
from .rules import ArrayRule, _spread, broadcast_to, sum, zeros_like

Options = dict[str, Any]


def pull_arrived(rule: ArrayRule, k: int, g: Arrived, out: Any, operands: Sequence[Any], options: Options) -> Arrived:
    """The cotangent of operand `k`: see `ArrayRule.pull`."""
    operands = tuple(operands)
    number = rule.pull(k, g.number, out, operands, options)
    if (g.came is None and not rule.selects) or (g.forgets and rule.kind == "multilinear"):
        return type(g)(number)
    ones = _ones(g)
    if rule.kind == "linear":
        return type(g)(number, greater(rule.pull(k, ones, out, operands, options), 0))
    if rule.kind == "reduction":
        reached = _spread(ones, operands[0].shape, **options)
        if rule.selects:
            reached = reached * rule.slope(out, *operands, **options)  # type: ignore[misc]
        return g.only(number, greater(reached, 0))
    if rule.kind == "general":
        return g.only(number, _anywhere(ones, options["axis"]))

    def form(cotangent: Any, others: Sequence[Any]) -> Any:
        return rule.pull(k, cotangent, out, (*others[:k], operands[k], *others[k:]), options)

    others = [x for j, x in enumerate(operands) if j != k]
    came = greater(form(ones, [np.ones(x.shape) for x in others]), 0)
    if g.doubtful(number):
        number = _products_that_arrived(form, g, others)
    return g.only(number, came)


def push_arrived(
    rule: ArrayRule, tangents: Sequence[Any], out: Any, operands: Sequence[Any], options: Options
) -> Arrived:
    """The tangent of the result: see `ArrayRule.push`."""
    operands = tuple(operands)
    some: Arrived = next(t for t in tangents if t is not None)
    kind: type[Arrived] = type(some)
    if rule.kind == "linear":
        number = rule.push([None if t is None else t.number for t in tangents], out, operands, options)
        if builtins.all(t is not None and t.came is None for t in tangents) and rule.name != "put":
            return kind(number)
        ones = [zeros_like(x) if t is None else _ones(t) for t, x in zip(tangents, operands, strict=True)]
        return kind(number, greater(rule(*ones, **options), 0))
    if rule.kind == "reduction":
        ones = _ones(some)
        if rule.selects:
            ones = where(greater(rule.slope(out, *operands, **options), 0), ones, 0.0)  # type: ignore[misc]
        part = some.only(rule.slope(out, *operands, **options) * some.number, greater(ones, 0))  # type: ignore[misc]
        return kind(sum(part.number, **options), greater(sum(ones, **options), 0))
    if rule.kind == "general":
        number = rule.push([some.number], out, operands, options)
        return some.only(number, None if some.came is None else _anywhere(_ones(some), options["axis"]))
    total: Arrived | None = None
    for k, tangent in enumerate(tangents):
        if tangent is not None:

            def form(tangent: Any, others: Sequence[Any], k: int = k) -> Any:
                return rule(*others[:k], tangent, *others[k:], **options)

            others = [x for j, x in enumerate(operands) if j != k]
            number, came = form(tangent.number, others), None
            if tangent.came is not None:
                came = greater(form(_ones(tangent), [np.ones(x.shape) for x in others]), 0)
                if tangent.doubtful(number):
                    number = _products_that_arrived(form, tangent, others)
            part = tangent.only(number, came)
            total = part if total is None else total + part
    assert total is not None
    return total


def _ones(g: Arrived) -> Any:
    """1 where something arrived, 0 elsewhere."""
    if g.came is None:
        return g.lifted(np.ones(g.number.shape))
    return broadcast_to(where(g.came, 1.0, 0.0), shape=g.number.shape)


def _anywhere(ones: Any, axis: Any) -> Any:
    """Where something arrived anywhere along an axis."""
    return greater(broadcast_to(sum(ones, axis=axis, keepdims=True), shape=ones.shape), 0)


def _products_that_arrived(form: Callable[[Any, Sequence[Any]], Any], g: Arrived, others: Sequence[Any]) -> Any:
    """A sum of products without those of what did not arrive, which would be 0 × ∞ where the other factor is infinite.

    Args:
        form: the sum of products, linear in each argument. Where the other factor is infinite, what the products come
            to is found by counting them with `form` itself: those that are ∞, -∞ and NaN.
    """
    if len(others) != 1:
        sound = [where(_is_finite(x), x, 0.0) for x in others]
        harmed = form(_ones(g), [where(_is_finite(x), 0.0, 1.0) for x in others])
        return where(greater(harmed, 0), form(g.number, others), form(g.number, sound))
    (y,) = others
    up, down = (where(equal(y, side), 1.0, 0.0) for side in (math.inf, -math.inf))
    positive, negative = where(greater(g.number, 0), 1.0, 0.0), where(less(g.number, 0), 1.0, 0.0)
    rising = form(positive, [up]) + form(negative, [down])
    falling = form(positive, [down]) + form(negative, [up])
    undefined = form(_ones(g), [where(equal(y, y), 0.0, 1.0)]) + form(_ones(g) - positive - negative, [up + down])
    infinite = where(greater(rising, 0), math.inf, 0.0) - where(greater(falling, 0), math.inf, 0.0)
    finite_part = form(g.number, [where(_is_finite(y), y, 0.0)])
    return finite_part + infinite + where(greater(undefined, 0), math.nan, 0.0)


def _is_finite(x: Any) -> Any:
    return equal(x - x, 0.0)
