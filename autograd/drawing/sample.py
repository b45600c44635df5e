"""A compiled step, run once as it was written: its function on one sample gives a graph that can be shown.

A program over a whole batch has no graph to step through; a sample of it has.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.node import walk
from ..errors import OperandError
from ..switches import always_recording
from ..tensor.tensor import Tensor
from ..value.arrays import values
from ..value.value import Value


def refuse_sample(root: Any, sample: Sequence[Any], how: str) -> None:
    """A sample belongs to a compiled step.

    Raises:
        OperandError: there is one, and this is none.
    """
    if sample:
        raise OperandError(f"a sample is for a compiled step, and this is a {type(root).__name__}: {how}(loss)")


def is_step(thing: Any) -> bool:
    """Whether it was made by `compile` (or read from a file)."""
    return callable(thing) and hasattr(thing, "traces") and hasattr(thing, "function")


@contextlib.contextmanager
def one_sample(step: Any, sample: Sequence[Any], how: str) -> Iterator[Any]:
    """The result of the function on a sample, after backward; the gradients are as they were again afterwards.

    Args:
        how: the function that was called with them, for messages.

    Raises:
        OperandError: the step was loaded from a file and has no function, or there is no sample.
    """
    if step.function is None:
        raise OperandError(
            "a compiled step that was loaded has no function, only its program: "
            "compile the function again to look at it"
        )
    if not sample and step.names != ():
        wanted = ", ".join(step.names or ("...",))
        raise OperandError(f"a compiled step is shown for one sample: {how}(step, {wanted})")
    names = step.names if step.names and len(step.names) == len(sample) else [f"x{k}" for k in range(len(sample))]
    of_arrays = any(isinstance(p, Tensor) for p in step.parameters)
    given = [_named(part, name, of_arrays) for part, name in zip(sample, names, strict=True)]
    with always_recording():
        root = step.function(*given)
    if isinstance(root, np.ndarray) and root.dtype == object and root.size == 1:
        root = root.item()
    if not isinstance(root, (Value, Tensor)) or np.size(root.data) != 1:
        yield root
        return
    with differentiated(root):
        yield root


@contextlib.contextmanager
def differentiated(root: Any) -> Iterator[None]:
    """A loss after backward, called "loss" if it has no name; all gradients are as they were again afterwards."""
    root.label = root.label or "loss"
    leaves = [node for node, operands in walk(root) if not operands and node.kind != "constant"]
    before = [(leaf, leaf.grad) for leaf in leaves]
    for leaf in leaves:
        leaf.grad = 0.0 if isinstance(leaf, Value) else None
    try:
        root.backward()
        yield
    finally:
        for leaf, kept in before:
            leaf.grad = kept


def _named(part: Any, name: str, of_arrays: bool) -> Any:
    """A part of a sample as Values, or as a Tensor, that are called as the argument is."""
    if isinstance(part, (Value, Tensor)):
        return part
    if isinstance(part, dict):
        return {key: _named(each, f"{name}_{key}", of_arrays) for key, each in part.items()}
    if isinstance(part, tuple):
        return tuple(_named(each, f"{name}_{k}", of_arrays) for k, each in enumerate(part))
    array = np.asarray(part)
    if array.dtype == object or (of_arrays and array.dtype.kind != "f"):
        return part
    if of_arrays:
        return Tensor(array, name)
    return values(array, name) if array.ndim else Value(float(array), name)
