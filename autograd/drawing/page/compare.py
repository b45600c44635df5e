"""Two gradients over one graph, side by side: yours and the engine's, or those of two steps of training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.node import walk
from ...errors import OperandError
from ..gather import Reading
from ..options import Options, checked_roots
from ..view import View
from .file import Page
from .graph_page import page_of


def compare_gradients(
    root: Any,
    mine: Mapping[Any, Any],
    path: str | os.PathLike[str] | None = None,
    *,
    names: tuple[str, str] = ("yours", "autograd"),
    title: str = "",
    viz: bool | None = None,
) -> Page:
    """A page that colours every value by how far another gradient is from the one that backward found.

    Args:
        root: the result, after its `backward`.
        mine: the other gradient: a number for each `Value`, named by itself or by its label; or, by label, what
            `gradients` gave at another time.
        names: what the two are called.

    Raises:
        OperandError: a name or a Value in `mine` is not in the graph.

    >>> from autograd import Value
    >>> w = Value(2.0, "w")
    >>> y = w * 3.0
    >>> y.backward()
    >>> compare_gradients(y, {"w": -3.0}).title
    'yours and autograd'
    """
    roots = checked_roots(root)
    order = walk(*roots)
    places: dict[Any, list[int]] = {}
    for place, (node, _) in enumerate(order):
        places.setdefault(node, []).append(place)
        if node.label:
            places.setdefault(node.label, []).append(place)
    found = {}
    for key, number in mine.items():
        place = key if type(key) is int else _place(places, key)
        found[f"n{place}"] = float(np.asarray(getattr(number, "data", number), dtype=float))
    named = title or f"{names[0]} and {names[1]}"
    view = View(Reading(roots))
    more = {"compare": {"names": list(names), "nodes": found}}
    page = page_of(view.whole(), named, still=view.readable(Options()), more=more)
    if path is not None:
        page.save(path)
    return page


def gradients(root: Any) -> dict[int, float]:
    """The gradients of a graph as they are now, for `compare_gradients` with a later graph of the same form."""
    return {
        place: float(node.grad)
        for place, (node, _) in enumerate(walk(*checked_roots(root)))
        if node.kind != "constant" and np.ndim(node.grad) == 0
    }


def _place(places: Mapping[Any, list[int]], key: Any) -> int:
    there = places.get(key, [])
    if len(there) == 1:
        return there[0]
    name = repr(key)
    if there:
        raise OperandError(f"{len(there)} values of the graph are labelled {name}: give the Value itself as the key")
    raise OperandError(f"{name} is not in the graph: keys are its Values, or their labels")
