"""A graph becomes a `Drawing`: it is walked once, collapsed as far as asked, and read into plain data.

Nothing of the graph is kept. Names are places in the topological order, so the same graph gives the same drawing.
"""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..core.node import walk
from . import carrier, collapse
from .collapse import REST
from .errors import OptionError
from .look import MOST_BOXES
from .model import Amount, Box, Drawing, Edge, Module, Path

NOT_YET = "backward() has not been called yet: there are no gradients to show"


def gather(
    roots: Sequence[Any],
    depth: int | None,
    max_nodes: int,
    constants: bool,
    histograms: bool = False,
    marks: Sequence[tuple[Any, str]] = (),
) -> Drawing:
    """Everything that a picture of the roots says.

    Args:
        roots: the nodes to draw, with all they depend on.
        depth: how many frames may lie inside one another; None for as many as `max_nodes` allows.
        max_nodes: how many boxes there may be; the nearest to the roots are kept.
        constants: whether plain numbers have boxes of their own.
        histograms: whether to look at how the elements of every array are spread.
        marks: nodes, or labels of nodes, and why they are suspicious.
    """
    with _no_collecting():
        return _Reading(roots, constants, histograms, marks).drawing(depth, max_nodes)


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """Nothing made here is part of a cycle; looking for one among a million nodes takes longer than all else."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Reading:
    """A graph in the order of its walk, and what each place of it is."""

    def __init__(
        self, roots: Sequence[Any], constants: bool, histograms: bool, marks: Sequence[tuple[Any, str]] = ()
    ) -> None:
        self.histograms = histograms
        order = walk(*roots)
        index = {id(node): place for place, (node, _) in enumerate(order)}
        self.nodes = [node for node, _ in order]
        self.operands = [operands for _, operands in order]
        self.kinds = [node.kind for node in self.nodes]
        self.hidden = [kind == "constant" and not constants for kind in self.kinds]
        self.links = [tuple([index[id(operand)] for operand in operands]) for operands in self.operands]
        self.roots = list(dict.fromkeys(index[id(root)] for root in roots))
        self.hidden = [hidden and place not in self.roots for place, hidden in enumerate(self.hidden)]
        roams = [kind in ("parameter", "constant") for kind in self.kinds]
        self.paths = collapse.settle([node.scope for node in self.nodes], self.links, roams)
        self.module_ids: dict[Path, str] = {}
        for path in dict.fromkeys(self.paths):
            for length in range(1, len(path) + 1):
                self.module_ids.setdefault(path[:length], f"m{len(self.module_ids)}")
        self.marks: dict[int, list[str]] = {}
        for what, reason in marks:
            for place in self._places(what, index):
                self.hidden[place] = False  # a constant that is marked has a box
                self.marks.setdefault(place, []).append(reason)

    def _places(self, what: Any, index: dict[int, int]) -> list[int]:
        """Where a node is, or all nodes with a label."""
        if not isinstance(what, str):
            if id(what) in index:
                return [index[id(what)]]
            raise OptionError(f"marks names {what!r}, which is no part of this graph")
        found = [place for place, node in enumerate(self.nodes) if node.label == what]
        if not found:
            labels = list(dict.fromkeys(node.label for node in self.nodes if node.label))
            known = ", ".join(labels[:8]) + ", …" * (len(labels) > 8) or "none"
            raise OptionError(f"marks names {what!r}, which is no label in this graph; its labels: {known}")
        return found

    def drawing(self, depth: int | None, max_nodes: int) -> Drawing:
        """The data of the picture."""
        shown = [path for path, hidden in zip(self.paths, self.hidden, strict=True) if not hidden]
        deepest = max(map(len, shown), default=0)
        fitting = collapse.deepest_that_fits(shown, max_nodes) if depth is None else min(depth, deepest)
        keys = collapse.keys_at(fitting, self.paths)
        notes = [] if any(self.nodes[root].reached for root in self.roots) else [NOT_YET]
        if depth is None and fitting < deepest:
            notes.append(
                f"{len(shown):,} values are too many to draw one by one: modules more than {fitting} deep are "
                f"collapsed; depth={fitting + 1} opens them"
            )
        order = [key for key, hidden in zip(keys, self.hidden, strict=True) if not hidden]
        total = len(set(order))
        if total > max_nodes:
            links = [tuple([link for link in links if not self.hidden[link]]) for links in self.links]
            kept = collapse.nearest(self.roots, keys, links, max_nodes)
            keys = [key if key in kept else REST for key in keys]
            collapse_more = "a smaller depth= collapses modules, " if fitting else ""
            notes.append(
                f"{total:,} boxes are too many: these are the {len(kept):,} nearest to the result; "
                f"{collapse_more}max_nodes= allows up to {MOST_BOXES:,}"
            )
        boxes = self._boxes(keys)
        return Drawing(
            boxes=tuple(boxes),
            edges=tuple(self._edges(keys)),
            modules=tuple(self._modules(box.path[: -1 if box.kind == "module" else None] for box in boxes)),
            total=len(self.nodes),
            depth=fitting,
            notes=tuple(notes),
        )

    # ------------------------------------------------------------------------------------------------ boxes

    def _boxes(self, keys: Sequence[Hashable]) -> list[Box]:
        members: dict[Hashable, list[int]] = {}
        for place, key in enumerate(keys):
            if not self.hidden[place]:
                members.setdefault(key, []).append(place)
        turns, turn = [0] * len(self.nodes), 0
        for place in range(len(self.nodes) - 1, -1, -1):
            if self.links[place]:
                turn += 1
                turns[place] = turn
        return [self._box(key, places, turns) for key, places in members.items()]

    def _box(self, key: Hashable, places: list[int], turns: list[int]) -> Box:
        if key == REST:
            return Box(REST, "rest", count=len(places), mark=self._mark(places))
        if isinstance(key, tuple):
            return self._module_box(key, places)
        (place,) = places
        node = self.nodes[place]
        return Box(
            id=f"n{place}",
            kind=self.kinds[place],
            label=node.label,
            op=node.op,
            sign=self._sign(place),
            path=self.paths[place],
            is_root=place in self.roots,
            value=carrier.value_of(node, self.histograms),
            grad=carrier.gradient_of(node, self.histograms),
            order=turns[place] or None,
            source=node.source,
            parameters=int(self.kinds[place] == "parameter"),
            mark=self._mark(places),
        )

    def _module_box(self, path: Path, places: list[int]) -> Box:
        """A module as one box; what it says of the gradient is the norm over its parameters, or over all it holds."""
        own = [place for place in places if self.kinds[place] == "parameter"]
        known = [carrier.gradient_of(self.nodes[place]) for place in own or places]
        return Box(
            id=self.module_ids[path],
            kind="module",
            label=path[-1],
            path=path,
            is_root=any(root in places for root in self.roots),
            grad=_together(known),
            count=len(places),
            parameters=len(own),
            mark=self._mark(places),
        )

    def _mark(self, places: list[int]) -> str:
        """Why a box is marked; where several values are in it, each reason with the name of the value."""
        if not self.marks:
            return ""
        reasons = []
        for place in places:
            name = self.nodes[place].label if len(places) > 1 else ""
            reasons += [f"{name}: {reason}" if name else reason for reason in self.marks.get(place, [])]
        return "; ".join(dict.fromkeys(reasons))

    def _sign(self, place: int) -> str:
        """How the operation is written; a constant that has no box of its own is written in its place."""
        node, sign = self.nodes[place], carrier.sign_of(self.nodes[place].rule)
        if not self.links[place] or not any(self.hidden[operand] for operand in self.links[place]):
            return sign
        written = [
            carrier.written(operand) if self.hidden[link] else carrier.MARKS[slot]
            for slot, (operand, link) in enumerate(zip(self.operands[place], self.links[place], strict=True))
        ]
        return carrier.applied(node.rule, written)

    # ------------------------------------------------------------------------------------------------ edges

    def _edges(self, keys: Sequence[Hashable]) -> Iterable[Edge]:
        single: list[Edge] = []
        bundles: dict[tuple[str, str], list[Edge]] = {}
        for place, links in enumerate(self.links):
            head = keys[place]
            if all(keys[link] == head for link in links):
                continue  # a leaf, or all inside one box
            node, operands = self.nodes[place], self.operands[place]
            partials, flows = carrier.partials_of(node, operands), carrier.flows_of(node, operands)
            for slot, link in enumerate(links):
                tail = keys[link]
                if tail == head or self.hidden[link]:
                    continue
                edge = Edge(
                    id=f"e{place}_{slot}",
                    tail=self._id(tail),
                    head=self._id(head),
                    flow=flows[slot],
                    to_constant=self.kinds[link] == "constant",
                )
                if isinstance(head, int):  # else the result is hidden in a box, and so is its derivative
                    edge = replace(
                        edge,
                        slot=slot,
                        mark=carrier.mark_of(node.rule, slot, len(links)),
                        partial=partials[slot],
                        formula=carrier.formula_of(node.rule, slot),
                    )
                if isinstance(tail, int) and isinstance(head, int):
                    single.append(edge)
                else:
                    bundles.setdefault((edge.tail, edge.head), []).append(edge)
        return [*single, *(_bundle(edges) for edges in bundles.values())]

    def _id(self, key: Hashable) -> str:
        if key == REST:
            return REST
        return self.module_ids[key] if isinstance(key, tuple) else f"n{key}"

    # ---------------------------------------------------------------------------------------------- modules

    def _modules(self, around: Iterable[Path]) -> list[Module]:
        """The frames around the boxes, in the order of their numbers, which has outer ones first."""
        needed = {path[:length] for path in around for length in range(1, len(path) + 1)}
        return [
            Module(number, path, self.module_ids.get(path[:-1], ""))
            for path, number in self.module_ids.items()
            if path in needed
        ]


def _bundle(edges: list[Edge]) -> Edge:
    """Several edges between the same two boxes as one, whose flow is the norm of theirs."""
    first = edges[0]
    if len(edges) == 1:
        return first
    return Edge(
        id=f"e{first.tail}_{first.head}",
        tail=first.tail,
        head=first.head,
        flow=_together([edge.flow for edge in edges]),
        to_constant=all(edge.to_constant for edge in edges),
        count=len(edges),
    )


def _together(amounts: Iterable[Amount | None]) -> Amount | None:
    """The norm of those that are known; None if none is."""
    known = [amount.size for amount in amounts if amount is not None]
    return Amount(math.hypot(*known)) if known else None
