"""Slopes taken at the wrong place in several lines, put right all at once.

In a net whose errors come round, as those of an LSTM do, each of these lines spoils what the others hand on: none of
them, put right by itself, puts a block right. One misunderstanding, that of what a helper is to be given, explains all.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ....core.table import sigmoid, tanh
from ..watch.node import Node
from .blame import calls_of
from .candidates import Change, Fault
from .locate import Locator
from .quantities import Quantity

Array = Any
MOST = 400  # activations of a step: with more of them it would take too long
MOST_NUMBERS = 1_000_000  # in all of them
MOST_LINES = 12


def at_once(locator: Locator) -> list[Fault]:
    """A fault for each line, where several take a slope elsewhere and all wrong blocks are right without that."""
    wrong = [name for name, v in locator.found.verdicts.items() if not v.right and not v.silent]
    lines = _lines(locator) if wrong else {}
    if not 1 < len(lines) <= MOST_LINES:
        return []
    kept, needed = locator.fixed, dict(lines)
    rights = {key: _right(pairs) for key, pairs in lines.items()}

    def all_right(some: list[Any]) -> bool:
        locator.put_right(kept | {node: v for key in some for node, v in rights[key].items()})
        return all(locator.goes_right(name) for name, v in locator.found.verdicts.items() if not v.silent)

    explained = all_right([*needed])
    for key in lines if explained else ():
        if all_right([other for other in needed if other != key]):
            del needed[key]
    locator.put_right(kept)
    if not explained or len(needed) < 2:
        return []
    out = [_fault(locator, pairs, wrong) for pairs in needed.values()]
    all_right([*needed])
    return sorted(out, key=lambda fault: fault.first.time)


def _fault(locator: Locator, pairs: list[tuple[Node, Quantity]], wrong: list[str]) -> Fault:
    nodes, wanted = [node for node, _ in pairs], [quantity for _, quantity in pairs]
    after = {name for node in nodes for name in locator.blocks_after(node)}
    theirs = {id(n): [np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in nodes}
    repairs = [name for name in wrong if name in after]
    return Fault(nodes, wanted, 1.0, False, repairs, _right(pairs), theirs, sure=True)


def _right(pairs: list[tuple[Node, Quantity]]) -> Change:
    return {id(node): [np.reshape(v, np.shape(node.value)) for v in quantity.values] for node, quantity in pairs}


def _lines(locator: Locator) -> dict[Any, list[tuple[Node, Quantity]]]:
    """By place and calls: the values that are slopes taken elsewhere, each with the slope that belongs there."""
    quantities, look = locator.quantities, locator.look
    if len(quantities.activations) > MOST or sum(q.size for q in quantities.slopes) > MOST_NUMBERS:
        return {}
    sound = _Rows((q, q.values) for q in (*quantities.slopes, *quantities.forward))
    pairs = ((slope, form) for slope in quantities.slopes for form in _forms(locator, slope))
    forms = _Rows((slope, form) for slope, form in pairs if not sound.like(form))
    lines: dict[Any, list[tuple[Node, Quantity]]] = defaultdict(list)
    taken: set[int] = set()
    for node in look.program.steps:
        key = id(node)
        if key in locator.found.forward or node.site is None or key not in look.to_end or key in locator.fixed:
            continue
        if np.asarray(locator.values[0][key]).dtype.kind != "f" or taken & {id(o) for o in node.operands()}:
            continue
        found = forms.like([np.asarray(v[key], dtype=float) for v in locator.values])
        if found and all(_equal(found[0].values, other.values) for other in found):
            taken.add(key)
            lines[node.site.number, tuple(calls_of(node.context))].append((node, found[0]))
    return lines


class _Rows:
    """Quantities by the numbers that go with them, each at all points."""

    def __init__(self, rows: Iterable[tuple[Quantity, list[Array]]]) -> None:
        self.rows: dict[int, list[tuple[Quantity, list[Array]]]] = defaultdict(list)
        for quantity, values in rows:
            self.rows[np.size(values[0])].append((quantity, values))
        self.first = {size: np.array([np.ravel(values[0]) for _, values in found], dtype=float)
                      for size, found in self.rows.items()}  # fmt: skip

    def like(self, theirs: list[Array]) -> list[Quantity]:
        """Those that go with these numbers."""
        size = np.size(theirs[0])
        if size not in self.rows:
            return []
        given = np.ravel(theirs[0])
        off = np.abs(self.first[size] - given).max(axis=1)
        likely = np.flatnonzero(off <= 1e-6 * np.max(np.abs(given)))
        return [self.rows[size][k][0] for k in likely if _equal(self.rows[size][k][1], theirs)]


def _forms(locator: Locator, slope: Quantity) -> list[list[Array]]:
    """What is easily taken for a slope: that at the result, f'(f(z)), or another activation's, as learners write it."""
    assert slope.start is not None
    z, a = ([np.ravel(np.asarray(p.values[id(n)], dtype=float)) for p in locator.points]
            for n in (slope.start, slope.node))  # fmt: skip
    functions: tuple[Callable[[Array], Array], ...] = (
        lambda x: x * (1 - x), lambda x: 1 - x * x, lambda x: np.asarray(sigmoid.partial(0, (x,), sigmoid(x))),
        lambda x: np.asarray(tanh.partial(0, (x,), tanh(x))),
    )  # fmt: skip
    found = [[f(x) for x in of] for f, of in itertools.product(functions, (z, a))]
    return [form for form in found if np.ptp(form[0]) > 0 or len(form) > 2]


def _equal(one: list[Array], other: list[Array]) -> bool:
    return all(
        np.size(x) == np.size(y) and np.allclose(np.ravel(x), np.ravel(y), rtol=1e-9, atol=1e-300)
        for x, y in zip(one, other, strict=True)
    )
