"""The body of a function in LLVM assembly: registers, reads from memory, and what each instruction becomes.

`Body` writes instructions of one width: plain numbers, or vectors of as many numbers as the machine takes at once.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ...core import table as rules
from ...core.rule import Rule
from ..program import CAPTURED, COMPARISONS, DETACH, DIRECTION, LEARNED, LITERAL, WHERE
from ..scalar.program import COUNT, INSIDE, REDUCE, SAMPLE, Op, Program
from .functions import EXTREMES, INSTRUCTIONS, symbol

SIGNS: Final = {">": "ogt", ">=": "oge", "<": "olt", "<=": "ole", "==": "oeq"}
ARITHMETIC: Final = {rules.add: "fadd", rules.subtract: "fsub", rules.multiply: "fmul", rules.divide: "fdiv"}
CALL: Final = "aarch64_vector_pcs "

# The places of the one argument of every function: an array of addresses and whole numbers.
THETA, KNOWN, VECTOR, UNIFORM, PARTIALS, OUT, FRAMES, N, BEGIN, END, SIZE, TOTALS, FRAME_SIZE, SOUND, INPUTS = range(15)


@dataclass(frozen=True)
class Target:
    """What a module is made for: the width of the machine's vectors, and how the numbers of a sample lie in memory.

    Args:
        lanes: samples in one vector; 1 where the batch is one sample.
        widest: how many numbers the machine computes at once.
        columns: for each number of the sample, the array it is in, its place in a row, and the length of the row.
    """

    lanes: int
    columns: tuple[tuple[int, int, int], ...]
    batched: bool
    widest: int = 1
    aarch64: bool = False


@dataclass
class Module:
    """The module as it grows, and what its caller has to provide: numbers and vectors of scratch memory.

    Args:
        level: how hard LLVM shall try, where a function does not say that it is not worth it.
    """

    target: Target
    functions: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)
    uniforms: dict[int, int] = field(default_factory=dict)
    frame: dict[object, int] = field(default_factory=dict)
    sums: dict[int, int] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)
    level: int = 0


@dataclass
class Function:
    """The lines of one function: those at its head, each under the name it defines, and those of its body.

    Args:
        near: numbers in all lanes that were read just now, for the other blocks that the function computes.
    """

    head: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    near: dict[int, str] = field(default_factory=dict)
    count: int = 0

    def text(self, name: str, arguments: str, widest: int, often: bool = False) -> str:
        """The whole function. What does not fit into registers is on the stack, where a vector lies in one piece.

        Args:
            often: whether it runs so often that LLVM shall take its time.
        """
        rows = "\n".join([*self.head.values(), *self.lines])
        how = "noinline" + ("" if often else " optnone") + (f" alignstack({8 * widest})" if widest > 2 else "")
        return f"define internal void @{name}({arguments}) nounwind {how} {{\n{rows}\n  ret void\n}}"


class Body:
    """Writes instructions of one width into a function.

    Args:
        lanes: how many numbers one instruction computes.
        inside: whether it is inside the loop over the samples, where vectors are handed on in `%frame`.
        block: which of the blocks of samples that the function computes.
        full: how many blocks it computes, where all of them are full; 0 where there is one, which need not be.
    """

    def __init__(
        self, program: Program, module: Module, lanes: int, inside: bool, function: Function | None = None,
        block: int = 0, full: int = 0,
    ) -> None:  # fmt: skip
        self.program, self.target, self.module = program, module.target, module
        self.lanes, self.vector, self.block, self.full = lanes, inside, block, full
        self.function = function or Function()
        self.type = f"<{self.lanes} x double>" if self.lanes > 1 else "double"
        self.bits = f"<{self.lanes} x i1>" if self.lanes > 1 else "i1"
        self.suffix = f"v{self.lanes}f64" if self.lanes > 1 else "f64"
        self.everywhere = f"<{self.lanes} x i32> zeroinitializer"
        self.lines, self.head = self.function.lines, self.function.head
        self.here: dict[int, str] = {}

    def new(self, text: str) -> str:
        self.function.count += 1
        name = f"%t{self.function.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def base(self, place: int) -> str:
        """The pointer at a place of the state, read once."""
        name = f"%p{place}"
        if name not in self.head:
            self.head[name] = (
                f"  {name}a = getelementptr i64, ptr %state, i64 {place}\n  {name} = load ptr, ptr {name}a"
            )
        return name

    def number(self, place: int) -> str:
        name = f"%n{place}"
        if name not in self.head:
            self.head[name] = (
                f"  {name}a = getelementptr i64, ptr %state, i64 {place}\n  {name} = load i64, ptr {name}a"
            )
        return name

    # ------------------------------------------------------------------------------------------------- operands

    def operand(self, i: int) -> str:
        """The text of an operand: a register, a constant, or a fresh read from memory."""
        known = self.here.get(i)
        if known is not None:
            return known
        program = self.program
        op = program.ops[i]
        if op == LITERAL:
            return self.constant(program.numbers[i])
        if op in (LEARNED, CAPTURED, DIRECTION):
            place = {LEARNED: THETA, CAPTURED: KNOWN, DIRECTION: VECTOR}[str(op)]
            return self._read_once(i, self.base(place), program.data[i])
        if op == COUNT:
            return self.splat(self.new(f"sitofp i64 {self.number(N)} to double"))
        if op == SAMPLE:
            self.here[i] = self.sample(program.data[i])
            return self.here[i]
        if op == REDUCE:
            return self._read_once(i, self.base(TOTALS), self.module.sums[i])
        if program.is_condition(i):
            return self._bit(i)
        if self.vector and program.stages[i] == INSIDE:
            self.here[i] = self.new(f"load {self.type}, ptr {self.slot(i)}")
            return self.here[i]
        return self._read_once(i, self.base(UNIFORM), self.module.uniforms[i])

    def _read_once(self, i: int, base: str, k: int) -> str:
        """A read from memory; a plain number is read once in a function, a vector's operand each time, with its use."""
        if self.lanes == 1:
            self.here[i] = self.scalar_read(base, k)
            return self.here[i]
        near = self.function.near
        if i not in near:
            near[i] = self.scalar_read(base, k)
        return near[i]

    def slot(self, i: int) -> str:
        """Where a vector is handed on to the functions after this one."""
        place = self.module.frame.setdefault(i, len(self.module.frame)) * max(self.full, 1) + self.block
        return self.new(f"getelementptr {self.type}, ptr %frame, i64 {place}")

    def first(self) -> str:
        """The first sample of the block."""
        if not self.block:
            return "%i"
        name = f"%i{self.block}"
        self.head[name] = f"  {name} = add i64 %i, {self.block * self.lanes}"
        return name

    def _bit(self, i: int) -> str:
        """A condition that was handed on as 1 or 0."""
        if self.vector and self.program.stages[i] == INSIDE:
            number = self.new(f"load {self.type}, ptr {self.slot(i)}")
        else:
            number = self.scalar_read(self.base(UNIFORM), self.module.uniforms[i])
        self.here[i] = self.new(f"fcmp one {self.type} {number}, {self.constant(0.0)}")
        return self.here[i]

    def scalar_read(self, base: str, k: int) -> str:
        address = self.new(f"getelementptr double, ptr {base}, i64 {k}") if k else base
        if self.lanes == 1:
            return self.new(f"load double, ptr {address}")
        one = self.new(f"load <1 x double>, ptr {address}")
        return self.new(f"shufflevector <1 x double> {one}, <1 x double> poison, {self.everywhere}")

    def splat(self, number: str) -> str:
        if self.lanes == 1:
            return number
        one = self.new(f"insertelement <1 x double> poison, double {number}, i64 0")
        return self.new(f"shufflevector <1 x double> {one}, <1 x double> poison, {self.everywhere}")

    def constant(self, value: float | bool) -> str:
        if isinstance(value, bool):
            word = "true" if value else "false"
            return word if self.lanes == 1 else f"<{', '.join([f'i1 {word}'] * self.lanes)}>"
        bits = f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"
        return bits if self.lanes == 1 else f"<{', '.join([f'double {bits}'] * self.lanes)}>"

    def mask(self) -> str:
        """Which lanes of the block hold a sample."""
        if self.full:
            return self.constant(True)
        if "%mask" not in self.head:
            n = self.number(N)
            ramp = ", ".join(f"i64 {k}" for k in range(self.lanes))
            self.head["%mask"] = (
                f"  %left = sub i64 {n}, %i\n"
                f"  %left1 = insertelement <{self.lanes} x i64> poison, i64 %left, i64 0\n"
                f"  %lefts = shufflevector <{self.lanes} x i64> %left1, <{self.lanes} x i64> poison, "
                f"<{self.lanes} x i32> zeroinitializer\n"
                f"  %mask = icmp sgt <{self.lanes} x i64> %lefts, <{ramp}>"
            )
        return "%mask"

    def sample(self, place: int) -> str:
        array, column, length = self.target.columns[place]
        base = self.base(INPUTS + array)
        if self.lanes == 1:
            address = self.new(f"getelementptr double, ptr {base}, i64 {column}")
            return self.new(f"load double, ptr {address}")
        first = self.first()
        row = self.new(f"mul i64 {first}, {length}") if length > 1 else first
        start = self.new(f"getelementptr double, ptr {base}, i64 {row}")
        if length == 1:
            name = f"llvm.masked.load.{self.suffix}.p0"
            self.module.declared.add(f"declare {self.type} @{name}(ptr, i32, {self.bits}, {self.type})")
            if self.full:
                return self.new(f"load {self.type}, ptr {start}, align 8")
            return self.new(
                f"call {self.type} @{name}(ptr {start}, i32 8, {self.bits} {self.mask()}, {self.type} zeroinitializer)"
            )
        places = ", ".join(f"i64 {column + k * length}" for k in range(self.lanes))
        addresses = self.new(f"getelementptr double, ptr {start}, <{self.lanes} x i64> <{places}>")
        name = f"llvm.masked.gather.{self.suffix}.v{self.lanes}p0"
        self.module.declared.add(f"declare {self.type} @{name}(<{self.lanes} x ptr>, i32, {self.bits}, {self.type})")
        return self.new(
            f"call {self.type} @{name}(<{self.lanes} x ptr> {addresses}, i32 8, {self.bits} {self.mask()}, "
            f"{self.type} zeroinitializer)"
        )

    # ------------------------------------------------------------------------------------------------- instructions

    def instruction(self, i: int, fused: dict[int, int]) -> None:
        """One instruction of the program; a product that is part of a sum (`fused`) is computed with it."""
        op, args = self.program.ops[i], self.program.args[i]
        if op in (rules.add, rules.subtract):
            product = next((arg for arg in args if fused.get(arg) == i), None)
            if product is not None:
                x, y = map(self.operand, self.program.args[product])
                first = args[0] == product
                self.here[i] = self.combine(op, first, x, y, self.operand(args[1] if first else args[0]))
                return
        self.here[i] = self.compute(op, [self.operand(arg) for arg in args], args)

    def compute(self, op: Op, operands: Sequence[str], args: Sequence[int]) -> str:
        """The register of an operation on registers; `args` are the instructions they hold."""
        if isinstance(op, Rule):
            return self._row(op, operands, args)
        if op in COMPARISONS:
            return self.new(f"fcmp {SIGNS[op]} {self.type} {operands[0]}, {operands[1]}")
        if op == WHERE:
            kind = self.bits if self.program.is_condition(args[1]) else self.type
            return self.new(f"select {self.bits} {operands[0]}, {kind} {operands[1]}, {kind} {operands[2]}")
        if op == DETACH:
            return operands[0]
        if op == "not":
            return self.new(f"xor {self.bits} {operands[0]}, {self.constant(True)}")
        return self.new(f"{op} {self.bits} {operands[0]}, {operands[1]}")

    def _row(self, rule: Rule, operands: Sequence[str], args: Sequence[int]) -> str:
        t = self.type
        if rule in ARITHMETIC:
            return self.new(f"{ARITHMETIC[rule]} {t} {operands[0]}, {operands[1]}")
        if rule is rules.negative:
            return self.new(f"fneg {t} {operands[0]}")
        if rule in EXTREMES:
            return self._extreme(EXTREMES[rule], operands, args)
        if rule in INSTRUCTIONS:
            name = f"{INSTRUCTIONS[rule]}.{self.suffix}"
            self.module.declared.add(f"declare {t} @{name}({t})")
            return self.new(f"call {t} @{name}({t} {operands[0]})")
        return self._library(rule, operands)

    def _extreme(self, sign: str, operands: Sequence[str], args: Sequence[int]) -> str:
        """x if x > y, else y; but a NaN among them wins. A constant is never NaN, so one selection is enough."""
        x, y = operands
        if args[0] in self.program.numbers or args[1] in self.program.numbers:
            if args[1] in self.program.numbers:
                x, y = y, x
            ahead = self.new(f"fcmp {sign} {self.type} {x}, {y}")
            return self.new(f"select {self.bits} {ahead}, {self.type} {x}, {self.type} {y}")
        ahead = self.new(f"fcmp {sign} {self.type} {x}, {y}")
        chosen = self.new(f"select {self.bits} {ahead}, {self.type} {x}, {self.type} {y}")
        missing = self.new(f"fcmp uno {self.type} {x}, {x}")
        return self.new(f"select {self.bits} {missing}, {self.type} {x}, {self.type} {chosen}")

    def _library(self, rule: Rule, operands: Sequence[str]) -> str:
        name = symbol(rule.c, rule.arity, self.lanes)
        if name:
            return self._called(name, self.type, operands)
        name, out = symbol(rule.c, rule.arity, 1), "poison"
        for lane in range(self.lanes):
            each = [self.new(f"extractelement {self.type} {operand}, i64 {lane}") for operand in operands]
            one = self._called(name, "double", each)
            out = self.new(f"insertelement {self.type} {out}, double {one}, i64 {lane}")
        return out

    def _called(self, name: str, kind: str, operands: Sequence[str]) -> str:
        how = CALL if self.target.aarch64 and kind != "double" else ""
        self.module.symbols.add(name)
        self.module.declared.add(f"declare {how}{kind} @{name}({', '.join([kind] * len(operands))})")
        return self.new(f"call {how}{kind} @{name}({', '.join(f'{kind} {operand}' for operand in operands)})")

    def fma(self, x: str, y: str, z: str) -> str:
        name = f"llvm.fmuladd.{self.suffix}"
        self.module.declared.add(f"declare {self.type} @{name}({self.type}, {self.type}, {self.type})")
        return self.new(f"call {self.type} @{name}({self.type} {x}, {self.type} {y}, {self.type} {z})")

    def combine(self, op: Op, first: bool, x: str, y: str, z: str) -> str:
        """x * y + z, z - x * y, or x * y - z: whether the product comes first."""
        if op is rules.subtract and first:
            z = self.new(f"fneg {self.type} {z}")
        elif op is rules.subtract:
            x = self.new(f"fneg {self.type} {x}")
        return self.fma(x, y, z)

    def sum_so_far(self, i: int) -> tuple[str, str]:
        """Where a sum over the batch is kept, and what it has come to."""
        address = self.new(f"getelementptr {self.type}, ptr %acc, i64 {self.module.sums[i]}")
        return address, self.new(f"load {self.type}, ptr {address}")

    def added(self, i: int, sofar: str, fused: dict[int, int]) -> str:
        """The sum with what this block adds to it."""
        t, (arg,) = self.type, self.program.args[i]
        if fused.get(arg) == i:
            x, y = map(self.operand, self.program.args[arg])
            total = self.fma(x, y, sofar)
        else:
            total = self.new(f"fadd {t} {sofar}, {self.operand(arg)}")
        if not self.full:
            total = self.new(f"select {self.bits} {self.mask()}, {t} {total}, {t} {sofar}")
        return total

    # ------------------------------------------------------------------------------------------------- results

    def keep(self, i: int) -> None:
        """Hand a number on to the functions after this one."""
        value = self.here[i]
        if self.program.is_condition(i):
            value = self.new(
                f"select {self.bits} {value}, {self.type} {self.constant(1.0)}, {self.type} {self.constant(0.0)}"
            )
        if self.vector:
            address = self.slot(i)
        else:
            place = self.module.uniforms.setdefault(i, len(self.module.uniforms))
            address = self.new(f"getelementptr double, ptr {self.base(UNIFORM)}, i64 {place}")
        self.lines.append(f"  store {self.type} {value}, ptr {address}")

    def store_results(self, outputs: Sequence[int]) -> None:
        """One number for each output."""
        for k, i in enumerate(outputs):
            address = self.new(f"getelementptr double, ptr {self.base(OUT)}, i64 {k}")
            self.lines.append(f"  store double {self.operand(i)}, ptr {address}")

    def store_outputs(self, outputs: Sequence[int]) -> None:
        """One number for each output and sample: row k holds output k."""
        name = f"llvm.masked.store.{self.suffix}.p0"
        self.module.declared.add(f"declare void @{name}({self.type}, ptr, i32, {self.bits})")
        for k, i in enumerate(outputs):
            row = self.new(f"mul i64 {self.number(N)}, {k}")
            start = self.new(f"add i64 {row}, {self.first()}")
            address = self.new(f"getelementptr double, ptr {self.base(OUT)}, i64 {start}")
            value = self.operand(i)
            self.lines.append(
                f"  call void @{name}({self.type} {value}, ptr {address}, i32 8, {self.bits} {self.mask()})"
            )
