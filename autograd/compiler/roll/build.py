"""Rolling up: the program of single numbers written again as a program of arrays, one array for each family.

A sum of products becomes a matrix product, other sums are sums along axes, and everything else is done to whole arrays.
The numbers of theta become arrays of parameters, each a view of theta. The order of the terms of a sum changes, and so
may the last digits of it: by at most its number of terms times 2**-53 of the sum of the terms' sizes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...tensor import rules as rows
from ..arrays.program import ARGUMENT, ArrayProgram, Place
from ..batch import Leaf
from ..program import CAPTURED, LEARNED, LITERAL, WHERE
from ..scalar.program import COUNT, LEAVES, REDUCE, SAMPLE
from .grid import Affine, Axis, Grid, Points, Whole, split
from .spread import Arrays, Spread, cut
from .structure import SUM, Family, Structure, Term

LETTERS: Final = "ijklmopqrstuvwxyz"
FLOAT: Final = np.dtype(np.float64)


@dataclass
class Placed:
    """A family that has been computed.

    Args:
        columns: the place of each member along the axes of its array, in the order of the array's axes.
        row: which member an instruction is.
    """

    spread: Spread
    columns: Sequence[Whole]
    row: dict[int, int]


@dataclass(frozen=True)
class View:
    """An array of parameters, as a part of theta.

    Args:
        array: the instruction.
        start: the first number.
        steps: for each of its axes the size, and how far apart in theta neighbours are.
    """

    array: int
    start: int
    steps: tuple[tuple[int, int], ...]

    def places(self) -> Whole:
        """Which numbers of theta it consists of."""
        found = np.array(self.start)
        for size, step in self.steps:
            found = found[..., None] + step * np.arange(size)
        return found


@dataclass
class Operand:
    """The same operand of all points: the array it is in, and its coordinates there; or plain numbers."""

    kind: str
    array: int
    inside: bool
    columns: list[Whole]
    numbers: Any = None

    @property
    def is_flat(self) -> bool:
        """Whether it lies in a row of numbers whose structure is not known."""
        return self.kind in (LEARNED, CAPTURED)


class Builder:
    """Writes a program of arrays.

    Args:
        parameters, captured: how many numbers there are of each.
        size: what stands for the number of samples in shapes, while it is not known.
    """

    def __init__(self, structure: Structure, leaves: Sequence[Leaf], parameters: int, captured: int, size: int) -> None:
        self.parameters = parameters
        self.old, self.structure, self.leaves, self.size = structure.program, structure, leaves, size
        self.program = ArrayProgram()
        self.arrays = Arrays(self.program)
        self.views: dict[Any, View] = {}
        self.placed: dict[int, Placed] = {}
        self.gathers = 0
        self.masked = False
        self.arguments = [
            self.program.leaf(ARGUMENT, k, (size, *leaf.shape), FLOAT, leaf.name) for k, leaf in enumerate(leaves)
        ]
        self.captured = self.program.leaf(CAPTURED, 0, (captured,), FLOAT, "captured") if captured else None
        self.captured_count = captured
        self._listed_axes: list[Axis] = []

    def family(self, number: int) -> Placed:
        """A family as an array; what it depends on is computed first."""
        for needed in self._order(number):
            if needed not in self.placed:
                self.placed[needed] = self._computed(self.structure.families[needed])
        return self.placed[number]

    def lengths(self) -> set[int]:
        """The lengths of all axes, and what lies between neighbours in theta."""
        found = {size for leaf in self.leaves for size in leaf.shape} | self.arrays.lengths
        for placed in self.placed.values():
            found.update(axis.size for axis in placed.spread.axes)
        for view in self.views.values():
            found.update(number for step in view.steps for number in step)
        return found

    def number(self, i: int) -> int:
        """One number that is the same for all samples."""
        return self.arrays.arranged(self._listed([i]), ())

    def outputs(self, listed: Sequence[int]) -> int:
        """One array of the outputs of a function, one row for each sample."""
        pieces = []
        for _, run in itertools.groupby(listed, key=lambda i: self.structure.family[i]):
            ids = list(run)
            piece = self.arrays.arranged(self._listed(ids), self._listed_axes)
            pieces.append(self.program.emit(rows.broadcast_to, piece, shape=(self.size, len(ids))))
        return pieces[0] if len(pieces) == 1 else self.program.emit(rows.concatenate, *pieces, axis=1)

    def _listed(self, ids: Sequence[int]) -> Spread:
        """Numbers of one family, in this order."""
        self.compute(ids)
        self.arrays.lengths.add(len(ids))
        grid = Grid(len(ids))
        grid.axes = [Axis(np.arange(len(ids)), len(ids))] if len(ids) > 1 else []
        self._listed_axes = grid.axes or [Axis(np.zeros(1, int), 1)]
        return self._spread(self._operand(ids), Points(grid, np.arange(len(ids))))

    def compute(self, ids: Sequence[int]) -> None:
        """Compute the families of instructions."""
        for i in ids:
            if self.structure.families[self.structure.family[i]].op not in LEAVES:
                self.family(self.structure.family[i])

    def _order(self, number: int) -> list[int]:
        """The families that have to be computed for one, operands first: their numbers ascend."""
        needed, stack = set(), [number]
        while stack:
            each = stack.pop()
            if each not in needed and each not in self.placed:
                needed.add(each)
                stack += self._needs(self.structure.families[each])
        return sorted(needed)

    def _needs(self, family: Family) -> list[int]:
        families = self.structure.families
        if family.op == SUM:
            wanted = [part for _, group in family.groups for part in self._factors(group)]
        elif family.op == REDUCE and families[family.parts[0]].op == SUM:
            return self._needs(families[family.parts[0]])
        else:
            wanted = list(family.parts)
        return [part for part in wanted if families[part].parts or families[part].groups]

    def _factors(self, number: int) -> tuple[int, ...]:
        """The families whose products the terms of a group are, or the family of the terms."""
        family = self.structure.families[number]
        return family.parts if family.op is rules.multiply else (number,)

    # ------------------------------------------------------------------------------------------- one family

    def _computed(self, family: Family) -> Placed:
        members = family.members
        if family.op == REDUCE:
            spread = self._reduced(family)
            return self._place(members, spread)
        if family.op == SUM:
            return self._place(members, self._sum(members, [self.structure.terms[i] for i in members]))
        return self._place(members, self._elementwise(family))

    def _place(self, members: Sequence[int], spread: Spread) -> Placed:
        labels = {self.old.labels.get(i, "") for i in members}
        if len(labels) == 1 and spread.array not in self.program.labels and self.program.args[spread.array]:
            (label,) = labels
            if label:
                self.program.labels[spread.array] = label
        return Placed(spread, [axis.places for axis in spread.axes], {i: k for k, i in enumerate(members)})

    def _elementwise(self, family: Family) -> Spread:
        members = family.members
        args = [self.structure.operands(i) for i in members]
        ids = [list(column) for column in zip(*args, strict=True)]
        points, (operands,) = self._gridded(len(members), [(np.arange(len(members)), ids)])
        return self._applied(family.op, [self._spread(operand, points[0]) for operand in operands], points[0].grid.axes)

    def _applied(self, op: Any, spreads: Sequence[Spread], axes: Sequence[Axis]) -> Spread:
        """An operation on whole arrays; its result spreads along those of the axes that an operand does."""
        order = self._order_of(spreads, [axis for axis in axes if any(axis in each.axes for each in spreads)])
        given = [self.arrays.arranged(each, order) for each in spreads]
        if op == WHERE:
            array = self.program.emit(rows.choose, *given[1:], condition=Place(given[0]))
        else:
            array = self.program.emit(op, *given)
        return Spread(array, tuple(order), any(each.inside for each in spreads))

    @staticmethod
    def _order_of(spreads: Sequence[Spread], axes: Sequence[Axis]) -> list[Axis]:
        """An order of the axes that leaves the operand with most axes as it is."""
        longest = max(spreads, key=lambda each: len(each.axes))
        order = [axis for axis in longest.axes if axis in axes]
        return [*(axis for axis in axes if axis not in order), *order]

    # ------------------------------------------------------------------------------------------- sums

    def _sum(self, members: Sequence[int], terms: Sequence[Sequence[Term]]) -> Spread:
        """The sums of each member's terms, group by group."""
        groups: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        for m, listed in enumerate(terms):
            for sign, term in listed:
                owners, ids = groups.setdefault((sign, self.structure.family[term]), ([], []))
                owners.append(m)
                ids.append(term)
        given = []
        for (_, number), (owners, ids) in groups.items():
            columns = [ids]
            if len(self._factors(number)) == 2:
                columns = [list(column) for column in zip(*map(self.structure.operands, ids), strict=True)]
            given.append((np.array(owners), columns))
        points, operands = self._gridded(len(members), given)
        parts = []
        for place, (sign, _) in enumerate(groups):
            spreads = [self._spread(operand, points[place]) for operand in operands[place]]
            spread = self._group(spreads, points[place])
            parts.append((not points[place].axes, not spread.inside, sign < 0, place, sign, spread))
        parts.sort(key=lambda part: part[:4])  # products of matrices first, then what is added before what is taken off
        return self._added([(sign, spread) for *_, sign, spread in parts], points[0].grid.axes)

    def _added(self, parts: Sequence[tuple[int, Spread]], axes: Sequence[Axis]) -> Spread:
        order = self._order_of([spread for _, spread in parts], axes)
        total, inside = None, False
        for sign, spread in parts:
            array, inside = self.arrays.arranged(spread, order), inside or spread.inside
            if total is None:
                total = array if sign > 0 else self.program.emit(rules.negative, array)
            else:
                total = self.program.emit(rules.add if sign > 0 else rules.subtract, total, array)
        assert total is not None
        shape = [axis.size for axis in order]
        lead = (self.size,) if inside else ()
        if self.program.shapes[total] != (*lead, *shape):
            total = self.program.emit(rows.broadcast_to, total, shape=(*lead, *shape))
        return Spread(total, tuple(order), inside)

    def _group(self, spreads: Sequence[Spread], points: Points) -> Spread:
        """The terms of a group, summed along its own axes."""
        summed = list(points.axes)
        mask = points.mask()
        if mask is not None:
            spreads = self._masked(spreads, mask, points)
        if not summed:
            spreads = sorted(spreads, key=lambda each: not each.inside)
            return spreads[0] if len(spreads) == 1 else self._applied(rules.multiply, spreads, points.grid.axes)
        if len(spreads) == 2 and all(axis in each.axes for axis in summed for each in spreads):
            return self._product(spreads[0], spreads[1], summed, points.grid.axes)
        if len(spreads) == 2:
            spreads = [self._applied(rules.multiply, spreads, points.every)]
        return self._summed(spreads[0], summed)

    def _masked(self, spreads: Sequence[Spread], mask: tuple[Any, list[Axis]], points: Points) -> list[Spread]:
        """With zeros where there is no term."""
        self.masked = True
        there, axes = mask
        best = max(range(len(spreads)), key=lambda k: sum(axis in spreads[k].axes for axis in axes))
        order = self._order_of(
            [spreads[best]], [*spreads[best].axes, *(a for a in axes if a not in spreads[best].axes)]
        )
        condition = Spread(self.program.array(there), tuple(axes), False)
        chosen = self.program.emit(
            rules.multiply, self.arrays.arranged(spreads[best], order), self.arrays.arranged(condition, order)
        )
        out = list(spreads)
        out[best] = Spread(chosen, tuple(order), spreads[best].inside)
        return out

    def _summed(self, spread: Spread, axes: Sequence[Axis]) -> Spread:
        """Summed along axes; along those that it does not spread over, multiplied by their size."""
        lead = int(spread.inside)
        places = tuple(lead + k for k, axis in enumerate(spread.axes) if axis in axes)
        array = spread.array
        if places:
            array = self.program.emit(rows.sum, array, axis=places)
        times = math.prod(axis.size for axis in axes if axis not in spread.axes)
        if times > 1:
            array = self.program.emit(rules.multiply, array, self.program.constant(float(times)))
        return Spread(array, tuple(axis for axis in spread.axes if axis not in axes), spread.inside)

    def _product(self, x: Spread, y: Spread, summed: Sequence[Axis], axes: Sequence[Axis]) -> Spread:
        """Σ x·y along axes: a product of matrices where no other axis is in both."""
        if (not x.inside and y.inside) or (
            x.inside == y.inside and self._is_parameter(x) and not self._is_parameter(y)
        ):
            x, y = y, x
        both = [axis for axis in axes if axis in x.axes and axis in y.axes]
        left = [axis for axis in x.axes if axis not in summed and axis not in both]
        right = [axis for axis in y.axes if axis not in summed and axis not in both]
        if not both and not y.inside:
            order = [axis for axis in x.axes if axis in summed]
            first = self.arrays.merged(x, [*([axis] for axis in left), order])
            second = self.arrays.merged(y, [order, right])
            array = self.program.emit(rows.matmul, first, second)
            out = (*left, *right)
            array = self.arrays.reshaped(array, x.inside, [axis.size for axis in out])
            return Spread(array, out, x.inside)
        if not left and not right and len(both) <= 1 and x.inside == y.inside:
            product = self._applied(rules.multiply, [x, y], [*both, *summed])
            return self._summed(product, summed)
        return self._einsum(x, y, [*both, *left, *right])

    def _einsum(self, x: Spread, y: Spread, out: Sequence[Axis]) -> Spread:
        letters: dict[int, str] = {}
        written = []
        for spread in (x, y, Spread(-1, tuple(out), x.inside or y.inside)):
            own = [letters.setdefault(id(axis), LETTERS[len(letters)]) for axis in spread.axes]
            written.append("n" * spread.inside + "".join(own))
        subscripts = f"{written[0]},{written[1]}->{written[2]}"
        array = self.program.emit(rows.einsum, x.array, y.array, subscripts=subscripts)
        return Spread(array, tuple(out), x.inside or y.inside)

    def _is_parameter(self, spread: Spread) -> bool:
        array = spread.array
        while self.program.ops[array] in (rows.reshape, rows.transpose):
            (array,) = self.program.args[array]
        return bool(self.program.ops[array] == LEARNED)

    def _reduced(self, family: Family) -> Spread:
        """The mean, or the sum, over the samples; of a sum, what is the same for every sample stays outside."""
        (i,) = {self.old.args[member][0] for member in family.members}
        terms = self.structure.terms.get(i, [(1, i)])
        inner = [term for term in terms if self.structure.is_inside(term[1])]
        outer = [term for term in terms if not self.structure.is_inside(term[1])]
        if len(inner) == len(terms) and i in self.structure.terms and self.structure.family[i] in self.placed:
            inner = [(1, i)]
        program = self.program
        spread = self._sum([i], [inner])
        total = program.emit(rows.sum, spread.array, axis=(0,))
        count = program.leaf(COUNT, 0, (), FLOAT, "n")
        if self.old.reduction == "mean":
            total = program.emit(rules.divide, total, count)
        if outer:
            same = self._sum([i], [outer]).array
            if self.old.reduction == "sum":
                same = program.emit(rules.multiply, count, same)
            total = program.emit(rules.add, total, same)
        return Spread(total, (), False)

    # ------------------------------------------------------------------------------------------- operands

    def _gridded(
        self, count: int, groups: Sequence[tuple[Whole, Sequence[Sequence[int]]]]
    ) -> tuple[list[Points], list[list[Operand]]]:
        """A grid for the members, the points of each group of terms, and their operands.

        Args:
            groups: for each the members that its terms belong to, and the instructions that are their operands.
        """
        operands = [[self._operand(ids) for ids in columns] for _, columns in groups]
        located = [(g, k) for g, several in enumerate(operands) for k, each in enumerate(several) if not each.is_flat]
        for chosen in (located, *([one] for one in located if len(located) > 1)):
            grid = Grid(count)
            points = [Points(grid, owner) for owner, _ in groups]
            for g, k in chosen:
                for column in operands[g][k].columns:
                    points[g].find(column)
            split(grid.axes)
            for each in points:
                split(each.axes)
            for each, several in sorted(zip(points, operands, strict=True), key=lambda pair: len(pair[1]) < 2):
                for operand in several:
                    if operand.is_flat:
                        each.fit(operand.columns[0], extend=True)
            if grid.is_complete() and all(each.is_complete() for each in points):
                return points, operands
        grid = Grid(count)
        points = [Points(grid, owner) for owner, _ in groups]
        if count > 1:
            grid.axes = [Axis(np.arange(count), count)]
        for each in points:
            place = np.arange(len(each.owner)) - each.starts[each.owner]
            if place.any():
                each.axes = [Axis(place, int(place.max()) + 1)]
        self.gathers += 1
        return points, operands

    def _operand(self, ids: Sequence[int]) -> Operand:
        number = self.structure.family[ids[0]]
        family, data = self.structure.families[number], self.old.data
        if family.op == LITERAL:
            return Operand(LITERAL, -1, False, [], np.array([self.old.numbers[i] for i in ids]))
        if family.op in (LEARNED, CAPTURED):
            return Operand(str(family.op), -1, False, [np.array([data[i] for i in ids])])
        if family.op == COUNT:
            return Operand(COUNT, self.program.leaf(COUNT, 0, (), FLOAT, "n"), False, [])
        if family.op == SAMPLE:
            places = np.array([data[i] for i in ids]) - self.structure.starts[family.array]
            shape = self.leaves[family.array].shape
            columns = list(np.unravel_index(places, shape)) if shape else []
            return Operand(SAMPLE, self.arguments[family.array], True, columns)
        placed = self.placed[number]
        rows_of = np.array([placed.row[i] for i in ids])
        return Operand(
            "family", placed.spread.array, placed.spread.inside, [column[rows_of] for column in placed.columns]
        )

    def _spread(self, operand: Operand, points: Points) -> Spread:
        """An operand over the grid."""
        if operand.kind == LITERAL:
            if operand.numbers.dtype == bool:
                return Spread(self.program.constant(bool(operand.numbers[0])), (), False)
            return self.arrays.numbers(operand.numbers, points)
        coordinates = [points.fit(column, extend=False) for column in operand.columns]
        if operand.kind == LEARNED:
            return self._parameters(operand, coordinates[0], points)
        array = operand.array
        if operand.kind == CAPTURED:
            assert self.captured is not None
            array = self.captured
        if all(each is not None for each in coordinates):
            view = self.arrays.taken(array, operand.inside, coordinates)  # type: ignore[arg-type]
            if view is not None:
                return view
        self.gathers += 1
        return self.arrays.gathered(array, operand.inside, operand.columns, points)

    def _parameters(self, operand: Operand, coordinate: Affine | None, points: Points) -> Spread:
        """An array of parameters: a view of theta, or all of theta where they are gathered."""
        if coordinate is None or cut(self.parameters, coordinate) is None:
            self.gathers += 1
            whole = self._view(0, [(self.parameters, 1)])
            return self.arrays.gathered(whole, False, operand.columns, points)
        order = sorted(coordinate.factors, key=lambda part: (part[1] not in points.axes, -part[0]))
        steps = [(axis.size, factor) for factor, axis in order]
        array = self._view(coordinate.start, steps)
        return Spread(
            self.arrays.reshaped(array, False, [size for size, _ in steps]), tuple(axis for _, axis in order), False
        )

    def _view(self, start: int, steps: Sequence[tuple[int, int]]) -> int:
        """An array of parameters with these axes. Axes that are one in theta are one in the array."""
        merged: list[tuple[int, int]] = []
        for size, step in steps:
            if merged and merged[-1][1] == size * step:
                merged[-1] = (merged[-1][0] * size, step)
            else:
                merged.append((size, step))
        key = (start, *sorted(merged))
        view = self.views.get(key)
        if view is None:
            array = self.program.leaf(LEARNED, len(self.views), tuple(size for size, _ in merged), FLOAT)
            view = self.views[key] = View(array, start, tuple(merged))
        if list(view.steps) == merged:
            return view.array
        axes = tuple(view.steps.index(step) for step in merged)
        flipped = axes == tuple(range(len(axes)))[::-1]
        return self.program.emit(rows.transpose, view.array, axes=None if flipped else axes)
