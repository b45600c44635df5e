"""One value that no usual mistake explains, taken for two mistakes: an earlier one, and what is wrong besides.

What is put right first is an operand, or what puts a part of the block right; then the value is judged once more. Two
mistakes that have a name each are likelier than one that has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..watch.node import Node
from .blame import place
from .candidates import Fault
from .explain import Explainer
from .locate import Locator
from .quantities import Quantity

CERTAIN = {"dropped-edge", "overwritten", "missing-penalty"}  # exactly a term of what it should be: no coincidence
SECONDS = 5.0
MOST = 4  # earlier mistakes that are tried for one value
LEVELS = 3  # of the forward pass, from what a value belongs to on to what its operand belongs to


def peeled(locator: Locator, faults: list[Fault], hopeless: Callable[[Fault], bool]) -> list[Fault]:
    """The faults, with two in the place of one that has no name where each of the two has one.

    Args:
        hopeless: whether no line to write puts a fault right.
    """
    out: list[Fault] = []
    for fault in faults:
        alone = _name(locator, fault) == "unrecognised" and hopeless(fault)
        pair = _pair(locator, fault, out) if alone else None
        out += pair or [fault]
        if pair is not None:
            place(locator, pair)
            locator.fixed = {key: v for key, v in locator.fixed.items() if key not in fault.right} | pair[0].right
            locator.fixed |= pair[1].right
    locator.values = locator._computed(locator.fixed)
    return out


def _name(locator: Locator, fault: Fault) -> str:
    try:
        return Explainer(locator, fault).cause().name
    except Exception:
        return "unrecognised"


def _pair(locator: Locator, fault: Fault, before: list[Fault]) -> list[Fault] | None:
    fixed = {key: values for other in before for key, values in other.right.items()}
    kept, until = (locator.fixed, locator.values), time.process_time() + SECONDS
    try:
        for first in [*_operands(locator, fault), *fault.halves][:MOST]:
            if time.process_time() > until:
                break
            locator.fixed = fixed | first.right
            locator.values = locator._computed(locator.fixed)
            rest = _rest(locator, fault)
            name = "unrecognised" if rest is None else _name(locator, rest)
            other = "unrecognised" if rest is None or name in CERTAIN else _name(locator, first)
            if rest and ({name, other} & CERTAIN or "unrecognised" not in (name, other)):
                return sorted((replace(first, repairs=[*fault.repairs]), rest), key=lambda f: f.first.time)
    finally:
        locator.fixed, locator.values = kept
    return None


def _rest(locator: Locator, fault: Fault) -> Fault | None:
    """What is wrong with the value now; None where nothing is, or all that was."""
    now = {id(n): [np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in fault.nodes}
    rest = replace(fault, wrong=now)
    still = all(np.allclose(x, y, rtol=1e-9) for n in fault.nodes
                for x, y in zip(now[id(n)], fault.wrong[id(n)], strict=True))  # fmt: skip
    return None if still or not any(map(rest.moves, fault.nodes)) else rest


def _operands(locator: Locator, fault: Fault) -> Iterator[Fault]:
    """The operands of a value, each with the cotangent that belongs there, where it has another one."""
    bars = {id(q.node): q for q in locator.quantities.bars}
    for column in zip(*([o for o in n.operands() if id(o) in locator.erring] for n in fault.nodes), strict=False):
        if any(id(o) in locator.fixed or id(o) in locator.look.program.leaves or o.site is None for o in column):
            continue
        options = [_beyond(locator, q.node, bars, np.size(locator.values[0][id(o)]))
                   for q, o in zip(fault.wanted, column, strict=True)]  # fmt: skip
        for wanted in zip(*options, strict=False):
            yield from _instead(locator, fault, list(column), list(wanted))


def _beyond(locator: Locator, node: Node, bars: dict[int, Quantity], size: int) -> list[Quantity]:
    """The cotangents of a size of what is computed from a node in the forward pass, nearest first."""
    found: list[Quantity] = []
    level = [node]
    for _ in range(LEVELS):
        level = [c for n in level for c in locator.quantities.consumers.get(id(n), ())][:LEVELS]
        found += [bars[id(n)] for n in level if id(n) in bars and bars[id(n)].size == size]
    return found


def _instead(locator: Locator, fault: Fault, nodes: list[Node], wanted: list[Quantity]) -> Iterator[Fault]:
    wrong = {id(n): [np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in nodes}
    right = {id(n): [fault.scale * np.reshape(v, w.shape) for v, w in zip(q.values, wrong[id(n)], strict=True)]
             for n, q in zip(nodes, wanted, strict=True)}  # fmt: skip
    made = Fault(nodes, wanted, fault.scale, False, [], right, wrong, eases=[*fault.repairs])
    if any(map(made.moves, nodes)) and made.rescaled is None:
        yield made
