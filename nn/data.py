"""Batches: `TensorDataset` keeps inputs and targets together, `DataLoader` deals them out, in a new order every time.

They hold plain arrays (or lists, of whatever the model takes one by one); nothing is recorded here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import ShapeError
from autograd.system.arrays import check_array

from .errors import SettingError
from .init import Draws, array_generator, generator
from .layers import positive


class TensorDataset:
    """Arrays of the same length, side by side: sample i is the i-th of each.

    Args:
        arrays: inputs, targets, and what else belongs to each sample; a list stays a list.

    Raises:
        ShapeError: there is none, or the lengths differ.

    >>> dataset = TensorDataset(np.eye(3), [0, 1, 2])
    >>> dataset[1]
    (array([0., 1., 0.]), 1)
    """

    def __init__(self, *arrays: Any) -> None:
        self.tensors = tuple(map(_indexable, arrays))
        lengths = [len(array) if isinstance(array, (list, tuple)) or array.ndim else None for array in self.tensors]
        if not lengths or None in lengths or len(set(lengths)) > 1:
            told = ", ".join("no length" if length is None else str(length) for length in lengths) or "nothing"
            raise ShapeError(f"a dataset is made of arrays of the same length, got {told}")

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, place: Any) -> tuple[Any, ...]:
        """A sample, or for a slice or a list of places, several."""
        if isinstance(place, (int, np.integer, slice)):
            return tuple(array[place] for array in self.tensors)
        return tuple(
            [array[k] for k in place] if isinstance(array, (list, tuple)) else array[np.asarray(place, int)]
            for array in self.tensors
        )


class DataLoader:
    """Goes through a dataset in batches, as often as it is asked to.

    Args:
        dataset: a `TensorDataset`, or anything with a length whose elements are samples: pairs, or dicts, of arrays or
            numbers.
        batch_size: how many samples a batch holds; None for all at once.
        shuffle: whether each time round has its own order.
        drop_last: leave out the last batch if it is smaller than the others.
        seed: makes the orders reproducible; without it, Python's `random` decides.

    >>> loader = DataLoader(TensorDataset(np.arange(5.0), np.arange(5)), batch_size=2)
    >>> [y.tolist() for x, y in loader], len(loader)
    ([[0, 1], [2, 3], [4]], 3)
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        seed: int | Draws | None = None,
    ) -> None:
        if isinstance(dataset, tuple) or not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise SettingError(
                f"a DataLoader takes a dataset, got {type(dataset).__name__}; write DataLoader(TensorDataset(X, y))"
            )
        if hasattr(batch_size, "__len__"):
            raise SettingError("a DataLoader takes X and y as one dataset; write DataLoader(TensorDataset(X, y))")
        self.dataset = dataset
        self.batch_size = None if batch_size is None else positive("batch_size", batch_size)
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self.source = None if seed is None else generator(seed)

    def __len__(self) -> int:
        """How many batches it gives."""
        count, size = len(self.dataset), self.batch_size or max(len(self.dataset), 1)
        return count // size if self.drop_last else -(-count // size)

    def __iter__(self) -> Iterator[Any]:
        count = len(self.dataset)
        order = array_generator(generator(self.source)).permutation(count) if self.shuffle else np.arange(count)
        size = self.batch_size or max(count, 1)
        for batch in range(len(self)):
            yield self._taken(order[batch * size : (batch + 1) * size])

    def _taken(self, places: Any) -> Any:
        if isinstance(self.dataset, TensorDataset):
            return self.dataset[places]
        samples = [self.dataset[int(place)] for place in places]
        first = samples[0]
        if isinstance(first, Mapping):
            for sample in samples:
                if not isinstance(sample, Mapping) or sample.keys() != first.keys():
                    other: Any = list(sample) if isinstance(sample, Mapping) else type(sample).__name__
                    raise ShapeError(f"the samples of a batch have the same keys, got {list(first)} and {other}")
            return {key: _stacked([sample[key] for sample in samples], repr(key)) for key in first}
        if not isinstance(first, Sequence):
            return (_stacked(samples, "the whole"),)
        for sample in samples:
            if not isinstance(sample, Sequence) or len(sample) != len(first):
                other = len(sample) if isinstance(sample, Sequence) else type(sample).__name__
                raise ShapeError(f"the samples of a batch have as many parts, got {len(first)} and {other}")
        return tuple(_stacked(column, f"part {place}") for place, column in enumerate(zip(*samples, strict=True)))


def _stacked(parts: Sequence[Any], name: str) -> Any:
    """The same part of several samples as one array, a row for each."""
    for part in parts:
        check_array(part)
    try:
        arrays = [np.asarray(part) for part in parts]
        stacked = np.stack(arrays)
    except ValueError:
        told = [str(part.shape) if hasattr(part, "shape") else type(part).__name__ for part in parts]
        kinds = ", ".join(list(dict.fromkeys(told))[:3])
        raise ShapeError(
            f"{name} of the samples does not make an array, their shapes differ ({kinds}): pad them to "
            "one length, or write batch_size=1"
        ) from None
    if stacked.dtype == object and not all(hasattr(each, "backward") for each in stacked.ravel()):
        raise SettingError(
            f"{name} of every sample is a number or an array, got {type(parts[0]).__name__}: give samples that are "
            "pairs or dicts of them, without None and without dicts inside"
        )
    return stacked


def _indexable(part: Any) -> Any:
    check_array(part)
    return part if isinstance(part, (list, tuple)) or hasattr(part, "backward") else np.asarray(part)
