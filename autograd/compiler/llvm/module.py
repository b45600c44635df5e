"""A lowered program as LLVM assembly module, every number of a sample a vector of several samples.

    prologue   what depends on parameters alone
    chunk      a loop over blocks of `lanes` samples, sums in memory, the last block masked
    epilogue   the sums over the batch, and what depends on them

Long code is split into functions that hand numbers on through memory, so that compile time grows linearly.
Parameters are read where they are used: machines multiply by a number in memory as fast as by one in a register.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...core import table as rules
from ..scalar.program import AFTER, BEFORE, INSIDE, LEAVES, REDUCE, Program, schedule
from .body import BEGIN, END, FRAME_SIZE, FRAMES, PARTIALS, SIZE, TOTALS, Body, Module, N, Target
from .packed import write_packed

LARGEST = 1000
"""Instructions in one function of the machine code."""

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
        module.calls["epilogue"] = write_packed(program, module, order, outputs, LARGEST)
    if not module.calls.get("epilogue"):
        _write_stages(program, module, live, order, outputs)
    functions = [_driver(module, target, len(module.sums), "block" in module.calls and bool(module.calls["block"]))]
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
    emit.stage("prologue", [i for i in order if stages[i] == BEFORE], vector=False)
    emit.stage("block", [i for i in order if stages[i] == INSIDE or ops[i] == REDUCE], vector=True)
    emit.stage("epilogue", [i for i in order if stages[i] == AFTER and ops[i] != REDUCE], vector=False, last=True)


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
        self.home: dict[int, tuple[str, int]] = {}  # the stage and part of each instruction

    # ------------------------------------------------------------------------------------------- parts of a stage

    def stage(self, name: str, order: Sequence[int], vector: bool, last: bool = False) -> None:
        parts = [order[k : k + LARGEST] for k in range(0, len(order), LARGEST)]
        if not parts and (last or (vector and self.target.batched and self.target.lanes > 1)):
            parts = [[]]  # nothing to compute, but results to store
        for number, part in enumerate(parts):
            for i in part:
                self.home[i] = (name, number)
        self.module.calls[name] = [f"{name}{number}" for number in range(len(parts))]
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
        body = Body(self.program, self.module, self.target.lanes if vector else 1, vector)
        for i in part:
            if i in fused:
                continue
            body.instruction(i, fused)
            if i in wanted:
                body.keep(i)
        if vector and self.target.batched and final:
            body.store_outputs(self.outputs)
        if name == "epilogue" and final and not (self.target.batched and self.target.lanes > 1):
            body.store_results(self.outputs)
        arguments = STATE_AND_BLOCK if vector else STATE
        self.module.functions.append(body.function.text(f"{name}{number}", arguments))


def _driver(module: Module, target: Target, sums: int, loops: bool) -> str:
    """The functions that are called from outside, and the loops."""
    lanes = target.lanes
    calls = {
        name: "\n".join(f"  call void @{part}(ptr %state)" for part in module.calls.get(name, ()))
        for name in ("prologue", "epilogue")
    }
    blocks = "\n".join(
        f"  call void @{part}(ptr %state, ptr %frame, ptr %acc, i64 %i)" for part in module.calls.get("block", ())
    )
    totals = "  call void @totals(ptr %state)\n" if sums else ""
    run = "  call void @prologue(ptr %state)\n"
    if loops:
        run += f"  %endp = getelementptr i64, ptr %state, i64 {END}\n  %end = load i64, ptr %endp\n"
        run += "  call void @chunks(ptr %state, i64 0, i64 %end)\n"
    out = [
        f"define void @run(ptr noalias %state) nounwind {{\n{run}  call void @epilogue(ptr %state)\n  ret void\n}}",
        f"define void @prologue(ptr noalias %state) nounwind {{\n{calls['prologue']}\n  ret void\n}}",
        f"define void @epilogue(ptr noalias %state) nounwind {{\n{totals}{calls['epilogue']}\n  ret void\n}}",
        *([_totals(sums, lanes)] if sums else []),
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
"""
    )
    return "\n".join(out)


def _totals(sums: int, lanes: int) -> str:
    """The function that makes one number of every sum: the chunks are added up in order, then the lanes; times 1/n.

    No vector is carried from one turn of a loop to the next: without optimisation that goes through memory, and slowly.
    """
    vector = f"<{lanes} x double>"
    return f"""define internal void @totals(ptr noalias %state) nounwind noinline {{
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
}}
declare double @llvm.vector.reduce.fadd.v{lanes}f64(double, {vector})"""
