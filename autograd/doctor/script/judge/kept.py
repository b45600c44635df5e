"""Two mistakes of the step around a gradient that is right: sums that are never set to zero, and a step uphill."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from ..watch.chains import Chain
from ..watch.node import Node, assembled
from .candidates import Fault
from .quantities import Quantity
from .reference import gradient
from .verdicts import Judgement

Array = Any


def never_zeroed(found: Judgement) -> dict[str, Node]:
    """By block, the gradient that each step adds to those of all steps before, and that it then steps along; or that it
    cuts off, or adapts itself to, as far as all of it goes into the step.
    """  # fmt: skip
    look, out = found.look, {}
    moved = [point for point in found.points if point.moved]
    for name, v in found.verdicts.items():
        plain = v.rule == "plain" and bool(v.change.scale)
        if not v.right or not (plain or v.rule == "adaptive") or len(look.starts[name]) != 1 or not moved:
            continue
        for chains in _arrays(look.training.others):
            starts = [chain.state_at(look.step.start) for chain in chains]
            starts = [look.laid_out.get(id(start), start) for start in starts]
            kept = all(id(start) in look.states and id(start) in look.program.leaves for start in starts)
            kept = kept and any(np.any(start.value) for start in starts)
            end = _whole(found, [chain.state_at(look.step.end) for chain in chains]) if kept else None
            used = end is not None and (plain or v.nodes == [end])
            if end is not None and used and _adds(found, starts, end, name, plain):
                out[name] = end
    return out


def _arrays(chains: list[Chain]) -> list[list[Chain]]:
    """The states that are arrays by themselves, and those that are rows of one."""
    rows: dict[Any, list[Chain]] = defaultdict(list)
    for chain in chains:
        whole = chain.scope[0] != "memory" or chain.keys[0][1][1] is None
        rows[chain.number if whole else (chain.scope, chain.sites[0])].append(chain)
    return [*rows.values()]


def _whole(found: Judgement, ends: list[Node]) -> Node | None:
    """The array that rows are put together to at the end of a step; a state that is no row itself."""
    if len(ends) == 1:
        return ends[0]
    parts = {id(end) for end in ends}
    arrays = (node for node in reversed(found.look.program.order) if node.function is assembled)
    return next((array for array in arrays if parts <= {*map(id, array.operands())}), None)


def _adds(found: Judgement, starts: list[Node], end: Node, name: str, plain: bool) -> bool:
    """Whether a state takes all of its former self along, and the step goes all of its length, if it is a plain one."""
    look = found.look
    values = next(point.values for point in found.points if point.moved)
    size = sum(np.size(values[id(start)]) for start in starts)
    if end in starts or id(end) not in values or np.size(values[id(end)]) != size:
        return False
    change = look.change(values, name)
    if change.size != size or not np.any(change):
        return False
    rng = np.random.default_rng(3)
    before = {id(start): rng.standard_normal(np.shape(values[id(start)])) for start in starts}
    if not plain and len(starts) == 1:  # then all goes the other way
        before = {id(starts[0]): np.reshape(-2.0 * values[id(end)], np.shape(values[id(starts[0])]))}
    now = look.program.rerun(values, before)
    if id(end) not in now:
        return False
    taken = np.ravel(np.asarray(now[id(end)]) - np.asarray(values[id(end)]))
    given = np.concatenate([np.ravel(each) for each in before.values()])
    if not np.allclose(np.sort(taken), np.sort(given), rtol=1e-9):  # rows may be put together in any order
        return False
    more = look.change({**values, **now}, name) - change
    if not plain:
        return len(starts) == 1 and np.allclose(more, -2.0 * change, rtol=1e-6)
    own = np.ravel(np.asarray(values[id(end)], dtype=float))
    rate = float(change @ own) / float(own @ own)
    return bool(rate) and np.allclose(more, rate * taken, rtol=1e-6) and np.allclose(change, rate * own)


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
