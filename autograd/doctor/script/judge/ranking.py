"""Which of several faults is the likeliest: a value that is right for something else is blamed last."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node, assembled, same_statement
from .candidates import CLOSE, LAYOUTS, Fault, alike
from .customs import has_it_behind, has_its_sign
from .factors import near
from .fitting import Fitting
from .losses import before_squash, errors
from .match import matched
from .quantities import Quantity
from .rates import number_in, plain_factors

Array = Any


class Ranking(Fitting):
    """Chooses among faults.

    Args:
        ways: by block, what its gradient may be read from, nearest the step first.
    """

    ways: dict[str, list[list[Node]]]

    def _chosen(self, faults: list[Fault]) -> Fault | None:
        """The likeliest fault.

        A value that is right for something (for another layer, say) is blamed only where nothing else can be, where it
        spoils more than others do, or where it is taken under another name for something else.
        """
        fit = [fault for fault in faults if self.fits_elsewhere(fault)]
        fit += [f for f in faults if f not in fit and any(_lays_out(f.first, each.first) for each in fit)]
        others = [fault for fault in faults if fault not in fit]
        most = max((1 if self._is_of_steps(f) else len(f.repairs) for f in others), default=0)
        most = max([most, *(len(f.repairs) - 1 for f in fit)])
        more = [fault for fault in fit if len(fault.repairs) > most]
        if others and not more:
            others = [f for f in others if not self._is_in_another_order(f)] or others
            others = [f for f in others if not any(self._only_turned_about(f, other) for other in others)]
            first = min(others, key=self._rank)
            first = min(self._wider(first, others), key=self._rank, default=first)
            made = [f for f in fit if set(f.repairs) >= set(first.repairs) and self._is_made_for(f, first)]
            if made and not any(id(f.first) in self.aliases for f in fit):
                return max(made, key=lambda f: f.first.time)
            exact = [f for f in others if f.exact and set(f.repairs) >= set(first.repairs)]
            if exact and not first.exact and any(q.block in first.repairs for q in self.quantities.rests if q.block):
                first = min(exact, key=self._rank)  # what the loss has of the block itself is not shrinkage besides
            summed = [
                f
                for f in fit
                if f.rescaled is not None
                and _is_term(f.first, first.first)
                and set(f.repairs) >= set(first.repairs)
                and not self._is_of_a_name(f)
                and not self._is_given_away(f)
                and not (f.rescaled < 0 and has_its_sign(self, f.first))
            ]
            if summed:  # a term that lacks a factor, and another that has it
                return summed[0]
            there = [f for f in others if same_statement(f.first, first.first) and set(f.repairs) >= set(first.repairs)]
            first = max(there, key=lambda f: (f.exact, len(f.repairs), f is first, -f.first.time))
            first = next((f for f in there if self.is_a_path(f)), first)
            if self.is_a_path(first):  # where it is handed on, the other paths are forgotten
                idle = [f for f in others if self._hands_on(f.first) and set(f.repairs) >= set(first.repairs)]
                idle = [f for f in idle if all(map(alike, f.wrong[id(f.first)], first.wrong[id(first.first)]))]
                first = max(idle, key=lambda f: f.first.time, default=first)
            renamed = [
                f for f in faults
                if f.rescaled is None and set(f.repairs) >= set(first.repairs) and (
                    self._is_idle_product(f.first)
                    or (self._is_idle(f.first) and self.factor(f.first) is not None)
                )
            ]  # fmt: skip
            return max(renamed, key=lambda f: f.first.time, default=first)
        if not fit:
            return None
        behind = {id(f.first) for f in fit if has_it_behind(self, f)}
        fit, more = ([f for f in each if id(f.first) not in behind] or each for each in (fit, more))
        first = min(more or fit, key=self._rank)
        laid = [
            f for f in more or fit
            if getattr(f.first.function, "__name__", "") in LAYOUTS and abs(abs(f.scale) - 1.0) <= CLOSE
            and set(f.repairs) >= set(first.repairs) and not same_statement(f.first, first.first) and f.rescaled is None
        ]  # fmt: skip
        if laid and abs(abs(first.scale) - 1.0) > CLOSE:  # the right numbers, in another order than they are used in
            return laid[0]
        handed = [
            f for f in more or fit
            if id(f.first) in self.aliases and f.first.site is not None and f.first.site.kind == "store"
            and abs(abs(f.scale) - 1.0) <= CLOSE and set(f.repairs) >= set(first.repairs)
        ]  # fmt: skip
        if handed and not first.by_factors:  # `dz = da`: the line that makes nothing of it forgets something
            return max(handed, key=lambda f: f.first.time)
        if self._is_exact(first):  # what it is used for differs: the last that is used for all of it
            exact = [f for f in more or fit if self._is_exact(f) and set(f.repairs) >= set(first.repairs)]
            guilty = [
                f for f in more or fit
                if f.by_factors and abs(abs(f.scale) - 1.0) <= CLOSE and set(f.repairs) >= set(first.repairs)
            ]  # fmt: skip
            users = [f for f in others if f.rescaled is not None and first.first in f.first.operands()]
            if (
                users
                and not guilty
                and len(exact) == 1
                and self._is_of_a_name(first)
                and not self._shared(first, others)
            ):
                return users[0]  # it is right, and each line that uses it forgets something
            return min(guilty or exact, key=lambda f: f.first.time if guilty else -f.first.time)
        inner = [f for f in more or fit if not f.by_factors and not f.wanted[0].block]
        if first in inner:  # it is right up to where it is taken for something else
            first = max((f for f in inner if set(f.repairs) >= set(first.repairs)), key=lambda f: f.first.time)
        # where a line hands on what it gets, it is the one that forgets something
        idle = [f for f in more or fit if set(f.repairs) >= set(first.repairs) and self._hands_on(f.first)]
        return max(idle, key=lambda f: f.first.time) if idle and not first.by_factors else first

    def _is_in_another_order(self, fault: Fault) -> bool:
        """Whether the terms of a sum would be put right turn by turn, and the first that is wrong is that of another
        turn: only their sum is wrong.
        """  # fmt: skip
        node, readers = fault.first, self.look.consumers.get(id(fault.first), [])
        if len(fault.nodes) < 2 or fault.rescaled is not None or not readers or not all(map(is_sum, readers)):
            return False
        theirs, mine = fault.wrong[id(node)], fault.wanted[fault.nodes.index(node)]
        return any(
            q is not mine and np.size(q.values[0]) == np.size(theirs[0]) > 1
            and (m := matched(theirs, [v.T if fault.turned else v for v in q.values])).holds
            and abs(m.scale - fault.scale) <= CLOSE * abs(fault.scale) for q in fault.wanted
        )  # fmt: skip

    def _is_of_steps(self, fault: Fault) -> bool:
        """Whether each of several values is put in the line of the step, for its own block: that explains anything."""
        ends = [end for name in fault.repairs for end in self.look.ends[name]]
        alone = len(fault.nodes) > 1 and all(q.kind == "bar" and q.block for q in fault.wanted)
        return alone and all(any(same_statement(node, end) for end in ends) for node in fault.nodes)

    def _only_turned_about(self, fault: Fault, other: Fault) -> bool:
        """Whether minus what belongs there makes up for a wrong sign behind it, where another fault explains more."""
        if fault.scale >= 0 or other.scale <= 0 or not set(other.repairs) > set(fault.repairs):
            return False
        before = [f for node in fault.nodes for f in self.factors_before(node)]
        return fault.rescaled is None and bool(before) and min(before) > 0

    def _wider(self, fault: Fault, others: list[Fault]) -> list[Fault]:
        """Where the terms of a sum would be put right, in whatever order: what puts more blocks right."""
        if len(fault.nodes) == 1:
            return []
        wider = [f for f in others if not f.wanted[0].block and set(f.repairs) > set(fault.repairs)]
        if fault.wanted[0].block:
            return wider
        return [f for f in wider if len(f.nodes) > 1 and f.scale > 0]  # the turns of a loop, in whatever order

    def _is_exact(self, fault: Fault) -> bool:
        """Whether a value of which another multiple is wanted is a cotangent, or has the factor of the first error."""
        several = len(fault.nodes) > 1 and (not fault.by_factors or np.size(self.values[0][id(fault.nodes[0])]) < 2)
        if several or (fault.rescaled or 0.0) < 0 or abs(abs(fault.scale) - 1.0) <= CLOSE:
            return False
        mine = abs(self.factor(fault.nodes[0]) or 0.0)
        return any(abs(mine - f) <= CLOSE * f for f in (1.0, *map(abs, self._first_factors())))

    def _is_made_for(self, fault: Fault, used: Fault) -> bool:
        """Whether a value that is right for something else has a name, and is used for nothing but a gradient that it
        is wrong for: `dh = dz2 @ W2.T`, where `dW1 = x.T @ dh` is all that follows, and the slope is nowhere.
        """  # fmt: skip
        if (
            not used.wanted[0].block
            or fault.wanted[0].kind != "bar"
            or fault.wanted[0].block
            or fault.first is used.first
        ):
            return False
        node, right = fault.first, fault.right[id(fault.first)]
        mine = all(id(n) in self.named for n in fault.nodes) and set(self.blocks_after(node)) <= set(fault.repairs)
        if not mine or fault.rescaled is not None or same_statement(node, used.first) or len(right[0].shape) == 0:
            return False
        return not any(
            n is not node and id(n) in self.values[0] and np.size(self.values[0][id(n)]) == right[0].size
            and all(alike(v[id(n)], np.ravel(r)) for v, r in zip(self.values, right, strict=True))
            for n in self.look.program.steps if id(n) in self.erring
        )  # fmt: skip

    def _shared(self, fault: Fault, others: list[Fault]) -> bool:
        """Whether several lines use a value, and all lack the same factor: it is lacking in that value, once."""
        readers = {n.site.statement: n for n in self.look.consumers.get(id(fault.first), ()) if n.site is not None}
        lacking = [[f.rescaled for f in others if same_statement(f.first, n) and f.rescaled] for n in readers.values()]
        factors = [factor for each in lacking for factor in each]
        return len(readers) > 1 and all(lacking) and max(factors) - min(factors) <= CLOSE * abs(factors[0])

    def _is_of_a_name(self, fault: Fault) -> bool:
        """Whether a value is the cotangent of something that the script has a name for, and is stored itself."""
        theirs = [np.asarray(v, dtype=float) for v in fault.wrong[id(fault.first)]]
        named = [q for q in self.quantities.bars if id(q.node) in self.named and q.size == theirs[0].size]
        return any((m := matched(theirs, q.values)).holds and abs(m.scale - 1.0) <= CLOSE for q in named)

    def _is_given_away(self, fault: Fault) -> bool | None:
        """Whether a value leads to a term of a gradient that is exactly what the loss has, and the penalty that is
        added to it is not; False where it is the other way round, None where nothing is known.
        """  # fmt: skip
        after = {id(fault.first), *(id(n) for n in self._downstream([fault.first])[0])}
        known = [pair for name in fault.repairs if (pair := self._halves(name)) and id(pair[0]) in after]
        exact = {(abs(data - 1.0) <= CLOSE, abs(penalty - 1.0) <= CLOSE) for _, data, penalty in known}
        return next(iter(exact))[0] if len(exact) == 1 and len(set(*exact)) == 2 else None

    def _halves(self, name: str) -> tuple[Node, float, float] | None:
        """Where the gradient of a block is a sum of what follows from the data and of a penalty: the first of them, and
        what each is of that in the loss that is computed.
        """  # fmt: skip
        key = name, len(self.fixed)
        if key not in self._known_halves:
            found = None
            sums = [way[0] for way in self.ways[name] if len(way) == 1 and is_sum(way[0]) and len(way[0].args) == 2]
            if name in self.found.penalised:
                found = next((h for n in sums for h in self._halves_of(n, name)), None)
            self._known_halves[key] = found
        return self._known_halves[key]

    def _halves_of(self, total: Node, name: str) -> Iterator[tuple[Node, float, float]]:
        whole = next((q.values for q in self.quantities.bars if q.block == name), None)
        terms = [(n, 1.0) for n in total.operands() if id(n) in self.values[0]]
        if getattr(total.function, "__name__", "") in ("sub", "subtract"):
            terms[1:] = [(n, -1.0) for n, _ in terms[1:]]
        for (data, plus), (penalty, sign) in (terms, terms[::-1]) if whole and len(terms) == 2 else ():
            pairs = ((data, plus), (penalty, sign))
            one, other = ([each * np.asarray(v[id(n)], dtype=float) for v in self.values] for n, each in pairs)
            for q in (*self.quantities.parts, *self.quantities.rests):
                if q.block == name and q.size == one[0].size == other[0].size and id(data) in self.erring:
                    rest = [np.asarray(w) - v for w, v in zip(whole or (), q.values, strict=True)]
                    mine, theirs = matched(one, q.values), matched(other, rest)
                    if mine.holds and theirs.holds:
                        yield data, mine.scale, theirs.scale

    @cached_property
    def _known_halves(self) -> dict[tuple[str, int], tuple[Node, float, float] | None]:
        return {}

    def _is_idle_product(self, node: Node) -> bool:
        """Whether a product of matrices gives what it got: where weights sum to 1, and all rows are alike, say."""
        return getattr(node.function, "__name__", "") in ("matmul", "dot", "einsum") and self._hands_on(node)

    def fits_elsewhere(self, fault: Fault) -> bool:
        """Whether a value is right for something, though not for what it is used for."""
        if any(id(node) not in self.erring for node in fault.nodes):
            return self._is_a_slope(fault) or all(map(self._is_computed_again, fault.nodes))
        if fault.rescaled is not None:
            return self._as_it_should(fault, fault.rescaled)
        if self.is_a_path(fault):
            return False
        if fault.wanted[0].kind == "slip" and self._is_of_a_right_line(fault):
            return True
        halves = [self._halves(name) for name in fault.repairs]
        if halves and all(h and h[0] in fault.first.operands() and abs(h[2] - 1.0) <= CLOSE for h in halves):
            return True  # the penalty is, what it is added to is not
        if self._is_a_slope(fault) or all(map(self._is_spread, fault.nodes)):
            return True
        factors = [self.factor(node, self.quantities.bars) for node in fault.nodes if fault.moves(node)]
        known = [factor for factor in factors if factor is not None]
        if len(known) < len(factors):
            known = self._handed_right(fault) if factors[0] is not None else []
            if len(known) < len(factors):
                return False
        single = all(np.size(self.values[0][id(node)]) == 1 for node in fault.nodes)
        return (
            not single or not known or max(known) - min(known) <= 1e-5 * max(map(abs, known))
        )  # one number fits by its sample

    def kind_of(self, fault: Fault) -> tuple[bool, bool]:
        """Whether a fault is but a path, and whether nothing after it need be looked at; asked once in a search."""
        if fault not in self.known_kinds:
            self.known_kinds[fault] = (
                self.is_a_path(fault), not self.fits_elsewhere(fault) and not self._rank(fault)[0]
            )  # fmt: skip
        return self.known_kinds[fault]

    def is_a_path(self, fault: Fault) -> bool:
        """Whether it is what one of several paths passes to the node it is for: `dz` with a path left out."""
        return self.path_of(fault) is not None

    def path_of(self, fault: Fault) -> Quantity | None:
        """What a value is of the node it is for, where a path is left out."""
        node, wanted = fault.first, fault.wanted[fault.nodes.index(fault.first)]
        if wanted.kind != "bar" or wanted.block or not fault.moves(node):
            return None
        theirs = [np.asarray(v, dtype=float) for v in fault.wrong[id(node)]]
        named = [q for q in self.quantities.bars if id(q.node) in self.named and q.size == theirs[0].size]
        if any(matched(theirs, q.values).holds for q in named):
            return None  # it is right for something that the script has a name for
        paths = (*self.quantities.parts, *self.quantities.rests)
        parts = [q for q in paths if q.node is wanted.node and q.size == theirs[0].size and np.any(q.values[0])]
        return next((q for q in parts if matched(theirs, q.values).holds), None)

    def _fitness(self, fault: Fault) -> tuple[Any, ...]:
        own = fault.wanted[0].block in fault.repairs
        return -len(fault.repairs), -fault.first.time, not own, fault.turned

    def _rank(self, fault: Fault) -> tuple[Any, ...]:
        """What is likelier to be the mistake sorts first."""
        factor = fault.rescaled
        if factor is not None and self._as_it_should(fault, factor):
            # A sign goes wrong in the step; another factor where other blocks have it, or where the gradient is stored.
            when = fault.nodes[0].time
            if factor < 0:
                return True, False, -when
            return True, not self._where_others_have_it(fault, factor), id(fault.nodes[0]) not in self.named, when
        return False, fault.first.time, -len(fault.repairs)

    def _as_it_should(self, fault: Fault, change: float) -> bool:
        """Whether a value that is wrong by a factor only has that factor from what it is computed from."""
        node = fault.nodes[0]
        if id(node) not in self.erring:
            return True  # a forward value is what it is: its factor is no mistake
        mine = self.factor(node)
        if mine is None:
            return False
        if change < 0 and has_its_sign(self, node):
            return True
        theirs = self.factors_before(node)
        if not theirs:
            return mine > 0
        exact = self._is_given_away(fault)
        if exact or (exact is False and abs(mine - 1.0) > CLOSE):  # a cotangent itself is right as it is
            return exact
        if change < 0:
            return any(f * mine > 0 for f in theirs) and not self._against_custom(node, mine)
        rate = 1.0
        if getattr(node.function, "__name__", "") in ("mul", "multiply"):
            known = plain_factors(self.look, node)
            own = bool(known) and abs(abs(change * known[0]) - 1.0) <= CLOSE  # that is what is wrong
            rate = known[0] if known and not own else 1.0
        return any(abs(abs(f * rate / mine) - 1.0) < 1e-5 for f in theirs)

    def factors_before(self, node: Node, beyond: bool = False) -> list[float]:
        """The factors of the errors that a value is computed from, those of half products left aside.

        Args:
            beyond: whether all that is computed in its own statement is left aside, too.
        """
        found: list[float] = []
        stack, known = list(node.operands()), set[int]()
        while stack and len(known) < 12:
            at = stack.pop()
            if id(at) not in self.erring or id(at) in known:
                continue
            known.add(id(at))
            factor = None if beyond and same_statement(at, node) else self.factor(at)
            if factor is not None:
                found.append(factor)
            elif same_statement(at, node) and (beyond or not plain_factors(self.look, at)):
                stack += at.operands()
        return found

    def by_convention(self, node: Node) -> float:
        """The factor along its cotangent of the error that a value is made from, or of the script's first error.

        It is what the script leaves out, or keeps for later.
        """
        single = all(np.size(self.values[0].get(id(o), 0.0)) == 1 for o in node.operands())
        before = [] if single else self.factors_before(node)
        if is_sum(node) and len(before) == 1 and self._is_penalised(node):
            return 1.0  # of a gradient and a penalty only the penalty has a factor
        if is_sum(node) and any(near(abs(f), 1.0) for f in before):
            return 1.0  # a mean that comes back is spread over all: that factor is no custom
        return next((abs(f) for f in (*before, *self._first_factors())), 1.0)

    def _is_penalised(self, node: Node) -> bool:
        """Whether one of the terms of a sum is a multiple of a block."""
        blocks = [[np.asarray(v[id(n)], dtype=float) for v in self.values] for ns in self.look.starts.values()
                  for n in ns if all(id(n) in v for v in self.values)]  # fmt: skip
        terms = [[np.asarray(v[id(o)], dtype=float) for v in self.values] for o in node.operands() if
                 all(id(o) in v for v in self.values)]  # fmt: skip
        return any(t[0].shape == b[0].shape and matched(t, b).holds for t in terms for b in blocks)

    def _where_others_have_it(self, fault: Fault, factor: float) -> bool:
        """Whether it is the step where this factor is missing, and where the steps of the other blocks have it."""
        ends = [end for name in fault.repairs for end in self.look.ends[name]]
        if not any(same_statement(fault.nodes[0], end) for end in ends):
            return False
        for name, verdict in self.found.verdicts.items():
            for nodes in self.chains[name] if verdict.right else ():
                kind = getattr(nodes[0].function, "__name__", "")
                if nodes[0].site is fault.nodes[0].site:
                    continue  # one line for all
                if kind in ("mul", "multiply", "truediv", "divide") and same_statement(
                    nodes[0], self.look.ends[name][0]
                ):
                    numbers = [n for a in nodes[0].args if (n := number_in(self.look, a))]
                    if any(abs(abs(n) - f) <= CLOSE * f for n in numbers for f in (factor, 1.0 / factor)):
                        return True
        return False

    def _against_custom(self, node: Node, factor: float) -> bool:
        """Whether a block's gradient is stored with the other sign than those of the blocks whose step is right."""
        known = [
            f for name, v in self.found.verdicts.items() if v.right
            for way in self.ways[name][::-1][:1] if (f := self.factor(way[0])) is not None
        ]  # fmt: skip
        custom = known and (min(known) > 0 or max(known) < 0)
        stored = id(node) in self.named and any(node in way for ways in self.ways.values() for way in ways)
        return bool(custom) and stored and factor * known[0] < 0

    def by_custom(self, node: Node, change: float) -> bool:
        """Whether a block whose step is right has the same kind of value in the same place, with the sign that this one
        has, or the factor where that is wrong, too, before it was put right.
        """  # fmt: skip
        now, turned = self.factor(node), abs(change + 1.0) <= CLOSE
        mine = None if now is None else now / change if id(node) in self.fixed else now
        for ways in self.ways.values() if mine is not None else ():
            at = next((k for k, way in enumerate(ways) if node in way), 0)
            for name, v in self.found.verdicts.items():
                theirs = self.ways[name][at : at + 1] if turned else self.ways[name]
                for twin in (way[0] for way in theirs if at and v.right and kind_of(way[0]) == kind_of(node)):
                    other = self.factor(twin) if twin is not node and (turned or id(twin) in self.named) else None
                    if other is not None and mine is not None and other * mine > 0:
                        return turned or abs(other - mine) <= 1e-5 * abs(mine)
        return False

    @cached_property
    def named(self) -> set[int]:
        """Nodes that are stored under a name."""
        stores = self.look.training.tape.stores
        return {id(thing) for _, scope, _, thing, _ in stores if isinstance(thing, Node) and scope[0] != "return"}

    def _first_factors(self) -> Iterator[float]:
        """Those of the errors `prediction - target` along the cotangent of the prediction, or of its logit."""
        for group in errors(self.look):
            error, prediction, _ = group[0]
            logit = before_squash(self.look, prediction, self.points[0])
            for node in (prediction,) if logit is None else (logit[0], prediction):
                if all(id(node) in bar for bar in self.found.bars):
                    theirs = [np.asarray(v[id(error)], dtype=float) for v in self.values]
                    match = matched(theirs, [bar[id(node)] for bar in self.found.bars])
                    if match.holds and match.scale:
                        yield match.scale


def kind_of(node: Node) -> Any:
    """What a value is computed by; of a method, its name."""
    return getattr(node.function, "__name__", node.function)


def is_sum(node: Node) -> bool:
    """Whether a value is a sum, or something was added to some elements of it."""
    augmented = node.site is not None and node.site.kind == "augmented"
    kind = getattr(node.function, "__name__", "")
    return kind in ("add", "sub", "subtract") or (augmented and node.function is assembled)


def _lays_out(node: Node, whole: Node) -> bool:
    """Whether a value holds the numbers of another in another order."""
    while node is not whole and getattr(node.function, "__name__", "") in LAYOUTS:
        node = next(node.operands())
    return node is whole


def _is_term(node: Node, total: Node) -> bool:
    """Whether a value is one of the terms of a sum, or what it is added to."""
    return is_sum(total) and node in total.operands() and not same_statement(node, total)
