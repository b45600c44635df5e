"""What a step keeps up and makes no use of: a velocity beside `W -= rate * dW`, a mean corrected for nothing.

Such a step goes downhill, and what it leaves out is written down beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from .judge.invented import number_of
from .moments import (
    COPIES,
    PRODUCT,
    QUOTIENT,
    SEEN,
    Factor,
    Held,
    Moment,
    Moments,
    core,
    exponent,
    is_number,
    moment,
    name_of,
)
from .nesterov import linear, sums_in
from .optimisers import corrections
from .slip import Found, Slip, at_operand, replaced
from .watch.node import Node, same_statement


def _rows(of: Moments) -> Iterator[list[Moment]]:
    """The running means and velocities that a line makes, in several steps."""
    rows: dict[Any, list[Moment]] = defaultdict(list)
    for each in of.kept:
        if each.decay < 1 and of.step_of(each.node) >= 0 and id(each.node) not in of.ends:
            rows[each.node.site].append(each)
    yield from (row for row in rows.values() if len({of.step_of(each.node) for each in row}) >= SEEN)


def _stored_as(of: Moments, node: Node) -> str:
    """The name that a node is stored under."""
    stores = of.recording.tape.stores
    return next((site.target for _, scope, _, thing, site in stores
                 if thing is node and scope[0] not in ("return", "memory") and site.target), "")  # fmt: skip


def _is_used(of: Moments, each: Moment) -> bool:
    """Whether anything is made of a mean besides the next mean of the same line, multiples of it and places ahead."""
    waiting, known = [each.node], set[int]()
    while waiting:
        for user in of.consumers.get(id(waiting.pop()), ()):
            leads = id(user) not in of.ends and any(id(o) in of.parameters for o in user.args)  # to a place ahead
            if id(user) in known or user.site is each.node.site or leads:
                continue
            known.add(id(user))
            scaled = name_of(user) in (*PRODUCT, *QUOTIENT) and any(map(is_number, user.args))
            multiple = scaled or name_of(user) in (*COPIES, "neg")
            if id(user) in of.ends or not multiple:
                return True
            waiting.append(user)
    return False


def idle_velocities(of: Moments) -> Found:
    """A velocity that is kept up, where the step goes along the gradient, or along another velocity."""
    idle = [row for row in _rows(of) if not any(_is_used(of, each) for each in row)]
    squares = {id(each.of) for row in idle for each in row if each.square is not None}
    for row in idle:
        if any(each.square is None and id(each.of) in squares for each in row):
            continue  # Adam's means, both of them: its velocity alone is not what was meant
        each = row[-1] if of.step_of(row[-1].node) < len(of.training.steps) - 1 else row[-2]
        step = of.training.steps[of.step_of(each.node)]
        for p in of.training.parameters:
            for chain in p.chains:
                start, end = chain.state_at(step.start), chain.state_at(step.end)
                if start is end or np.shape(end.value) != np.shape(each.node.value):
                    continue
                slip = _along(of, each, start, end)
                if slip is not None:
                    yield end, slip


def _along(of: Moments, each: Moment, start: Node, end: Node) -> Slip | None:
    """The step of a parameter along a velocity, where it is one along the gradient that the velocity takes in."""
    name, old = _stored_as(of, each.node), core(each.old)
    made = linear(each.node, {id(old)})
    rest = [node for node, _ in made.values() if node is not old]
    if not name or len(rest) != 1:
        return None
    gradient, taken = made[id(rest[0])]
    share = linear(end, {id(start), id(gradient)}).get(id(gradient), (end, 0.0))[1]
    if share and taken:
        places = ((node, k, at) for node in sums_in(end, {id(start)}) for k, arg in enumerate(node.args)
                  if (at := _read_in(Factor(arg, node, k), gradient)) is not None)  # fmt: skip
        node, k, at = next(places, (None, 0, None))
        if node is None or node.site is None or at is None:
            return None
        if np.isclose(abs(share), abs(taken)) and not np.isclose(abs(taken), 1):  # the velocity holds the rate
            return _with_rate(node, k, name, share * taken > 0)
        return at_operand(at, name)
    top = [f for q in of.quotients if q.end is end or end in of.consumers.get(id(q.end), ())
           for f in q.top if f.thing is each.of]  # fmt: skip
    new = _corrected(of, each) if each.square is None else ""  # without that it may stand there for nothing
    return at_operand(top[0], new) if top and new else None


def _read_in(at: Factor, gradient: Node) -> Factor | None:
    """Where a product reads a gradient."""
    while at.thing is not gradient and name_of(at.thing) in (*PRODUCT, *COPIES, "neg"):
        inside = [k for k, arg in enumerate(at.thing.args) if isinstance(arg, Node) and not is_number(arg)]
        if len(inside) != 1:
            return None
        at = Factor(at.thing.args[inside[0]], at.thing, inside[0])
    return at if at.thing is gradient else None


def _with_rate(node: Node, k: int, name: str, along: bool) -> Slip | None:
    """`w += v` for `w -= rate * g`, where the velocity holds the rate."""
    site = node.site
    if site is None or k != 1 or None in site.parts[:2]:
        return None
    one, other = site.parts[:2]
    assert one is not None
    assert other is not None
    between = site.source.segment((*one[2:], *other[:2]))
    old, new = ("-", "+")["-" not in between], "+" if along else "-"
    return replaced(site, (*one[2:], *other[2:]), f"{between.replace(old, new)}{name}")


def _corrected(of: Moments, each: Moment) -> str:
    """The name of a mean that is corrected."""
    for user in of.consumers.get(id(each.node), ()):
        if _is_correction(user, each.node, each.decay):
            return _stored_as(of, user)
    return ""


def _is_correction(node: Node, mean: Node, decay: float) -> bool:
    divides = name_of(node) in QUOTIENT and node.args[0] is mean and is_number(node.args[1])
    return divides and exponent(number_of(node.args[1]), decay) > 0


def _in_the_rate(of: Moments, each: Moment) -> bool:
    """Whether the steps correct a mean where they are multiplied by the rate."""
    made = []
    for q in of.quotients:
        among = [*q.top, *q.below.corrected]
        for one in (q.below, *q.above):
            if isinstance(one, Held) and one.moment is not None and one.moment.node.site is each.node.site:
                made.append(bool(corrections(one, among)))  # a number may look like one by chance
    return bool(made) and all(made)


def idle_corrections(of: Moments) -> Found:
    """A mean that is corrected, where the step goes on with the mean that is not."""
    for row in _rows(of):
        for each in row[1:2]:
            users = of.consumers.get(id(each.node), ())
            corrected = next((u for u in users if _is_correction(u, each.node, each.decay)), None)
            name = "" if corrected is None else _stored_as(of, corrected)
            if corrected is None or not name or of.consumers.get(id(corrected)) or _in_the_rate(of, each):
                continue
            for user in users:
                kept = same_statement(user, each.node) or moment(user) is not None  # for the next step
                if user is corrected or same_statement(user, corrected) or kept or user.site is None:
                    continue
                k = next(k for k, arg in enumerate(user.args) if arg is each.node)
                slip = at_operand(Factor(each.node, user, k), name)
                if slip is not None and of.moved(user):
                    yield user, slip


IDLE = (idle_velocities, idle_corrections)
