"""What other lines hand to a line that seems wrong: where it is right with right operands, it is they that are wrong.

A line behind two mistakes is the first that explains both. The first line to blame is the one whose operands are right
and whose result is not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..watch.node import Node, same_statement
from .candidates import Fault, layouts
from .locate import Locator
from .match import matched
from .quantities import Quantity
from .replay import Layered, compute_node

Array = Any
MOST_OPTIONS = 80  # right quantities that are tried for one operand
MOST_COLUMNS = 3
DEEP = 4  # lines one behind the other


@dataclass(eq=False)
class Handed:
    """Right quantities in the place of an operand, at each turn."""

    nodes: list[Node]
    wanted: list[Quantity]
    turned: bool
    right: dict[int, list[Array]]


def traced(locator: Locator, fault: Fault) -> list[Fault]:
    """The faults that make this one: itself, where none of its operands do.

    What the locator holds for right is what was put right before; afterwards all of these are, too.
    """
    guilty, waiting = [], [fault]
    for _ in range(DEEP):
        made: list[Fault] = []
        for each in waiting:
            operands = _blamed(locator, each)
            made += operands
            if not operands:
                guilty.append(each)
        locator.put_right(locator.fixed | {key: values for each in made for key, values in each.right.items()})
        waiting = [rest for each in made if (rest := with_the_rest_right(locator, each)) is not None]
    return sorted([*guilty, *waiting], key=lambda f: f.first.time)


def with_the_rest_right(locator: Locator, fault: Fault) -> Fault | None:
    """What a line computes of operands as they are now; None where that is right."""
    ways = [_way(locator, node) for node in fault.nodes]
    now = {id(n): [_made(locator, n, way, {}, k) for k in range(len(locator.points))]
           for n, way in zip(fault.nodes, ways, strict=True)}  # fmt: skip
    rest = replace(fault, wrong=now)
    return rest if any(map(rest.moves, rest.nodes)) else None


def by_itself(locator: Locator, fault: Fault) -> Fault:
    """A fault as it is where other turns of the loop hand it what is right, if a factor is all that is wrong then."""
    rest = with_the_rest_right(locator, fault) if len(fault.nodes) > 1 and fault.rescaled is None else None
    return fault if rest is None or rest.rescaled is None else rest


def columns(locator: Locator, fault: Fault) -> list[list[Node]]:
    """What other lines hand to a value on its way, at each turn at which they do."""
    found: dict[tuple[int, ...], dict[int, Node]] = {}
    for k, node in enumerate(fault.nodes):
        stack: list[tuple[tuple[int, ...], Node]] = [((), node)]
        while stack:
            path, at = stack.pop()
            for j, operand in enumerate(at.operands()):
                if id(operand) not in locator.erring or id(operand) in locator.look.program.leaves:
                    continue
                if same_statement(operand, node):
                    stack.append(((*path, j), operand))
                elif operand.site is not None and any(id(o) in locator.erring for o in operand.operands()):
                    found.setdefault((*path, j), {})[k] = operand
    return [*{tuple(map(id, each.values())): [*each.values()] for each in found.values()}.values()]


def options(locator: Locator, nodes: list[Node], scale: float) -> Iterator[Handed]:
    """The right quantities that may belong in the place of a value."""
    shapes = [np.shape(locator.values[0][id(n)]) for n in nodes]
    sizes = [math.prod(shape) for shape in shapes]
    if len(nodes) == 1:
        aligned = ([q] for q in locator.quantities.backward if q.size == sizes[0])
    else:
        families = [m for m in locator._families[True].values() if len(m) >= len(nodes)]
        aligned = (w for m in families for likely in (True, False) for w in locator._aligned(nodes, m, likely)
                   if [q.size for q in w] == sizes)  # fmt: skip
    for wanted in aligned:
        for trial in layouts(nodes, wanted, shapes[0]):
            right = {id(n): [scale * np.reshape(v.T if trial.turned else v, s) for v in q.values]
                     for n, q, s in zip(nodes, wanted, shapes, strict=True)}  # fmt: skip
            yield Handed(nodes, wanted, trial.turned, right)


def as_fault(locator: Locator, fault: Fault, handed: Handed, nodes: list[Node]) -> Fault:
    """What is handed over, as a fault of its own."""
    wanted = [handed.wanted[handed.nodes.index(n)] for n in nodes]
    wrong = {id(n): [np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in nodes}
    right = {id(n): handed.right[id(n)] for n in nodes}
    return Fault(nodes, wanted, fault.scale, handed.turned, [*fault.repairs], right, wrong, eases=[*fault.eases])


def _blamed(locator: Locator, fault: Fault) -> list[Fault]:
    """The operands to blame for all of what is wrong, with what they should be; none where the line itself is wrong."""
    ways = {id(n): _way(locator, n) for n in fault.nodes}
    if any(not way for way in ways.values()):
        return []
    given = [c for c in columns(locator, fault) if not all(map(locator.right_for_something, c))]
    if not 0 < len(given) <= MOST_COLUMNS:
        return []
    order = sorted(fault.nodes, key=lambda n: -sum(any(o in c for c in given) for o in _inputs(n, ways[id(n)])))
    first = next((n for n in order if fault.moves(n)), None)
    tried = [[*itertools.islice(options(locator, column, fault.scale), MOST_OPTIONS)] for column in given]
    for handed in [] if first is None else _likely(locator, fault, first, ways[id(first)], tried):
        right = {key: values for each in handed for key, values in each.right.items()}
        if all(_fits(locator, fault, n, ways[id(n)], right, k)
               for k in range(len(locator.points)) for n in fault.nodes):  # fmt: skip
            found = [as_fault(locator, fault, each, nodes) for each in handed for nodes in _by_line(each.nodes)]
            return [f for f in found if any(map(f.moves, f.nodes))]
    return []


def _likely(
    locator: Locator, fault: Fault, node: Node, way: list[Node], tried: list[list[Handed]]
) -> list[list[Handed]]:  # fmt: skip
    """The operands that together make a value right at one turn and point, few first. What comes in is linear in it."""
    goal = np.ravel(fault.right[id(node)][0])
    base = np.ravel(_made(locator, node, way, {}, 0))
    if base.size != goal.size:
        return []
    changes: list[Array] = []
    for some in tried:
        rows = [np.zeros(goal.size)]
        for each in some:
            try:
                made = np.ravel(_made(locator, node, way, each.right, 0))
            except Exception:
                made = np.full(goal.size, np.nan)
            rows.append(made - base if made.size == goal.size else np.full(goal.size, np.nan))
        changes.append(np.stack(rows))
    found: list[tuple[int, ...]] = []
    for front in itertools.product(*(range(len(rows)) for rows in changes[:-1])):
        there = base + sum(rows[k] for rows, k in zip(changes, front, strict=False))
        off = np.max(np.abs(there + changes[-1] - goal), axis=1)
        found += [(*front, int(k)) for k in np.flatnonzero(off <= 1e-7 * np.max(np.abs(goal)))]
    found.sort(key=lambda ks: sum(k > 0 for k in ks))
    return [[some[k - 1] for some, k in zip(tried, ks, strict=True) if k] for ks in found if any(ks)]


def _by_line(nodes: list[Node]) -> list[list[Node]]:
    """Values by the line that they were computed in."""
    lines: dict[Any, list[Node]] = {}
    for node in nodes:
        lines.setdefault((node.site, node.function), []).append(node)
    return [*lines.values()]


def _way(locator: Locator, node: Node) -> list[Node]:
    """What is computed in the statement of a value, on the way to it."""
    found, stack = {id(node): node}, [node]
    while stack:
        for operand in stack.pop().operands():
            inside = same_statement(operand, node) and id(operand) in locator.erring
            if inside and id(operand) not in found and id(operand) not in locator.look.program.leaves:
                found[id(operand)] = operand
                stack.append(operand)
    return sorted(found.values(), key=lambda n: n.time)


def _inputs(node: Node, way: list[Node]) -> set[Node]:
    inside = {id(n) for n in way}
    return {o for n in way for o in n.operands() if id(o) not in inside}


def _made(locator: Locator, node: Node, way: list[Node], right: dict[int, list[Array]], k: int) -> Array:
    mixed = Layered({key: values[k] for key, values in right.items()}, locator.values[k])
    for each in way:
        mixed.new[id(each)] = compute_node(each, mixed)
    return np.asarray(mixed[id(node)], dtype=float)


def _fits(locator: Locator, fault: Fault, node: Node, way: list[Node], right: dict[int, list[Array]], k: int) -> bool:
    try:
        made = _made(locator, node, way, right, k)
    except Exception:
        return False
    match = matched([made], [fault.right[id(node)][k]])
    return np.shape(made) == np.shape(fault.right[id(node)][k]) and match.holds and (
        not match.scales or abs(match.scale - 1.0) <= 1e-6
    )  # fmt: skip
