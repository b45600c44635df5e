"""The place to blame for a fault: not a function that is right elsewhere, but its call with a wrong thing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node
from ..watch.sites import Site
from .candidates import Fault
from .locate import Locator


def place(locator: Locator, faults: list[Fault]) -> None:
    """Give every fault its place."""
    blamed = {id(node) for fault in faults for node in fault.nodes}
    for fault in faults:
        node = fault.first
        fault.place = _given_name(locator, node) or _argument(locator, fault) or _caller(locator, node, blamed)


def _given_name(locator: Locator, node: Node) -> Site | None:
    """Where a parameter is stored under another name, as its gradient, before the step uses that."""
    look, site = locator.look, node.site
    if site is None:
        return None
    used = {site.part(k) for k in range(len(site.parts))}
    for operand in node.operands():
        if id(operand) in look.start_ids:
            for time, scope, _, thing, place in look.training.tape.stores:
                named = thing is operand and place.kind == "store" and scope[0] != "return"
                if named and time >= look.step.start and place.target in used and place.statement != site.statement:
                    return place
    return None


def _argument(locator: Locator, fault: Fault) -> Site | None:
    """The call of a function that computes the right thing of the wrong argument: `slope(a)` for `slope(z)`."""
    node = fault.first
    wanted = fault.wanted[fault.nodes.index(node)]
    calls = calls_of(node.context)
    if not calls or wanted.kind != "value" or wanted.node.function is not node.function:
        return None
    inside = [o for o in node.operands() if o.context == node.context and o.function is not None]
    return None if inside else locator.look.training.tape.sites[calls[0]]


def _caller(locator: Locator, node: Node, blamed: set[int]) -> Site | None:
    """The node's own place; where that is right in other calls, the place of the call that makes the difference."""
    steps = locator.look.program.steps
    others = [
        n for n in steps
        if n.site is node.site and n.context != node.context and id(n) not in blamed and n.function == node.function
        and np.size(n.value) > 1 and id(n) in locator.look.to_end
    ]  # fmt: skip
    found, calls = node.site, calls_of(node.context)
    for level, number in enumerate(calls):
        if not others:
            break
        others = [n for n in others if calls_of(n.context)[level : level + 1] == [number]]
        found = locator.look.training.tape.sites[number]
    return found


def calls_of(context: Any) -> list[int]:
    """The numbers of the places that calls were made from, the innermost first."""
    out = []
    while context is not None:
        out.append(context[1])
        context = context[0]
    return out
