"""A small matrix inside its box: its numbers as a table, each cell coloured by the gradient of that very element.

An HTML-like label, because only that has cells. What surrounds the table is in `dot`, colours and numbers in `colour`.
"""

from __future__ import annotations

import math

from . import colour
from .colour import ALARM, GREY, PAPER, Scale
from .escape import html
from .model import Amount, Rows

DIGITS = 2
"""More would make the box wide; the tooltip has the norm and the extremes in full."""


def label(lines: list[str], value: Rows, grad: Amount | None, scale: Scale | None, text: str) -> str:
    """The label of a box that shows its numbers between its first line and the others.

    Args:
        lines: what the box says without the table.
        value: the rows of its array.
        grad: its gradient; where the rows of that are known, they colour the cells.
        scale: of the colours; None for no colours.
        text: the colour of text on the box.
    """
    slopes = grad.rows if grad is not None and scale is not None else ()
    grid = "".join(
        "<TR>"
        + "".join(
            _cell(number, slopes[i][j] if slopes else None, scale if slopes else None, text)
            for j, number in enumerate(row)
        )
        + "</TR>"
        for i, row in enumerate(value)
    )
    inner = f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="3" COLOR="{GREY}">{grid}</TABLE>'
    rows = [*map(html, lines[:1]), inner, *map(html, lines[1:])]
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{cells}</TABLE>>'


def _cell(number: float, slope: float | None, scale: Scale | None, text: str) -> str:
    fill = ""
    if slope is not None and scale is not None:
        if not math.isfinite(slope):
            fill = ALARM
        else:
            fill = scale.tone(abs(slope), slope < 0) if abs(slope) > scale.dust else PAPER
        text = colour.text_on(fill)
    background = f' BGCOLOR="{fill}"' if fill else ""
    shown = f'<FONT COLOR="{text}" POINT-SIZE="11">{html(colour.number(number, DIGITS))}</FONT>'
    return f'<TD ALIGN="RIGHT"{background}>{shown}</TD>'
