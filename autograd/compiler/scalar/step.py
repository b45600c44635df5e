"""The step of a function of one sample: the mean (or the sum) of the loss over a batch, and its gradient."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...errors import OperandError, ShapeError, TraceError
from ...masking import finite
from ...value.reading import Scalar
from ...value.value import Value, add_to_gradients, numbers_of
from .. import batch
from ..batch import Floats, Layout
from ..javascript import write_module
from ..roll import roll
from ..roll.engines import RolledKernel
from ..roll.plans import RolledPlans
from ..roll.source import write_rolled
from ..step import BaseStep, Specialization, checked_parameters, collector_paused
from ..storage import Saved, SavedProgram, write
from . import engines
from .plans import EMPTY, Kernel, Plans
from .source import write_plan
from .trace import trace

LARGEST_HESSIAN = 200_000  # instructions in one program; beyond, the Hessian is computed column by column


class Step(BaseStep):
    """A compiled function of one sample: see `compile`. Made by it, or read from a file by `load`."""

    parameters: tuple[Value, ...]

    def __init__(
        self, function: Callable[..., Any] | None, parameters: Iterable[Value], engine: str, reduction: str,
        threads: int, names: tuple[str, ...] | None,
    ) -> None:  # fmt: skip
        super().__init__(function, names)
        self.parameters = checked_parameters(
            parameters, Value, "parameters are Values, got {}; for a model write model.parameters()"
        )
        self.size = len(self.parameters)
        self._listed: list[Scalar] = list(self.parameters)
        self._engine, self._asked = engines.checked(engine), engine
        self.reduction, self.threads = reduction, threads
        if reduction not in ("mean", "sum"):
            raise OperandError(f"reduction is 'mean' or 'sum', got {reduction!r}")
        if not isinstance(threads, int) or threads < 1:
            raise OperandError(f"threads is how many threads share a batch, 1 or more, got {threads!r}")

    def __call__(self, *arguments: Any) -> Any:
        """The mean loss over a batch; its derivative is added to every parameter's `.grad`.

        Compiled without parameters it is the function itself over a batch: one row of outputs for each sample.

        Args:
            arguments: for each argument of the function an array with one row per sample.

        Raises:
            OperandError, ShapeError: the arguments are not such arrays.
            TraceError: the function cannot be compiled as it is written.
        """
        known, arrays, n = self._specialized(arguments)
        if not self.parameters:
            return known.forward(arrays, n)
        loss, gradient = known.run("value_and_grad", self.pack(), EMPTY, arrays, n)
        add_to_gradients(self._listed, gradient.tolist())
        return loss

    @property
    def engine(self) -> str:
        """What runs it: "numpy" or "llvm"; or "javascript", which runs elsewhere."""
        return self._engine if self._latest is None else str(self._latest.engine)

    def hessian(self, theta: Any, *arguments: Any) -> Floats:
        """The matrix of second derivatives, shape (len(parameters), len(parameters))."""
        known, arrays, n = self._specialized(arguments)
        return known.hessian(self._vector("theta", theta), arrays, n)

    def pack(self) -> Floats:
        """The numbers of the parameters as one vector."""
        return np.fromiter(numbers_of(self._listed), float, self.size)

    def unpack(self, theta: Any) -> None:
        """Give the parameters the numbers of a vector."""
        for p, number in zip(self.parameters, self._vector("theta", theta).tolist(), strict=True):
            p._data = number

    def source_of(self, *arguments: Any, rolled: bool | None = None) -> str:
        """The program for arguments of these shapes, whether it has been called with such or not; see `source`.

        Args:
            rolled: whether neurons that are computed alike become arrays, `z1 = x @ W1 + b1`; None where that is
                shorter. Written flat, every number has a name of its own.
        """
        known, _, _ = self._specialized(arguments)
        return known.source("value_and_grad" if self.parameters else "forward", rolled)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the compiled program, with the numbers of its parameters, as text that `load` reads.

        Raises:
            ShapeError: it has not been called yet, so there is no program.
        """
        programs = [SavedProgram(layout, each.plans, each.shape, each.captured) for layout, each in self.traces.items()]
        write(path, Saved(self.reduction, self.names, list(self.parameters), programs))

    def __repr__(self) -> str:
        name = getattr(self._function, "__name__", "a saved program")
        return f"<compiled {name}: {self.size} parameters, engine {self.engine}>"

    # -------------------------------------------------------------------------------------------------- behind it

    def _flat(self, kind: str, vectors: Sequence[Any], arguments: Sequence[Any]) -> Any:
        known, arrays, n = self._specialized(arguments)
        theta = self._vector("theta", vectors[0])
        direction = self._vector("v", vectors[1]) if len(vectors) > 1 else EMPTY
        found = known.run(kind, theta, direction, arrays, n)
        return found if kind == "value_and_grad" else found[kind == "hvp"]

    def _vector(self, name: str, vector: Any) -> Floats:
        if type(vector) is np.ndarray and vector.dtype == np.float64 and vector.shape == (self.size,):
            return vector
        return batch.as_vector(name, vector, self.size)

    def _specialized(self, arguments: Sequence[Any]) -> tuple[SampleSpecialization, list[Floats], int]:
        """The specialization for samples of this shape, the arrays of the batch, and how many samples it has."""
        latest: SampleSpecialization | None = self._latest
        if latest is not None:
            again = latest.known(arguments)
            if again is not None:
                return latest, *again
        names = self._names_for(arguments)
        layout, arrays, n = batch.read(names, arguments)
        known = self.traces.get(layout)
        if known is None:
            with collector_paused():
                known = self._trace(layout)
        known.remember(arguments, arrays, n)
        self._latest = known
        return known, arrays, n

    def _trace(self, layout: Layout) -> SampleSpecialization:
        if self._function is None:
            shapes = "; ".join(str([leaf.shape for leaf in each.leaves]) for each in self.traces)
            raise ShapeError(
                f"a saved program knows samples of shapes {shapes} only, "
                f"got {[leaf.shape for leaf in layout.leaves]}: compile the function for others"
            )
        recorded = trace(self._function, self.parameters, layout, self.reduction)
        if self.parameters and recorded.shape != ():
            raise TraceError(
                f"a loss is one number, and this function returned an array of shape {recorded.shape}: "
                "return its only element, or a sum"
            )
        loss = recorded.loss if recorded.shape == () else recorded.outputs[0]
        plans = Plans(
            recorded.program, recorded.outputs, loss, recorded.parameters, layout.leaves, len(recorded.captured)
        )
        return self.specialize(layout, plans, recorded.shape, recorded.captured)

    def specialize(
        self, layout: Layout, plans: Plans, shape: tuple[int, ...], captured: Sequence[Value]
    ) -> SampleSpecialization:
        """Note the program for samples of one shape."""
        known = SampleSpecialization(plans, shape, captured, self._asked, self.threads, self.engine)
        self.traces[layout] = known
        return known

    def _names_for(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        names = self.names
        if names is None:
            return tuple(f"x{i}" for i in range(len(arguments)))
        if len(arguments) != len(names):
            wanted = ", ".join(names) or "none"
            raise ShapeError(f"the step takes one array for each argument ({wanted}), got {len(arguments)}")
        return names


class SampleSpecialization(Specialization):
    """The program for samples of one shape.

    Args:
        shape: that of the function's result.
        captured: the Values that it uses and that are no parameters.
        asked: the engine as the user wrote it; `engine` is what runs.
    """

    plans: Plans

    def __init__(
        self, plans: Plans, shape: tuple[int, ...], captured: Sequence[Value], asked: str, threads: int, engine: str
    ) -> None:
        self.plans, self.shape, self.captured = plans, shape, list[Scalar](captured)
        self.engine, self._asked, self._threads = engine, asked, threads
        self._kernels: dict[tuple[str, bool, bool], Kernel] = {}
        self._rolled_kernels: dict[str, RolledKernel | None] = {}
        self._last: tuple[tuple[Any, ...], tuple[Any, ...], list[Floats], int] | None = None

    @functools.cached_property
    def rolled(self) -> RolledPlans | None:
        """The program in arrays; None where it has no such form."""
        with collector_paused():
            return roll(self.plans)

    def run(
        self, kind: str, theta: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats]:
        """The first output and the others, over a batch of n samples."""
        captured = np.array(numbers_of(self.captured)) if self.captured else EMPTY
        rolled = self._rolled_kernel(kind)
        if rolled is not None:
            found = rolled(theta, captured, direction, arrays, n)
            if math.isfinite(found[0]) and finite(found[1]):
                return found
        found = self._kernel(kind, n, False)(theta, captured, direction, arrays, n)
        if self.plans.has_another(kind) and not finite(found[1]):
            found = self._kernel(kind, n, True)(theta, captured, direction, arrays, n)
        return found

    def _kernel(self, kind: str, n: int, exactly: bool) -> Kernel:
        kernel = self._kernels.get((kind, n == 1, exactly))
        if kernel is None:
            with collector_paused():
                kernel = engines.make(self._asked, self.plans.plan(kind, exactly), n, self._threads)
            self.engine = kernel.engine
            self._kernels[kind, n == 1, exactly] = kernel
        return kernel

    def _rolled_kernel(self, kind: str) -> RolledKernel | None:
        """The rolled form, ready to run; None where the flat one is run."""
        if kind not in self._rolled_kernels:
            runs = self.engine == "numpy" and kind in RolledPlans.kinds and self.is_shorter_rolled()
            with collector_paused():
                self._rolled_kernels[kind] = RolledKernel(self.rolled.plan(kind)) if runs and self.rolled else None
        return self._rolled_kernels[kind]

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
        if size * len(self.plans.program) <= LARGEST_HESSIAN or ("hessian", n == 1, False) in self._kernels:
            return self.run("hessian", theta, EMPTY, arrays, n)[1].reshape(size, size)
        return np.array([self.run("hvp", theta, unit, arrays, n)[1] for unit in np.eye(size)])

    def remember(self, arguments: Sequence[Any], arrays: list[Floats], n: int) -> None:
        """Keep the arrays of a batch that needed no conversion: the next call with the same ones skips the checks."""
        if len(arrays) == len(arguments) and all(map(lambda x, y: x is y, arguments, arrays)):
            self._last = (tuple(arguments), tuple(array.shape for array in arrays), arrays, n)

    def known(self, arguments: Sequence[Any]) -> tuple[list[Floats], int] | None:
        """What `remember` kept, if these are the same arrays."""
        last = self._last
        if last is None or len(arguments) != len(last[0]):
            return None
        for given, kept, shape in zip(arguments, last[0], last[1], strict=True):
            if given is not kept or given.shape != shape or given.dtype != np.float64:
                return None
        return last[2], last[3]
