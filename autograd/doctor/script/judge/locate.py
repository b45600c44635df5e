"""Where it is wrong: which value, put right, puts the steps that follow from it right.

A value of the backward part is replaced by each right quantity of its size, and what follows is computed again. The
earliest value whose replacement repairs the most blocks is where the mistake is; with it repaired, the next is looked
for. So three faults in a row are found one after the other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node, assembled, same_statement
from .aliases import give_nodes
from .arguments import give_arguments
from .candidates import CLOSE, Change, Fault, Trial
from .factors import agreed, is_usual, leading, near, outward, rounded, usual
from .match import is_off, length, matched
from .quantities import Quantities
from .rates import rate_of
from .reference import gradient
from .replay import Values, compute_node, compute_resized
from .stored import stored_right
from .turns import Turns
from .verdicts import Judgement
from .written import flat

Array = Any
Fit = tuple[float, float]  # the factor of a replacement, and the factor of the gradient that comes out
MOST_FAULTS = 12
SECONDS = 24.0  # of computing, for all faults of a script
GRACE = 6.0  # where none was found by then
OFTEN = 8  # trials, after which one looks at the clock


class Locator(Turns):
    """Looks for the faults of a judgement."""

    def __init__(self, found: Judgement, quantities: Quantities) -> None:
        super().__init__(found, quantities)
        self.aliases = give_nodes(found, self.erring)
        give_arguments(found, self.erring)
        self.right = {
            name: [gradient(self.look, point, bar, name) for point, bar in zip(self.points, found.bars, strict=True)]
            for name in found.verdicts
        }
        self.ways = {name: self._way(name) for name in found.verdicts}
        self.stored_right = stored_right(found, self.right)
        self.unexplained: list[str] = []
        self._known_right: dict[int, bool] = {}
        self._known_without: dict[tuple[int, ...], Values] = {}
        self.until = float("inf")
        self.eased = set[str]()  # blocks in which a mistake was found, and another one is left
        known = [v.change.scale for v in found.verdicts.values() if v.right and v.rule == "plain" and v.change.holds]
        self.common = known[0] if known and agreed(known) else None  # the factor of the right blocks, rate included
        known = [v.gradient.scale for v in found.verdicts.values() if v.right and v.gradient is not None]
        self.common_gradient = known[0] if known and agreed(known) else None
        kinds = [v.rule == "plain" and v.change.holds for v in found.verdicts.values() if v.right]
        self.plain = bool(kinds) and all(kinds)
        rates = [(v.change.scale, rate_of(self.look, self.look.ends[name][0])) for name, v in found.verdicts.items()
                 if v.right and v.rule == "plain" and v.change.holds]  # fmt: skip
        # the right blocks go along the gradient itself, each at the rate that is written for it
        self.as_written = bool(rates) and all(rate and near(scale, rate) for scale, rate in rates)

    def _way(self, name: str) -> list[list[Node]]:
        """What the gradient of a block may be read from, nearest the step first."""
        size, values = self.right[name][0].size, self.points[0].values
        found = [
            nodes for nodes in self.chains[name]
            if all(id(n) in values for n in nodes) and self.look.block(values, nodes).size == size
        ]  # fmt: skip
        return found or [self.look.ends[name]]  # of elements that several lines step there is nothing but the step

    def faults(self, known: Collection[str] = (), seconds: float = SECONDS) -> list[Fault]:
        """Every fault, the first one first; those of known blocks aside."""
        wrong = [n for n, v in self.found.verdicts.items() if not v.right and not v.silent and n not in known]
        out: list[Fault] = []
        self.until = time.process_time() + min(seconds, SECONDS)
        while wrong and len(out) < MOST_FAULTS:
            fault = self._next(wrong)
            if fault is None:
                break
            out.append(fault)
            fault.halves = [f for f in self.easing if set(f.eases) & set(fault.repairs) and f is not fault]
            fault.elsewhere = self.fits_elsewhere(fault)
            self.eased |= set(fault.eases)
            self.put_right(self.fixed | fault.right)
            self.as_written |= self.common is None and self._at_their_rates(fault.repairs)
            wrong = [name for name in wrong if name not in fault.repairs] or self._off()
        self.unexplained = wrong
        ahead = {node.site for node, _ in self.quantities.order}  # a line of the forward pass is right
        return [f for f in out if f.repairs or not (set(f.eases) & set(wrong) or f.first.site in ahead)]

    def put_right(self, fixed: Change) -> None:
        """Take these values in the place of those that the script has, and compute what follows from them."""
        self.fixed, self.values = fixed, self._computed(fixed)
        self._known_right.clear()
        self._known_downstream.clear()
        self._known_without.clear()
        self.__dict__.pop("_rescaled", None)

    def goes_right(self, name: str, as_written: bool = False) -> bool:
        """Whether the step of a block is right, with all that was found put right; or at the rate that is written."""
        rate, match = rate_of(self.look, self.look.ends[name][0]), self._change_of(name, self.values)
        off = as_written and rate and match.holds and not near(match.scale, rate)
        return not off and self._downhill(name, self.values)

    def _at_their_rates(self, names: list[str]) -> bool:
        """Whether the steps of these blocks now go along the gradient itself, each at the rate that is written."""
        pairs = [(self._change_of(n, self.values), rate_of(self.look, self.look.ends[n][0])) for n in names]
        return bool(pairs) and all(m.holds and rate and near(m.scale, rate) for m, rate in pairs)

    def _off(self) -> list[str]:
        """The blocks that have, with all that was found put right, another factor than most."""
        matches = {name: self._change_of(name, self.values) for name in self.right}
        rates = {name: rate_of(self.look, self.look.ends[name][0]) for name in matches}
        if any(not m.holds or m.scale <= 0 or not rates[n] or self.found.verdicts[n].rule != "plain" or
               self.found.verdicts[n].silent for n, m in matches.items()):  # fmt: skip
            return []
        if agreed([m.scale for m in matches.values()]):
            return []
        factors = {name: m.scale / (rates[name] or 1.0) for name, m in matches.items()}
        exact = any(near(factor, 1.0) for factor in factors.values())
        due = 1.0 if exact else usual(factors, (), outward(self.look, self.found.forward))
        off = [name for name, factor in factors.items() if not near(factor, due)]
        if off:
            self.as_written = near(due, 1.0)
            self.common = None if self.as_written else next(
                (matches[name].scale for name in factors if name not in off), None
            )  # fmt: skip
            self._known_right.clear()
        return off

    def _next(self, wrong: list[str]) -> Fault | None:
        self.easing: list[Fault] = []
        self.single: list[Fault] = []
        chosen = self._alone(wrong)
        there = set() if chosen is None else set(chosen.repairs)
        if chosen is not None and there >= set(wrong) and chosen.first.function is not assembled:
            return chosen
        split = chosen is not None and chosen.first.function is assembled  # perhaps several of its elements are wrong
        wide = [f for f in self.easing if {*f.repairs, *f.eases} > there or (split and {*f.repairs, *f.eases} >= there)]
        wide = wide if not split else [f for f in wide if f.first.function is not assembled]
        for fault in wide:
            fault.repairs, fault.eases = [*fault.repairs, *fault.eases], fault.repairs
        first = self._chosen(wide)
        for fault in wide:
            fault.repairs, fault.eases = fault.eases, [n for n in fault.repairs if n not in fault.eases]
        return first or chosen

    def _alone(self, wrong: list[str]) -> Fault | None:
        """The likeliest of the faults that put blocks right by themselves; one turn of a loop where that does it."""
        found = self._of_any(wrong)
        if found is None or len(found.nodes) == 1 or found.repairs == wrong:
            return found
        return next((f for f in self.single if f.first is found.first and f.repairs == found.repairs), found)

    def _of_any(self, wrong: list[str]) -> Fault | None:
        likely = self._best(wrong, True)
        if likely is not None and set(likely.repairs) >= set(wrong):
            return likely
        other = self._best(wrong, False)  # one mistake that explains more is likelier than several
        if likely is None or other is None:
            return likely or other
        a_step = other.wanted[0].block and other.wanted[0].kind == "bar"  # it explains any block
        wider = set(other.repairs) > set(likely.repairs) and not a_step
        return other if wider else likely

    def _best(self, wrong: list[str], likely: bool) -> Fault | None:
        """The likeliest of the faults that can be told from what is tried."""
        best: dict[tuple[int, ...], Fault] = {}  # of each value the replacement that repairs most
        self.latest, self.inexact, self.unfit, self.known_kinds = None, False, [], {}
        for count, trial in enumerate(self._trials(wrong, likely)):
            if count % OFTEN == 0 and (now := time.process_time()) > self.until and (best or now > self.until + GRACE):
                break
            if self._comes_later(trial, best.values(), wrong):
                continue
            fault = self._tried(trial, wrong)
            if fault is not None and (fault.eases or set(fault.repairs) & self.eased):
                self.easing.append(fault)
            if fault is not None and len(fault.nodes) == 1 and fault.repairs:
                self.single.append(fault)
            if fault is not None and fault.repairs:
                key = tuple(map(id, fault.nodes))
                if key not in best or self._fitness(fault) < self._fitness(best[key]):
                    best[key] = fault
                    self._limit(list(best.values()))
        return self._chosen(list(best.values()))

    def _limit(self, faults: list[Fault]) -> None:
        """What comes after a fault is not looked at; where only a path is left out, what it is handed on to is."""
        paths = [fault.first for fault in faults if self.kind_of(fault)[0]]
        others = [f for f in faults if not any(same_statement(f.first, path) for path in paths)]
        unfit = [f for f in others if self.kind_of(f)[1]]
        self.inexact = not any(fault.exact for fault in unfit)
        self.latest, self.unfit = min((f.first for f in unfit), key=lambda n: n.time, default=None), unfit

    def _comes_later(self, trial: Trial, faults: Iterable[Fault], wrong: list[str]) -> bool:
        """Whether a loop is right for something up to a fault that explains all: then it only hands that on."""
        if (
            self.latest is None
            or len(trial.nodes) < 2
            or not any(set(f.repairs) >= set(wrong) and not f.by_factors for f in faults)
        ):
            return False
        before = [k for k, n in enumerate(trial.nodes) if n.time <= self.latest.time]
        return bool(before) and all(id(trial.nodes[k]) in self.erring and self._is_wanted(trial, k) for k in before)

    def _is_wanted(self, trial: Trial, k: int) -> bool:
        """Whether a value is a multiple of what it would be replaced by; of a block's sum, of any of its terms."""
        if trial.wanted[k].block and self.factor(trial.nodes[k]) is not None:
            return True
        theirs = [np.asarray(v[id(trial.nodes[k])], dtype=float) for v in self.values]
        right = [np.asarray(v.T if trial.turned else v, dtype=float) for v in trial.wanted[k].values]
        return matched(theirs, right).holds

    def right_for_something(self, node: Node) -> bool:
        if id(node) not in self._known_right:
            self._known_right[id(node)] = self.factor(node, self.quantities.bars) is not None
        return self._known_right[id(node)]

    # -------------------------------------------------------------------------------------------------- trying

    def _tried(self, trial: Trial, wrong: list[str]) -> Fault | None:
        """The fault, if this replacement repairs a block and breaks none."""
        reached = [n for n in self._downstream(trial.nodes)[1] if not self.found.verdicts[n].silent]
        concerned = [n for n in reached if n in wrong and (len(reached) == 1 or n not in self.stored_right)]
        if not concerned or not self._promising(trial, concerned):
            return None
        linear = trial.wanted[0].kind in ("bar", "part", "rest") or (trial.slip is not None and trial.linear)
        with_it, without = [self._recomputed(trial, 1.0, 0)], [self._without(trial, 0)] if linear else []
        fitted = [name for name in concerned if self._fitted(name, with_it, without)]
        eased = [n for n in concerned if n != trial.wanted[0].block or not trial.is_whole]
        eased = [n for n in eased if self._eased(trial, n, with_it, without) is not None]
        if not fitted and not eased:
            return None
        with_it += [self._recomputed(trial, 1.0, k) for k in range(1, len(self.points))]
        without += [self._without(trial, k) for k in range(1, len(self.points))] if linear else []
        fits = {name: fit for name in fitted if (fit := self._fitted(name, with_it, without)) is not None}
        easing = {n: scale for n in eased if (scale := self._eased(trial, n, with_it, without)) is not None}
        scale = self._scale(trial.nodes[0], reached, wrong, fits, with_it, without) if fits else None
        found = self._made(trial, scale, reached, wrong, fits, list(easing), with_it)
        return found or (self._made(trial, next(iter(easing.values())), reached, wrong, {}, list(easing), with_it)
                         if easing else None)  # fmt: skip

    def _made(
        self, trial: Trial, scale: float | None, reached: list[str], wrong: list[str], fits: Collection[str],
        easing: list[str], with_it: list[Values],
    ) -> Fault | None:  # fmt: skip
        """The fault with a replacement by this factor, if it breaks no block and repairs, or eases, one."""
        if scale is None or not np.isfinite(scale) or scale == 0.0 or (trial.slip and not is_usual(scale)):
            return None
        every = range(len(self.points))
        everywhere = with_it if scale == 1.0 else [self._recomputed(trial, scale, k) for k in every]
        kept = [name for name in fits if self._downhill(name, everywhere)]
        broken = [name for name in reached if name not in wrong and not self._downhill(name, everywhere)]
        eased = [n for n in easing if n not in kept]
        eased += [n for n in fits if n not in (*kept, *eased, trial.wanted[0].block)
                  and self._change_of(n, everywhere).scale > 0]  # fmt: skip
        rest = trial.wanted[0].kind == "rest"
        if not (kept or eased) or broken or (rest and (not self._by_rate(kept, everywhere) or (fits and not kept))):
            return None
        before = {id(n): [np.asarray(v[id(n)]) for v in self.values] for n in trial.nodes}
        exact = all(self._change_of(name, everywhere).holds for name in kept)
        changes = everywhere if trial.slip else [self._change(trial, scale, k) for k in every]
        right = {id(n): [change[id(n)] for change in changes] for n in trial.nodes}
        made = Fault(trial.nodes, trial.wanted, scale, trial.turned, kept, right, before, exact, eases=eased)
        return made if any(map(made.moves, made.nodes)) else None

    def _by_rate(self, names: list[str], new: list[Values]) -> bool:
        """Whether steps follow the gradient by the written rates, if known: a part left out may be any multiple."""
        for name in names:
            rate, match = rate_of(self.look, self.look.ends[name][0]), self._change_of(name, new)
            if rate and match.holds and abs(match.scale - rate) > 1e-5 * rate:
                return False
        return True

    def _promising(self, trial: Trial, concerned: list[str]) -> bool:
        """A mere factor is wrong where a gradient is right but for a factor, and only there."""
        pairs = [
            (np.asarray(self.values[0][id(node)], dtype=float), np.asarray(q.values[0], dtype=float))
            for node, q in zip(trial.nodes, trial.wanted, strict=True)
        ]
        rows = [(np.ravel(x), np.ravel(y.T if trial.turned else y)) for x, y in pairs]
        sizes = [(x.size, y.size) for x, y in rows]
        if any(n != m for n, m in sizes) or sum(n for n, _ in sizes) < 2 or not any(np.any(x) for x, _ in rows):
            return True
        if all(matched([x], [y]).holds for x, y in rows):  # in each turn of a loop by another factor
            return not all(np.array_equal(x, y) for x, y in rows)
        return not all(self._rescaled[name] for name in concerned) and self._helps_its_turn(trial)

    @cached_property
    def _rescaled(self) -> dict[str, bool]:
        """Whether the gradient of a block is right but for a factor."""
        found = {}
        for name, ways in self.ways.items():
            shrinks = self.found.verdicts[name].rule == "decay"  # then it is that what is wrong
            found[name] = self.found.verdicts[name].change.holds or (
                not shrinks
                and any(
                    matched([self._block(way, {}, k, name) for k in range(len(self.points))], self.right[name]).holds
                    for way in ways
                )
            )
        return found

    def _change(self, trial: Trial, scale: float, k: int) -> Values:
        """What is put in the place of the values, at one point."""
        return {id(node): self._replaced(trial, at, scale, k) for at, node in enumerate(trial.nodes)}

    def _replaced(self, trial: Trial, at: int, scale: float, k: int) -> Array:
        """What is put in the place of one of the values."""
        new = np.asarray(trial.wanted[at].values[k])
        new = new if new.dtype.kind == "b" else np.asarray(new, dtype=float) * scale
        new, shape = new.T if trial.turned else new, np.shape(self.points[k].values[id(trial.nodes[at])])
        return new if np.shape(new) == shape or new.size != math.prod(shape) else new.reshape(shape)

    def _recomputed(self, trial: Trial, scale: float, k: int) -> Values:
        """The values that follow at one point."""
        new = {} if trial.slip else self._change(trial, scale, k)
        mixed, after = self.values[k] | new, self._downstream(trial.nodes)[0]
        compute = compute_node if trial.keeps_sizes else compute_resized
        try:
            for node in sorted([*trial.nodes, *after], key=lambda n: n.time) if trial.slip else after:
                key = id(node)
                if trial.slip and node in trial.nodes:
                    mixed[key] = new[key] = np.asarray(trial.slip(node, mixed, scale))
                elif key in self.look.to_end and key not in self.fixed:
                    mixed[key] = new[key] = compute(node, mixed)
        except Exception:
            return {}
        return new

    def _without(self, trial: Trial, k: int) -> Values:
        """The values that follow where the replacement is 0: the same for all of its size."""
        if not trial.keeps_sizes:
            return self._recomputed(trial, 0.0, k)
        key = (*map(id, trial.nodes), k)
        if key not in self._known_without:
            self._known_without[key] = self._recomputed(trial, 0.0, k)
        return self._known_without[key]

    def _computed(self, change: Change) -> list[Values]:
        return [
            {**point.values, **self.look.program.rerun(point.values, {i: v[k] for i, v in change.items()})}
            for k, point in enumerate(self.points)
        ]

    def _block(self, nodes: list[Node], new: Values, k: int, name: str) -> Array:
        """Numbers of nodes with the changes in; of the new parameters, what was taken away."""
        numbers = flat(nodes, new, lambda node: self.values[k].get(id(node)))
        if any(nodes is first for first in self.chains[name][:1]) or nodes == self.look.ends[name]:
            start = self.look.block(self.values[k], self.look.starts[name])
            if start.size == numbers.size:
                return numbers - start if name in self.found.turned else start - numbers
        return numbers

    def _fitted(self, name: str, with_it: list[Values], without: list[Values]) -> Fit | None:
        """The factors with which the gradient of a block comes out right."""
        for nodes in self.telling(name):
            fit = self._fit_at(nodes, name, with_it, without)
            if fit is not None:
                return fit
        return None

    def _fit_at(
        self, nodes: list[Node], name: str, with_it: list[Values], without: list[Values], goal: float | None = None
    ) -> Fit | None:
        if not all(with_it) or not all(without):
            return None
        full = [self._block(nodes, values, k, name) for k, values in enumerate(with_it)]
        rest = [self._block(nodes, values, k, name) for k, values in enumerate(without)] or [0.0 * x for x in full]
        right = self.right[name][: len(full)]
        if any(
            x.size != y.size or not (np.isfinite(x).all() and np.isfinite(z).all())
            for x, y, z in zip(full, right, rest, strict=True)
        ):
            return None
        weights = [1.0 / (length(g) or 1.0) for g in right]
        share = np.concatenate([(x - y) * w for x, y, w in zip(full, rest, weights, strict=True)])
        fixed = np.concatenate([y * w for y, w in zip(rest, weights, strict=True)])
        aim = np.concatenate([g * w for g, w in zip(right, weights, strict=True)])
        if not np.any(share) or not np.any(aim):
            return None
        if not without or length(fixed) <= 1e-9 * length(share):
            if (share @ aim) * (share @ aim) < (1 - 1e-9) * (share @ share) * (aim @ aim):
                return None
            match = matched([share], [aim])
            if not match.holds or not match.scale:
                return None
            return (1.0, match.scale) if goal is None else (goal / match.scale, goal)
        if goal is not None:
            factor = float(share @ (goal * aim - fixed)) / float(share @ share)
            missed = length(fixed + factor * share - goal * aim)
            return (factor, goal) if missed <= CLOSE * length(goal * aim) else None
        rows = np.stack([-share, aim], axis=1)
        if not np.isfinite(rows).all() or not np.isfinite(fixed).all():
            return None  # it grew beyond all bounds
        if is_off(share, aim, fixed):
            return None
        (factor, along), *_ = np.linalg.lstsq(rows, fixed, rcond=None)
        missed = length(rows @ np.array([factor, along]) - fixed)
        size = max(length(factor * share), length(along * aim))
        if missed > CLOSE * length(fixed) or abs(factor) * length(share) < 1e-9 * size or not along:
            return None
        return float(factor), float(along)

    def _scale(
        self, node: Node, reached: list[str], wrong: list[str], fits: dict[str, Fit], with_it: list[Values],
        without: list[Values],
    ) -> float | None:  # fmt: skip
        """The factor of the replacement with which the step of every block is what it should be."""
        for name in reached:
            if name not in wrong and self.found.verdicts[name].rule == "plain":
                goal = self._change_of(name, self.values).scale
                fit = self._fit_at(self.look.ends[name], name, with_it, without, goal)
                return None if fit is None else rounded(fit[0])
        near_first = [name for name in outward(self.look, self.found.forward) if name in fits]
        near_first += [name for name in fits if name not in near_first]
        near_first.sort(key=lambda name: not without or not self._has_more(name, without))  # a penalty tells the factor
        steps = {name: self._fit_at(self.look.ends[name], name, with_it, without) for name in near_first}
        told = {name: fit for name, fit in steps.items() if fit is not None}  # what is no step has no sign of its own
        name = leading({name: fit[1] for name, fit in (told or {n: fits[n] for n in near_first}).items()})
        free = steps[name]
        if free is None:  # a step of another kind
            factor, along = fits[name]
            for nodes in self.ways[name] if self.common_gradient is not None else ():
                fit = self._fit_at(nodes, name, with_it, without, self.common_gradient)
                if fit is not None:
                    return rounded(fit[0])
            return rounded(factor if along > 0 or factor != 1.0 else -factor)
        own = rate_of(self.look, self.look.ends[name][0])
        aim = own if self.common is None else self._common(name)
        if not without:  # a slope, or a forward value, has no factor of its own
            return 1.0 if free[1] > 0 else None
        usual = 1.0 if self.as_written else self.by_convention(node)
        if free[0] != 1.0 or self._has_more(name, without):  # what else is in the step tells the factor
            return rounded(free[0]) if free[1] > 0 else None
        if aim is None:  # nothing tells it: the script keeps its own
            return rounded(usual if free[1] > 0 else -usual)
        fit = self._fit_at(self.look.ends[name], name, with_it, without, aim)
        if fit is None:
            return None
        if self.common is None and abs(fit[0] - 1.0) < CLOSE:
            return rounded(usual)
        return rounded(fit[0])

    def _has_more(self, name: str, without: list[Values]) -> bool:
        """Whether there is something in a step besides what follows from a value."""
        rest = [self._block(self.look.ends[name], values, k, name) for k, values in enumerate(without)]
        return any(np.linalg.norm(x) > 1e-9 * np.linalg.norm(g) for x, g in zip(rest, self.right[name], strict=True))

    def _change_of(self, name: str, new: list[Values]) -> Any:
        return matched(
            [self._block(self.look.ends[name], values, k, name) for k, values in enumerate(new)], self.right[name]
        )

    def _common(self, name: str) -> float | None:
        """The factor of the right blocks; the rate that is written for a block where theirs are their own rates."""
        own = rate_of(self.look, self.look.ends[name][0]) if self.as_written else None
        return own or self.common

    def _downhill(self, name: str, new: list[Values]) -> bool:
        """Whether a step follows the right gradient down."""
        match = self._change_of(name, new)
        if match.holds:
            common = self._common(name) if self.found.verdicts[name].rule == "plain" else None
            return bool(match.scale > 0 and (common is None or abs(match.scale - common) <= 1e-5 * common))
        if self.plain and self.right[name][0].size == 1:  # one number is a multiple of any other
            return False
        for nodes in self.ways[name]:
            if matched([self._block(nodes, values, k, name) for k, values in enumerate(new)], self.right[name]).holds:
                steps = [
                    self._block(self.look.ends[name], values, k, name) * self.right[name][k]
                    for k, values in enumerate(new) if self.points[k].moved
                ]  # fmt: skip
                return not any(np.any(step < -1e-9 * np.max(np.abs(step), initial=0.0)) for step in steps)
        return False
