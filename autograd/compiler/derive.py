"""The derivative of a program, written into the same program: reverse accumulation over its instructions.

No formula stands here. Each row of the table is fed with Traced numbers and so writes its own derivative down. What
came through the branch of a `where` that was not taken is not multiplied by zero but left out, lane by lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import rules
from ..rules import Rule
from .program import DETACH, INSIDE, REDUCE, WHERE, Program
from .traced import Recorder

Contribution = tuple[int, "int | None"]
"""A cotangent, and the condition under which it came: None is always."""

Waiting = dict[int, tuple[list[Contribution], list[Contribution]]]
"""The contributions to each instruction: those to be taken as they are, and those of every sample to be reduced."""


def differentiate(program: Program, output: int, wrt: Sequence[int]) -> list[int]:
    """Instructions for ∂output/∂w, one for each w of `wrt`; they are added to the program.

    `output` is one number (not one per sample). A number of a sample gets the derivative of the *reduction* over the
    batch: with the mean, n times its own.
    """
    recorder = Recorder(program)
    active = _active(program, output, wrt)
    waiting: Waiting = {output: ([(program.constant(1.0), None)], [])}
    wanted = set(wrt)
    found: dict[int, int] = {}
    for i in range(output, -1, -1):
        if not active[i] or i not in waiting:
            continue
        cotangent, guard = _collect(program, i, *waiting.pop(i))
        if program.args[cotangent]:
            program.cotangents.setdefault(cotangent, i)
        if i in wanted:
            found[i] = cotangent
        if not program.args[i]:
            continue
        for operand, contribution in _contributions(program, recorder, i, active, cotangent, guard):
            per_sample = program.stages[i] == INSIDE and program.stages[operand] != INSIDE
            waiting.setdefault(operand, ([], []))[per_sample].append(contribution)
    zero = program.constant(0.0)
    return [found.get(i, zero) for i in wrt]


def _active(program: Program, output: int, wrt: Sequence[int]) -> bytearray:
    """Which instructions depend on a number of `wrt`."""
    active = bytearray(output + 1)
    for i in wrt:
        if i <= output:
            active[i] = 1
    for i in range(output + 1):
        if not active[i] and any(active[arg] for arg in program.args[i]):
            active[i] = program.ops[i] != DETACH and not program.is_condition(i)
    return active


def _collect(program: Program, i: int, given: list[Contribution], per_sample: list[Contribution]) -> Contribution:
    """The cotangent of instruction i, and its guard: what every sample contributes to one number is reduced."""
    if per_sample:
        total, guard = _sum(program, per_sample)
        inner = bool(program.args[i])  # a leaf passes nothing on, so it needs no guard
        if inner and guard is not None and program.stages[guard] == INSIDE:  # did any sample take the branch?
            one, zero = program.constant(1.0), program.constant(0.0)
            guard = program.emit(">", program.emit(REDUCE, program.emit(WHERE, guard, one, zero)), zero)
        given = [*given, (program.emit(REDUCE, total), guard if inner else None)]
    return _sum(program, given)


def _sum(program: Program, given: list[Contribution]) -> Contribution:
    total, guard = given[0]
    for term, condition in given[1:]:
        total = program.emit(rules.add, total, term)
        guard = program.emit("or", guard, condition) if guard is not None and condition is not None else None
        if guard is not None and guard in program.numbers:
            guard = None  # one branch or the other is always taken
    return total, guard


def _contributions(
    program: Program, recorder: Recorder, i: int, active: bytearray, cotangent: int, guard: int | None
) -> list[tuple[int, Contribution]]:
    """What instruction i passes on to each of its operands."""
    op, args = program.ops[i], program.args[i]
    if op == REDUCE:
        return [(args[0], (cotangent, guard))]
    if op == WHERE:
        return _through_where(program, args, active, cotangent, guard)
    assert isinstance(op, Rule), op
    out: list[tuple[int, Contribution]] = []
    operands = [recorder.number(arg) for arg in args]
    for k, arg in enumerate(args):
        if active[arg]:
            partial = recorder.lift(op.partial(k, operands, recorder.number(i)))
            out.append((arg, (_product(program, cotangent, partial, guard), guard)))
    return out


def _product(program: Program, cotangent: int, partial: int, guard: int | None) -> int:
    product = program.emit(rules.multiply, cotangent, partial)
    if guard is None or partial in program.numbers:
        return product  # a guarded cotangent is an exact zero where its branch was not taken
    return program.emit(WHERE, guard, product, program.constant(0.0))


def _through_where(
    program: Program, args: tuple[int, ...], active: bytearray, cotangent: int, guard: int | None
) -> list[tuple[int, Contribution]]:
    condition, x, y = args
    zero = program.constant(0.0)
    out: list[tuple[int, Contribution]] = []
    for taken, branch in ((condition, x), (program.emit("not", condition), y)):
        if active[branch]:
            passed = program.emit(WHERE, taken, cotangent, zero)
            out.append((branch, (passed, taken if guard is None else program.emit("and", guard, taken))))
    return out


def scalar_product(program: Program, xs: Sequence[int], ys: Sequence[int]) -> int:
    """Σ x·y as one instruction, for products of a derivative with a direction."""
    recorder = Recorder(program)
    total: Any = 0.0
    for x, y in zip(xs, ys, strict=True):
        total = recorder.number(x) * recorder.number(y) + total
    return recorder.lift(total)
