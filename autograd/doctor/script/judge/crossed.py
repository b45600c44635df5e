"""Predictions and targets of shapes (n, 1) and (n,): their difference is a matrix, of every one with every other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.edits import Edit
from ..watch.node import Node
from .candidates import Fault
from .look import Point
from .losses import is_crossed, paired
from .quantities import Quantity
from .verdicts import Judgement

Array = Any


def crossed_faults(found: Judgement) -> list[Fault]:
    """A fault for each place where predictions and targets are crossed, if the steps follow from it."""
    assert found.reading is not None
    look, out = found.look, {}
    for (error, _), root in zip(found.reading.errors, found.reading.roots, strict=False):
        for node in look.program.steps:
            if node.site is None or not is_crossed(node) or id(node) not in look.to_end:
                continue
            same = node is error or (node.function == error.function and _is_from(found.points[0], node, error))
            if same and node.site.number not in out:
                reached = {id(node)} | look.program.rerun(found.points[0].values, {id(node): node.value}).keys()
                names = [n for n, v in found.verdicts.items() if any(id(e) in reached for e in look.ends[n])]
                theirs = [np.asarray(p.values[id(node)], dtype=float) for p in found.points]
                right = [paired(node, p.values) for p in found.points]
                wanted = Quantity("bar", root, right)
                out[node.site.number] = Fault(
                    [node], [wanted], 1.0, False, names, {id(node): right}, {id(node): theirs}, place=node.site
                )
    return [*out.values()]


def _is_from(point: Point, one: Node, other: Node) -> bool:
    return np.array_equal(np.asarray(point.values[id(one)]), np.asarray(point.values[id(other)]))


def one_shape(fault: Fault) -> list[Edit]:
    """The difference with the (n, 1) of it as (n,), or the (n,) of it as (n, 1)."""
    node = fault.first
    assert node.site is not None
    edits = []
    for column in (True, False):
        for k, arg in enumerate(node.args):
            span = node.site.parts[k] if k < len(node.site.parts) else None
            if span is not None and (np.ndim(arg.value if isinstance(arg, Node) else arg) == 2) is column:
                text = node.site.part(k)
                simple = text.replace(".", "_").isidentifier() or text.endswith((")", "]"))
                text = text if simple and not text.startswith("(") else f"({text})"
                edits.append(Edit(node.site.source, span, f"{text}[:, {'0' if column else 'None'}]"))
    return edits


def shapes(fault: Fault) -> str:
    """The two shapes, in the order of the text."""
    one, other = (np.shape(a.value if isinstance(a, Node) else a) for a in fault.first.args)
    return f"{one} - {other}"
