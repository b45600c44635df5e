"""A lowered program as LLVM assembly module, every number of a sample a vector of several samples.

    prologue   what depends on parameters alone, as far as the loop needs it
    chunk      a loop over blocks of `lanes` samples, sums in memory, the last block masked; of a short one two blocks
               at once, so that parameters and sums are read half as often and results need not be waited for
    epilogue   the sums over the batch, and what depends on them

Long code is split into functions that hand numbers on through memory, so that compile time grows linearly.
Parameters are read where they are used: machines multiply by a number in memory as fast as by one in a register.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...core import table as rules
from ..scalar.program import AFTER, BEFORE, INSIDE, LEAVES, REDUCE, Program, schedule
from .body import (
    BEGIN,
    END,
    FRAME_SIZE,
    FRAMES,
    OUT,
    PARTIALS,
    SIZE,
    SOUND,
    TOTALS,
    Body,
    Function,
    Module,
    N,
    Target,
)
from .loops import Loop, find_loops, write_loop
from .packed import write_packed

LARGEST = 2000
"""Instructions in one function of the machine code."""

SMALL: Final = 200
"""The same outside the loop over the samples: what LLVM does with care takes longer, the longer a function is."""

PACKED: Final = 500
"""The same where vectors were found in a program of single numbers: LLVM takes a fifth less time than for 2,000."""

SHORT = 2000
"""Instructions of a loop over the samples that is written for two blocks at once, too."""

FEW = 100
"""More of them than this, and LLVM spends up to some tenths of a second on the two blocks: they do not fit into the
registers without thought."""

COLD: Final = "nounwind noinline optnone"
"""Of functions that run once for each call."""

LONG: Final = 2000
"""Instructions of single numbers that are worth looking for loops in."""

FEWEST: Final = 64
"""Instructions of a program of single numbers that is worth looking for vectors in."""

STATE: Final = "ptr noalias %state"
STATE_AND_BLOCK: Final = "ptr noalias %state, ptr noalias %frame, ptr noalias %acc, i64 %i"


def write_module(program: Program, outputs: Sequence[int], target: Target) -> tuple[str, Module]:
    """The text of a module with the functions `run`, `prologue`, `chunks` and `epilogue`."""
    module = Module(target)
    live = program.live(outputs)
    order = [i for i in schedule(program, live) if program.ops[i] not in LEAVES]
    single = target.lanes == 1
    module.sums = {i: k for k, i in enumerate(i for i in order if program.ops[i] == REDUCE)}
    if single and target.widest > 1 and len(order) >= FEWEST:
        module.calls["epilogue"] = write_packed(program, module, order, outputs, min(PACKED, LARGEST))
    if not module.calls.get("epilogue"):
        _write_stages(program, module, live, order, outputs)
    loops = bool(module.calls.get("block"))
    functions = [driver(module, target, len(module.sums), len(outputs), loops)]
    declarations = sorted(module.declared)
    return "\n".join([*declarations, *module.functions, *functions]), module


def _write_stages(
    program: Program, module: Module, live: list[int], order: Sequence[int], outputs: Sequence[int]
) -> None:
    """What runs before the loop over the samples, inside, and after; all in one where there is but one sample."""
    single, stages, ops = module.target.lanes == 1, program.stages, program.ops
    emit = _Emit(program, module, live, tuple(outputs))
    if single:
        emit.stage("epilogue", order, vector=False, last=True)
        return
    early = _needed_inside(program, order)
    emit.stage("prologue", [i for i in order if i in early], vector=False)
    emit.stage("block", [i for i in order if stages[i] == INSIDE or ops[i] == REDUCE], vector=True)
    late = [i for i in order if stages[i] in (BEFORE, AFTER) and ops[i] != REDUCE and i not in early]
    emit.stage("epilogue", late, vector=False, last=True)


def _needed_inside(program: Program, order: Sequence[int]) -> set[int]:
    """What the loop over the samples needs of the instructions that depend on parameters alone."""
    stages, needed = program.stages, set[int]()
    for i in reversed(order):
        if i in needed or stages[i] == INSIDE or program.ops[i] == REDUCE:
            needed.update(arg for arg in program.args[i] if stages[arg] == BEFORE)
    return needed


def _users(program: Program, live: Sequence[int]) -> dict[int, int]:
    users: dict[int, int] = {}
    for i in live:
        for arg in program.args[i]:
            users[arg] = users.get(arg, 0) + 1
    return users


class _Emit:
    """Writes the instructions of one stage after another."""

    def __init__(self, program: Program, module: Module, live: list[int], outputs: tuple[int, ...]) -> None:
        self.program, self.module, self.live, self.outputs = program, module, live, outputs
        self.kept = frozenset(outputs)
        self.users = _users(program, live)
        self.target = module.target
        self.home: dict[int, tuple[Any, ...]] = {}  # the stage and part of each instruction; in a loop the turn, too

    # ------------------------------------------------------------------------------------------- parts of a stage

    def stage(self, name: str, order: Sequence[int], vector: bool, last: bool = False) -> None:
        loops = find_loops(self.program, order, self.module) if not vector and len(order) >= LONG else []
        parts = self._cut(order, loops, vector)
        if (last and (not parts or loops)) or (not parts and vector and self.target.batched and self.target.lanes > 1):
            parts.append([])  # nothing to compute, but results to store
        for number, part in enumerate(parts):
            turns = part.period if isinstance(part, Loop) else 0
            for k, i in enumerate(order[part.start : part.end] if isinstance(part, Loop) else part):
                self.home[i] = (name, number, k // turns) if turns else (name, number)
        self.module.calls[name] = [f"{name}{number}" for number in range(len(parts))]
        fused = self._fused(order, name)
        wanted = self._handed_on(order, name, fused)
        pairs = vector and 0 < len(order) <= SHORT
        if pairs:
            self.module.level = int(len(order) > FEW)
            self.module.calls["pair"] = [f"pair{number}" for number in range(len(parts))]
        for number, part in enumerate(parts):
            if isinstance(part, Loop):
                self.module.level = 1
                written = write_loop(self.program, self.module, order, part, fused, wanted)
                self.module.functions.append(written.text(f"{name}{number}", STATE, 1, often=True))
                continue
            final = number == len(parts) - 1
            self._part(name, number, part, vector, fused, wanted, final)
            if pairs:
                self._part("pair", number, part, vector, fused, wanted, final)

    def _cut(self, order: Sequence[int], loops: Sequence[Loop], vector: bool) -> list[Sequence[int] | Loop]:
        """The functions of a stage: loops, and between them instructions, not too many in one."""
        largest = LARGEST if vector or self.target.lanes == 1 else min(LARGEST, SMALL)
        parts: list[Sequence[int] | Loop] = []
        start = 0
        for loop in [*loops, None]:
            end = loop.start if loop is not None else len(order)
            parts += [order[k : min(k + largest, end)] for k in range(start, end, largest)]
            if loop is not None:
                parts.append(loop)
                start = loop.end
        return parts

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
        function, full = Function(), 2 if name == "pair" else 0
        bodies = [
            Body(self.program, self.module, self.target.lanes if vector else 1, vector, function, block, full)
            for block in range(max(full, 1))
        ]
        body = bodies[0]
        for i in part:
            function.near.clear()
            if i in fused:
                continue
            if self.program.ops[i] == REDUCE:
                address, total = body.sum_so_far(i)
                for each in bodies:
                    total = each.added(i, total, fused)
                function.lines.append(f"  store {body.type} {total}, ptr {address}")
                continue
            for each in bodies:
                each.instruction(i, fused)
                if i in wanted:
                    each.keep(i)
        if vector and self.target.batched and final:
            for each in bodies:
                each.store_outputs(self.outputs)
        if name == "epilogue" and final and not (self.target.batched and self.target.lanes > 1):
            body.store_results(self.outputs)
        arguments = STATE_AND_BLOCK if vector else STATE
        self.module.functions.append(
            function.text(f"{name}{number}", arguments, self.target.lanes if vector else 1, name == "pair")
        )


def driver(module: Module, target: Target, sums: int, outputs: int, loops: bool) -> str:
    """The functions that are called from outside, and the loops."""
    lanes = target.lanes
    for width in ([lanes] if sums else []) + ([] if target.batched else [max(target.widest, 2)]):
        module.declared.add(f"declare double @llvm.vector.reduce.fadd.v{width}f64(double, <{width} x double>)")
    calls = {
        name: "\n".join(f"  call void @{part}(ptr %state)" for part in module.calls.get(name, ()))
        for name in ("prologue", "epilogue")
    }
    blocks, pairs = (
        "\n".join(
            f"  call void @{part}(ptr %state, ptr %frame, ptr %acc, i64 {i})" for part in module.calls.get(name, ())
        )
        for name, i in (("block", "%i"), ("pair", "%j"))
    )
    totals = "  call void @totals(ptr %state)\n" if sums else ""
    sound = "" if target.batched else "  call void @sound(ptr %state)\n"
    run = "  call void @prologue(ptr %state)\n"
    if loops:
        run += f"  %endp = getelementptr i64, ptr %state, i64 {END}\n  %end = load i64, ptr %endp\n"
        run += "  call void @chunks(ptr %state, i64 0, i64 %end)\n"
    out = [
        f"define void @run(ptr noalias %state) {COLD} {{\n{run}  call void @epilogue(ptr %state)\n  ret void\n}}",
        f"define void @prologue(ptr noalias %state) {COLD} {{\n{calls['prologue']}\n  ret void\n}}",
        f"define void @epilogue(ptr noalias %state) {COLD} {{\n{totals}{calls['epilogue']}\n{sound}  ret void\n}}",
        *([_totals(sums, lanes)] if sums else []),
        *([] if target.batched else [_sound(outputs, max(target.widest, 2))]),
    ]
    if not loops:
        return "\n".join(out)
    width = lanes * max(sums, 1)
    out.append(
        f"""define void @chunks(ptr noalias %state, i64 %first, i64 %last) {COLD} {{
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
  br label %twice
twice:
  %j = phi i64 [ %from, %start ], [ %jn, %pair ]
  %jn = add i64 %j, {2 * lanes}
  %fits = icmp sle i64 %jn, {"%upto" if pairs else "%from"}
  br i1 %fits, label %pair, label %rest
pair:
{pairs}
  br label %twice
rest:
  %left = icmp slt i64 %j, %upto
  br i1 %left, label %loop, label %done
loop:
  %i = phi i64 [ %j, %rest ], [ %next, %loop ]
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
"""
    )
    return "\n".join(out)


def padded(outputs: int, widest: int) -> int:
    """How many numbers there has to be room for after the first output: those that `sound` reads."""
    return -(-max(outputs - 1, 1) // (4 * widest)) * 4 * widest


def _sound(outputs: int, lanes: int) -> str:
    """The function that tells whether all outputs but the first are finite: the sum of 0 times each is 0, else NaN."""
    vector = f"<{lanes} x double>"
    lines = []
    for part in range(4):
        before = f"%s{part - 1}" if part else "%sofar"
        lines += [
            f"  %a{part} = getelementptr {vector}, ptr %row, i64 {part}",
            f"  %v{part} = load {vector}, ptr %a{part}, align 8",
            f"  %z{part} = fmul {vector} %v{part}, zeroinitializer",
            f"  %s{part} = fadd {vector} {before}, %z{part}",
        ]
    body = "\n".join(lines)
    return f"""define internal void @sound(ptr noalias %state) {COLD} {{
entry:
  %op = getelementptr i64, ptr %state, i64 {OUT}
  %out = load ptr, ptr %op
  %first = getelementptr double, ptr %out, i64 1
  %to = getelementptr i64, ptr %state, i64 {SOUND}
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %kn, %loop ]
  %sofar = phi {vector} [ zeroinitializer, %entry ], [ %s3, %loop ]
  %row = getelementptr double, ptr %first, i64 %k
{body}
  %kn = add i64 %k, {4 * lanes}
  %again = icmp slt i64 %kn, {padded(outputs, lanes)}
  br i1 %again, label %loop, label %done
done:
  %sum = call reassoc double @llvm.vector.reduce.fadd.v{lanes}f64(double -0.0, {vector} %s3)
  store double %sum, ptr %to
  ret void
}}"""


def _totals(sums: int, lanes: int) -> str:
    """The function that makes one number of every sum: the chunks are added up in order, then the lanes; times 1/n.

    No vector is carried from one turn of a loop to the next: without optimisation that goes through memory, and slowly.
    """
    vector = f"<{lanes} x double>"
    return f"""define internal void @totals(ptr noalias %state) {COLD} {{
entry:
  %pp = getelementptr i64, ptr %state, i64 {PARTIALS}
  %partials = load ptr, ptr %pp
  %ep = getelementptr i64, ptr %state, i64 {END}
  %chunks = load i64, ptr %ep
  %tp = getelementptr i64, ptr %state, i64 {TOTALS}
  %totals = load ptr, ptr %tp
  %sp = getelementptr i64, ptr %state, i64 {BEGIN}
  %scale = load double, ptr %sp
  br label %outer
outer:
  %c = phi i64 [ 1, %entry ], [ %cn, %next ]
  %more = icmp slt i64 %c, %chunks
  br i1 %more, label %start, label %last
start:
  %row = mul i64 %c, {sums}
  %from = getelementptr {vector}, ptr %partials, i64 %row
  br label %inner
inner:
  %k = phi i64 [ 0, %start ], [ %kn, %inner ]
  %to = getelementptr {vector}, ptr %partials, i64 %k
  %sofar = load {vector}, ptr %to
  %address = getelementptr {vector}, ptr %from, i64 %k
  %each = load {vector}, ptr %address
  %both = fadd {vector} %sofar, %each
  store {vector} %both, ptr %to
  %kn = add i64 %k, 1
  %again = icmp slt i64 %kn, {sums}
  br i1 %again, label %inner, label %next
next:
  %cn = add i64 %c, 1
  br label %outer
last:
  %j = phi i64 [ 0, %outer ], [ %jn, %last ]
  %at = getelementptr {vector}, ptr %partials, i64 %j
  %v = load {vector}, ptr %at
  %sum = call reassoc double @llvm.vector.reduce.fadd.v{lanes}f64(double -0.0, {vector} %v)
  %scaled = fmul double %sum, %scale
  %out = getelementptr double, ptr %totals, i64 %j
  store double %scaled, ptr %out
  %jn = add i64 %j, 1
  %others = icmp slt i64 %jn, {sums}
  br i1 %others, label %last, label %exit
exit:
  ret void
}}"""
