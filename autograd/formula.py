"""Numbers that write themselves down: feed symbols to a rule and its formula comes back as text.

The drawer writes the text on an edge's tooltip, the documentation in its table, and `tools/generate.py` turns it into
the float arithmetic of `value.py`. Nothing here computes; nothing here knows about graphs.

>>> from autograd.core.table import tanh, power
>>> derivative(tanh, 0)
'1 - out * out'
>>> derivative(power, 1)
'where(x == 0, where(y >= 0, 0, -out), where(y == 0, where(x < 0, (1 + y) * log(x), out * log(x)), out * log(x)))'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from .core.rule import Rule
from .core.table import TABLE

LEVEL: Final = {"compare": 0, "+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4, "atom": 5}
"""How tightly each way of writing binds; every printer of formulas uses this one table."""


Atom = Callable[[Any, Sequence[str]], str]


class Symbol:
    """A named operand, a number, or an operation on symbols. `key` tells equal formulas apart from others."""

    __slots__ = ("args", "key", "op")

    def __init__(self, op: str | Rule, args: tuple[Any, ...] = ()) -> None:
        self.op, self.args = op, args
        name = op.name if isinstance(op, Rule) else op
        self.key: tuple[Any, ...] = (name, *(a.key if isinstance(a, Symbol) else repr(a) for a in args))

    # ---- arithmetic; 1 * x, x + 0 and the like fold, or the text is noise
    def __add__(self, other: Any) -> Any:
        return self if other == 0 else Symbol(TABLE["add"], (self, other))

    def __radd__(self, other: Any) -> Any:
        return self if other == 0 else Symbol(TABLE["add"], (other, self))

    def __sub__(self, other: Any) -> Any:
        return self if other == 0 else Symbol(TABLE["subtract"], (self, other))

    def __rsub__(self, other: Any) -> Any:
        return -self if other == 0 else Symbol(TABLE["subtract"], (other, self))

    def __mul__(self, other: Any) -> Any:
        return self if other == 1 else Symbol(TABLE["multiply"], (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self if other == 1 else Symbol(TABLE["multiply"], (other, self))

    def __truediv__(self, other: Any) -> Any:
        return self if other == 1 else Symbol(TABLE["divide"], (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return Symbol(TABLE["divide"], (other, self))

    def __pow__(self, other: Any) -> Any:
        return self if other == 1 else Symbol(TABLE["power"], (self, other))

    def __rpow__(self, other: Any) -> Any:
        return Symbol(TABLE["power"], (other, self))

    def __floordiv__(self, other: Any) -> Any:
        return Symbol(TABLE["floor_divide"], (self, other))

    def __mod__(self, other: Any) -> Any:
        return Symbol(TABLE["remainder"], (self, other))

    def __neg__(self) -> Any:
        return Symbol(TABLE["negative"], (self,))

    # ---- conditions
    def __gt__(self, other: Any) -> Any:
        return Symbol(">", (self, other))

    def __ge__(self, other: Any) -> Any:
        return Symbol(">=", (self, other))

    def __lt__(self, other: Any) -> Any:
        return Symbol("<", (self, other))

    def __le__(self, other: Any) -> Any:
        return Symbol("<=", (self, other))

    @staticmethod
    def _equal(x: Any, y: Any) -> Symbol:
        return Symbol("==", (x, y))

    @staticmethod
    def _where(condition: Any, x: Any, y: Any) -> Symbol:
        return Symbol("where", (condition, x, y))

    @staticmethod
    def _apply(rule: Rule, operands: tuple[Any, ...]) -> Any:
        return Symbol(rule, operands)

    def __bool__(self) -> bool:
        raise TypeError("a rule must not branch: select with where(greater(x, y), a, b)")

    def __str__(self) -> str:
        return write(self)


def name_symbols(rule: Rule) -> tuple[Symbol, ...]:
    """A symbol for each operand of a rule, under the name the rule gives it."""
    return tuple(Symbol(name) for name in rule.operands)


def names_in(formula: Any) -> set[str]:
    """The names that a formula is made of.

    >>> sorted(names_in(Symbol("x") * Symbol("out") + 1))
    ['out', 'x']
    """
    if not isinstance(formula, Symbol):
        return set()
    return set[str]().union(*map(names_in, formula.args)) if formula.args else {str(formula.op)}


def derivative(rule: Rule, index: int) -> str:
    """The formula of ∂out/∂operand as text, as a label or a table shows it."""
    return write(rule.partial(index, name_symbols(rule), Symbol("out")))


def value(rule: Rule) -> str:
    """The formula of the value as text."""
    operands = name_symbols(rule)
    if rule.symbol and rule.arity == 2:
        return write(Symbol(rule, operands))
    return f"{rule.name}({', '.join(rule.operands)})" if rule.intrinsic else write(rule.value(*operands))


def write(formula: Any, atom: Atom | None = None, constant: Callable[[float], str] | None = None) -> str:
    """A formula as text with no more parentheses than it needs.

    Args:
        atom: writes what is neither a name nor infix: (symbol, written operands) → text. A call by default.
        constant: writes a number; 1 rather than 1.0 by default.
    """
    return _write(formula, atom or _call, constant or number)[0]


def _call(symbol: Symbol, operands: Sequence[str]) -> str:
    if isinstance(symbol.op, str) and symbol.op != "where":
        return f"{operands[0]} {symbol.op} {operands[1]}"
    return f"{symbol.op if isinstance(symbol.op, str) else symbol.op.name}({', '.join(operands)})"


def _write(formula: Any, atom: Atom, constant: Callable[[float], str]) -> tuple[str, int]:
    """The text, and the level at which it binds."""
    if not isinstance(formula, Symbol):
        text = constant(formula)
        return text, LEVEL["neg"] if text.startswith("-") else LEVEL["atom"]
    if not formula.args:
        return str(formula.op), LEVEL["atom"]
    written = [_write(a, atom, constant) for a in formula.args]
    sign = formula.op.symbol if isinstance(formula.op, Rule) else ""
    if not sign:
        compares = isinstance(formula.op, str) and formula.op != "where"
        return atom(formula, [text for text, _ in written]), LEVEL["compare" if compares else "atom"]
    return infix(sign, written)


def infix(sign: str, written: Sequence[tuple[str, float]]) -> tuple[str, int]:
    """An operator between its written operands (before its one operand), and the level at which that binds.

    >>> infix("*", [("a + b", LEVEL["+"]), ("c", LEVEL["atom"])])
    ('(a + b) * c', 2)
    """
    if len(written) == 1:
        return f"-{_wrap(written[0], LEVEL['neg'])}", LEVEL["neg"]
    level = LEVEL[sign]
    left = _wrap(written[0], level + (sign == "**"))  # ** binds to the right, the others to the left
    right = _wrap(written[1], level + (sign != "**"))  # also after +: floats added in another order are another sum
    return f"{left} {sign} {right}" if sign != "**" else f"{left}**{right}", level


def _wrap(written: tuple[str, float], level: int) -> str:
    return written[0] if written[1] >= level else f"({written[0]})"


def number(x: float | int) -> str:
    """A constant as text: 1 rather than 1.0."""
    return str(int(x)) if float(x).is_integer() and -1e15 < x < 1e15 else repr(float(x))
