"""What is the matter with a mask, or with rows and turns: forgotten, drawn anew, applied twice, written over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..watch.node import Node, assembled, comes_from
from .compared import Cause
from .look import Look, Point
from .replay import ancestors
from .slopes import Slopes
from .verdicts import Judgement

Array = Any


class Masks(Slopes):
    """Tests of a fault that are about those."""

    def _drawn_anew(self) -> Cause | None:
        """A mask that is drawn in the backward pass, where that of the forward pass belongs."""
        if not new_draws(self.locator.found, [self.node, *self.node.operands()]):
            return None
        masks = (o for o in self.node.operands() if id(o) not in self.look.depends and o.value is not None)
        return Cause("new-mask" if any(len(np.unique(mask.value)) == 2 for mask in masks) else "drawn-anew")

    def _mask(self) -> Cause | None:
        """A factor of the forward pass that is 0 or one other number, and that follows from no parameter."""
        if self.theirs[0].size != self.right[0].size or self.theirs[0].size < 2:
            return None
        for quantity in (*self.quantities.forward, *self.quantities.choices):
            if quantity.size != self.theirs[0].size or id(quantity.node) in self.look.depends:
                continue
            mask = [np.reshape(v, t.shape) for v, t in zip(quantity.values, self.theirs, strict=True)]
            some = len(np.unique(mask[0])) == 2 and np.any(mask[0] == 0)
            if some and self._same(self.right, [t * m for t, m in zip(self.theirs, mask, strict=True)]) is not None:
                return Cause("missing-mask", {"node": quantity.node})
        return None

    def _has(self, node: Node) -> bool:
        """Whether the script computes what should come back to a node of the forward pass, on the way to this value."""
        bars = [bar[id(node)] for bar in self.locator.found.bars if id(node) in bar]
        for at in (
            ancestors([self.node], lambda n: id(n) not in self.locator.erring) if len(bars) == len(self.points) else ()
        ):
            theirs = [values.get(id(at)) for values in self.locator.values]
            if all(t is not None and np.size(t) == np.size(b) for t, b in zip(theirs, bars, strict=True)):
                flat = [[np.ravel(np.asarray(v, dtype=float)) for v in side] for side in (theirs, bars)]
                if self._same(*flat) is not None:
                    return True
        return False

    def _duplicates(self) -> Cause | None:
        """Rows that were read several times, and whose gradients overwrite one another."""
        for consumer in self.quantities.consumers.get(id(self.target), ()):
            if getattr(consumer.function, "__name__", "") not in ("getitem", "take"):
                continue
            for column in (False, True):
                made = [
                    self._overwritten(consumer, *at, column)
                    for at in zip(self.points, self.locator.found.bars, strict=True)
                ]
                kept = [m for m in made if m is not None]
                if len(kept) == len(made) and self._fits(kept, self.theirs):
                    return Cause("lost-duplicates", {"node": self.target})
        return None

    def _overwritten(self, consumer: Node, point: Point, bar: dict[int, Array], column: bool) -> Array | None:
        """The gradient of rows that were read, where a row that comes twice keeps the last one only.

        Args:
            column: whether that is so within each column of the index.
        """
        index = consumer.args[1]
        index = np.asarray(point.values[id(index)] if isinstance(index, Node) else index)
        out = np.zeros(np.shape(point.values[id(self.target)]))
        try:
            for part in range(index.shape[1]) if column and index.ndim == 2 else (slice(None),):
                at = index[:, part] if index.ndim == 2 and column else index
                out[at] += bar[id(consumer)][:, part] if index.ndim == 2 and column else bar[id(consumer)]
        except (KeyError, ValueError, IndexError):
            return None
        return out

    def _lost_turns(self) -> Cause | None:
        """Turns of a loop that write over what earlier ones wrote: their sum is right, here or for a later line."""
        tape, node = self.look.training.tape, self.node
        if node.function is not assembled:
            return None
        parts = {id(part) for part in node.args[0]}
        wrote = [s for s in tape.stores if s[1][0] == "memory" and s[0] <= node.time and id(s[3]) in parts]
        if not wrote or wrote[-1][4].kind != "store":
            return None
        scope, site = wrote[-1][1], wrote[-1][4]
        turns = [(np.frombuffer(key, dtype=np.int64), thing) for at, where, key, thing, place in tape.stores
                 if where == scope and place is site and key is not None and self.look.step.start < at <= node.time
                 and isinstance(thing, Node)]  # fmt: skip
        made = [np.zeros(self.theirs[0].size) for _ in self.points]
        if any(places.max(initial=0) >= made[0].size for places, _ in turns):
            return None
        for total, values in zip(made, self.locator.values, strict=True):
            for places, thing in turns:
                np.add.at(total, places, np.ravel(values[id(thing)]))
        later = [q.values for q in self.quantities.bars if q.size == made[0].size and self._later(q.node)]
        if any(self._same([np.ravel(v) for v in right], made) is not None for right in (self.right, *later)):
            return Cause("overwritten", {"node": self.target})
        return None

    def _later(self, node: Node) -> bool:
        return node is not self.target and self.quantities.reaches(self.target, node)


def new_draws(found: Judgement, nodes: Iterable[Node]) -> bool:
    """Whether one of some values follows from no parameter, and from what was drawn in the backward pass."""
    look, reading = found.look, found.reading
    assert reading is not None
    start = look.step.start
    known = {id(n) for n in ancestors(reading.roots, lambda n: n.time <= start)}
    new = {key for key in look.program.leaves - known if draws_anew(look, look.nodes[key])}
    return comes_from(new, [n for n in nodes if id(n) not in look.depends], start)


def draws_anew(look: Look, node: Node) -> bool:
    """Whether random numbers are drawn in the step, and not once and for all before the training.

    The first step is taken to begin with the recording: what is drawn anew comes in later ones, too.
    """
    later = look.training.steps[-1] is not look.step
    again = (n.site is node.site for n in look.training.tape.nodes if n.name == "random" and n.time > look.step.end)
    return node.name == "random" and node.time > look.step.start and (any(again) or not later)
