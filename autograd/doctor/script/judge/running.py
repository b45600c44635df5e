"""What runs along with the steps and is no loss: means of the loss, and what the rule of the steps keeps."""

from __future__ import annotations

from ..watch.direct import hyper
from ..watch.node import Node, same_statement
from .invented import number_of
from .look import Look


def kept_by_the_rule(look: Look) -> set[int]:
    """What steps keep for later ones, and its parts: the squares that Adagrad adds up are no loss."""
    found: set[int] = set()
    for chain in look.training.others:
        before, after = chain.state_at(look.step.start), chain.state_at(look.step.end)
        read = before is not chain.states[0] and id(before) in look.to_end  # a 0.0 is the start of many
        goes_on = chain.times[-1] > look.step.end and id(after) in look.to_end
        if after is not before and (goes_on or (read and before.time <= look.step.start)):
            found.add(id(after))
            found |= {id(o) for o in after.operands() if o.site is not None and same_statement(o, after)}
    return found


def averaged(node: Node, depends: set[int]) -> Node:
    """What a running average takes in: `loss` in `0.999 * smooth + 0.001 * loss`; else the node itself."""
    if getattr(node.function, "__name__", "") not in ("add", "iadd"):
        return node
    new = [a for a in node.args if isinstance(a, Node) and id(a) in depends]
    factors, whole = list[float](), node
    for side in node.args if len(new) == 1 else ():
        scaled = isinstance(side, Node) and getattr(side.function, "__name__", "") in ("mul", "multiply")
        plain = [a for a in side.args if hyper(a)] if scaled else []
        factors += [number_of(a) for a in plain]
        if side is new[0]:
            whole = next((a for a in side.args if isinstance(a, Node) and id(a) in depends), node)
    return whole if len(factors) == 2 and abs(sum(factors) - 1.0) < 1e-9 else node
