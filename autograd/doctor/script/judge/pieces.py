"""An array that is put together from several values, where not all of them are wrong: those that are, are to blame.

The halves of `np.vstack([dz, dr])`, the elements that `if i == j` and `else` write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..watch.node import Node, assembled
from .candidates import Fault
from .locate import Locator
from .quantities import Quantity
from .replay import compute_node

Array = Any
STACKS = {"vstack", "hstack", "stack", "concatenate", "column_stack", "dstack"}
MOST_LINES = 2  # that are to blame; where all are wrong, what they have in common may be


def in_pieces(locator: Locator, fault: Fault) -> list[Fault]:
    """The faults of the pieces; the fault itself, where it is of one piece, or of all."""
    each = {id(node): _pieces(locator, node) for node in fault.nodes}
    lines = {piece.site.number for pieces in each.values() for piece, _ in pieces if piece.site is not None}
    if len(lines) < 2 or any(len(pieces) < 2 for pieces in each.values()):
        return [fault]
    first = fault.first  # later turns have what follows from it, in all of their pieces
    right, theirs = ([np.ravel(v) for v in side[id(first)]] for side in (fault.right, fault.wrong))
    off = ~np.all([np.isclose(x, y, rtol=1e-6, atol=1e-12) for x, y in zip(right, theirs, strict=True)], axis=0)
    guilty = set[int]()
    for piece, places in each[id(first)]:
        if piece.site is not None and piece.function is not None and off[places].any():
            guilty.add(piece.site.number)
            off[places] = False
    if off.any() or not 0 < len(guilty) <= MOST_LINES or guilty == lines:
        return [fault]  # there is what no line wrote, or all are wrong
    out = []
    for number in sorted(guilty):
        found = []
        for node in fault.nodes:
            right = [np.ravel(value) for value in fault.right[id(node)]]
            for piece, places in each[id(node)]:
                if piece.site is not None and piece.site.number == number:
                    shape = np.shape(locator.values[0][id(piece)])
                    found.append((piece, [np.reshape(value[places], shape) for value in right]))
        out.append(_of_a_line(locator, fault, found))
    return out


def _of_a_line(locator: Locator, fault: Fault, pieces: list[tuple[Node, list[Array]]]) -> Fault:
    nodes = [piece for piece, _ in pieces]
    right = {id(piece): values for piece, values in pieces}
    wrong = {id(n): [np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in nodes}
    first = fault.wanted[0]
    scale = fault.scale or 1.0
    wanted = [Quantity(first.kind, first.node, [v / scale for v in values], first.consumer, first.start)
              for values in right.values()]  # fmt: skip
    return replace(fault, nodes=nodes, wanted=wanted, turned=False, right=right, wrong=wrong, halves=[])


def _pieces(locator: Locator, node: Node) -> list[tuple[Node, Array]]:
    """What an array is put together from, each with its places in it; none where there is more to it."""
    if node.function is not assembled and getattr(node.function, "__name__", "") not in STACKS:
        return []
    values, numbers, count = {}, dict[int, tuple[Node, int, int]](), 1
    for operand in node.operands():
        value = locator.values[0].get(id(operand))
        if value is None:
            return []
        size = int(np.size(value))
        if id(operand) not in values:
            values[id(operand)] = np.reshape(np.arange(count, count + size, dtype=float), np.shape(value))
            numbers[id(operand)] = operand, count, size
            count += size
    try:
        laid = np.ravel(compute_node(node, values)).astype(int)
    except Exception:
        return []
    out = []
    for operand, begin, size in numbers.values():
        where = {int(number): place for place, number in enumerate(laid) if begin <= number < begin + size}
        if len(where) == size:  # all of it is there
            out.append((operand, np.array([where[begin + k] for k in range(size)])))
        elif where:
            return []
    return out
