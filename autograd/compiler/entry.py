"""`compile` and `load`: how compiled steps are made. The public face of this room; no machinery."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..carrier import describe
from ..errors import OperandError
from ..tensor.tensor import Tensor
from .arrays.step import ArrayStep
from .names import FORBIDDEN
from .scalar.step import Step
from .storage import read


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
        engine: "numpy", "llvm" (machine code, needs llvmlite), "jax" (needs jax), or "auto": llvm where it is
            installed; "javascript" only writes a program, which runs elsewhere. For arrays: "numpy", "jax", or "auto":
            numpy.
        reduction: "mean" or "sum" of the loss of the samples over the batch.
        threads: how many threads share a batch (llvm; a long function takes one); the result does not depend on it.
        arrays: whether the function takes whole arrays, where no Tensors among the parameters, nor in a module that
            is compiled, say so.
        mesh: a mesh of jax's devices, over whose first axis the samples, or the first axis of every argument, are
            split (jax).

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
    if hasattr(parameters, "_apply") or not isinstance(parameters, Iterable):
        own = "write model.parameters()" if hasattr(parameters, "parameters") else "write [w]"
        raise OperandError(f"the parameters are a list of Values or of Tensors, got {describe(parameters)}; {own}")
    listed = parameters if isinstance(parameters, np.ndarray) else tuple(parameters)
    if arrays or (arrays is None and _computes_with_arrays(function, listed, engine)):
        if threads != 1 or reduction != "mean":
            raise OperandError(
                "threads= and reduction= are for functions of one sample: a function of whole arrays returns the loss "
                "that it means, and numpy or jax decide on threads"
            )
        return ArrayStep(function, listed, engine, mesh, argument_names(function))
    return Step(function, listed, engine, reduction, threads, argument_names(function), mesh)


def load(path: str | os.PathLike[str], engine: str = "auto", threads: int = 1) -> Step:
    """Read a compiled step that `Step.save` wrote. It needs neither the code of the model nor its Values.

    Args:
        path: the file.
        engine, threads: as for `compile`.

    Raises:
        ShapeError: it is not such a file, or it does not fit together.
    """
    saved = read(path)
    step = Step(None, saved.parameters, engine, saved.reduction, threads, saved.names)
    for each in saved.programs:
        step.specialize(each.layout, each.plans, each.shape, each.captured)
    return step


def _computes_with_arrays(function: Any, parameters: Any, engine: str) -> bool:
    """Whether a function takes whole arrays: its parameters, or those of the module that it is, are Tensors.

    Without any parameters nothing tells; then a function for jax is taken to be one of arrays.
    """
    own = getattr(function, "parameters", None)
    known = parameters if len(parameters) or not callable(own) else list(own())
    return any(isinstance(p, Tensor) for p in known) if len(known) else engine == "jax"


def argument_names(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """The names of a function's arguments; None when it takes any number of them."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    required = [p for p in arguments if p.default is p.empty or p.kind is p.VAR_POSITIONAL]
    if any(p.kind is p.VAR_POSITIONAL for p in required):
        return None
    names = [p.name for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tuple(f"{name}_" if name in FORBIDDEN or name in ("captured", "v") else name for name in names)
