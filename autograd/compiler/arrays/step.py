"""The step of a function of whole arrays: what `compile` gives for Tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...carrier import describe
from ...conversion import check_argument
from ...errors import OperandError, ShapeError
from ...masking import finite
from ...mode import ADDING
from ...system.arrays import check_array
from ...tensor.backward import set_gradients
from ...tensor.tensor import Tensor
from ...transforms.pytree import flatten
from ..batch import Floats, as_vector, is_on_device
from ..names import Names
from ..step import BaseStep, Specialization, checked_parameters
from . import engines
from .engines import ArrayKernel
from .plans import Argument, ArrayPlans
from .source import write_plan


class ArrayStep(BaseStep):
    """A compiled function of whole arrays: see `compile`."""

    parameters: tuple[Tensor, ...]

    def __init__(
        self, function: Callable[..., Any], parameters: Iterable[Tensor], engine: str, mesh: Any,
        names: tuple[str, ...] | None,
    ) -> None:  # fmt: skip
        super().__init__(function, names)
        self.parameters = checked_parameters(
            parameters, Tensor, "the parameters of a function of arrays are Tensors throughout, got {}"
        )
        self.engine, self.mesh = engines.checked(engine, mesh), mesh
        ends = np.cumsum([0, *(p._data.size for p in self.parameters)]).tolist()
        self._parts = [
            (slice(a, b), p._data.shape, p._data.dtype)
            for a, b, p in zip(ends[:-1], ends[1:], self.parameters, strict=True)
        ]
        self.size = ends[-1]

    def __call__(self, *arguments: Any) -> Any:
        """The loss; its derivative is added to every parameter's `.grad`.

        Compiled without parameters it is the function itself, on plain arrays.

        Args:
            arguments: what the function takes: arrays, numbers, Tensors; lists, tuples and dicts of them.

        Raises:
            OperandError, ShapeError: the arguments are not such, or their shapes do not fit.
            TraceError: the function cannot be compiled as it is written.
        """
        known, arrays = self._specialized(arguments)
        given = [p._data for p in self.parameters]
        if not self.parameters:
            return self._watched(known.forward(arrays))
        loss, gradient = self._watched(known.run("value_and_grad", given, arrays))
        seen = {id(array) for array in (*given, *arrays)}
        with ADDING:
            sums = []
            for p, g in zip(self.parameters, gradient, strict=True):
                g = np.asarray(g)
                if p._grad is not None:
                    total = np.asarray(p._grad + g, dtype=p._data.dtype)
                elif g.base is None and id(g) not in seen and g.dtype == p._data.dtype and g.flags.writeable:
                    seen.add(id(g))
                    total = g
                else:
                    total = np.array(g, dtype=p._data.dtype)
                sums.append((p, total))
            set_gradients(sums)
        return float(loss)

    def pack(self) -> Floats:
        """The numbers of the parameters as one vector."""
        return self._packed([p._data for p in self.parameters])

    def unpack(self, theta: Any) -> None:
        """Give the parameters the numbers of a vector."""
        for p, array in zip(self.parameters, self._unpacked("theta", theta), strict=True):
            p.data = np.array(array)

    def _packed(self, arrays: Sequence[Any]) -> Floats:
        packed = np.empty(self.size)
        for (part, _, _), array in zip(self._parts, arrays, strict=True):
            packed[part] = np.asarray(array).ravel()
        return packed

    def _unpacked(self, name: str, vector: Any) -> list[Any]:
        flat = as_vector(name, vector, self.size)
        return [flat[part].reshape(shape).astype(dtype, copy=False) for part, shape, dtype in self._parts]

    def save(self, path: Any) -> None:
        """Not for functions of arrays: keep `step.source`, which runs by itself."""
        raise OperandError(
            "a compiled function of arrays is not saved as a program; write step.source into a file, "
            "it is a module that needs nothing but numpy, and the parameters with np.savez"
        )

    def __repr__(self) -> str:
        name = getattr(self._function, "__name__", type(self._function).__name__)
        return f"<compiled {name}: {len(self.parameters)} arrays of parameters, engine {self.engine}>"

    # -------------------------------------------------------------------------------------------------- behind it

    def _flat(self, kind: str, vectors: Sequence[Any], arguments: Sequence[Any]) -> Any:
        known, arrays = self._specialized(arguments)
        packed: Callable[[Any], Floats]
        if self.engine == "jax":
            given = [x if is_on_device(x) else as_vector("theta", x, self.size) for x in vectors]
            out, packed = known.flat(kind, self._parts, given, arrays), np.array
            if is_on_device(vectors[0]):  # plain results for a plain theta, jax's own for one of jax's
                return out
        else:
            taken = [
                array for name, x in zip(("theta", "v"), vectors, strict=False) for array in self._unpacked(name, x)
            ]
            out, packed = known.run(kind, taken, arrays), self._packed
        if kind == "value":
            return float(out)
        return (float(out[0]), packed(out[1])) if kind == "value_and_grad" else packed(out)

    def _specialized(self, arguments: Sequence[Any]) -> tuple[ArraySpecialization, list[Any]]:
        """The specialization for arguments of these shapes, and the arrays."""
        names = self.names or tuple(f"x{k}" for k in range(len(arguments)))
        if self.names is not None and len(names) != len(arguments):
            raise ShapeError(f"the step takes {', '.join(names) or 'no arguments'}, got {len(arguments)} arguments")
        arrays = [x for x in arguments if type(x) is np.ndarray and x.dtype != object]
        if len(arrays) == len(arguments):  # the common case, without a detour
            key: Any = tuple([(x.shape, x.dtype) for x in arrays])
            known = self.traces.get(key)
            if known is not None:
                self._latest = known
                return known, arrays
        prepared = [_prepared(name, each) for name, each in zip(names, arguments, strict=True)]
        leaves, rebuild = flatten(prepared)
        owners = [name for name, each in zip(names, prepared, strict=True) for _ in flatten(each)[0]]
        arrays = [_as_array(name, leaf) for name, leaf in zip(owners, leaves, strict=True)]
        shapes = tuple([(x.shape, x.dtype) for x in arrays])
        plain = not any(isinstance(each, (tuple, dict)) for each in prepared)
        key = shapes if plain else (shapes, repr(rebuild(range(len(leaves)))))
        known = self.traces.get(key)
        if known is None:
            assert self._function is not None
            taken = Names()
            listed = [Argument(taken.unique(name), x.shape, x.dtype) for name, x in zip(owners, arrays, strict=True)]
            plans = ArrayPlans(self._function, self.parameters, listed, rebuild)
            known = self.traces[key] = ArraySpecialization(plans, self.engine, self.mesh)
        self._latest = known
        return known, arrays


class ArraySpecialization(Specialization):
    """The program for arguments of one shape."""

    plans: ArrayPlans

    def __init__(self, plans: ArrayPlans, engine: str, mesh: Any) -> None:
        self.plans, self._engine, self._mesh = plans, engine, mesh
        self._kernels: dict[tuple[str, bool], ArrayKernel] = {}

    def kernel(self, kind: str, exactly: bool = False) -> Any:
        """The plan of this kind, ready to run."""
        kernel = self._kernels.get((kind, exactly))
        if kernel is None:
            kernel = engines.make(self._engine, self.plans.plan(kind, exactly), self._mesh)
            self._kernels[kind, exactly] = kernel
        return kernel

    def source(self, kind: str) -> str:
        """The text of the function of this kind."""
        return write_plan(self.plans.plan(kind)).source

    def javascript(self, kind: str) -> str:
        """Not for functions of arrays."""
        raise OperandError("JavaScript is written for functions of one sample in scalars, not for functions of arrays")

    def run(self, kind: str, vectors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """The outputs.

        Args:
            vectors: the arrays of parameters; for "hvp" those of the direction after them.
        """
        given = [*vectors, *[t._data for t in self.plans.captured], *arrays]
        found = self.kernel(kind)(given)
        if self.plans.has_another(kind):
            gradient = found[1] if kind == "value_and_grad" else found
            if not all(map(finite, gradient)):
                found = self.kernel(kind, exactly=True)(given)
        return found

    def flat(self, kind: str, parts: Sequence[Any], vectors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """The functional form of the engine jax, on flat vectors."""
        given = [*[t._data for t in self.plans.captured], *arrays]
        found = self.kernel(kind).flat(parts, vectors, given)
        if self.plans.has_another(kind) and not finite(found[1] if kind == "value_and_grad" else found):
            found = self.kernel(kind, exactly=True).flat(parts, vectors, given)
        return found

    def forward(self, arrays: Sequence[Any]) -> Any:
        """The outputs, in the structure that the function gave them."""
        outputs = self.run("forward", [], arrays)
        several = (outputs,) if len(self.plans.outputs) == 1 else outputs
        return self.plans.rebuild([np.array(output) for output in several])


def _prepared(name: str, part: Any) -> Any:
    """An argument with an array in the place of every list; tuples and dicts stay what they are."""
    if isinstance(part, dict):
        return {key: _prepared(name, each) for key, each in part.items()}
    if isinstance(part, tuple):
        return tuple(_prepared(name, each) for each in part)
    if isinstance(part, list):
        try:
            return np.asarray(part)
        except ValueError as error:
            raise ShapeError(f"{name} is not a regular array: its rows differ in length ({error})") from None
    return part


def _as_array(name: str, part: Any) -> Any:
    if isinstance(part, Tensor):
        check_argument(name, part)
        return part._data
    if is_on_device(part):
        return part
    check_array(part)
    array = np.asarray(part)
    if array.dtype == object and array.ndim:
        raise OperandError(f"{name} is an array of objects; for an array of Values write data(array)")
    if array.dtype.kind not in "biuf":
        raise OperandError(f"{name} is made from real numbers, got {describe(part)} of dtype {array.dtype}")
    return array
