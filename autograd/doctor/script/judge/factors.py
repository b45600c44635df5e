"""By which factor the steps follow the gradient, where the blocks do not agree: which is meant, and who is off.

A factor that all blocks share only rescales the learning rate. Where they have several, the loss that is computed
decides, or a number that it is a multiple of; without one, what one mistake explains.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look, Point
from .losses import Reading
from .match import matched
from .narrow import gradient_nodes
from .rates import clipped_alike, rate_of
from .reference import gradient
from .verdict import Verdict

Array = Any
NEAR = 1e-5


def near(one: float, other: float) -> bool:
    return abs(one - other) <= NEAR * abs(other)


def agreed(factors: Collection[float]) -> bool:
    return not factors or max(factors) - min(factors) <= NEAR * max(factors)


def of_steps(look: Look, found: Mapping[str, Verdict], reading: Reading) -> tuple[dict[str, float], bool]:
    """By block, what its step is of the right gradient, the rate aside; and whether some rate could not be read."""
    factors, unread = dict[str, float](), False
    # where one step adapts, what scales a single number may adapt, too
    adapts = reading.kind == "loss" and any(v.rule == "adaptive" for v in found.values())
    for name, v in found.items():
        if _is_lone(look, v) and any(other.rule == "adaptive" for other in found.values()):
            continue
        if v.right and v.exact and adapts:
            factors[name] = 1.0
        elif v.right and v.rule == "plain" and v.change.holds:
            rate = rate_of(look, look.ends[name][0])
            unread |= rate is None
            factors[name] = v.change.scale / (rate or 1.0)
        elif v.right and v.gradient is not None and v.rule != "decay":
            factors[name] = abs(v.gradient.scale)
    return factors, unread


def _is_lone(look: Look, v: Verdict) -> bool:
    """Whether it is one number: beside steps that adapt, what it is multiplied by may adapt, too."""
    return sum(np.size(node.value) for node in look.starts[v.name]) == 1 and v.right and v.rule == "plain"


def _lone_ones(
    look: Look, points: list[Point], found: dict[str, Verdict], bars: list[dict[int, Array]], due: Collection[float],
    known: bool,
) -> None:  # fmt: skip
    """No word on a single number beside steps that adapt, unless it has the factor of the others on its way.

    Args:
        known: whether the loss is, and so the gradient itself may be on its way.
    """
    for name, v in found.items():
        if _is_lone(look, v) and not (known and v.exact) and any(other.rule == "adaptive" for other in found.values()):
            right = [gradient(look, point, bar, name) for point, bar in zip(points, bars, strict=True)]
            on_the_way = [
                matched([look.block(point.values, nodes) for point in points], right)
                for nodes in gradient_nodes(look, name)
                if all(id(node) in point.values for node in nodes for point in points)
            ]
            v.silent = not any(near(match.scale, factor) for match in on_the_way for factor in due)
            v.rule = "adaptive"


def same_factor(
    look: Look, points: list[Point], found: dict[str, Verdict], reading: Reading, bars: list[dict[int, Array]]
) -> None:
    """Blocks whose gradient is right but for a factor that the others do not have are wrong."""
    if clipped_alike(look, found):
        return
    factors, unread = of_steps(look, found, reading)
    _lone_ones(look, points, found, bars, factors.values(), reading.kind == "loss")
    adapts = reading.kind == "loss" and any(v.rule == "adaptive" for v in found.values())
    plain = {n: found[n].change.scale for n in factors if found[n].rule == "plain" and not (adapts and found[n].exact)}
    if (len(plain) == len(factors) and agreed(plain.values())) or agreed(factors.values()):
        return  # one and the same step for all, whatever the rates are made of
    exact = reading.kind == "loss" and not unread and any(near(factor, 1.0) for factor in factors.values())
    stored = [factor for name, factor in factors.items() if found[name].exact]
    forward = {id(node) for node, _ in reading.order(look)}
    due = 1.0 if exact else usual(factors, stored, outward(look, forward))
    alike = [plain[name] for name, factor in factors.items() if name in plain and near(factor, due)]
    for name, factor in factors.items():
        if name in plain and any(near(plain[name], scale) for scale in alike):
            continue  # the same step; its rate could not be read
        if not near(factor, due):
            if _is_normed(look, name, factor / due):
                found[name].rule = "adaptive"
            else:
                found[name].right, found[name].factor = False, factor / due


def unit(
    look: Look, found: Mapping[str, Verdict], reading: Reading, bars: list[dict[int, Array]]
) -> float:  # fmt: skip
    """What steps are of the gradient of the loss, where they go along that of a number with a name which the loss is a
    multiple of: `total += loss / batches`. Where all go along a sum, and the loss is the mean, that is told as it is.
    """  # fmt: skip
    factors, unread = of_steps(look, found, reading)
    values = factors.values()
    if reading.kind != "loss" or unread or any(near(factor, 1.0) for factor in values):
        return 1.0
    found_in = (c for c, added in _multiples(look, reading, bars) if added or not agreed(values))
    return next((c for c in found_in if any(near(factor, c) for factor in values)), 1.0)


def usual(factors: Mapping[str, float], stored: Collection[float], order: list[str]) -> float:
    """Which of several factors is meant, where no loss tells.

    The one that most blocks have; or that of the last layers, where all before them have another: then one mistake
    between them explains it. Of as many, what the gradient itself makes, then the smaller: a division by the number of
    samples is forgotten more often than made twice.

    Args:
        stored: the factors of blocks whose gradient itself is in the script.
        order: the blocks, the last layer first.
    """
    counts: dict[float, int] = {}
    for factor in factors.values():
        key = next((k for k in counts if near(factor, k)), factor)
        counts[key] = counts.get(key, 0) + 1
    most = max(counts, key=lambda k: (counts[k], any(near(f, k) for f in stored), -k))
    row = [factors[name] for name in order if name in factors]
    if len(counts) < 2 or len(row) < len(factors):
        return most
    turns = sum(not near(one, other) for one, other in itertools.pairwise(row))
    if len(counts) > 2 and turns == len(counts) - 1 and len({*counts.values()}) == 1:
        return row[0]  # each layer has its own: what is lacking on the way back is lacking once more in each before it
    last = next((k for k, factor in enumerate(row) if not near(factor, row[0])), len(row) - 1)
    rest = row[last:]
    ratio = max(rest[0] / row[0], row[0] / rest[0])
    counted = ratio == np.inf or abs(ratio - round(ratio)) <= NEAR * ratio  # samples, or a 2
    one_mistake = all(near(factor, rest[0]) for factor in rest) and not counted
    return row[0] if one_mistake and (last > 1 or len(rest) == 1) else most


def outward(look: Look, forward: Collection[int]) -> list[str]:
    """The blocks, from the output back, by where the forward pass uses them first: a penalty comes at the end."""
    used: dict[str, int] = {}
    for node in look.program.steps:
        if id(node) in forward:
            for operand in node.operands():
                name = look.start_ids.get(id(operand))
                if name is not None:
                    used.setdefault(name, node.time)
    return sorted(used, key=lambda name: -used[name])


def _multiples(look: Look, reading: Reading, bars: list[dict[int, Array]]) -> Iterator[tuple[float, bool]]:
    """What the gradient of a number with a name is of that of the loss, which is a plain multiple of it; and whether
    that is added to what was there before.
    """  # fmt: skip
    named = {id(thing) for _, _, _, thing, _ in look.training.tape.stores if isinstance(thing, Node)}
    node, added = reading.roots[0], False
    while len(reading.roots) == 1 and id(node) not in look.program.leaves:
        active = [o for o in node.operands() if id(o) in look.depends]
        if len(active) != 1 or np.size(active[0].value) != 1 or any(id(active[0]) not in bar for bar in bars):
            return
        added |= getattr(node.function, "__name__", "") in ("add", "iadd")
        node = active[0]
        each = [abs(float(np.reshape(bar[id(node)], ()))) for bar in bars]
        if not agreed(each) or not each[0]:
            return  # a root of it, or a logarithm
        if id(node) in named:
            yield 1.0 / each[0], added


def _is_normed(look: Look, name: str, factor: float) -> bool:
    """Whether a step is scaled by a number that follows from the parameters: clipped by its norm, say."""
    for nodes in gradient_nodes(look, name):
        node = nodes[0]
        kind = getattr(node.function, "__name__", "")
        if kind not in ("mul", "multiply", "truediv", "divide") or len(node.args) != 2:
            continue
        for arg in node.args:
            if isinstance(arg, Node) and id(arg) in look.depends and np.size(arg.value) == 1:
                value = float(np.asarray(arg.value).reshape(()))
                if abs(abs(value if kind in ("mul", "multiply") else 1.0 / value) - factor) <= NEAR * factor:
                    return True
    return False


def is_usual(factor: float) -> bool:
    """Whether a term is easily written with a factor too many or too few: a sign, 2, a number of samples."""
    size = max(abs(factor), 1 / abs(factor))
    return abs(size - round(size)) <= 1e-6 * size


def rounded(factor: float) -> float:
    near = float(round(factor)) if abs(factor) >= 1 else factor
    return near if abs(near - factor) <= 1e-9 * abs(factor) else factor


def leading(along: dict[str, float]) -> str:
    """The block that tells the factor of a value: where some would go the other way with it, one of those that would
    not, if they are not fewer; the others have a mistake more.
    """  # fmt: skip
    down = [name for name, each in along.items() if each > 0]
    return down[0] if 2 * len(down) >= len(along) else next(iter(along))
