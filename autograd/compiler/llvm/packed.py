"""LLVM assembly for one sample: the vectors that `pack.py` found, and single numbers where it found none.

A number that is needed both ways is kept in memory, where a vector is eight numbers side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...core import table as rules
from ..program import LEARNED, LITERAL
from ..scalar.program import LEAVES, Program
from .body import FRAMES, OUT, THETA, UNIFORM, Body, Function, Module
from .pack import Lanes, Packing, operand_columns, pack

ARGUMENTS: Final = "ptr noalias %state"


def write_packed(
    program: Program, module: Module, order: Sequence[int], outputs: Sequence[int], largest: int
) -> list[str]:
    """Write the functions that compute the outputs; their names, in the order in which they are to be called.

    None are written where nothing goes together.
    """
    lanes = module.target.widest
    first = 1 if len(outputs) % lanes == 1 else 0  # the loss comes before the derivatives
    packing = pack(program, order, outputs[first:], lanes)
    if not packing.members:
        return []
    nodes = packing.order
    parts = [nodes[k : k + largest] for k in range(0, len(nodes), largest)]
    uses = _Uses(program, packing, parts, outputs, first)
    names = []
    for number, part in enumerate(parts):
        writer = _Writer(program, module, packing, uses)
        for node in part:
            writer.node(node)
        if number == len(parts) - 1:
            writer.results(outputs)
        names.append(f"epilogue{number}")
        module.functions.append(writer.function.text(names[-1], ARGUMENTS, lanes))
    return names


class _Uses:
    """Where each vector and each number is used, and so what has to be in memory."""

    def __init__(
        self, program: Program, packing: Packing, parts: Sequence[Sequence[int]], outputs: Sequence[int], first: int
    ) -> None:
        self.part = {node: number for number, part in enumerate(parts) for node in part}
        self.stored: set[int] = set()  # nodes
        self.targets: dict[int, int] = {}  # packs that are neighbouring outputs: where they go
        self.fused: dict[int, int] = {}  # packs of products that are only terms of one pack of sums
        self.count: dict[int, int] = {}
        place, found = packing.place, packing.found
        for node in self.part:
            members = packing.members[~node] if node < 0 else (node,)
            for column in operand_columns(program, members):
                source = ~found[column] if column in found else None
                if source is not None:
                    self._use(source, self.part[node])
                    continue
                for arg in set(column):
                    if arg in place:
                        self._keep(~place[arg][0])
                    elif arg in self.part:
                        self._use(arg, self.part[node])
        for k in range(first, len(outputs) - packing.lanes + 1, packing.lanes):
            number = found.get(tuple(outputs[k : k + packing.lanes]))
            if number is not None:
                self.targets[number] = k
        for k, i in enumerate(outputs):
            if i in place and not (place[i][0] in self.targets and 0 <= k - self.targets[place[i][0]] < packing.lanes):
                self._keep(~place[i][0])
            elif i in self.part:
                self._keep(i)
        self._fuse(program, packing)

    def _use(self, node: int, part: int) -> None:
        self.count[node] = self.count.get(node, 0) + 1
        if self.part[node] != part:
            self.stored.add(node)

    def _keep(self, node: int) -> None:
        self.count[node] = self.count.get(node, 0) + 2
        self.stored.add(node)

    def _fuse(self, program: Program, packing: Packing) -> None:
        """Products that are used once, by a sum in the same part: one instruction computes both."""
        for node in self.part:
            members = packing.members[~node] if node < 0 else (node,)
            if program.ops[members[0]] not in (rules.add, rules.subtract):
                continue
            for column in reversed(operand_columns(program, members)):
                source = ~packing.found[column] if column in packing.found else column[0] if node >= 0 else None
                if source is None or source not in self.part or source in packing.place:
                    continue
                product = packing.members[~source][0] if source < 0 else source
                once = self.count.get(source) == 1 and source not in self.stored and ~source not in self.targets
                if program.ops[product] is rules.multiply and once:
                    self.fused[source] = node
                    break


class _Writer:
    """One function: single numbers and vectors are written into it."""

    def __init__(self, program: Program, module: Module, packing: Packing, uses: _Uses) -> None:
        self.program, self.module, self.packing, self.uses = program, module, packing, uses
        self.function = Function()
        self.one = Body(program, module, 1, False, self.function)
        self.many = Body(program, module, packing.lanes, False, self.function)
        self.vectors: dict[Lanes, str] = {}  # the registers of this function

    def node(self, node: int) -> None:
        """Compute a number or a pack, and put it where others find it."""
        if node in self.uses.fused:
            return
        members = self.packing.members[~node] if node < 0 else (node,)
        columns = operand_columns(self.program, members)
        body = self.many if node < 0 else self.one
        op = self.program.ops[members[0]]
        value = ""
        if op in (rules.add, rules.subtract):
            value = self._with_product(node, columns)
        if not value:
            given = [self._operand(column, node) for column in columns]
            value = body.compute(op, given, [self._same(column) for column in columns])
        if node >= 0:
            self.one.here[node] = value
            if node in self.uses.stored:
                self.one.keep(node)
            return
        self.vectors[members] = value
        if ~node in self.uses.targets:
            to = self.one.new(f"getelementptr double, ptr {self.one.base(OUT)}, i64 {self.uses.targets[~node]}")
            self.function.lines.append(f"  store {self.many.type} {value}, ptr {to}, align 8")
        if node in self.uses.stored:
            self._store(members, value)

    def _with_product(self, node: int, columns: Sequence[Lanes]) -> str:
        for k, column in enumerate(columns):
            source = ~self.packing.found[column] if column in self.packing.found else column[0]
            if self.uses.fused.get(source) != node:
                continue
            factors = operand_columns(self.program, self.packing.members[~source] if source < 0 else (source,))
            x, y = (self._operand(factor, node) for factor in factors)
            z = self._operand(columns[1 - k], node)
            op = self.program.ops[self.packing.members[~node][0] if node < 0 else node]
            return (self.many if node < 0 else self.one).combine(op, k == 0, x, y, z)
        return ""

    def _same(self, column: Lanes) -> int:
        """The instruction in all lanes. Where they differ, the first that is no constant, if any is not."""
        return next((i for i in column if i not in self.program.numbers), column[0])

    # ------------------------------------------------------------------------------------------------- operands

    def _operand(self, column: Lanes, node: int) -> str:
        return self._vector(column) if node < 0 else self._number(column[0])

    def _number(self, i: int) -> str:
        """A single number: where it is part of a vector it is read from memory."""
        if i not in self.packing.place or i in self.one.here:
            return self.one.operand(i)
        read = self.one.new(f"load double, ptr {self._lane(i)}")
        if self.program.is_condition(i):
            read = self.one.new(f"fcmp one double {read}, {self.one.constant(0.0)}")
        self.one.here[i] = read
        return read

    def _lane(self, i: int) -> str:
        number, lane = self.packing.place[i]
        slot = self.module.frame[self.packing.members[number]]
        return self.one.new(
            f"getelementptr double, ptr {self.one.base(FRAMES)}, i64 {slot * self.packing.lanes + lane}"
        )

    def _vector(self, column: Lanes) -> str:
        known = self.vectors.get(column)
        if known is not None:
            return known
        program, many = self.program, self.many
        i = column[0]
        condition = program.is_condition(i)
        if column in self.module.frame:
            address = self.one.new(
                f"getelementptr {many.type}, ptr {self.one.base(FRAMES)}, i64 {self.module.frame[column]}"
            )
            self.vectors[column] = self._as_bits(many.new(f"load {many.type}, ptr {address}"), condition)
            return self.vectors[column]
        if column.count(i) == len(column):
            return self._everywhere(i, condition)
        if all(each in program.numbers for each in column) and not condition:
            words = ", ".join(f"double {self.one.constant(program.numbers[each])}" for each in column)
            return f"<{words}>"
        places = [program.data[each] for each in column]
        if all(program.ops[each] == LEARNED for each in column) and places == list(
            range(places[0], places[0] + len(column))
        ):
            address = self.one.new(f"getelementptr double, ptr {self.one.base(THETA)}, i64 {places[0]}")
            return many.new(f"load {many.type}, ptr {address}, align 8")
        self.vectors[column] = self._gather(column, condition)
        return self.vectors[column]

    def _everywhere(self, i: int, condition: bool) -> str:
        """One number in all lanes: straight from memory where it is there."""
        many = self.many
        if self.program.ops[i] == LITERAL:
            return many.constant(self.program.numbers[i])
        if condition:
            return self._as_bits(many.splat(self._as_number(i)), True)
        if i in self.packing.place and i not in self.one.here:
            one = many.new(f"load <1 x double>, ptr {self._lane(i)}")
            return many.new(f"shufflevector <1 x double> {one}, <1 x double> poison, {many.everywhere}")
        if self.program.ops[i] in LEAVES and self.program.ops[i] == LEARNED:
            return many.scalar_read(self.one.base(THETA), self.program.data[i])
        if i in self.uses.stored and i not in self.one.here:
            return many.scalar_read(self.one.base(UNIFORM), self.module.uniforms[i])
        return many.splat(self._number(i))

    def _gather(self, column: Lanes, condition: bool) -> str:
        """A vector put together from numbers that were not computed side by side; kept, for it is dear."""
        many = self.many
        out = "poison"
        for lane, i in enumerate(column):
            number = self._as_number(i) if condition else self._number(i)
            out = many.new(f"insertelement {many.type} {out}, double {number}, i64 {lane}")
        self._store(column, out, plain=True)
        return self._as_bits(out, condition)

    def _as_number(self, i: int) -> str:
        bit = self._number(i)
        return self.one.new(f"select i1 {bit}, double {self.one.constant(1.0)}, double {self.one.constant(0.0)}")

    def _as_bits(self, vector: str, condition: bool) -> str:
        many = self.many
        return many.new(f"fcmp one {many.type} {vector}, {many.constant(0.0)}") if condition else vector

    # ------------------------------------------------------------------------------------------------- results

    def _store(self, column: Lanes, value: str, plain: bool = False) -> None:
        many = self.many
        if not plain and self.program.is_condition(column[0]):
            value = many.new(
                f"select {many.bits} {value}, {many.type} {many.constant(1.0)}, {many.type} {many.constant(0.0)}"
            )
        slot = self.module.frame.setdefault(column, len(self.module.frame))
        address = self.one.new(f"getelementptr {many.type}, ptr {self.one.base(FRAMES)}, i64 {slot}")
        self.function.lines.append(f"  store {many.type} {value}, ptr {address}")

    def results(self, outputs: Sequence[int]) -> None:
        """The outputs that did not leave as vectors."""
        lanes, place, targets = self.packing.lanes, self.packing.place, self.uses.targets
        for k, i in enumerate(outputs):
            if i in place and place[i][0] in targets and 0 <= k - targets[place[i][0]] < lanes:
                continue
            to = self.one.new(f"getelementptr double, ptr {self.one.base(OUT)}, i64 {k}")
            self.function.lines.append(f"  store double {self._number(i)}, ptr {to}")
