"""Rows that a step reads several times and writes once: `E[words] -= rate * g`, where a word comes twice.

numpy keeps the last of what is written into one place. It is told where the sum of all that is written would be the
gradient, and what is kept is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..language import say
from .judge.match import matched
from .judge.reference import gradient
from .judge.verdicts import Judgement
from .slip import Slip
from .watch.direct import direct
from .watch.edits import Edit
from .watch.node import Node
from .watch.steps import Parameter
from .write.added import added_at, array_in, numpy_in

Array = Any


def repeated(found: Judgement, namespace: Mapping[str, Any]) -> list[Slip]:
    """The lines that write into rows which come more than once, where all of what is written counts."""
    numpy, out = numpy_in(namespace), list[Slip]()
    for p in found.look.training.parameters:
        v = found.verdicts[p.name]
        slip = None if v.right or v.silent else _lost(found, p, numpy)
        out += [] if slip is None else [slip]
    return out


def _lost(found: Judgement, parameter: Parameter, numpy: str) -> Slip | None:
    look, name = found.look, parameter.name
    places = getattr(look.starts[name], "places", None)
    writes = _writes(found, parameter)
    twice = [(node, where, site) for node, where, site in writes if len(np.unique(where)) < where.size]
    if places is None or not twice:
        return None
    size = 1 + max(int(where.max(initial=0)) for _, where, _ in writes)
    made = []
    for point in found.points:
        total = np.zeros(size)
        for node, where, _ in writes:
            before = next(iter(direct(node)), None)
            if id(node) not in point.values or not isinstance(before, Node) or id(before) not in point.values:
                return None
            np.add.at(total, where, np.ravel(point.values[id(before)]) - np.ravel(point.values[id(node)]))
        made.append(total[places])
    right = [gradient(look, point, bar, name) for point, bar in zip(found.points, found.bars, strict=True)]
    match, site = matched(made, right), twice[0][2]
    if not match.holds or match.scale <= 0:
        return None
    new = added_at(site.source.segment(site.statement), numpy)
    edit = Edit(site.source, site.statement, new) if new else None
    return Slip(site, "lost-duplicates", say("line_lost-duplicates", node=array_in(site.target)), [name], edit)


def _writes(found: Judgement, parameter: Parameter) -> list[tuple[Node, Array, Any]]:
    """What the lines of a block write into its array in the step, each with the elements that it goes to."""
    look = found.look
    sites = {site for chain in parameter.chains for site in chain.sites}
    scope = parameter.chains[0].scope
    out = []
    for _, where, key, thing, site in look.training.tape.stores:
        mine = where == scope and scope[0] == "memory" and key is not None and site in sites
        if mine and isinstance(thing, Node) and look.step.start < thing.time <= look.step.end:
            out.append((thing, np.frombuffer(key, dtype=np.int64), site))
    return out
