"""What a step of one sample knows about samples of one shape: the program, and what has been made ready to run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ...system.collector import collector_paused
from ...value.reading import Scalar
from ...value.value import Value, numbers_of
from ..batch import FLOAT64, Floats, is_on_device
from ..javascript import write_module
from ..roll import roll
from ..roll.engines import JaxRolledKernel, RolledKernel
from ..roll.plans import RolledPlans
from ..roll.source import write_rolled
from ..step import Specialization
from . import engines
from .plans import EMPTY, Kernel, Plans
from .source import write_plan

Rolled = Callable[[Any, Any, Any, Sequence[Any], int], "tuple[Any, Any] | None"]
"""A rolled form that is ready to run; called as a `Kernel`, it gives None where something is not finite."""

LARGEST_HESSIAN: Final = 200_000  # instructions in one program; beyond, the Hessian is computed column by column


class SampleSpecialization(Specialization):
    """The program for samples of one shape.

    Args:
        shape: that of the function's result.
        captured: the Values that it uses and that are no parameters.
        asked: the engine as the user wrote it; `engine` is what runs.
        mesh: of jax's devices.
    """

    plans: Plans

    def __init__(
        self, plans: Plans, shape: tuple[int, ...], captured: Sequence[Value], asked: str, threads: int, engine: str,
        mesh: Any,
    ) -> None:  # fmt: skip
        self.plans, self.shape, self.captured = plans, shape, list[Scalar](captured)
        self.engine, self._asked, self._threads, self._mesh = engine, asked, threads, mesh
        self._kernels: dict[tuple[str, bool, bool], Kernel] = {}
        self._rolled_kernels: dict[str, Rolled | None] = {}
        self._last: tuple[tuple[Any, ...], list[tuple[Floats, Any]], list[Floats], int] | None = None

    @functools.cached_property
    def rolled(self) -> RolledPlans | None:
        """The program in arrays; None where it has no such form."""
        with collector_paused():
            return roll(self.plans, whatever=self._asked == "jax")

    def run(
        self, kind: str, theta: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats]:
        """The first output and the others, over a batch of n samples.

        What the rolled form comes to is taken where it is finite: see `../roll`.
        """
        captured = np.array(numbers_of(self.captured)) if self.captured else EMPTY
        rolled = self._rolled_kernel(kind)
        if rolled is not None:
            found = rolled(theta, captured, direction, arrays, n)
            if found is not None:
                return found
        if self.engine == "jax":
            theta, direction = np.asarray(theta), np.asarray(direction)
            arrays = [np.asarray(array) for array in arrays]
        kernel = self._kernels.get((kind, n == 1, False)) or self._kernel(kind, n, False)
        first, others, is_sound = kernel(theta, captured, direction, arrays, n)
        if not is_sound and self.plans.has_another(kind):
            first, others, _ = self._kernel(kind, n, True)(theta, captured, direction, arrays, n)
        return first, others

    def _kernel(self, kind: str, n: int, exactly: bool) -> Kernel:
        kernel = self._kernels.get((kind, n == 1, exactly))
        if kernel is None:
            with collector_paused():
                kernel = engines.make(self._asked, self.plans, kind, exactly, n, self._threads)
            if self.engine != "jax":
                self.engine = kernel.engine
            self._kernels[kind, n == 1, exactly] = kernel
        return kernel

    def _rolled_kernel(self, kind: str) -> Rolled | None:
        """The rolled form, ready to run; None where the flat one is run."""
        if kind not in self._rolled_kernels:
            with collector_paused():
                self._rolled_kernels[kind] = self._made_rolled(kind)
        return self._rolled_kernels[kind]

    def _made_rolled(self, kind: str) -> Rolled | None:
        if kind not in RolledPlans.kinds:
            return None
        if self.engine == "llvm":
            made: Rolled | None = engines.make_rolled(self._asked, self.plans, kind, lambda: self.rolled)
            return made
        if self.engine not in ("numpy", "jax") or self.rolled is None:
            return None
        if self.engine == "jax":
            return JaxRolledKernel(self.rolled.plan(kind), self._mesh)
        return RolledKernel(self.rolled.plan(kind)) if self.rolled.is_shorter else None

    def on_device(self, arrays: Sequence[Any]) -> Callable[[Any], Any] | None:
        """See `JaxRolledKernel.on_device`."""
        kernel = self._rolled_kernels.get("value_and_grad")
        return kernel.on_device(arrays) if isinstance(kernel, JaxRolledKernel) else None

    def is_shorter_rolled(self) -> bool:
        """Whether the rolled form is shorter."""
        return self.rolled is not None and self.rolled.is_shorter

    def source(self, kind: str, rolled: bool | None = None) -> str:
        """The text of the function of this kind; rolled up where that is shorter, or as is asked for."""
        if self._asked == "javascript":
            return self.javascript(kind)
        if (rolled or (rolled is None and self.is_shorter_rolled())) and self.rolled is not None:
            return write_rolled(self.rolled.plan(kind)).source
        return write_plan(self.plans.plan(kind))

    def javascript(self, kind: str) -> str:
        """The same in JavaScript."""
        return write_module(self.plans.plan(kind, exactly=True))

    def forward(self, arrays: Sequence[Floats], n: int) -> Floats:
        """The outputs of the function, shape (n, *shape of its result)."""
        outputs = self.run("forward", EMPTY, EMPTY, arrays, n)[1]
        rows: Floats = outputs.T.reshape(n, *self.shape)
        return rows

    def hessian(self, theta: Floats, arrays: Sequence[Floats], n: int) -> Floats:
        """All second derivatives; in one program, unless that would be very long."""
        size = len(self.plans.parameters)
        is_short = self.engine != "jax" and size * len(self.plans.program) <= LARGEST_HESSIAN
        if is_short or ("hessian", n == 1, False) in self._kernels:
            return self.run("hessian", theta, EMPTY, arrays, n)[1].reshape(size, size)
        return np.array([self.run("hvp", theta, unit, arrays, n)[1] for unit in np.eye(size)])

    def remember(self, arguments: Sequence[Any], arrays: list[Floats], n: int) -> None:
        """Keep the arrays of a batch that needed no conversion: the next call with the same ones skips the checks."""
        if len(arrays) == len(arguments) and all(map(lambda x, y: x is y, arguments, arrays)):
            mutable = [(array, array.shape) for array in arrays if not is_on_device(array)]
            self._last = tuple(arguments), mutable, arrays, n

    def known(self, arguments: Sequence[Any]) -> tuple[list[Floats], int] | None:
        """What `remember` kept, if these are the same arrays."""
        last = self._last
        if last is None or len(arguments) != len(last[0]):
            return None
        for given, kept in zip(arguments, last[0]):  # noqa: B905, as long as each other, and fast
            if given is not kept:
                return None
        for array, shape in last[1]:
            if array.shape != shape or array.dtype is not FLOAT64:
                return None
        return last[2], last[3]
