"""A lowered program as LLVM assembly text, every number of a sample a vector of several samples.

    prologue   what depends on parameters alone
    chunk      a loop over blocks of `lanes` samples, sums in memory, the last block masked
    epilogue   the sums over the batch, and what depends on them

Long code is split into functions that hand numbers on through memory, so that compile time grows linearly.
Parameters are read where they are used: machines multiply by a number in memory as fast as by one in a register.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .. import rules
from ..rules import Rule
from .llvm_math import INTRINSICS, scalar_address, vector_address
from .program import (
    AFTER,
    BEFORE,
    CAPTURED,
    COMPARISONS,
    CONSTANT,
    COUNT,
    DETACH,
    DIRECTION,
    INSIDE,
    LEAVES,
    PARAMETER,
    REDUCE,
    SAMPLE,
    WHERE,
    Program,
    schedule,
)

SIGNS: Final = {">": "ogt", ">=": "oge", "<": "olt", "<=": "ole", "==": "oeq"}
ARITHMETIC: Final = {rules.add: "fadd", rules.subtract: "fsub", rules.multiply: "fmul", rules.divide: "fdiv"}
CALL: Final = "aarch64_vector_pcs "

LARGEST = 300
"""Instructions in one function of the machine code."""

# The places of the one argument of every function: an array of addresses and whole numbers.
THETA, KNOWN, VECTOR, UNIFORM, PARTIALS, OUT, FRAMES, N, BEGIN, END, SIZE, TOTALS, FRAME_SIZE, INPUTS = range(14)


@dataclass(frozen=True)
class Shape:
    """What the text needs to know besides the program: lanes, and how the numbers of a sample lie in memory.

    Args:
        columns: for each number of the sample, the array it is in, its place in a row, and the length of the row.
    """

    lanes: int
    columns: tuple[tuple[int, int, int], ...]
    batched: bool
    aarch64: bool = False


@dataclass
class Text:
    """The module as it grows, and what the caller has to provide: numbers and vectors of scratch memory."""

    shape: Shape
    functions: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    uniforms: dict[int, int] = field(default_factory=dict)
    frame: dict[int, int] = field(default_factory=dict)
    sums: dict[int, int] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)


def module(program: Program, outputs: Sequence[int], shape: Shape) -> tuple[str, Text]:
    """The text of a module with the functions `run`, `prologue`, `chunks` and `epilogue`."""
    text = Text(shape)
    live = program.live(outputs)
    order = [i for i in schedule(program, live) if program.ops[i] not in LEAVES]
    single = shape.lanes == 1
    text.sums = {i: k for k, i in enumerate(i for i in order if program.ops[i] == REDUCE)}
    before = [i for i in order if program.stages[i] == BEFORE and not single]
    inside = [i for i in order if program.stages[i] == INSIDE or program.ops[i] == REDUCE] if not single else []
    after = [i for i in order if program.stages[i] == AFTER and program.ops[i] != REDUCE] if not single else order
    emit = _Emit(program, text, live, tuple(outputs))
    emit.stage("prologue", before, vector=False)
    emit.stage("block", inside, vector=True)
    emit.stage("epilogue", after, vector=False, last=True)
    functions = [_driver(text, shape, len(text.sums), "block" in text.calls and bool(text.calls["block"]))]
    declarations = sorted(text.declared)
    return "\n".join([*declarations, *text.functions, *functions]), text


def _users(program: Program, live: Sequence[int]) -> dict[int, int]:
    users: dict[int, int] = {}
    for i in live:
        for arg in program.args[i]:
            users[arg] = users.get(arg, 0) + 1
    return users


class _Emit:
    """Writes the instructions of one stage after another."""

    def __init__(self, program: Program, text: Text, live: list[int], outputs: tuple[int, ...]) -> None:
        self.program, self.text, self.live, self.outputs = program, text, live, outputs
        self.kept = frozenset(outputs)
        self.users = _users(program, live)
        self.shape = text.shape
        self.home: dict[int, tuple[str, int]] = {}  # the stage and part of each instruction

    # ------------------------------------------------------------------------------------------- parts of a stage

    def stage(self, name: str, order: Sequence[int], vector: bool, last: bool = False) -> None:
        parts = [order[k : k + LARGEST] for k in range(0, len(order), LARGEST)]
        if not parts and (last or (vector and self.shape.batched and self.shape.lanes > 1)):
            parts = [[]]  # nothing to compute, but results to store
        for number, part in enumerate(parts):
            for i in part:
                self.home[i] = (name, number)
        self.text.calls[name] = [f"{name}{number}" for number in range(len(parts))]
        fused = self._fused(order, name)
        wanted = self._handed_on(order, name, fused)
        for number, part in enumerate(parts):
            final = number == len(parts) - 1
            self._part(name, number, part, vector, fused, wanted, final)

    def _fused(self, order: Sequence[int], name: str) -> dict[int, int]:
        """Products that are only a term of a sum in the same part: one instruction computes both."""
        program = self.program
        fused: dict[int, int] = {}
        for i in order:
            if program.ops[i] in (rules.add, rules.subtract, REDUCE):
                for arg in reversed(program.args[i]):
                    if (
                        program.ops[arg] is rules.multiply
                        and self.users.get(arg) == 1
                        and arg not in self.kept
                        and self.home.get(arg) == self.home[i]
                    ):
                        fused[arg] = i
                        break
        return fused

    def _handed_on(self, order: Sequence[int], name: str, fused: dict[int, int]) -> set[int]:
        """What later parts of the same stage, or later stages, read from memory."""
        wanted: set[int] = set()
        for i in order:
            for arg in self.program.args[i]:
                if arg in self.home and self.home[arg] != self.home[i]:
                    wanted.add(arg)
        members = set(order)
        for i in self.live:
            if i not in self.home:
                wanted.update(arg for arg in self.program.args[i] if arg in members)
        wanted.update(i for i in self.outputs if i in members)
        return {i for i in wanted if i not in fused and self.program.ops[i] != REDUCE}

    def _part(
        self,
        name: str,
        number: int,
        part: Sequence[int],
        vector: bool,
        fused: dict[int, int],
        wanted: set[int],
        final: bool,
    ) -> None:
        body = _Body(self, vector)
        for i in part:
            if i in fused:
                continue
            body.instruction(i, fused)
            if i in wanted:
                body.keep(i)
        if vector and self.shape.batched and final:
            body.store_outputs(self.outputs)
        if name == "epilogue" and final and not (self.shape.batched and self.shape.lanes > 1):
            body.store_results(self.outputs)
        arguments = (
            "ptr noalias %state, ptr noalias %frame, ptr noalias %acc, i64 %i" if vector else "ptr noalias %state"
        )
        self.text.functions.append(
            f"define internal void @{name}{number}({arguments}) nounwind noinline {{\n"
            + "\n".join([*body.head.values(), *body.lines])
            + "\n  ret void\n}"
        )


class _Body:
    """The lines of one function."""

    def __init__(self, emit: _Emit, vector: bool) -> None:
        self.emit, self.program, self.shape, self.text = emit, emit.program, emit.shape, emit.text
        self.lanes = self.shape.lanes if vector else 1
        self.vector = vector
        self.type = f"<{self.lanes} x double>" if self.lanes > 1 else "double"
        self.bits = f"<{self.lanes} x i1>" if self.lanes > 1 else "i1"
        self.suffix = f"v{self.lanes}f64" if self.lanes > 1 else "f64"
        self.everywhere = f"<{self.lanes} x i32> zeroinitializer"
        self.lines: list[str] = []
        self.head: dict[str, str] = {}
        self.here: dict[int, str] = {}
        self.count = 0

    def new(self, text: str) -> str:
        self.count += 1
        name = f"%t{self.count}"
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
        if op == CONSTANT:
            return self.constant(program.numbers[i])
        if op in (PARAMETER, CAPTURED, DIRECTION):
            place = {PARAMETER: THETA, CAPTURED: KNOWN, DIRECTION: VECTOR}[str(op)]
            return self.scalar_read(self.base(place), program.data[i])
        if op == COUNT:
            return self.splat(self.new(f"sitofp i64 {self.number(N)} to double"))
        if op == SAMPLE:
            self.here[i] = self.sample(program.data[i])
            return self.here[i]
        if op == REDUCE:
            return self.scalar_read(self.base(TOTALS), self.text.sums[i])
        if program.is_condition(i):
            return self._bit(i)
        if self.vector and program.stages[i] == INSIDE:
            address = self.new(f"getelementptr {self.type}, ptr %frame, i64 {self.text.frame[i]}")
            self.here[i] = self.new(f"load {self.type}, ptr {address}")
            return self.here[i]
        return self.scalar_read(self.base(UNIFORM), self.text.uniforms[i])

    def _bit(self, i: int) -> str:
        """A condition that was handed on as 1 or 0."""
        if self.vector and self.program.stages[i] == INSIDE:
            address = self.new(f"getelementptr {self.type}, ptr %frame, i64 {self.text.frame[i]}")
            number = self.new(f"load {self.type}, ptr {address}")
        else:
            number = self.scalar_read(self.base(UNIFORM), self.text.uniforms[i])
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
        array, column, length = self.shape.columns[place]
        base = self.base(INPUTS + array)
        if self.lanes == 1:
            address = self.new(f"getelementptr double, ptr {base}, i64 {column}")
            return self.new(f"load double, ptr {address}")
        row = self.new(f"mul i64 %i, {length}") if length > 1 else "%i"
        start = self.new(f"getelementptr double, ptr {base}, i64 {row}")
        if length == 1:
            name = f"llvm.masked.load.{self.suffix}.p0"
            self.text.declared.add(f"declare {self.type} @{name}(ptr, i32, {self.bits}, {self.type})")
            return self.new(
                f"call {self.type} @{name}(ptr {start}, i32 8, {self.bits} {self.mask()}, {self.type} zeroinitializer)"
            )
        places = ", ".join(f"i64 {column + k * length}" for k in range(self.lanes))
        addresses = self.new(f"getelementptr double, ptr {start}, <{self.lanes} x i64> <{places}>")
        name = f"llvm.masked.gather.{self.suffix}.v{self.lanes}p0"
        self.text.declared.add(f"declare {self.type} @{name}(<{self.lanes} x ptr>, i32, {self.bits}, {self.type})")
        return self.new(
            f"call {self.type} @{name}(<{self.lanes} x ptr> {addresses}, i32 8, {self.bits} {self.mask()}, "
            f"{self.type} zeroinitializer)"
        )

    # ------------------------------------------------------------------------------------------------- instructions

    def instruction(self, i: int, fused: dict[int, int]) -> None:
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        if op == REDUCE:
            self._accumulate(i, args[0], fused)
            return
        if op in (rules.add, rules.subtract):
            product = next((arg for arg in args if fused.get(arg) == i), None)
            if product is not None:
                self.here[i] = self._multiply_add(i, product)
                return
        operands = [self.operand(arg) for arg in args]
        if isinstance(op, Rule):
            self.here[i] = self._row(op, operands, args)
        elif op in COMPARISONS:
            self.here[i] = self.new(f"fcmp {SIGNS[str(op)]} {self.type} {operands[0]}, {operands[1]}")
        elif op == WHERE:
            kind = self.bits if program.is_condition(args[1]) else self.type
            self.here[i] = self.new(f"select {self.bits} {operands[0]}, {kind} {operands[1]}, {kind} {operands[2]}")
        elif op == DETACH:
            self.here[i] = operands[0]
        elif op == "not":
            self.here[i] = self.new(f"xor {self.bits} {operands[0]}, {self.constant(True)}")
        else:
            self.here[i] = self.new(f"{op} {self.bits} {operands[0]}, {operands[1]}")

    def _row(self, rule: Rule, operands: Sequence[str], args: Sequence[int]) -> str:
        t = self.type
        if rule in ARITHMETIC:
            return self.new(f"{ARITHMETIC[rule]} {t} {operands[0]}, {operands[1]}")
        if rule is rules.negative:
            return self.new(f"fneg {t} {operands[0]}")
        if rule in (rules.maximum, rules.minimum):
            return self._extreme("ogt" if rule is rules.maximum else "olt", operands, args)
        if rule.name in INTRINSICS:
            name = f"{INTRINSICS[rule.name]}.{self.suffix}"
            self.text.declared.add(f"declare {t} @{name}({t})")
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
        if self.lanes > 1:
            address = vector_address(rule.name, rule.arity, self.lanes)
            if address:
                given = ", ".join(f"{self.type} {operand}" for operand in operands)
                how = CALL if self.shape.aarch64 else ""
                return self.new(f"call {how}{self.type} inttoptr (i64 {address} to ptr)({given})")
        address = scalar_address(rule.name)
        if self.lanes == 1:
            given = ", ".join(f"double {operand}" for operand in operands)
            return self.new(f"call double inttoptr (i64 {address} to ptr)({given})")
        out = "poison"
        for lane in range(self.lanes):
            each = [self.new(f"extractelement {self.type} {operand}, i64 {lane}") for operand in operands]
            given = ", ".join(f"double {number}" for number in each)
            one = self.new(f"call double inttoptr (i64 {address} to ptr)({given})")
            out = self.new(f"insertelement {self.type} {out}, double {one}, i64 {lane}")
        return out

    def _fma(self, x: str, y: str, z: str) -> str:
        name = f"llvm.fmuladd.{self.suffix}"
        self.text.declared.add(f"declare {self.type} @{name}({self.type}, {self.type}, {self.type})")
        return self.new(f"call {self.type} @{name}({self.type} {x}, {self.type} {y}, {self.type} {z})")

    def _multiply_add(self, i: int, product: int) -> str:
        """x * y + z, z - x * y or x * y - z."""
        args = self.program.args[i]
        x, y = map(self.operand, self.program.args[product])
        other = args[1] if args[0] == product else args[0]
        z = self.operand(other)
        if self.program.ops[i] is rules.subtract:
            if args[1] == product:
                x = self.new(f"fneg {self.type} {x}")
            else:
                z = self.new(f"fneg {self.type} {z}")
        return self._fma(x, y, z)

    def _accumulate(self, i: int, arg: int, fused: dict[int, int]) -> None:
        t, k = self.type, self.text.sums[i]
        address = self.new(f"getelementptr {t}, ptr %acc, i64 {k}")
        sofar = self.new(f"load {t}, ptr {address}")
        if fused.get(arg) == i:
            x, y = map(self.operand, self.program.args[arg])
            total = self._fma(x, y, sofar)
        else:
            total = self.new(f"fadd {t} {sofar}, {self.operand(arg)}")
        kept = self.new(f"select {self.bits} {self.mask()}, {t} {total}, {t} {sofar}")
        self.lines.append(f"  store {t} {kept}, ptr {address}")

    # ------------------------------------------------------------------------------------------------- results

    def keep(self, i: int) -> None:
        """Hand a number on to the functions after this one."""
        value = self.here[i]
        if self.program.is_condition(i):
            value = self.new(
                f"select {self.bits} {value}, {self.type} {self.constant(1.0)}, {self.type} {self.constant(0.0)}"
            )
        if self.vector:
            place = self.text.frame.setdefault(i, len(self.text.frame))
            address = self.new(f"getelementptr {self.type}, ptr %frame, i64 {place}")
        else:
            place = self.text.uniforms.setdefault(i, len(self.text.uniforms))
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
        self.text.declared.add(f"declare void @{name}({self.type}, ptr, i32, {self.bits})")
        for k, i in enumerate(outputs):
            row = self.new(f"mul i64 {self.number(N)}, {k}")
            start = self.new(f"add i64 {row}, %i")
            address = self.new(f"getelementptr double, ptr {self.base(OUT)}, i64 {start}")
            value = self.operand(i)
            self.lines.append(
                f"  call void @{name}({self.type} {value}, ptr {address}, i32 8, {self.bits} {self.mask()})"
            )


def _driver(text: Text, shape: Shape, sums: int, loops: bool) -> str:
    """The functions that are called from outside, and the loops."""
    lanes = shape.lanes
    vector = f"<{lanes} x double>"
    calls = {
        name: "\n".join(f"  call void @{part}(ptr %state)" for part in text.calls.get(name, ()))
        for name in ("prologue", "epilogue")
    }
    blocks = "\n".join(
        f"  call void @{part}(ptr %state, ptr %frame, ptr %acc, i64 %i)" for part in text.calls.get("block", ())
    )
    run = "  call void @prologue(ptr %state)\n"
    if loops:
        run += f"  %endp = getelementptr i64, ptr %state, i64 {END}\n  %end = load i64, ptr %endp\n"
        run += "  call void @chunks(ptr %state, i64 0, i64 %end)\n"
    out = [
        f"define void @run(ptr noalias %state) nounwind {{\n{run}  call void @epilogue(ptr %state)\n  ret void\n}}",
        f"define void @prologue(ptr noalias %state) nounwind {{\n{calls['prologue']}\n  ret void\n}}",
        (
            f"define void @epilogue(ptr noalias %state) nounwind {{\n{_totals(sums, lanes) if sums else ''}"
            f"{calls['epilogue']}\n  ret void\n}}"
        ),
    ]
    if not loops:
        return "\n".join(out)
    width = lanes * max(sums, 1)
    out.append(
        f"""define void @chunks(ptr noalias %state, i64 %first, i64 %last) nounwind {{
entry:
  %np = getelementptr i64, ptr %state, i64 {N}
  %n = load i64, ptr %np
  %sizep = getelementptr i64, ptr %state, i64 {SIZE}
  %size = load i64, ptr %sizep
  %accp = getelementptr i64, ptr %state, i64 {PARTIALS}
  %partials = load ptr, ptr %accp
  %framep = getelementptr i64, ptr %state, i64 {FRAMES}
  %frames = load ptr, ptr %framep
  %fsp = getelementptr i64, ptr %state, i64 {FRAME_SIZE}
  %fs = load i64, ptr %fsp
  br label %test
test:
  %c = phi i64 [ %first, %entry ], [ %cn, %done ]
  %more = icmp slt i64 %c, %last
  br i1 %more, label %start, label %exit
start:
  %from = mul i64 %c, %size
  %upto0 = add i64 %from, %size
  %cut = icmp slt i64 %upto0, %n
  %upto = select i1 %cut, i64 %upto0, i64 %n
  %off = mul i64 %c, {width}
  %acc = getelementptr double, ptr %partials, i64 %off
  %foff = mul i64 %first, %fs
  %frame = getelementptr double, ptr %frames, i64 %foff
  call void @llvm.memset.p0.i64(ptr %acc, i8 0, i64 {8 * width}, i1 false)
  br label %loop
loop:
  %i = phi i64 [ %from, %start ], [ %next, %loop ]
{blocks}
  %next = add i64 %i, {lanes}
  %again = icmp slt i64 %next, %upto
  br i1 %again, label %loop, label %done
done:
  %cn = add i64 %c, 1
  br label %test
exit:
  ret void
}}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define internal double @across({vector} %v) nounwind alwaysinline {{
{_tree(lanes)}
}}"""
    )
    return "\n".join(out)


def _tree(lanes: int) -> str:
    """The sum over the lanes, halves added to halves: always in the same order."""
    lines, name, width = [], "%v", lanes
    while width > 1:
        half = width // 2
        low = ", ".join(f"i32 {k}" for k in range(half))
        high = ", ".join(f"i32 {k}" for k in range(half, width))
        for side, places in (("l", low), ("h", high)):
            lines.append(
                f"  %{side}{half} = shufflevector <{width} x double> {name}, <{width} x double> poison, "
                f"<{half} x i32> <{places}>"
            )
        lines.append(f"  %s{half} = fadd <{half} x double> %l{half}, %h{half}")
        name, width = f"%s{half}", half
    lines.append(f"  %out = extractelement <1 x double> {name}, i64 0\n  ret double %out")
    return "\n".join(lines)


def _totals(sums: int, lanes: int) -> str:
    """Every sum over the chunks, in order, then over the lanes; times 1/n for a mean."""
    vector = f"<{lanes} x double>"
    return f"""  %pp = getelementptr i64, ptr %state, i64 {PARTIALS}
  %partials = load ptr, ptr %pp
  %tp = getelementptr i64, ptr %state, i64 {TOTALS}
  %totals = load ptr, ptr %tp
  %ep = getelementptr i64, ptr %state, i64 {END}
  %chunks = load i64, ptr %ep
  %sp = getelementptr i64, ptr %state, i64 {BEGIN}
  %scale = load double, ptr %sp
  br label %outer
outer:
  %k = phi i64 [ 0, %0 ], [ %kn, %summed ]
  br label %inner
inner:
  %c = phi i64 [ 0, %outer ], [ %cn, %inner ]
  %sofar = phi {vector} [ zeroinitializer, %outer ], [ %more, %inner ]
  %row = mul i64 %c, {sums}
  %place = add i64 %row, %k
  %address = getelementptr {vector}, ptr %partials, i64 %place
  %each = load {vector}, ptr %address
  %more = fadd {vector} %sofar, %each
  %cn = add i64 %c, 1
  %again = icmp slt i64 %cn, %chunks
  br i1 %again, label %inner, label %summed
summed:
  %sum = call double @across({vector} %more)
  %scaled = fmul double %sum, %scale
  %to = getelementptr double, ptr %totals, i64 %k
  store double %scaled, ptr %to
  %kn = add i64 %k, 1
  %others = icmp slt i64 %kn, {sums}
  br i1 %others, label %outer, label %finished
finished:
"""
