"""Oracles for the table of rules: each row's exact function in mpmath, sample points, and how far off we are.

Nothing here is computed by the library that is tested.
"""

from __future__ import annotations

import functools
import math
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
import pytest
from mpmath import mp

from autograd.core.rule import Rule
from autograd.core.table import TABLE

REAL = (-3.0, 3.0)
POSITIVE = (0.1, 4.0)
DOMAINS: dict[str, tuple[tuple[float, float], ...]] = {
    "divide": (REAL, POSITIVE),
    "power": (POSITIVE, REAL),
    "arctan2": (REAL, POSITIVE),
    "log1p": ((-0.9, 4.0),),
    "tan": ((-1.4, 1.4),),
    **dict.fromkeys(("fmod", "floor_divide", "remainder"), ((2.1, 2.8), (0.97, 1.03))),
    "arccosh": ((1.1, 4.0),),
    **dict.fromkeys(("reciprocal", "sqrt", "log", "log2", "log10"), (POSITIVE,)),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), ((-0.9, 0.9),)),
}
"""Where to sample the rows that are not defined, or not smooth, on all real numbers: an interval for each operand."""


def domain(rule: Rule) -> tuple[tuple[float, float], ...]:
    """An interval to sample for each operand of a row."""
    return DOMAINS.get(rule.name, (REAL, REAL)[: rule.arity])


DIGITS = 60
TINY = 2.0**-1021  # below it floats have lost digits, so a relative error says nothing
HUGE = 1.7976931348623157e308


def linter() -> str:
    """The program ruff, which stands beside the Python that runs the tests; without it the test is skipped."""
    places = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    return shutil.which("ruff", path=places) or pytest.skip("ruff is not installed")


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x: -x,
    "abs": abs,
    "power": lambda x, y: x**y,
    "reciprocal": lambda x: 1 / x,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "square": lambda x: x * x,
    "sqrt": mp.sqrt,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": mp.log1p,
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "logaddexp2": lambda x, y: max(x, y) + mp.log1p(mp.mpf(2) ** -abs(x - y)) / mp.log(2),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)) if x > -1000 else x - mp.log1p(mp.exp(x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)) if x < 1000 else x + mp.log1p(mp.exp(-x)),
    "relu": lambda x: max(x, mp.mpf(0)),
    "leaky_relu": lambda x, y: x if x > 0 else y * x,
    "elu": lambda x, y: x if x > 0 else y * mp.expm1(x),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "silu": lambda x: x * _sigmoid(x),
    "maximum": max,
    "minimum": min,
    "sign": mp.sign,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "fmod": lambda x, y: mp.fmod(abs(x), abs(y)) * mp.sign(x),
    "floor_divide": lambda x, y: mp.floor(x / y),
    "remainder": lambda x, y: x - mp.floor(x / y) * y,
    "identity": lambda x: x,
}

# Where the formula itself cancels, the error is measured against the size of the terms that cancel, given here, and not
# against the result. Slot None is the value, 0 and 1 are the derivatives. Everything else is held to a relative error.
CANCELS: dict[tuple[str, int | None], tuple[str, Callable[..., Any]]] = {
    ("logaddexp", None): ("max + log1p(...) passes through 0", lambda x, y: abs(max(x, y)) + mp.log(2)),
    ("tanh", 0): ("1 - out*out, as NUMERICS prescribes: far out `out` has rounded to 1", lambda x: 1),
    ("sigmoid", 0): ("out*(1 - out), as NUMERICS prescribes: far right `out` has rounded to 1", _sigmoid),
    ("elu", 0): ("y*exp(x): exp underflows before a huge y is multiplied", lambda x, y: abs(y) * mp.mpf(2) ** -980),
    ("gelu", 0): (
        "the sum of Phi(x) and x*phi(x) passes through 0 near -0.75",
        lambda x: mp.erfc(-x / mp.sqrt(2)) / 2 + abs(x) * mp.npdf(x),
    ),
    ("silu", 0): (
        "1 + x*sigmoid(-x) passes through 0 near -1.28",
        lambda x: _sigmoid(x) * (1 + abs(x) * _sigmoid(-x)),
    ),
}

JUMPING = ("fmod", "floor_divide", "remainder")
EXTREMES = (1e-300, 1e-20, 1e-8, 1e-3, 0.5, 1.0, 2.5, 20.0, 37.0, 100.0, 700.0, 745.0, 1e3, 1e6, 1e16, 1e154, 1e300)


def points(rule: Rule, count: int = 25) -> list[tuple[float, ...]]:
    """Points to test a row at: random ones of its domain, then extreme ones, on both sides of 0."""
    rng = random.Random(rule.name)
    found = [tuple(rng.uniform(*interval) for interval in domain(rule)) for _ in range(count)]
    extremes = [0.0, *EXTREMES, *(-x for x in EXTREMES)]
    if rule.arity == 1:
        found += [(x,) for x in extremes]
    else:
        found += [(x, y) for x in extremes[::3] for y in extremes[1::4]] + [(x, x) for x in extremes[::5]]
    if rule.name in JUMPING:  # an error of the last digit is another whole number
        found = [(x, y) for x, y in found if y != 0 and abs(x / y) < 1e9 and abs(x / y % 1 - 0.5) < 0.4]
    if rule.name == "power":  # a whole number above 2**53 has no odd neighbour among the floats: y - 1 is lost
        found = [(x, y) for x, y in found if x >= 0 or abs(y) < 2.0**53]
    return found


def at_kink(rule: Rule, point: Sequence[float]) -> bool:
    """Whether the derivative jumps at this point: there it is a convention, and tested as one."""
    if rule.name in ("hypot", "arctan2") and point[0] == 0.0 and point[1] <= 0.0:  # the origin, and arctan2's cut
        return point == (0.0, 0.0) or rule.name == "arctan2"
    if rule.name == "cbrt" and point[0] == 0.0:
        return True
    gap = point[0] - point[1] if rule.name in ("maximum", "minimum") else point[0]
    return gap in rule.kinks or (rule.name in ("floor", "ceil") and gap == math.floor(gap))


def exact(rule: Rule, point: Sequence[float]) -> Any:
    """The value in many digits; None outside the domain."""
    with mp.workdps(digits(point)):
        return _real(EXACT[rule.name], [mp.mpf(x) for x in point])


def exact_partial(rule: Rule, index: int, point: Sequence[float]) -> Any:
    """The derivative to operand `index`: a central difference in so many digits that it has 40 left; or None."""
    with mp.workdps(2 * digits(point)):
        sizes = [abs(x) for x in point if x]
        step = mp.mpf(10) ** -30 * min([*sizes, 1.0]) / max([*sizes, 1.0])
        sides = [[mp.mpf(t) for t in point] for _ in range(2)]
        sides[0][index] += step
        sides[1][index] -= step
        above, below = (_real(EXACT[rule.name], side) for side in sides)
        return None if above is None or below is None else (above - below) / (2 * step)


def exact_second(rule: Rule, i: int, j: int, point: Sequence[float]) -> Any:
    """The second derivative to operands i and j, by mpmath; for points of moderate size."""
    orders = tuple((k == i) + (k == j) for k in range(rule.arity))
    with mp.workdps(50):
        operands = tuple(mp.mpf(x) for x in point)
        return mp.diff(EXACT[rule.name], operands if rule.arity > 1 else operands[0], orders if rule.arity > 1 else 2)


def digits(point: Sequence[float]) -> int:
    """Digits enough that x + step differs from x, and f(x + step) from f(x)."""
    tail = max((abs(x) for x in point if abs(x) <= 1000), default=0.0)  # exp(-x*x) beside 1, down to the least float
    return 60 + int(min(tail * tail, 800.0)) + int(sum(2 * abs(math.log10(abs(x))) for x in point if x))


def _real(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    try:
        value = function(*operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return value if isinstance(value, mpmath.mpf) and mp.isfinite(value) else None


def error(got: float, true: Any, scale: Any = 0) -> float:
    """The relative error of a float, `scale` being the least size that counts; infinite where it is simply wrong."""
    if abs(true) > HUGE:
        return 0.0 if got == math.copysign(math.inf, float(mp.sign(true))) else math.inf
    if not math.isfinite(got):
        return 0.0 if abs(true) > HUGE * 0.999999 else math.inf
    with mp.workdps(40):
        return float(abs(mp.mpf(got) - true) / max(abs(true), scale, TINY))


def allowance(rule: Rule, slot: int | None, point: Sequence[float]) -> Any:
    """The scale for `error`: the size of the terms that cancel in this formula, 0 where nothing does."""
    _, size = CANCELS.get((rule.name, slot), ("", lambda *_: 0))
    with mp.workdps(40):
        return size(*[mp.mpf(x) for x in point])


@functools.cache
def truth(name: str) -> list[tuple[tuple[float, ...], list[tuple[int | None, Any, Any]]]]:
    """For each point of a row: (slot, true number, scale) of the value (slot None) and of the derivatives."""
    rule, found = TABLE[name], []
    for point in points(rule):
        value = exact(rule, point)
        if value is not None:
            known = [(None, value, allowance(rule, None, point))]
            for k in range(rule.arity) if not at_kink(rule, point) else ():
                slope = exact_partial(rule, k, point)
                if slope is not None:
                    known.append((k, slope, allowance(rule, k, point)))
            found.append((point, known))
    return found


def errors(rule: Rule, evaluate: Callable[[Rule, tuple[float, ...]], Sequence[float]]) -> Iterator[tuple[Any, ...]]:
    """(error, slot, point, got, true) of the value and the derivatives that `evaluate` gives, in this order."""
    for point, known in truth(rule.name):
        got = evaluate(rule, point)
        for slot, true, scale in known:
            number = got[0 if slot is None else slot + 1]
            yield error(number, true, scale), slot, point, number, true


def same(a: float, b: float) -> bool:
    """Equal, or both NaN."""
    return a == b or (a != a and b != b)
