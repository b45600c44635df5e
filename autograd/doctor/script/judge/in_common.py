"""Two lines that read the same value, one of which lacks a factor and the other has no name: the factor may be what the
value itself lacks, and the other line has a mistake besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np

from ..watch.node import Node, same_statement
from .blame import place
from .candidates import Change, Fault
from .handed import Handed, as_fault, columns, options, with_the_rest_right
from .locate import Locator
from .match import matched

Test = Callable[[Fault], bool]


def in_common(locator: Locator, faults: list[Fault], nameless: Test, hopeless: Test) -> list[Fault]:
    """The faults, with what two of them have in common in the place where they have it from.

    Args:
        nameless: whether no usual mistake explains a fault.
        hopeless: whether no line to write puts it right.
    """
    kept = locator.fixed
    lacking = [f for f in faults if f.rescaled is not None and f.rescaled > 0]
    for one, other in permutations(faults, 2) if lacking else ():
        if one not in lacking or other.rescaled is not None or not nameless(other):
            continue
        rest: Change = {k: v for k, v in kept.items() if k not in one.right and k not in other.right}
        for first in _sources(locator, one, other) if hopeless(other) else ():
            locator.put_right(rest | first.right)
            left = with_the_rest_right(locator, other)
            if left is None or with_the_rest_right(locator, one) is not None:
                continue
            locator.put_right(rest | first.right | left.right)
            place(locator, [left], faults)
            if not hopeless(left):
                found = [f for f in faults if f is not one and f is not other]
                return sorted([*found, first, left], key=lambda f: f.first.time)
        locator.put_right(kept)
    return faults


def _sources(locator: Locator, one: Fault, other: Fault) -> Iterator[Fault]:
    """The values that both lines read, each with the factor that the one lacks."""
    factor, theirs = one.rescaled or 1.0, [{*map(id, c)} for c in columns(locator, other)]
    for nodes in columns(locator, one):
        if {*map(id, nodes)} not in theirs or any(same_statement(n, f.first) for n in nodes for f in (one, other)):
            continue
        right = {id(n): [factor * np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in nodes}
        handed = _handed(locator, nodes, right)
        if handed is not None:
            fault, scale = handed
            whole = replace(one, scale=scale, repairs=[*one.repairs, *other.repairs])
            yield as_fault(locator, whole, fault, nodes)


def _handed(locator: Locator, nodes: list[Node], right: Change) -> tuple[Handed, float] | None:
    """What values are with a factor, as multiples of what belongs in their place, and as which."""
    for each in options(locator, nodes, 1.0):
        matches = [matched(right[id(n)], each.right[id(n)]) for n in nodes]
        scale = matches[0].scale
        if scale > 0 and all(m.holds and np.isclose(m.scale, scale) for m in matches):
            return Handed(each.nodes, each.wanted, each.turned, right), scale
    return None
