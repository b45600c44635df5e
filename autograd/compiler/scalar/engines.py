"""Which engine runs a plan: machine code where llvmlite is installed, else numpy."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ...errors import MissingExtra, OperandError
from ..arrays.engines import NO_MESH, jax_module
from .numpy_engine import NumpyKernel
from .plans import Kernel, Plans

if TYPE_CHECKING:
    from ..roll.plans import RolledPlans

ENGINES: Final = ("auto", "numpy", "llvm", "jax", "javascript")

LONG: Final = 4000
"""Instructions of a function of one sample that takes LLVM longer to compile than it takes to roll up."""


def checked(engine: str, mesh: Any = None) -> str:
    """The name of the engine that will run: "numpy", "llvm" or "jax"; or "javascript", which is only written.

    Raises:
        OperandError: there is no engine of this name, or one that has no use for a mesh.
        MissingExtra: llvmlite or jax is not installed.
    """
    if engine not in ENGINES:
        raise OperandError(f"engine is one of {', '.join(map(repr, ENGINES))}, got {engine!r}")
    if engine == "jax":
        jax_module()
        return engine
    if mesh is not None:
        raise OperandError(NO_MESH)
    installed = _installed()
    if engine == "llvm" and not installed:
        raise MissingExtra(
            "engine='llvm' needs llvmlite: pip install 'glassgrad[fast]', or use engine='numpy'", name="llvmlite"
        )
    if engine == "auto":
        return "llvm" if installed else "numpy"
    return engine


def _installed() -> bool:
    return importlib.util.find_spec("llvmlite") is not None


def make(engine: str, plans: Plans, kind: str, exactly: bool, n: int, threads: int) -> Kernel:
    """The plan, ready to run on batches of n samples (machine code differs for one sample and for many).

    Args:
        engine: as the user wrote it; "jax" is for rolled programs, and here is like "auto". Where that would be machine
            code and LLVM cannot make any, numpy runs the plan and a warning says why.

    Raises:
        OperandError: it is "javascript", which runs elsewhere.
    """
    if engine == "javascript":
        raise OperandError(
            "engine='javascript' writes a program and does not run it: print(step.source_of(...)) with a batch; "
            "engine='numpy' or 'llvm' runs"
        )
    if engine == "numpy" or (engine != "llvm" and not _installed()):
        return NumpyKernel(plans.plan(kind, exactly))
    try:
        from ..llvm.code import code_for
        from ..llvm.engine import LlvmKernel

        return LlvmKernel(code_for(plans, kind, exactly, n == 1), plans.outline(kind), n == 1, threads)
    except Exception as error:  # an installation that does not load, a machine that LLVM does not know, ...
        if engine == "llvm":
            raise
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        warnings.warn(
            f"LLVM made no machine code ({reason}): numpy runs the program; engine='numpy' says so from the start",
            RuntimeWarning, stacklevel=2,
        )  # fmt: skip
        return NumpyKernel(plans.plan(kind, exactly))


def make_rolled(engine: str, plans: Plans, kind: str, rolled: Callable[[], RolledPlans | None]) -> Any:
    """What runs the rolled form of a long plan as machine code; None where the flat one is run."""
    if plans.boundary < LONG:
        return None
    try:
        from ..llvm.code import rolled_code_for
        from ..llvm.engine import LlvmRolledKernel

        code = rolled_code_for(plans, kind, rolled)
        return None if code is None else LlvmRolledKernel(code, plans.outline(kind)).sums
    except Exception:  # as above, where the flat form tells why
        if engine == "llvm":
            raise
        return None
