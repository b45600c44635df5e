"""What a batch is: arrays with one row per sample, or tuples and dicts of them; checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..conversion import check_argument
from ..errors import OperandError, ShapeError
from ..system.arrays import check_array

FLOAT64: Final = np.dtype(np.float64)  # there is but one such: `is` tells, ten times as fast as ==
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Leaf:
    """One array of a batch: the name it is known by, and the shape of one sample of it."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """The shape of one sample: for each argument the number of its leaf, or ("dict" or "tuple", keys, parts)."""

    skeleton: tuple[Any, ...]
    leaves: tuple[Leaf, ...]

    def sample(self, rows: Sequence[Any]) -> Any:
        """The arguments of a function of one sample, made from one row for each leaf."""
        return tuple(_rebuilt(part, rows) for part in self.skeleton)


def is_on_device(x: Any) -> bool:
    """Whether it is an array of jax's."""
    return hasattr(type(x), "sharding")  # which is not asked for it: that takes jax longer


def read(names: Sequence[str], arguments: Sequence[Any], on_device: bool = False) -> tuple[Layout, list[Floats], int]:
    """The layout of a batch, its arrays as contiguous float64, and the number of samples.

    Args:
        names: one for each argument, for the messages and the printed source.
        arguments: an array (or a list of rows) with one row per sample; or tuples and dicts of such.
        on_device: arrays of jax's stay what they are.

    Raises:
        OperandError: something is not an array of real numbers.
        ShapeError: no rows, or arrays that disagree on how many.
    """
    leaves: list[Leaf] = []
    arrays: list[Floats] = []
    skeleton = tuple(_taken(name, each, leaves, arrays, on_device) for name, each in zip(names, arguments, strict=True))
    counts = {len(array) for array in arrays}
    if len(counts) > 1:
        told = ", ".join(f"{leaf.name} has {len(array)}" for leaf, array in zip(leaves, arrays, strict=True))
        raise ShapeError(f"every array of a batch has one row per sample, and they disagree: {told}")
    if counts == {0}:
        raise ShapeError(f"the batch is empty: {leaves[0].name} has no rows; the mean over no samples is not defined")
    return Layout(skeleton, tuple(leaves)), arrays, counts.pop() if counts else 1


def _taken(name: str, part: Any, leaves: list[Leaf], arrays: list[Floats], on_device: bool) -> Any:
    if isinstance(part, dict):
        branches = tuple(_taken(f"{name}_{key}", each, leaves, arrays, on_device) for key, each in part.items())
        return "dict", tuple(part), branches
    if isinstance(part, tuple):
        return "tuple", (), tuple(_taken(f"{name}_{i}", each, leaves, arrays, on_device) for i, each in enumerate(part))
    kept = on_device and is_on_device(part) and part.dtype == np.float64 and part.ndim > 0
    array = part if kept else as_floats(name, part)
    name = re.sub(r"\W+", "_", name, flags=re.ASCII)
    while any(leaf.name == name for leaf in leaves):
        name += "_"
    leaves.append(Leaf(name, array.shape[1:]))
    arrays.append(array)
    return len(leaves) - 1


def _rebuilt(skeleton: Any, rows: Sequence[Any]) -> Any:
    if isinstance(skeleton, int):
        return rows[skeleton]
    kind, keys, branches = skeleton
    parts = [_rebuilt(each, rows) for each in branches]
    return dict(zip(keys, parts, strict=True)) if kind == "dict" else tuple(parts)


def as_floats(name: str, part: Any) -> Floats:
    """A batch of one argument as a contiguous float64 array."""
    check_array(part)
    if hasattr(part, "_apply_array"):
        check_argument(name, part)
    try:
        array = np.asarray(getattr(part, "data", part) if hasattr(part, "_apply") else part)
    except ValueError as error:
        raise ShapeError(f"{name} is not a regular array: its rows differ in length ({error})") from None
    if array.dtype.kind not in "biuf":
        remedy = "; for an array of Values write data(array)" if array.dtype == object else ""
        raise OperandError(f"{name} is a batch of real numbers, got an array of dtype {array.dtype}{remedy}")
    if array.ndim == 0:
        raise ShapeError(f"{name} is a batch: an array with one row per sample, got the single number {array}")
    return np.ascontiguousarray(array, dtype=np.float64)


def as_vector(name: str, vector: Any, length: int) -> Floats:
    """A flat float64 vector of a given length."""
    check_array(vector)
    array = np.asarray(vector)
    if array.dtype.kind not in "biuf":
        raise OperandError(f"{name} is a vector of real numbers, got an array of dtype {array.dtype}")
    if array.shape != (length,):
        raise ShapeError(f"{name} is a vector of {length} numbers, shape ({length},), got shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float64)
