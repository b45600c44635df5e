"""A picture as a table of text, for terminals and screen readers, and for when nothing can be drawn."""

from __future__ import annotations

from .boxes import SUSPICIOUS, title_of
from .colour import number
from .escape import LONGEST_TOOLTIP, clean, dotted
from .model import Amount, Box, Drawing

HEADS = ("id", "name = operation", "kind", "value", "gradient", "turn", "operands", "module")


def table(drawing: Drawing) -> str:
    """One line for each box, the notes and what is marked first."""
    operands: dict[str, list[str]] = {}
    for edge in drawing.edges:
        operands.setdefault(edge.head, []).append(edge.tail)
    rows = [HEADS, *(_row(box, operands.get(box.id, [])) for box in drawing.boxes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*drawing.notes, *marked(drawing), *lines]) + "\n"


def marked(drawing: Drawing) -> list[str]:
    """A sentence on each box that is marked, the reason in full."""
    return [
        f"{SUSPICIOUS} {box.id} ({title_of(box)}) is suspicious: {clean(box.mark, LONGEST_TOOLTIP)}"
        for box in drawing.boxes
        if box.mark
    ]


def _row(box: Box, operands: list[str]) -> tuple[str, ...]:
    value = f"{box.count:,} values" if box.kind in ("module", "rest") else _shown(box.value)
    gradient = "" if box.kind in ("constant", "rest") else _shown(box.grad) or "not yet"
    kind = f"{box.kind} (root)" if box.is_root else box.kind
    turn = "" if box.order is None else str(box.order)
    path = dotted(box.path[:-1] if box.kind == "module" else box.path)
    return box.id, title_of(box), kind, value, gradient, turn, " ".join(operands), path


def _shown(amount: Amount | None) -> str:
    if amount is None:
        return ""
    if amount.number is not None:
        return number(amount.number, 6)
    return f"{amount.short} norm {number(amount.size, 6)}".strip()
