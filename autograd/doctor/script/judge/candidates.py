"""What is worth trying: for each value of the backward part the right quantities that could belong there."""

from __future__ import annotations

import contextlib
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node, assembled, same_statement
from ..watch.sites import Site
from .comparisons import other_comparisons
from .forms import counterpart
from .losses import errors
from .match import matched
from .narrow import gradient_nodes
from .quantities import MANY, Quantities, Quantity, by_family, is_added, last_in_first_out
from .replay import Values
from .slipped import Slip, slips
from .verdicts import Judgement

Array = Any
Change = dict[int, list[Array]]  # id of a node -> its values at the points
CLOSE = 1e-6
LAYOUTS = ("reshape", "transpose", "T", "swapaxes", "moveaxis", "ravel", "flatten")


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
        wrong: those that the script has, with the faults before it repaired.
        exact: whether the steps are plain descent then, with nothing else in them.
        place: where to put the blame: the node's own place, or that of a call.
        elsewhere: whether it is right for something, though not for what it is used for.
        eases: the blocks in which one mistake less is left with it.
        halves: faults that put a part of it right.
        sure: whether it is known to be one mistake.
    """

    nodes: list[Node]
    wanted: list[Quantity]
    scale: float
    turned: bool
    repairs: list[str]
    right: Change
    wrong: Change
    exact: bool = True
    place: Site | None = field(default=None)
    elsewhere: bool = False
    eases: list[str] = field(default_factory=list)
    halves: list[Fault] = field(default_factory=list)
    sure: bool = False

    @property
    def first(self) -> Node:
        """The node at the first turn at which it is wrong."""
        return next((node for node in self.nodes if self.moves(node)), self.nodes[0])

    def moves(self, node: Node) -> bool:
        old, new = self.wrong[id(node)][0], self.right[id(node)][0]
        return old.shape != new.shape or not np.allclose(old, new, rtol=1e-6, atol=1e-12)

    @cached_property
    def rescaled(self) -> float | None:
        """The factor from what it is to what it should be, where that is the whole difference."""
        matches = [matched(self.right[id(node)], self.wrong[id(node)]) for node in self.nodes]
        first = matches[0].scale
        same = all(m.holds and abs(m.scale - first) <= CLOSE * abs(first) for m in matches)
        return first if same else None

    @cached_property
    def by_factors(self) -> bool:
        """Whether at each turn a factor is the whole difference, though not the same at all."""
        return all(matched(self.right[id(node)], self.wrong[id(node)]).holds for node in self.nodes)


@dataclass(eq=False)
class Trial:
    """Right quantities in the place of values.

    Args:
        slip: computes the values instead, from what they were computed from.
        linear: whether the replacement has a factor.
    """

    nodes: list[Node]
    wanted: list[Quantity]
    turned: bool
    slip: Slip | None = None
    linear: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole gradient of a block."""
        return self.wanted[0].kind == "bar" and bool(self.wanted[0].block)

    @property
    def keeps_sizes(self) -> bool:
        return not self.slip and all(q.size == np.size(n.value) for n, q in zip(self.nodes, self.wanted, strict=True))


class Candidates:
    """The trials, and what they need to know of the step.

    Args:
        found: the verdicts.
        quantities: what a line can rightly compute.
    """

    def __init__(self, found: Judgement, quantities: Quantities) -> None:
        self.found, self.look, self.points = found, found.look, found.points
        self.quantities = quantities
        self.chains = {
            name: [nodes for nodes in gradient_nodes(self.look, name) if not any(id(n) in found.forward for n in nodes)]
            for name in found.verdicts
        }
        self.fixed: Change = {}
        self.aliases: set[int] = set()
        self.latest: Node | None = None  # values that are computed later are not tried, but for those in its statement
        self.known_kinds: dict[Fault, tuple[bool, bool]] = {}  # what was found of each of a search: see `Ranking`
        self.unfit: list[Fault] = []  # that are right for nothing else: what comes later of their blocks is not tried
        self._unknown = False  # whether there is no telling what depends on an error: `-y / p` begins it
        self.inexact = False  # with it repaired there is more in the step than plain descent: a later one may be better
        self.values: list[Values] = [point.values for point in self.points]
        self._known_towards: dict[str, set[int]] = {}
        self._known_beside: dict[int, list[Node]] = {}
        self._known_downstream: dict[tuple[tuple[int, ...], int], tuple[list[Node], list[str]]] = {}

    def _trials(self, wrong: list[str], likely: bool) -> Iterator[Trial]:
        """What is worth trying.

        Args:
            likely: only what is likely: in loops, the same for every turn, and what belongs to the turn.
        """
        ends = {id(node) for name in wrong for node in self.look.ends[name]}
        towards = self._leading_to(ends)
        for name in wrong:  # a step that no error goes into: what leads to it should be one
            if not any(id(node) in self.erring for node in self.look.ends[name]):
                self.erring |= (
                    self._leading_to({id(node) for node in self.look.ends[name]})
                    - self.found.forward
                    - self.look.program.leaves
                )
        groups: dict[Any, list[Node]] = defaultdict(list)
        starts = [node for name in wrong for node in self.look.starts[name]]
        shapes = {np.shape(node.value) for node in starts} - {()}
        for node in self.look.program.steps:
            key = id(node)
            if key not in towards or key in self.found.forward or key in self.fixed or node.site is None:
                continue
            if self._is_filled(node):
                continue
            given = (
                key not in self.look.depends and np.shape(self.values[0][key]) not in shapes
            )  # of a hinge, it may be
            if not given and np.asarray(self.values[0][key]).dtype.kind in "fiub":
                groups[node.site.number, getattr(node.function, "__name__", ""), node.context].append(node)
        in_calls: dict[Any, list[list[Node]]] = defaultdict(list)  # of a function that is called from several places
        for key, nodes in groups.items():
            in_calls[key[:2]].append(nodes)
        for key, calls in in_calls.items():
            if len(calls) > 1:
                groups[key] = sorted(itertools.chain(*calls), key=lambda node: node.time)
        stored = {id(node) for name in wrong for nodes in self.chains[name] for node in nodes}
        for nodes in sorted(groups.values(), key=lambda nodes: not self._carried(nodes)):
            always = self._is_idle(nodes[0]) or (self.inexact and id(nodes[0]) in stored)
            latest = None if always else self.latest
            late = latest is not None and nodes[0].time > latest.time and not same_statement(nodes[0], latest)
            if late and self._is_explained(nodes[0], wrong):
                continue
            scalars = all(np.ndim(self.values[0][id(node)]) == 0 for node in nodes)
            if (likely and len(nodes) == 1) or (not likely and 1 < len(nodes) <= 6 and not scalars):
                for node in nodes:
                    yield from self._single(node, wrong)
            if len(nodes) > 1:
                yield from self._looped(nodes, likely)
                if likely:  # what a loop has summed up, or written, at its end
                    yield from (t for t in self._single(nodes[-1], wrong) if self._is_of_a_block(t.wanted[0], wrong))
            if likely and not (latest and same_statement(nodes[0], latest)):
                yield from self._slipped(nodes)

    def _is_idle(self, node: Node) -> bool:
        """Whether a line makes nothing of an error, though it lays nothing out anew: `dz = da`, `dz = da * 1.0`."""
        return getattr(node.function, "__name__", "") not in LAYOUTS and self._hands_on(node)

    def _is_explained(self, node: Node, wrong: list[str]) -> bool:
        """Whether each wrong block that a value goes into is put right by an earlier one."""
        earlier = {name for fault in self.unfit if fault.first.time < node.time for name in fault.repairs}
        return all(name in earlier for name in self.blocks_after(node) if name in wrong)

    def _is_filled(self, node: Node) -> bool:
        """Whether it is nothing but zeros that errors are added to, or written into."""
        if not getattr(node.function, "__name__", "").endswith(("_like", "zeros")) or np.any(self.values[0][id(node)]):
            return False
        readers = self.look.consumers.get(id(node), ())
        sums = (n for n in readers if is_added(n) or n.function is assembled)
        return any(id(o) in self.erring and o is not node for n in sums for o in n.operands())

    def _slipped(self, nodes: list[Node]) -> Iterator[Trial]:
        """A change of the operation, of a value that is no cotangent: a piece of a formula of several lines."""
        ends = [end for each in self.look.ends.values() for end in each]
        step = any(same_statement(nodes[0], end) for end in ends)  # that is no formula
        if step or np.size(self.values[0][id(nodes[0])]) < 2 or not all(id(node) in self.erring for node in nodes):
            return
        known = self.factor(nodes[0], self.quantities.bars) is not None
        for slip, has_factor in slips(nodes[0], self.values[0]):
            if has_factor or not known:
                with contextlib.suppress(Exception):
                    new = [Quantity("slip", node, [slip(node, v, 1.0) for v in self.values]) for node in nodes]
                    yield Trial(nodes, new, False, slip, has_factor)

    def factor(self, node: Node, among: list[Quantity] | None = None) -> float | None:
        """The factor of a value along a cotangent; None where it is none."""
        raise NotImplementedError

    def _hands_on(self, node: Node) -> bool:
        """Whether it is computed from an error that has the same value: `error * 1.0`, `error.copy()`."""
        return any(
            id(operand) in self.erring
            and not same_statement(operand, node)
            and all(alike(v[id(operand)], v[id(node)]) for v in self.values)
            for operand in node.operands()
        )

    def _carried(self, nodes: list[Node]) -> bool:
        """Whether a loop hands it on: an earlier line reads it at the next turn."""
        site, readers = nodes[0].site, self.look.consumers.get(id(nodes[0]), ())
        return site is not None and any(
            n.site is not None and n.site.span[0] < site.span[0] and n.time < nodes[-1].time for n in readers
        )

    def _leading_to(self, ends: set[int]) -> set[int]:
        found = set(ends)
        for node in reversed(self.look.program.steps):
            if id(node) in found:
                found |= {id(operand) for operand in node.operands()}
        return found

    @cached_property
    def erring(self) -> set[int]:
        """The nodes that depend on an error: they can be cotangents."""
        pairs = [(id(error), prediction) for group in errors(self.look) for error, prediction, _ in group]
        found = {key for key, prediction in pairs if self._is_predicted(prediction)} or {key for key, _ in pairs}
        if not found:
            self._unknown = True
            return {id(node) for node in self.look.program.steps}
        found |= {  # what is left of the step before
            key for key in self.look.program.leaves
            if self.look.goes_back(key) and key not in self.look.start_ids and key not in self.found.forward
        }  # fmt: skip
        for node in self.look.program.steps:
            operands = [*node.operands()]
            if any(id(operand) in found for operand in operands) or self._is_all_error(node):
                found.add(id(node))
                if node.site is not None and id(node) not in self.found.forward and is_added(node):
                    found |= {id(o) for o in operands if id(o) in self._of_the_way_back}
        return found

    def _is_all_error(self, node: Node) -> bool:
        """Whether it is a cotangent as it is, beside the forward pass: of shares whose targets are 0, for example."""
        here = id(node) in self.look.to_end and id(node) in self.look.depends and id(node) not in self.found.forward
        if not here or np.size(self.values[0].get(id(node), 0.0)) < 2 or node.function is assembled:
            return False
        return abs(abs(self.factor(node, self.quantities.bars) or 0.0) - 1.0) <= CLOSE

    @cached_property
    def _counting(self) -> set[int]:
        """The nodes whose numbers the new parameters are computed with: what is only compared is no cotangent."""
        found = {id(node) for nodes in self.look.ends.values() for node in nodes}
        for node in reversed(self.look.program.steps):
            if id(node) in found and np.asarray(self.values[0].get(id(node), 0.0)).dtype.kind != "b":
                found |= {id(operand) for operand in node.operands()}
        return found

    @cached_property
    def _of_the_way_back(self) -> set[int]:
        """What is computed after the forward pass from more of it than parameters: a term that is added to an error
        should be an error, a penalty aside.
        """  # fmt: skip
        forward, found = self.found.forward, set[int]()
        for node in self.look.program.steps:
            if id(node) not in forward and id(node) in self.look.depends and np.any(self.values[0][id(node)]):
                given = (id(o) for o in node.operands())
                if any(key in found or (key in forward and key not in self.look.start_ids) for key in given):
                    found.add(id(node))
        return found

    def _is_predicted(self, node: Node) -> bool:
        """Whether it is of the forward pass: `np.exp(x) - 1` in a slope is no error."""
        return id(node) in self.found.forward or counterpart(self.look, self.points, node, self.found.bars) is not None

    def _single(self, node: Node, wrong: list[str]) -> Iterator[Trial]:
        shape = np.shape(self.values[0][id(node)])
        size, erring = int(np.prod(shape, dtype=int)), id(node) in self.erring & self._counting
        if np.asarray(self.values[0][id(node)]).dtype.kind == "b":  # a mask is no error: others belong in its place
            for quantity in self.quantities.masks:
                if quantity.size == size and any(other_comparisons(node, self.values, quantity.values)):
                    yield Trial([node], [quantity], False)
            return
        for quantity in self.quantities.backward:
            own = quantity.kind == "bar" and quantity.block in wrong and self._only_for(node, quantity.block)
            own = own and (erring or self.found.verdicts[quantity.block].rule != "decay")  # a penalty is no gradient
            if quantity.size == size and (erring or own):
                yield from layouts([node], [quantity], shape)
            elif own and not (size > quantity.size and self._reduced_to(node, quantity.size)):
                yield Trial([node], [quantity], False)
        compared = id(node) not in self._counting
        for quantity in self.quantities.neutral if not erring else self.quantities.jacobians if self._unknown else ():
            if quantity.size == size and (quantity.kind == "value" or not compared):
                yield from layouts([node], [quantity], shape)

    def _is_of_a_block(self, quantity: Quantity, wrong: list[str]) -> bool:
        """Whether it is the gradient of one of these blocks, or all of it but for a penalty; no term of a long sum."""
        few = quantity.kind != "part" or len(self.quantities.consumers[id(quantity.node)]) <= MANY
        return quantity.block in wrong and few

    def _reduced_to(self, node: Node, size: int) -> bool:
        """Whether a later line makes so few numbers of it: then it rightly has more."""
        return any(np.size(self.values[0][id(after)]) == size for after in self._downstream([node])[0])

    def _only_for(self, node: Node, name: str) -> bool:
        """Whether a value goes into the step of one block and nowhere else."""
        ends = self.look.ends[name]
        if len(ends) != 1 or node is ends[0]:
            return False
        here = ends[0].site is not None and node.site is not None and node.site.statement == ends[0].site.statement
        if not here and not any(node in way for way in self.chains[name]):
            return False
        order, names = self._downstream([node])
        return names == [name] and {id(n) for n in order} <= self._towards(name)

    def _towards(self, name: str) -> set[int]:
        if name not in self._known_towards:
            self._known_towards[name] = self._leading_to({id(node) for node in self.look.ends[name]})
        return self._known_towards[name]

    @cached_property
    def _families(self) -> tuple[dict[Any, list[Quantity]], dict[Any, list[Quantity]]]:
        q = self.quantities
        return by_family([*q.slopes, *q.jacobians, *q.forward]), by_family([*q.bars, *q.parts, *q.rests])

    def _looped(self, nodes: list[Node], likely: bool) -> Iterator[Trial]:
        own = (self._by_block(nodes) or self._by_piece(nodes)) if likely else []
        if own:
            yield Trial(nodes, own, False)
        erring = any(id(node) in self.erring & self._counting for node in nodes)
        shapes = [np.shape(self.values[0][id(node)]) for node in nodes]
        sizes = [int(np.prod(shape, dtype=int)) for shape in shapes]
        compared = not any(id(node) in self._counting for node in nodes)
        for members in self._families[erring].values():
            if compared and members[0].kind != "value":
                continue
            if len(members) < len(nodes) or (members[0].kind == "value" and len(members) > 4 * len(nodes)):
                continue
            for wanted in self._aligned(nodes, members, likely):
                if [q.size for q in wanted] == sizes:
                    yield from layouts(nodes, wanted, shapes[0])

    def _aligned(self, nodes: list[Node], members: list[Quantity], likely: bool) -> Iterator[list[Quantity]]:
        """The quantities of a loop of the forward pass for the turns of a loop of the backward pass."""
        count, seen = len(nodes), set()
        options = [self._by_nearness(nodes, members)] if likely else []
        if likely and len(members) == count:
            single = members[0].kind == "part" and not np.ndim(self.values[0][id(nodes[0])])  # samples, one by one
            options += [members, members[::-1]] if single else [members[::-1], members]
        elif (not likely or self._carried(nodes)) and (
            np.ndim(self.values[0][id(nodes[0])]) or (count <= 12 and members[0].kind != "value")
        ):
            options += [members[:count], members[-count:], members[::-1][:count], members[::-1][-count:]]
            options += [last_in_first_out(nodes, members, skip) for skip in (0, 1)]
        for option in options:
            key = tuple(map(id, option))
            if len(option) == count and key not in seen:
                seen.add(key)
                yield option

    def _by_block(self, nodes: list[Node]) -> list[Quantity]:
        """For values that go into the step of one block each: the gradients of these blocks."""
        names: list[list[str]] = []
        for node in nodes:
            each = self._downstream([node])[1]
            if len(each) != 1 or each in names:
                return []
            names.append(each)
        bars = {q.block: q for q in self.quantities.bars if q.block and len(self.look.starts[q.block]) == 1}
        return [bars[each[0]] for each in names] if all(each[0] in bars for each in names) else []

    def _by_piece(self, nodes: list[Node]) -> list[Quantity]:
        """For values that go into the step of one piece of a block each, one element, say: the gradients of these."""
        names = self._downstream([nodes[0]])[1]
        if len(names) != 1 or len(ends := self.look.ends[names[0]]) < 2:
            return []
        pieces, found = self.quantities.pieces(names[0]), list[Quantity]()
        for node in nodes:
            after, blocks = self._downstream([node])
            known = {id(node), *map(id, after)}
            theirs = [q for q, end in zip(pieces, ends, strict=False) if id(end) in known]
            fits = len(theirs) == 1 and theirs[0].size == np.size(self.values[0][id(node)])
            if blocks != names or not fits or theirs[0] in found:
                return []
            found += theirs
        return found

    def _by_nearness(self, nodes: list[Node], members: list[Quantity]) -> list[Quantity]:
        """Each turn takes the quantity of the forward values that it is computed with."""
        by_node = {id(q.consumer if q.consumer is not None else q.node): q for q in members}
        site = (members[0].consumer or members[0].node).site
        if site is None:
            return []
        number = site.number
        out: list[Quantity | None] = []
        for node in nodes:
            beside = ([by_node[id(n)] for n in self.quantities.nearby(near).get(number, ()) if id(n) in by_node]
                      for near in self._beside(node))  # fmt: skip
            out.append(next((there[0] for there in beside if len(there) == 1), None))
        taken = {id(q) for q in out}
        left = iter([q for q in members if id(q) not in taken])  # for turns with values that were given: the first h
        filled = [next(left, None) if q is None else q for q in out]
        known = [q for q in filled if q is not None]
        return known if len(known) == len(nodes) and len(taken) > 1 else []

    def _beside(self, node: Node) -> list[Node]:
        """The forward values that a value is computed with; then those that the errors in it are computed with."""
        if id(node) not in self._known_beside:
            found: list[Node] = []
            known: set[int] = set()
            stack: list[Node] = []
            errors_there = [node]
            while (stack or errors_there) and len(known) < 60:
                at = stack.pop(0) if stack else errors_there.pop(0)
                if id(at) in known:
                    continue
                known.add(id(at))
                if id(at) in self.quantities.nodes:
                    found.append(at)
                    continue
                if id(at) not in self.look.depends and np.size(at.value) > 1:  # a mask, say: what it was laid over
                    readers = self.look.consumers.get(id(at), ())
                    found += [n for n in readers if id(n) in self.quantities.nodes]
                if id(at) not in self.look.program.leaves:
                    for operand in at.operands():
                        (errors_there if id(operand) in self.erring else stack).append(operand)
            self._known_beside[id(node)] = found
        return self._known_beside[id(node)]

    def blocks_after(self, node: Node) -> list[str]:
        """The blocks whose step a value is used in."""
        return self._downstream([node], ())[1]

    def _downstream(self, nodes: list[Node], fixed: Collection[int] | None = None) -> tuple[list[Node], list[str]]:
        """What is computed from these values, and the blocks whose step they are used in.

        Args:
            fixed: values that do not change with them; by default those that were put right.
        """
        fixed, ids = self.fixed if fixed is None else fixed, tuple(map(id, nodes))
        key = ids, len(fixed)
        if key not in self._known_downstream:
            found, order, stack = set(ids), [], list(nodes)
            while stack:
                for node in self.look.consumers.get(id(stack.pop()), ()):
                    if id(node) not in found and id(node) not in fixed:
                        found.add(id(node))
                        order.append(node)
                        stack.append(node)
            order.sort(key=lambda node: node.time)
            names = [name for name in self.found.verdicts if any(id(n) in found for n in self.look.ends[name])]
            self._known_downstream[key] = order, names
        return self._known_downstream[key]


def alike(x: Array, y: Array) -> bool:
    return np.size(x) == np.size(y) and np.allclose(np.ravel(x), np.ravel(y), rtol=1e-9, atol=0.0)


def layouts(nodes: list[Node], wanted: list[Quantity], shape: tuple[int, ...]) -> Iterator[Trial]:
    other = np.shape(wanted[0].values[0])
    if len(shape) == 2 and len(other) == 2 and min(shape) > 1:
        if other == shape:
            yield Trial(nodes, wanted, False)
        if other[::-1] == shape:
            yield Trial(nodes, wanted, True)
    else:
        yield Trial(nodes, wanted, False)
