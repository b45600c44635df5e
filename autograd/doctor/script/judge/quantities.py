"""What a line of backprop can rightly compute: cotangents, parts of them, slopes of activations, and forward values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node, comes_from, linked, masked
from .invented import COMPARED
from .match import summed_to_one
from .reference import cotangents
from .replay import pulled
from .verdicts import Judgement
from .written import flat

Array = Any
ELEMENTWISE = {
    "add",
    "sub",
    "mul",
    "truediv",
    "pow",
    "neg",
    "subtract",
    "multiply",
    "divide",
    "true_divide",
    "negative",
    "power",
    "exp",
    "log",
    "log1p",
    "expm1",
    "tanh",
    "sqrt",
    "square",
    "abs",
    "absolute",
    "sin",
    "cos",
    "arctan",
    "maximum",
    "minimum",
    "where",
    "clip",
    "sign",
    "reciprocal",
    "expit",
    "logaddexp",
    "erf",
    "fabs",
}
SHAPES = {
    "reshape", "ravel", "flatten", "copy", "transpose", "T", "squeeze", "expand_dims", "astype", "array", "asarray",
}  # fmt: skip

MULTIPLES = {"mul", "multiply", "truediv", "divide"}
MOST_SHARES = 1000  # of a softmax, for each row of which there is a matrix of slopes
MANY = 8  # paths of which all but one may come in one value


@dataclass(eq=False)
class Quantity:
    """A right quantity, at every point.

    Args:
        kind: "bar" (the cotangent of `node`), "part" (what `consumer` passes to it), "rest" (what all others than
            `start` pass to it), "slope" (of `node` by `start`), "value" (of `node`), or "slip" (`node`, computed with
            a small change).
    """

    kind: str
    node: Node
    values: list[Array]
    consumer: Node | None = None
    start: Node | None = None
    block: str = ""

    @property
    def size(self) -> int:
        return int(np.size(self.values[0]))

    @property
    def time(self) -> int:
        """When the forward pass came by."""
        return self.node.time if self.consumer is None else self.consumer.time

    @property
    def family(self) -> tuple[Any, ...]:
        """What is alike in a loop: the kind and the places in the source."""
        sites = [
            n.site.number if n is not None and n.site is not None else -1
            for n in (self.node, self.consumer, self.start)
        ]
        called_from = self.node.context[1] if self.node.context is not None else -1
        return (self.kind, *sites, getattr(self.node.function, "__name__", ""), called_from)


class Quantities:
    """Those of a judgement."""

    def __init__(self, found: Judgement) -> None:
        assert found.reading is not None
        self.found, self.look, self.points = found, found.look, found.points
        self.order = found.reading.order(self.look)
        self.nodes = {id(node): node for node, _ in self.order}
        self.operands = {id(node): operands for node, operands in self.order}
        self.blocks = {id(node): name for name, nodes in self.look.starts.items() for node in nodes}

    @cached_property
    def consumers(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = defaultdict(list)
        for node, operands in reversed(self.order):
            for operand in operands:
                found[id(operand)].append(node)
        return found

    @cached_property
    def backward(self) -> list[Quantity]:
        """What an error can rightly be on its way back."""
        return _distinct([*self.bars, *self.parts, *self.rests])

    @cached_property
    def neutral(self) -> list[Quantity]:
        """What is computed from the forward pass alone."""
        return _distinct([*self.slopes, *self.jacobians, *self.forward])

    @cached_property
    def bars(self) -> list[Quantity]:
        out = []
        for node, _ in self.order:
            if (
                all(id(node) in bar for bar in self.found.bars)
                and id(node) not in self._roots
                and id(node) not in self._inside
            ):
                values, block = [bar[id(node)] for bar in self.found.bars], self.blocks.get(id(node), "")
                if block and len(starts := self.look.starts[block]) == 1:
                    own = [flat(starts, {id(node): value}, None) for value in values]
                    values = values if own[0].size == np.size(values[0]) else own
                out.append(Quantity("bar", node, values, block=block))
        return out

    def pieces(self, name: str) -> list[Quantity]:
        """The gradients of the pieces of a block, in their order; none where the loss depends on some of them only."""
        starts, out = self.look.starts[name], []
        for node, pick in zip(starts, getattr(starts, "picks", None) or [None] * len(starts), strict=True):
            if not all(id(node) in bar for bar in self.found.bars):
                return []
            values = [bar[id(node)] if pick is None else np.ravel(bar[id(node)])[pick[0]] for bar in self.found.bars]
            out.append(Quantity("bar", node, values, block=name))
        return out

    @cached_property
    def _inside(self) -> set[int]:
        """Nodes inside an activation, which nobody has a name for."""
        inside = {key for z, a, region in self.activations for key in region if key not in (id(z), id(a))}
        ends = {id(end) for z, a, _ in self.activations for end in (z, a)}
        return inside - ends - self._named - {id(n) for z, _, _ in self.activations for n in self._scaled(z)}

    def _scaled(self, z: Node) -> list[Node]:
        """All that a pre-activation goes into, where that is it times a number: the scores of attention."""
        users = self.consumers.get(id(z), [])
        kinds = {getattr(n.function, "__name__", "") for n in users}
        given = [o for n in users for o in self.operands[id(n)] if o is not z]
        plain = all(np.size(a.value if isinstance(a, Node) else a) == 1 for n in users for a in n.args if a is not z)
        return users if len(users) == 1 and kinds <= MULTIPLES and plain and not given else []

    @cached_property
    def _within(self) -> set[int]:
        """Nodes on the way from a pre-activation to a result that has a name: 1 + exp(-z) in a sigmoid."""
        ways = [region - {id(z), id(a)} for z, a, region in self.activations if id(a) in self._named]
        return set().union(*ways) - self._named

    @cached_property
    def _roots(self) -> set[int]:
        assert self.found.reading is not None
        return {id(root) for root in self.found.reading.roots} if self.found.reading.kind == "loss" else set()

    @cached_property
    def parts(self) -> list[Quantity]:
        """What single consumers pass to a node that has several."""
        out = []
        for key, consumers in self.consumers.items():
            if len(consumers) < 2 or len(consumers) > 200:
                continue
            node, block = self.nodes[key], self.blocks.get(key, "")
            for consumer in consumers:
                values = []
                for point, bar in zip(self.points, self.found.bars, strict=True):
                    part = pulled(consumer, point.values, [node], bar[id(consumer)])[0] if id(consumer) in bar else None
                    if part is None:
                        break
                    values.append(part)
                else:
                    out.append(Quantity("part", node, values, consumer=consumer, block=block))
        return out

    @cached_property
    def rests(self) -> list[Quantity]:
        """What all but one of several consumers pass to a node."""
        out = []
        for part in self.parts:
            key = id(part.node)
            few = 3 <= len(self.consumers[key]) <= MANY if not part.block else len(self.elementwise(key)) <= 3
            if few and (not part.block or part.consumer in self.elementwise(key)):  # of a block, all but its penalty
                values = [bar[key] - value for bar, value in zip(self.found.bars, part.values, strict=True)]
                out.append(Quantity("rest", part.node, values, start=part.consumer, block=part.block))
        return out

    def elementwise(self, key: int) -> list[Node]:
        """The consumers that may be on the way to a penalty."""
        return [
            n for n in self.consumers[key] if _is_elementwise(n) or getattr(n.function, "__name__", "") == "getitem"
        ]

    @cached_property
    def forward(self) -> list[Quantity]:
        """Values of the forward pass, and the data that it uses."""
        out, known = [], set()
        for node, _ in self.order:
            for at in (node, *node.operands()) if id(node) not in self.look.program.leaves else (node,):
                if id(at) in known or any(id(at) not in point.values for point in self.points):
                    continue
                if id(at) in self._within:
                    continue
                known.add(id(at))
                values = [np.asarray(point.values[id(at)]) for point in self.points]
                if values[0].dtype.kind in "fiu" and (values[0].size > 1 or id(at) in self.nodes):
                    out.append(Quantity("value", at, values, block=self.blocks.get(id(at), "")))
        return out

    @cached_property
    def choices(self) -> list[Quantity]:
        """The truth values that the forward pass multiplies by, and that follow from no parameter: who is left out."""
        operands = {id(o): o for node, _ in self.order for o in node.operands() if id(o) not in self.look.depends}
        known = [o for key, o in operands.items() if all(key in point.values for point in self.points)]
        values = [[np.asarray(point.values[id(o)]) for point in self.points] for o in known]
        pairs = [(o, each) for o, each in zip(known, values, strict=True) if each[0].dtype.kind == "b"]
        return [Quantity("value", o, [value.astype(float) for value in each]) for o, each in pairs]

    @cached_property
    def activations(self) -> list[tuple[Node, Node, set[int]]]:
        """(z, f(z), the nodes between): functions of one node, element by element, that the rest is computed from."""
        out = []
        for z, _ in reversed(self.order):
            if _is_elementwise(z) and not self._several(z) and id(z) not in self.look.program.leaves:
                continue
            shape = np.shape(self.points[0].values[id(z)])
            region = {id(z)}
            waiting = [*self.consumers.get(id(z), ())]
            while waiting:  # a node comes again with the last of its operands
                node = waiting.pop()
                key = id(node)
                if key in region or not all(id(o) in region for o in self.operands.get(key, (node,))):
                    continue
                if _is_elementwise(node) and np.shape(self.points[0].values[key]) == shape:
                    region.add(key)
                    waiting += self.consumers.get(key, ())
            for key in region - {id(z)}:
                if np.asarray(self.points[0].values[key]).dtype.kind == "b":
                    continue  # z > 0 has no slope
                if key in self._named or any(id(c) not in region for c in self.consumers.get(key, ())):
                    out.append((z, self.nodes[key], region))
        return out

    @cached_property
    def _named(self) -> set[int]:
        """Nodes that the script has a name for."""
        step = self.look.step
        return {
            id(thing)
            for time, _, _, thing, _ in self.look.training.tape.stores
            if isinstance(thing, Node) and time > step.start
        }

    def _several(self, node: Node) -> bool:
        return len(self.operands[id(node)]) > 1

    @cached_property
    def slopes(self) -> list[Quantity]:
        out = []
        for z, a, region in self.activations:
            order = [
                (n, [o for o in ops if id(o) in region] if n is not z else [])
                for n, ops in self.order
                if id(n) in region and n.time <= a.time
            ]
            values = []
            for point in self.points:
                bars = cotangents(order, point.values, {id(a): np.ones(np.shape(point.values[id(a)]))})
                if id(z) not in bars:
                    break
                values.append(bars[id(z)])
            else:
                out.append(Quantity("slope", a, values, start=z))
        return out

    @cached_property
    def masks(self) -> list[Quantity]:
        """Where slopes are not 0, or where they are, of what has no slope at some places."""
        some = [q for q in self.slopes if not all(np.all(v) for v in q.values) and any(np.any(v) for v in q.values)]
        return _distinct(
            [replace(q, values=[(v == 0) == out for v in q.values]) for q in some for out in (False, True)]
        )

    @cached_property
    def jacobians(self) -> list[Quantity]:
        """What passes back through a softmax, row by row: diag(s) - outer(s, s)."""
        out = []
        for node in self.look.program.steps:
            if id(node) not in self.look.depends or node.function is None or np.size(node.value) > MOST_SHARES:
                continue
            shares = [np.asarray(point.values.get(id(node), 0.0), dtype=float) for point in self.points]
            size = shares[0].shape[-1] if shares[0].ndim else 0
            if size > 1 and all(summed_to_one(s) == -1 for s in shares):
                rows = [np.reshape(s, (-1, size)) for s in shares]
                for k in range(len(rows[0])):
                    values = [np.diag(row[k]) - np.outer(row[k], row[k]) for row in rows]
                    out.append(Quantity("slope", node, values, start=node))
        return out

    @cached_property
    def _around(self) -> dict[int, list[Node]]:
        around: dict[int, list[Node]] = defaultdict(list)
        for node, operands in self.order:
            for operand in operands:
                around[id(node)].append(operand)
                around[id(operand)].append(node)
        return around

    @cached_property
    def _known_nearby(self) -> dict[int, dict[int, list[Node]]]:
        return {}

    def nearby(self, node: Node) -> dict[int, list[Node]]:
        """The nodes of the forward pass that are nearest to one of it, by the number of their place."""
        if id(node) not in self._known_nearby:
            self._known_nearby[id(node)] = _nearest(node, self._around)
        return self._known_nearby[id(node)]

    def reaches(self, start: Node, goal: Node) -> bool:
        """Whether the goal is computed from the start in the forward pass."""
        return comes_from({id(start)}, [goal], start.time + 1, lambda node: self.operands.get(id(node), []))


def _nearest(node: Node, around: dict[int, list[Node]], depth: int = 7) -> dict[int, list[Node]]:
    found: dict[int, list[Node]] = defaultdict(list)
    level, known = [node], {id(node)}
    for _ in range(depth):
        further: list[Node] = []
        here: dict[int, list[Node]] = defaultdict(list)
        for at in level:
            if at.site is not None:
                here[at.site.number].append(at)
            for other in around.get(id(at), ()):
                if id(other) not in known and len(known) < 400:
                    known.add(id(other))
                    further.append(other)
        for number, nodes in here.items():
            found.setdefault(number, nodes)
        level = further
    return found


def _distinct(quantities: list[Quantity]) -> list[Quantity]:
    """Without those that are others in another shape or under another name, at all points; blocks first."""
    found: dict[Any, Quantity] = {}
    for quantity in sorted(quantities, key=lambda q: not q.block):
        values = np.asarray(quantity.values[0], dtype=float)
        same = [hash(np.asarray(each, dtype=float).tobytes()) for each in quantity.values]  # a relu may be open at one
        key = (*same, values.shape if values.ndim == 2 and min(values.shape) > 1 else 0)
        loop = quantity.node.time if quantity.block == "" and values.size == 1 else 0
        found.setdefault((*key, loop), quantity)
    return list(found.values())


def _is_elementwise(node: Node) -> bool:
    name = getattr(node.function, "__name__", "")
    return (
        name in ELEMENTWISE or name in COMPARED or node.function is masked or node.function is linked or name in SHAPES
    )


def is_added(node: Node) -> bool:
    """Whether it is a sum, or a difference."""
    return getattr(node.function, "__name__", "") in ("add", "sub", "subtract", "iadd", "isub")


def by_family(quantities: Iterable[Quantity]) -> dict[tuple[Any, ...], list[Quantity]]:
    """Quantities of the same line, in order of time."""
    found: dict[tuple[Any, ...], list[Quantity]] = defaultdict(list)
    for quantity in quantities:
        found[quantity.family].append(quantity)
    for members in found.values():
        members.sort(key=lambda q: q.time)
    return found


def last_in_first_out(nodes: list[Node], members: list[Quantity], skip: int) -> list[Quantity]:
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
