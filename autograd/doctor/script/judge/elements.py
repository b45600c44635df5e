"""Errors that a loop takes element by element from an array which other lines wrote: the line that wrote them is wrong.

`dK += dz[i, j] * x[i:i + 3, j:j + 3]`, where each `dz[i, j]` comes from `dz[2 * i:2 * i + 2, ...] += d[i, j]`: no turn
alone shows what that line should have written, but all of them together do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..watch.node import Node, assembled
from .candidates import CLOSE, Change, Fault
from .locate import Locator
from .quantities import Quantity

Array = Any


def written_before(locator: Locator, faults: list[Fault]) -> list[Fault]:
    """The faults with those of single elements at the line that wrote these, where it explains all that they do."""
    for fault in faults:
        right = _written(locator, fault) if len(fault.nodes) > 1 else None
        earlier = None if right is None else _at_the_line(locator, fault, right)
        if earlier is None:
            continue
        kept = locator.fixed
        others = [f for f in faults if f is not fault and f.first.time > earlier.first.time]
        without = {id(n) for f in (fault, *others) for n in f.nodes}
        locator.put_right({key: v for key, v in kept.items() if key not in without} | earlier.right)
        gone = [f for f in others if all(map(locator.goes_right, f.repairs))]
        if all(map(locator.goes_right, fault.repairs)) and len(gone) == len(others):
            earlier.repairs = [*dict.fromkeys(name for f in (fault, *gone) for name in f.repairs)]
            rest = [f for f in faults if f is not fault and f not in gone]
            return sorted([earlier, *rest], key=lambda f: f.first.time)
        locator.put_right(kept)
    return faults


def _at_the_line(locator: Locator, fault: Fault, right: Change) -> Fault | None:
    look = locator.look
    nodes = sorted((look.nodes[key] for key in right), key=lambda n: n.time)
    first, wanted = nodes[0], fault.wanted[0]
    alike = all(n.site is first.site and n.function is first.function for n in nodes)
    if not alike or first.site is None or any(o in nodes for n in nodes for o in n.operands()):
        return None  # what one turn writes another adds to
    wrong = {id(n): [np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in nodes}
    due = [Quantity("bar", _named(locator, wanted.consumer or wanted.node), right[id(n)]) for n in nodes]
    found = replace(fault, nodes=nodes, wanted=due, scale=1.0, turned=False, right=right, wrong=wrong, halves=[])
    return found if any(map(found.moves, nodes)) else None


def _named(locator: Locator, node: Node) -> Node:
    """The array with a name that a forward value goes into."""
    at, known = node, set[int]()
    while id(at) not in known and not (id(at) in locator.named and np.size(at.value) > 1):
        known.add(id(at))
        at = next(iter(locator.quantities.consumers.get(id(at), ())), at)
    return node if id(at) in known else at


def _written(locator: Locator, fault: Fault) -> Change | None:
    """What lines before should have written, by the elements of it that the products of a loop take."""
    right: Change = {}
    for node in fault.nodes:
        source = _element(locator, node)
        if source is None:
            return None
        piece, at = source
        values = right.setdefault(
            id(piece), [np.array(v[id(piece)], dtype=float) for v in locator.values]
        )  # fmt: skip
        for value, theirs, due in zip(values, fault.wrong[id(node)], fault.right[id(node)], strict=True):
            theirs, due = np.ravel(np.asarray(theirs, dtype=float)), np.ravel(np.asarray(due, dtype=float))
            size = float(theirs @ theirs)
            factor = float(theirs @ due) / size if size else 1.0
            if theirs.size != due.size or np.max(np.abs(factor * theirs - due)) > CLOSE * np.max(np.abs(theirs)):
                return None  # more is wrong than a factor
            if node.function is assembled:
                value.flat[at] = float(due[0])
            else:
                value.flat[at] *= 0.0 if abs(factor) <= CLOSE else factor
    return right


def _element(locator: Locator, node: Node) -> tuple[Node, int] | None:
    """The value that another line wrote of which a value is one element, or a product takes one; and which."""
    if node.function is not assembled and getattr(node.function, "__name__", "") not in ("mul", "multiply"):
        return None
    found = [*_pieces(locator, node)]
    return found[0] if len(found) == 1 else None


def _pieces(locator: Locator, node: Node) -> Iterator[tuple[Node, int]]:
    for operand in (node, *node.operands()):
        if operand.function is assembled and np.size(operand.value) == 1 and len(operand.args[0]) == 1:
            whole = operand.args[0][0]
            if isinstance(whole, Node) and id(whole) in locator.erring and whole is not node:
                yield whole, int(np.ravel(operand.args[1])[0])
