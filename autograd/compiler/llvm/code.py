"""From a plan to machine code in memory: compiled by LLVM, or read from what an earlier process kept."""

from __future__ import annotations

import functools
import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ..roll.plans import RolledPlans
from ..scalar.lower import is_low, lower
from ..scalar.plans import Plan, Plans
from ..scalar.program import is_shallow
from . import cache
from .body import Module, Target
from .functions import address_of, is_machine
from .module import padded, write_module
from .rolled import Unfit, write_rolled_module

MUCH: Final = 12
"""Elements of arrays, for each instruction, that are computed at the same speed as the flat program, or nearly so."""


@dataclass(frozen=True)
class Code:
    """Machine code, and what its caller has to provide.

    Args:
        engine: holds the functions; they live as long as it does.
        outputs, room: how many numbers come out, and how many there has to be room for.
        sums, frame, uniforms: how many sums over the batch, vectors and numbers of scratch memory it uses.
        loops: whether anything is computed sample by sample.
    """

    engine: Any
    outputs: int
    room: int
    sums: int
    frame: int
    uniforms: int
    loops: bool


def code_for(plans: Plans, kind: str, exactly: bool, single: bool) -> Code:
    """The machine code of a plan. Where it has been kept, nothing is derived."""
    name = cache.key(plans, kind, exactly, single, machine())
    known = _kept(plans, name)
    if known is not None:
        return known
    plan = plans.plan(kind, exactly)
    program, outputs = plan.program, list(plan.outputs)
    if not is_low(program, outputs, is_machine, single):
        program, outputs = lower(program, outputs, is_machine, single=single)
    text, needs = write_module(program, outputs, target_for(plan, single))
    facts = {
        "outputs": len(outputs), "room": 1 + padded(len(outputs), lanes()), "sums": len(needs.sums),
        "frame": len(needs.frame) * (2 if needs.calls.get("pair") else 1), "uniforms": len(needs.uniforms),
        "loops": not single and bool(needs.calls.get("block")),
    }  # fmt: skip
    return _compiled(plans, name, text, needs, facts)


def rolled_code_for(plans: Plans, kind: str, rolled: Callable[[], RolledPlans | None]) -> Code | None:
    """The machine code of a rolled program, sample by sample; None where the flat one is compiled.

    That is so for those that have no shorter rolled form, or of which that computes much more, and where the code of
    the flat one has been kept.
    """
    name = cache.key(plans, kind, False, True, f"rolled {machine()}")
    known = _kept(plans, name)
    if known is not None:
        return known
    if not is_shallow(plans.program, plans.boundary) or cache.has(cache.key(plans, kind, False, True, machine())):
        return None
    found = rolled()
    if found is None or not found.is_shorter:
        return None
    try:
        written = write_rolled_module(found.plan(kind), target_for(plans.outline(kind), single=True))
    except Unfit:
        return None
    if written.work > MUCH * plans.boundary:
        return None
    facts = {
        "outputs": written.outputs, "room": 1 + padded(written.outputs, lanes()) + lanes(), "sums": 0, "frame": 0,
        "uniforms": written.room, "loops": False,
    }  # fmt: skip
    return _compiled(plans, name, written.text, written.module, facts)


def _kept(plans: Plans, name: str) -> Code | None:
    """The code that an earlier process has kept under a name."""
    kept = cache.read(name) if name else None
    if kept is None:
        return None
    facts, compiled = kept
    if facts.pop("differs"):
        plans.note_another()
    return Code(machine_code("", facts.pop("symbols"), 0, compiled)[0], **facts)


def _compiled(plans: Plans, name: str, text: str, needs: Module, facts: dict[str, Any]) -> Code:
    """The code of a module; it is kept under a name, if there is one."""
    engine, compiled = machine_code(text, sorted(needs.symbols), needs.level)
    if name:
        known = {**facts, "symbols": sorted(needs.symbols), "differs": plans.has_another("value_and_grad")}
        cache.write(name, known, compiled)
    return Code(engine, **facts)


def target_for(plan: Plan, single: bool) -> Target:
    """What a module of this plan is made for."""
    columns = tuple(
        (array, k, math.prod(leaf.shape))
        for array, leaf in enumerate(plan.leaves)
        for k in range(math.prod(leaf.shape))
    )
    return Target(1 if single else lanes(), columns, plan.batched, lanes(), platform.machine() == "aarch64")


def machine_code(text: str, symbols: list[str], level: int, compiled: bytes = b"") -> tuple[Any, bytes]:
    """The engine that holds the functions of a module, and its object code.

    Without optimisation, unless a short loop over many samples is worth it: the text is straight-line vector code
    already, and to compile it at LLVM's level 1 takes ten times as long.

    Args:
        symbols: the functions of libraries that it calls.
        level: of LLVM's code generator.
        compiled: the object code, if it is known; then the text is not needed.
    """
    import llvmlite.binding as llvm

    target = _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level, jit=True
    )
    for symbol in symbols:
        llvm.add_symbol(symbol, address_of(symbol))
    found = [compiled] if compiled else []
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), target)
    engine.set_object_cache(lambda _, code: found.append(code), lambda _: compiled or None)
    engine.finalize_object()
    engine.set_object_cache()  # which lets go of the code's copy
    return engine, found[0]


@functools.cache
def lanes() -> int:
    """How many samples one instruction of this machine computes."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if features.get("avx512f") and features.get("avx512dq"):
        return 8
    return 4 if features.get("avx2") and features.get("fma") else 2


@functools.cache
def machine() -> str:
    """The machine and the compiler, in words."""
    import llvmlite
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features().flatten()
    return " ".join([
        llvmlite.__version__, str(llvm.llvm_version_info), _target().triple, llvm.get_host_cpu_name(), features
    ])  # fmt: skip


@functools.cache
def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()
