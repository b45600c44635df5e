"""Two repairs that undo each other: a value made c times smaller, and what follows from it c times larger.

One mistake is likelier than two, one of which is there for the other. But where the value is then a cotangent as it is,
as the scores of a softmax before they are scaled, the line behind it may lack that factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from ..watch.node import Node
from .candidates import CLOSE, Change, Fault
from .locate import Locator
from .match import matched


def not_undone(locator: Locator, faults: list[Fault]) -> list[Fault]:
    """The faults, with one in the place of two that undo each other."""
    kept = locator.fixed
    for first, behind in combinations(sorted(faults, key=lambda f: f.first.time), 2):
        factor = behind.rescaled
        if factor is None or abs(abs(factor) - 1.0) <= CLOSE or not _is_of_nothing(locator, first):
            continue
        whole = replace(
            first,
            scale=factor * first.scale,
            right={key: [factor * value for value in values] for key, values in first.right.items()},
            repairs=[*dict.fromkeys([*first.repairs, *behind.repairs])],
            halves=[],
        )
        rest: Change = {key: v for key, v in kept.items() if key not in first.right and key not in behind.right}
        locator.put_right(rest | whole.right)
        if all(locator.goes_right(name) for name in whole.repairs):
            others = [whole if f is first else f for f in faults if f is not behind]
            return not_undone(locator, others)
        locator.put_right(kept)
    return faults


def _is_of_nothing(locator: Locator, fault: Fault) -> bool:
    """Whether what a value should be is no cotangent as it is."""
    return not any(_is_exact(locator, fault, node) for node in fault.nodes)


def _is_exact(locator: Locator, fault: Fault, node: Node) -> bool:
    right = fault.right[id(node)]
    bars = (q for q in locator.quantities.bars if q.size == right[0].size)
    each: Iterator[float] = (m.scale for q in bars if (m := matched(right, q.values)).holds)
    return any(abs(scale - 1.0) <= CLOSE for scale in each)
