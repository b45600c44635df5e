"""The one rule about 0 × ∞ (see `core/reverse.py`), for the elements of arrays and for what compilers record.

Where the table states that a local derivative is 0, alone or as a side of `where` (`relu`, `maximum`), nothing passes.
For a single number the table itself tells: the 0 it states is an int. For many at once its formula is fed symbols and
taken apart here, and `Arrived` remembers which elements something has arrived at.

Where all numbers are finite, 0 × local is 0 and the rule changes nothing. So arrays are swept plainly first, and again
with `Arrived` if the outcome is not finite.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from .core.reverse import times
from .core.rule import Rule
from .formula import Symbol, name_symbols
from .numbers.functions import equal, greater, greater_equal, less, less_equal, where
from .system.quiet import quiet


class Arrived:
    """A cotangent (or a tangent) of an array, and which of its elements have arrived: the others are 0.

    Args:
        number: an array, a Tensor, or numbers that a compiler records.
        came: where something arrived, in bools of the same kind; None for everywhere.
    """

    __slots__ = ("came", "number")
    forgets = False  # whether a product of matrices counts as arriving everywhere

    def __init__(self, number: Any, came: Any = None) -> None:
        self.number, self.came = number, came

    def __add__(self, other: Arrived) -> Arrived:
        came = None if self.came is None or other.came is None else self.came | other.came
        return type(self)(self.number + other.number, came)

    def times(self, rule: Rule, k: int, operands: Sequence[Any], out: Any) -> Arrived | None:
        """Itself × the local derivative to operand k; None where nothing passes."""
        local, silent = local_derivative(rule, k, operands, out)
        number = times(self.number, local)
        return None if number is None or silent is True else self.only(number, self.through(silent))

    def lifted(self, array: Any) -> Any:
        """A plain array in the kind of number that this is made of."""
        return array

    def doubtful(self, number: Any) -> bool:
        """Whether a sum of products made from this may hold 0 × ∞ of what did not arrive."""
        return not finite(number)

    def through(self, silent: Any) -> Any:
        """Where something arrives behind a derivative that is stated to be 0 at `silent`."""
        if silent is False:
            return self.came
        return ~silent if self.came is None else self.came & ~silent

    def only(self, number: Any, came: Any) -> Arrived:
        """What goes on from here: a number where something came, nothing elsewhere."""
        if came is not None:
            number = where(came, number, 0.0)
            number = np.array(number) if isinstance(number, float) else number  # of an array without axes
        return type(self)(number, came)


def finite(part: Any) -> bool:
    """Whether all numbers of an array, or of an `Arrived`, are finite; None has none that are not.

    One that overflows when it is squared may be called infinite: who asks then looks more carefully.
    """
    if part is None:
        return True
    number = getattr(part, "number", part)
    number = getattr(number, "_data", number)
    return math.isfinite(np.vdot(number, number))


COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">": greater, ">=": greater_equal, "<": less, "<=": less_equal, "==": equal,
}  # fmt: skip


def evaluate(formula: Any, known: Mapping[str, Any]) -> Any:
    """What a formula comes to, in whatever kind of number its names stand for.

    Where one condition decides for all elements, only the side that it chooses is computed: of the slope of x**2, with
    an array x, that is 2 * x**1 alone.
    """
    if not isinstance(formula, Symbol):
        return formula
    if not formula.args:
        return known[str(formula.op)]
    if formula.op == "where":
        condition = evaluate(formula.args[0], known)
        if condition is True or condition is False:
            return evaluate(formula.args[1 if condition else 2], known)
        return where(condition, *[evaluate(side, known) for side in formula.args[1:]])
    operands = [evaluate(argument, known) for argument in formula.args]
    if isinstance(formula.op, Rule):
        return formula.op(*operands)
    return COMPARE[formula.op](*operands)


@functools.lru_cache(maxsize=1024)
def partial(rule: Rule, index: int) -> Any:
    """The derivative to operand `index` as a formula; None where it is not written in the words of the table."""
    try:
        return rule.partial(index, name_symbols(rule), Symbol("out"))
    except Exception:  # a user's own primitive may be written with numpy's functions
        return None


@functools.lru_cache(maxsize=1024)
def is_selective(rule: Rule, index: int) -> bool:
    """Whether the derivative to operand `index` is, somewhere, stated to be 0: see `core/reverse.py`."""
    return _is_selective(partial(rule, index))


@functools.lru_cache(maxsize=1024)
def decided(rule: Rule, index: int, constants: tuple[float | None, ...]) -> tuple[Callable[[Sequence[Any]], Any], bool]:
    """The derivative to operand `index` where some operands are constants, and whether it is still selective.

    Of the slope of x**y, y = 2 leaves 2 * x**1: all that depends on constants alone is computed here, once.

    Args:
        constants: the operands in order, None for those that are not constant.

    Returns:
        A function of the operands and the result, in one sequence, and a bool.

    >>> from autograd.core.table import power
    >>> slope, selective = decided(power, 0, (None, 2.0))
    >>> slope((np.array([1.0, 3.0]), 2.0, None)), selective
    (array([2., 6.]), False)
    """
    names = (*rule.operands, "out")
    known = {n: Symbol(n) if c is None else c for n, c in zip(names, (*constants, None), strict=True)}
    formula = evaluate(partial(rule, index), known)
    return _function(formula, names), _is_selective(formula)


def _function(formula: Any, names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    """A formula as a function of what its names stand for, in their order."""
    if not isinstance(formula, Symbol):
        return lambda known: formula
    if not formula.args:
        return operator.itemgetter(names.index(str(formula.op)))
    parts = [_function(argument, names) for argument in formula.args]
    apply = (
        formula.op.value if isinstance(formula.op, Rule) else where if formula.op == "where" else COMPARE[formula.op]
    )
    return lambda known: apply(*[part(known) for part in parts])


def _is_selective(formula: Any) -> bool:
    if isinstance(formula, Symbol):
        return formula.op == "where" and any(map(_is_selective, formula.args[1:]))
    return type(formula) is int and formula == 0


def local_derivative(rule: Rule, index: int, operands: Sequence[Any], out: Any) -> tuple[Any, Any]:
    """The local derivative to operand `index`, and where the table states that it is 0: True, False or conditions.

    Where it is stated to be 0, the number given is that of another case.

    >>> from autograd.core.table import relu
    >>> local_derivative(relu, 0, (np.array([-1.0, 2.0]),), None)
    (1, array([ True, False]))
    """
    if not is_selective(rule, index):
        return rule.partial(index, operands, out), False
    return _case(partial(rule, index), {**dict(zip(rule.operands, operands, strict=True)), "out": out})


def _case(formula: Any, known: Mapping[str, Any]) -> tuple[Any, Any]:
    if not _is_selective(formula):
        return evaluate(formula, known), False
    if not isinstance(formula, Symbol):
        return formula, True
    condition = evaluate(formula.args[0], known)
    if isinstance(condition, (bool, np.bool_)):
        return _case(formula.args[1 if condition else 2], known)
    (x, silent_x), (y, silent_y) = (_case(side, known) for side in formula.args[1:])
    if silent_x is True and silent_y is True:
        return 0, True
    if silent_x is True or silent_y is True:
        local, silent, shown = (y, silent_y, condition) if silent_x is True else (x, silent_x, ~condition)
        return local, shown if silent is False else shown | silent
    parts = [c & s for c, s in ((condition, silent_x), (~condition, silent_y)) if s is not False]
    return where(condition, x, y), parts[0] if len(parts) == 1 else parts[0] | parts[1]


@functools.lru_cache(maxsize=1024)
@quiet
def is_singular(rule: Rule, index: int) -> bool:
    """Whether the derivative to operand `index` can be infinite or NaN though the operands are finite."""
    sizes = (0.0, 1.0, 1e3, 1e100)
    points = [s * x for x in sizes for s in (1.0, -1.0)]
    for operands in itertools.product(points, repeat=rule.arity):
        try:
            slope = rule.partial(index, operands, rule(*operands))
        except Exception:  # a user's own primitive may be undefined there
            return True
        if not np.all(np.isfinite(slope)):
            return True
    return False
