"""erf and erfc of arrays, which numpy lacks: rational functions on three pieces of the line. And its power, mended.

Within a few units in the last place of `math.erf` and `math.erfc`, and more than ten times as fast as calling those
for each element.

Source: W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969), 631-637.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ..system.quiet import quiet

Pair = tuple[tuple[float, ...], tuple[float, ...]]  # numerator and denominator, highest power first

NEAR: Final[Pair] = (  # erf(x) / x in x*x, for |x| <= 0.46875
    (1.85777706184603153e-1, 3.16112374387056560e00, 1.13864154151050156e02, 3.77485237685302021e02,
     3.20937758913846947e03),
    (1.0, 2.36012909523441209e01, 2.44024637934444173e02, 1.28261652607737228e03, 2.84423683343917062e03),
)  # fmt: skip
MIDDLE: Final[Pair] = (  # exp(x*x) * erfc(x), for 0.46875 <= x <= 4
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e01,
     2.98635138197400131e02, 8.81952221241769090e02, 1.71204761263407058e03, 2.05107837782607147e03,
     1.23033935479799725e03),
    (1.0, 1.57449261107098347e01, 1.17693950891312499e02, 5.37181101862009858e02, 1.62138957456669019e03,
     3.29079923573345963e03, 4.36261909014324716e03, 3.43936767414372164e03, 1.23033935480374942e03),
)  # fmt: skip
FAR: Final[Pair] = (  # x*x * (1 / sqrt(pi) - x * exp(x*x) * erfc(x)) in 1 / (x*x), for x >= 4
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e00, 1.87295284992346725e00, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip
EDGE: Final = 0.46875
SPLIT: Final = 4.0
END: Final = 28.0
"""From here on erfc is 0: below the smallest of all floats."""


@quiet
def erf(x: Any) -> Any:
    """The error function of a float array, in its dtype."""
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    return _in_dtype(np.where(size <= EDGE, _near(wide), np.copysign(1.0 - _upper(size), wide)), x)


@quiet
def erfc(x: Any) -> Any:
    """1 - erf(x) of a float array, in its dtype; as exact, relative to itself, where it is tiny."""
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    upper = _upper(size)
    return _in_dtype(np.where(size <= EDGE, 1.0 - _near(wide), np.where(wide < 0, 2.0 - upper, upper)), x)


def power(x: Any, y: Any) -> Any:
    """numpy's, but as IEEE 754 has it where numpy takes the square root of -inf instead."""
    out = np.power(x, y)
    if np.ndim(y) == 0 and y == 0.5:
        out = np.where(np.isneginf(x), np.inf, out).astype(out.dtype)
    return out


def _in_dtype(result: Any, x: Any) -> Any:
    return result.astype(np.result_type(x.dtype, np.float16), copy=False)


def _near(x: Any) -> Any:
    """erf(x), where |x| <= 0.46875; elsewhere some number."""
    x = np.clip(x, -EDGE, EDGE)
    return x * _rational(NEAR, x * x)


def _upper(x: Any) -> Any:
    """erfc(x), where x >= 0.46875; elsewhere some number."""
    x = np.clip(x, EDGE, END)
    scaled = np.asarray(_rational(MIDDLE, np.minimum(x, SPLIT)))
    far = x > SPLIT
    if far.any():
        y = x[far]
        z = 1.0 / (y * y)
        scaled[far] = (1.0 / math.sqrt(math.pi) - z * _rational(FAR, z)) / y
    # exp(-x*x) with an x*x of twice the digits: `short` has so few that its square is exact
    short = np.floor(x * 16.0) / 16.0
    return scaled * np.exp(-short * short) * np.exp((short - x) * (short + x))


def _rational(pair: Pair, x: Any) -> Any:
    above, below = (polynomial(coefficients, x) for coefficients in pair)
    above /= below
    return above


def polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """Horner's scheme; on an array it makes one new array."""
    total = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    total += coefficients[-1]
    return total
