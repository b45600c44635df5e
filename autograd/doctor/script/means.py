"""Running means whose decay stands in one place and another's in the next: Adam's `v / (1 - beta1**t)` for beta2.

Such a step still goes downhill, and no gradient is wrong: only the text tells. (Kingma, Ba: Adam, 2015, algorithm 1.)
"""

from __future__ import annotations

from typing import Any

from .judge.invented import number_of
from .moments import DIFFERENCE, POWER, PRODUCT, QUOTIENT, Moments, is_number, name_of
from .slip import Found, Slip, replaced
from .watch.direct import hyper
from .watch.node import Node


def wrong_decays(of: Moments) -> Found:
    """The places where a running mean is divided by 1 - decay**t, or takes in 1 - decay, with another mean's decay."""
    means = {id(node): mean for node in of.nodes if (mean := _mean(node)) is not None}
    decays = {number for number, _, _ in means.values()}
    for node in of.nodes:
        slip = None
        if name_of(node) in QUOTIENT and len(node.args) == 2 and id(node.args[0]) in means:
            number, text, _ = means[id(node.args[0])]
            taken = _one_minus(node.args[1])
            if name_of(taken) in POWER and hyper(taken.args[0]):
                slip = _compared(node, (taken, 0), (number, text), decays)
        elif id(node) in means:
            number, text, difference = means[id(node)]
            if isinstance(difference, Node):
                slip = _compared(node, (difference, 1), (number, text), decays)
        if slip is not None:
            yield node, slip


def _compared(node: Node, at: tuple[Node, int], right: tuple[float, str], decays: set[float]) -> Slip | None:
    """What to write where another decay stands, that of another mean."""
    (owner, k), (number, text) = at, right
    site = owner.site
    there = number_of(owner.args[k])
    if site is None or node.site is None or there == number or there not in decays:
        return None
    span = site.parts[k] if k < len(site.parts) else None
    known = span is not None and bool(text) and site.source is node.site.source
    return replaced(node.site, span, text) if known and span is not None and span[0] == span[2] else None


def _mean(node: Node) -> tuple[float, str, Any] | None:
    """Of decay * old + (1 - ...) * new: the decay, how it is written, and what is 1 - ...; None for anything else."""
    if name_of(node) != "add" or len(node.args) != 2:
        return None
    sides = [_scaled(arg) for arg in node.args]
    for one, other in (sides, sides[::-1]):
        if one is None or other is None or _one_minus(one[0]) is not None:
            continue
        taken = _one_minus(other[0])
        if taken is not None and hyper(taken) and name_of(taken) not in POWER:
            return number_of(one[0]), one[1], other[0]
    return None


def _scaled(side: Any) -> tuple[Any, str] | None:
    """The number that a product scales by, and how it is written."""
    if name_of(side) not in PRODUCT or side.site is None:
        return None
    for k, arg in enumerate(side.args):
        other = side.args[1 - k]
        if is_number(arg) and isinstance(other, Node) and not other.hyper:
            return arg, side.site.part(k).strip()
    return None


def _one_minus(thing: Any) -> Any:
    """x of 1 - x; None for anything else."""
    if name_of(thing) in DIFFERENCE and not isinstance(thing.args[0], Node):
        return thing.args[1] if thing.args[0] == 1 else None
    return None
