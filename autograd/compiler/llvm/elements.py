"""What is done element by element, as LLVM assembly: the value of one element of an array, or of a vector of them.

An operation that is used once is computed where it is used; a row of the table that the machine has no instruction for
is put as its formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core import table as rules
from ...core.rule import Rule
from ...tensor import rules as rows
from ..arrays.program import ArrayOp, ArrayProgram
from ..program import COMPARISONS, LITERAL, LOGIC
from ..scalar.lower import lower
from ..scalar.program import COUNT, SAMPLE, Program
from ..scalar.record import Recorder
from .body import Body, Module
from .functions import is_machine


class Elements:
    """Writes elements of the arrays of a program.

    Args:
        inside: the instructions that are computed where they are used.
    """

    def __init__(self, program: ArrayProgram, module: Module, inside: set[int]) -> None:
        self.program, self.module, self.inside = program, module, inside
        self._scalars: dict[Any, tuple[Program, list[int], int]] = {}

    def value(self, i: int, leaf: Callable[[int], int], whole: bool) -> Callable[[Body, Callable[[int], str]], str]:
        """What writes the value of an element; the leaves that it reads are asked for now."""
        program = self.program
        if not (whole or i in self.inside):
            k = leaf(i)
            return lambda body, read: read(k)
        parts = {j: self._part(j, leaf) for j in program.used(i)}

        def write(body: Body, read: Callable[[int], str]) -> str:
            value, is_bit = self._computed(i, body, {j: part(body, read) for j, part in parts.items()})
            return _number(body, value) if is_bit else value

        return write

    def _part(self, i: int, leaf: Callable[[int], int]) -> Callable[[Body, Callable[[int], str]], tuple[str, bool]]:
        """What writes an operand: its register, and whether that is a truth value."""
        program = self.program
        if i in program.numbers or program.ops[i] == COUNT:
            number = program.numbers.get(i, 1.0)
            number = number if isinstance(number, bool) else float(number)
            return lambda body, read: (body.constant(number), isinstance(number, bool))
        if i in program.uniform:
            return lambda body, read: (body.constant(float(program.uniform[i])), False)
        if i not in self.inside:
            k = leaf(i)
            return lambda body, read: (read(k), False)
        parts = {j: self._part(j, leaf) for j in program.used(i)}
        return lambda body, read: self._computed(i, body, {j: part(body, read) for j, part in parts.items()})

    def _computed(self, i: int, body: Body, given: dict[int, tuple[str, bool]]) -> tuple[str, bool]:
        """The register of an instruction, and whether it is a truth value."""
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        numbers = [_number(body, value) if is_bit else value for value, is_bit in (given[arg] for arg in args)]
        if op is rows.choose:
            (condition,) = program.used(i)[len(args) :]
            bit, (x, y) = _bit(body, given[condition]), numbers
            return body.new(f"select {body.bits} {bit}, {body.type} {x}, {body.type} {y}"), False
        if op in LOGIC:
            return body.compute(op, [_bit(body, given[arg]) for arg in args], args), True
        if isinstance(op, Rule):
            return self._row(op, i, body, numbers), False
        return body.compute(op, numbers, args), True

    def _row(self, op: Rule, i: int, body: Body, operands: Sequence[str]) -> str:
        """A row of the table: in what a machine has for it."""
        args = self.program.args[i]
        exponent = self.program.numbers.get(args[1]) if op is rules.power else None
        key = (op, exponent)
        if key not in self._scalars:
            scalar = Program()
            places = [scalar.leaf(SAMPLE, k) for k in range(len(args))]
            if exponent is not None:
                places[1] = scalar.constant(float(exponent))
            recorder = Recorder(scalar)
            out = recorder.lift(recorder.apply(op, *map(recorder.number, places)))
            low, (out,) = lower(scalar, [out], is_machine, single=True)
            self._scalars[key] = low, low.live([out]), out
        scalar, live, out = self._scalars[key]
        inner = Body(scalar, self.module, body.lanes, False, body.function)
        found: dict[int, str] = {}
        for j in live:
            if scalar.ops[j] == SAMPLE:
                found[j] = operands[scalar.data[j]]
            elif scalar.ops[j] == LITERAL:
                found[j] = inner.constant(scalar.numbers[j])
            else:
                found[j] = inner.compute(scalar.ops[j], [found[arg] for arg in scalar.args[j]], scalar.args[j])
        return found[out]


def is_elementwise(op: ArrayOp) -> bool:
    """Whether each element of the result depends on one element of each operand."""
    return isinstance(op, Rule) or op in COMPARISONS or op in LOGIC or op is rows.choose


def _number(body: Body, bit: str) -> str:
    return body.new(f"select {body.bits} {bit}, {body.type} {body.constant(1.0)}, {body.type} {body.constant(0.0)}")


def _bit(body: Body, given: tuple[str, bool]) -> str:
    value, is_bit = given
    return value if is_bit else body.new(f"fcmp une {body.type} {value}, {body.constant(0.0)}")
