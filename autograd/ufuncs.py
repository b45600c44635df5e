"""The elementwise functions of numpy and of scipy.special by the names that they have there, as rows of the table.

What numpy hands to a Value or a Tensor (`__array_ufunc__`) is looked up here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from .core import table
from .errors import OperandError
from .numbers.functions import equal, less, where

Function = Callable[..., Any]


def _xlogy(x: Any, y: Any) -> Any:
    return where(equal(x, 0), 0.0 * x, x * table.log(y))


def sinc(x: Any) -> Any:
    """sin(πx) / (πx), which is 1 at 0; near 0 by its series, which has slopes there and loses no digits."""
    t = math.pi * x
    s = t * t
    series = 1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72)))
    small = less(s, 0.01)
    return where(small, series, table.sin(t) / where(small, 1.0, t))


def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Numbers in the place of NaN and infinities, where the derivative is 0."""
    largest = float(np.finfo(getattr(x, "dtype", float)).max)
    high, low = (largest if posinf is None else posinf), (-largest if neginf is None else neginf)
    bounded = where(equal(x, math.inf), float(high), where(equal(x, -math.inf), float(low), x))
    return where(equal(x, x), bounded, float(nan))


def select(condlist: Any, choicelist: Any, default: Any = 0.0) -> Any:
    """For each element the choice of the first condition that holds."""
    chosen = default
    for condition, choice in reversed([*zip(condlist, choicelist, strict=True)]):
        chosen = where(condition, choice, chosen)
    return chosen


OF_NUMPY: Final[dict[str, Function]] = {
    **{name: row for name, row in table.TABLE.items() if isinstance(getattr(np, name, None), np.ufunc)},
    "absolute": table.abs,
    "fabs": table.abs,
    "positive": table.identity,
    "conjugate": table.identity,
    "float_power": table.power,
    **dict.fromkeys(("deg2rad", "radians"), lambda x: x * (math.pi / 180.0)),
    **dict.fromkeys(("rad2deg", "degrees"), lambda x: x * (180.0 / math.pi)),
}
OF_SCIPY: Final[dict[str, Function]] = {
    "expit": table.sigmoid,
    "log_expit": table.log_sigmoid,
    "logit": lambda x: table.log(x) - table.log1p(-x),
    "erf": table.erf,
    "erfc": table.erfc,
    "ndtr": lambda x: 0.5 * table.erfc(-x * table.SQRT_HALF),
    "xlogy": _xlogy,
    "xlog1py": lambda x, y: where(equal(x, 0), 0.0 * x, x * table.log1p(y)),
    "entr": lambda x: -_xlogy(x, x),
}
ELEMENTWISE: Final[dict[str, Function]] = {**OF_NUMPY, **OF_SCIPY}

ROUND: Final = "floor() and ceil(), whose slope is 0, or np.{name}({x}.data) for a plain result"
INSTEAD: Final[dict[str, str]] = {
    **dict.fromkeys(("rint", "trunc", "round", "around", "fix"), ROUND),
    "copysign": "where(y > 0, abs(x), -abs(x))",
    "heaviside": "where(x > 0, 1.0, 0.0)",
    "fmax": "maximum(x, y)",
    "fmin": "minimum(x, y)",
}
"""What to write in the place of some others."""


HISTOGRAMS: Final = ("histogram", "histogram2d", "histogramdd", "histogram_bin_edges")
"""Which tell something about numbers, but are sums of their weights."""


def check_weights(name: str, options: Mapping[str, Any], carrier: str) -> None:
    """Refuse a histogram of recorded weights, which would lose their graph.

    Raises:
        OperandError: there are such.
    """
    weights = options.get("weights")
    if name in HISTOGRAMS and (hasattr(weights, "_apply") or getattr(weights, "dtype", "") == "O"):
        raise refusal(f"np.{name}", carrier, "(weights * mask).sum() for each bin", " with weights=")


def module_of(ufunc: Any) -> str:
    """Where an elementwise function is found."""
    return "np" if hasattr(np, ufunc.__name__) or not ufunc.__name__.isidentifier() else "scipy.special"


def refusal(full: str, carrier: str, instead: str = "", what: str = "") -> OperandError:
    """The error for what is not differentiated, naming what is.

    Args:
        full: the name with its module: `np.sinc`.
        carrier: "Tensor" or "Value".
    """
    name, x = full.partition(".")[2], carrier[0].lower()
    default = f"{full}({x}.data) for a plain result, or the functions of autograd for one with a derivative"
    instead = (instead or INSTEAD.get(name, default)).format(name=name, x=x)
    return OperandError(f"{full}{what} of a {carrier} is not differentiated: use {instead}")
