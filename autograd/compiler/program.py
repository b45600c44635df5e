"""What a program is: a flat, ordered list of instructions, each the application of an operation to earlier ones.

The programs of single numbers (`scalar/program.py`) and of whole arrays (`arrays/program.py`) have this in common. An
operation is a row of a table, or an opcode: one of the strings below. No Values, no text, no machines here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from ..core import table as rules
from ..core.rule import Rule

Operation = Any
"""A row of one of the tables, or an opcode."""

# Leaves: where a number comes from.
LITERAL: Final = "constant"  # written in the program
LEARNED: Final = "parameter"  # a number of theta, or one of the arrays of parameters
CAPTURED: Final = "captured"  # a Value or Tensor that the function used and that is not among the parameters
DIRECTION: Final = "direction"  # like a parameter, of the vector that a Hessian is multiplied by

WHERE: Final = "where"
DETACH: Final = "detach"  # the number itself, cut off from its derivative
COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    "==": lambda x, y: x == y,
}
LOGIC: Final[dict[str, Callable[..., bool]]] = {
    "and": lambda x, y: bool(x and y),
    "or": lambda x, y: bool(x or y),
    "not": lambda x: not x,
}


class BaseProgram:
    """Instructions in columns: `ops[i]` is applied to the instructions `args[i]`; `data[i]` belongs to leaves."""

    __slots__ = ("_known", "args", "cotangents", "data", "labels", "numbers", "ops", "scopes")

    def __init__(self) -> None:
        self.ops: list[Operation] = []
        self.args: list[tuple[int, ...]] = []
        self.data: list[int] = []  # the place of a leaf among those of its kind
        self.numbers: dict[int, Any] = {}  # the instructions that are numbers written in the program
        self.labels: dict[int, str] = {}
        self.scopes: dict[int, tuple[str, ...]] = {}
        self.cotangents: dict[int, int] = {}  # for the derivative to an instruction, that instruction: z for d_z
        self._known: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self.ops)

    def is_condition(self, i: int) -> bool:
        """Whether it is a truth value rather than a number."""
        raise NotImplementedError

    def is_number(self, i: int, number: float) -> bool:
        """Whether it is this number, written in the program."""
        return i in self.numbers and bool(self.numbers[i] == number)

    def used(self, i: int) -> Sequence[int]:
        """The instructions that it needs."""
        return self.args[i]

    def live(self, outputs: Iterable[int]) -> list[int]:
        """The instructions that the outputs depend on, in order."""
        needed, used = bytearray(len(self.ops)), self.used
        for output in outputs:
            needed[output] = 1
        for i in range(len(self.ops) - 1, -1, -1):
            if needed[i]:
                for arg in used(i):
                    needed[arg] = 1
        return [i for i, wanted in enumerate(needed) if wanted]

    def __str__(self) -> str:
        return "\n".join(self.line(i) for i in range(len(self.ops)))

    def line(self, i: int) -> str:
        """One instruction as text."""
        raise NotImplementedError


def name_of(op: Operation) -> str:
    """A row's name, fit for a comment; an opcode is one."""
    return op if isinstance(op, str) else re.sub(r"\W+", "_", str(op.name))


def is_commutative(op: Operation) -> bool:
    """Whether the operands may be exchanged."""
    return op.commutative if isinstance(op, Rule) else op in ("and", "or", "==")


def is_row(rule: Rule) -> bool:
    """Whether a rule is a row of the table, not a user's own."""
    return rules.TABLE.get(rule.name) is rule


def evaluate(op: Operation, operands: Sequence[Any]) -> float | bool | None:
    """What an operation on plain numbers comes to; None where that is only known when the program runs."""
    if isinstance(op, Rule):
        if not is_row(op):
            return None  # a user's own primitive is called once, by the lowering
        with np.errstate(all="ignore"):
            return float(op.value(*map(np.float64, operands)))
    if op in COMPARISONS:
        return bool(COMPARISONS[op](*operands))
    if op in LOGIC:
        return LOGIC[op](*operands)
    return float(operands[0]) if op == DETACH else None


# ------------------------------------------------------- what simplifies; None: nothing. A number that is -0.0 may lose
# its sign (x + 0), nothing else changes: x * 0 stays, for x may be infinite.

Fold = Callable[..., "int | None"]


def _add(p: Any, x: int, y: int) -> int | None:
    numbers, ops = p.numbers, p.ops
    if x in numbers and numbers[x] == 0.0:
        return y
    if y in numbers and numbers[y] == 0.0:
        return x
    if ops[y] is rules.negative:
        return p.emit(rules.subtract, x, p.args[y][0])  # type: ignore[no-any-return]
    if ops[x] is rules.negative:
        return p.emit(rules.subtract, y, p.args[x][0])  # type: ignore[no-any-return]
    if x == y and _scaled(p, x)[0] is not None:  # 3 * u + 3 * u
        return p.emit(rules.multiply, p.constant(2.0), x)  # type: ignore[no-any-return]
    return None


def _subtract(p: Any, x: int, y: int) -> int | None:
    if p.is_number(y, 0.0):
        return x
    if p.is_number(x, 0.0):
        return p.emit(rules.negative, y)  # type: ignore[no-any-return]
    if p.ops[y] is rules.negative:
        return p.emit(rules.add, x, p.args[y][0])  # type: ignore[no-any-return]
    return None


def _multiply(p: Any, x: int, y: int) -> int | None:
    if x not in p.numbers and y not in p.numbers and (p.ops[x] is not rules.multiply or p.ops[y] is not rules.multiply):
        return None  # as most products are
    for one, other in ((x, y), (y, x)):
        if p.is_number(one, 1.0):
            return other
        if p.is_number(one, -1.0):
            return p.emit(rules.negative, other)  # type: ignore[no-any-return]
        if one in p.numbers:  # 0.5 * (2 * x)
            inner, rest = _scaled(p, other)
            if inner is not None and _exact(p.numbers[one], p.numbers[inner]):
                product = p.constant(p.numbers[one] * p.numbers[inner])
                return p.emit(rules.multiply, product, rest)  # type: ignore[no-any-return]
    (first, u), (second, v) = _scaled(p, x), _scaled(p, y)
    if first is not None and second is not None and p.numbers[first] * p.numbers[second] == 1.0:  # (0.5 * x) * (2 * y)
        return p.emit(rules.multiply, u, v) if _exact(p.numbers[first], p.numbers[second]) else None
    return None


def _scaled(p: Any, i: int) -> tuple[int | None, int]:
    """A product with a number: the number, and what it multiplies."""
    if p.ops[i] is rules.multiply:
        for number, rest in (p.args[i], p.args[i][::-1]):
            if number in p.numbers:
                return number, rest
    return None, i


def _exact(x: float, y: float) -> bool:
    """Whether multiplying by x and by y rounds as multiplying by x * y does: one of them is a power of two."""
    return _power_of_two(x) or _power_of_two(y)


def _power_of_two(number: float) -> bool:
    return math.frexp(number)[0] == 0.5 and 2.0**-64 <= number <= 2.0**64


def _divide(p: Any, x: int, y: int) -> int | None:
    if p.is_number(y, 1.0):
        return x
    return p.emit(rules.negative, x) if p.is_number(y, -1.0) else None


def _negative(p: Any, x: int) -> int | None:
    return p.args[x][0] if p.ops[x] is rules.negative else None


def _power(p: Any, x: int, y: int) -> int | None:
    return x if p.is_number(y, 1.0) else None  # x ** 0 stays: its slope is a 0 that multiplies what may be infinite


def _identity(p: Any, x: int) -> int | None:
    return x


def _not(p: Any, x: int) -> int | None:
    return p.args[x][0] if p.ops[x] == "not" else None


def _and(p: Any, x: int, y: int) -> int | None:
    return _both(p, x, y, neutral=True)


def _or(p: Any, x: int, y: int) -> int | None:
    return _both(p, x, y, neutral=False)


def _both(p: Any, x: int, y: int, neutral: bool) -> int | None:
    for one, other in ((x, y), (y, x)):
        if one in p.numbers:
            return other if p.numbers[one] == neutral else p.constant(not neutral)
        if p.ops[one] == "not" and p.args[one][0] == other:
            return p.constant(not neutral)  # type: ignore[no-any-return]
    return x if x == y else None


FOLDS: Final[dict[Operation, Fold]] = {
    rules.add: _add,
    rules.subtract: _subtract,
    rules.multiply: _multiply,
    rules.divide: _divide,
    rules.negative: _negative,
    rules.power: _power,
    rules.identity: _identity,
    "not": _not,
    "and": _and,
    "or": _or,
}
"""Simplifications of both kinds of program."""
