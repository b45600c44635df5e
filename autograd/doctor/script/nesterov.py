"""Mistakes in steps along a velocity: how much of it and of the gradient they take, and where the gradient is taken.

A velocity is `new = mu * old + kappa * gradient`. A step by `a` times what it keeps and `b` times what it takes in is
momentum where a = b, and the gradient then belongs to where the parameter is, or to where the velocity alone would lead
it. It is Nesterov's too, written for the place ahead, where a : b = mu : 1 + mu.
(Polyak 1964; Nesterov 1983; Sutskever and others 2013; Bengio, Boulanger-Lewandowski, Pascanu 2013.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..language import say
from .judge.invented import number_of
from .moments import COPIES, DIFFERENCE, PRODUCT, SUM, Factor, Moments, factors, is_number, moment, name_of
from .slip import Found, Slip, at_operand
from .watch.chains import Chain
from .watch.edits import Edit
from .watch.node import Node, comes_from, same_statement
from .watch.sites import Site
from .watch.steps import Step

LINEAR = (*SUM, *DIFFERENCE, *PRODUCT, *COPIES, "neg")
LOOKED_AT = (2, 3)  # steps: in the first ones there is no velocity yet
Terms = dict[int, tuple[Node, float]]
Flip = tuple[Node, int, float] | None


def linear(thing: Any, until: set[int], flip: Flip = None, depth: int = 12) -> Terms:
    """A node as a sum of multiples of others: of those of a set, and of what is no such sum.

    Args:
        flip: a sum or a difference, which of its operands is to be another, and the factor: -1 for the other sign.
    """
    if not isinstance(thing, Node):
        return {}
    name, args = name_of(thing), thing.args
    if id(thing) in until or not depth:
        return {id(thing): (thing, 1.0)}
    if name in (*SUM, *DIFFERENCE) and len(args) == 2:
        signs = [1.0, -1.0 if name in DIFFERENCE else 1.0]
        if flip is not None and flip[0] is thing:
            signs[flip[1]] *= flip[2]
        out: Terms = {}
        for arg, sign in zip(args, signs, strict=True):
            for key, (node, share) in linear(arg, until, flip, depth - 1).items():
                out[key] = node, out.get(key, (node, 0.0))[1] + sign * share
        return out
    if name in PRODUCT and len(args) == 2 and sum(map(is_number, args)) == 1:
        k = int(is_number(args[1]))
        by, inside = number_of(args[k]), linear(args[1 - k], until, flip, depth - 1)
        return {key: (node, by * share) for key, (node, share) in inside.items()}
    if name == "neg":
        return {key: (node, -share) for key, (node, share) in linear(args[0], until, flip, depth - 1).items()}
    if name in COPIES:
        return linear(args[0], until, flip, depth - 1)
    return {id(thing): (thing, 1.0)}


@dataclass(eq=False)
class Walk:
    """A step of a parameter along a velocity.

    Args:
        start: the parameter before it, `end` after it.
        old: the velocity before it, `new` after it.
        rest: what the velocity takes in: the gradient.
        mu: how much of the velocity is kept.
        kappa: how much of the gradient it takes in.
    """

    of: Moments
    step: Step
    start: Node
    end: Node
    old: Node
    new: Node
    rest: Node
    mu: float
    kappa: float

    @property
    def before(self) -> set[int]:
        """What the step begins with."""
        return {id(self.start), id(self.old)}

    def shares(self, flip: Flip = None) -> tuple[float, float] | None:
        """a and b; None where the step is made of other things, too."""
        until = {id(self.start), id(self.old), id(self.new)}
        moved = linear(self.end, until, flip)
        if {*moved} - until - {id(self.rest)} or moved.get(id(self.start), (None, 0.0))[1] != 1.0:
            return None
        new, old, rest = (moved.get(id(n), (n, 0.0))[1] for n in (self.new, self.old, self.rest))
        return new + old / self.mu, new + rest / self.kappa

    @cached_property
    def ahead(self) -> list[tuple[Node, float]]:
        """The places beside the parameter, along its velocity, that the step computes, and how far they are."""
        known = self.before
        found, waiting = list[tuple[Node, float]](), [self.start]
        while waiting:
            for user in self.of.consumers.get(id(waiting.pop()), ()):
                if user.time > self.step.end or name_of(user) not in LINEAR or user is self.end:
                    continue
                parts = linear(user, known)
                if not parts.keys() <= known or parts.get(id(self.start), (None, 0.0))[1] != 1.0:
                    continue
                waiting.append(user)
                if parts.get(id(self.old), (None, 0.0))[1]:
                    found.append((user, parts[id(self.old)][1]))
        return found

    @property
    def looked_at(self) -> tuple[Node, float] | None:
        """Where the gradient is taken, if that is beside the parameter."""
        return next((each for each in self.ahead if self.follows(each[0], self.rest)), None)

    def follows(self, node: Node, result: Node) -> bool:
        return comes_from({id(node)}, [result], self.step.start)

    @cached_property
    def text(self) -> str:
        """How the share of the velocity that is kept is written."""
        kept = moment(self.new)
        return "" if kept is None or not np.isclose(kept.decay, self.mu) else kept.text


def _walk(of: Moments, chain: Chain, other: Chain, step: Step) -> Walk | None:
    start, end = chain.state_at(step.start), chain.state_at(step.end)
    old, new = other.state_at(step.start), other.state_at(step.end)
    if old is new or np.shape(new.value) != np.shape(end.value) or old.time > step.start or start is end:
        return None
    made = linear(new, {id(start), id(old)})
    rest = [key for key in made if key != id(old)]
    if len(rest) != 1 or id(old) not in made or rest[0] == id(start):
        return None
    mu, (taken, kappa) = made[id(old)][1], made[rest[0]]
    if not 0 < mu < 1 or not kappa:
        return None
    return Walk(of, step, start, end, old, new, taken, mu, kappa)


def nesterov(of: Moments) -> Found:
    """Steps along a velocity that no rule has."""
    steps = of.training.steps
    chosen = [steps[k] for k in LOOKED_AT if k < len(steps)] or steps[-1:]
    others = [c for c in of.training.chains if id(c.states[-1]) not in of.parameters]
    for chain in (c for p in of.training.parameters for c in p.chains):
        for other in others:
            made = [_walk(of, chain, other, step) for step in chosen]
            walks = [walk for walk in made if walk is not None and walk.shares() is not None]
            if len(walks) != len(chosen):
                continue
            slips = (slip for check in CHECKS if (slip := check(walks)) is not None)
            for slip in slips:
                yield walks[0].end, slip
                break


def heavy_ball(of: Moments) -> Found:
    """Steps that go on against the step before: `w - rate * g - mu * (w - before)`."""
    steps = of.training.steps
    for chain in (c for p in of.training.parameters for c in p.chains if c.scope[0] != "memory"):
        for step in [steps[k] for k in LOOKED_AT if k < len(steps)][:1]:
            start, end = chain.state_at(step.start), chain.state_at(step.end)
            for before in [s for s in chain.states if s.time < start.time][-2:]:
                until = {id(start), id(before)}
                moved = linear(end, until)
                share, rest = moved.get(id(before), (before, 0.0))[1], {*moved} - until
                if (
                    not 0 < share < 1
                    or len(rest) != 1
                    or not np.isclose(moved.get(id(start), (start, 0.0))[1], 1 - share)
                ):
                    continue
                differences = {id(n) for n in sums_in(end, until) if {*map(id, n.args)} == until}
                places = ((n, k) for n in sums_in(end, until) for k, arg in enumerate(n.args)
                          if any(id(each.thing) in differences for each in factors(arg, n, k)))  # fmt: skip
                slip = next((turned(*place) for place in places), None)
                if slip is not None:
                    yield end, slip


# ------------------------------------------------------------------------------------------- the shares of a step


def _is_rule(walk: Walk, shares: tuple[float, float] | None) -> bool:
    a, b = shares or (0.0, 0.0)
    return bool(b and (np.isclose(a, b) or np.isclose(a * (1 + walk.mu), b * walk.mu)))


def _against(walks: list[Walk]) -> Slip | None:
    """A step that follows a rule once the sign before one of its terms is turned."""
    walk = walks[0]
    shares = walk.shares()
    if shares is None or _is_rule(walk, shares) or not shares[1]:
        return None
    for node in sums_in(walk.end, walk.before):
        for k in (1, 0):
            other = walk.shares((node, k, -1.0))
            if _is_rule(walk, other) and other is not None and other[1] * shares[1] > 0:
                slip = turned(node, k)
                if slip is not None:
                    return slip
    return None


def _twice(walks: list[Walk]) -> Slip | None:
    """A step that follows a rule once one of its terms is left out."""
    walk = walks[0]
    shares = walk.shares()
    if shares is None or _is_rule(walk, shares) or not np.isclose(shares[0], 2 * shares[1]):
        return None
    for node in sums_in(walk.end, walk.before):
        for k, arg in enumerate(node.args):
            less, site = walk.shares((node, k, 0.0)), node.site
            own = {*linear(arg, walk.before)} == {id(walk.old)}
            if own and _is_rule(walk, less) and less is not None and less[1] == shares[1] and site is not None:
                says = say("line_doubled-edge", node=site.part(k).strip(), where=" ".join(site.text.split()))
                edit = without(node, k)
                return Slip(site, "doubled-edge", says, [], edit)
    return None


def without(node: Node, k: int) -> Edit | None:
    """A sum without one of its operands, as far as it is an expression."""
    site = node.site
    if site is None or site.kind != "binary" or None in site.parts[:2]:
        return None
    sign = "-" if k == 0 and name_of(node) in DIFFERENCE else ""
    return Edit(site.source, site.span, f"{sign}{site.part(1 - k).strip()}")


def _by_another_share(walks: list[Walk]) -> Slip | None:
    """A step in which the velocity that is new, or the one before, has another factor than Nesterov's rule gives it."""
    walk = walks[0]
    shares, mu = walk.shares(), walk.mu
    if shares is None or _is_rule(walk, shares) or not walk.text:
        return None
    until = {id(walk.start), id(walk.old), id(walk.new)}
    moved = linear(walk.end, until)
    new, old, rest = (moved.get(id(n), (n, 0.0))[1] for n in (walk.new, walk.old, walk.rest))
    if old and not rest and new * old < 0:  # -mu * old + (1 + mu) * new
        if np.isclose(abs(old), mu) and not np.isclose(abs(new), 1 + mu):
            return _another(walk, walk.new, f"(1 + {walk.text})")
        if np.isclose(abs(new), 1 + mu):
            return _another(walk, walk.old, walk.text)
    if rest and not old and np.isclose(new * walk.kappa, rest):  # g + mu * new
        return _another(walk, walk.new, walk.text)
    return None


def _another(walk: Walk, node: Node, factor: str) -> Slip | None:
    """The term that holds a velocity, with another factor."""
    for total in sums_in(walk.end, walk.before):
        for k, arg in enumerate(total.args):
            among = [*factors(arg, total, k)]
            own = next((each for each in among if each.thing is node), None)
            if own is not None and sum(not is_number(each.thing) for each in among) == 1 and own.text:
                written = Factor(arg, total, k)
                new = f"{factor} * {own.text}"
                minus = "-" if written.text.startswith("-") else ""
                return at_operand(written, minus + new)
    return None


def sums_in(end: Node, until: set[int]) -> Iterator[Node]:
    """The sums and differences that a node is made of, back to those of a set."""
    stack, known = [end], {*until}
    while stack:
        node = stack.pop()
        known.add(id(node))
        if name_of(node) in (*SUM, *DIFFERENCE):
            yield node
        if name_of(node) in LINEAR:
            stack += [arg for arg in node.args if isinstance(arg, Node) and id(arg) not in known]


def turned(node: Node, k: int) -> Slip | None:
    """A sum with the other sign before one operand."""
    site, (old, new) = node.site, "+-" if name_of(node) in SUM else "-+"
    parts = () if site is None else site.parts[:2]
    if site is None or len(parts) < 2 or parts[0] is None or parts[1] is None:
        return None
    at = parts[0][:2]
    minus = site.part(0).startswith("-")
    edit = Edit(site.source, (*at, at[0], at[1] + minus), "" if minus else "-")
    if k == 0 and old == "-" and not minus:
        return None
    if k == 1:
        between = site.source.segment((*parts[0][2:], *parts[1][:2]))
        edit = Edit(site.source, (*parts[0][2:], *parts[1][:2]), between.replace(old, new))
        if between.count(old) != 1:
            return None
    return Slip(site, "sign", say("line_sign", node=site.part(k).strip()), [], edit)


# ------------------------------------------------------------------------------------------- the place looked at


def _beside(walks: list[Walk]) -> Slip | None:
    """A gradient that is taken beside the place where the velocity leads."""
    ratios, there = [], None
    for walk in walks:
        shares, looked = walk.shares(), walk.looked_at
        if shares is None or looked is None or not np.isclose(*shares) or not shares[0]:
            return None
        there = there or looked[0]
        ratios.append(looked[1] / (walk.mu * shares[0]))
    if there is None or np.isclose(ratios[0], 1) or not np.allclose(ratios, ratios[0]):
        return None
    terms = [(n, k) for n in sums_in(there, walks[0].before) for k, arg in enumerate(n.args)
             if any(each.thing is walks[0].old for each in factors(arg, n, k))]  # fmt: skip
    for node, k in terms:
        slip = turned(node, k) if np.isclose(ratios[0], -1) else _as_far(walks[0], Factor(node.args[k], node, k))
        if slip is not None:
            return slip
    return None


def _as_far(walk: Walk, term: Factor) -> Slip | None:
    """The term that leads to the place ahead, with the share of the velocity that is kept."""
    shares, inside = walk.shares(), [*factors(term.thing, term.owner, term.k)]
    old = next((each.text for each in inside if each.thing is walk.old), "")
    if shares is None or not walk.text or not old:
        return None
    rate = ""
    if not np.isclose(abs(shares[0]), 1):  # the velocity is stepped along with a rate
        terms = ((arg, node, k) for node in sums_in(walk.end, walk.before) for k, arg in enumerate(node.args))
        rates = (f for term in terms if term[0] is not walk.start for f in factors(*term) if is_number(f.thing))
        rate = next((each.text for each in rates if np.isclose(abs(number_of(each.thing)), abs(shares[0]))), "")
        if not rate:
            return None
    return at_operand(term, " * ".join(filter(None, (rate, walk.text, old))))


def _not_ahead(walks: list[Walk]) -> Slip | None:
    """A gradient that follows from where the parameter is, though the place ahead was computed."""
    walk = walks[0]
    shares = walk.shares() or (0.0, 1.0)
    for node, share in walk.ahead if np.isclose(*shares) else ():
        for user in walk.of.consumers.get(id(walk.start), ()) if np.isclose(share, walk.mu * shares[0]) else ():
            away = name_of(user) in LINEAR or user.time > walk.step.end or user.time < node.time
            if not away and any(walk.follows(user, rest) for rest in walk.of.taken_in(walk.step)):
                return _there(walk, user, node)
    return None


def _there(walk: Walk, user: Node, ahead: Node) -> Slip | None:
    """The line that reads the parameter, or that calls what reads it, with the place ahead instead."""
    home, tape = ahead.site, walk.of.recording.tape
    stored = [site for _, scope, _, thing, site in tape.stores
              if thing is ahead and scope[0] != "return" and site.target]  # fmt: skip
    if home is None or user.site is None or not stored:
        return None
    new = stored[0].target
    for k, arg in enumerate(user.args):
        if arg is walk.start and user.site.function == home.function and user.site.part(k):
            return at_operand(Factor(arg, user, k), new)
    site: Site | None = user.site
    around = user.context
    while around is not None and site is not None and site.function != home.function:
        around, site = around[0], tape.sites[around[1]]
    if site is None or same_statement(ahead, walk.end):
        return None
    return Slip(site, "not-used", say("line_not_ahead", node=stored[0].text), [], None)


CHECKS = (_against, _twice, _by_another_share, _beside, _not_ahead)
