"""The safety net: both forms of a program are run once on made-up numbers, and every family has to come out the same.

What was recognised is written down operation by operation, so the two agree unless this library is wrong. Then the flat
program is used, and a warning says so.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ...core.rule import Rule
from ...tensor.rules import ArrayRule
from ..arrays.program import ArrayProgram, replaced
from ..program import CAPTURED, COMPARISONS, DETACH, LEARNED, LITERAL, WHERE
from ..scalar.program import COUNT, REDUCE, SAMPLE, Program
from .build import Builder

TOLERANCE: Final = 1e-9

SCALES: Final = (1.0, 0.1, 0.01)
"""Of the made-up numbers: smaller ones where something overflows, for what is infinite in one order of a sum may be NaN
in another, and tells nothing."""


def agrees(builder: Builder) -> bool:
    """Whether the numbers of every family are those of the flat program."""
    rng = np.random.default_rng(0)
    old, n = builder.old, builder.size
    made = [rng.uniform(0.2, 1.2, count) for count in (builder.parameters, builder.captured_count)]
    made += [rng.uniform(0.2, 1.2, (n, *leaf.shape)) for leaf in builder.leaves]
    with np.errstate(all="ignore"):
        for scale in SCALES:
            theta, captured, *batch = (scale * part for part in made)
            columns = [column for array in batch for column in array.reshape(n, -1).T]
            flat, sizes = _flat(old, builder.structure.live, theta, captured, columns, n)
            if all(np.all(np.isfinite(part)) for part in flat.values()):
                break
        arrays = _arrays(builder, theta, captured, batch)
    for number, placed in builder.placed.items():
        members = builder.structure.families[number].members
        known = [k for k, i in enumerate(members) if i in flat]
        wanted = np.array([np.broadcast_to(flat[members[k]], n) for k in known])
        spread = placed.spread
        found = arrays[spread.array]
        index = tuple(column[known] for column in placed.columns)
        got = np.moveaxis(found, 0, -1)[index] if spread.inside else found[index]
        got = np.broadcast_to(np.asarray(got).reshape(len(known), -1), wanted.shape)
        size = max(sizes[members[k]] for k in known) if known else 1.0
        if not np.allclose(got, wanted, TOLERANCE, TOLERANCE * size, equal_nan=True):
            return False
    return True


def _flat(
    program: Program, live: list[int], theta: Any, captured: Any, columns: list[Any], n: int
) -> tuple[dict[int, Any], dict[int, float]]:
    """What the instructions come to, for n samples; and the largest number on the way to each."""
    sizes: dict[int, float] = {}
    leaves = {LEARNED: theta, CAPTURED: captured, SAMPLE: columns, COUNT: [float(n)]}
    values: dict[int, Any] = {}
    for i in live:
        op, args = program.ops[i], program.args[i]
        if op == LITERAL:
            values[i] = program.numbers[i]
        elif not args:
            values[i] = leaves[op][program.data[i]]
        else:
            values[i] = _applied(op, [values[arg] for arg in args], program.reduction, n)
        size = float(np.abs(values[i]).max())
        sizes[i] = max([size if size < math.inf else 0.0, *[sizes[arg] for arg in args]])
    return values, sizes


def _applied(op: Any, operands: list[Any], reduction: str, n: int) -> Any:
    if isinstance(op, Rule):
        return op.on_arrays(*map(np.asarray, operands)) if op.intrinsic else op.value(*map(np.asarray, operands))
    if op == WHERE:
        return np.where(*operands)
    if op == REDUCE:
        total = np.sum(np.broadcast_to(operands[0], n))
        return total / n if reduction == "mean" else total
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
            values[i] = _applied(op, [values[arg] for arg in program.args[i]], "", builder.size)
    return values
