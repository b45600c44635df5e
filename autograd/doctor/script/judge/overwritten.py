"""Gradients that each turn of a loop writes over: `db = dz` where `db += dz` belongs.

Such a line computes nothing, so there is no value of its own to put right. What tells is that the sum of all that it
stores is the gradient.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.edits import Edit
from ..watch.node import Node, assembled
from ..watch.sites import Site
from .aliases import insert
from .candidates import Fault
from .match import matched
from .narrow import gradient_nodes
from .quantities import Quantity
from .reference import gradient
from .verdicts import Judgement

Array = Any
Stored = tuple[int, Node, Site | None]


def overwritten_faults(found: Judgement) -> list[Fault]:
    """A fault for each wrong block of whose gradient only the last term is kept."""
    out: list[Fault] = []
    stored = _stores(found)
    for name, v in found.verdicts.items():
        if not v.right and not v.silent and len(found.look.starts[name]) == 1:
            fault = next((f for stores in _of_block(found, name, stored) if (f := _summed(found, name, stores))), None)
            if fault is not None:
                out.append(fault)
            else:
                wholes = (nodes[0] for nodes in gradient_nodes(found.look, name) if nodes[0].function is assembled)
                pieces = (_in_pieces(found, name, whole, [*stored.values()]) for whole in wholes)
                out += [fault for fault in pieces if fault is not None][:1]
    return out


def only_last(found: Judgement) -> set[str]:
    """The wrong blocks of whose gradient the last term is kept, of those that are stored by one line."""
    stored = _stores(found)
    wrong = [n for n, v in found.verdicts.items() if not v.right and not v.silent and len(found.look.starts[n]) == 1]
    return {n for n in wrong if any(_sums(found, n, stores) for stores in _of_block(found, n, stored))}


def by_the_same_lines(found: Judgement, faults: list[Fault]) -> set[str]:
    """The wrong blocks whose gradients are written over by the lines to blame, too: what else is wrong with them can
    only be told when these lines are mended.
    """  # fmt: skip
    if not faults:
        return set()
    stored, lines = _stores(found), {fault.place for fault in faults}
    wrong = [name for name, v in found.verdicts.items() if not v.right and not v.silent]
    return {n for n in wrong if any(stores[-1][2] in lines for stores in _of_block(found, n, stored))}


def _stores(found: Judgement) -> dict[Any, list[Stored]]:
    """By line and name, what is stored in the step."""
    stored: dict[Any, dict[int, Stored]] = defaultdict(dict)
    for time, scope, key, thing, site in found.look.training.tape.stores:
        inside = found.look.step.start < time <= found.look.step.end and isinstance(thing, Node)
        if inside and site.kind == "store" and scope[0] != "return":  # a loop may give out the same thing again
            stored[site.number, scope, key].setdefault(id(thing), (time, thing, site))
    return {place: [*each.values()] for place, each in stored.items()}


def _of_block(found: Judgement, name: str, stored: dict[Any, list[Stored]]) -> Iterator[list[Stored]]:
    """Of these the rows that end with the gradient of a block, the last name that it is given first."""
    ends = {id(nodes[0]) for nodes in gradient_nodes(found.look, name)}
    by_last = sorted(enumerate(stored.values()), key=lambda pair: (pair[1][-1][0], pair[0]), reverse=True)
    return (stores for _, stores in by_last if len(stores) > 1 and id(stores[-1][1]) in ends)


def added_up(fault: Fault) -> list[Edit]:
    """The line that writes, with `+=`."""
    assert fault.place is not None
    text = fault.place.source.segment(fault.place.statement)
    new = re.sub(r"(?<=[\])\w])\s*=(?!=)\s*", " += ", text, count=1)
    return [Edit(fault.place.source, fault.place.statement, new)] if new != text else []


def _in_pieces(found: Judgement, name: str, whole: Node, stored: list[list[Stored]]) -> Fault | None:
    """The fault where pieces of an array are written over, `dK[i, j] = ...` for every sample, or `dE[word] = ...` for
    every word, and the sums of what is written are the pieces of the gradient.
    """  # fmt: skip
    last = {id(stores[-1][1]): stores for stores in stored}
    parts, order, shape = whole.args
    written = [last.get(id(part), [(0, part, None)]) for part in parts]
    sites = {site for each in written for _, _, site in each if site is not None}
    if len(sites) != 1 or max(map(len, written)) < 2 or len(found.look.starts[name]) != 1:
        return None
    right = [gradient(found.look, point, bar, name) for point, bar in zip(found.points, found.bars, strict=True)]
    sums, wrong = list[Array](), list[Array]()
    for point in found.points:
        if any(id(node) not in point.values for each in written for _, node, _ in each):
            return None
        rows = [[np.asarray(point.values[id(node)], dtype=float) for _, node, _ in each] for each in written]
        if any(np.shape(row) != np.shape(each[0]) for each in rows for row in each):
            return None
        sums.append(assembled([np.sum(each, axis=0) for each in rows], order, shape))
        wrong.append(np.asarray(point.values[id(whole)], dtype=float))
    if any(np.size(x) != np.size(g) for x, g in zip(sums, right, strict=True)):
        return None
    match = matched(sums, right)
    if not match.holds or match.scale <= 0:
        return None
    wanted = Quantity("bar", found.look.starts[name][0], [np.reshape(g, shape) for g in right], block=name)
    key = id(whole)
    return Fault([whole], [wanted], match.scale, False, [name], {key: sums}, {key: wrong}, place=sites.pop())


def _summed(found: Judgement, name: str, stores: list[Stored]) -> Fault | None:
    """The fault, if what is stored sums up to the gradient."""
    look, (time, last, site) = found.look, stores[-1]
    readers = [n for n in look.consumers.get(id(last), ()) if n.time > time]
    known = _sums(found, name, stores) if readers else None
    if known is None:
        return None
    scale, sums, rows, right = known
    alias = insert(found, last, site, time, last.context, readers)
    key, start = id(alias), look.starts[name][0]
    wanted = Quantity("bar", start, [np.reshape(g, np.shape(s)) for g, s in zip(right, sums, strict=True)], block=name)
    return Fault([alias], [wanted], scale, False, [name], {key: sums}, {key: rows}, place=site)


def _sums(
    found: Judgement, name: str, stores: list[Stored]
) -> tuple[float, list[Array], list[Array], list[Array]] | None:  # fmt: skip
    """Of what is stored, if the sum of it is a multiple of the gradient: which one, the sum, the last, the gradient."""
    if any(id(node) not in point.values for _, node, _ in stores for point in found.points):
        return None
    right = [gradient(found.look, point, bar, name) for point, bar in zip(found.points, found.bars, strict=True)]
    rows = [[np.asarray(point.values[id(node)], dtype=float) for _, node, _ in stores] for point in found.points]
    if any(row.shape != rows[0][0].shape for each in rows for row in each):
        return None
    sums = [np.sum(each, axis=0) for each in rows]
    match = matched(sums, right)
    return (match.scale, sums, [r[-1] for r in rows], right) if match.holds and match.scale > 0 else None
