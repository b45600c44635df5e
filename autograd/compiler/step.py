"""`compile`: a function of one sample becomes a step over a batch. The public face of this room; no machinery.

step = compile(loss, model.parameters())
step(X, Y)                                  the mean loss; adds into every parameter's .grad
step.value_and_grad(theta, X, Y)            the same on a flat vector: what scipy.optimize wants
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..carrier import describe
from ..errors import OperandError, ShapeError, TraceError
from ..masking import finite
from ..tensor.tensor import Tensor
from ..value.reading import Scalar
from ..value.value import Value, add_to_gradients, numbers_of
from . import batch, engines
from .arrays import ArrayStep
from .batch import Floats, Layout
from .names import FORBIDDEN
from .plan import EMPTY, Kernel, Plans
from .source import write_plan
from .trace import trace


class Step:
    """A compiled function: see `compile`. Made by it, or read from a file by `load`."""

    def __init__(
        self,
        function: Callable[..., Any] | None,
        parameters: Iterable[Value],
        engine: str,
        reduction: str,
        threads: int,
    ) -> None:
        self.parameters: tuple[Value, ...] = _checked_parameters(parameters)
        self._listed: list[Scalar] = list(self.parameters)
        self._engine, self._asked = engines.checked(engine), engine
        self.reduction, self.threads = reduction, threads
        self._function = function
        self.names = _argument_names(function)
        self.traces: dict[Layout, Traced] = {}
        self._latest: Traced | None = None
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
        traced, arrays, n = self._batch(arguments)
        if not self.parameters:
            return traced.forward(arrays, n)
        loss, gradient = traced.run("value_and_grad", self.pack(), EMPTY, arrays, n)
        add_to_gradients(self._listed, gradient.tolist())
        return loss

    @property
    def engine(self) -> str:
        """What runs it: "numpy" or "llvm"."""
        return self._engine if self._latest is None else self._latest.engine

    @property
    def function(self) -> Callable[..., Any] | None:
        """What was compiled; None where the step was read from a file."""
        return self._function

    # ------------------------------------------------------------- the functional form, on a flat vector of parameters

    def value(self, theta: Any, *arguments: Any) -> float:
        """The loss over a batch, with the parameters in the vector `theta`, shape (len(parameters),)."""
        traced, arrays, n = self._batch(arguments)
        return traced.run("value", self._vector("theta", theta), EMPTY, arrays, n)[0]

    def value_and_grad(self, theta: Any, *arguments: Any) -> tuple[float, Floats]:
        """The loss and its gradient, an array of the shape of `theta`."""
        traced, arrays, n = self._batch(arguments)
        return traced.run("value_and_grad", self._vector("theta", theta), EMPTY, arrays, n)

    def hvp(self, theta: Any, v: Any, *arguments: Any) -> Floats:
        """The Hessian of the loss times the vector `v`."""
        traced, arrays, n = self._batch(arguments)
        return traced.run("hvp", self._vector("theta", theta), self._vector("v", v), arrays, n)[1]

    def hessian(self, theta: Any, *arguments: Any) -> Floats:
        """The matrix of second derivatives, shape (len(parameters), len(parameters))."""
        traced, arrays, n = self._batch(arguments)
        return traced.hessian(self._vector("theta", theta), arrays, n)

    def pack(self) -> Floats:
        """The numbers of the parameters as one vector."""
        return np.fromiter(numbers_of(self._listed), float, len(self._listed))

    def unpack(self, theta: Any) -> None:
        """Give the parameters the numbers of a vector."""
        for p, number in zip(self.parameters, self._vector("theta", theta).tolist(), strict=True):
            p._data = number

    # -------------------------------------------------------------------------------------------------- to look at

    @property
    def source(self) -> str:
        """The program as Python that runs by itself: the backprop you did not have to write."""
        traced = self._latest
        if traced is None:
            if self.names:
                raise TraceError("the source depends on the shape of a sample: call the step on a batch first")
            traced = self._batch(())[0]
        return write_plan(traced.plans.plan("value_and_grad" if self.parameters else "forward"))

    @property
    def program(self) -> str:
        """The instructions, one a line, derivative included."""
        self.source  # noqa: B018  (derives it)
        assert self._latest is not None
        return str(self._latest.plans.program)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the compiled program, with the numbers of its parameters, as text that `load` reads."""
        from .storage import save

        save(self, path)

    def __repr__(self) -> str:
        name = getattr(self._function, "__name__", "a saved program")
        return f"<compiled {name}: {len(self.parameters)} parameters, engine {self.engine}>"

    # -------------------------------------------------------------------------------------------------- behind it

    def _vector(self, name: str, vector: Any) -> Floats:
        if type(vector) is np.ndarray and vector.dtype == np.float64 and vector.shape == (len(self.parameters),):
            return vector
        return batch.as_vector(name, vector, len(self.parameters))

    def _batch(self, arguments: Sequence[Any]) -> tuple[Traced, list[Floats], int]:
        """The trace for samples of this shape, and the arrays."""
        latest = self._latest
        if latest is not None:
            known = latest.known(arguments)
            if known is not None:
                return latest, *known
        names = self._names_for(arguments)
        layout, arrays, n = batch.read(names, arguments)
        traced = self.traces.get(layout)
        if traced is None:
            with _collector_paused():
                traced = self.traces[layout] = self._trace(layout)
        traced.remember(arguments, arrays, n)
        self._latest = traced
        return traced, arrays, n

    def _trace(self, layout: Layout) -> Traced:
        if self._function is None:
            known = "; ".join(str([leaf.shape for leaf in each.leaves]) for each in self.traces)
            raise ShapeError(
                f"a saved program knows samples of shapes {known} only, "
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
        return Traced(self, plans, recorded.shape, recorded.captured)

    def _names_for(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        names = self.names
        if names is None:
            return tuple(f"x{i}" for i in range(len(arguments)))
        if len(arguments) != len(names):
            wanted = ", ".join(names) or "none"
            raise ShapeError(f"the step takes one array for each argument ({wanted}), got {len(arguments)}")
        return names


class Traced:
    """One trace of a step's function, for one shape of samples, and the kernels made from it so far."""

    def __init__(self, step: Step, plans: Plans, shape: tuple[int, ...], captured: Sequence[Value]) -> None:
        self.plans, self.shape, self.captured = plans, shape, list[Scalar](captured)
        self.engine, self._asked, self._threads = step.engine, step._asked, step.threads
        self._kernels: dict[tuple[str, bool, bool], Kernel] = {}
        self._last: tuple[tuple[Any, ...], tuple[Any, ...], list[Floats], int] | None = None

    def run(
        self, kind: str, theta: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats]:
        captured = np.array(numbers_of(self.captured)) if self.captured else EMPTY
        found = self._kernel(kind, n, False)(theta, captured, direction, arrays, n)
        if self.plans.has_another(kind) and not finite(found[1]):
            found = self._kernel(kind, n, True)(theta, captured, direction, arrays, n)
        return found

    def _kernel(self, kind: str, n: int, exactly: bool) -> Kernel:
        kernel = self._kernels.get((kind, n == 1, exactly))
        if kernel is None:
            with _collector_paused():
                kernel = engines.make(self._asked, self.plans.plan(kind, exactly), n, self._threads)
            self.engine = kernel.engine
            self._kernels[kind, n == 1, exactly] = kernel
        return kernel

    def forward(self, arrays: Sequence[Floats], n: int) -> Floats:
        """The outputs of the function, shape (n, *shape of its result)."""
        outputs = self.run("forward", EMPTY, EMPTY, arrays, n)[1]
        rows: Floats = outputs.T.reshape(n, *self.shape)
        return rows

    def hessian(self, theta: Floats, arrays: Sequence[Floats], n: int) -> Floats:
        size = len(self.plans.parameters)
        if size * len(self.plans.program) <= LARGEST_HESSIAN or ("hessian", n == 1, False) in self._kernels:
            return self.run("hessian", theta, EMPTY, arrays, n)[1].reshape(size, size)
        return np.array([self.run("hvp", theta, unit, arrays, n)[1] for unit in np.eye(size)])

    def remember(self, arguments: Sequence[Any], arrays: list[Floats], n: int) -> None:
        """Keep the arrays of a batch that needed no conversion: the next call with the same ones skips the checks."""
        if len(arrays) == len(arguments) and all(map(lambda x, y: x is y, arguments, arrays)):
            self._last = (tuple(arguments), tuple(array.shape for array in arrays), arrays, n)

    def known(self, arguments: Sequence[Any]) -> tuple[list[Floats], int] | None:
        last = self._last
        if last is None or len(arguments) != len(last[0]):
            return None
        for given, kept, shape in zip(arguments, last[0], last[1], strict=True):
            if given is not kept or given.shape != shape or given.dtype != np.float64:
                return None
        return last[2], last[3]


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """A program is many small tuples and no cycles: looking for some, again and again, is a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


LARGEST_HESSIAN = 200_000  # instructions in one program; beyond, the Hessian is computed column by column


def compile(
    function: Callable[..., Any],
    parameters: Iterable[Any] = (),
    engine: str = "auto",
    reduction: str = "mean",
    threads: int = 1,
    *,
    arrays: bool | None = None,
    mesh: Any = None,
) -> Step | ArrayStep:
    """Turn a function into a step over a whole batch: one of a sample in scalars, or one of the whole arrays.

    Args:
        function: takes the numbers of one sample (numbers, arrays of them, tuples, dicts) and returns the loss; it may
            use Values. Where the parameters are Tensors it takes whole arrays, and its result is the loss itself. It is
            called once for each shape of a sample or an array, with recorded numbers, so it must not branch on them.
        parameters: the Values or Tensors to differentiate by. Without them the step is the function over a batch, and
            the function may return a list or an array.
        engine: "numpy", "llvm" (machine code, needs llvmlite), or "auto": llvm where it is installed. For arrays:
            "numpy", "jax" (needs jax), or "auto": numpy.
        reduction: "mean" or "sum" of the loss of the samples over the batch.
        threads: how many threads share a batch (llvm); the result does not depend on it.
        arrays: whether the function takes whole arrays, where no Tensors among the parameters, nor in a module that
            is compiled, say so.
        mesh: a mesh of jax's devices, over whose first axis the first axis of every argument is split (jax).

    Returns:
        A `Step`; for functions of arrays an `ArrayStep`, which is used in the same way.

    >>> from autograd import Tensor, Value
    >>> w = Value(2.0, "w")
    >>> step = compile(lambda x, y: (w * x - y) ** 2, [w])
    >>> step([1.0, 2.0], [2.0, 5.0]), w.grad
    (0.5, -2.0)
    >>> W = Tensor([2.0], "W")
    >>> step = compile(lambda X, Y: ((X @ W - Y) ** 2).mean(), [W])
    >>> step([[1.0], [2.0]], [2.0, 5.0]), W.grad
    (0.5, array([-2.]))
    """
    if not callable(function):
        raise OperandError(f"compile() takes a function of one sample, got {describe(function)}")
    listed = parameters if isinstance(parameters, np.ndarray) else tuple(parameters)
    if arrays or (arrays is None and _computes_with_arrays(function, listed, engine, mesh)):
        if threads != 1 or reduction != "mean":
            raise OperandError(
                "threads= and reduction= are for functions of one sample: a function of whole arrays returns the loss "
                "that it means, and numpy or jax decide on threads"
            )
        return ArrayStep(function, listed, engine, mesh, _argument_names(function))
    if mesh is not None:
        raise OperandError("mesh= is for functions of whole arrays, whose parameters are Tensors")
    return Step(function, listed, engine, reduction, threads)


def _computes_with_arrays(function: Any, parameters: Iterable[Any], engine: str, mesh: Any) -> bool:
    """Whether a function takes whole arrays: its parameters, or those of the module that it is, are Tensors."""
    if any(isinstance(p, Tensor) for p in parameters) or engine == "jax" or mesh is not None:
        return True
    own = getattr(function, "parameters", None)
    return bool(callable(own) and any(isinstance(p, Tensor) for p in own()))


def _checked_parameters(parameters: Iterable[Value]) -> tuple[Value, ...]:
    listed = tuple(np.asarray(parameters, dtype=object).ravel()) if isinstance(parameters, np.ndarray) else None
    listed = tuple(parameters) if listed is None else listed
    for p in listed:
        if not isinstance(p, Value):
            raise OperandError(f"parameters are Values, got {describe(p)}; for a model write model.parameters()")
        if not p.is_leaf:
            raise OperandError(f"a parameter is a leaf, got the result of {p.op}")
    if len(set(map(id, listed))) < len(listed):
        raise OperandError("a Value stands more than once among the parameters: its gradient would be added twice")
    return listed


def _argument_names(function: Callable[..., Any] | None) -> tuple[str, ...] | None:
    """The names of a function's arguments; None when it takes any number of them."""
    if function is None:
        return None
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    required = [p for p in arguments if p.default is p.empty or p.kind is p.VAR_POSITIONAL]
    if any(p.kind is p.VAR_POSITIONAL for p in required):
        return None
    names = [p.name for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tuple(f"{name}_" if name in FORBIDDEN or name in ("captured", "v") else name for name in names)
