"""A graph becomes a `Drawing`: it is walked once, collapsed as far as asked, and read into plain data.

Nothing of the graph is kept. Names are places in the topological order, so the same graph gives the same drawing.
"""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from ..core.node import walk
from . import amounts, collapse, signs
from .amounts import amount
from .collapse import REST
from .errors import OptionError
from .flows import flows
from .model import Amount, Box, Drawing, Edge, Module, Path
from .options import MOST_BOXES

NOT_YET: Final = "backward() has not been called yet: there are no gradients to show"
DEEPEST: Final = 10_000

Marks = Sequence[tuple[Any, str]]


@contextlib.contextmanager
def no_collecting() -> Iterator[None]:
    """Nothing made here is part of a cycle; looking for one among a million nodes takes longer than all else."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Reading:
    """A graph in the order of its walk, ready to be drawn as single values or collapsed.

    Args:
        roots: the nodes to draw, with all they depend on.
        histograms: whether to look at how the elements of every array are spread.
        marks: nodes, or labels of nodes, and why they are suspicious.

    Raises:
        OptionError: a mark names what is not in the graph.
    """

    def __init__(self, roots: Sequence[Any], histograms: bool = False, marks: Marks = ()) -> None:
        self.histograms = histograms
        walked = walk(*roots)
        index = {id(node): place for place, (node, _) in enumerate(walked)}
        self.nodes = [node for node, _ in walked]
        self.operands = [operands for _, operands in walked]
        self.kinds = [node.kind for node in self.nodes]
        self.links = [tuple([index[id(operand)] for operand in operands]) for operands in self.operands]
        self.roots = list(dict.fromkeys(index[id(root)] for root in roots))
        is_free = [kind in ("parameter", "constant") for kind in self.kinds]
        self.paths = collapse.homes([node.scope for node in self.nodes], self.links, is_free)
        self.module_ids: dict[Path, str] = {}
        for path in dict.fromkeys(self.paths):
            for length in range(1, len(path) + 1):
                self.module_ids.setdefault(path[:length], f"m{len(self.module_ids)}")
        self.turns: dict[int, int] = {}
        for place in range(len(self.nodes) - 1, -1, -1):  # as backward goes: see `core/reverse.py`
            if self.links[place]:
                self.turns[place] = len(self.turns) + 1
        self.flows = flows(walked)
        self.marks: dict[int, list[str]] = {}
        for what, reason in marks:
            for place in self._places(what, index):
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

    def drawing(self, depth: int | None, most: int, constants: bool = True) -> Drawing:
        """The data of a picture.

        Args:
            depth: how many frames may lie inside one another; None for as many as `most` allows.
            most: how many boxes there may be; those nearest to the roots are kept.
            constants: whether plain numbers have boxes of their own.
        """
        return _View(self, constants).drawing(depth, most)


class _View:
    """A reading with some of its constants hidden."""

    def __init__(self, reading: Reading, constants: bool) -> None:
        self.all = reading
        self.hidden = [
            kind == "constant" and not constants and place not in reading.roots and place not in reading.marks
            for place, kind in enumerate(reading.kinds)
        ]

    def drawing(self, depth: int | None, most: int) -> Drawing:
        read = self.all
        shown = [path for path, hidden in zip(read.paths, self.hidden, strict=True) if not hidden]
        deepest = max(map(len, shown), default=0)
        fitting = collapse.deepest_that_fits(shown, most) if depth is None else min(depth, deepest)
        keys = collapse.keys_at(fitting, read.paths)
        notes = [] if any(read.nodes[root].reached for root in read.roots) else [NOT_YET]
        if depth is None and fitting < deepest:
            notes.append(
                f"{len(shown):,} values are too many to draw one by one: modules more than {fitting} deep are "
                f"collapsed; depth={fitting + 1} opens them"
            )
        total = len({key for key, hidden in zip(keys, self.hidden, strict=True) if not hidden})
        if total > most:
            links = [tuple([link for link in links if not self.hidden[link]]) for links in read.links]
            kept = collapse.nearest(read.roots, keys, links, most)
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
            total=len(read.nodes),
            depth=fitting,
            notes=tuple(notes),
        )

    # ------------------------------------------------------------------------------------------------ boxes

    def _boxes(self, keys: Sequence[Hashable]) -> list[Box]:
        members: dict[Hashable, list[int]] = {}
        for place, key in enumerate(keys):
            if not self.hidden[place]:
                members.setdefault(key, []).append(place)
        return [self._box(key, places) for key, places in members.items()]

    def _box(self, key: Hashable, places: list[int]) -> Box:
        read = self.all
        if key == REST:
            return Box(REST, "rest", count=len(places), mark=self._mark(places))
        if isinstance(key, tuple):
            return self._module_box(key, places)
        (place,) = places
        node = read.nodes[place]
        return Box(
            id=f"n{place}",
            kind=read.kinds[place],
            label=node.label,
            op=node.op,
            sign=self._sign(place),
            path=read.paths[place],
            is_root=place in read.roots,
            value=amounts.value_of(node, read.histograms),
            grad=amounts.gradient_of(node, read.histograms),
            before=self._before(place),
            order=read.turns.get(place),
            source=node.source,
            parameters=int(read.kinds[place] == "parameter"),
            mark=self._mark(places),
        )

    def _module_box(self, path: Path, places: list[int]) -> Box:
        """A module as one box; what it says of the gradient is the norm over its parameters, or over all it holds."""
        read = self.all
        own = [place for place in places if read.kinds[place] == "parameter"]
        known = [amounts.gradient_of(read.nodes[place]) for place in own or places]
        return Box(
            id=read.module_ids[path],
            kind="module",
            label=path[-1],
            path=path,
            is_root=any(root in places for root in read.roots),
            grad=_together(known),
            count=len(places),
            parameters=len(own),
            mark=self._mark(places),
        )

    def _before(self, place: int) -> float | None:
        """What a leaf had before this backward: several add up, until the gradient is set to zero."""
        node = self.all.nodes[place]
        if self.all.links[place] or self.all.kinds[place] == "constant" or not node.reached:
            return None
        had = node.grad - self.all.flows.totals.get(id(node), 0.0)
        return float(had) if isinstance(had, float) and had != 0.0 and math.isfinite(had) else None

    def _mark(self, places: list[int]) -> str:
        """Why a box is marked; where several values are in it, each reason with the name of the value."""
        marks = self.all.marks
        if not marks:
            return ""
        reasons = []
        for place in places:
            name = self.all.nodes[place].label if len(places) > 1 else ""
            reasons += [f"{name}: {reason}" if name else reason for reason in marks.get(place, [])]
        return "; ".join(dict.fromkeys(reasons))

    def _sign(self, place: int) -> str:
        """How the operation is written; a constant that has no box of its own is written in its place."""
        node, links = self.all.nodes[place], self.all.links[place]
        if not any(self.hidden[link] for link in links):
            return signs.sign_of(node.rule)
        written = [
            signs.written(operand) if self.hidden[link] else signs.MARKS[slot]
            for slot, (operand, link) in enumerate(zip(self.all.operands[place], links, strict=True))
        ]
        return signs.applied(node.rule, written)

    # ------------------------------------------------------------------------------------------------ edges

    def _edges(self, keys: Sequence[Hashable]) -> Iterable[Edge]:
        single: list[Edge] = []
        bundles: dict[tuple[str, str], list[Edge]] = {}
        for place, links in enumerate(self.all.links):
            head = keys[place]
            if all(keys[link] == head for link in links):
                continue  # a leaf, or all inside one box
            for edge in self._edges_into(place, keys):
                if isinstance(head, int) and edge.tail.startswith("n"):
                    single.append(edge)
                else:
                    bundles.setdefault((edge.tail, edge.head), []).append(edge)
        return [*single, *(_bundle(edges) for edges in bundles.values())]

    def _edges_into(self, place: int, keys: Sequence[Hashable]) -> Iterator[Edge]:
        """The edges from the operands of one result, but for those that lie inside its box."""
        read = self.all
        node, operands, links, head = read.nodes[place], read.operands[place], read.links[place], keys[place]
        partials = amounts.partials_of(node, operands)
        parts, sums = read.flows.of(node, operands), read.flows.sums_of(node, operands)
        for slot, link in enumerate(links):
            tail = keys[link]
            if tail == head or self.hidden[link]:
                continue
            edge = Edge(
                id=f"e{place}_{slot}",
                tail=self._id(tail),
                head=self._id(head),
                flow=None if parts[slot] is None else amount(parts[slot]),
                to_constant=read.kinds[link] == "constant",
            )
            if isinstance(head, int):  # else the result is hidden in a box, and so is its derivative
                edge = replace(
                    edge,
                    slot=slot,
                    mark=signs.mark_of(node.rule, slot, len(links)),
                    partial=partials[slot],
                    after=None if sums[slot] is None else amount(sums[slot]),
                    formula=signs.formula_of(node.rule, slot),
                )
            yield edge

    def _id(self, key: Hashable) -> str:
        if key == REST:
            return REST
        return self.all.module_ids[key] if isinstance(key, tuple) else f"n{key}"

    # ---------------------------------------------------------------------------------------------- modules

    def _modules(self, around: Iterable[Path]) -> list[Module]:
        """The frames around the boxes, in the order of their numbers, which has outer ones first."""
        needed = {path[:length] for path in around for length in range(1, len(path) + 1)}
        ids = self.all.module_ids
        return [Module(number, path, ids.get(path[:-1], "")) for path, number in ids.items() if path in needed]


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
