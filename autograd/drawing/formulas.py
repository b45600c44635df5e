"""A local derivative as a page writes it: the case that applies, in the operands' own names; the general one on demand.

The derivative of `(a - y)**2` is, in general, `where(y == 0, ...)`. What a learner wants to see is 2 · (a − y). So the
formula of the table is taken apart at its conditions, and the numbers written in the user's code are put in their
places. The page puts the names in, and follows when a case changes.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .. import formula
from ..core.rule import Rule
from ..formula import Symbol
from ..masking import COMPARE, evaluate, partial

OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow, "negative": operator.neg, "floor_divide": operator.floordiv, "remainder": operator.mod,
}  # fmt: skip


@functools.lru_cache(maxsize=4096)
def cases(rule: Any, slot: int, constants: tuple[float | None, ...]) -> dict[int, str]:
    """The texts of a derivative in its cases, by the place of the case in the formula; {} if it is not a formula.

    Args:
        constants: by operand the number that is written there; None for one that may vary. What depends on these alone
            is decided.

    >>> from autograd.core.table import power, relu
    >>> cases(power, 0, (None, 2.0))
    {4: '2 * {x}'}
    >>> cases(relu, 0, (None,))
    {0: '1', 1: '0'}
    """
    if not isinstance(rule, Rule):
        return {}
    known = {name: Symbol(f"{{{name}}}") if number is None else number
             for name, number in zip((*rule.operands, "out"), (*constants, None), strict=True)}  # fmt: skip
    found: dict[int, str] = {}
    try:
        _collect(partial(rule, slot), known, found, 0)
    except Exception:  # a user's own derivative need not understand symbols
        return {}
    return found


def general(rule: Any, slot: int) -> str:
    """The derivative as the table has it; "" for an array primitive and for what is no formula."""
    if not isinstance(rule, Rule) or partial(rule, slot) is None:
        return ""
    return formula.derivative(rule, slot)


def case_of(rule: Any, slot: int, operands: Sequence[float], out: float) -> int:
    """Which case of a derivative applies to these numbers; -1 if it is not a formula.

    >>> from autograd.core.table import relu
    >>> case_of(relu, 0, [-2.0], 0.0)
    1
    """
    tree = partial(rule, slot) if isinstance(rule, Rule) else None
    if tree is None:
        return -1
    known = {**dict(zip(rule.operands, operands, strict=True)), "out": out}
    place = 0
    while isinstance(tree, Symbol) and tree.op == "where":
        condition, chosen, other = tree.args
        if evaluate(condition, known):
            tree = chosen
        else:
            place += _count(chosen)
            tree = other
    return place


def _count(tree: Any) -> int:
    """How many cases a formula has."""
    if isinstance(tree, Symbol) and tree.op == "where":
        return _count(tree.args[1]) + _count(tree.args[2])
    return 1


def _collect(tree: Any, known: Mapping[str, Any], found: dict[int, str], first: int) -> int:
    """Put the cases of a formula into `found`, counting from `first`; gives the number after the last."""
    if not (isinstance(tree, Symbol) and tree.op == "where"):
        if tree is None:
            raise ValueError("no formula")
        found[first] = formula.write(_put(tree, known), constant=_short)
        return first + 1
    condition, chosen, other = tree.args
    decided = _put(condition, known)
    kept: tuple[dict[int, str], dict[int, str]] = ({}, {})
    middle = _collect(chosen, known, kept[0], first)
    last = _collect(other, known, kept[1], middle)
    if decided is not False:
        found.update(kept[0])
    if decided is not True:
        found.update(kept[1])
    return last


def _short(number: float) -> str:
    """A number that stands in a formula, to six digits."""
    return f"{number:.6g}"


def _put(tree: Any, known: Mapping[str, Any]) -> Any:
    """A formula with numbers and names in the place of its operands, as far as possible computed."""
    if not isinstance(tree, Symbol):
        return tree
    if not tree.args:
        return known[str(tree.op)]
    operands = [_put(argument, known) for argument in tree.args]
    if isinstance(tree.op, Rule):
        apply = OPERATORS.get(tree.op.name, tree.op)
        return apply(*operands)
    if tree.op == "where":
        condition, chosen, other = operands
        return Symbol("where", tuple(operands)) if isinstance(condition, Symbol) else chosen if condition else other
    if all(isinstance(each, (int, float)) for each in operands):
        return bool(COMPARE[tree.op](*operands))
    return Symbol(tree.op, tuple(operands))
