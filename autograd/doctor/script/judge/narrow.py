"""What all dependence of a step on the samples goes through: a gradient is among it, whatever it is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look
from .written import Block


def gradient_nodes(look: Look, name: str) -> list[list[Node]]:
    """What all dependence of a step on the samples goes through, its gradient among it; nearest the step first."""
    if name not in look.gradient_nodes:
        look.gradient_nodes[name] = _gradient_nodes(look, name)
    return look.gradient_nodes[name]


def _gradient_nodes(look: Look, name: str) -> list[list[Node]]:
    chains = [_narrow(look, start, end) for start, end in zip(look.starts[name], look.ends[name], strict=True)]
    picks = getattr(look.ends[name], "picks", None)
    if len(chains) == 1:
        return [Block([node], picks) for node in chains[0]]
    by_site: list[dict[Any, Node]] = []
    for chain in chains:
        sites: dict[Any, Node] = {}
        for node in chain:
            sites.setdefault((node.site.number if node.site else -1, getattr(node.function, "__name__", "")), node)
        by_site.append(sites)
    common = [key for key in by_site[0] if all(key in sites for sites in by_site)]
    # behind the last line that they have in common, each element may have a line of its own
    after = [[*sites.values()][[*sites].index(common[-1]) + 1 :][:1] for sites in by_site] if common else []
    beyond = [Block([nodes[0] for nodes in after], picks)] if after and all(after) else []
    return [*(Block([sites[key] for sites in by_site], picks) for key in common), *beyond]


def _narrow(look: Look, start: Node, end: Node) -> list[Node]:
    found: list[Node] = []
    active: dict[int, Node] = {id(end): end}
    memo: dict[int, bool] = {}

    def is_data(node: Node) -> bool:
        return id(node) not in look.depends and not node.hyper and np.size(node.value) > 1

    def quiet(node: Node) -> bool:
        stack = [node]
        while stack:  # a loop may add up thousands of terms: too deep for calls in calls
            at = stack[-1]
            operands = () if id(at) in memo else [*at.operands()]
            if at is start or at.hyper or id(at) not in look.depends:
                memo[id(at)] = True
            elif id(at) in look.program.leaves or any(memo.get(id(o)) is False or is_data(o) for o in operands):
                memo[id(at)] = False
            elif id(at) not in memo and (waiting := [o for o in operands if id(o) not in memo]):
                stack += waiting
                continue
            else:
                memo.setdefault(id(at), True)
            stack.pop()
        return memo[id(node)]

    for _ in range(3000):
        if not active:
            break
        node = max(active.values(), key=lambda n: n.time)
        if len(active) == 1:
            found.append(node)
            found += _before_norm(look, node)
        del active[id(node)]
        if id(node) in look.program.leaves:
            continue
        for operand in node.operands():
            if not quiet(operand):
                active[id(operand)] = operand
    return found


def _before_norm(look: Look, node: Node) -> list[Node]:
    """What is multiplied or divided by one number that follows from the parameters: by the norm of all gradients."""
    kind = getattr(node.function, "__name__", "")
    if kind not in ("mul", "multiply", "truediv", "divide") or len(node.args) != 2:
        return []
    sides = [a for a in node.args if isinstance(a, Node) and id(a) in look.depends and a.value is not None]
    if len(sides) < 2:
        return []
    large = [a for a in sides if np.ndim(a.value) > 0]
    if not large:  # of a gradient that is one number; a norm is used for others, too
        pairs = [sides, sides[::-1]] if kind in ("mul", "multiply") else [sides]
        return [one for one, other in pairs if len(look.consumers.get(id(other), ())) > 1]
    return large if len(large) == 1 else []
