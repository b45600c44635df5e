"""The step of a function of whole arrays: what `compile` gives for Tensors. The public face of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...carrier import describe
from ...errors import OperandError, ShapeError, TraceError
from ...masking import finite
from ...mode import ADDING
from ...tensor.backward import set_gradients
from ...tensor.tensor import Tensor
from ...transforms.pytree import flatten
from ..batch import Floats, as_vector
from ..names import Names
from . import engines
from .engines import ArrayKernel
from .plans import Argument, ArrayPlans
from .source import write_plan


class ArrayStep:
    """A compiled function of whole arrays: see `compile`."""

    def __init__(
        self, function: Callable[..., Any], parameters: Iterable[Tensor], engine: str, mesh: Any,
        names: tuple[str, ...] | None,
    ) -> None:  # fmt: skip
        self.parameters = _checked_parameters(parameters)
        self.engine, self.mesh, self.names = engines.checked(engine, mesh), mesh, names
        self._function = function
        self.traces: dict[Any, TracedArrays] = {}
        self._latest: TracedArrays | None = None
        ends = np.cumsum([0, *(p._data.size for p in self.parameters)]).tolist()
        self._parts = [
            (slice(a, b), p._data.shape, p._data.dtype)
            for a, b, p in zip(ends[:-1], ends[1:], self.parameters, strict=True)
        ]
        self._size = ends[-1]

    def __call__(self, *arguments: Any) -> Any:
        """The loss; its derivative is added to every parameter's `.grad`.

        Compiled without parameters it is the function itself, on plain arrays.

        Args:
            arguments: what the function takes: arrays, numbers, Tensors; lists, tuples and dicts of them.

        Raises:
            OperandError, ShapeError: the arguments are not such, or their shapes do not fit.
            TraceError: the function cannot be compiled as it is written.
        """
        traced, arrays = self._traced(arguments)
        given = [p._data for p in self.parameters]
        if not self.parameters:
            return traced.forward(arrays)
        loss, gradient = traced.run("value_and_grad", given, [], arrays)
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

    @property
    def function(self) -> Callable[..., Any] | None:
        """What was compiled; None where the step was read from a file."""
        return self._function

    # ------------------------------------------------------------- the functional form, on a flat vector of parameters

    def value(self, theta: Any, *arguments: Any) -> float:
        """The loss, with the parameters in the vector `theta`: all their numbers one after the other."""
        if self.engine == "jax":
            return self._flat("value", [theta], arguments)  # type: ignore[no-any-return]
        traced, arrays = self._traced(arguments)
        return float(traced.run("value", self._unpacked("theta", theta), [], arrays))

    def value_and_grad(self, theta: Any, *arguments: Any) -> tuple[float, Floats]:
        """The loss and its gradient, an array of the shape of `theta`: what `scipy.optimize` wants.

        With the engine jax, and `theta` an array of jax's, so are the results: nothing leaves the device.
        """
        if self.engine == "jax":
            return self._flat("value_and_grad", [theta], arguments)  # type: ignore[no-any-return]
        traced, arrays = self._traced(arguments)
        loss, gradient = traced.run("value_and_grad", self._unpacked("theta", theta), [], arrays)
        return float(loss), self._packed(gradient)

    def hvp(self, theta: Any, v: Any, *arguments: Any) -> Floats:
        """The Hessian of the loss times the vector `v`."""
        if self.engine == "jax":
            return self._flat("hvp", [theta, v], arguments)  # type: ignore[no-any-return]
        traced, arrays = self._traced(arguments)
        return self._packed(traced.run("hvp", self._unpacked("theta", theta), self._unpacked("v", v), arrays))

    def hessian(self, theta: Any, *arguments: Any) -> Floats:
        """The matrix of second derivatives, one column at a time."""
        return np.array([self.hvp(theta, unit, *arguments) for unit in np.eye(self._size)]).reshape(-1, self._size)

    def pack(self) -> Floats:
        """The numbers of the parameters as one vector."""
        return self._packed([p._data for p in self.parameters])

    def unpack(self, theta: Any) -> None:
        """Give the parameters the numbers of a vector."""
        for p, array in zip(self.parameters, self._unpacked("theta", theta), strict=True):
            p.data = np.array(array)

    def _flat(self, kind: str, vectors: Sequence[Any], arguments: Sequence[Any]) -> Any:
        """The functional form with jax: plain results for a plain theta, jax's own for one of jax's."""
        traced, arrays = self._traced(arguments)
        own = _is_on_device(vectors[0])
        given = [x if _is_on_device(x) else as_vector("theta", x, self._size) for x in vectors]
        out = traced.flat(kind, self._parts, given, arrays)
        if own:
            return out
        if kind == "value_and_grad":
            return float(out[0]), np.array(out[1])
        return float(out) if kind == "value" else np.array(out)

    def _packed(self, arrays: Sequence[Any]) -> Floats:
        packed = np.empty(self._size)
        for (part, _, _), array in zip(self._parts, arrays, strict=True):
            packed[part] = np.asarray(array).ravel()
        return packed

    def _unpacked(self, name: str, vector: Any) -> list[Any]:
        flat = as_vector(name, vector, self._size)
        return [flat[part].reshape(shape).astype(dtype, copy=False) for part, shape, dtype in self._parts]

    # -------------------------------------------------------------------------------------------------- to look at

    @property
    def source(self) -> str:
        """The program as numpy that runs by itself: the backprop you did not have to write."""
        traced = self._latest
        if traced is None:
            if self.names != ():
                raise TraceError("the source depends on the shapes of the arguments: call the step on a batch first")
            traced = self._traced(())[0]
        return write_plan(traced.plans.plan("value_and_grad" if self.parameters else "forward")).source

    @property
    def program(self) -> str:
        """The instructions, one a line, derivative included."""
        self.source  # noqa: B018  (derives it)
        assert self._latest is not None
        return str(self._latest.plans.program)

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

    def _traced(self, arguments: Sequence[Any]) -> tuple[TracedArrays, list[Any]]:
        """The trace for arguments of these shapes, and the arrays."""
        names = self.names or tuple(f"x{k}" for k in range(len(arguments)))
        if self.names is not None and len(names) != len(arguments):
            raise ShapeError(f"the step takes {', '.join(names) or 'no arguments'}, got {len(arguments)} arguments")
        arrays = [x for x in arguments if type(x) is np.ndarray and x.dtype != object]
        if len(arrays) == len(arguments):  # the common case, without a detour
            key: Any = tuple([(x.shape, x.dtype) for x in arrays])
            traced = self.traces.get(key)
            if traced is not None:
                self._latest = traced
                return traced, arrays
        prepared = [_prepared(name, each) for name, each in zip(names, arguments, strict=True)]
        leaves, rebuild = flatten(prepared)
        owners = [name for name, each in zip(names, prepared, strict=True) for _ in flatten(each)[0]]
        arrays = [_as_array(name, leaf) for name, leaf in zip(owners, leaves, strict=True)]
        shapes = tuple([(x.shape, x.dtype) for x in arrays])
        plain = not any(isinstance(each, (tuple, dict)) for each in prepared)
        key = shapes if plain else (shapes, repr(rebuild(range(len(leaves)))))
        traced = self.traces.get(key)
        if traced is None:
            taken = Names()
            listed = [Argument(taken.unique(name), x.shape, x.dtype) for name, x in zip(owners, arrays, strict=True)]
            traced = self.traces[key] = TracedArrays(self, ArrayPlans(self._function, self.parameters, listed, rebuild))
        self._latest = traced
        return traced, arrays


class TracedArrays:
    """One trace of a step's function, for arguments of one shape, and the kernels made from it so far."""

    def __init__(self, step: ArrayStep, plans: ArrayPlans) -> None:
        self.plans, self._engine, self._mesh = plans, step.engine, step.mesh
        self._kernels: dict[tuple[str, bool], ArrayKernel] = {}

    def kernel(self, kind: str, exactly: bool = False) -> Any:
        """The plan of this kind, ready to run."""
        kernel = self._kernels.get((kind, exactly))
        if kernel is None:
            kernel = engines.make(self._engine, self.plans.plan(kind, exactly), self._mesh)
            self._kernels[kind, exactly] = kernel
        return kernel

    def run(self, kind: str, theta: Sequence[Any], direction: Sequence[Any], arrays: Sequence[Any]) -> Any:
        given = [*theta, *direction, *[t._data for t in self.plans.captured], *arrays]
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
        outputs = self.run("forward", [], [], arrays)
        several = (outputs,) if len(self.plans.outputs) == 1 else outputs
        return self.plans.rebuild([np.array(output) for output in several])


def _is_on_device(x: Any) -> bool:
    """Whether it is an array of jax's."""
    return hasattr(x, "sharding")


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
        return part._data
    if _is_on_device(part):
        return part
    array = np.asarray(part)
    if array.dtype == object and array.ndim:
        raise OperandError(f"{name} is an array of objects; for an array of Values write data(array)")
    if array.dtype.kind not in "biuf":
        raise OperandError(f"{name} is made from real numbers, got {describe(part)} of dtype {array.dtype}")
    return array


def _checked_parameters(parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
    listed = tuple(parameters)
    for p in listed:
        if not isinstance(p, Tensor):
            raise OperandError(f"the parameters of a function of arrays are Tensors throughout, got {describe(p)}")
        if not p.is_leaf:
            raise OperandError(f"a parameter is a leaf, got the result of {p.op}")
    if len(set(map(id, listed))) < len(listed):
        raise OperandError("a Tensor stands more than once among the parameters: its gradient would be added twice")
    return listed
