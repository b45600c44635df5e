"""The program: one flat, ordered list of instructions, each the application of a row of the table to earlier ones.

It is what a trace records, what `derive.py` extends by the derivative, and what the back ends print or turn into
machine code. Building it is also simplifying it: equal instructions are shared, constants are computed, `x * 1` and
`x + 0` vanish. Nothing here knows about Values, text or machines. No pass recurses; each is linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from ..core import table as rules
from ..core.rule import Rule

Op = Rule | str
"""A row of the table, or one of the words below."""

CONSTANT: Final = "constant"
PARAMETER: Final = "parameter"  # a number of theta
CAPTURED: Final = "captured"  # a Value that the function used and that is not among the parameters
DIRECTION: Final = "direction"  # a number of the vector that a Hessian is multiplied by
SAMPLE: Final = "sample"  # a number of the sample: one for each sample of a batch
COUNT: Final = "count"  # how many samples the batch has
LEAVES: Final = (CONSTANT, PARAMETER, CAPTURED, DIRECTION, SAMPLE, COUNT)

WHERE: Final = "where"
DETACH: Final = "detach"  # the number itself, cut off from its derivative
REDUCE: Final = "reduce"  # the mean (or the sum) over the batch: what makes one number out of one per sample
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

# When an instruction can run, if the loop over the samples is to hold as little as possible.
FIXED, BEFORE, INSIDE, AFTER = range(4)


class Program:
    """Instructions in columns: `ops[i]` is applied to the instructions `args[i]`; `data[i]` belongs to leaves.

    Args:
        reduction: what REDUCE means: "mean" or "sum".

    >>> p = Program()
    >>> x = p.leaf(SAMPLE, 0)
    >>> p.emit(rules.multiply, x, p.constant(1.0)) == x
    True
    """

    __slots__ = ("_known", "args", "cotangents", "data", "labels", "numbers", "ops", "reduction", "scopes", "stages")

    def __init__(self, reduction: str = "mean") -> None:
        self.ops: list[Op] = []
        self.args: list[tuple[int, ...]] = []
        self.data: list[int] = []  # the place of a leaf among those of its kind
        self.stages: list[int] = []
        self.numbers: dict[int, float | bool] = {}  # the instructions that are constants
        self.labels: dict[int, str] = {}
        self.scopes: dict[int, tuple[str, ...]] = {}
        self.cotangents: dict[int, int] = {}  # the derivative to an instruction, by its own place: d_z of z
        self.reduction = reduction
        self._known: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self.ops)

    # ------------------------------------------------------------------------------------------------ building

    def constant(self, number: float | bool) -> int:
        """The instruction that is this number (or truth value)."""
        key = number if isinstance(number, bool) else float(number).hex()
        found = self._known.get((CONSTANT, key))
        if found is None:
            found = self._append(CONSTANT, (), (CONSTANT, key), FIXED, 0)
            self.numbers[found] = number if isinstance(number, bool) else float(number)
        return found

    def leaf(self, kind: str, place: int = 0, label: str = "") -> int:
        """A number from outside: number `place` of theta, of the sample, ..."""
        found = self._known.get((kind, place))
        if found is None:
            found = self._append(kind, (), (kind, place), INSIDE if kind == SAMPLE else BEFORE, place)
            if label:
                self.labels[found] = label
        return found

    def emit(self, op: Op, *args: int) -> int:
        """The instruction that applies `op` to earlier instructions: a new one, or one that is equal to it."""
        numbers = self.numbers
        for arg in args:
            if arg not in numbers:
                break
        else:
            known = None if op is REDUCE else evaluate(op, [numbers[arg] for arg in args])
            if known is not None:
                return self.constant(known)
        fold = FOLDS.get(op)
        if fold is not None:
            folded = fold(self, *args)
            if folded is not None:
                return folded
        key = (op, *args)
        if len(args) == 2 and args[0] > args[1] and op in COMMUTATIVE:
            key = (op, args[1], args[0])
        found = self._known.get(key)
        return self._append(op, args, key, self._stage(op, args), 0) if found is None else found

    def _stage(self, op: Op, args: tuple[int, ...]) -> int:
        if op == REDUCE:
            return AFTER
        latest = self.stages[args[0]]
        for arg in args[1:]:
            stage = self.stages[arg]
            if stage != latest:
                if stage + latest == INSIDE + AFTER:
                    raise ValueError("a number of one sample cannot depend on a mean over all of them")
                latest = max(stage, latest)
        return latest

    def _append(self, op: Op, args: tuple[int, ...], key: Any, stage: int, place: int) -> int:
        self.ops.append(op)
        self.args.append(args)
        self.data.append(place)
        self.stages.append(stage)
        self._known[key] = found = len(self.ops) - 1
        return found

    # ----------------------------------------------------------------------------------------------- questions

    def is_condition(self, i: int) -> bool:
        """Whether it is a truth value rather than a number."""
        op = self.ops[i]
        return op in COMPARISONS or op in LOGIC or (op == CONSTANT and isinstance(self.numbers[i], bool))

    def is_number(self, i: int, number: float) -> bool:
        """Whether it is this constant."""
        return i in self.numbers and self.numbers[i] == number

    def live(self, outputs: Iterable[int]) -> list[int]:
        """The instructions that the outputs depend on, in order."""
        needed = bytearray(len(self.ops))
        for output in outputs:
            needed[output] = 1
        for i in range(len(self.ops) - 1, -1, -1):
            if needed[i]:
                for arg in self.args[i]:
                    needed[arg] = 1
        return [i for i, wanted in enumerate(needed) if wanted]

    def __str__(self) -> str:
        return "\n".join(self.line(i) for i in range(len(self.ops)))

    def line(self, i: int) -> str:
        """One instruction as text: `%7 = multiply %3 %4  # varying, label`."""
        op = self.ops[i]
        if op == CONSTANT:
            what = f"constant {self.numbers[i]!r}"
        elif op in LEAVES:
            what = f"{op} {self.data[i]}"
        else:
            what = " ".join([op.name if isinstance(op, Rule) else op, *(f"%{arg}" for arg in self.args[i])])
        stage = ("", "uniform", "varying", "uniform, after the batch")[self.stages[i]]
        note = ", ".join(filter(None, [stage, self.labels.get(i, "")]))
        return f"%{i} = {what}" + (f"  # {note}" if note else "")


def schedule(program: Program, live: list[int]) -> list[int]:
    """The same instructions with every REDUCE right after what it reduces: nothing waits longer than it must."""
    waiting: dict[int, list[int]] = {}
    for i in live:
        if program.ops[i] == REDUCE:
            waiting.setdefault(program.args[i][0], []).append(i)
    out: list[int] = []
    for i in live:
        if program.ops[i] != REDUCE:
            out.append(i)
            out += waiting.get(i, ())
    return out


def evaluate(op: Op, operands: list[Any]) -> float | bool | None:
    """The number that a constant instruction comes to; None when it has to wait until the program runs."""
    if isinstance(op, Rule):
        if rules.TABLE.get(op.name) is not op:
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


def _add(p: Program, x: int, y: int) -> int | None:
    if p.is_number(x, 0.0):
        return y
    if p.is_number(y, 0.0):
        return x
    if p.ops[y] is rules.negative:
        return p.emit(rules.subtract, x, p.args[y][0])
    if p.ops[x] is rules.negative:
        return p.emit(rules.subtract, y, p.args[x][0])
    return None


def _subtract(p: Program, x: int, y: int) -> int | None:
    if p.is_number(y, 0.0):
        return x
    if p.is_number(x, 0.0):
        return p.emit(rules.negative, y)
    if p.ops[y] is rules.negative:
        return p.emit(rules.add, x, p.args[y][0])
    return None


def _multiply(p: Program, x: int, y: int) -> int | None:
    for one, other in ((x, y), (y, x)):
        if p.is_number(one, 1.0):
            return other
        if p.is_number(one, -1.0):
            return p.emit(rules.negative, other)
        if one in p.numbers and p.ops[other] is rules.multiply:  # 0.5 * (2 * x): exact for powers of two
            for inner, x2 in (p.args[other], p.args[other][::-1]):
                if inner in p.numbers and _power_of_two(p.numbers[one]) and _power_of_two(p.numbers[inner]):
                    return p.emit(rules.multiply, p.constant(p.numbers[one] * p.numbers[inner]), x2)
    return None


def _power_of_two(number: float) -> bool:
    return math.frexp(number)[0] == 0.5


def _divide(p: Program, x: int, y: int) -> int | None:
    if p.is_number(y, 1.0):
        return x
    return p.emit(rules.negative, x) if p.is_number(y, -1.0) else None


def _negative(p: Program, x: int) -> int | None:
    return p.args[x][0] if p.ops[x] is rules.negative else None


def _power(p: Program, x: int, y: int) -> int | None:
    if p.is_number(y, 0.0):
        return p.constant(1.0)
    return x if p.is_number(y, 1.0) else None


def _identity(p: Program, x: int) -> int | None:
    return x


def _where(p: Program, condition: int, x: int, y: int) -> int | None:
    if condition in p.numbers:
        return x if p.numbers[condition] else y
    if p.ops[condition] == "not":
        return p.emit(WHERE, p.args[condition][0], y, x)
    return x if x == y else None


def _not(p: Program, x: int) -> int | None:
    return p.args[x][0] if p.ops[x] == "not" else None


def _and(p: Program, x: int, y: int) -> int | None:
    return _both(p, x, y, neutral=True)


def _or(p: Program, x: int, y: int) -> int | None:
    return _both(p, x, y, neutral=False)


def _both(p: Program, x: int, y: int, neutral: bool) -> int | None:
    for one, other in ((x, y), (y, x)):
        if one in p.numbers:
            return other if p.numbers[one] == neutral else p.constant(not neutral)
        if p.ops[one] == "not" and p.args[one][0] == other:
            return p.constant(not neutral)
    return x if x == y else None


def _reduce(p: Program, x: int) -> int | None:
    if p.stages[x] == INSIDE:
        return None
    return x if p.reduction == "mean" else p.emit(rules.multiply, p.leaf(COUNT), x)


FOLDS: Final[dict[Op, Fold]] = {
    rules.add: _add,
    rules.subtract: _subtract,
    rules.multiply: _multiply,
    rules.divide: _divide,
    rules.negative: _negative,
    rules.power: _power,
    rules.identity: _identity,
    WHERE: _where,
    "not": _not,
    "and": _and,
    "or": _or,
    REDUCE: _reduce,
}
COMMUTATIVE: Final = {*(row for row in rules.TABLE.values() if row.commutative), "and", "or", "=="}
