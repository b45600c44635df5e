"""The key below a picture: title, notes, the colour scale, and what borders, widths and signs mean.

It is the label of the whole graph, so that it never lies across anything. Written as an HTML-like label, because only
that has coloured cells; the one text of a user's in it, the title, is escaped. It says only what occurs in the picture,
in lines no longer than the picture is wide.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final, NamedTuple

from . import colour
from .boxes import CONSTANT, SUSPICIOUS, shows_table
from .colour import ALARM, GREY, PAPER, Scale
from .escape import clean, html
from .model import Drawing
from .options import Options

_TABLE: Final = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">'
_BREAK: Final = '<BR ALIGN="LEFT"/>'
LETTER: Final = 5.6  # points of a letter of this size, on average
LINE: Final = 19.0  # points of a line of the key
SWATCH: Final = 13


class Key(NamedTuple):
    """The label of a graph, and about how much room it takes, in points."""

    text: str
    wide: float
    high: float


class Piece(NamedTuple):
    """A part of the key that stays on one line."""

    text: str
    wide: float


def legend(drawing: Drawing, options: Options, scale: Scale, dense: bool, wide: float) -> Key:
    """The label of the graph; its text is "" if there is nothing to say.

    Args:
        wide: how long its lines may be, in points.
    """
    letters = int(wide / LETTER)
    rows, high = [], 0.0
    if options.title:
        titles = textwrap.wrap(clean(options.title, 200), letters)
        rows.append(_BREAK.join(f"<B>{html(line)}</B>" for line in titles) + _BREAK)
        high += LINE * len(titles)
    for note in drawing.notes:
        lines = textwrap.wrap(note, letters)
        rows.append(_BREAK.join(f"<I>{html(line)}</I>" for line in lines) + _BREAK)
        high += LINE * len(lines)
    longest = 0.0
    if options.legend:
        for pieces in _lines(_key(drawing, options, scale, dense), wide):
            rows.append(_table([piece.text for piece in pieces], 3))
            high += LINE
            longest = max(longest, sum(piece.wide for piece in pieces))
    if not rows:
        return Key("", 0.0, 0.0)
    cells = "".join(f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows)
    return Key(f"<{_TABLE.format(padding=1)}{cells}</TABLE>>", longest, high)


def _lines(pieces: Iterable[Piece], wide: float) -> list[list[Piece]]:
    """The pieces in lines, as text flows."""
    lines: list[list[Piece]] = []
    left = 0.0
    for piece in pieces:
        if not lines or piece.wide > left:
            lines.append([])
            left = wide
        lines[-1].append(piece)
        left -= piece.wide
    return lines


def _key(drawing: Drawing, options: Options, scale: Scale, dense: bool) -> Iterable[Piece]:
    """The pieces of the key: only what occurs in the picture."""
    if options.grads:
        yield from _gradients(drawing, scale)
    if any(box.mark for box in drawing.boxes):
        yield _swatch(f"{SUSPICIOUS} suspicious: why is in the box, in full in its tooltip", border=3, line=ALARM)
    yield from _kinds(drawing)
    yield from _numbers(drawing, options, dense)


def _gradients(drawing: Drawing, scale: Scale) -> Iterable[Piece]:
    """What hue and strength say, of boxes and of edges."""
    grads = [box.grad for box in drawing.boxes if box.kind not in ("constant", "rest", "again")]
    flows = [edge.flow for edge in drawing.edges if not edge.to_constant]
    known = [each for each in (*grads, *flows) if each is not None]
    graded = [each for each in known if scale.dust < each.size < float("inf")]
    if graded:
        yield _words("gradient ∇")
        if any(each.is_negative for each in graded):
            yield _scale(scale, negative=True)
        if any(not each.is_negative for each in graded):
            yield _scale(scale, negative=False)
    if any(each.size <= scale.dust for each in known):
        yield _swatch("0")
    if any(0.0 < each.size <= scale.dust for each in known):
        yield _words(f"below {colour.number(scale.dust, 1)}, what rounding leaves, counts as 0")
    if any(not each.size < float("inf") for each in known):
        yield _swatch("NaN or Inf", ALARM, line=ALARM)
    if None in grads or None in flows:
        yield _swatch("? not yet", style="DASHED")


def _scale(scale: Scale, negative: bool) -> Piece:
    """The colours of one sign, between the gradients at their ends."""
    sign = "−" if negative else ""
    ends = [sign + colour.number(end, 2) for end in (scale.low, scale.high)]
    tones = list(colour.MINUS if negative else colour.PLUS)
    if negative:
        tones.reverse()
        ends.reverse()
    swatches = "".join(f'<TD FIXEDSIZE="TRUE" WIDTH="{SWATCH}" HEIGHT="11" BGCOLOR="{tone}"></TD>' for tone in tones)
    left, right = (f'<TD><FONT COLOR="{GREY}">{html(end)}</FONT></TD>' for end in ends)
    text = f"{_TABLE.format(padding=1)}<TR>{left}{swatches}{right}</TR></TABLE>"
    return Piece(text, SWATCH * len(tones) + LETTER * (sum(map(len, ends)) + 2) + 8)


def _kinds(drawing: Drawing) -> Iterable[Piece]:
    kinds = {box.kind for box in drawing.boxes}
    if "parameter" in kinds:
        inner = _swatch("parameter", style="ROUNDED")
        boxed = f'<TABLE BORDER="1" CELLSPACING="0" CELLPADDING="2" STYLE="ROUNDED" COLOR="{GREY}"><TR><TD BORDER="0">'
        yield Piece(f"{boxed}{inner.text}</TD></TR></TABLE>", inner.wide + 8)
    if "input" in kinds:
        yield _swatch("input")
    if "constant" in kinds:
        yield _swatch("constant", CONSTANT, border=0)
    if "result" in kinds:
        yield _swatch("name = operation", style="ROUNDED")
    if any(box.is_root and box.kind != "input" for box in drawing.boxes):
        yield _swatch("result", style="ROUNDED", border=3)
    if any(box.sign.startswith("Σ") for box in drawing.boxes):
        yield _words("Σ: a sum of products, then its activation")
    if "again" in kinds:
        yield _swatch("drawn on another line", "transparent", style="ROUNDED")


def _numbers(drawing: Drawing, options: Options, dense: bool) -> Iterable[Piece]:
    if options.partials and not dense and any(edge.partial is not None for edge in drawing.edges):
        yield _words("on an edge: its local derivative")
    if options.grads and any(edge.flow is not None for edge in drawing.edges):
        yield _words("wide and vivid: much gradient flows along it")
    if any(edge.mark for edge in drawing.edges):
        yield _words("① ② first and second operand")
    if options.grads and any(box.grad is not None and box.grad.number is None for box in drawing.boxes):
        yield _words("‖∇‖ Euclidean norm")
    if options.grads and any(shows_table(box, options) and box.grad is not None for box in drawing.boxes):
        yield _words("a cell of a table: coloured by the gradient of that number")


# ------------------------------------------------------------------------------------------------- pieces of tables


def _table(cells: Iterable[str], padding: int) -> str:
    written = "".join([f'<TD ALIGN="LEFT">{cell}</TD>' for cell in cells])
    return f"{_TABLE.format(padding=padding)}<TR>{written}</TR></TABLE>"


def _words(text: str) -> Piece:
    return Piece(f'<FONT COLOR="{GREY}">{html(text)}</FONT>{_BREAK}', LETTER * len(text) + 14)


def _swatch(words: str, fill: str = PAPER, style: str = "", border: int = 1, line: str = GREY) -> Piece:
    options = f'BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1" COLOR="{line}" BGCOLOR="{fill}"'
    if style:
        options += f' STYLE="{style}"'
    text = GREY if fill == "transparent" else colour.text_on(fill)
    cell = f'<TABLE {options}><TR><TD><FONT COLOR="{text}"> {html(words)} </FONT></TD></TR></TABLE>'
    return Piece(cell, LETTER * (len(words) + 2) + 16)
