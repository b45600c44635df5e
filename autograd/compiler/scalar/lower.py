"""A program in fewer operations: composite rows are replaced by their formulas, down to what a machine can do.

What comes out holds the operators, comparisons, `where`, and the rows that are to be kept. A user's own primitive, of
which no file and no machine knows, disappears the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core import table as rules
from ...core.rule import Rule
from ..program import LITERAL
from .program import COUNT, LEAVES, REDUCE, Op, Program, schedule
from .record import Recorder, TracedNumber


class Lowering(Recorder):
    """A recorder that writes down formulas instead of the names of rows.

    Args:
        keep: whether a row stays as it is.
    """

    def __init__(self, program: Program, keep: Callable[[Rule], bool]) -> None:
        super().__init__(program)
        self._keep = keep

    def apply(self, op: Op, *operands: Any) -> TracedNumber:
        """The recorded result of an operation on any operands."""
        if not isinstance(op, Rule) or self._keep(op):
            return super().apply(op, *operands)
        formula = op.formula or op.value  # a user's own value may call anything
        return self.number(self.lift(formula(*[self.number(self.lift(operand)) for operand in operands])))


def is_low(program: Program, outputs: Sequence[int], keep: Callable[[Rule], bool], single: bool = False) -> bool:
    """Whether `lower` would leave everything as it is."""
    found = {program.ops[i] for i in program.live(outputs)}
    if rules.power in found or (single and not found.isdisjoint((COUNT, REDUCE))):
        return False
    return all(keep(op) for op in found if isinstance(op, Rule))


def lower(
    program: Program, outputs: Sequence[int], keep: Callable[[Rule], bool], single: bool = False,
    products: bool = True,
) -> tuple[Program, list[int]]:  # fmt: skip
    """The live part of a program in the rows that `keep` allows, and its outputs.

    Args:
        single: the batch is one sample, so nothing has to be reduced.
        products: small whole powers become products.
    """
    new = Program(program.reduction)
    recorder = Lowering(new, keep)
    place: dict[int, int] = {}
    for i in schedule(program, program.live(outputs)):
        op, args = program.ops[i], program.args[i]
        if op == LITERAL:
            place[i] = new.constant(program.numbers[i])
        elif op == COUNT and single:
            place[i] = new.constant(1.0)
        elif op in LEAVES:
            place[i] = new.leaf(str(op), program.data[i], program.labels.get(i, ""))
        elif op == REDUCE and single:
            place[i] = place[args[0]]
        elif isinstance(op, Rule) and (op is rules.power or not keep(op)):
            operands = [recorder.number(place[arg]) for arg in args]
            short = _multiplied(new, operands) if op is rules.power and products else None
            place[i] = (recorder.apply(op, *operands) if short is None else short).index
        else:
            place[i] = new.copied(op, tuple([place[arg] for arg in args]))
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
