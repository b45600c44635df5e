"""Random programs of single numbers, made from a seed: what all engines are held against.

A step on a jump (the floor of a computed 2.0, a choice between equal numbers) is not taken, for there the last bit of a
function of the platform decides; nor is a badly conditioned one (the tangent beside its pole), which makes much of it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from autograd import Value, where
from autograd.core.node import walk
from autograd.core.table import TABLE

AWKWARD = (0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, 1e300, -745.0, 40.0, math.inf, -math.inf, math.nan)
AT_ZERO = ("divide", "reciprocal", "arctan2", "power", "log", "log2", "log10", "sqrt", "hypot", "abs", "sign", "cbrt")
JUMPING = ("fmod", "floor_divide", "remainder")


class RandomProgram:
    """Steps over a growing list of numbers: `leaves` first, then one result a step.

    Args:
        seed: decides everything.
        awkward: whether infinities, NaN and extreme numbers are among the leaves.
    """

    def __init__(self, seed: int, awkward: bool, leaves: int = 4, longest: int = 14) -> None:
        self.rng = random.Random(seed)
        self.numbers = [self._number(awkward) for _ in range(leaves)]
        self.steps: list[tuple[str, tuple[int, ...]]] = []
        values: list[Any] = [Value(number) for number in self.numbers]
        for _ in range(self.rng.randint(2, longest)):
            for _ in range(20):
                step = self._step(len(values))
                operands = [values[k] for k in step[1]]
                on_leaves = leaves > max(step[1])
                if on_leaves or _is_smooth(step[0], operands):
                    out = _apply(step, values)
                    if on_leaves or _is_well_conditioned(step[0], operands, out):
                        self.steps.append(step)
                        values.append(out)
                        break

    def _number(self, awkward: bool) -> float:
        return self.rng.choice(AWKWARD) if awkward and self.rng.random() < 0.3 else self.rng.gauss(0.0, 1.5)

    def _step(self, count: int) -> tuple[str, tuple[int, ...]]:
        name = self.rng.choice([*TABLE, *["where"] * 4, *["add", "multiply"] * 6])
        arity = 4 if name == "where" else TABLE[name].arity
        recent = [self.rng.randrange(max(0, count - 5), count) for _ in range(arity)]
        return name, tuple(recent if self.rng.random() < 0.7 else [self.rng.randrange(count) for _ in range(arity)])

    def __call__(self, leaves: Sequence[Any]) -> Any:
        """The result on leaves of any kind of number; a sum, so that many of the numbers count."""
        values = list(leaves)
        for step in self.steps:
            values.append(_apply(step, values))
        return values[-1] + 0.5 * values[-2]


def _apply(step: tuple[str, tuple[int, ...]], values: Sequence[Any]) -> Any:
    name, operands = step[0], [values[k] for k in step[1]]
    if name == "where":
        return where(operands[0] > operands[1], operands[2], operands[3])
    return TABLE[name](*operands)


def _is_smooth(name: str, operands: Sequence[Value]) -> bool:
    """Whether the operands are away from jumps."""
    x, y = operands[0].data, operands[1].data if len(operands) > 1 else 0.0
    if math.isnan(x) or math.isnan(y):
        return True
    near = 1e-9 * (1.0 + abs(x) + abs(y))
    if name in ("where", "maximum", "minimum"):
        return not abs(x - y) < near and not (math.isinf(x) and x == y)
    if name in JUMPING:
        ratio = x / y if y else math.inf
        return abs(ratio) < 1e6 and abs(ratio - round(ratio)) > near
    if name in ("floor", "ceil"):
        return math.isinf(x) or abs(x - round(x)) > near
    if name in AT_ZERO and (abs(x) < 1e-290 or abs(operands[-1].data) < 1e-290):
        return False
    if name == "power":
        return not (math.isfinite(y) and abs(y - round(y)) < near)
    return all(not abs(x - kink) < near for kink in (*TABLE[name].kinks, -1.0, 1.0))


def _is_well_conditioned(name: str, operands: Sequence[Value], out: Any) -> bool:
    """Whether the result is about as exact as the operands are."""
    if name in ("add", "subtract", "where"):
        return True
    pairs = zip(operands, out.partials, strict=True)
    return all(not abs(x.data * slope) > 30 * (1e-3 + abs(out.data)) for x, slope in pairs if math.isfinite(slope))


def largest(root: Any) -> float:
    """The largest finite number on the way: of the values, the gradients and the local derivatives of a graph."""
    found = 1.0
    for node, _ in walk(root):
        for number in (node.data, node.grad, *node.partials):
            if math.isfinite(number):
                found = max(found, abs(number))
    return found


def agree(got: float, wanted: float, scale: float) -> bool:
    """Equal, both NaN, or near each other compared with the numbers on the way."""
    if math.isnan(wanted) or math.isinf(wanted):
        return got == wanted or (math.isnan(got) and math.isnan(wanted))
    return abs(got - wanted) <= 1e-12 * scale
