"""Float functions as IEEE 754 and numpy define them: infinities and NaN, never an exception.

Python's `math` raises where numpy returns a special value (`math.exp(1000)`, `1.0 / 0.0`, `math.log(0.0)`); a
recorded computation must go on. Nothing here knows about graphs. Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import math
from typing import Final

INF: Final = math.inf
NAN: Final = math.nan


def divide(x: float, y: float) -> float:
    if y != 0.0:
        return x / y
    if x == 0.0 or x != x:
        return NAN
    return math.copysign(INF, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0.0 and _odd(y) else INF
    except ValueError:
        if x != 0.0:
            return NAN  # a negative base with a fractional exponent: NaN, never complex
        return math.copysign(INF, x) if _odd(y) else INF


def _odd(y: float) -> bool:
    return math.isfinite(y) and math.fabs(math.fmod(y, 2.0)) == 1.0  # before Python 3.11, pow(0, -inf) raises, too


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else NAN


def cbrt(x: float) -> float:
    if x == 0.0 or not math.isfinite(x):
        return x
    root = math.copysign(math.pow(math.fabs(x), 1.0 / 3.0), x)
    return root - (root * root * root - x) / (3.0 * root * root)  # one step of Newton's: math.cbrt is of Python 3.11


def fmod(x: float, y: float) -> float:
    return NAN if y == 0.0 or math.isinf(x) else math.fmod(x, y)


def exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def exp2(x: float) -> float:
    return power(2.0, x)


def expm1(x: float) -> float:
    try:
        return math.expm1(x)
    except OverflowError:
        return INF


def log(x: float) -> float:
    if x > 0.0:
        return math.log(x)
    return -INF if x == 0.0 else NAN


def log2(x: float) -> float:
    if x > 0.0:
        return math.log2(x)
    return -INF if x == 0.0 else NAN


def log10(x: float) -> float:
    if x > 0.0:
        return math.log10(x)
    return -INF if x == 0.0 else NAN


def log1p(x: float) -> float:
    if x > -1.0:
        return math.log1p(x)
    return -INF if x == -1.0 else NAN


def sin(x: float) -> float:
    return NAN if math.isinf(x) else math.sin(x)


def cos(x: float) -> float:
    return NAN if math.isinf(x) else math.cos(x)


def tan(x: float) -> float:
    return NAN if math.isinf(x) else math.tan(x)


def arcsin(x: float) -> float:
    return math.asin(x) if -1.0 <= x <= 1.0 else NAN


def arccos(x: float) -> float:
    return math.acos(x) if -1.0 <= x <= 1.0 else NAN


def sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return INF


def arccosh(x: float) -> float:
    return math.acosh(x) if x >= 1.0 else NAN


def arctanh(x: float) -> float:
    if -1.0 < x < 1.0:
        return math.atanh(x)
    return math.copysign(INF, x) if math.fabs(x) == 1.0 else NAN


def floor(x: float) -> float:
    return x if math.isinf(x) or x != x else float(math.floor(x))


def ceil(x: float) -> float:
    return x if math.isinf(x) or x != x else float(math.ceil(x))


def sign(x: float) -> float:
    if x > 0.0:
        return 1.0
    return -1.0 if x < 0.0 else x  # 0, -0.0 and NaN are their own sign, as in numpy


def maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


def minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


def logaddexp2(x: float, y: float) -> float:
    if x == y:
        return x + 1.0
    return maximum(x, y) + log1p(exp2(-math.fabs(x - y))) / math.log(2.0)


def logaddexp(x: float, y: float) -> float:
    if x == y:
        return x + math.log(2.0)  # also for two equal infinities, whose difference is NaN
    return maximum(x, y) + log1p(exp(-math.fabs(x - y)))
