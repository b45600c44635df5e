"""The safety net: both forms of a program are run once on made-up numbers, and every family has to come out the same.

What was recognised is written down operation by operation, so the two agree unless this library is wrong. Then the flat
program is used, and a warning says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...core.rule import Rule
from ...tensor.rules import ArrayRule
from ..arrays.program import ArrayProgram, replaced
from ..program import CAPTURED, COMPARISONS, DETACH, LEARNED, LITERAL, WHERE
from ..scalar.program import COUNT, REDUCE, SAMPLE, Program, levels_of
from .build import Builder

TOLERANCE: Final = 1e-9

SCALES: Final = (1.0, 0.1, 0.01)
"""Of the made-up numbers: smaller ones where something overflows, for what is infinite in one order of a sum may be NaN
in another, and tells nothing."""


def agrees(builder: Builder) -> bool:
    """Whether the numbers of every family are those of the flat program."""
    rng = np.random.default_rng(0)
    old, n, live = builder.old, builder.size, builder.structure.live
    made = [rng.uniform(0.2, 1.2, count) for count in (builder.parameters, builder.captured_count)]
    made += [rng.uniform(0.2, 1.2, (n, *leaf.shape)) for leaf in builder.leaves]
    steps = _steps(old, live)
    with np.errstate(all="ignore"):
        for scale in SCALES:
            theta, captured, *batch = (scale * part for part in made)
            columns = np.concatenate([array.reshape(n, -1) for array in batch], axis=1).T if batch else np.zeros((0, n))
            flat, sizes = _flat(old, steps, theta, captured, columns, n)
            if np.isfinite(flat[live]).all():
                break
        arrays = _arrays(builder, theta, captured, batch)
    for number, placed in builder.placed.items():
        members = builder.structure.families[number].members
        known = [k for k, i in enumerate(members) if i < len(old)]
        places = [members[k] for k in known]
        wanted = flat[places]
        spread = placed.spread
        found = arrays[spread.array]
        index = tuple(column[known] for column in placed.columns)
        got = np.moveaxis(found, 0, -1)[index] if spread.inside else found[index]
        got = np.broadcast_to(np.asarray(got).reshape(len(known), -1), wanted.shape)
        size = sizes[places].max(initial=0.0) if known else 1.0
        if not np.allclose(got, wanted, TOLERANCE, TOLERANCE * size, equal_nan=True):
            return False
    return True


def _steps(program: Program, live: list[int]) -> list[tuple[Any, Any, Any]]:
    """Operations, the instructions that are to be computed by each at once, and those that are their operands."""
    groups: dict[Any, list[int]] = {}
    for i, level in zip(live, levels_of(program, live), strict=True):
        groups.setdefault((level, program.ops[i]), []).append(i)
    return [
        (op, np.array(members), np.array([program.args[i] for i in members], int).T)
        for (_, op), members in sorted(groups.items(), key=lambda item: item[0][0])
    ]


def _flat(
    program: Program, steps: Sequence[tuple[Any, Any, Any]], theta: Any, captured: Any, columns: Any, n: int
) -> tuple[Any, Any]:
    """What the instructions come to, one row for each, for n samples; and the largest number on the way to each."""
    leaves = {LEARNED: theta[:, None], CAPTURED: captured[:, None], SAMPLE: columns, COUNT: np.full((1, n), float(n))}
    values, sizes = np.zeros((len(program), n)), np.zeros(len(program))
    for op, members, args in steps:
        if op == LITERAL:
            found = np.array([program.numbers[i] for i in members], float)[:, None]
        elif not len(args):
            found = leaves[op][[program.data[i] for i in members]]
        else:
            found = _applied(op, [values[column] for column in args], program.reduction)
        values[members] = found
        size = np.abs(found).max(axis=1)
        sizes[members] = np.maximum(np.where(size < math.inf, size, 0.0), sizes[args].max(axis=0, initial=0.0))
    return values, sizes


def _applied(op: Any, operands: list[Any], reduction: str = "") -> Any:
    if isinstance(op, Rule):
        return op.on_arrays(*map(np.asarray, operands)) if op.intrinsic else op.value(*map(np.asarray, operands))
    if op == WHERE:
        return np.where(operands[0] != 0, *operands[1:])
    if op == REDUCE:
        (rows,) = operands
        return (np.mean if reduction == "mean" else np.sum)(rows, axis=1, keepdims=True)
    if op == DETACH:
        return operands[0]
    if op in COMPARISONS:
        return COMPARISONS[op](*operands)
    return {"and": np.logical_and, "or": np.logical_or, "not": np.logical_not}[op](*operands)


def _arrays(builder: Builder, theta: Any, captured: Any, batch: list[Any]) -> dict[int, Any]:
    """What the instructions of the program of arrays come to."""
    program: ArrayProgram = builder.program
    values: dict[int, Any] = dict(zip(builder.arguments, batch, strict=True))
    for view in builder.views.values():
        values[view.array] = theta[view.places()]
    for i in range(len(program)):
        op = program.ops[i]
        if i in values:
            continue
        if i in program.numbers or i in program.arrays:
            values[i] = program.sample(i)
        elif op == CAPTURED:
            values[i] = captured
        elif op == COUNT:
            values[i] = float(builder.size)
        elif isinstance(op, ArrayRule):
            options = {
                key: replaced(option, lambda place: values[int(place)]) for key, option in program.options[i].items()
            }
            values[i] = op.value(*[values[arg] for arg in program.args[i]], **options)
        else:
            values[i] = _applied(op, [values[arg] for arg in program.args[i]])
    return values
