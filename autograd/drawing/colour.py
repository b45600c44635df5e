"""How numbers are written and how large gradients look: one logarithmic scale for boxes and edges.

The scale is cividis, which people who see fewer colours see as well, from pale (little) to dark (much). The sign is
never a colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

STEPS: Final = ("#fdea45", "#d5c164", "#a49d78", "#7f7c75", "#575c6e", "#1f3e6e", "#002051")
"""From the smallest gradient to the largest."""

LIGHT_TEXT, DARK_TEXT = "#ffffff", "#000000"
ZERO: Final = "#d9d9d9"
UNKNOWN: Final = "#ffffff"
ALARM: Final = "#d55e00"
GREY: Final = "#808080"
"""Of everything that stands on the background, which may be white or nearly black: 4:1 on both."""

LINE: Final = "#6e6e6e"
THINNEST, THICKEST = 0.8, 5.5
FAINTEST: Final = 0.45
WIDEST_RANGE: Final = 12
"""Decades below the largest gradient that the scale can tell apart."""


@dataclass(frozen=True)
class Scale:
    """The gradients that the palest and the darkest colour stand for; those outside look like the nearest of them."""

    low: float
    high: float

    def place(self, size: float) -> float:
        """Where a gradient lies on the logarithmic scale, 0 to 1."""
        span = math.log10(self.high) - math.log10(self.low)
        return min(max((math.log10(size) - math.log10(self.low)) / span, 0.0), 1.0)

    def step(self, size: float) -> int:
        """The index of its colour."""
        return round(self.place(size) * (len(STEPS) - 1))

    def middles(self) -> list[float]:
        """The gradient in the middle of each colour, for the legend."""
        last = len(STEPS) - 1
        low, high = math.log10(self.low), math.log10(self.high)
        return [float(10.0 ** (low + (high - low) * k / last)) for k in range(last + 1)]

    def width(self, size: float, thickest: float = THICKEST) -> float:
        """How wide an edge is drawn, in points."""
        return THINNEST + (thickest - THINNEST) * self.place(size)

    def line(self, size: float) -> str:
        """The colour of an edge: the same grey, more of it for more gradient, on any background."""
        return with_opacity(LINE, FAINTEST + (1 - FAINTEST) * self.place(size))


def text_on(step: int) -> str:
    """The colour of text on a colour of the scale; the contrast is 5:1 at least."""
    return DARK_TEXT if step <= len(STEPS) // 2 else LIGHT_TEXT


def with_opacity(colour: str, opacity: float) -> str:
    """The colour, partly transparent."""
    return f"{colour}{round(255 * opacity):02x}"


def fit(sizes: Iterable[float]) -> Scale:
    """A scale for these gradients: at least one decade, between round numbers.

    A hundredth of them may lie outside at either end, so that one exploding gradient does not hide the others.

    >>> fit([0.02, 0.4, 0.0, float("inf")])
    Scale(low=0.02, high=0.5)
    """
    known = sorted(size for size in sizes if 0.0 < size < math.inf)
    if not known:
        return Scale(0.1, 1.0)
    outside = len(known) // 100
    high = _round(min(max(known[-1 - outside], 1e-290), 1e300), up=True)
    low = max(min(known[outside], high / 10), high / 10**WIDEST_RANGE)
    return Scale(_round(low, up=False), high)


def _round(size: float, up: bool) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ... in that direction."""
    power = math.floor(math.log10(size))
    steps = [float(f"{digit}e{power + more}") for more in (-1, 0, 1) for digit in (1, 2, 5)]
    if up:
        return next(step for step in steps if step >= size * (1 - 1e-9))
    return next(step for step in reversed(steps) if step <= size * (1 + 1e-9))


def number(x: float, digits: int = 3) -> str:
    """A number with so many significant digits; never 0 for what is not.

    >>> [number(x) for x in (0.0, 0.5, 1234.5, 1e-5, -12345.6)]
    ['0', '0.5', '1234', '1e−5', '−1.23e4']
    """
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Inf" if x > 0 else "−Inf"
    if x == 0:
        return "0"
    mantissa, _, power = f"{abs(x):.{digits - 1}e}".partition("e")
    exponent = int(power)
    if -3 <= exponent < 4:
        text = _trimmed(f"{abs(x):.{max(digits - 1 - exponent, 0)}f}")
    else:
        text = f"{_trimmed(mantissa)}e{exponent}"
    return ("−" if x < 0 else "") + text.replace("-", "−")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
