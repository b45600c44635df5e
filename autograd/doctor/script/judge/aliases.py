"""Second names: `delta = error` and `return g` compute nothing, and may still be the line that forgets something.

Each gets a node of its own on the way back, so that it is right or wrong like any other line.
"""

from __future__ import annotations

import bisect
import re
from typing import Any

from ..watch.node import Node, linked
from ..watch.sites import Site
from .verdicts import Judgement


def give_nodes(found: Judgement, erring: set[int]) -> set[int]:
    """Put a node between a value and what reads it under another name, or after a call that handed it through.

    Args:
        erring: what depends on an error; gets the new nodes.
    """
    look, tape = found.look, found.look.training.tape
    names: dict[int, set[str]] = {}  # that each value has by then
    second: list[tuple[int, Any, set[str]]] = []
    for count, store in enumerate(tape.stores):
        time, _, _, thing, site = store
        if not isinstance(thing, Node) or id(thing) not in look.to_end:
            continue
        if id(thing) not in erring and not _is_second_name(found, thing, site):
            continue
        if thing.site is None or time <= look.step.start:
            continue
        earlier = names.setdefault(id(thing), set())
        if thing.site.statement != site.statement:
            second.append((count, store, {*earlier}))
        earlier.add(site.target)
    given: set[int] = set()
    for count, (time, scope, key, thing, site), earlier in reversed(second):  # a later name may be read from this one
        readers = [n for n in look.consumers.get(id(thing), ()) if n.time > time]
        if id(thing) not in erring:
            readers = [n for n in readers if id(n) not in found.forward]
        if site.kind == "return":
            readers = readers if thing.time <= _entered(tape.calls, key, time) else []
        elif site.kind == "store" and scope[0] != "return" and _is_name(site.part(0)):
            readers = [n for n in readers if site.target in _texts(n)]
        elif site.kind == "store" and scope[0] == "item" and site.part(0)[:1] in ("[", "(", "{"):
            readers = [n for n in readers if not earlier & _texts(n)]
        else:
            continue
        if readers:
            later = time + count * 1e-9  # after what was computed before, in the order of the text
            alias = insert(found, thing, site, later, readers[0].context, readers)
            given.add(id(alias))
    erring |= given
    return given


def _is_second_name(found: Judgement, thing: Node, site: Site) -> bool:
    """Whether a line gives a value of the forward pass another name, as in `dh = z`, and does nothing else."""
    if id(thing) not in found.forward or id(thing) in found.look.start_ids:
        return False
    text = site.part(0)
    return site.kind == "store" and text.isidentifier() and re.sub(r"[\s()]", "", site.text) == f"{site.target}={text}"


def insert(found: Judgement, at: Node, site: Site | None, time: Any, context: Any, readers: list[Node]) -> Node:
    """A node between a value and some of what reads it, at a place, between the numbers of what is computed there."""
    look, alias = found.look, Node(linked, (at,), {}, at.value, site, time, context=context)
    key = id(alias)
    look.gradient_nodes.clear()
    for reader in readers:
        reader.args, reader.plan = tuple(alias if arg is at else arg for arg in reader.args), None
    for order in (look.program.order, look.program.steps):
        bisect.insort(order, alias, key=lambda node: node.time)
    look.nodes[key] = alias
    look.depends.add(key)
    look.to_end.add(key)
    for values in {id(p.values): p.values for p in (*found.points, look.base)}.values():
        if id(at) in values:
            values[key] = values[id(at)]
    look.consumers[id(at)] = [*(n for n in look.consumers[id(at)] if n not in readers), alias]
    look.consumers[key] = readers
    return alias


def _texts(reader: Node) -> set[str]:
    """What is written where a node reads its operands."""
    site = reader.site
    if site is None:
        return set()
    owner = () if site.owner is None else (site.source.segment(site.owner),)
    return {*map(site.part, range(len(site.parts))), *owner}


def _entered(calls: list[Any], context: Any, time: int) -> int:
    """When a call began that goes on at a time; -1 where that is not known."""
    return max((entry for entry, inside, *_ in calls if inside == context and entry <= time), default=-1)


def _is_name(text: str) -> bool:
    for mark in ".[]'\"":
        text = text.replace(mark, "_")
    return text.isidentifier()
