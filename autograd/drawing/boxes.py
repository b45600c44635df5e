"""A box as DOT has it: its lines of text, its tooltip, its fill and its border.

What it is shows on the border, its gradient on the fill. Text from users goes through `escape` and nowhere else.
"""

from __future__ import annotations

import math
from typing import Final

from . import colour, matrix
from .colour import ALARM, GREY, PAPER, Scale
from .escape import LONGEST, LONGEST_TOOLTIP, clean, dotted, quoted, tooltip
from .model import Amount, Box
from .options import Options

Attributes = dict[str, str]

CONSTANT: Final = "#f2f2f2"
SUSPICIOUS: Final = "⚠"
"""Before the reason in a marked box: what tells its border from that of NaN and Inf, also in greyscale."""

PLAIN: Final = ("constant", "rest", "again")
"""Boxes that have no gradient of their own to show."""


def attributes(box: Box, options: Options, scale: Scale) -> Attributes:
    """Everything that DOT is told about a box."""
    fill = _fill(box, options, scale)
    lines = lines_of(box, options)
    found = {
        "id": f'"{box.id}"',
        "class": f'"{box.kind}{" root" * box.is_root}{" marked" * bool(box.mark)}"',
        "label": quoted(*lines),
        "tooltip": tooltip(*_explained(box)),
        **fill,
    }
    if shows_table(box, options):
        rows = box.value.rows if box.value is not None else ()
        graded = scale if options.grads else None
        found["label"] = matrix.label(lines, rows, box.grad, graded, fill["fontcolor"].strip('"'))
        found["margin"] = '"0.04,0.02"'
    return found


def shows_table(box: Box, options: Options) -> bool:
    """Whether its numbers stand in the box, one by one."""
    return options.tables and options.values and box.value is not None and bool(box.value.rows)


def title_of(box: Box) -> str:
    """The first line of a box: its name and its operation."""
    name = clean(box.label)
    if box.kind == "rest":
        return "…"
    if box.sign:
        return f"{name} = {clean(box.sign)}" if name else clean(box.sign)
    return name or ("" if box.kind == "constant" else box.kind)


def lines_of(box: Box, options: Options) -> list[str]:
    """The two lines of a box, histograms if they are asked for, and why it is marked."""
    short = box.mark if len(box.mark) <= LONGEST else box.mark.partition(": ")[0]  # the tooltip has it in full
    mark = [f"{SUSPICIOUS} {clean(short)}"] if box.mark else []
    if box.kind == "rest":
        return ["…", f"{box.count:,} values left out", *mark]
    titles = [title_of(box)]
    if box.kind == "again":
        return titles
    if box.kind in ("module", "neuron") and box.label and box.sign:
        titles = [clean(box.label), clean(box.sign)]
    if box.equation:
        titles.append(box.equation)
    if options.order and box.order is not None:
        titles[0] = f"{box.order}.  {titles[0]}"
    parts = [_held(box, options.digits)] if options.values else []
    if options.grads and box.kind != "constant":
        parts.append(_gradient(box.grad, options.digits))
    spreads = [box.value.spread] if options.values and box.value is not None else []
    if options.grads and box.grad is not None and box.grad.spread:
        spreads.append(f"∇ {box.grad.spread}")
    return [line for line in (*titles, " │ ".join(parts), *spreads, *mark) if line] or [box.kind]


def full(amount: Amount | None) -> str:
    """Every digit of a number, or what is known of an array."""
    if amount is None:
        return "not yet computed"
    if amount.number is not None:
        return repr(amount.number)
    return f"{amount.short}: {amount.detail}" if amount.short else repr(amount.size)


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
    lines = [".".join(filter(None, [dotted(box.path), name if box.kind != "module" else ""]))]
    if box.kind == "again":
        return [f"{lines[0] or title_of(box)}, which is drawn on another line"]
    if box.kind in ("module", "neuron"):
        lines.append(f"{box.count:,} values, {box.parameters:,} of them parameters")
        if box.value is not None:
            lines.append(f"value {full(box.value)}")
        lines.append(f"{'gradient' if box.value is not None else 'norm of the gradient'} {full(box.grad)}")
        return [line for line in (*lines, *mark) if line]
    lines.append(f"{box.kind}{' of ' + clean(box.op) if box.op else ''}")
    lines.append(f"value {full(box.value)}")
    if box.kind != "constant":
        lines.append(f"gradient {full(box.grad)}")
    if box.order is not None:
        lines.append(f"turn {box.order} of backward")
    if box.source:
        lines.append(clean(box.source, LONGEST_TOOLTIP))
    return [line for line in (*lines, *mark) if line]


def _fill(box: Box, options: Options, scale: Scale) -> Attributes:
    square = box.kind in ("input", "constant", "rest") or (box.kind == "module" and not box.sign)
    styles = ["filled"] if square else ["filled", "rounded"]
    fill, border, width = PAPER, GREY, 1.0
    found: Attributes = {}
    if box.kind == "parameter":
        found["peripheries"] = "2"
    elif box.kind == "module" and not box.sign:
        found["shape"] = "box3d"
    elif box.kind == "constant":
        fill, width = CONSTANT, 0.0
    if box.is_root:
        width = 3.0
    if box.kind not in PLAIN and options.grads:
        if box.grad is None:
            styles.append("dashed")
        elif not math.isfinite(box.grad.size):
            fill, border, width = ALARM, ALARM, 4.0
        elif box.grad.size > scale.dust:
            fill = scale.tone(box.grad.size, box.grad.is_negative)
    if box.value is not None and not math.isfinite(box.value.size):
        border, width = ALARM, 4.0
    if box.mark:
        border, width = ALARM, 5.0
        styles = [style for style in styles if style != "dashed"]
    if box.kind == "again":  # no box of its own: its name where the line goes on
        return {"style": '"rounded"', "fontcolor": f'"{GREY}"', "color": f'"{GREY}"', "penwidth": "0.6"}
    return {
        **found,
        "style": f'"{",".join(styles)}"',
        "fillcolor": f'"{fill}"',
        "fontcolor": f'"{colour.text_on(fill)}"',
        "color": f'"{border}"',
        "penwidth": f"{width:g}",
    }
