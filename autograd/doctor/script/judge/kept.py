"""Two mistakes of the step around a gradient that is right: sums that are never set to zero, and a step uphill."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.chains import Chain
from ..watch.node import Node
from .candidates import Fault
from .quantities import Quantity
from .reference import gradient
from .verdicts import Judgement

Array = Any


def never_zeroed(found: Judgement) -> dict[str, Node]:
    """By block, the gradient that each step adds to those of all steps before, and that it then steps along."""
    look, out = found.look, {}
    moved = [point for point in found.points if point.moved]
    for name, v in found.verdicts.items():
        if not v.right or v.rule != "plain" or not v.change.scale or len(look.starts[name]) != 1 or not moved:
            continue
        for chain in look.training.others:
            start, end = chain.state_at(look.step.start), chain.state_at(look.step.end)
            kept = id(start) in look.states and id(start) in look.program.leaves and np.any(start.value)
            if kept and _adds(found, chain, name):
                out[name] = end
    return out


def _adds(found: Judgement, chain: Chain, name: str) -> bool:
    """Whether a state takes all of its former self along, and the step goes all of its length."""
    look = found.look
    start, end = chain.state_at(look.step.start), chain.state_at(look.step.end)
    values = next(point.values for point in found.points if point.moved)
    if start is end or id(end) not in values or np.shape(values[id(start)]) != np.shape(values[id(end)]):
        return False
    change = look.change(values, name)
    if np.size(values[id(end)]) != change.size or not np.any(change):
        return False
    before = np.random.default_rng(3).standard_normal(np.shape(values[id(start)]))
    now = look.program.rerun(values, {id(start): before})
    if id(end) not in now or not np.allclose(np.asarray(now[id(end)]) - np.asarray(values[id(end)]), before, rtol=1e-9):
        return False
    more = look.change({**values, **now}, name) - change
    own = np.ravel(np.asarray(values[id(end)], dtype=float))
    rate = float(change @ own) / float(own @ own)
    return bool(rate) and np.allclose(more, rate * np.ravel(before), rtol=1e-6) and np.allclose(change, rate * own)


def kept_faults(found: Judgement) -> list[Fault]:
    """A fault for each place where gradients are added up and never set to zero."""
    return _by_place(found, dict(found.kept), 1.0)


def uphill_faults(found: Judgement) -> list[Fault]:
    """A fault for each place where a step goes up along the right gradient, to which it adapts itself, or which follows
    from no parameter.
    """  # fmt: skip
    nodes = {}
    for name, v in found.verdicts.items():
        end = found.look.ends[name][0]
        rest = [o for o in end.operands() if id(o) not in found.look.start_ids and not o.hyper]
        added = [o for o in rest if id(o) in found.look.depends]
        adapts = v.rule == "adaptive" and v.gradient is not None and v.gradient.scale > 0 and len(added) == 1
        if v.uphill and (adapts or (len(rest) == 1 and not added)):  # a bias follows from the label alone
            nodes[name] = rest[0]
    return _by_place(found, nodes, -1.0)


def _by_place(found: Judgement, nodes: dict[str, Node], factor: float) -> list[Fault]:
    groups: dict[int, list[str]] = {}
    for name, node in nodes.items():
        if node.site is not None and all(id(node) in point.values for point in found.points):
            groups.setdefault(node.site.number, []).append(name)
    out = []
    for names in groups.values():
        here = [nodes[name] for name in names]
        wrong = {id(n): [np.asarray(p.values[id(n)], dtype=float) for p in found.points] for n in here}
        right = {key: [factor * value for value in values] for key, values in wrong.items()}
        wanted = [
            Quantity("bar", found.look.starts[name][0], [gradient(found.look, p, bar, name)
             for p, bar in zip(found.points, found.bars, strict=True)], block=name) for name in names
        ]  # fmt: skip
        out.append(Fault(here, wanted, 1.0, False, names, right, wrong, place=here[0].site))
    return out
