"""What is suspicious, as marks for a picture: `draw(loss, marks=report.marks(loss))`.

Blocks are found in a graph by their labels, units and layers by where they stand in it; nothing is measured or drawn
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...core.node import walk
from .measure import Layer, Measured

Marks = list[tuple[Any, str]]


def of_blocks(root: Any, reasons: Mapping[str, str]) -> Marks:
    """The leaves that are these blocks: a Tensor labelled "W1", or Values labelled "W1[0,1]".

    Args:
        root: a result, whose graph is searched; or several, in a list.
        reasons: what is the matter with a block, by its name.
    """
    found: Marks = []
    for node, operands in _walked(root):
        if not operands and node.label:
            reason = reasons.get(node.label) or reasons.get(node.label.partition("[")[0])
            if reason:
                found.append((node, reason))
    return found


def of_findings(root: Any, measured: Measured, reasons: Iterable[tuple[str, str]]) -> Marks:
    """The blocks and the layers that findings are about.

    Args:
        reasons: pairs of a block's or a layer's name and what is the matter with it.
    """
    reasons = list(reasons)
    order = _walked(root)
    same = bool(measured.signature) and tuple(node.op or node.kind for node, _ in order) == measured.signature
    layers = {layer.name: layer for layer in measured.layers}
    owned = {id(part): name for name, parts in measured.parts.items() for part in parts}
    found: Marks = []
    for where, reason in reasons:
        layer = layers.get(where)
        if layer is None:
            marked = [(node, reason) for node, _ in order if owned.get(id(node)) == where]
            found += marked or of_blocks(root, {where: reason})
        elif same and layer.place >= 0:  # the same code: the activation stands at the same place
            found.append((order[layer.place][0], reason))
        else:
            wanted = set(_units(layer, reason))
            found += [(node, reason) for node, _ in order if node.op == layer.kind and node.scope in wanted]
    return found


def _units(layer: Layer, reason: str) -> Iterable[Any]:
    """The units of a layer of Values that a finding is about: the dead ones, or all."""
    for k, scope in enumerate(layer.units):
        whole = len(layer.units) != layer.a.shape[-1]
        if whole or not reason.startswith("dead relu") or not layer.a[..., k].any():
            yield scope


def _walked(root: Any) -> list[Any]:
    return walk(*root) if isinstance(root, (list, tuple)) else walk(root)
