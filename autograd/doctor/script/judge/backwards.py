"""A step with momentum that goes up along the right gradient: the velocity comes in with the wrong sign."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..watch.node import Node
from .candidates import Fault
from .look import Look
from .match import matched
from .narrow import gradient_nodes
from .quantities import Quantity
from .reference import gradient
from .verdicts import Judgement

Array = Any
LINEAR = ("add", "sub", "subtract", "mul", "multiply", "neg", "linked", "iadd", "isub")


def backward_steps(found: Judgement) -> list[Fault]:
    """A fault for each line that takes a velocity the wrong way: the gradients that are in it are right."""
    look, points = found.look, found.points
    parameters = {id(state) for p in look.training.parameters for c in p.chains for state in c.states}
    pairs = (pair for c in look.training.others if len(c.states) > 2 for pair in itertools.pairwise(c.states))
    kept = {id(new) for old, new in pairs if _takes_along(new, old, parameters)}
    groups: dict[int, list[str]] = {}
    for name, v in found.verdicts.items():
        if (
            v.uphill
            and own_gradient(found, name)[0] > 0
            and len(look.ends[name]) == 1
            and _moves_by(look, look.ends[name][0], kept)
        ):
            site = look.ends[name][0].site
            groups.setdefault(-1 if site is None else site.number, []).append(name)
    out = []
    for names in groups.values():
        nodes = [look.ends[name][0] for name in names]
        wrong: dict[int, list[Array]] = {}
        right: dict[int, list[Array]] = {}
        wanted = []
        for name, node in zip(names, nodes, strict=True):
            theirs = [np.asarray(p.values[id(node)], dtype=float) for p in points]
            before = [np.asarray(p.values[id(look.starts[name][0])], dtype=float) for p in points]
            wrong[id(node)], right[id(node)] = theirs, [2 * b - t for b, t in zip(before, theirs, strict=True)]
            bars = [gradient(look, p, bar, name) for p, bar in zip(points, found.bars, strict=True)]
            wanted.append(Quantity("bar", look.starts[name][0], bars, block=name))
        out.append(Fault(nodes, wanted, 1.0, False, names, right, wrong, place=nodes[0].site))
    return out


def stepped_alike(found: Judgement, fault: Fault) -> list[str]:
    """The other blocks that are wrong and that the same line steps: the wrong way, whatever goes into their steps."""

    def same(name: str) -> bool:
        return all(end.site is fault.first.site for end in found.look.ends[name])

    return [n for n, v in found.verdicts.items() if not v.right and not v.silent and n not in fault.repairs and same(n)]


def own_gradient(found: Judgement, name: str) -> tuple[float, list[Node]]:
    """Where the script first has all of the gradient of a block, and what it is of the right one; 0 if it has none."""
    right = [gradient(found.look, p, bar, name) for p, bar in zip(found.points, found.bars, strict=True)]
    for nodes in reversed(gradient_nodes(found.look, name)):
        if all(id(n) in p.values and id(n) not in found.forward for n in nodes for p in found.points):
            match = matched([found.look.block(p.values, nodes) for p in found.points], right)
            if match.holds and match.scale:
                return match.scale, nodes
    return 0.0, []


def _takes_along(new: Node, old: Node, parameters: set[int]) -> bool:
    """Whether a state is what it was before, perhaps times a number, and something more."""
    level = [new]
    for _ in range(5):
        level = [
            o for node in level if getattr(node.function, "__name__", "") in LINEAR
            for o in node.operands() if not o.hyper and id(o) not in parameters
        ]  # fmt: skip
        if old in level:
            return True
    return False


def _moves_by(look: Look, end: Node, kept: set[int]) -> bool:
    """Whether a parameter is changed by something that is kept from step to step, perhaps times a number."""
    added = [o for o in end.operands() if id(o) in look.depends and id(o) not in look.start_ids]
    while len(added) == 1 and id(added[0]) not in kept:
        if getattr(added[0].function, "__name__", "") not in ("mul", "multiply", "neg", "linked"):
            return False
        added = [o for o in added[0].operands() if not o.hyper]
    return len(added) == 1
