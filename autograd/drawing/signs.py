"""How operations and their derivatives are written in a picture: "×", "① − ②", "∂out/∂x = 1 - out * out"."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

from .. import formula
from ..core.rule import Rule
from .amounts import value_of
from .colour import number

WRITTEN: Final = {"-": "−", "*": "×", "/": "/", "**": "**", "+": "+"}
MARKS: Final = "①②③④⑤⑥⑦⑧⑨"
DIGITS: Final = 4  # of a constant inside an operation: the formula is to be read, and other places have all digits


def order_matters(rule: Any) -> bool:
    """Whether swapping two operands changes the result."""
    return not (isinstance(rule, Rule) and (rule.arity == 1 or rule.commutative))


def applied(rule: Any, operands: Sequence[str]) -> str:
    """A primitive written out with its operands.

    >>> from autograd.core.table import power
    >>> applied(power, ["①", "2"])
    '① ** 2'
    """
    symbol = WRITTEN.get(rule.symbol, rule.symbol)
    if symbol:
        return f" {symbol} ".join(operands) if len(operands) > 1 else f"{symbol}{operands[0]}"
    return f"{rule.name}({', '.join(operands)})"


def is_infix(rule: Any) -> bool:
    """Whether it is written between or before its operands."""
    return bool(rule.symbol)


def written(node: Any) -> str:
    """A constant as it stands in a formula: its number, or the shape of its array."""
    shown = value_of(node)
    return shown.short if shown.number is None else number(shown.number, DIGITS)


@functools.lru_cache(maxsize=1024)
def sign_of(rule: Any) -> str:
    """How a primitive is written inside a box: with its operands where their order matters.

    >>> from autograd.core.table import multiply, subtract, tanh
    >>> [sign_of(rule) for rule in (multiply, subtract, tanh)]
    ['×', '① − ②', 'tanh']
    """
    arity = rule.arity if isinstance(rule, Rule) else 0
    if (arity == 2 and order_matters(rule)) or (arity == 1 and rule.symbol):
        return applied(rule, MARKS[:arity])
    return WRITTEN.get(rule.symbol, str(rule.name))


def mark_of(rule: Any, slot: int, arity: int) -> str:
    """Which operand an edge comes from, where that matters."""
    return MARKS[slot] if 1 < arity <= len(MARKS) and order_matters(rule) else ""


@functools.lru_cache(maxsize=1024)
def formula_of(rule: Any, slot: int) -> str:
    """The local derivative as the table of rules has it; "" for an array primitive, which has a pullback instead."""
    if not isinstance(rule, Rule):
        return ""
    try:
        return f"∂out/∂{rule.operands[slot]} = {formula.derivative(rule, slot)}"
    except Exception:  # a user's own derivative need not understand symbols
        return ""
