"""The table: every elementwise primitive once, its value and its derivative, in ordinary arithmetic.

Read it as a calculus table. `x` and `y` are the operands, `out` the result, `dx` and `dy` the partial derivatives.
A rule never asks what kind of number it was given: fed with arrays it differentiates a `Tensor`, fed with `Value`s it
records the graph of the derivative (so higher orders are free), fed with symbols it becomes text, and from that text
`value.py` is generated. So a new primitive is one entry here; nothing else in the engine changes.

A rule never branches. It selects with `where(greater(x, 0), a, b)`, which every kind of number understands.

The table starts at "arithmetic" below; what stands before it says what a row is and can be skipped at first.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from . import functions as fn
from .errors import OperandError
from .functions import equal, greater, greater_equal, less, where

Formula = Callable[..., Any]
Interval = tuple[float, float]

REAL: Final[Interval] = (-3.0, 3.0)
POSITIVE: Final[Interval] = (0.1, 4.0)

LN2: Final = math.log(2.0)
LN10: Final = math.log(10.0)
SQRT_PI: Final = math.sqrt(math.pi)
SQRT_2PI: Final = math.sqrt(2.0 * math.pi)
SQRT_HALF: Final = math.sqrt(0.5)


class Rule:
    """One row of the table: a primitive, which is also the public function that applies it.

    Args:
        name: numpy's name for it where numpy has one.
        value: the formula, a function of the operands.
        partials: one formula per operand; each names what it needs among the operands and `out`.
        symbol: how it is written between its operands, if it is (`+`, `*`).
        intrinsic: the value is a function of the machine (exp, tanh), not a formula of other rows.
        domain: per operand, an interval to draw test samples from.
        kinks: points of the first operand (of `maximum` and `minimum`: of x - y) where the value or its slope jumps.
        defaults: values of the last operands when they are left out.
        doc: one sentence.

    >>> tanh(0.5)
    0.46211715726000974
    >>> tanh.partial(0, (0.5,), tanh(0.5))
    0.7864477329659274
    """

    def __init__(
        self,
        name: str,
        value: Formula,
        *partials: Formula,
        symbol: str = "",
        intrinsic: bool = False,
        domain: Sequence[Interval] = (REAL, REAL),
        kinks: tuple[float, ...] = (),
        defaults: tuple[float, ...] = (),
        doc: str = "",
    ) -> None:
        self.name, self.value, self.partials = name, value, partials
        self.symbol, self.intrinsic, self.doc, self.defaults = symbol, intrinsic, doc, defaults
        given = [tuple(inspect.signature(formula).parameters) for formula in partials]
        own = tuple(inspect.signature(value).parameters)
        self.operands = ("x", "y")[: len(partials)] if intrinsic else own
        if len(self.operands) != len(partials):
            raise OperandError(
                f"{name} has {len(self.operands)} operands {self.operands} and {len(partials)} derivatives: "
                f"give one derivative for each operand"
            )
        for wanted in given:
            if unknown := set(wanted) - {*self.operands, "out"}:
                raise OperandError(
                    f"a derivative of {name} asks for {sorted(unknown)}: it may name the operands "
                    f"{self.operands} and out"
                )
        self.__doc__ = f"{name}({', '.join(self.operands)}): {doc}"
        self._wants = [tuple((*self.operands, "out").index(wanted) for wanted in names) for names in given]
        self._slopes = [_taking(formula, wants) for formula, wants in zip(partials, self._wants, strict=True)]
        self.domain, self.kinks = tuple(domain[: len(partials)]), kinks

    @property
    def arity(self) -> int:
        """How many operands it takes."""
        return len(self.operands)

    def partial(self, index: int, operands: Sequence[Any], out: Any) -> Any:
        """The derivative to operand `index`, computed in whatever kind of number the operands are."""
        known = (*operands, out)
        wanted = [known[place] for place in self._wants[index]]
        try:
            return self.partials[index](*wanted)
        except (ZeroDivisionError, OverflowError):
            return _ieee(self.partials[index], wanted)

    def __call__(self, *operands: Any) -> Any:
        """Apply it: a carrier among the operands (`Value`, `Tensor`, a symbol) is asked; else plain numbers.

        Raises:
            OperandError: the number of operands is wrong.
        """
        missing = self.arity - len(operands)
        if 0 < missing <= len(self.defaults):
            operands += self.defaults[-missing:]
        elif missing:
            raise OperandError(f"{self.name}() takes {self.arity} operands, got {len(operands)}")
        for operand in operands:
            carrier = getattr(operand, "_apply", None)
            if carrier is not None:
                return carrier(self, operands)
        for operand in operands:
            if isinstance(operand, np.ndarray) and operand.dtype == object:  # an array of Values: each by itself
                return self.each(*operands)
        try:
            return self.value(*operands)
        except (ZeroDivisionError, OverflowError):
            return _ieee(self.value, operands)

    def each(self, *operands: Any) -> Any:
        """Apply it to the elements of object arrays one by one, broadcasting as numpy does."""
        ufunc: Any = np.frompyfunc(self, self.arity, 1)
        return ufunc(*operands)

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.operands)})>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return self.name  # rows are module constants: copied and pickled by name


def _ieee(formula: Formula, operands: Sequence[Any]) -> Any:
    """The formula where Python's floats raise (1 / 0, an overflow of **): as IEEE 754 and numpy compute it."""
    with np.errstate(all="ignore"):  # arrays, of one element: a function of the machine gives floats for anything else
        return float(np.ravel(formula(*[np.array([operand]) for operand in operands]))[0])


def _taking(formula: Formula, wants: tuple[int, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """A formula of some of the operands and `out`, as a function of all of them in one tuple."""
    if not wants:
        return lambda known: formula()
    if len(wants) == 1:
        (only,) = wants
        return lambda known: formula(known[only])
    return lambda known: formula(*[known[place] for place in wants])


def primitive(value: Formula | None = None, /, *derivatives: Formula, **options: Any) -> Any:
    """Make a primitive of your own, on the same footing as the rows of the table.

    Args:
        derivatives: one function per operand. Each names what it needs: operands (by the names your function gives
            them) and `out`, the result; written in ordinary arithmetic and the functions of this library, so that
            it can be differentiated again, drawn and compiled.

    >>> from autograd import Value
    >>> @primitive(lambda x: 3 * x * x)
    ... def cube(x):
    ...     return x * x * x
    >>> v = Value(2.0)
    >>> cube(v).backward(); v.grad
    12.0
    """
    if isinstance(value, Rule):
        raise OperandError(f"{value.name} is a primitive already")
    first = () if value is None else (value,)
    derivatives = (*first, *derivatives)
    remedy = "give the derivative too: @primitive(lambda x, out: ...), one for each operand"

    def make(function: Formula) -> Rule:
        if not callable(function):  # `@primitive` without a derivative made a decorator of the function itself
            raise OperandError(remedy)
        doc = (inspect.getdoc(function) or "a user's own primitive").partition("\n")[0]
        row = Rule(function.__name__, function, *derivatives, **{"doc": doc, **options})
        row.__module__ = function.__module__  # where pickle finds it by its name
        return row

    if not derivatives or any(not callable(d) for d in derivatives):
        raise OperandError(remedy)
    return make


# ---------------------------------------------------------------------------------------------------- arithmetic

add: Rule = Rule(
    "add", lambda x, y: x + y,
    lambda: 1,
    lambda: 1,
    symbol="+", doc="the sum x + y",
)  # fmt: skip
subtract: Rule = Rule(
    "subtract", lambda x, y: x - y,
    lambda: 1,
    lambda: -1,
    symbol="-", doc="the difference x - y",
)  # fmt: skip
multiply: Rule = Rule(
    "multiply", lambda x, y: x * y,
    lambda y: y,
    lambda x: x,
    symbol="*", doc="the product x * y",
)  # fmt: skip
divide: Rule = Rule(
    "divide", lambda x, y: x / y,
    lambda y: 1 / y,
    lambda y, out: -out / y,
    symbol="/", domain=(REAL, POSITIVE), doc="the quotient x / y; by zero it is infinite or NaN, as IEEE 754 says",
)  # fmt: skip
negative: Rule = Rule(
    "negative", lambda x: -x,
    lambda: -1,
    symbol="-", doc="minus x",
)  # fmt: skip
abs: Rule = Rule(
    "abs", fn.abs,
    lambda x: sign(x),  # 0 at 0
    intrinsic=True, kinks=(0.0,), doc="the distance of x from 0",
)  # fmt: skip

# -------------------------------------------------------------------------------------------------------- powers

power: Rule = Rule(
    "power", fn.power,
    # x**0 is 1 also at x = 0, so its slope there is 0. Elsewhere x**(y - 1) is out / x: no 0 * inf where x is tiny
    lambda x, y, out: where(equal(y, 0), where(equal(x, 0), 0, y * out / x), y * power(x, y - 1)),
    lambda x, y, out: where(equal(x, 0), where(greater_equal(y, 0), 0, -out), out * log(x)),  # 0**y is 0 for y > 0
    symbol="**", intrinsic=True, domain=(POSITIVE, REAL), doc="x to the power y; NaN, never complex, for x < 0",
)  # fmt: skip
reciprocal: Rule = Rule(
    "reciprocal", lambda x: 1 / x,
    lambda out: -out * out,
    domain=(POSITIVE,), doc="one over x",
)  # fmt: skip
square: Rule = Rule(
    "square", lambda x: x * x,
    lambda x: 2 * x,
    doc="x times x",
)  # fmt: skip
sqrt: Rule = Rule(
    "sqrt", fn.sqrt,
    lambda out: 0.5 / out,
    intrinsic=True, domain=(POSITIVE,), doc="the square root; NaN, never complex, below 0",
)  # fmt: skip
hypot: Rule = Rule(
    "hypot", fn.hypot,
    lambda x, out: where(equal(out, 0), 0, x / out),  # the norm of the zero vector has slope 0
    lambda y, out: where(equal(out, 0), 0, y / out),
    intrinsic=True, doc="sqrt(x*x + y*y), without overflow",
)  # fmt: skip

# ---------------------------------------------------------------------------------- exponentials and logarithms

exp: Rule = Rule(
    "exp", fn.exp,
    lambda out: out,
    intrinsic=True, doc="e to the power x",
)  # fmt: skip
exp2: Rule = Rule(
    "exp2", fn.exp2,
    lambda out: out * LN2,
    intrinsic=True, doc="2 to the power x",
)  # fmt: skip
expm1: Rule = Rule(
    "expm1", fn.expm1,
    lambda x: exp(x),  # not out + 1, which cancels for very negative x
    intrinsic=True, doc="exp(x) - 1, exact near 0",
)  # fmt: skip
log: Rule = Rule(
    "log", fn.log,
    lambda x: 1 / x,
    intrinsic=True, domain=(POSITIVE,), doc="the natural logarithm",
)  # fmt: skip
log2: Rule = Rule(
    "log2", fn.log2,
    lambda x: 1 / (x * LN2),
    intrinsic=True, domain=(POSITIVE,), doc="the logarithm to base 2",
)  # fmt: skip
log10: Rule = Rule(
    "log10", fn.log10,
    lambda x: 1 / (x * LN10),
    intrinsic=True, domain=(POSITIVE,), doc="the logarithm to base 10",
)  # fmt: skip
log1p: Rule = Rule(
    "log1p", fn.log1p,
    lambda x: 1 / (1 + x),
    intrinsic=True, domain=((-0.9, 4.0),), doc="log(1 + x), exact near 0",
)  # fmt: skip
logaddexp: Rule = Rule(
    "logaddexp", fn.logaddexp,
    lambda x, y: where(equal(x, -math.inf), 0, sigmoid(x - y)),  # not exp(x - out): a large out has lost digits
    lambda x, y: where(equal(y, -math.inf), 0, sigmoid(y - x)),
    intrinsic=True, doc="log(exp(x) + exp(y)), without overflow",
)  # fmt: skip

# -------------------------------------------------------------------------------- trigonometric and hyperbolic

sin: Rule = Rule(
    "sin", fn.sin,
    lambda x: cos(x),
    intrinsic=True, doc="the sine, x in radians",
)  # fmt: skip
cos: Rule = Rule(
    "cos", fn.cos,
    lambda x: -sin(x),
    intrinsic=True, doc="the cosine, x in radians",
)  # fmt: skip
tan: Rule = Rule(
    "tan", fn.tan,
    lambda out: 1 + out * out,
    intrinsic=True, domain=((-1.4, 1.4),), doc="the tangent, x in radians",
)  # fmt: skip
arcsin: Rule = Rule(
    "arcsin", fn.arcsin,
    lambda x: 1 / sqrt((1 - x) * (1 + x)),
    intrinsic=True, domain=((-0.9, 0.9),), doc="the angle in radians whose sine is x",
)  # fmt: skip
arccos: Rule = Rule(
    "arccos", fn.arccos,
    lambda x: -1 / sqrt((1 - x) * (1 + x)),
    intrinsic=True, domain=((-0.9, 0.9),), doc="the angle in radians whose cosine is x",
)  # fmt: skip
arctan: Rule = Rule(
    "arctan", fn.arctan,
    lambda x: 1 / (1 + x * x),
    intrinsic=True, doc="the angle in radians whose tangent is x",
)  # fmt: skip
arctan2: Rule = Rule(
    "arctan2", fn.arctan2,
    lambda x, y: y / hypot(x, y) / hypot(x, y),  # not y / (x*x + y*y), which overflows early
    lambda x, y: -x / hypot(x, y) / hypot(x, y),
    intrinsic=True, domain=(REAL, POSITIVE), doc="the angle in radians of the point with height x and abscissa y",
)  # fmt: skip
sinh: Rule = Rule(
    "sinh", fn.sinh,
    lambda x: cosh(x),
    intrinsic=True, doc="the hyperbolic sine",
)  # fmt: skip
cosh: Rule = Rule(
    "cosh", fn.cosh,
    lambda x: sinh(x),
    intrinsic=True, doc="the hyperbolic cosine",
)  # fmt: skip
tanh: Rule = Rule(
    "tanh", fn.tanh,
    lambda out: 1 - out * out,
    intrinsic=True, doc="the hyperbolic tangent",
)  # fmt: skip
arcsinh: Rule = Rule(
    "arcsinh", fn.arcsinh,
    lambda x: 1 / hypot(x, 1),  # not 1/sqrt(1 + x*x), which overflows early
    intrinsic=True, doc="the inverse of sinh",
)  # fmt: skip
arccosh: Rule = Rule(
    "arccosh", fn.arccosh,
    lambda x: 1 / (sqrt(x - 1) * sqrt(x + 1)),
    intrinsic=True, domain=((1.1, 4.0),), doc="the inverse of cosh",
)  # fmt: skip
arctanh: Rule = Rule(
    "arctanh", fn.arctanh,
    lambda x: 1 / ((1 - x) * (1 + x)),
    intrinsic=True, domain=((-0.9, 0.9),), doc="the inverse of tanh",
)  # fmt: skip
erf: Rule = Rule(
    "erf", fn.erf,
    lambda x: 2 / SQRT_PI * exp(-x * x),
    intrinsic=True, doc="the error function",
)  # fmt: skip
erfc: Rule = Rule(
    "erfc", fn.erfc,
    lambda x: -2 / SQRT_PI * exp(-x * x),
    intrinsic=True, doc="1 - erf(x), exact far out",
)  # fmt: skip

# --------------------------------------------------------------------------------------------------- activations


def _sigmoid(x: Any) -> Any:
    e = exp(-abs(x))  # never above 1, so nothing overflows on either side
    return where(greater_equal(x, 0), 1, e) / (1 + e)


sigmoid: Rule = Rule(
    "sigmoid", _sigmoid,
    lambda out: out * (1 - out),
    doc="1 / (1 + exp(-x)), the logistic function",
)  # fmt: skip
log_sigmoid: Rule = Rule(
    "log_sigmoid", lambda x: minimum(x, 0) - log1p(exp(-abs(x))),
    lambda x: sigmoid(-x),
    doc="log(sigmoid(x)), exact far out",
)  # fmt: skip
softplus: Rule = Rule(
    "softplus", lambda x: maximum(x, 0) + log1p(exp(-abs(x))),
    lambda x: sigmoid(x),
    doc="log(1 + exp(x)), without overflow",
)  # fmt: skip
relu: Rule = Rule(
    "relu", lambda x: maximum(x, 0),
    lambda x: where(greater(x, 0), 1, 0),  # 0 at 0
    kinks=(0.0,), doc="x where it is positive, else 0",
)  # fmt: skip
leaky_relu: Rule = Rule(
    "leaky_relu", lambda x, y: where(greater(x, 0), x, y * x),
    lambda x, y: where(greater(x, 0), 1, y),
    lambda x: where(greater(x, 0), 0, x),
    kinks=(0.0,), defaults=(0.01,), doc="x where it is positive, else y * x with a small slope y",
)  # fmt: skip
elu: Rule = Rule(
    "elu", lambda x, y: where(greater(x, 0), x, y * expm1(minimum(x, 0))),
    lambda x, y: where(greater(x, 0), 1, y * exp(minimum(x, 0))),
    lambda x: where(greater(x, 0), 0, expm1(minimum(x, 0))),
    kinks=(0.0,), defaults=(1.0,), doc="x where it is positive, else y * (exp(x) - 1)",
)  # fmt: skip
gelu: Rule = Rule(
    "gelu", lambda x: 0.5 * x * erfc(-x * SQRT_HALF),
    lambda x: 0.5 * erfc(-x * SQRT_HALF) + x * exp(-0.5 * x * x) / SQRT_2PI,
    doc="x times the probability that a standard normal number is below x",
)  # fmt: skip
silu: Rule = Rule(
    "silu", lambda x: x * sigmoid(x),
    lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
    doc="x * sigmoid(x), also called swish",
)  # fmt: skip

# ----------------------------------------------------------------------------------------------------- selection

maximum: Rule = Rule(
    "maximum", fn.maximum,
    lambda x, y: where(greater(x, y), 1, where(equal(x, y), 0.5, 0)),  # a tie is shared
    lambda x, y: where(less(x, y), 1, where(equal(x, y), 0.5, 0)),
    intrinsic=True, kinks=(0.0,), doc="the larger of x and y; NaN if either is",
)  # fmt: skip
minimum: Rule = Rule(
    "minimum", fn.minimum,
    lambda x, y: where(less(x, y), 1, where(equal(x, y), 0.5, 0)),
    lambda x, y: where(greater(x, y), 1, where(equal(x, y), 0.5, 0)),
    intrinsic=True, kinks=(0.0,), doc="the smaller of x and y; NaN if either is",
)  # fmt: skip
sign: Rule = Rule(
    "sign", fn.sign,
    lambda: 0,
    intrinsic=True, kinks=(0.0,), doc="-1, 0 or 1; its slope is 0 everywhere",
)  # fmt: skip
floor: Rule = Rule(
    "floor", fn.floor,
    lambda: 0,
    intrinsic=True, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0), doc="the largest whole number not above x; its slope is 0",
)  # fmt: skip
ceil: Rule = Rule(
    "ceil", fn.ceil,
    lambda: 0,
    intrinsic=True, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0), doc="the smallest whole number not below x; its slope is 0",
)  # fmt: skip
identity: Rule = Rule(
    "identity", lambda x: x,
    lambda: 1,
    doc="x itself, as a node of its own",
)  # fmt: skip

TABLE: Final[dict[str, Rule]] = {row.name: row for row in list(globals().values()) if isinstance(row, Rule)}
"""Every row by its name, in the order of this file."""

CHOSEN: Final = Rule("where", lambda x: x, lambda: 1, doc="the operand that a condition chose")

# What a leaf is, said in the place where a result names its primitive.
INPUT: Final = Rule("", lambda: None, doc="a number from outside")
PARAMETER: Final = Rule("", lambda: None, doc="a number to be learned")
CONSTANT: Final = Rule("", lambda: None, doc="a number written in a formula")
