"""The program of a function of one sample: its instructions compute single numbers.

It is what a trace records, what `derive.py` extends by the derivative, and what the back ends print or turn into
machine code. Building it is also simplifying it: equal instructions are shared, constants are computed, `x * 1` and
`x + 0` vanish. No pass recurses; each is linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...core import table as rules
from ...core.rule import Rule
from .. import program as common
from ..program import (
    CAPTURED,
    COMPARISONS,
    DIRECTION,
    LEARNED,
    LITERAL,
    LOGIC,
    WHERE,
    BaseProgram,
    Fold,
    evaluate,
    is_commutative,
    name_of,
)

Op = Rule | str
"""A row of the table, or an opcode."""

SAMPLE: Final = "sample"  # a number of the sample: one for each sample of a batch
COUNT: Final = "count"  # how many samples the batch has
LEAVES: Final = (LITERAL, LEARNED, CAPTURED, DIRECTION, SAMPLE, COUNT)

REDUCE: Final = "reduce"  # the mean (or the sum) over the batch: what makes one number out of one per sample

ENOUGH: Final = 20_000
"""Instructions of a program that tell whether it has structure."""

SIDE_BY_SIDE: Final = 8
"""Instructions of a program that may have structure, for each that stand one behind the other."""

# When an instruction can run, if the loop over the samples is to hold as little as possible.
FIXED, BEFORE, INSIDE, AFTER = range(4)


class StageError(ValueError):
    """Something inside the loop over the samples would have to wait for its end."""


class Program(BaseProgram):
    """Instructions in columns: `ops[i]` is applied to the instructions `args[i]`; `data[i]` belongs to leaves.

    Args:
        reduction: what REDUCE means: "mean" or "sum".

    >>> p = Program()
    >>> x = p.leaf(SAMPLE, 0)
    >>> p.emit(rules.multiply, x, p.constant(1.0)) == x
    True
    """

    __slots__ = ("reduction", "stages")

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.stages: list[int] = []
        self.reduction = reduction

    # ------------------------------------------------------------------------------------------------ building

    def constant(self, number: float | bool) -> int:
        """The instruction that is this number (or truth value)."""
        key = number if isinstance(number, bool) else float(number).hex()
        found = self._known.get((LITERAL, key))
        if found is None:
            found = self._append(LITERAL, (), (LITERAL, key), FIXED, 0)
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
        return self.copied(op, args)

    def copied(self, op: Op, args: tuple[int, ...]) -> int:
        """Like `emit`, for what has been simplified already."""
        key = (op, *args)
        if len(args) == 2 and args[0] > args[1] and is_commutative(op):
            key = (op, args[1], args[0])
        found = self._known.get(key)
        return self._append(op, args, key, self._stage(op, args), 0) if found is None else found

    def _stage(self, op: Op, args: tuple[int, ...]) -> int:
        if op == REDUCE:
            return AFTER
        stages = self.stages
        latest = stages[args[0]]
        for arg in args:
            stage = stages[arg]
            if stage != latest:
                if stage + latest == INSIDE + AFTER:
                    raise StageError("a number of one sample cannot depend on a mean over all of them")
                latest = max(stage, latest)
        return latest

    def _append(self, op: Op, args: tuple[int, ...], key: Any, stage: int, place: int) -> int:
        ops = self.ops
        self._known[key] = found = len(ops)
        ops.append(op)
        self.args.append(args)
        self.data.append(place)
        self.stages.append(stage)
        return found

    # ----------------------------------------------------------------------------------------------- questions

    def is_condition(self, i: int) -> bool:
        """Whether it is a truth value rather than a number."""
        op = self.ops[i]
        return isinstance(op, str) and (
            op in COMPARISONS or op in LOGIC or (op == LITERAL and isinstance(self.numbers[i], bool))
        )

    def line(self, i: int) -> str:
        """One instruction as text: `%7 = multiply %3 %4  # varying, label`."""
        op = self.ops[i]
        if op == LITERAL:
            what = f"constant {self.numbers[i]!r}"
        elif op in LEAVES:
            what = f"{op} {self.data[i]}"
        else:
            what = " ".join([name_of(op), *(f"%{arg}" for arg in self.args[i])])
        stage = ("", "uniform", "varying", "uniform, after the batch")[self.stages[i]]
        note = ", ".join(filter(None, [stage, self.labels.get(i, "")]))
        return f"%{i} = {what}" + (f"  # {note}" if note else "")


def levels_of(program: Program, instructions: Sequence[int]) -> list[int]:
    """For each of these instructions, in order, how many stand one behind the other before it at most."""
    level, every = [0] * len(program), program.args
    for i in instructions:
        for arg in every[i]:
            if level[arg] >= level[i]:
                level[i] = level[arg] + 1
    return [level[i] for i in instructions]


def is_shallow(program: Program, end: int) -> bool:
    """Whether many of the first instructions of a program stand side by side: a chain has nothing to roll up."""
    end = min(end, ENOUGH)
    return SIDE_BY_SIDE * max(levels_of(program, range(end)), default=0) < end


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


def _where(p: Program, condition: int, x: int, y: int) -> int | None:
    if condition in p.numbers:
        return x if p.numbers[condition] else y
    if p.ops[condition] == "not":
        return p.emit(WHERE, p.args[condition][0], y, x)
    if p.ops[x] == WHERE and p.args[x][0] == condition:
        return p.emit(WHERE, condition, p.args[x][1], y)
    if p.ops[y] == WHERE and p.args[y][0] == condition:
        return p.emit(WHERE, condition, x, p.args[y][2])
    return x if x == y else None


def _reduce(p: Program, x: int) -> int | None:
    if p.stages[x] == INSIDE:
        return None
    return x if p.reduction == "mean" else p.emit(rules.multiply, p.leaf(COUNT), x)


FOLDS: Final[dict[Op, Fold]] = {**common.FOLDS, WHERE: _where, REDUCE: _reduce}
