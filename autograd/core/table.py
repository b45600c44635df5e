"""The table: every elementwise primitive once, its value and its derivative. Read it as a calculus table.

`x` and `y` are the operands, `out` the result; after the name (and, where it is a formula, the value) comes one partial
derivative for each operand. A rule never asks what kind of number it is given: fed with arrays it differentiates a
`Tensor`, fed with `Value`s it records the graph of the derivative, fed with symbols it becomes text. So it never
branches: it selects with `where(greater(x, 0), a, b)`, which every kind of number understands.
"""
# fmt: off

from __future__ import annotations

import math
from typing import Any, Final

from ..numbers.functions import equal, greater, greater_equal, less, where
from .rule import Rule, intrinsic

LN2: Final = math.log(2.0)
LN10: Final = math.log(10.0)
SQRT_PI: Final = math.sqrt(math.pi)
SQRT_2PI: Final = math.sqrt(2.0 * math.pi)
SQRT_HALF: Final = math.sqrt(0.5)
SMALLEST: Final = 2.0**-1022  # below it, numbers lose digits and their reciprocals overflow

# ---------------------------------------------------------------------------------------------------- arithmetic
add = Rule("add", lambda x, y: x + y, lambda: 1, lambda: 1, symbol="+", commutative=True, doc="the sum x + y")
subtract = Rule("subtract", lambda x, y: x - y, lambda: 1, lambda: -1, symbol="-", doc="the difference x - y")
multiply = Rule("multiply", lambda x, y: x * y, lambda y: y, lambda x: x,
    symbol="*", commutative=True, doc="the product x * y")
divide = Rule("divide", lambda x, y: x / y, lambda y: 1 / y, lambda y, out: -out / y,
    symbol="/", doc="the quotient x / y; by zero it is infinite or NaN, as IEEE 754 says")
negative = Rule("negative", lambda x: -x, lambda: -1, symbol="-", doc="minus x")
abs = intrinsic("abs", lambda x: sign(x), c="fabs", kinks=(0.0,), doc="the distance of x from 0; its slope there is 0")

# -------------------------------------------------------------------------------------------------------- powers
def _nought(x: Any, y: Any, out: Any) -> Any:
    """The slope of x**0 to x, in words whose slope to y is 1 / x, also where x < 0 has no logarithm.

    It is stated to be 0 where 1 / x is not a number other than 0: at 0 and beside it, and at what is not finite.
    """
    slope = where(less(x, 0), y / x, y * out / x)
    return where(equal(x - x, 0), where(less(abs(x), SMALLEST), 0, slope), 0)

def _log(x: Any, y: Any, out: Any) -> Any:
    """The slope of x**y to y. For x < 0 it is NaN; that of x**0, which is 1 all around, still has the slope 1 / x."""
    return where(equal(y, 0), where(less(x, 0), (1 + y) * log(x), out * log(x)), out * log(x))

power = intrinsic("power",  # x**0 is 1 also at x = 0. Elsewhere x**(y - 1) is out / x: no 0 * inf where x is tiny
    lambda x, y, out: where(equal(y, 0), _nought(x, y, out), y * power(x, y - 1)),
    lambda x, y, out: where(equal(x, 0), where(greater_equal(y, 0), 0, -out), _log(x, y, out)),  # 0**y is 0 for y > 0
    symbol="**", c="pow", doc="x to the power y; NaN, never complex, for x < 0")
reciprocal = Rule("reciprocal", lambda x: 1 / x, lambda out: -out * out, doc="one over x")
cbrt = intrinsic("cbrt", lambda out: 1 / (3 * out * out), doc="the cube root")

def _cosine(side: Any, length: Any) -> Any:
    """side / length; that of an infinite side is 1 or -1."""
    return where(equal(abs(side), math.inf), sign(side), side / length)

square = Rule("square", lambda x: x * x, lambda x: 2 * x, doc="x times x")
sqrt = intrinsic("sqrt", lambda out: 0.5 / out, doc="the square root; NaN, never complex, below 0")
hypot = intrinsic("hypot",  # the norm of the zero vector has slope 0
    lambda x, out: where(equal(out, 0), 0, _cosine(x, out)),
    lambda y, out: where(equal(out, 0), 0, _cosine(y, out)),
    commutative=True, doc="sqrt(x*x + y*y), without overflow")

# ---------------------------------------------------------------------------------- exponentials and logarithms
exp = intrinsic("exp", lambda out: out, doc="e to the power x")
exp2 = intrinsic("exp2",  # at 1024 it overflows before its slope does
    lambda x, out: where(less(out, math.inf), out * LN2, exp2(x - 1) * (2 * LN2)), doc="2 to the power x")
expm1 = intrinsic("expm1", lambda x: exp(x), doc="exp(x) - 1, exact near 0")  # not out + 1, which cancels
log = intrinsic("log", lambda x: 1 / x, doc="the natural logarithm")
log2 = intrinsic("log2", lambda x: 1 / (x * LN2), doc="the logarithm to base 2")
log10 = intrinsic("log10", lambda x: 1 / (x * LN10), doc="the logarithm to base 10")
log1p = intrinsic("log1p", lambda x: 1 / (1 + x), doc="log(1 + x), exact near 0")

def _share(x: Any) -> Any:
    """sigmoid(x), in words whose own slope does not cancel where x is large."""
    return where(greater(x, 0), 1 - sigmoid(-x), sigmoid(x))

logaddexp = intrinsic("logaddexp",  # not exp(x - out): a large out has lost digits
    lambda x, y: where(equal(x, -math.inf), 0, _share(x - y)),
    lambda x, y: where(equal(y, -math.inf), 0, _share(y - x)),
    c="", formula=lambda x, y: where(equal(x, y), x + LN2, maximum(x, y) + log1p(exp(-abs(x - y)))),  # also of inf, inf
    commutative=True, doc="log(exp(x) + exp(y)), without overflow")

logaddexp2 = intrinsic("logaddexp2",
    lambda x, y: where(equal(x, -math.inf), 0, _share((x - y) * LN2)),
    lambda x, y: where(equal(y, -math.inf), 0, _share((y - x) * LN2)),
    c="", formula=lambda x, y: where(equal(x, y), x + 1, maximum(x, y) + log1p(exp2(-abs(x - y))) / LN2),
    commutative=True, doc="log2(2**x + 2**y), without overflow")

# -------------------------------------------------------------------------------- trigonometric and hyperbolic
sin = intrinsic("sin", lambda x: cos(x), doc="the sine, x in radians")
cos = intrinsic("cos", lambda x: -sin(x), doc="the cosine, x in radians")
tan = intrinsic("tan", lambda out: 1 + out * out, doc="the tangent, x in radians")

def _one_minus_square(x: Any) -> Any:
    """1 - x*x: near 1 without cancelling, near 0 and at 1 in the words whose own slope does not cancel."""
    return where(less(abs(abs(x) - 0.75), 0.25), (1 - x) * (1 + x), 1 - x * x)

arcsin = intrinsic("arcsin", lambda x: 1 / sqrt(_one_minus_square(x)),
    c="asin", doc="the angle in radians whose sine is x")
arccos = intrinsic("arccos", lambda x: -1 / sqrt(_one_minus_square(x)),
    c="acos", doc="the angle in radians whose cosine is x")

def _turn(side: Any, length: Any) -> Any:
    """How fast an angle turns. It does not at the origin and at infinity, where twice the length is the length."""
    return where(equal(2 * length, length), 0, side / length * (1 / length))  # XLA makes x / y / y x / (y * y)

arctan = intrinsic("arctan", lambda x: 1 / (1 + x * x), c="atan", doc="the angle in radians whose tangent is x")
arctan2 = intrinsic("arctan2",  # not y / (x*x + y*y), which overflows early
    lambda x, y: _turn(y, hypot(x, y)),
    lambda x, y: _turn(-x, hypot(x, y)),
    c="atan2", doc="the angle in radians of the point with height x and abscissa y")
sinh = intrinsic("sinh", lambda x: cosh(x), doc="the hyperbolic sine")
cosh = intrinsic("cosh", lambda x: sinh(x), doc="the hyperbolic cosine")
tanh = intrinsic("tanh", lambda out: 1 - out * out, doc="the hyperbolic tangent")
arcsinh = intrinsic("arcsinh", lambda x: 1 / hypot(x, 1),  # not 1/sqrt(1 + x*x), which overflows early
    c="asinh", doc="the inverse of sinh")
arccosh = intrinsic("arccosh",  # at 1, 0 * inf would come into its slope
    lambda x: 1 / where(equal(x, 1), sqrt(x * x - 1), sqrt(x - 1) * sqrt(x + 1)),
    c="acosh", doc="the inverse of cosh")
arctanh = intrinsic("arctanh", lambda x: 1 / _one_minus_square(x), c="atanh", doc="the inverse of tanh")
erf = intrinsic("erf", lambda x: 2 / SQRT_PI * exp(-x * x), doc="the error function")
erfc = intrinsic("erfc", lambda x: -2 / SQRT_PI * exp(-x * x), doc="1 - erf(x), exact far out")

# --------------------------------------------------------------------------------------------------- activations
def _sigmoid(x: Any) -> Any:
    e = exp(minimum(x, 40))  # beyond 40 it is 1 to the last digit, so nothing has to overflow
    return e / (1 + e)

sigmoid = Rule("sigmoid", _sigmoid, lambda out: out * (1 - out), doc="1 / (1 + exp(-x)), the logistic function")
log_sigmoid = Rule("log_sigmoid", lambda x: minimum(x, 0) - log1p(exp(-abs(x))),
    lambda x: where(less(x, 0), 1 - sigmoid(x), sigmoid(-x)), doc="log(sigmoid(x)), exact far out")
softplus = Rule("softplus", lambda x: maximum(x, 0) + log1p(exp(-abs(x))), lambda x: _share(x),
    doc="log(1 + exp(x)), without overflow")
relu = Rule("relu", lambda x: maximum(x, 0), lambda x: where(greater(x, 0), 1, 0),
    kinks=(0.0,), doc="x where it is positive, else 0; its slope at 0 is 0")
leaky_relu = Rule("leaky_relu", lambda x, y: where(greater(x, 0), x, y * x),
    lambda x, y: where(greater(x, 0), 1, y), lambda x: where(greater(x, 0), 0, x),
    kinks=(0.0,), defaults=(0.01,), doc="x where it is positive, else y * x with a small slope y")
elu = Rule("elu", lambda x, y: where(greater(x, 0), x, y * expm1(minimum(x, 0))),
    lambda x, y: where(greater(x, 0), 1, y * exp(minimum(x, 0))),
    lambda x: where(greater(x, 0), 0, expm1(minimum(x, 0))),
    kinks=(0.0,), defaults=(1.0,), doc="x where it is positive, else y * (exp(x) - 1)")
gelu = Rule("gelu", lambda x: 0.5 * x * erfc(-x * SQRT_HALF),
    lambda x: 0.5 * erfc(-x * SQRT_HALF) + x * exp(-0.5 * x * x) / SQRT_2PI,
    doc="x times the probability that a standard normal number is below x")
silu = Rule("silu", lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
    doc="x * sigmoid(x), also called swish")

# ----------------------------------------------------------------------------------------------------- selection
maximum = intrinsic("maximum",  # a tie is shared, and NaN makes one
    lambda x, y: where(greater(x, y), 1, where(less(x, y), 0, 0.5)),
    lambda x, y: where(less(x, y), 1, where(greater(x, y), 0, 0.5)),
    c="", formula=lambda x, y: where(greater(x, y), x, where(equal(x, x), y, x)),
    commutative=True, kinks=(0.0,), doc="the larger of x and y; NaN if either is")
minimum = intrinsic("minimum",
    lambda x, y: where(less(x, y), 1, where(greater(x, y), 0, 0.5)),
    lambda x, y: where(greater(x, y), 1, where(less(x, y), 0, 0.5)),
    c="", formula=lambda x, y: where(less(x, y), x, where(equal(x, x), y, x)),
    commutative=True, kinks=(0.0,), doc="the smaller of x and y; NaN if either is")
sign = intrinsic("sign", lambda: 0,
    c="", formula=lambda x: where(greater(x, 0), 1.0, where(less(x, 0), -1.0, x)),  # 0, -0.0 and NaN are their own sign
    kinks=(0.0,), doc="-1, 0 or 1; its slope is 0 everywhere")
floor = intrinsic("floor", lambda: 0,
    kinks=(-2.0, -1.0, 0.0, 1.0, 2.0), doc="the largest whole number not above x; its slope is 0")
ceil = intrinsic("ceil", lambda: 0,
    kinks=(-2.0, -1.0, 0.0, 1.0, 2.0), doc="the smallest whole number not below x; its slope is 0")
fmod = intrinsic("fmod", lambda: 1, lambda x, y: -_whole((x - fmod(x, y)) / y),
    doc="what is left of x after whole y's are taken away; it has the sign of x, as in C")

def _behind(x: Any, y: Any) -> Any:
    """Below 0 where `fmod` has the sign that Python's % would not give it."""
    return fmod(x, y) * sign(y)

def _whole(x: Any) -> Any:
    """A number that ought to be whole, rounded to the whole one."""
    return where(greater(x - floor(x), 0.5), floor(x) + 1, floor(x))

floor_divide = Rule("floor_divide",
    lambda x, y: where(equal(y, 0), x / y, _whole(where(less(_behind(x, y), 0), (x - fmod(x, y)) / y - 1,
                                                        (x - fmod(x, y)) / y))),
    lambda: 0, lambda: 0,
    doc="x // y, the quotient rounded down; its slope is 0")
remainder = Rule("remainder",
    lambda x, y: where(less(_behind(x, y), 0), fmod(x, y) + y, where(equal(fmod(x, y), 0), 0.0 * sign(y), fmod(x, y))),
    lambda: 1, lambda x, y: -floor_divide(x, y),
    doc="x % y, what is left after whole y's are taken away; it has the sign of y, as in Python")
identity = Rule("identity", lambda x: x, lambda: 1, doc="x itself, as a node of its own")

TABLE: Final[dict[str, Rule]] = {row.name: row for row in list(globals().values()) if isinstance(row, Rule)}
"""Every row by its name, in the order of this file."""
for row in TABLE.values():
    row.__module__ = __name__  # where pickle finds it by its name
