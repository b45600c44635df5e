"""What is to be written at the place of a fault: the expression there, and the numbers that it should come to."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..judge.blame import calls_of
from ..judge.candidates import Fault
from ..judge.locate import Locator
from ..judge.replay import Layered, compute_node
from ..watch.node import Node, assembled
from ..watch.sites import Site, Span
from .at_hand import AtHand
from .goals import narrowed

Array = Any


class Wanted:
    """The expression of one fault. The faults before it count as repaired, those after it too."""

    def __init__(self, locator: Locator, fault: Fault, namespace: dict[str, Any]) -> None:
        self.locator, self.fault, self.namespace = locator, fault, namespace
        self.node = self._telling()
        self.tape = locator.look.training.tape
        self.place: Site = fault.place or self.node.site  # type: ignore[assignment]
        self._hands: dict[int, AtHand] = {}
        self._known_needed: dict[int, list[Array]] = {}
        self.time, self.context = self.node.time, self.node.context
        self.span, self.right = self._expression()
        self.wide = self.right  # with a number for each element, where one number may be right by chance
        self.hand = AtHand(locator, fault, self.place, self.node, self.time, self.context, namespace)

    def _telling(self) -> Node:
        """The first turn of a loop whose values tell something: where 0 is right, much else is right, too."""
        first, fixed = self.fault.first, self.locator.fixed
        turns = [
            first,
            *(n for n in self.fault.nodes if n.site is first.site and id(n) in fixed and self.fault.moves(n)),
        ]
        if self.fault.place is not None and self.fault.place is not first.site:
            return first
        return next((n for n in turns if all(map(np.any, fixed[id(n)]))), first)

    def _expression(self) -> tuple[Span | None, list[Array] | None]:
        """The expression to be replaced, and the values that it should have."""
        right = self.locator.fixed[id(self.node)]
        site = self.place
        if site is self.node.site:
            if site.kind == "augmented":
                return site.parts[1], self._rescaled_operand() or self._operand_of_change(right)
            if site.kind in ("store", "return"):
                return (site.parts[0], right) if np.shape(right[0]) == np.shape(self.node.value) else (None, None)
            return site.span, right
        if site.kind == "argument":
            after = [n.time for n in self.locator.look.consumers[id(self.node)] if site.number in calls_of(n.context)]
            self.time, self.context = min(after) - 1, self._context_of(site)
            return site.span, right
        if site.kind in ("store", "return"):
            self.time = max(
                (t for t, _, _, thing, at in self.tape.stores if thing is self.node and at is site), default=self.time
            )
            if site.kind == "return":
                self.context = next(
                    (key for _, _, key, thing, at in self.tape.stores if thing is self.node and at is site),
                    self.context,
                )
            elif self.node.site is not None and site.function != self.node.site.function:  # what a call gave
                self.context = self._context_of(site)
            return site.parts[0], self._as_stored(site, right)
        result = self._result_of_call(site)
        if result is None:
            return None, None
        self.time = result.time
        while self.context is not None and self.context[1] != site.number:
            self.context = self.context[0]
        self.context = self.context[0] if self.context is not None else None
        return site.span, [np.asarray(v[id(result)], dtype=float) for v in self.locator.values]

    def _context_of(self, site: Site) -> Any:
        """The calls that a place ran in, of those around the value."""
        context = self.node.context
        while context is not None and not any(
            c == context and at.function == site.function for _, c, _, at in self.tape.calls
        ):
            context = context[0]
        return context

    def _as_stored(self, site: Site, right: list[Array]) -> list[Array]:
        """What should be stored at a place, where the fault is that multiplied by a number: the step with its rate."""
        stored = [thing for _, _, _, thing, at in self.tape.stores if at is site and isinstance(thing, Node)]
        thing = next((n for n in stored if n is self.node or n in self.node.operands()), self.node)
        if thing is self.node or np.size(self.locator.points[0].values.get(id(thing), 0.0)) != np.size(right[0]):
            return right
        self.time = max(t for t, _, _, n, at in self.tape.stores if at is site and n is thing)
        was = [np.asarray(p.values[id(thing)], dtype=float) for p in self.locator.points]
        factor = float(np.vdot(was[0], self.fault.wrong[id(self.node)][0])) / float(np.vdot(was[0], was[0]) or 1.0)
        return [r / factor for r in right] if factor else right

    def _rescaled_operand(self) -> list[Array] | None:
        """What is added in each turn, times the factor that the sum lacks."""
        factor = self.fault.rescaled
        if factor is not None and self.node.function is assembled:  # of elements: one turn of those that wrote them
            parts = [p for p in self.node.args[0] if isinstance(p, Node) and p.site is self.place and len(p.args) == 2]
            self.node = parts[-1] if len(parts) > 1 else self.node
            self.time, self.context = self.node.time, self.node.context
        by = self.node.args[1] if len(self.node.args) > 1 else None
        if factor is None or not isinstance(by, Node) or self._is_kept():
            return None
        return [np.asarray(v[id(by)], dtype=float) * factor for v in self.locator.values]

    def _operand_of_change(self, right: list[Array]) -> list[Array] | None:
        """What `x op= operand` needs as operand to come out right."""
        old = self.node.args[0]
        if not isinstance(old, Node):
            return None
        name = getattr(self.node.function, "__name__", "")
        before = [np.asarray(v[id(old)], dtype=float) for v in self.locator.values]
        change: dict[str, Callable[[Array, Array], Array]] = {
            "add": lambda r, x: r - x, "sub": lambda r, x: x - r,
            "mul": lambda r, x: r / x, "truediv": lambda r, x: x / r,
        }  # fmt: skip
        if name not in change or np.shape(before[0]) != np.shape(right[0]):  # elements of what is right as a whole
            return None
        with np.errstate(all="ignore"):
            found = [change[name](r, x) for r, x in zip(right, before, strict=True)]
        finite = [f[np.isfinite(f)] for f in found]
        if name in ("mul", "truediv") and all(f.size and np.ptp(f) <= 1e-9 * abs(f.flat[0]) for f in finite):
            return [np.asarray(f.flat[0]) for f in finite]  # one number for all
        return found

    def _result_of_call(self, site: Site) -> Node | None:
        """What the call gave in which the fault lies."""
        inside, context = [], self.node.context
        while context is not None:
            inside.append(context)
            context = context[0]
        for time, _, key, thing, at in self.tape.stores:
            if at.kind == "return" and time >= self.node.time and key in inside and key[1] == site.number:
                return thing if isinstance(thing, Node) else None
        mine = self.node.context
        last = not any(n.context == mine and n.time > self.node.time for n in self.tape.nodes)
        return self.node if mine is not None and mine[1] == site.number and last else None  # of a lambda

    def _of_elements(self) -> None:
        """What is written into some elements of an array, where all of it is known: `g[:, 1:] += lam * w[:, 1:]`."""
        site, whole = self.place, self.locator.fixed[id(self.node)]
        tree = statement_of(site)
        target = tree.targets[0] if isinstance(tree, ast.Assign) else getattr(tree, "target", None)
        if site is not self.node.site or not isinstance(target, ast.Subscript):
            return
        value: Any = tree.value  # type: ignore[union-attr]
        written = site.kind in ("store", "augmented")
        if not written and site.text != site.source.segment(site.statement)[value.col_offset : value.end_col_offset]:
            return
        try:
            indices = [hand_reads(target.slice) for hand_reads in self.hand.readers]
            right = [np.asarray(w, dtype=float)[index] for w, index in zip(whole, indices, strict=True)]
            own = [np.asarray(hand_reads(value), dtype=float) for hand_reads in self.hand.readers]
            if isinstance(tree, ast.AugAssign):
                before = [np.asarray(self.hand.read(ast.unparse(target), k), dtype=float) for k in self.hand.points]
                sign = {ast.Add: 1.0, ast.Sub: -1.0}[type(tree.op)]
                right = [sign * (r - x) for r, x in zip(right, before, strict=True)]
        except Exception:
            return
        if any(np.size(r) == 0 for r in right):
            return  # a mask that holds nowhere
        narrow = [narrowed(r, x) for r, x in zip(right, own, strict=True)]
        alike = len({np.shape(r) for r in narrow}) == 1
        self.right, self.wide = (narrow if alike else right), right
        self.span = site.parts[-1] if written else site.span

    def _is_of_whole(self) -> bool:
        """Whether all of an array is known of which the line writes some elements."""
        if self.span is None or self.right is None:
            return True
        own = self.hand.read(self.place.source.segment(self.span).replace("\n", " "), 0)
        return own is not None and np.shape(own) != np.shape(self.right[0])

    def _is_begun(self) -> bool:
        """Whether the value is zeros for other lines to write into: what they write is wrong, and not these."""
        begins = getattr(self.node.function, "__name__", "") in ("zeros", "zeros_like", "empty", "empty_like")
        return begins and self.right is not None and bool(np.ptp(self.right[0]))

    def _widened(self) -> bool:
        """Take the largest expression around in the place of this one: what is 0 in it afterwards may be anything."""
        if self.place is not self.node.site or self.place.kind in ("augmented", "store", "return"):
            return False
        around: Node = self.node
        for node in self.locator.look.consumers.get(id(around), ()):
            site = node.site
            if site is not None and site.statement == self.place.statement and site.span != site.statement:
                inside = site.span[:2] <= self.place.span[:2] and self.place.span[2:] <= site.span[2:]
                if inside and node.context == self.context and site.kind in ("binary", "unary", "call"):
                    around = node
        if around is self.node or around.site is None:
            return False
        self.span, self.node, self.place = around.site.span, around, around.site
        self.right = [np.asarray(v[id(around)], dtype=float) for v in self.locator.values]
        self.hand = AtHand(self.locator, self.fault, self.place, around, around.time, around.context, self.namespace)
        return True

    def _is_kept(self) -> bool:
        """Whether the value is right for this step, and only what is left there from others is wrong."""
        return self.fault.rescaled is not None and abs(self.fault.rescaled - 1.0) < 1e-9

    def fits(self, text: str, here: bool = False) -> bool:
        """Whether a text gives the right numbers everywhere, or `here`, not at other turns of a loop."""
        assert self.right is not None
        turns = () if here or self.node not in self.fault.nodes else self.turns
        rows = itertools.chain([(self.hand, self.right, self._matters)], turns)
        return all(_gives(hand, text, right, matters) for hand, right, matters in rows)

    @property
    def _matters(self) -> list[Array]:
        """The elements that something follows from; another one, such as one that is masked out, may be anything."""
        assert self.right is not None
        mine = self.place is self.node.site or self._result_of_call(self.place) is self.node
        if not mine or self.place.kind in ("augmented", "store", "return"):
            return [np.True_] * len(self.right)
        return self._needed(self.node, self.right)

    def _needed(self, node: Node, right: list[Array]) -> list[Array]:
        if id(node) not in self._known_needed:
            found = []
            for k, value in enumerate(right):
                needed = np.zeros(np.shape(value), dtype=bool)
                for consumer in self.locator.look.consumers.get(id(node), ()):
                    one, other = (self._followed(consumer, node, moved, k) for moved in (value, value + 1.0))
                    needed = needed | (one != other if one.shape == other.shape == needed.shape else True)
                found.append(needed)
            self._known_needed[id(node)] = found
        return self._known_needed[id(node)]

    def _followed(self, consumer: Node, node: Node, value: Array, k: int) -> Array:
        """What follows from another value, at one point; NaN where that cannot be told."""
        try:
            return np.asarray(compute_node(consumer, Layered({id(node): value}, self.locator.values[k])))
        except Exception:
            return np.asarray(np.nan)

    @property
    def turns(self) -> Iterator[tuple[AtHand, list[Array], list[Array]]]:
        """The same place at other turns of a loop, with what is right there."""
        if self.place is not self.node.site or self.place.kind in ("augmented", "store", "return"):
            return
        others = [n for n in self.fault.nodes if n is not self.node and self.fault.moves(n) and n.site is self.place]
        for node in dict.fromkeys((*others[-1:], *others[:1])):
            if id(node) not in self._hands:
                self._hands[id(node)] = AtHand(
                    self.locator, self.fault, self.place, node, node.time, node.context, self.namespace
                )
            right = self.locator.fixed[id(node)]
            yield self._hands[id(node)], right, self._needed(node, right)


def statement_of(site: Site) -> ast.stmt | None:
    try:
        return ast.parse(site.source.segment(site.statement)).body[0]
    except (SyntaxError, IndexError):
        return None


def _gives(hand: AtHand, text: str, right: list[Array], matters: list[Array]) -> bool:
    for k, (wanted, where) in enumerate(zip(right, matters, strict=True)):
        value = hand.read(text, k)
        if value is None or np.shape(value) != np.shape(wanted):
            return False
        if not close_to(np.where(where, value, 0.0), np.where(where, wanted, 0.0)):
            return False
    return True


def close_to(x: Array, y: Array) -> bool:
    return float(np.linalg.norm(x - y)) <= 1e-6 * float(np.linalg.norm(y)) + 1e-15
