"""Where it is wrong: which value, put right, puts the steps that follow from it right.

A value of the backward part is replaced by each right quantity of its shape, and what follows is computed again. The
earliest value whose replacement repairs the most blocks is where the mistake is; with it repaired, the next is looked
for. So three faults in a row are found one after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .judge import Judgement, Verdict, gradient_nodes, matched, rate_of, written_number
from .losses import errors
from .quantities import Quantities, Quantity, by_family
from .reference import gradient
from .replay import Layered, Values, compute_node
from .tape import Node

Array = Any
Change = dict[int, list[Array]]  # id of a node -> its values at the points
MOST_FAULTS = 12


@dataclass(eq=False)
class Fault:
    """A value that is wrong.

    Args:
        nodes: the value, at each turn of a loop.
        wanted: what it should be, one for each node.
        scale: the factor that goes with it.
        turned: whether the layout of the script is the transpose.
        repairs: the blocks that it puts right.
        right: the right values by node, at each point.
    """

    nodes: list[Node]
    wanted: list[Quantity]
    scale: float
    turned: bool
    repairs: list[str]
    right: Change
    wrong: Change = field(default_factory=dict)
    place: Any = None


@dataclass(eq=False)
class _Trial:
    nodes: list[Node]
    wanted: list[Quantity]
    turned: bool


class Locator:
    """Looks for the faults of a judgement."""

    def __init__(self, found: Judgement, quantities: Quantities) -> None:
        self.found, self.look, self.points = found, found.look, found.points
        self.quantities = quantities
        self.right = {
            name: [gradient(self.look, point, bar, name) for point, bar in zip(self.points, found.bars, strict=True)]
            for name in found.verdicts
        }
        self.ways = {name: self._way(name) for name in found.verdicts}
        self.fixed: Change = {}
        self._known_beside: dict[int, list[Node]] = {}
        self._known_downstream: dict[tuple[int, ...], tuple[list[Node], list[str]]] = {}
        self.values: list[Values] = [point.values for point in self.points]
        self.common = self._common()

    def _way(self, name: str) -> list[list[Node]]:
        """What the gradient of a block may be read from, nearest the step first."""
        size = self.right[name][0].size
        ways = [nodes for nodes in gradient_nodes(self.look, name) if not any(id(n) in self.found.forward for n in nodes)]
        return [nodes for nodes in ways if all(id(n) in self.points[0].values for n in nodes)
                and self.look.block(self.points[0].values, nodes).size == size]  # fmt: skip

    def _common(self) -> float | None:
        """The factor, rate included, that the right blocks share."""
        known = [v.change.scale for v in self.found.verdicts.values() if v.right and v.rule == "plain" and v.change.holds]
        if known and max(known) - min(known) <= 1e-5 * abs(known[0]):
            return known[0]
        return None

    # ------------------------------------------------------------------------------------------------ searching

    def faults(self) -> list[Fault]:
        wrong = [name for name, v in self.found.verdicts.items() if not v.right and not v.silent]
        out: list[Fault] = []
        while wrong and len(out) < MOST_FAULTS:
            fault = self._next(wrong)
            if fault is None:
                break
            out.append(fault)
            self.fixed |= fault.right
            self.values = self._computed(self.fixed)
            wrong = [name for name in wrong if name not in fault.repairs]
        self.unexplained = wrong
        self._place(out)
        return out

    def _place(self, faults: list[Fault]) -> None:
        """The places to blame: not a function that is right elsewhere, but where it is called with the wrong thing."""
        tape = self.look.training.tape
        blamed = {id(node) for fault in faults for node in fault.nodes}
        for fault in faults:
            node = next((n for n in fault.nodes if self._moves(n, fault)), fault.nodes[0])
            fault.place = self._alias(node, fault) or node.site
            if fault.place is not node.site:
                continue
            others = [
                n for n in self.look.program.steps if n.site is node.site and id(n) not in blamed and n.function == node.function
            ]
            level, calls = 0, _calls(node.context)
            while level < len(calls) and others:
                others = [n for n in others if _calls(n.context)[level : level + 1] == calls[level : level + 1]]
                fault.place = tape.sites[calls[level]]
                level += 1

    def _alias(self, node: Node, fault: Fault) -> Any:
        """Where a value that is right for something is taken for something else: `delta = error`, `return grad`."""
        if self._factor(node) is None or id(node) not in self.erring:
            return None
        node = self._rescaled_further(node)
        used = {node.site.part(k) for node in self.look.consumers.get(id(node), ()) for k in range(len(node.site.parts))}
        found = None
        for _, scope, key, thing, site in self.look.training.tape.stores:
            if thing is node and site.statement != node.site.statement:
                if site.kind == "store" and _is_name(site.part(0)) and site.target in used:
                    found = site
                elif site.kind == "return" and not _inside(node.context, key):
                    found = site
                    break
        return found

    def _rescaled_further(self, node: Node) -> Node:
        """The same value after the multiplications by numbers that follow."""
        while True:
            consumers = [n for n in self.look.consumers.get(id(node), ()) if id(n) in self.erring]
            if len(consumers) != 1 or getattr(consumers[0].function, "__name__", "") not in ("mul", "truediv", "neg", "multiply"):
                return node
            if any(id(o) in self.look.depends and o is not node for o in consumers[0].operands()):
                return node
            node = consumers[0]


def _calls(context: Any) -> list[int]:
    """The numbers of the places that calls were made from, the innermost first."""
    out = []
    while context is not None:
        out.append(context[1])
        context = context[0]
    return out


def _inside(context: Any, outer: Any) -> bool:
    """Whether calls lie within others."""
    while context is not None:
        if context == outer:
            return True
        context = context[0]
    return outer is None


def _is_name(text: str) -> bool:
    return text.replace(".", "_").replace("[", "_").replace("]", "_").replace("'", "_").replace('"', "_").isidentifier()


def _rounded(factor: float) -> float:
    near = float(round(factor)) if abs(factor) >= 1 else factor
    return near if abs(near - factor) <= 1e-6 * abs(factor) else factor


def _layouts(nodes: list[Node], wanted: list[Quantity], shape: tuple[int, ...]) -> Iterator[_Trial]:
    other = np.shape(wanted[0].values[0])
    if len(shape) == 2 and len(other) == 2 and min(shape) > 1:
        if other == shape:
            yield _Trial(nodes, wanted, False)
        if other[::-1] == shape:
            yield _Trial(nodes, wanted, True)
    else:
        yield _Trial(nodes, wanted, False)


def _last_in_first_out(nodes: list[Node], members: list[Quantity], skip: int) -> list[Quantity]:
    """Each turn takes the latest quantity of the forward pass before it that is not taken yet."""
    out, waiting, at, fresh = [], [], 0, True
    for node in nodes:
        before = at
        while at < len(members) and members[at].time < node.time:
            waiting.append(members[at])
            at += 1
        if at > before or fresh:
            for _ in range(skip):
                if waiting:
                    waiting.pop()
        fresh = False
        if not waiting:
            return []
        out.append(waiting.pop())
    return out
