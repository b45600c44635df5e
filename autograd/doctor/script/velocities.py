"""Mistakes in the steps of momentum, and in the clipping of gradients, that still go downhill.

(Polyak 1964; Nesterov 1983; Sutskever and others 2013; Pascanu, Mikolov, Bengio 2013.)
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..language import say
from .judge.invented import number_of
from .moments import (
    COPIES,
    DIFFERENCE,
    POWER,
    PRODUCT,
    QUOTIENT,
    SEEN,
    SUM,
    Factor,
    Moments,
    core,
    factors,
    is_number,
    moment,
    name_of,
)  # fmt: skip
from .slip import Found, Slip, replaced
from .watch.edits import Edit
from .watch.node import Node

COMPARED = ("lt", "le", "gt", "ge", "less", "less_equal", "greater", "greater_equal")
ZEROS = ("zeros", "zeros_like")


def _begun_anew(of: Moments) -> Found:
    """A velocity, or a sum of squares, that is set to 0 in each step."""
    rows: dict[Any, list[tuple[Node, Node]]] = defaultdict(list)
    sums = {id(q.below.moment.node) for q in of.quotients if q.below.moment is not None and q.below.rooted}
    for node in of.nodes:
        kept = moment(node) if id(node) not in of.ends else None
        old = core(kept.old) if kept is not None and (kept.decay < 1 or id(node) in sums) else None
        begun = isinstance(old, Node) and name_of(old) in ZEROS and old.site is not None and np.ndim(old.value)
        if isinstance(old, Node) and begun and old.time > of.training.steps[0].start:
            rows[node.site].append((node, old))
    for row in rows.values():
        steps = {of.step_of(node) for node, old in row if of.step_of(node) == of.step_of(old) >= 0}
        all_of_it = all(of.step_of(node) == of.step_of(old) for node, old in row)
        node, old = row[0]
        if len(steps) < max(SEEN, len(of.training.steps) - 1) or not all_of_it or not _stepped_along(of, node):
            continue
        store = next((s for _, _, _, thing, s in of.recording.tape.stores if thing is old and s.target), old.site)
        assert store is not None
        yield node, Slip(store, "zero", say("line_begun_anew", node=store.target or store.text))


def _stepped_along(of: Moments, node: Node) -> bool:
    """Whether a parameter changes by a node, by its root or its square, or by a multiple of these."""
    level, passed = [node], (*PRODUCT, *QUOTIENT, *COPIES, *POWER, "neg", "sqrt", "square", "add")
    for _ in range(8):
        users = [user for at in level for user in of.consumers.get(id(at), ())]
        if any(id(user) in of.ends for user in users):
            return True
        level = [user for user in users if name_of(user) in passed]
    return False


# ----------------------------------------------------------------------------------------- of clipping


def _longer(of: Moments) -> Found:
    """Gradients that clipping makes longer: `g * norm / bound`, of what is longer than the bound."""
    tests = [(c, k) for c in of.recording.tape.conditions if name_of(c) in COMPARED and len(c.args) == 2
             for k in (0, 1) if is_number(c.args[1 - k]) and _is_norm(c.args[k])]  # fmt: skip
    for condition, k in tests:
        norm, bound = condition.args[k], number_of(condition.args[1 - k])
        upper = (name_of(condition)[0] == "g") == (k == 0) and condition.value
        users = [*of.consumers.get(id(norm), ())]
        users += [n for u in users if name_of(u) in PRODUCT for n in of.consumers.get(id(u), ())]
        for node in users:
            divided = name_of(node) in QUOTIENT and len(node.args) == 2 and node.site is not None
            if not divided or not of.moved(node):
                continue
            above = next((f for f in factors(node.args[0], node, 0) if f.thing is norm and f.owner), None)
            if above is not None and is_number(node.args[1]) and number_of(node.args[1]) == bound and upper:
                below, source = Factor(node.args[1], node, 1), node.site.source
                inside = above.owner is not None and above.owner.site is not None and above.owner.site.source is source
                if above.span is not None and below.span is not None and inside:
                    between = source.segment((*above.span[2:], *below.span[:2]))
                    span = (*above.span[:2], *below.span[2:])
                    yield node, replaced(node.site, span, f"{below.text}{between}{above.text}")


def _is_norm(thing: Any) -> bool:
    """Whether it is one number that is the root of a sum, or the length of an array."""
    return name_of(thing) in ("sqrt", "norm", "pow") and np.size(thing.value) == 1


def _clipped_for_nothing(of: Moments) -> Found:
    """A gradient that is clipped, and what comes out is not used."""
    rows: dict[Any, list[Node]] = defaultdict(list)
    for node in of.nodes:
        if name_of(node) == "clip" and node.args and np.ndim(node.value) and node.site is not None:
            rows[node.site].append(node)
    for site, row in rows.items():
        unused = all(not of.consumers.get(id(node)) and not node.kwargs.get("out") for node in row)
        along = all(isinstance(n.args[0], Node) and _stepped_along(of, n.args[0]) for n in row[:SEEN])
        if len(row) >= SEEN and unused and along and site.kind == "call" and site.text.endswith(")"):
            made = ast.parse(site.text, mode="eval").body
            assert isinstance(made, ast.Call)
            line, column = site.span[2:]
            is_method = isinstance(made.func, ast.Attribute) and ast.unparse(made.func.value) not in ("np", "numpy")
            owner = ast.unparse(made.func.value if is_method else made.args[0])  # type: ignore[attr-defined]
            edit = Edit(site.source, (line, column - 1, line, column - 1), f", out={owner}")
            for node in row:
                yield node.args[0], Slip(site, "not-used", say("line_not_used", node=site.text), [], edit)


# --------------------------------------------------------------------------------------- of velocities


def _linear(thing: Any, until: set[int], depth: int = 10) -> dict[int, tuple[Node, float]]:
    """A node as a sum of multiples of others: of those of a set, and of what is no such sum."""
    if not isinstance(thing, Node):
        return {}
    name, args = name_of(thing), thing.args
    if id(thing) in until or not depth:
        return {id(thing): (thing, 1.0)}
    if name in (*SUM, *DIFFERENCE) and len(args) == 2:
        parts = [_linear(arg, until, depth - 1) for arg in args]
        signs = (1.0, -1.0 if name in DIFFERENCE else 1.0)
        out: dict[int, tuple[Node, float]] = {}
        for part, sign in zip(parts, signs, strict=True):
            for key, (node, share) in part.items():
                out[key] = node, out.get(key, (node, 0.0))[1] + sign * share
        return out
    if name in PRODUCT and len(args) == 2 and sum(map(is_number, args)) == 1:
        k = int(is_number(args[1]))
        by, inside = number_of(args[k]), _linear(args[1 - k], until, depth - 1)
        return {key: (node, by * share) for key, (node, share) in inside.items()}
    if name == "neg":
        return {key: (node, -share) for key, (node, share) in _linear(args[0], until, depth - 1).items()}
    if name in COPIES:
        return _linear(args[0], until, depth - 1)
    return {id(thing): (thing, 1.0)}


def _velocities(of: Moments) -> Found:
    """A step along a velocity that no rule has: Nesterov's with the sign of one part turned, or made twice."""
    step = of.training.steps[min(2, len(of.training.steps) - 1)]
    own = {id(s) for p in of.training.parameters for c in p.chains for s in c.states}
    for p in of.training.parameters:
        for chain in p.chains:
            start, end = chain.state_at(step.start), chain.state_at(step.end)
            for other in of.training.chains:
                old, new = other.state_at(step.start), other.state_at(step.end)
                if old is new or id(old) in own or np.shape(new.value) != np.shape(end.value) or old.time > step.start:
                    continue
                until = {id(start), id(old)}
                made, moved = _linear(new, until), _linear(end, until)
                rest = [key for key in made if key not in until]
                if len(rest) != 1 or id(old) not in made or id(start) in made or {*moved} - until - {*rest}:
                    continue
                if moved.get(id(start), (start, 0.0))[1] != 1.0 or id(old) not in moved:
                    continue
                mu, kappa = made[id(old)][1], made[rest[0]][1]
                if not 0 < mu < 1 or not kappa:
                    continue
                a, b = moved[id(old)][1] / mu, moved.get(rest[0], (end, 0.0))[1] / kappa
                slip = _of_velocity(of, end, start, old, a, b, mu)
                if slip is not None:
                    yield end, slip


def _of_velocity(of: Moments, end: Node, start: Node, old: Node, a: float, b: float, mu: float) -> Slip | None:
    """What is wrong with a step by a times the velocity kept and b times the new gradient; None where all is right."""
    if np.isclose(a, 2 + mu) and np.isclose(b, 1 + mu):  # Nesterov's, with the velocity before added, not taken off
        places = ((node, k) for node in _sums(end) for k, arg in enumerate(node.args)
                  if name_of(node) in SUM and any(each.thing is old for each in factors(arg)))  # fmt: skip
        return next((_turned(node, k) for node, k in places), None)
    ahead = _looked_at(of, start, old)
    if ahead is None:
        return None
    there, share = ahead
    if np.isclose(a, 1) and np.isclose(b, 1) and np.isclose(share, -mu):
        places = ((node, k) for node in _sums(there) for k, arg in enumerate(node.args)
                  if any(each.thing is old for each in factors(arg)))  # fmt: skip
        return next((_turned(node, k) for node, k in places), None)
    return None


def _looked_at(of: Moments, start: Node, old: Node) -> tuple[Node, float] | None:
    """Where the gradient is taken, if that is beside the parameter, along its velocity, and how far."""
    linear = (*SUM, *DIFFERENCE, *PRODUCT, *COPIES, "neg")
    for user in of.consumers.get(id(start), ()):
        if name_of(user) in (*SUM, *DIFFERENCE):
            parts = _linear(user, {id(start), id(old)})
            used = any(name_of(n) not in linear for n in of.consumers.get(id(user), ()))
            if used and parts.keys() == {id(start), id(old)} and parts[id(start)][1] == 1.0:
                return user, parts[id(old)][1]
    return None


def _sums(end: Node) -> Iterator[Node]:
    stack = [end]
    while stack:
        node = stack.pop()
        if name_of(node) in (*SUM, *DIFFERENCE):
            yield node
            stack += [arg for arg in node.args if isinstance(arg, Node)]


def _turned(node: Node, k: int) -> Slip | None:
    """A sum with the other sign before one operand."""
    site, (old, new) = node.site, "+-" if name_of(node) in SUM else "-+"
    parts = () if site is None else site.parts[:2]
    if site is None or len(parts) < 2 or parts[0] is None or parts[1] is None or (k == 0 and old == "-"):
        return None
    edit = Edit(site.source, (*parts[0][:2], *parts[0][:2]), "-")
    if k == 1:
        between = site.source.segment((*parts[0][2:], *parts[1][:2]))
        edit = Edit(site.source, (*parts[0][2:], *parts[1][:2]), between.replace(old, new))
        if between.count(old) != 1:
            return None
    return Slip(site, "sign", say("line_sign", node=site.part(k).strip()), [], edit)


VELOCITIES = (_begun_anew, _longer, _clipped_for_nothing, _velocities)
