"""The one sentence that a picture or a page opens with: what is most worth knowing, with the box to look at.

In this order: where the first NaN or infinity comes from, what is marked as wrong, a gradient that vanishes or explodes
on its way through the layers, parameters that receive none at all; if nothing is the matter, where the gradient is
largest. Every number in it is read off the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from .boxes import title_of
from .colour import number
from .escape import clean, dotted
from .layers import layers, norms
from .model import Box, Drawing, Edge
from .signs import MARKS

STEEP: float = 1e3
"""A gradient whose norm changes by this factor between two layers vanishes or explodes."""


LONGEST: Final = 400
"""How many characters a sentence has; names of any length may be in it."""


class Headline(NamedTuple):
    """A sentence, and the id of the box that it is about; "" for none."""

    text: str
    about: str


def headline(drawing: Drawing) -> Headline:
    """What is most worth knowing of a drawing."""
    boxes = {box.id: box for box in drawing.boxes}
    into: dict[str, list[Edge]] = {}
    out_of: dict[str, list[Edge]] = {}
    for edge in drawing.edges:
        into.setdefault(edge.head, []).append(edge)
        out_of.setdefault(edge.tail, []).append(edge)
    for check in (_broken_value, _broken_gradient, _marked, _steep, _without, _ordinary):
        found = check(drawing, boxes, into, out_of)
        if found is not None:
            return found._replace(text=clean(found.text, LONGEST))
    return Headline("", "")


Boxes = Mapping[str, Box]
Edges = Mapping[str, list[Edge]]


def name_of(box: Box) -> str:
    """What a box is called in a sentence."""
    return clean(box.label) or title_of(box)


def _broken_value(drawing: Drawing, boxes: Boxes, into: Edges, out_of: Edges) -> Headline | None:
    """The first number that is not finite; those after it are only its consequences."""
    for box in drawing.boxes:
        if box.value is None or math.isfinite(box.value.size):
            continue
        operands = [boxes[edge.tail] for edge in into.get(box.id, ())]
        if any(each.value is not None and not math.isfinite(each.value.size) for each in operands):
            continue
        what = "NaN" if math.isnan(box.value.size) else "infinity"
        at = f", recorded at {clean(box.source, 200)}" if box.source else ""
        if not operands:
            return Headline(f"The first {what} is the input {name_of(box)}{at}.", box.id)
        name = f"{clean(box.label)} = " if box.label else ""
        return Headline(f"The first {what} comes from {name}{_applied(box, operands)}{at}.", box.id)
    return None


def _applied(box: Box, operands: list[Box]) -> str:
    """An operation with the numbers it was given: log(−2)."""
    numbers = [
        each.value.short if each.value is None or each.value.number is None else number(each.value.number)
        for each in operands if each.value is not None
    ]  # fmt: skip
    sign = box.sign
    if MARKS[0] in sign:
        for mark, shown in zip(MARKS, numbers, strict=False):
            sign = sign.replace(mark, shown)
        return sign
    return f" {sign} ".join(numbers) if len(sign) == 1 else f"{sign}({', '.join(numbers)})"


def _broken_gradient(drawing: Drawing, boxes: Boxes, into: Edges, out_of: Edges) -> Headline | None:
    """The first gradient, on the way back, that is not finite."""
    for box in reversed(drawing.boxes):
        if box.grad is None or math.isfinite(box.grad.size):
            continue
        for edge in out_of.get(box.id, ()):
            head = boxes[edge.head]
            if edge.flow is None or math.isfinite(edge.flow.size) or head.grad is None:
                continue
            if math.isfinite(head.grad.size):
                what = "NaN" if math.isnan(edge.flow.size) else "infinite"
                product = ""
                if edge.partial is not None and head.grad.number is not None:
                    product = f": {number(head.grad.number)} × {number(edge.partial)}"
                return Headline(
                    f"The gradient becomes {what} on the way back through {name_of(head)} to {name_of(box)}{product}.",
                    box.id,
                )
    return None


def _marked(drawing: Drawing, boxes: Boxes, into: Edges, out_of: Edges) -> Headline | None:
    marked = [box for box in drawing.boxes if box.mark]
    if not marked:
        return None
    first = marked[0]
    more = len({box.mark for box in marked} - {first.mark})
    rest = f" {more} more finding{'s' * (more > 1)} {'are' if more > 1 else 'is'} marked." if more else ""
    mark = clean(first.mark, 200)
    block = full_name(first).partition("[")[0]  # a whole array is marked, not one of its numbers
    return Headline(f"{block}: {mark}{'' if mark.endswith('.') else '.'}{rest}", first.id)


def full_name(box: Box) -> str:
    """What a box is called where others may have its name: a parameter with its modules."""
    if box.kind in ("input", "parameter") and not box.label:
        return f"{'an input' if box.kind == 'input' else 'a parameter'} without a name"
    return dotted([*box.path[1:], name_of(box)]) if box.path else name_of(box)


def _steep(drawing: Drawing, boxes: Boxes, into: Edges, out_of: Edges) -> Headline | None:
    """A gradient that gets lost, or out of hand, between the last layer and the first."""
    found = layers(drawing)
    sizes = norms(found, boxes)
    known = [(size, layer) for size, layer in zip(sizes, found, strict=True) if size is not None and size > 0.0]
    if len(known) < 2:
        return None
    first, last = known[0], known[-1]
    ratio = last[0] / first[0]
    if not math.isfinite(ratio) or 1 / STEEP < ratio < STEEP:
        return None
    weakest = max(first[1].ids, key=lambda id: _size(boxes[id]))
    power = round(abs(math.log10(ratio)))
    verb = "loses a factor of" if ratio > 1 else "grows by a factor of"
    return Headline(
        f"On its way back through {len(known)} layers the gradient {verb} 10{_superscript(power)}: its norm is "
        f"{number(last[0], 2)} at {last[1].name} and {number(first[0], 2)} at {first[1].name}.",
        weakest,
    )


def _size(box: Box) -> float:
    return 0.0 if box.grad is None else box.grad.size


def _superscript(power: int) -> str:
    return str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _without(drawing: Drawing, boxes: Boxes, into: Edges, out_of: Edges) -> Headline | None:
    """Parameters to which nothing comes back."""
    parameters = [box for box in drawing.boxes if box.kind == "parameter" and box.grad is not None]
    idle = [box for box in parameters if _size(box) == 0.0]
    if not idle:
        return None
    who = f"{len(idle)} of {len(parameters)} parameters" if len(parameters) > 1 else "The only parameter"
    return Headline(
        f"{who} {'receive' if len(idle) > 1 else 'receives'} no gradient at all: "
        f"{', '.join(full_name(box) for box in idle[:3])}{' and others' if len(idle) > 3 else ''}.",
        idle[0].id,
    )


def _ordinary(drawing: Drawing, boxes: Boxes, into: Edges, out_of: Edges) -> Headline | None:
    root = next((box for box in drawing.boxes if box.is_root), None)
    if root is None or root.value is None:
        return None
    name = name_of(root)
    shown = (
        f"{name} is {number(root.value.number)}"
        if root.value.number is not None
        else f"{name} has shape {root.value.short}"
    )
    leaves = [box for box in drawing.boxes if box.kind in ("parameter", "input") and box.grad is not None]
    leaves = [box for box in leaves if box.kind == "parameter"] or leaves
    if root.grad is None or not leaves or drawing.total < 2:
        return Headline(f"{shown}.", root.id)
    top = max(leaves, key=_size)
    assert top.grad is not None
    size = number(top.grad.number) if top.grad.number is not None else f"of norm {number(top.grad.size)}"
    return Headline(f"{shown}. Of its gradients the largest is that of {full_name(top)}: {size}.", top.id)
