"""Parameters in lists, tuples and dicts of any depth: flat names for the doctor, their layout for the code."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import OperandError
from .evidence import without_loss

Array = Any


def flat(params: Any) -> dict[str, Any]:
    """The arrays by name: keys of a dict as they are, `[0]`, `[0]["W"]` for what lies in lists and inner dicts.

    >>> list(flat([(np.ones(2), np.ones(1)), {"W": np.ones(3)}]))
    ['[0][0]', '[0][1]', "[1]['W']"]
    >>> list(flat({"W1": 1.0, "hidden": [np.ones(2)]}))
    ['W1', 'hidden[0]']
    """
    if isinstance(params, Mapping):
        return {name: leaf for key, part in params.items() for name, leaf in _named(key, part)}
    return dict(_inside("", params))


def _named(key: Any, part: Any) -> Iterator[tuple[Any, Any]]:
    if _holds(part):
        yield from _inside(str(key), part)
    else:
        yield key, part


def _inside(name: str, part: Any) -> Iterator[tuple[str, Any]]:
    if not _holds(part):
        yield name, part
        return
    for key, inner in part.items() if isinstance(part, Mapping) else enumerate(part):
        yield from _inside(f"{name}[{key!r}]", inner)


def _holds(part: Any) -> bool:
    """Whether it is a container of parameters, not a parameter written as a list of numbers."""
    if isinstance(part, Mapping):
        return True
    return (
        isinstance(part, (list, tuple))
        and any(isinstance(x, (np.ndarray, list, tuple, Mapping)) for x in part)
        and (any(isinstance(x, np.ndarray) or _holds(x) for x in part))
    )


def rebuilt(layout: Any, blocks: Mapping[Any, Any]) -> Any:
    """The learner's layout with other arrays in it."""
    leaves = iter(blocks.values())

    def build(part: Any, top: bool = False) -> Any:
        if isinstance(part, Mapping):
            return {key: build(inner) for key, inner in part.items()}
        if top or _holds(part):
            made = [build(inner) for inner in part]
            return tuple(made) if isinstance(part, tuple) else made
        return next(leaves)

    return build(layout, top=isinstance(layout, (list, tuple)))


def by_layout(layout: Any, loss: Callable[..., Any]) -> tuple[dict[str, Any], Callable[..., Any]]:
    """Parameters and a loss of the learner's layout, as arrays by name and a loss of these."""
    names = list(flat(layout))

    @functools.wraps(loss)
    def on_blocks(blocks: Mapping[Any, Any], *batch: Any) -> Any:
        return loss(rebuilt(layout, {name: blocks[name] for name in names}), *batch)

    return flat(layout), on_blocks


def is_plain(params: Any) -> bool:
    """Whether it is a dict of arrays already."""
    return isinstance(params, Mapping) and not any(map(_holds, params.values()))


def on_layout(layout: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the learner's layout as one of arrays by name; what it gives in that layout is by name too."""
    names = list(flat(layout))

    def named(blocks: Mapping[Any, Any], *batch: Any) -> Any:
        given = rebuilt(layout, {name: blocks[name] for name in names})
        out = function(given, *batch)
        if out is None:  # a step taken in place
            return flat(given)
        return by_name(without_loss(out), layout)

    return named


def by_name(found: Any, layout: Any) -> Any:
    """What is laid out like the parameters, by name; other things as they are."""
    names = list(flat(layout))
    if isinstance(found, (list, tuple, Mapping)):
        leaves = flat(found)
        if list(leaves) == names:
            return leaves
        if len(leaves) == len(names) and not isinstance(found, Mapping):
            return dict(zip(names, leaves.values(), strict=True))
    return found


def checked_array(name: Any, block: Any) -> None:
    """Refuse arrays whose arithmetic is another one.

    Raises:
        OperandError: it is a masked array or a numpy matrix.
    """
    if isinstance(block, np.ma.MaskedArray):
        raise OperandError(f"{name} is a masked array, whose gaps have no gradient: give {name}.filled(0.0), or select")
    if isinstance(block, np.matrix):
        raise OperandError(f"{name} is a numpy matrix, for which * is a matrix product: give np.asarray({name})")
