"""Gradients that are clipped by the square of their norm: what comes out is as long as bound / norm, not as the bound.

Other ways to clip, by each element or each block, by a norm that is rooted, are right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.edits import Edit
from ..watch.node import Node
from .candidates import Fault
from .quantities import Quantity
from .verdicts import Judgement

Array = Any


def clipped_by_squares(found: Judgement) -> list[Fault]:
    """A fault for each sum of squares of gradients that is compared with a bound, and that they are divided by."""
    look, points, squares = found.look, found.points, dict[str, Array]()
    for name, v in found.verdicts.items():
        if v.right and v.rule == "adaptive" and v.gradient is not None and len(points) > 1:
            blocks = [look.block(p.values, v.nodes) for p in points]
            squares[name] = np.array([float(block @ block) for block in blocks])
    wholes = [({*squares}, np.sum([*squares.values()], axis=0))] if len(squares) > 1 else []
    wholes += [({name}, square) for name, square in squares.items()]
    out: list[Fault] = []
    for node in look.program.steps if squares else ():
        if id(node) not in look.to_end & look.depends or np.size(node.value) != 1:
            continue
        theirs = np.array([float(np.reshape(p.values[id(node)], ())) for p in points])
        names = next((names for names, whole in wholes if np.allclose(theirs, whole, rtol=1e-9, atol=0.0)), None)
        if names and _is_compared(found, node) and _divides(found, node):
            right = {id(node): [np.asarray(np.sqrt(value)) for value in theirs]}
            wrong = {id(node): [np.asarray(value) for value in theirs]}
            wanted = [Quantity("value", node, right[id(node)])]
            out.append(Fault([node], wanted, 1.0, False, sorted(names), right, wrong, place=node.site))
    return out


def _is_compared(found: Judgement, node: Node) -> bool:
    """Whether a number, or what is made of it and written numbers, decides something or is cut off."""
    level = [node]
    for _ in range(3):
        level += [n for at in level for n in found.look.consumers.get(id(at), ()) if np.size(n.value) == 1]
    decided = [operand for condition in found.look.conditions for operand in condition.operands()]
    cut = any(getattr(n.function, "__name__", "") in ("maximum", "minimum", "clip", "where") for n in level)
    return cut or any(operand is each for operand in decided for each in level)


def _divides(found: Judgement, node: Node) -> bool:
    """Whether all that is computed from a number is a quotient by it, and no root."""
    used, level = [], [node]
    for _ in range(2):  # total + 1e-6
        level = [n for at in level for n in found.look.consumers.get(id(at), ()) if id(n) in found.look.to_end]
        used += level
        level = [n for n in level if getattr(n.function, "__name__", "") in ("add", "linked", "maximum")]
    kinds = {getattr(n.function, "__name__", "") for n in used}
    return bool(kinds & {"truediv", "divide"}) and not kinds & {"sqrt", "pow", "power"}


def rooted(fault: Fault) -> list[Edit]:
    """The root of it in its place."""
    site = fault.first.site
    if site is None or site.kind not in ("call", "binary"):
        return []
    text = site.source.segment(site.span)
    root = f"np.sqrt({text})" if "np." in site.source.text else f"({text}) ** 0.5"
    return [Edit(site.source, site.span, root)]
