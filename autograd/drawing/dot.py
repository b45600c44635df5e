"""A `Drawing` as DOT text: a pure function, the same bytes for the same drawing. Nothing is laid out here.

One box per value with its operation inside; an edge per operand, as wide and as opaque as the gradient that flows
along it. Text from users goes through `escape` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from . import colour, matrix
from .colour import ALARM, GREY, ZERO, Scale
from .escape import LONGEST, LONGEST_TOOLTIP, clean, quoted, tooltip
from .legend import SUSPICIOUS, legend
from .model import Amount, Box, Drawing, Edge, Module
from .options import Options

FONT: Final = "Helvetica,Arial,sans-serif"

SIDES: Final = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}
"""Where an edge leaves its operand and where it reaches the result."""

Attributes = dict[str, str]


@dataclass(frozen=True)
class Dot:
    """The text in the parts that the graphviz package puts together: attributes for all, and statements."""

    graph: Attributes
    node: Attributes
    edge: Attributes
    body: list[str]


def write(drawing: Drawing, options: Options) -> Dot:
    """The DOT text of a drawing."""
    scale = options.scale or colour.fit(sizes(drawing))
    dense = is_dense(drawing)
    graph = {
        "rankdir": options.rankdir,
        "bgcolor": "transparent",
        "fontname": FONT,
        "fontsize": "11",
        "fontcolor": GREY,
        "nodesep": "0.22",
        "ranksep": "0.42",
        "pad": "0.15",
        "labelloc": "b",
        "labeljust": "l",
        "tooltip": " ",
        "label": legend(drawing, options, scale, dense),
    }
    node = {"shape": "box", "fontname": FONT, "fontsize": "12", "margin": "0.13,0.07", "height": "0.35", "color": GREY}
    line = {"fontname": FONT, "fontsize": "10", "fontcolor": GREY, "arrowsize": "0.7", "color": colour.LINE}
    if dense:  # straight lines between two sides, with room between the columns
        gap = min(max(0.045 * len(drawing.boxes), 1.2), 5.0)
        graph |= {"splines": "line", "outputorder": "edgesfirst", "ranksep": f"{gap:.2f}"}
        line["arrowsize"] = "0.45"
        line |= dict(zip(("tailport", "headport"), SIDES[options.rankdir], strict=True))
    paths = {box.id: box.path for box in drawing.boxes}
    values = {box.id for box in drawing.boxes if box.value is not None}
    body = [*_framed(drawing, options, scale)]
    results = {box.id for box in drawing.boxes if box.kind == "result"}
    for edge in drawing.edges:
        enters = edge.head in values and paths[edge.tail] != paths[edge.head] and not dense
        # Longer where it enters a frame, which leaves room for the parameters there: frames then stand beside one
        # another and not in steps. Heavier from result to result: a chain of them is then straight.
        course = {"minlen": "2"} if enters else {}
        if edge.tail in results and not dense:
            course["weight"] = "8"
        body.append(_edge(edge, options, scale, dense, course))
    return Dot({key: value for key, value in graph.items() if value}, node, line, body)


def is_dense(drawing: Drawing) -> bool:
    """Whether there are so many edges that numbers on them would push everything apart: layers of whole neurons."""
    return len(drawing.edges) > 2 * len(drawing.boxes)


def sizes(drawing: Drawing) -> Iterable[float]:
    """Every gradient that colour or width shows."""
    yield from (box.grad.size for box in drawing.boxes if box.grad is not None)
    yield from (edge.flow.size for edge in drawing.edges if edge.flow is not None)


# ----------------------------------------------------------------------------------------------------- frames, boxes


def _framed(drawing: Drawing, options: Options, scale: Scale) -> Iterable[str]:
    """The boxes, each inside the frames of its modules."""
    inside: dict[tuple[str, ...], list[str]] = {}
    for box in drawing.boxes:
        around = box.path[:-1] if box.kind == "module" else box.path
        inside.setdefault(around, []).append(_box(box, options, scale))
    children: dict[str, list[Module]] = {}
    for module in drawing.modules:
        children.setdefault(module.parent, []).append(module)
    stack: list[tuple[Module, bool]] = [(module, False) for module in reversed(children.get("", ()))]
    while stack:
        module, closing = stack.pop()
        margin = "\t" * len(module.path)
        if closing:
            yield f"{margin}}}\n"
            continue
        name = quoted(clean(module.path[-1]))
        path = tooltip(clean(".".join(module.path), LONGEST_TOOLTIP))
        yield f"{margin}subgraph cluster_{module.id} {{\n"
        yield (
            f'{margin}\tgraph [id="{module.id}" class="module" label={name} tooltip={path} labelloc="t" '
            f'style="rounded" color="{colour.with_opacity(GREY, 0.6)}" bgcolor="{colour.with_opacity(GREY, 0.06)}"]\n'
        )
        yield from (f"{margin}{line}" for line in inside.get(module.path, ()))
        stack.append((module, True))
        stack.extend((child, False) for child in reversed(children.get(module.id, ())))
    yield from inside.get((), ())


def _box(box: Box, options: Options, scale: Scale) -> str:
    fill = _fill(box, options, scale)
    lines = _lines(box, options)
    attributes = {
        "id": f'"{box.id}"',
        "class": f'"{box.kind}{" root" * box.is_root}{" marked" * bool(box.mark)}"',
        "label": quoted(*lines),
        "tooltip": tooltip(*_explained(box)),
        **fill,
    }
    if shows_table(box, options):
        rows = box.value.rows if box.value is not None else ()
        graded = scale if options.grads else None
        attributes["label"] = matrix.label(lines, rows, box.grad, graded, fill["fontcolor"].strip('"'))
        attributes["margin"] = '"0.04,0.02"'
    return f"\t{box.id} {_listed(attributes)}\n"


def shows_table(box: Box, options: Options) -> bool:
    """Whether its numbers stand in the box, one by one."""
    return options.tables and options.values and box.value is not None and bool(box.value.rows)


def title_of(box: Box) -> str:
    """The first line of a box: its name and its operation."""
    name = clean(box.label)
    if box.kind == "rest":
        return "…"
    if box.kind == "result" and box.sign:
        return f"{name} = {clean(box.sign)}" if name else clean(box.sign)
    return name or ("" if box.kind == "constant" else box.kind)


def _lines(box: Box, options: Options) -> list[str]:
    """The two lines of a box, and why it is marked."""
    short = box.mark if len(box.mark) <= LONGEST else box.mark.partition(": ")[0]  # the tooltip has it in full
    mark = [f"{SUSPICIOUS} {clean(short)}"] if box.mark else []
    if box.kind == "rest":
        return ["…", f"{box.count:,} values left out", *mark]
    title = title_of(box)
    if options.order and box.order is not None:
        title = f"{box.order}.  {title}"
    parts = [_held(box, options.digits)] if options.values else []
    if options.grads and box.kind != "constant":
        parts.append(_gradient(box.grad, options.digits))
    spreads = [box.value.spread] if options.values and box.value is not None else []
    if options.grads and box.grad is not None and box.grad.spread:
        spreads.append(f"∇ {box.grad.spread}")
    return [line for line in (title, " │ ".join(parts), *spreads, *mark) if line] or [box.kind]


def _held(box: Box, digits: int) -> str:
    """The number in a box, the shape of an array, or how much a module holds."""
    if box.value is None:
        count, what = (box.parameters, "parameter") if box.parameters else (box.count, "value")
        return f"{count:,} {what}{'s' if count > 1 else ''}"
    return box.value.short if box.value.number is None else colour.number(box.value.number, digits)


def _gradient(grad: Amount | None, digits: int) -> str:
    if grad is None:
        return "∇ ?"
    if grad.number is None:
        return f"‖∇‖ {colour.number(grad.size, digits)}"
    return f"∇ {colour.number(grad.number, digits)}"


def _explained(box: Box) -> list[str]:
    """The tooltip of a box: everything in full."""
    mark = [f"{SUSPICIOUS} suspicious: {clean(box.mark, LONGEST_TOOLTIP)}"] if box.mark else []
    if box.kind == "rest":
        return [f"{box.count:,} values are left out", *mark]
    name = clean(box.label, LONGEST_TOOLTIP)
    lines = [".".join([*(clean(part) for part in box.path), *([name] if name and box.kind != "module" else [])])]
    if box.kind == "module":
        lines.append(f"{box.count:,} values, {box.parameters:,} of them parameters")
        lines.append(f"norm of the gradient {_full(box.grad)}")
        return [*lines, *mark]
    lines.append(f"{box.kind}{' of ' + clean(box.op) if box.op else ''}")
    lines.append(f"value {_full(box.value)}")
    if box.kind != "constant":
        lines.append(f"gradient {_full(box.grad)}")
    if box.order is not None:
        lines.append(f"turn {box.order} of backward")
    if box.source:
        lines.append(clean(box.source, LONGEST_TOOLTIP))
    return [line for line in (*lines, *mark) if line]


def _full(amount: Amount | None) -> str:
    if amount is None:
        return "not yet computed"
    if amount.number is not None:
        return repr(amount.number)
    return f"{amount.short}: {amount.detail}" if amount.short else repr(amount.size)


def _fill(box: Box, options: Options, scale: Scale) -> Attributes:
    """Fill and border: what it is on the border, its gradient on the fill."""
    styles = ["filled"] if box.kind in ("input", "constant", "rest") else ["filled", "rounded"]
    fill, text, border, width = colour.UNKNOWN, colour.DARK_TEXT, GREY, 1.0
    found: Attributes = {}
    if box.kind == "parameter":
        found["peripheries"] = "2"
    elif box.kind == "module":
        found["shape"] = "box3d"
        styles = ["filled"]
    elif box.kind == "constant":
        fill, width = "#f2f2f2", 0.0
    elif box.kind == "rest":
        styles.append("dotted")
    if box.is_root:
        width = 3.0
    if box.kind not in ("constant", "rest") and options.grads:
        if box.grad is None:
            styles.append("dashed")
        elif not math.isfinite(box.grad.size):
            fill, border, width = ALARM, ALARM, 4.0
        elif box.grad.size == 0:
            fill, border = ZERO, GREY
            styles.append("dashed")
        else:
            step = scale.step(box.grad.size)
            fill, text = colour.STEPS[step], colour.text_on(step)
    if box.value is not None and not math.isfinite(box.value.size):
        border, width = ALARM, 4.0
    if box.mark:
        border, width = ALARM, 5.0
        styles = [style for style in styles if style not in ("dashed", "dotted")]
    return {
        **found,
        "style": f'"{",".join(styles)}"',
        "fillcolor": f'"{fill}"',
        "fontcolor": f'"{text}"',
        "color": f'"{border}"',
        "penwidth": f"{width:g}",
    }


# ------------------------------------------------------------------------------------------------------------ edges


def _edge(edge: Edge, options: Options, scale: Scale, dense: bool, course: Attributes) -> str:
    attributes = {
        "id": f'"{edge.id}"',
        "class": f'"{_class(edge)}"',
        **_label(edge, options, dense),
        "tooltip": tooltip(*_derived(edge)),
        **_line(edge, options, scale, colour.THICKEST / 2 if dense else colour.THICKEST),
        **course,
        **({"arrowhead": "none"} if dense and _class(edge) == "edge zero" else {}),
    }
    return f"\t{edge.tail} -> {edge.head} {_listed(attributes)}\n"


def _class(edge: Edge) -> str:
    if edge.to_constant:
        return "edge constant"
    flow = edge.flow
    if flow is None:
        return "edge unknown"
    if not math.isfinite(flow.size):
        return "edge alarm"
    if flow.size == 0:
        return "edge zero"
    return "edge negative" if flow.number is not None and flow.number < 0 else "edge"


def _label(edge: Edge, options: Options, dense: bool) -> Attributes:
    """The local derivative, after the mark of the operand where the order matters."""
    if dense:
        return {"headlabel": quoted(edge.mark), "labeldistance": "1.8"} if edge.mark else {}
    parts = [edge.mark] if edge.mark else []
    if options.partials and edge.partial is not None:
        parts.append(colour.number(edge.partial, options.digits))
    return {"label": quoted(" ".join(parts))} if parts else {}


def _derived(edge: Edge) -> list[str]:
    """The tooltip of an edge: its derivative as formula and number, and what flows."""
    if edge.to_constant:
        return ["a constant: no gradient flows to it"]
    lines = [edge.formula] if edge.formula else []
    if edge.count > 1:
        lines.append(f"{edge.count:,} edges")
    if edge.partial is not None:
        lines.append(f"local derivative {edge.partial!r}")
    lines.append(f"gradient that flows back {'(norm) ' * (edge.count > 1)}{_full(edge.flow)}")
    return lines


def _line(edge: Edge, options: Options, scale: Scale, thickest: float) -> Attributes:
    """Width, opacity and dashes: the gradient that flows."""
    flow = edge.flow if options.grads else None
    if edge.to_constant:
        style, line, width = "dotted", colour.with_opacity(GREY, 0.6), 1.0
    elif flow is None:
        style, line, width = "solid", GREY, 1.0
    elif not math.isfinite(flow.size):
        style, line, width = "solid", ALARM, thickest
    elif flow.size == 0:
        style, line, width = "dashed", colour.with_opacity(GREY, 0.45), 1.0
    else:
        negative = flow.number is not None and flow.number < 0
        style, line, width = "dashed" if negative else "solid", scale.line(flow.size), scale.width(flow.size, thickest)
    return {"style": f'"{style}"', "color": f'"{line}"', "penwidth": f"{width:.2f}"}


def _listed(attributes: Attributes) -> str:
    return "[" + " ".join(f"{name}={value}" for name, value in attributes.items()) + "]"
