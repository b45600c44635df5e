"""A step on many samples, one by one, as a step on a few of them: what is wrong in it is found many times as fast.

Where a loop adds up the losses and the gradients of its samples, and each sample's part follows from that sample alone,
the sums of the first few are a step of the same training. The tape is changed for that, and put back afterwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.node import Node, linked
from .look import Look
from .looked import stored_nodes
from .losses import readings
from .replay import ancestors
from .verdicts import Judgement, verdicts

LARGE = 1500  # operations in a step; with fewer of them there is nothing to gain
LEAST = 5  # samples
KEPT = 2
SUMS, SCALES = ("add", "sub", "subtract"), ("mul", "multiply", "truediv", "divide", "neg", "linked")
COMMON, MIXED = -1, -2
"""Of no sample, and of several of them; a sample is known by its number."""


@contextlib.contextmanager
def fewer_samples(found: Judgement) -> Iterator[Judgement]:
    """The same judgement on a few of the samples; on all of them where they are not apart, or something is lost."""
    samples = _Samples(found)
    large = len(found.look.program.steps) > LARGE and not found.squares and not found.by_sample
    dropped = samples.dropped() if large and _wrong(found) else []
    if not dropped:
        yield found
        return
    tape = found.look.training.tape
    conditions, before = tape.conditions, [(node, node.function, node.args, node.plan) for node, _ in dropped]
    try:
        for node, rest in dropped:
            node.function, node.args, node.plan = linked, (rest,), None
        tape.conditions = [c for c in conditions if all(map(samples.is_kept, c.operands()))]
        fewer = samples.judged()
        yield fewer or found
        if fewer is not None:  # some may have been excused
            found.in_turn = fewer.in_turn
            for name, v in fewer.verdicts.items():
                found.verdicts[name].right, found.verdicts[name].rule = v.right, v.rule
    finally:
        tape.conditions = conditions
        for node, function, args, plan in before:
            node.function, node.args, node.plan = function, args, plan


class _Samples:
    """Which samples each value of a step follows from."""

    def __init__(self, found: Judgement) -> None:
        self.found, self.look, self.reading = found, found.look, found.reading
        self.of: dict[int, int] = {}
        self.added: list[tuple[Node, Node, int]] = []
        """(a sum, the sum before it, the sample that is added to that)."""
        self.left_out: dict[int, Node] = {}
        """By a sum that adds a sample to be left out, the last sum before it that is kept."""

    def dropped(self) -> list[tuple[Node, Node]]:
        """The sums that add the samples to be left out, each with the sum before it; none where they are not apart."""
        terms = self._terms()
        if len(terms) < LEAST:
            return []
        for k, term in enumerate(terms):
            for key in self._before(term):
                self.of[key] = k if self.of.get(key, k) == k else COMMON
        wanted = self.look.to_end | {id(n) for n, _ in self._order()}
        for node in self.look.program.steps:
            if id(node) not in self.of and id(node) in self.look.depends and not self._follow(node):
                if id(node) in wanted:
                    return []
                self.of[id(node)] = len(terms)  # nothing follows from it
        for node, rest, k in self.added:
            if k >= KEPT:
                self.left_out[id(node)] = self.left_out.get(id(rest), rest)
        return [(node, self.left_out[id(node)]) for node, _, k in self.added if k >= KEPT]

    def is_kept(self, node: Node) -> bool:
        """Whether it is of none of the samples that are left out."""
        return self.of.get(id(node), COMMON) < KEPT

    def judged(self) -> Judgement | None:
        """The verdicts on the step as it is now; None where they are others."""
        look, rng = self.look, np.random.default_rng(0)
        assert self.reading is not None
        losses = [kept for nodes in look.losses if (kept := [*filter(self.is_kept, nodes)])]
        stored = (
            n for n in stored_nodes(look.training, look.step) if id(n) in look.depends and id(n) not in self.left_out
        )
        fewer = Look(look.training, look.step, [*(n for nodes in losses for n in nodes), *filter(self.is_kept, stored)])
        fewer.losses, points = losses, fewer.points(rng, 4)
        twins = readings(fewer, losses, points) if len(points) > 1 else []
        twin = next((r for r in twins if r.kin == self.reading.kin), None)
        if twin is None:
            return None
        there = verdicts(fewer, points, twin)
        if any((v.right, v.silent) != (w.right, w.silent)
               for v, w in zip(there.verdicts.values(), self.found.verdicts.values(), strict=True)):  # fmt: skip
            return None
        there.kept, there.sure, there.aside = self.found.kept, self.found.sure, self.found.aside
        return there

    def _order(self) -> list[tuple[Node, list[Node]]]:
        assert self.reading is not None
        return self.reading.order(self.look)

    def _terms(self) -> list[Node]:
        """What is one sample's in the loss, in order of time."""
        assert self.reading is not None
        if len(self.reading.roots) > 1:
            return sorted(self.reading.roots, key=lambda node: node.time)
        node, found = self.reading.roots[0], list[Node]()
        while _name(node) in SCALES and len(inside := self._active(node)) == 1:
            node = inside[0]
        while _name(node) in SUMS:
            inside = self._active(node)
            before = [o for o in inside if o.site is node.site and _name(o) in SUMS]
            found += [o for o in inside if o not in before]
            if len(before) != 1 or len(inside) != 2:
                break
            node = before[0]
        return found[::-1]

    def _active(self, node: Node) -> list[Node]:
        return [o for o in node.operands() if id(o) in self.look.depends]

    def _before(self, term: Node) -> set[int]:
        """What a term is computed from, parameters aside."""
        inside = self.look.depends - set(self.look.start_ids)
        return {id(node) for node in ancestors([term], lambda node: id(node) not in inside)} & inside

    def _follow(self, node: Node) -> bool:
        """Note which samples a value follows from; False where they are mixed in another way than added up."""
        operands = [*node.operands()]
        each = [self.of.get(id(o), COMMON) for o in operands]
        single = {k for k in each if k >= 0}
        if not single or (len(single) == 1 and MIXED not in each):
            self.of[id(node)] = single.pop() if single else MIXED if MIXED in each else COMMON
            return True
        if _name(node) not in SUMS or len(operands) != 2 or COMMON in each:
            return False
        rest = [k for k, o in enumerate(operands) if each[k] == MIXED or o.site is node.site]
        if len(rest) != 1 or (_name(node) != "add" and rest[0] != 0):
            return False
        at = rest[0]
        if each[1 - at] < 0 or each[at] >= KEPT:  # it begins with a sample that is to be left out
            return False
        self.added.append((node, operands[at], each[1 - at]))
        self.of[id(node)] = MIXED
        return True


def _wrong(found: Judgement) -> bool:
    return any(not v.right and not v.silent for v in found.verdicts.values())


def _name(node: Any) -> str:
    return getattr(node.function, "__name__", "")
