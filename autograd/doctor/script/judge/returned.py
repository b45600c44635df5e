"""What a function of the way back returns: right for what its counterpart of the forward pass was given, and no more.

`softmax_back(d, p)` undoes `softmax(z / c)`, and knows nothing of c: the factor belongs to whoever calls it. A function
that seems to lack such a factor is judged without it, and its call with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..watch.node import Node
from .aliases import insert
from .arguments import is_in
from .candidates import CLOSE, Fault
from .locate import Locator
from .match import matched
from .quantities import Quantity

Array = Any


def by_call(locator: Locator, fault: Fault) -> list[Fault]:
    """The fault of a function without the factor, if any, and that of its calls; the fault itself, where all of it
    lies in the function.
    """  # fmt: skip
    usual = locator.by_convention(fault.first)
    due = (1.0, usual)  # the cotangent itself lacks nothing
    if fault.turned or fault.wanted[0].kind != "bar" or any(abs(abs(fault.scale) - c) <= CLOSE * c for c in due):
        return [fault]
    inner = [_given_to_counterpart(locator, wanted) for wanted in fault.wanted]
    calls = [_readers_outside(locator, node) for node in fault.nodes]
    known = [q for q in inner if q is not None]
    if len(known) < len(inner) or not all(calls) or not all(map(fault.moves, fault.nodes)):
        return [fault]
    mine = {id(n): [usual * np.sign(fault.scale) * np.reshape(v, np.shape(r))
                    for v, r in zip(q.values, fault.right[id(n)], strict=True)]
            for n, q in zip(fault.nodes, known, strict=True)}  # fmt: skip
    factors = [matched(fault.right[key], values) for key, values in mine.items()]
    if any(not m.holds or abs(m.scale - 1.0) <= CLOSE for m in factors):
        return [fault]
    wrong = {}
    outer: list[Node] = []
    for node, readers in zip(fault.nodes, calls, strict=True):
        call = locator.look.training.tape.sites[node.context[1]]
        time = node.time + 0.75  # after other names for it in the function
        alias = insert(locator.found, node, call, time, node.context[0], readers)
        locator.erring.add(id(alias))
        wrong[id(alias)] = mine[id(node)]
        outer.append(alias)
    right = {id(alias): fault.right[id(node)] for alias, node in zip(outer, fault.nodes, strict=True)}
    inside = replace(fault, wanted=known, scale=usual, right=mine, halves=[])
    behind = replace(fault, nodes=outer, right=right, wrong=wrong, halves=[])
    locator.put_right(locator.fixed | mine | right)
    return [inside, behind] if any(map(inside.moves, inside.nodes)) else [behind]


def _given_to_counterpart(locator: Locator, wanted: Quantity) -> Quantity | None:
    """The cotangent of what a function of the forward pass is given, and nobody else, of which one is a multiple."""
    q = locator.quantities
    for bar in q.bars:
        users = q.consumers.get(id(bar.node), [])
        same = bar.values[0].shape == wanted.values[0].shape and not bar.block
        if same and users and all(_is_called_from(n.context, bar.node.context) for n in users):
            match = matched(bar.values, wanted.values)
            if match.holds and match.scale > 0:
                return bar
    return None


def _is_called_from(context: Any, outer: Any) -> bool:
    """Whether a call was made in another one, or in a call that was made there."""
    while context is not None and context[0] != outer:
        context = context[0]
    return context is not None


def _readers_outside(locator: Locator, node: Node) -> list[Node]:
    """What reads the result of a call; none where it is no result, or the call reads it, too."""
    if node.context is None:
        return []
    stores = locator.look.training.tape.stores
    result = any(scope[0] == "return" and key == node.context and thing is node for _, scope, key, thing, _ in stores)
    readers = locator.look.consumers.get(id(node), [])
    inside = any(is_in(n, node.context) or not any(arg is node for arg in n.args) for n in readers)
    return [] if not result or inside else readers
