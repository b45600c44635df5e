"""What calls are given: a value that is handed to several calls may be right in one of them and wrong in another.

Each call gets a node of its own for it, so that one of them can be blamed: `pull(d, a) + pull(d, b)` for
`pull(d, a) + pull(-d, b)`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..watch.node import Node
from ..watch.sites import Site
from ..watch.tape import Tape
from .aliases import insert
from .verdicts import Judgement

Store = tuple[int, tuple[str, int], Any, Any, Site]
MOST_CALLS = 40  # that a value is handed to


def argument(call: Site, stores: list[Store], node: Node) -> Site | None:
    """Where a call is given a value.

    Args:
        stores: what its names stood for, those of its arguments first, in their order.
    """
    given = [store for store in stores if store[2] != "self"]
    at = next((k for k, store in enumerate(given) if store[3] is node), -1)
    span = call.parts[at] if 0 <= at < len(call.parts) else None
    return None if span is None else replace(call, kind="argument", span=span, parts=(span,))


def give_arguments(found: Judgement, erring: set[int]) -> None:
    """Put a node between an error and each of several calls that are given it.

    Args:
        erring: what depends on an error; gets the new nodes.
    """
    look, tape = found.look, found.look.training.tape
    known: dict[tuple[Any, ...], Site] = {}
    for node, calls in _handed_to(found, erring):
        for entry, leaving, context, stores in calls:
            readers = [
                n for n in look.consumers.get(id(node), ())
                if entry < n.time <= leaving and is_in(n, context) and any(arg is node for arg in n.args)
            ]  # fmt: skip
            site = argument(tape.sites[context[1]], stores, node) if readers else None
            if site is not None:
                site = known.setdefault((site.number, site.span), site)
                time = entry + 0.5  # after what was computed before the call, and after other names for it
                erring.add(id(insert(found, node, site, time, context[0], readers)))


def _handed_to(found: Judgement, erring: set[int]) -> list[tuple[Node, list[tuple[float, float, Any, list[Store]]]]]:
    """The errors that several calls are given, each with these: when they begin and end, where, and their names."""
    look, tape = found.look, found.look.training.tape
    stores: dict[int, list[Store]] = defaultdict(list)
    for store in tape.stores:
        if store[4].kind == "enter" and look.step.start < store[0] <= look.step.end:
            stores[store[1][1]].append(store)
    nodes: dict[int, Node] = {}
    calls: dict[int, list[tuple[float, float, Any, list[Store]]]] = defaultdict(list)
    returns = Counter(id(s[3]) for s in tape.stores if s[1][0] == "return")
    for entry, leaving, context, frame in _calls(tape):
        for node in {id(s[3]): s[3] for s in stores.get(frame, ()) if isinstance(s[3], Node)}.values():
            if id(node) in erring and id(node) in look.to_end and id(node) not in found.forward:
                if returns[id(node)] > 1:
                    continue  # a function returned it as it was: that is to blame, if more was to be made of it
                nodes[id(node)] = node
                calls[id(node)].append((entry, leaving, context, stores[frame]))
    return [(nodes[key], each) for key, each in calls.items() if 1 < len(each) <= MOST_CALLS]


def _calls(tape: Tape) -> Iterator[tuple[float, float, Any, int]]:
    """When each call begins and when it is over, where it lies, and the number of its frame."""
    next_one: dict[Any, float] = {}  # by the calls that it lies in, the time of the next one there
    for entry, context, frame, _ in reversed(tape.calls):
        if context is not None:
            yield entry, next_one.get(context, math.inf), context, frame
            next_one[context] = entry


def is_in(node: Node, context: Any) -> bool:
    """Whether a node is of a call, or of those that it makes."""
    at = node.context
    while at is not None and at != context:
        at = at[0]
    return at is not None
