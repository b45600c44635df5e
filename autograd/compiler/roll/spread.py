"""Arrays whose axes are axes of a grid: how an operand is taken out of the array that it lies in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...tensor import rules as rows
from ..arrays.program import ArrayProgram, Place
from .grid import Affine, Axis, Points, Whole


@dataclass(frozen=True)
class Spread:
    """An array of the program that spreads along axes of a grid.

    Args:
        array: the instruction.
        axes: its axes; the first axis, that of the samples, is not among them.
        inside: whether it has such a first axis.
    """

    array: int
    axes: tuple[Axis, ...]
    inside: bool


class Arrays:
    """Writes views, transposes and gathers into a program."""

    def __init__(self, program: ArrayProgram) -> None:
        self.program = program
        self.lengths: set[int] = set()  # of what is in between

    def shape(self, spread: Spread) -> tuple[int, ...]:
        """The shape without the axis of the samples."""
        return self.program.shapes[spread.array][spread.inside :]

    def reshaped(self, array: int, inside: bool, shape: Sequence[int]) -> int:
        """An array with another shape behind the axis of the samples."""
        lead = self.program.shapes[array][:1] if inside else ()
        return self.program.emit(rows.reshape, array, shape=(*lead, *shape))

    def ordered(self, spread: Spread, order: Sequence[Axis]) -> Spread:
        """The same with its axes in another order."""
        axes = [axis for axis in order if axis in spread.axes]
        places = [spread.axes.index(axis) for axis in axes]
        if places == sorted(places):
            return spread
        lead = int(spread.inside)
        whole = (*range(lead), *(lead + place for place in places))
        flipped = whole == tuple(range(len(whole)))[::-1]
        return Spread(
            self.program.emit(rows.transpose, spread.array, axes=None if flipped else whole), tuple(axes), spread.inside
        )

    def arranged(self, spread: Spread, order: Sequence[Axis]) -> int:
        """The array with all axes of `order`, of length 1 where it does not spread along one."""
        spread = self.ordered(spread, order)
        shape = [axis.size if axis in spread.axes else 1 for axis in order]
        while not spread.inside and shape and shape[0] == 1:
            shape = shape[1:]
        return spread.array if self.shape(spread) == tuple(shape) else self.reshaped(spread.array, spread.inside, shape)

    def merged(self, spread: Spread, groups: Sequence[Sequence[Axis]]) -> int:
        """The array with one axis for each group of axes."""
        spread = self.ordered(spread, [axis for group in groups for axis in group])
        return self.reshaped(
            spread.array, spread.inside, [math.prod(axis.size for axis in group) for group in groups if group]
        )

    # ---------------------------------------------------------------------------------------------- operands

    def taken(self, array: int, inside: bool, coordinates: Sequence[Affine]) -> Spread | None:
        """The view of an array whose axes are these coordinates; None where it is no view."""
        shape = self.program.shapes[array][int(inside) :]
        axes: list[Axis] = []
        outer: list[Any] = []
        inner: list[Any] = []
        blocks: list[int] = []
        for size, coordinate in zip(shape, coordinates, strict=True):
            found = cut(size, coordinate)
            if found is None:
                return None
            outer.append(found.outer)
            inner += found.inner
            blocks += found.blocks
            axes += found.axes
        if len(set(map(id, axes))) < len(axes):
            return None  # a diagonal
        self.lengths.update(blocks)
        array = self._indexed(array, inside, outer)
        array = self.reshaped(array, inside, blocks)
        return Spread(self._indexed(array, inside, inner), tuple(axes), inside)

    def _indexed(self, array: int, inside: bool, index: list[Any]) -> int:
        shape = self.program.shapes[array][int(inside) :]
        if all(part == slice(None) or part == slice(0, size, None) for part, size in zip(index, shape, strict=True)):
            return array
        while index and index[-1] == slice(None):
            index = index[:-1]
        lead = (slice(None),) if inside else ()
        whole = (*lead, *index)
        return self.program.emit(rows.getitem, array, index=whole if len(whole) > 1 else whole[0])

    def gathered(self, array: int, inside: bool, columns: Sequence[Whole], points: Points) -> Spread:
        """Elements taken one by one; places of the grid without a point take some element."""
        axes = points.every
        shape = [axis.size for axis in axes]
        where = tuple(points.along(axis) for axis in axes)
        kept = list(range(len(axes)))
        dense = [np.full(shape, -1) for _ in columns]
        for table, column in zip(dense, columns, strict=True):
            table[where] = column
        for k in range(len(axes)):  # leave out the axes along which nothing changes
            tops = [table.max(axis=k, keepdims=True) for table in dense]
            if all(((table == top) | (table < 0)).all() for table, top in zip(dense, tops, strict=True)):
                dense = tops
                kept.remove(k)
        index = [Place(self.program.array(_narrowed(table, kept))) for table in dense]
        lead = (slice(None),) if inside else ()
        whole = (*lead, *index)
        taken = self.program.emit(rows.getitem, array, index=whole if len(whole) > 1 else whole[0])
        return Spread(taken, tuple(axes[k] for k in kept), inside)

    def numbers(self, column: Any, points: Points) -> Spread:
        """Constants of the grid; one number where they are all the same: bit for bit, NaN and -0.0 are numbers too."""
        column = np.asarray(column, float)
        bits = column.view(np.int64)
        if (bits == bits[0]).all():
            return Spread(self.program.constant(float(column[0])), (), False)
        axes = points.every
        shape = [axis.size for axis in axes]
        table: Any = np.zeros(shape, np.int64)
        there: Any = np.zeros(shape, bool)
        where = tuple(points.along(axis) for axis in axes)
        table[where], there[where] = bits, True
        kept = list(range(len(axes)))
        for k in range(len(axes)):
            top = np.where(there, table, np.iinfo(np.int64).min).max(axis=k, keepdims=True)
            if ((table == top) | ~there).all():
                there = there.any(axis=k, keepdims=True)
                table = np.where(there, top, 0)
                kept.remove(k)
        numbers = table.reshape([shape[k] for k in kept]).view(float)
        return Spread(self.program.array(numbers), tuple(axes[k] for k in kept), False)


def _narrowed(table: Whole, kept: Sequence[int]) -> Whole:
    """The indices along the axes that are kept; of length 1 along those that do not matter to this coordinate."""
    for k in kept:
        top = table.max(axis=k, keepdims=True)
        if ((table == top) | (table < 0)).all():
            table = top
    return np.maximum(table, 0).reshape([table.shape[k] for k in kept])


@dataclass
class _Cut:
    """How one axis of an array is cut: a slice, then blocks, then a slice of each."""

    outer: Any
    blocks: list[int]
    inner: list[Any]
    axes: list[Axis]


def cut(size: int, coordinate: Affine) -> _Cut | None:
    """The cut of an axis of this size that gives a coordinate; None where there is none."""
    start, factors = coordinate.start, sorted(coordinate.factors, key=lambda part: -part[0])
    if not factors:
        return _Cut(start, [], [], [])
    if factors[-1][0] < 0 or start + sum(factor * (axis.size - 1) for factor, axis in factors) >= size:
        return None
    if len(factors) == 1:
        (step, axis) = factors[0]
        stop = start + step * (axis.size - 1) + 1
        whole = slice(None) if (start, stop, step) == (0, size, 1) else slice(start, stop, None if step == 1 else step)
        return _Cut(whole, [axis.size], [slice(None)], [axis])
    unit = factors[-1][0]
    blocks = [factors[0][1].size]
    for (outer, _), (inner, axis) in itertools.pairwise(factors):
        if outer % inner or inner * axis.size > outer:
            return None  # windows that overlap
        blocks.append(outer // inner)
    length = blocks[0] * factors[0][0]
    shift = max(0, start + length - size)  # the last block may end beyond the array: then all begin earlier
    shift = -(-shift // unit) * unit
    if shift > start or shift >= factors[0][0]:
        return None
    inside: list[Any] = [slice(None)]
    for (step, axis), block in zip(factors[1:], blocks[1:], strict=True):
        offset = shift // step % block
        if offset + axis.size > block:
            return None
        inside.append(slice(None) if axis.size == block else slice(offset, offset + axis.size))
    begin = start - shift
    end = begin + length - unit + 1
    outer_slice = slice(begin, begin + length if unit == 1 else end, None if unit == 1 else unit)
    if (begin, length, unit) == (0, size, 1):
        outer_slice = slice(None)
    return _Cut(outer_slice, blocks, inside, [axis for _, axis in factors])
