"""The key below a picture: title, notes, the colour scale, and what borders, widths and dashes mean.

It is the label of the whole graph, so that it never lies across anything. Written as an HTML-like label, because only
that has coloured cells; the one text of a user's in it, the title, is escaped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

from . import colour
from .colour import ALARM, GREY, UNKNOWN, ZERO, Scale
from .escape import clean, html
from .model import Box, Drawing
from .options import Options

_TABLE: Final = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">'
_BREAK: Final = '<BR ALIGN="LEFT"/>'
LINE_LENGTH: Final = 90
SUSPICIOUS: Final = "⚠"
"""Before the reason in a marked box: what tells its border from that of NaN and Inf, also in greyscale."""


def legend(drawing: Drawing, options: Options, scale: Scale, dense: bool) -> str:
    """The label of the graph; "" if there is nothing to say."""
    rows = [f"<B>{html(clean(options.title, 200))}</B>"] if options.title else []
    rows += [
        _BREAK.join(f"<I>{html(line)}</I>" for line in textwrap.wrap(note, LINE_LENGTH)) + _BREAK
        for note in drawing.notes
    ]
    if options.legend:
        rows += _key(drawing, options, scale, dense)
    if not rows:
        return ""
    cells = "".join(f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows)
    return f"<{_TABLE.format(padding=3)}{cells}</TABLE>>"


def _key(drawing: Drawing, options: Options, scale: Scale, dense: bool) -> Iterable[str]:
    """The rows of the key: only what occurs in the picture."""
    kinds = {box.kind for box in drawing.boxes}
    if options.grads:
        yield _row(_scale(drawing, scale))
    has_root = any(box.is_root and box.kind == "result" for box in drawing.boxes)
    if any(box.mark for box in drawing.boxes):
        words = f"{SUSPICIOUS} suspicious: why is in the box, in full in its tooltip"
        yield _row([_swatch(UNKNOWN, colour.DARK_TEXT, words, border=5, line=ALARM)])
    for cells in (
        list(_kinds(kinds, has_root)),
        list(_numbers(drawing, options, dense)),
        list(_flows(drawing, options)),
    ):
        if cells:  # Graphviz refuses a row without cells
            yield _row(cells)


def _scale(drawing: Drawing, scale: Scale) -> Iterable[str]:
    graded = [box for box in drawing.boxes if box.kind not in ("constant", "rest")]
    yield _text("gradient ∇")
    if any(box.grad is not None for box in graded):
        swatches = zip(colour.STEPS, scale.middles(), strict=True)
        yield _joined(
            _swatch(fill, colour.text_on(step), colour.number(middle, 2))
            for step, (fill, middle) in enumerate(swatches)
        )
    if any(box.grad is not None and box.grad.size == 0 for box in graded):
        yield _swatch(ZERO, colour.DARK_TEXT, "exactly 0", "DASHED")
    if any(box.grad is not None and not box.grad.size < float("inf") for box in graded):
        yield _swatch(ALARM, colour.DARK_TEXT, "NaN or Inf")
    if any(box.grad is None for box in graded):
        yield _swatch(UNKNOWN, colour.DARK_TEXT, "? not yet", "DASHED")


def _kinds(kinds: set[str], has_root: bool) -> Iterable[str]:
    if "parameter" in kinds:
        inner = _swatch(UNKNOWN, colour.DARK_TEXT, "parameter", "ROUNDED")
        yield _boxed(inner, f'BORDER="1" CELLSPACING="0" CELLPADDING="3" STYLE="ROUNDED" COLOR="{GREY}"')
    if "input" in kinds:
        yield _swatch(UNKNOWN, colour.DARK_TEXT, "input")
    if "constant" in kinds:
        yield _swatch("#f2f2f2", colour.DARK_TEXT, "constant", border=0)
    if "result" in kinds:
        yield _swatch(UNKNOWN, colour.DARK_TEXT, "name = operation", "ROUNDED")
    if has_root:
        yield _swatch(UNKNOWN, colour.DARK_TEXT, "result", "ROUNDED", border=3)


def _numbers(drawing: Drawing, options: Options, dense: bool) -> Iterable[str]:
    if options.partials and not dense and any(edge.partial is not None for edge in drawing.edges):
        yield _text("number on an edge: its local derivative")
    if any(edge.mark for edge in drawing.edges):
        yield _text("① ② first and second operand")
    if options.grads and any(box.grad is not None and box.grad.number is None for box in drawing.boxes):
        yield _text("‖∇‖ Euclidean norm")
    if options.tables and options.values and options.grads and any(_has_cells(box) for box in drawing.boxes):
        yield _text("a cell of a table: coloured by the gradient of that number")


def _has_cells(box: Box) -> bool:
    return box.value is not None and bool(box.value.rows) and box.grad is not None


def _flows(drawing: Drawing, options: Options) -> Iterable[str]:
    lines = [edge for edge in drawing.edges if not edge.to_constant]
    flows = [edge.flow for edge in lines if edge.flow is not None] if options.grads else []
    if flows:
        thin, thick = (
            _line(width, colour.with_opacity(colour.LINE, opacity))
            for width, opacity in ((1, colour.FAINTEST), (round(colour.THICKEST), 1))
        )
        yield _joined([_text("gradient along it: little"), thin, thick, _text("much")])
    if any(flow.number is not None and flow.number < 0 for flow in flows):
        yield _joined([_dashes(2, colour.LINE), _text("negative")])
    if any(flow.size == 0 for flow in flows):
        yield _joined([_dashes(1, colour.with_opacity(GREY, 0.45)), _text("exactly 0")])
    if any(not flow.size < float("inf") for flow in flows):
        yield _joined([_line(round(colour.THICKEST), ALARM), _text("NaN or Inf")])


# ------------------------------------------------------------------------------------------------- pieces of tables


def _row(cells: Iterable[str]) -> str:
    return _table(cells, 4)


def _joined(cells: Iterable[str]) -> str:
    return _table(cells, 1)


def _table(cells: Iterable[str], padding: int) -> str:
    written = "".join([f'<TD ALIGN="LEFT">{cell}</TD>' for cell in cells])
    return f"{_TABLE.format(padding=padding)}<TR>{written}</TR></TABLE>"


def _boxed(content: str, options: str) -> str:
    return f'<TABLE {options}><TR><TD BORDER="0">{content}</TD></TR></TABLE>'


def _text(text: str) -> str:
    return f'<FONT COLOR="{GREY}">{html(text)}</FONT>{_BREAK}'


def _swatch(fill: str, text: str, words: str, style: str = "", border: int = 1, line: str = GREY) -> str:
    options = f'BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" COLOR="{line}" BGCOLOR="{fill}"'
    if style:
        options += f' STYLE="{style}"'
    return f'<TABLE {options}><TR><TD WIDTH="30"><FONT COLOR="{text}">{html(words)}</FONT></TD></TR></TABLE>'


def _line(width: int, fill: str) -> str:
    cell = f'<TD FIXEDSIZE="TRUE" WIDTH="26" HEIGHT="{width}" BGCOLOR="{fill}"></TD>'
    return f"{_TABLE.format(padding=0)}<TR>{cell}</TR></TABLE>"


def _dashes(width: int, fill: str) -> str:
    dash = f'<TD FIXEDSIZE="TRUE" WIDTH="6" HEIGHT="{width}" BGCOLOR="{fill}"></TD>'
    gap = f'<TD FIXEDSIZE="TRUE" WIDTH="4" HEIGHT="{width}"></TD>'
    return f"{_TABLE.format(padding=0)}<TR>{gap.join([dash] * 4)}</TR></TABLE>"
