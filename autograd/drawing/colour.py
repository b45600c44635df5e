"""How numbers are written and how gradients look: hue says the sign, strength says the size, on one logarithmic scale.

Blue is positive (or a norm, which has no sign), orange is negative; people who see fewer colours tell them apart too.
The smallest gradient is nearly grey, the largest is vivid. Every colour has a contrast of 3:1 at least against its
background, for which there are three series: for a page in the light, for one in the dark, and for pictures, which may
stand on either. They are equal steps of chroma in OKLCH, at the hues 258 and 40 (45 in the dark).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Series = tuple[str, ...]

PLUS: Final = ("#8e939a", "#7c8da6", "#6885b0", "#557ebb", "#396fbc", "#256acb", "#0065da")
MINUS: Final = ("#9a918e", "#a2857c", "#a87969", "#ae6d56", "#aa583b", "#b34d27", "#bb4104")
"""From the smallest gradient to the largest, on any background."""

PAGE: Final[dict[str, tuple[Series, Series]]] = {
    "light": (
        ("#8d9299", "#7a899e", "#677fa2", "#4f70a0", "#3964a2", "#2358a4", "#024ca7"),
        ("#99908c", "#9d8279", "#9e7465", "#9a604c", "#9c5339", "#9f4524", "#a33702"),
    ),
    "dark": (
        ("#676b72", "#637082", "#6a7e9d", "#6d8bb6", "#7097cf", "#72a1e7", "#72abff"),
        ("#716965", "#83695e", "#9e7461", "#b77b60", "#d0815e", "#e88659", "#ff8a52"),
    ),
}
"""The same for the two themes of the page, positive and negative."""

LIGHT_TEXT, DARK_TEXT = "#ffffff", "#000000"
PAPER: Final = "#ffffff"
"""The fill of a box that has no gradient: exactly 0, or not yet known."""

ALARM: Final = "#d4058c"
"""NaN, infinity, and what is suspicious."""

GREY: Final = "#808080"
"""Of everything else that stands on the background: 3.9:1 on white and on nearly black."""

THINNEST, THICKEST = 1.0, 5.5
WIDEST_RANGE: Final = 12
"""Decades below the largest gradient that the scale can tell apart."""

DUST: Final = 2.0**-50
"""A gradient below this part of the largest is what rounding leaves: it counts as 0."""


@dataclass(frozen=True)
class Scale:
    """The gradients that the palest and the strongest colour stand for; those outside look like the nearest of them.

    Attributes:
        dust: gradients up to this size count as 0.
    """

    low: float
    high: float
    dust: float = 0.0

    def place(self, size: float) -> float:
        """Where a gradient lies on the logarithmic scale, 0 to 1."""
        span = math.log10(self.high) - math.log10(self.low)
        return min(max((math.log10(size) - math.log10(self.low)) / span, 0.0), 1.0)

    def step(self, size: float) -> int:
        """The index of its colour."""
        return round(self.place(size) * (len(PLUS) - 1))

    def tone(self, size: float, negative: bool = False) -> str:
        """The colour of a gradient that is neither 0 nor infinite."""
        return (MINUS if negative else PLUS)[self.step(size)]

    def width(self, size: float, thickest: float = THICKEST) -> float:
        """How wide an edge is drawn, in points."""
        return THINNEST + (thickest - THINNEST) * self.place(size)


def text_on(fill: str) -> str:
    """White or black, whichever can be read better on a colour.

    >>> text_on("#0065da")
    '#ffffff'
    """
    return LIGHT_TEXT if luminance(fill) < 0.18 else DARK_TEXT


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" as WCAG 2 defines it, from 0 for black to 1 for white."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def fit(sizes: Iterable[float]) -> Scale:
    """A scale for these gradients: at least one decade, between round numbers.

    A hundredth of them may lie outside at either end, so that one exploding gradient does not hide the others.

    >>> fit([0.02, 0.4, 0.0, float("inf")])
    Scale(low=0.02, high=0.5, dust=3.552713678800501e-16)
    """
    known = sorted(size for size in sizes if 0.0 < size < math.inf)
    if not known:
        return Scale(0.1, 1.0)
    largest = known[-1 - len(known) // 100]
    dust = DUST * largest
    known = [size for size in known if size > dust]
    high = _round(min(max(largest, 1e-290), 1e300), up=True)
    low = max(min(known[len(known) // 100], high / 10), high / 10**WIDEST_RANGE)
    return Scale(_round(low, up=False), high, dust)


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
