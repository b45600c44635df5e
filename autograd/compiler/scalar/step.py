"""The step of a function of one sample: the mean (or the sum) of the loss over a batch, and its gradient."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from ...conversion import warn_of_captured
from ...errors import OperandError, ShapeError, TraceError
from ...system.collector import collector_paused
from ...value.reading import Scalar
from ...value.value import Value, add_to_gradients, numbers_of
from .. import batch
from ..batch import FLOAT64, Floats, Layout, is_on_device
from ..step import BaseStep, checked_parameters
from ..storage import Saved, SavedProgram, write
from . import engines
from .plans import EMPTY, Plans
from .specialization import SampleSpecialization
from .trace import trace

if TYPE_CHECKING:
    from ..llvm.leaves import Leaves


class Step(BaseStep):
    """A compiled function of one sample: see `compile`. Made by it, or read from a file by `load`."""

    parameters: tuple[Value, ...]

    def __init__(
        self, function: Callable[..., Any] | None, parameters: Iterable[Value], engine: str, reduction: str,
        threads: int, names: tuple[str, ...] | None, mesh: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(function, names)
        self.parameters = checked_parameters(
            parameters, Value, "parameters are Values, got {}; for a model write model.parameters()"
        )
        self.size = len(self.parameters)
        self._listed: list[Scalar] = list(self.parameters)
        self._quick: tuple[tuple[Any, ...], Callable[[Any], Any], Any] | None = None  # for a batch that is on a device
        self._memory: Leaves | None = None  # once machine code has run
        self._packing = struct.Struct(f"{self.size}d")  # twice as fast as numpy makes an array of floats
        self._engine, self._asked, self.mesh = engines.checked(engine, mesh), engine, mesh
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
            return self._watched(known.forward(arrays, n))
        loss, gradient = self._watched(known.run("value_and_grad", self.pack(), EMPTY, arrays, n))
        if known.engine == "llvm" and self._memory is None:
            from ..llvm.leaves import Leaves  # what machine code is made with is there

            self._memory = Leaves(self._listed)
        if self._memory is None or not self._memory.add(gradient):
            add_to_gradients(self._listed, gradient.tolist())
        return float(loss)

    def __reduce__(self) -> Any:
        raise OperandError(
            "a compiled step is not copied or pickled, its machine code cannot come along: compile the function again, "
            "or write step.save(path) and autograd.compiler.load(path)"
        )

    @property
    def engine(self) -> str:
        """What runs it: "numpy", "llvm" or "jax"; or "javascript", which runs elsewhere."""
        return self._engine if self._latest is None else str(self._latest.engine)

    def hessian(self, theta: Any, *arguments: Any) -> Floats:
        """The matrix of second derivatives, shape (len(parameters), len(parameters))."""
        known, arrays, n = self._specialized(arguments)
        found: Floats = self._watched(known.hessian(self._vector("theta", theta), arrays, n))
        return found

    def pack(self) -> Floats:
        """The numbers of the parameters as one vector."""
        known = self._memory.read() if self._memory is not None else None
        if known is not None:
            return known
        theta = np.empty(self.size)
        self._packing.pack_into(theta.data, 0, *numbers_of(self._listed))
        return theta

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
        found: Any = known.run(kind, theta, direction, arrays, n)
        if self._engine == "jax" and kind == "value_and_grad":
            self._note_device(known, theta, arguments, arrays)
        if self._engine == "jax" and type(theta) is np.ndarray:  # jax's own results for a vector of jax's
            found = float(found[0]), np.array(found[1])
        return found if kind == "value_and_grad" else found[kind == "hvp"]

    def _note_device(
        self, known: SampleSpecialization, theta: Any, arguments: Sequence[Any], arrays: Sequence[Any]
    ) -> None:
        """Remember what is to be done with another theta, where everything is on the device."""
        all_there = all(map(is_on_device, (theta, *arguments))) and all(map(is_, arguments, arrays))
        quick = known.on_device(arrays) if all_there else None
        self._quick = None if quick is None else (tuple(arguments), quick, type(theta))

    def value_and_grad(self, theta: Any, *arguments: Any) -> tuple[Any, Any]:
        quick = self._quick
        if (
            quick is not None and len(arguments) == len(quick[0]) and all(map(is_, arguments, quick[0]))
            and type(theta) is quick[2] and theta.shape == (self.size,)
        ):  # fmt: skip
            found: tuple[Any, Any] | None = quick[1](theta)
            if found is not None:
                return found
        return super().value_and_grad(theta, *arguments)

    value_and_grad.__doc__ = BaseStep.value_and_grad.__doc__

    def _vector(self, name: str, vector: Any) -> Any:
        if type(vector) is np.ndarray and vector.dtype is FLOAT64 and vector.shape == (self.size,):
            return vector
        if self._engine == "jax" and is_on_device(vector) and vector.shape == (self.size,):
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
        layout, arrays, n = batch.read(names, arguments, on_device=self._engine == "jax")
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
        unmarked = [each for each in recorded.captured if each.kind == "input"]
        if unmarked and not self.parameters and recorded.shape == ():  # it may be meant for a loss
            warn_of_captured(", ".join(each.label or "a Value" for each in unmarked[:3]))
        loss = recorded.loss if recorded.shape == () else recorded.outputs[0]
        plans = Plans(
            recorded.program, recorded.outputs, loss, recorded.parameters, layout.leaves, len(recorded.captured)
        )
        return self.specialize(layout, plans, recorded.shape, recorded.captured)

    def specialize(
        self, layout: Layout, plans: Plans, shape: tuple[int, ...], captured: Sequence[Value]
    ) -> SampleSpecialization:
        """Note the program for samples of one shape."""
        known = SampleSpecialization(plans, shape, captured, self._asked, self.threads, self._engine, self.mesh)
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
