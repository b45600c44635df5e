"""Over which axes a family spreads: what changes from one member to the next, found in the places of its operands.

A member (a neuron, say) has operands at places of other arrays: in row t of the activations, at number 17 j + i of
theta. Each such coordinate is a column of whole numbers, one for every member, or for every term of every member's sum.
Columns that say the same become one axis, and a column that is start + Σ factor × axis makes its operand a view of its
array: a slice, a transposed one, with no element copied. What is no such view is gathered by its indices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

Whole = Any
"""An array of whole numbers."""

SPARSEST: Final = 0.4
"""The part of a grid that has to be members (or terms); the rest of it is computed and not used."""


@dataclass(eq=False)
class Axis:
    """One axis of a grid, and the place of each member (or each term) along it: from 0 to size - 1."""

    places: Whole
    size: int


@dataclass
class Affine:
    """A coordinate as start + Σ factor × axis."""

    start: int
    factors: list[tuple[int, Axis]] = field(default_factory=list)


class Grid:
    """The axes of the members of a family.

    Args:
        count: how many members there are.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.axes: list[Axis] = []

    def is_complete(self) -> bool:
        """Whether every member has a place of its own, and few places are empty."""
        return _fills([axis.places for axis in self.axes], self.axes, self.count)


class Points:
    """The terms of each member's sum, for one group of terms; where nothing is summed, the members themselves.

    Args:
        owner: the member of each point; the points of a member stand together.
    """

    def __init__(self, grid: Grid, owner: Whole) -> None:
        self.grid, self.owner = grid, owner
        self.axes: list[Axis] = []  # those that are summed along
        self.starts = np.searchsorted(owner, np.arange(grid.count))
        self._first = self.starts[owner]

    @property
    def every(self) -> list[Axis]:
        """The axes of the members, then those of the terms."""
        return [*self.grid.axes, *self.axes]

    def along(self, axis: Axis) -> Whole:
        """The place of each point along an axis."""
        return axis.places if len(axis.places) == len(self.owner) and axis in self.axes else axis.places[self.owner]

    def is_complete(self) -> bool:
        """Whether every term has a place of its own, and not too many are empty."""
        return _fills([self.along(axis) for axis in self.every], self.every, len(self.owner))

    def mask(self) -> tuple[Any, list[Axis]] | None:
        """Where there is a term, and the axes on which that depends; None for everywhere.

        Places of the grid without a member count as whatever makes that simple.
        """
        axes = self.every
        shape = [axis.size for axis in axes]
        if len(self.owner) == math.prod(shape):
            return None
        there = np.zeros(shape, bool)
        there[tuple(self.along(axis) for axis in axes)] = True
        has_member = np.zeros(shape, bool)
        has_member[tuple(axis.places for axis in self.grid.axes)] = True
        low, high = there | ~has_member, there & has_member
        kept: list[Axis] = []
        for k, axis in enumerate(axes):
            every: Any
            some: Any
            every, some = low.all(axis=k, keepdims=True), high.any(axis=k, keepdims=True)
            if (every >= some).all():
                low, high = every, some
            else:
                kept.append(axis)
        if high.all() or low.all():
            return None
        return low.reshape([axis.size for axis in kept]), kept

    # ------------------------------------------------------------------------------------------- finding axes

    def find(self, column: Whole) -> None:
        """Take the axes that a coordinate spreads over."""
        column = _normal(column)
        low = np.minimum.reduceat(column, self.starts)[self.owner]
        if (column == low).all():
            _take(self.grid.axes, column[self.starts])
        elif (low == low[0]).all():
            _take(self.axes, column)
        else:  # a coordinate that changes with the member and with the term
            width = int((column - low).max()) + 1
            if (low % width == 0).all():  # heads of several numbers: one after the other
                _take(self.grid.axes, (low // width)[self.starts])
                _take(self.axes, column - low)
            elif self._alike(column - low) is not None:  # windows that slide
                _take(self.grid.axes, low[self.starts])
                _take(self.axes, column - low)
            else:
                _take(self.axes, column)

    def _alike(self, column: Whole) -> Whole | None:
        """The numbers of a member's terms, if they are the same in the same order for all members."""
        size, rest = divmod(len(column), self.grid.count)
        if rest or not (np.diff(self.starts, append=len(column)) == size).all():
            return None
        rows = column.reshape(-1, size)
        return rows[0] if (rows == rows[0]).all() else None

    # ------------------------------------------------------------------------------------------ fitting columns

    def fit(self, column: Whole, extend: bool) -> Affine | None:
        """A coordinate in terms of the axes; None where it is not affine in them.

        Args:
            extend: axes that are missing are added: for theta, whose numbers lie in one row.
        """
        found = self._fit_terms(column, extend)
        if found is None:
            return None
        rest = column - sum(factor * self.along(axis) for factor, axis in found)
        if not (rest == rest[self._first]).all():
            return None
        rest, member = rest[self.starts], []
        for axis in self.grid.axes:
            factor = _step(rest, axis.places)
            if factor:
                member.append((factor, axis))
                rest = rest - factor * axis.places
        if not (rest == rest[0]).all():
            if not extend:
                return None
            added = _extended(self.grid.axes, rest)
            if added is None:
                return None
            rest = rest - sum(factor * axis.places for factor, axis in added)
            member += added
        return Affine(int(rest[0]), [*member, *found])

    def _fit_terms(self, column: Whole, extend: bool) -> list[tuple[int, Axis]] | None:
        """The factors of the axes that are summed along: from the differences between the terms of a member."""
        differences = column - column[self._first]
        if not differences.any():
            return []
        if self.axes:
            steps = np.stack([axis.places - axis.places[self._first] for axis in self.axes], axis=1)
            factors = np.rint(np.linalg.lstsq(steps[:4096], differences[:4096], rcond=None)[0]).astype(np.int64)
            if (steps @ factors == differences).all():
                return [(int(f), axis) for f, axis in zip(factors, self.axes, strict=True) if f]
        pattern = self._alike(differences) if extend else None
        if pattern is None:
            return None
        found, rest = [], differences
        for axis in self.axes:
            own = self._alike(axis.places)
            factor = _step(pattern, own) if own is not None else 0
            if factor:
                found.append((factor, axis))
                rest = rest - factor * axis.places
        added = _extended(self.axes, rest)
        return None if added is None else [*found, *added]


def split(axes: list[Axis]) -> None:
    """Take apart axes of which another is a part: place 4 h + d into h, which is there, and d."""
    changed = True
    while changed:
        changed = False
        for whole in list(axes):
            for part in axes:
                if part is whole or whole.size % part.size or whole.size == part.size:
                    continue
                q = whole.size // part.size
                if (whole.places // q == part.places).all():
                    rest = whole.places % q
                elif (whole.places % part.size == part.places).all():
                    rest = whole.places // part.size
                else:
                    continue
                axes.remove(whole)
                _take(axes, rest)
                changed = True
                break
            if changed:
                break


def levels(numbers: Whole) -> list[tuple[int, int]] | None:
    """Ascending numbers as sizes and strides of nested steps, the outermost first; None where they are irregular.

    >>> levels(np.array([3, 4, 13, 14, 23, 24]))
    [(3, 10), (2, 1)]
    """
    found: list[tuple[int, int]] = []
    while len(numbers) > 1:
        steps = np.diff(numbers)
        other = np.flatnonzero(steps != steps[0])
        run = int(other[0]) + 1 if len(other) else len(numbers)
        if len(numbers) % run:
            return None
        rows = numbers.reshape(-1, run)
        if not (rows - rows[:, :1] == rows[0] - rows[0, 0]).all():
            return None
        found.append((run, int(steps[0])))
        numbers = rows[:, 0]
    return found[::-1]


def _normal(column: Whole) -> Whole:
    """A column that starts at 0 and goes in steps of 1, as far as it can."""
    column = column - column.min()
    step = int(np.gcd.reduce(column))
    return column // step if step > 1 else column


def _take(axes: list[Axis], places: Whole) -> None:
    """Add an axis, unless it is there."""
    places = _normal(places)
    size = int(places.max()) + 1
    if size > 1 and not any(axis.size == size and (axis.places == places).all() for axis in axes):
        axes.append(Axis(places, size))


def _extended(axes: list[Axis], rest: Whole) -> list[tuple[int, Axis]] | None:
    """New axes for what known ones leave over, with their factors; None where it is irregular: then it is one axis."""
    numbers, places = np.unique(rest, return_inverse=True)
    steps = levels(numbers)
    if steps is None:
        axes.append(Axis(places.reshape(rest.shape), len(numbers)))
        return None
    added = []
    for size, stride in reversed(steps):
        added.append((stride, Axis(places.reshape(rest.shape) % size, size)))
        places = places // size
    axes += [axis for _, axis in reversed(added)]
    return added[::-1]


def _step(rest: Whole, places: Whole) -> int:
    """By how much a number grows from place 0 of an axis to place 1, whatever else it depends on."""
    zero, one = rest[places == 0], rest[places == 1]
    return int(one.min() - zero.min()) if len(zero) and len(one) else 0


def _fills(places: Sequence[Whole], axes: Sequence[Axis], count: int) -> bool:
    shape = [axis.size for axis in axes]
    if not axes:
        return count == 1
    if count < SPARSEST * math.prod(shape):
        return False
    return bool(np.bincount(np.ravel_multi_index(list(places), shape)).max() == 1)
