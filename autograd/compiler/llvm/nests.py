"""Nested loops in LLVM assembly, for what is done to whole arrays: element by element, and summed along some axes.

A nest knows the sizes of its axes, and of each operand how far apart in memory its numbers lie along each of them. One
axis is computed in vectors, of a sum of products another one some rows at a time, so that each number read is used
often. The last of the blocks of an axis begins earlier rather than end beyond the axis: its numbers are computed again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from .body import UNIFORM, Body, Function, Module

MOST_SUMS: Final = 8
"""Vectors in which one turn adds up: as many as are on their way at once. More take LLVM longer."""

ROWS: Final = 4
"""Of which one turn computes at most this many at a time."""

ACROSS: Final = 3.0
"""What it costs to add up a vector's numbers, in operations on vectors."""


@dataclass(frozen=True)
class Leaf:
    """Where the numbers of an operand, or of the result, are.

    Args:
        base: the place in the state of the address they are counted from, or the name of a constant.
        start: the first number.
        strides: how much further on the next one along each axis of the nest is; 0 where it is the same.
        table: the name of a list of places, where they lie anyhow; then start and strides are places in that list.
    """

    base: int | str
    start: int
    strides: tuple[int, ...]
    table: str = ""


@dataclass
class Nest:
    """What is to be computed.

    Args:
        sizes: of the axes; the last `summed` of them are summed along.
        leaves: the operands.
        out: the result; its strides along axes that are summed along do not matter.
        value: writes the value of an element, from what reads an operand.
        product: whether that is the product of the two leaves.
    """

    sizes: list[int]
    summed: int
    leaves: list[Leaf]
    out: Leaf
    value: Callable[[Body, Callable[[int], str]], str]
    product: bool = False
    kept: int = field(init=False)

    def __post_init__(self) -> None:
        self.kept = len(self.sizes) - self.summed
        self._merge()

    def work(self) -> int:
        """How many elements are computed."""
        return math.prod(self.sizes)

    def _merge(self) -> None:
        """Drop axes of one element, and make one of two that lie in memory like one."""
        every = [*self.leaves, self.out]
        columns = [[leaf.strides[axis] for leaf in every] for axis in range(len(self.sizes))]
        sizes: list[int] = []
        found: list[list[int]] = []
        kept = 0
        for axis, (size, column) in enumerate(zip(self.sizes, columns, strict=True)):
            if size == 1:
                continue
            is_kept = axis < self.kept
            joins = sizes and (kept == len(sizes)) == is_kept
            if joins and all(outer == inner * size for outer, inner in zip(found[-1], column, strict=True)):
                sizes[-1], found[-1] = sizes[-1] * size, column
                continue
            sizes.append(size)
            found.append(column)
            kept += is_kept
        moved = [replace(leaf, strides=tuple(column[k] for column in found)) for k, leaf in enumerate(every)]
        self.sizes, self.leaves, self.out = sizes, moved[:-1], moved[-1]
        self.kept, self.summed = kept, len(sizes) - kept

    def vector_axis(self, widest: int) -> int | None:
        """The axis along which vectors are computed; None where there is none."""
        costs = []
        for axis, size in enumerate(self.sizes):
            cost = self.work() / min(widest, size)
            cost += sum(self._gathered(leaf, axis) for leaf in self.leaves)
            results = math.prod(self.sizes[: self.kept])
            if axis >= self.kept:
                cost += ACROSS * results
            elif self.out.strides[axis] != 1:
                cost += results
            costs.append((cost, -size, axis))
        return min(costs)[2] if costs else None

    def _gathered(self, leaf: Leaf, axis: int) -> float:
        """The cost of reading numbers one by one that make a vector along an axis: once, if it pays to copy them."""
        if not leaf.table and leaf.strides[axis] in (0, 1):
            return 0.0
        return self.size_of(leaf) * 2.0 if self.is_worth_copying(leaf, axis) else float(self.work())

    def size_of(self, leaf: Leaf) -> int:
        """How many numbers it consists of."""
        return math.prod(size for size, stride in zip(self.sizes, leaf.strides, strict=True) if stride)

    def is_worth_copying(self, leaf: Leaf, axis: int) -> bool:
        """Whether its numbers are read so often that they had better lie side by side along an axis."""
        scattered = bool(leaf.table) or leaf.strides[axis] not in (0, 1)
        return scattered and self.summed > 0 and self.work() >= 4 * self.size_of(leaf)


class Writer:
    """Writes nests into a function.

    Args:
        room: makes room for so many numbers of scratch memory, and gives the first place.
    """

    def __init__(self, module: Module, program: object, room: Callable[[int], int]) -> None:
        self.module, self._program, self._room = module, program, room
        self.function = Function()
        self.function.head["entry"] = "entry:"
        self._block = "entry"
        self._bodies: dict[int, Body] = {}

    def write(self, nest: Nest) -> None:
        """Write the loops of a nest."""
        axis = nest.vector_axis(self.module.target.widest)
        if axis is not None:
            for k, leaf in enumerate(nest.leaves):
                if nest.is_worth_copying(leaf, axis):
                    nest.leaves[k] = self._copied(nest, leaf, axis)
        _Loops(self, nest, axis).write()

    def _copied(self, nest: Nest, leaf: Leaf, axis: int) -> Leaf:
        """A copy of an operand in which neighbours along an axis lie side by side."""
        axes = [k for k, stride in enumerate(leaf.strides) if stride and k != axis] + [axis]
        sizes = [nest.sizes[k] for k in axes]
        steps = [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]
        start = self._room(math.prod(sizes))
        strides = dict(zip(axes, steps, strict=True))
        given = replace(leaf, strides=tuple(leaf.strides[k] for k in axes))
        self.write(Nest(sizes, 0, [given], Leaf(UNIFORM, start, tuple(steps)), lambda body, read: read(0)))
        return Leaf(UNIFORM, start, tuple(strides.get(k, 0) for k in range(len(nest.sizes))))

    def body(self, lanes: int) -> Body:
        """What writes instructions of this width."""
        if lanes not in self._bodies:
            self._bodies[lanes] = Body(self._program, self.module, lanes, False, self.function)  # type: ignore[arg-type]
        return self._bodies[lanes]

    def new(self, text: str) -> str:
        return self.body(1).new(text)

    def line(self, text: str) -> None:
        self.function.lines.append(f"  {text}")

    def address(self, base: int | str, start: int) -> str:
        """The address of a number."""
        pointer = base if isinstance(base, str) else self.body(1).base(base)
        return self.new(f"getelementptr double, ptr {pointer}, i64 {start}") if start else pointer

    def loop(
        self, count: int, given: Sequence[tuple[str, str]], turn: Callable[[str, list[str]], list[str]]
    ) -> list[str]:
        """A loop, and what its carried numbers come to.

        Args:
            given: the types of these and what they are at first.
            turn: writes one turn, from its number and the carried numbers; gives the new ones.
        """
        if count == 1:
            return turn("0", [value for _, value in given])
        lines, before = self.function.lines, self._block
        self.function.count += 1
        name = f"l{self.function.count}"
        self._block = name
        lines += [f"  br label %{name}", f"{name}:"]
        place = len(lines)
        carried = [f"%{name}c{k}" for k in range(len(given))]
        results = turn(f"%{name}k", carried)
        lines[place:place] = [
            f"  %{name}k = phi i64 [ 0, %{before} ], [ %{name}n, %{self._block} ]",
            *(
                f"  {register} = phi {kind} [ {first}, %{before} ], [ {last}, %{self._block} ]"
                for register, (kind, first), last in zip(carried, given, results, strict=True)
            ),
        ]
        lines += [
            f"  %{name}n = add i64 %{name}k, 1", f"  %{name}m = icmp slt i64 %{name}n, {count}",
            f"  br i1 %{name}m, label %{name}, label %{name}x", f"{name}x:",
        ]  # fmt: skip
        self._block = f"{name}x"
        return results


Pointers = tuple[str, ...]
"""The addresses of the operands, then of the result, as far as the loops around are concerned."""


class _Loops:
    """The loops of one nest."""

    def __init__(self, writer: Writer, nest: Nest, axis: int | None) -> None:
        self.writer, self.nest, self.axis = writer, nest, axis
        size = 1 if axis is None else nest.sizes[axis]
        self.lanes = min(writer.module.target.widest, size)
        self.across = axis is not None and axis >= nest.kept
        self.vectors = 1 if self.across or axis is None else _block(size, self.lanes, 4 if nest.product else 2)
        self.row = self._row_axis()
        most = max(1, min(ROWS, MOST_SUMS // self.vectors))
        self.rows = 1 if self.row is None else _block(nest.sizes[self.row], 1, most)
        self.blocks = dict.fromkeys(range(len(nest.sizes)), 1)
        if self.row is not None:
            self.blocks[self.row] = self.rows
        if axis is not None:
            self.blocks[axis] = self.lanes * self.vectors
        self.every = [*nest.leaves, nest.out]

    def _row_axis(self) -> int | None:
        """The axis of which some rows are computed at a time: one along which an operand stays the same."""
        nest = self.nest
        if not nest.summed:
            return None
        axes = [
            k for k in range(nest.kept)
            if k != self.axis and any(not leaf.strides[k] for leaf in nest.leaves)
        ]  # fmt: skip
        return max(axes, key=lambda k: nest.sizes[k], default=None)

    def write(self) -> None:
        """Write them."""
        nest = self.nest
        order = [k for k in range(nest.kept) if k not in (self.row, self.axis)]
        order += [k for k in (self.axis, self.row) if k is not None and k < nest.kept]
        pointers = tuple([self.writer.address(leaf.table or leaf.base, leaf.start) for leaf in self.every])
        self._kept(order, pointers)

    def _kept(self, order: Sequence[int], pointers: Pointers) -> None:
        """The loops over the elements of the result."""
        if not order:
            self._element(pointers)
            return
        axis, *rest = order

        def turn(k: str, _: list[str]) -> list[str]:
            self._kept(rest, self._moved(pointers, axis, self._first(axis, k)))
            return []

        self.writer.loop(-(-self.nest.sizes[axis] // self.blocks[axis]), [], turn)

    def _first(self, axis: int, turn: str) -> str:
        """Where the block of a turn begins."""
        size, block = self.nest.sizes[axis], self.blocks[axis]
        if turn == "0" or block == 1:
            return turn
        new = self.writer.new
        first = new(f"mul i64 {turn}, {block}")
        if size % block == 0:
            return first
        fits = new(f"icmp slt i64 {first}, {size - block}")
        return new(f"select i1 {fits}, i64 {first}, i64 {size - block}")

    def _moved(self, pointers: Pointers, axis: int, first: str) -> Pointers:
        """The addresses further along an axis."""
        if first == "0":
            return pointers
        offsets: dict[int, str] = {0: "", 1: first}
        moved = []
        for leaf, pointer in zip(self.every, pointers, strict=True):
            stride = leaf.strides[axis]
            if stride not in offsets:
                offsets[stride] = self.writer.new(f"mul i64 {first}, {stride}")
            offset = offsets[stride]
            kind = "i64" if leaf.table else "double"
            moved.append(self.writer.new(f"getelementptr {kind}, ptr {pointer}, i64 {offset}") if offset else pointer)
        return tuple(moved)

    # ------------------------------------------------------------------------------------------------ one element

    def _element(self, pointers: Pointers) -> None:
        """Some rows of some vectors of the result."""
        nest, body = self.nest, self.writer.body(self.lanes)
        places = [(u, v) for u in range(self.rows) for v in range(self.vectors)]
        if not nest.summed:
            values = self._values(body, pointers, places)
            for place, value in zip(places, values, strict=True):
                self._store(body, pointers[-1], place, value)
            return
        rest = nest.sizes[self.axis] % self.lanes if self.across and self.axis is not None else 0
        zeros = [(body.type, body.constant(-0.0))] * len(places) + [("double", "0x8000000000000000")] * (
            len(places) if rest else 0
        )
        axes = [k for k in range(nest.kept, len(nest.sizes)) if k != self.axis]
        totals = self._summed(axes, pointers, [value for _, value in zeros], [kind for kind, _ in zeros], places, rest)
        for k, place in enumerate(places):
            total = totals[k]
            if self.across:
                total = self._across(body, total, totals[len(places) + k] if rest else "")
                self._store(self.writer.body(1), pointers[-1], place, total)
            else:
                self._store(body, pointers[-1], place, total)

    def _summed(
        self, axes: Sequence[int], pointers: Pointers, sofar: list[str], kinds: list[str],
        places: Sequence[tuple[int, int]], rest: int,
    ) -> list[str]:  # fmt: skip
        """The loops that add up."""
        nest = self.nest
        if axes:
            axis, *inner = axes

            def turn(k: str, carried: list[str]) -> list[str]:
                return self._summed(inner, self._moved(pointers, axis, k), carried, kinds, places, rest)

            return self.writer.loop(nest.sizes[axis], list(zip(kinds, sofar, strict=True)), turn)
        body = self.writer.body(self.lanes)
        if not self.across or self.axis is None:
            return self._added(body, pointers, sofar, places)
        along, whole = self.axis, nest.sizes[self.axis] // self.lanes
        count = len(places)

        def step(k: str, carried: list[str]) -> list[str]:
            first = self.writer.new(f"mul i64 {k}, {self.lanes}") if k != "0" else k
            return self._added(body, self._moved(pointers, along, first), carried, places)

        vectors = self.writer.loop(whole, list(zip(kinds[:count], sofar[:count], strict=True)), step)
        if not rest:
            return vectors
        short = self.writer.body(rest)
        values = self._values(short, self._moved(pointers, along, str(whole * self.lanes)), places)
        return [
            *vectors,
            *(self._across(short, value, before) for value, before in zip(values, sofar[count:], strict=True)),
        ]

    def _added(self, body: Body, pointers: Pointers, sofar: list[str], places: Sequence[tuple[int, int]]) -> list[str]:
        """What has been added up, with one more value each."""
        if self.nest.product:
            read = self._reader(body, pointers)
            return [
                body.fma(read(0, *place), read(1, *place), total)
                for place, total in zip(places, sofar, strict=True)
            ]  # fmt: skip
        values = self._values(body, pointers, places)
        return [
            body.new(f"fadd {body.type} {total}, {value}") for total, value in zip(sofar, values, strict=True)
        ]  # fmt: skip

    def _values(self, body: Body, pointers: Pointers, places: Sequence[tuple[int, int]]) -> list[str]:
        read = self._reader(body, pointers)
        return [self.nest.value(body, lambda k, at=place: read(k, *at)) for place in places]  # type: ignore[misc]

    def _across(self, body: Body, vector: str, before: str = "") -> str:
        """The sum of the numbers of a vector, and of what is before."""
        before = before or "0x8000000000000000"
        if body.lanes == 1:
            return body.new(f"fadd double {before}, {vector}")
        name = f"llvm.vector.reduce.fadd.{body.suffix}"
        self.writer.module.declared.add(f"declare double @{name}(double, {body.type})")
        return body.new(f"call reassoc double @{name}(double {before}, {body.type} {vector})")

    # ------------------------------------------------------------------------------------------------ memory

    def _reader(self, body: Body, pointers: Pointers) -> Callable[[int, int, int], str]:
        """What reads operand k for row u and vector v; each number once."""
        known: dict[tuple[int, int], str] = {}

        def read(k: int, u: int, v: int) -> str:
            leaf = self.nest.leaves[k]
            offset = self._offset(leaf, u, v)
            if (k, offset) not in known:
                known[k, offset] = self._read(body, leaf, pointers[k], offset)
            return known[k, offset]

        return read

    def _offset(self, leaf: Leaf, u: int, v: int) -> int:
        along = leaf.strides[self.row] * u if self.row is not None else 0
        return along + (leaf.strides[self.axis] * v * self.lanes if self.axis is not None else 0)

    def _read(self, body: Body, leaf: Leaf, pointer: str, offset: int) -> str:
        step = leaf.strides[self.axis] if self.axis is not None else 0
        if leaf.table:
            base = self.writer.address(leaf.base, 0)
            return self._gathered(body, [self._looked_up(base, pointer, offset + step * k) for k in range(body.lanes)])
        if step == 0 or body.lanes == 1:
            return body.scalar_read(pointer, offset)
        if step == 1:
            return body.new(f"load {body.type}, ptr {self._at(pointer, offset)}, align 8")
        return self._gathered(body, [self._at(pointer, offset + step * k) for k in range(body.lanes)])

    def _at(self, pointer: str, offset: int) -> str:
        return self.writer.new(f"getelementptr double, ptr {pointer}, i64 {offset}") if offset else pointer

    def _looked_up(self, base: str, table: str, offset: int) -> str:
        """The address of a number whose place is in a list."""
        new = self.writer.new
        place = new(f"load i64, ptr {new(f'getelementptr i64, ptr {table}, i64 {offset}')}")
        return new(f"getelementptr double, ptr {base}, i64 {place}")

    def _gathered(self, body: Body, addresses: Sequence[str]) -> str:
        if body.lanes == 1:
            return body.new(f"load double, ptr {addresses[0]}")
        out = "poison"
        for lane, address in enumerate(addresses):
            number = body.new(f"load double, ptr {address}")
            out = body.new(f"insertelement {body.type} {out}, double {number}, i64 {lane}")
        return out

    def _store(self, body: Body, pointer: str, place: tuple[int, int], value: str) -> None:
        out = self.nest.out
        offset, step = self._offset(out, *place), out.strides[self.axis] if self.axis is not None else 0
        if self.across:
            offset = out.strides[self.row] * place[0] if self.row is not None else 0
        if body.lanes == 1 or step == 1:
            self.writer.line(f"store {body.type} {value}, ptr {self._at(pointer, offset)}, align 8")
            return
        for lane in range(body.lanes):
            number = body.new(f"extractelement {body.type} {value}, i64 {lane}")
            self.writer.line(f"store double {number}, ptr {self._at(pointer, offset + step * lane)}")


def _block(size: int, unit: int, most: int) -> int:
    """How many units of an axis are computed at a time: few are computed twice, and then as many as may be."""
    counts = range(1, max(1, min(most, size // unit)) + 1)
    return min(counts, key=lambda count: (-(-size // (count * unit)) * count, -count))
