"""An edge as DOT has it: the local derivative is written on it, its width and colour are the gradient that flows."""

from __future__ import annotations

import math

from . import colour
from .boxes import Attributes, full
from .colour import ALARM, GREY, Scale
from .escape import quoted, tooltip
from .model import Edge
from .options import Options


def attributes(edge: Edge, options: Options, scale: Scale, dense: bool) -> Attributes:
    """Everything that DOT is told about an edge.

    Args:
        dense: there are so many edges that they are thin and have no numbers.
    """
    kind = _class(edge, scale)
    return {
        "id": f'"{edge.id}"',
        "class": f'"{kind}"',
        **_label(edge, options, dense),
        "tooltip": tooltip(*_explained(edge)),
        **_line(edge, options, scale, colour.THICKEST / 2 if dense else colour.THICKEST),
        **({"arrowhead": "none"} if dense and kind == "edge zero" else {}),
    }


def _class(edge: Edge, scale: Scale) -> str:
    if edge.to_constant:
        return "edge constant"
    flow = edge.flow
    if flow is None:
        return "edge unknown"
    if not math.isfinite(flow.size):
        return "edge alarm"
    if flow.size <= scale.dust:
        return "edge zero"
    return "edge negative" if flow.is_negative else "edge"


def _label(edge: Edge, options: Options, dense: bool) -> Attributes:
    """The local derivative, after the mark of the operand where the order matters."""
    if dense:
        return {"headlabel": quoted(edge.mark), "labeldistance": "1.8"} if edge.mark else {}
    text = label_of(edge, options)
    return {"label": quoted(text)} if text else {}


def label_of(edge: Edge, options: Options) -> str:
    """What is written on an edge."""
    parts = [edge.mark] if edge.mark else []
    if options.partials and edge.partial is not None:
        parts.append(colour.number(edge.partial, options.digits))
    return " ".join(parts)


def _explained(edge: Edge) -> list[str]:
    """The tooltip of an edge: its derivative as formula and number, and what flows."""
    if edge.to_constant:
        return ["a constant: no gradient flows to it"]
    lines = [edge.formula] if edge.formula else []
    if edge.count > 1:
        lines.append(f"{edge.count:,} edges")
    if edge.partial is not None:
        lines.append(f"local derivative {edge.partial!r}")
    is_norm = edge.count > 1 and edge.flow is not None and edge.flow.number is None
    lines.append(f"gradient that flows back {'(norm) ' * is_norm}{full(edge.flow)}")
    return lines


def _line(edge: Edge, options: Options, scale: Scale, thickest: float) -> Attributes:
    """Width and colour: the gradient that flows. Dashed is only what is not known yet."""
    flow = edge.flow if options.grads else None
    style, line, width = "solid", GREY, 1.0
    if edge.to_constant:
        width = 0.6
    elif flow is None:
        style = "dashed" if options.grads else "solid"
    elif not math.isfinite(flow.size):
        line, width = ALARM, thickest
    elif flow.size > scale.dust:
        line, width = scale.tone(flow.size, flow.is_negative), scale.width(flow.size, thickest)
    return {"style": f'"{style}"', "color": f'"{line}"', "penwidth": f"{width:.2f}"}
