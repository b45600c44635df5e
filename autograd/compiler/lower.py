"""A program in fewer words: every composite row put in the place of its formula, down to what a machine can do.

What comes out holds the operators, comparisons, `where`, and the intrinsic rows that are functions of a math library.
A user's own primitive, of which no file and no machine knows, disappears the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..core import table as rules
from ..core.rule import Rule
from ..core.table import TABLE
from ..numbers.functions import equal, where
from .program import CONSTANT, COUNT, LEAVES, REDUCE, Op, Program, schedule
from .traced import Recorder, Traced


def _logaddexp(x: Any, y: Any) -> Any:
    """As `ieee.logaddexp`: also for two equal infinities, whose difference is NaN."""
    return where(equal(x, y), x + math.log(2.0), rules.maximum(x, y) + rules.log1p(rules.exp(-rules.abs(x - y))))


def _sign(x: Any) -> Any:
    """0, -0.0 and NaN are their own sign."""
    return where(x > 0, 1.0, where(x < 0, -1.0, x))


BY_HAND: Final[dict[Rule, Callable[..., Any]]] = {rules.logaddexp: _logaddexp, rules.sign: _sign}
"""Intrinsic rows that math libraries lack."""


class Lowering(Recorder):
    """A recorder that writes down formulas instead of the names of composite rows.

    Args:
        keep: whether a row stays as it is.
    """

    def __init__(self, program: Program, keep: Callable[[Rule], bool]) -> None:
        super().__init__(program)
        self._keep = keep

    def apply(self, op: Op, *operands: Any) -> Traced:
        if not isinstance(op, Rule) or self._keep(op):
            return super().apply(op, *operands)
        formula = BY_HAND.get(op) if op.intrinsic else op.value
        if formula is None:
            formula = op.value
        return self.number(self.lift(formula(*map(self._plain, operands))))

    def _plain(self, operand: Any) -> Any:
        return self.number(self.lift(operand))


def is_machine(rule: Rule) -> bool:
    """Whether a row is an operator or a function that math libraries have."""
    return TABLE.get(rule.name) is rule and (bool(rule.symbol) or (rule.intrinsic and rule not in BY_HAND))


def is_row(rule: Rule) -> bool:
    """Whether a rule is a row of the table, not a user's own."""
    return TABLE.get(rule.name) is rule


def lower(
    program: Program, outputs: Sequence[int], keep: Callable[[Rule], bool] = is_machine, single: bool = False
) -> tuple[Program, list[int]]:
    """The live part of a program in the words that `keep` allows, and its outputs.

    Args:
        single: the batch is one sample, so nothing has to be reduced.
    """
    new = Program(program.reduction)
    recorder = Lowering(new, keep)
    place: dict[int, int] = {}
    for i in schedule(program, program.live(outputs)):
        op, args = program.ops[i], program.args[i]
        if op == CONSTANT:
            place[i] = new.constant(program.numbers[i])
        elif op == COUNT and single:
            place[i] = new.constant(1.0)
        elif op in LEAVES:
            place[i] = new.leaf(str(op), program.data[i], program.labels.get(i, ""))
        elif op == REDUCE and single:
            place[i] = place[args[0]]
        elif isinstance(op, Rule) and (op is rules.power or not keep(op)):
            operands = [recorder.number(place[arg]) for arg in args]
            short = _multiplied(new, operands) if op is rules.power and keep is is_machine else None
            place[i] = (recorder.apply(op, *operands) if short is None else short).index
        else:
            place[i] = new.emit(op, *(place[arg] for arg in args))
    return new, [place[i] for i in outputs]


def _multiplied(program: Program, operands: Sequence[Any]) -> Any:
    """Small whole powers as products."""
    x, exponent = operands[0], program.numbers.get(operands[1].index)
    if exponent == 2.0:
        return x * x
    if exponent == 3.0:
        return x * x * x
    if exponent == 4.0:
        return (x * x) * (x * x)
    return 1.0 / x if exponent == -1.0 else None
