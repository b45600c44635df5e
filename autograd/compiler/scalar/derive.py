"""The derivative of a program, written into the same program: THE sweep over its instructions.

No formula stands here: each row of the table is fed with recorded numbers, and so its derivative is recorded. The rule
about what a `where` did not choose is kept by `../derive.py`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from ...core import table as rules
from ...core.reverse import sweep
from ...core.rule import Rule
from ...formula import Symbol
from ...masking import Arrived, partial
from ...numbers.functions import where
from ..program import DETACH, WHERE
from .program import INSIDE, REDUCE, Program
from .record import Recorder


class Contributions:
    """What arrives at an instruction: cotangents to be taken as they are, and those of every sample to be reduced."""

    __slots__ = ("given", "per_sample")

    def __init__(self, g: Arrived, per_sample: bool) -> None:
        self.given: list[Arrived]
        self.per_sample: list[Arrived]
        self.given, self.per_sample = ([], [g]) if per_sample else ([g], [])

    def __add__(self, other: Contributions) -> Contributions:
        self.given += other.given
        self.per_sample += other.per_sample
        return self


def differentiate(program: Program, output: int, wrt: Sequence[int], kind: type[Arrived]) -> list[int]:
    """Instructions for ∂output/∂w, one for each w of `wrt`; they are added to the program.

    `output` is one number (not one per sample). A number of a sample gets the derivative of the *reduction* over the
    batch: with the mean, n times its own.

    Args:
        kind: how the rule about 0 × ∞ is kept: see `../derive.py`.
    """
    recorder = Recorder(program)
    active = _active(program, output, wrt)
    wanted = set(wrt)
    found: dict[int, int] = {}
    stages = program.stages

    def send(i: int, args: tuple[int, ...], arrived: Contributions) -> list[Contributions | None]:
        plain = not arrived.per_sample and len(arrived.given) == 1
        g = arrived.given[0] if plain else _collected(program, recorder, i, arrived)
        cotangent = g.number.index
        if type(program.ops[cotangent]) is not Rule:  # it may be a condition
            cotangent = recorder.lift(g.number)
        if program.args[cotangent]:
            program.cotangents.setdefault(cotangent, i)
        if i in wanted:
            found[i] = cotangent
        parts = _parts(program, recorder, i, active, g)
        if stages[i] != INSIDE:
            return [None if part is None else Contributions(part, False) for part in parts]
        return [
            None if part is None else Contributions(part, stages[arg] != INSIDE)
            for arg, part in zip(args, parts, strict=True)
        ]

    order = [(i, program.args[i]) for i in range(output, -1, -1) if active[i]]
    sweep(order, {output: Contributions(kind(recorder.number(program.constant(1.0))), False)}, send, operator.index)
    zero = program.constant(0.0)
    return [found.get(i, zero) for i in wrt]


def _active(program: Program, output: int, wrt: Sequence[int]) -> bytearray:
    """Which instructions depend on a number of `wrt`."""
    active = bytearray(output + 1)
    for i in wrt:
        if i <= output:
            active[i] = 1
    for i, args in enumerate(program.args[: output + 1]):
        for arg in args:
            if active[arg]:
                active[i] = program.ops[i] != DETACH and not program.is_condition(i)
                break
    return active


def _collected(program: Program, recorder: Recorder, i: int, arrived: Contributions) -> Arrived:
    """The cotangent of instruction i: what every sample contributes to one number is reduced."""
    given = arrived.given
    if arrived.per_sample:
        total = _sum(program, arrived.per_sample)
        came = total.came if program.args[i] else None  # a leaf passes nothing on
        if came is not None and program.stages[came.index] == INSIDE:  # did anything come in any sample?
            came = recorder.apply(REDUCE, where(came, 1.0, 0.0)) > 0.0
        given = [*given, type(total)(recorder.apply(REDUCE, total.number), came)]
    return _sum(program, given)


def _sum(program: Program, given: Sequence[Arrived]) -> Arrived:
    total = given[0]
    number = total.number.recorder.number
    for term in given[1:]:
        if total.came is None or term.came is None:  # as they add themselves up, and in half the time
            total = type(total)(number(program.emit(rules.add, total.number.index, term.number.index)))
            continue
        total = total + term
        if total.came is not None and total.came.index in program.numbers:
            total.came = None  # one branch or the other is always taken
    return total


def _parts(program: Program, recorder: Recorder, i: int, active: bytearray, g: Arrived) -> list[Arrived | None]:
    """What instruction i passes on to each of its operands."""
    op, args = program.ops[i], program.args[i]
    if not args or op == REDUCE:
        return [g] * len(args)
    if op == WHERE:
        condition = recorder.number(args[0])
        sides = ((condition, args[1]), (~condition, args[2]))
        return [None, *[_chosen(g, taken) if active[side] else None for taken, side in sides]]
    assert isinstance(op, Rule), op
    places = _places(op) if g.came is None else None
    if places is not None:
        return _products(program, g, (*args, i), places, active)
    operands, out = [recorder.number(arg) for arg in args], recorder.number(i)
    return [g.times(op, k, operands, out) if active[arg] else None for k, arg in enumerate(args)]


@functools.cache
def _places(rule: Rule) -> tuple[int, ...] | None:
    """Where the local derivatives are found among operands and result, as those of + × exp; for 1 and -1, ~0 and ~1.

    None where a formula has to be recorded.
    """
    known = (*rule.operands, "out")
    places = []
    for k in range(rule.arity):
        formula = partial(rule, k)
        if isinstance(formula, Symbol) and not formula.args:
            places.append(known.index(str(formula.op)))
        elif type(formula) is int and formula in (1, -1):
            places.append(~0 if formula == 1 else ~1)
        else:
            return None
    return tuple(places)


def _products(
    program: Program, g: Arrived, known: Sequence[int], places: Sequence[int], active: bytearray
) -> list[Arrived | None]:
    """The same as `Arrived.times` writes, for a rule with `_places`, and several times as fast."""
    kind, recorder, upstream = type(g), g.number.recorder, g.number.index
    found: list[Arrived | None] = []
    for place, arg in zip(places, known, strict=False):
        if not active[arg]:
            found.append(None)
        elif place == ~0:
            found.append(g)
        elif place == ~1:
            found.append(kind(recorder.number(program.emit(rules.negative, upstream))))
        else:
            found.append(kind(recorder.number(program.emit(rules.multiply, upstream, known[place]))))
    return found


def _chosen(g: Arrived, taken: Any) -> Arrived:
    """What goes through a `where` to the side that is taken under a condition."""
    return type(g)(where(taken, g.number, 0.0), taken if g.came is None else g.came & taken)


def scalar_product(program: Program, xs: Sequence[int], ys: Sequence[int]) -> int:
    """Σ x·y as one instruction, for products of a derivative with a direction."""
    recorder = Recorder(program)
    total: Any = 0.0
    for x, y in zip(xs, ys, strict=True):
        total = recorder.number(x) * recorder.number(y) + total
    return recorder.lift(total)
