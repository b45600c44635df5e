"""A training where no script runs: its loss over the steps and what the model answers in the end, as a picture."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Final

from ..colour import number
from ..escape import html

WIDE: Final = 360
HIGH: Final = 200
LEFT: Final = 56
RIGHT: Final = 12
TOP: Final = 28
BOTTOM: Final = 24

Line = tuple[Sequence[float], Sequence[float]]


def picture(parts: Sequence[tuple[str, Line, Line | None]]) -> str:
    """Small plots side by side as an image for HTML.

    Args:
        parts: for each plot its title, a line as its xs and ys, and points.
    """
    found = "".join(_plot(k * WIDE, *part) for k, part in enumerate(parts))
    wide = WIDE * len(parts)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {HIGH}" width="{wide}" height="{HIGH}" '
        f'font-family="Helvetica,Arial,sans-serif" font-size="11" fill="#808080">{found}</svg>'
    )
    data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    words = html("; ".join(f"{title}: {number(line[1][-1])} in the end" for title, line, _ in parts))
    return f'<img style="max-width:100%;height:auto" alt="{words}" src="data:image/svg+xml;base64,{data}">'


def _plot(left: int, title: str, line: Line, points: Line | None) -> str:
    dots = points or ((), ())
    xs = _ends([*line[0], *dots[0]])
    ys = _ends([*line[1], *dots[1]])

    def at(x: float, y: float) -> str:
        across = left + LEFT + (x - xs[0]) / (xs[1] - xs[0]) * (WIDE - LEFT - RIGHT)
        return f"{across:.1f},{HIGH - BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (HIGH - TOP - BOTTOM):.1f}"

    corner, end = left + LEFT, left + WIDE - RIGHT
    finite = [(x, y) for x, y in zip(*line, strict=True) if math.isfinite(y)]
    drawn = [
        f'<text x="{corner}" y="16" font-weight="bold">{html(title)}</text>',
        f'<path d="M{corner},{TOP}V{HIGH - BOTTOM}H{end}" fill="none" stroke="#808080"/>',
        *(f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="2.5"/>' for p in map(at, *dots)),
        f'<path d="M{" ".join(at(x, y) for x, y in finite)}" fill="none" stroke="#0072b2" stroke-width="2"/>',
    ]
    for text, x, y, anchor in (
        (ys[1], corner - 5, TOP + 9, "end"), (ys[0], corner - 5, HIGH - BOTTOM, "end"),
        (xs[0], corner, HIGH - 8, "start"), (xs[1], end, HIGH - 8, "end"),
    ):  # fmt: skip
        drawn.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{number(text)}</text>')
    return "".join(drawn)


def _ends(numbers: Sequence[float]) -> tuple[float, float]:
    known = [each for each in numbers if math.isfinite(each)] or [0.0]
    low, high = min(known), max(known)
    return (low, high) if low < high else (low - 0.5, high + 0.5)
