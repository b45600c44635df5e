"""Loops found in straight-line code: the same instructions again and again, on numbers that lie at equal distances.

A chain of 100,000 operations, recorded one by one, is a few short loops: forward, backward from the end, and a sum for
each parameter. Written as loops they take LLVM milliseconds instead of seconds. Every number has a place of its own in
memory, in the order of the instructions; a number of the turn before stays in a register.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ..program import CAPTURED, DIRECTION, LEARNED
from ..scalar.program import SAMPLE, Program
from .body import INPUTS, KNOWN, THETA, UNIFORM, VECTOR, Body, Function, Module

FEWEST: Final = 50
"""Turns of a loop that is worth it."""

LONGEST: Final = 256
"""Instructions in one turn."""

BASES: Final = {LEARNED: THETA, CAPTURED: KNOWN, DIRECTION: VECTOR}
NOWHERE: Final = -1
"""The base of an operand that has to be the same in every turn."""


@dataclass(frozen=True)
class Loop:
    """The instructions order[start : start + period * turns].

    Args:
        operands: for each instruction of a turn and each of its operands the array it lies in, its place there in the
            first turn, and how much further on it lies in the next.
    """

    start: int
    period: int
    turns: int
    operands: list[list[tuple[int, int, int]]]

    @property
    def end(self) -> int:
        return self.start + self.period * self.turns


def find_loops(program: Program, order: Sequence[int], module: Module) -> list[Loop]:
    """The loops in a list of instructions, the first first; for those with any, every instruction gets its place."""
    first = len(module.uniforms)
    ops, bases, places = _columns(program, order, module, first)
    count = len(order)
    taken = np.zeros(count, dtype=bool)
    found = []
    for period in range(1, min(LONGEST, count // FEWEST) + 1):
        alike = ops[period:] == ops[:-period]
        if _runs(alike & ~taken[period:] & ~taken[:-period], period * (FEWEST - 1)).size == 0:
            continue
        alike &= (bases[:, period:] == bases[:, :-period]).all(0)
        steps = places[:, period:] - places[:, :-period]
        alike &= ((bases[:, period:] != NOWHERE) | (steps == 0)).all(0)
        even = alike[period:] & alike[:-period] & (steps[:, period:] == steps[:, :-period]).all(0)
        even &= ~(taken[: -2 * period] | taken[period:-period] | taken[2 * period :])
        for begin, length in _runs(even, period * (FEWEST - 2)).tolist():
            start = next((k for k in range(begin, begin + period) if not _torn(program, order, k)), begin)
            turns = (begin + length + 2 * period - start) // period
            rows = range(start, start + period)
            operands = [
                list(zip(bases[:, k].tolist(), places[:, k].tolist(), steps[:, k].tolist(), strict=True)) for k in rows
            ]
            found.append(Loop(start, period, turns, operands))
            taken[start : start + period * turns] = True
    if found:
        module.uniforms.update(zip(order, range(first, first + count), strict=True))
    return sorted(found, key=lambda loop: loop.start)


def _torn(program: Program, order: Sequence[int], k: int) -> bool:
    """Whether a sum would be parted from the product before it, with which it is one instruction."""
    before = order[k - 1] if k else -1
    return (
        program.ops[order[k]] in (rules.add, rules.subtract)
        and before in program.args[order[k]]
        and program.ops[before] is rules.multiply
    )


def _columns(program: Program, order: Sequence[int], module: Module, first: int) -> tuple[Any, Any, Any]:
    """For each instruction a number for its operation; for each of its operands the array it lies in, and its place."""
    ops, size = np.array([id(program.ops[i]) for i in order]), len(program)
    base, place = np.full(size + 1, NOWHERE), np.arange(size + 1)  # the last stands for no operand
    for i in (i for i, args in enumerate(program.args) if not args):
        op = program.ops[i]
        if op in BASES:
            base[i], place[i] = BASES[op], program.data[i]
        elif op == SAMPLE:
            array, place[i], _ = module.target.columns[program.data[i]]
            base[i] = INPUTS + array
    base[order], place[order] = UNIFORM, np.arange(first, first + len(order))
    listed = [program.args[i] for i in order]
    most = max(map(len, listed))
    args = np.array([[each[k] if k < len(each) else size for each in listed] for k in range(most)])
    return ops, base[args], place[args]


def _runs(truths: Any, least: int) -> Any:
    """Where there are at least so many truths in a row: starts and lengths."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], truths, [False]]).astype(np.int8)))
    starts, lengths = edges[::2], np.diff(edges)[::2]
    return np.stack([starts, lengths], axis=1)[lengths >= max(least, 1)]


def write_loop(
    program: Program, module: Module, order: Sequence[int], loop: Loop, fused: dict[int, int], wanted: Collection[int]
) -> Function:
    """The function that runs a loop.

    Args:
        fused: products that are computed with a sum.
        wanted: what is read from memory somewhere.
    """
    columns = [order[loop.start + place : loop.end : loop.period] for place in range(loop.period)]
    row = {column[0]: place for place, column in enumerate(columns)}
    body = Body(program, module, 1, False)
    writer = _Turn(body, loop, module.uniforms[columns[0][0]], row)
    spared = set()
    for place, column in enumerate(columns):
        count = sum(i in fused for i in column)
        if count > loop.turns // 2:  # where it is needed by itself, too, it is computed twice
            turn = next(k for k, i in enumerate(column) if i in fused)
            ahead = module.uniforms[fused[column[turn]]] - writer.first - turn * loop.period
            writer.together[place] = ahead
            if count == loop.turns:
                spared.add(place)
    for place, column in enumerate(columns):
        if place not in spared:
            writer.values[place] = writer.computed(column[0], place)
            if any(i in wanted for i in column):
                writer.store(column[0], place)
    writer.close()
    return body.function


class _Turn:
    """One turn of a loop as it is written; its number is %r.

    Args:
        first: where in memory the first number of the first turn is.
        row: the place in a turn of each instruction of the first one.
    """

    def __init__(self, body: Body, loop: Loop, first: int, row: dict[int, int]) -> None:
        self.body, self.loop, self.first, self.row = body, loop, first, row
        self.together: dict[int, int] = {}  # the places of products, and those of the sums they are computed with
        self.values: dict[int, str] = {}
        self.carried: dict[int, tuple[str, str]] = {}  # numbers of the turn before: before the first, and now
        self.offsets: dict[int, str] = {}
        body.head["entry"] = "entry:"

    def computed(self, i: int, place: int) -> str:
        """The register of an instruction; a product that belongs to a sum is computed with it."""
        program = self.body.program
        op, args = program.ops[i], program.args[i]
        products = [self.row.get(arg) for arg in args]
        k = next((k for k, each in enumerate(products) if each is not None and self.together.get(each) == place), None)
        if k is None:
            return self.body.compute(op, [self.operand(arg, place, k) for k, arg in enumerate(args)], args)
        at = self.row[args[k]]
        x, y = (self.operand(arg, at, m) for m, arg in enumerate(program.args[args[k]]))
        return self.body.combine(op, k == 0, x, y, self.operand(args[1 - k], place, 1 - k))

    def operand(self, arg: int, place: int, k: int) -> str:
        """Operand k of the instruction at this place; in the first turn it is `arg`."""
        base, where, step = self.loop.operands[place][k]
        if base == NOWHERE or step == 0:
            return self.body.operand(arg)
        ahead = where - self.first if base == UNIFORM and step == self.loop.period else self.loop.period
        if 0 <= ahead < self.loop.period:
            return self.values[ahead]
        condition = self.body.program.is_condition(arg)
        if -self.loop.period <= ahead < 0 and not condition:
            return self._carried(ahead + self.loop.period, where)
        number = self.body.new(f"load double, ptr {self._address(base, where, step)}")
        return self.body.new(f"fcmp one double {number}, {self.body.constant(0.0)}") if condition else number

    def _carried(self, place: int, where: int) -> str:
        if place not in self.carried:
            self.body.head[f"c{place}"] = (
                f"  %c{place}a = getelementptr double, ptr {self.body.base(UNIFORM)}, i64 {where}\n"
                f"  %c{place}b = load double, ptr %c{place}a"
            )
            self.carried[place] = f"%c{place}b", f"%c{place}"
        return self.carried[place][1]

    def _address(self, base: int, where: int, step: int) -> str:
        """Of a number that lies `step` further on in each turn."""
        if step not in self.offsets:
            self.offsets[step] = self.body.new(f"mul i64 %r, {step}")
        pointer = self.body.base(base)
        start = f"{pointer}s{where}"
        self.body.head[start] = f"  {start} = getelementptr double, ptr {pointer}, i64 {where}"
        return self.body.new(f"getelementptr double, ptr {start}, i64 {self.offsets[step]}")

    def store(self, i: int, place: int) -> None:
        """Put a number where others, and later turns, read it."""
        value, body = self.values[place], self.body
        if body.program.is_condition(i):
            value = body.new(f"select i1 {value}, double {body.constant(1.0)}, double {body.constant(0.0)}")
        address = self._address(UNIFORM, self.first + place, self.loop.period)
        body.lines.append(f"  store double {value}, ptr {address}")

    def close(self) -> None:
        """What makes a loop of one turn."""
        self.body.lines[:0] = [
            "  br label %loop",
            "loop:",
            "  %r = phi i64 [ 0, %entry ], [ %next, %loop ]",
            *(
                f"  {now} = phi double [ {before}, %entry ], [ {self.values[place]}, %loop ]"
                for place, (before, now) in self.carried.items()
            ),
        ]
        self.body.lines += [
            "  %next = add i64 %r, 1",
            f"  %more = icmp slt i64 %next, {self.loop.turns}",
            "  br i1 %more, label %loop, label %done",
            "done:",
        ]
