"""Two gradients over one graph, side by side: yours and the engine's, or those of two steps of training."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ...core.node import walk
from ...errors import OperandError
from ..amounts import amount
from ..colour import number
from ..gather import Reading
from ..headline import full_name
from ..model import Drawing
from ..options import Options, checked_roots
from ..view import View
from .file import Page
from .graph_page import page_of
from .story import Story, told_amount

SAME: Final = 1e-9
"""Gradients that are nearer than this part of their size are the same."""


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
        mine: the other gradient: a number for each `Value`, an array for each `Tensor`, named by itself or by its
            label; or what `gradients` gave at another time.
        names: what the two are called.

    Raises:
        OperandError: a name or a Value in `mine` is not in the graph, or its gradient has another shape or is no
            number.

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
    if not isinstance(mine, Mapping):
        raise OperandError(
            f"the other gradient is a mapping, {{'w': 0.5}} or {{w: 0.5}} or what gradients() gave, got {mine!r:.80}"
        )
    told: Story = {"names": list(names), "nodes": {}, "gaps": {}}
    for key, given in mine.items():
        place = key if type(key) is int and 0 <= key < len(order) else _place(places, key)
        told["nodes"][f"n{place}"], told["gaps"][f"n{place}"] = _compared(order[place][0], given, key)
    view = View(Reading(roots))
    whole = view.whole()
    marked = View(Reading(roots, _marks(order, told)))  # for where no script runs
    more = {"compare": told, "headline": _headline(whole, told)}
    page = page_of(whole, title or f"{names[0]} and {names[1]}", still=marked.readable(Options()), more=more)
    if path is not None:
        page.save(path)
    return page


def gradients(root: Any) -> dict[int, Any]:
    """The gradients of a graph as they are now, for `compare_gradients` with a later graph of the same form."""
    return {
        place: float(node.grad) if np.ndim(node.grad) == 0 else np.array(node.grad)
        for place, (node, _) in enumerate(walk(*checked_roots(root)))
        if node.kind != "constant" and node.grad is not None
    }


def _compared(node: Any, given: Any, key: Any) -> tuple[Any, float]:
    """The other gradient of a node, and how far it is from the engine's: 0 where only rounding tells them apart.

    Of an array it is the norm of the difference.
    """
    right = np.asarray(0.0 if node.grad is None else node.grad, dtype=float)
    try:
        other = np.asarray(getattr(given, "data", given))
        if other.dtype.kind not in "biuf":
            raise TypeError
        other = other.astype(float)
    except (TypeError, ValueError):
        raise OperandError(f"the gradient of {key!r} is a number or an array of numbers, got {given!r:.80}") from None
    if np.squeeze(other).shape != np.squeeze(right).shape:
        raise OperandError(
            f"the gradient of {key!r} has shape {right.shape}, as it has itself; yours has shape {other.shape}"
        )
    gaps = np.ravel(other) - np.ravel(right)
    gap = float(gaps[0]) if node.grad is None or np.ndim(node.data) == 0 else float(np.linalg.norm(gaps))
    is_same = abs(gap) <= SAME * max(float(np.linalg.norm(right)), 1e-300)
    shown = float(np.ravel(other)[0]) if np.ndim(node.data) == 0 else told_amount(amount(other))
    return shown, 0.0 if is_same else gap


def _marks(order: Sequence[tuple[Any, Any]], told: Story) -> list[tuple[Any, str]]:
    """What a picture says at the values whose gradients differ."""
    names, marks = told["names"], []
    for id, gap in told["gaps"].items():
        if gap == 0.0:
            continue
        node, other = order[int(id[1:])][0], told["nodes"][id]
        is_number = isinstance(other, float)
        what = f"{names[0]} {number(other)}, {names[1]} {number(node.grad)}" if is_number else f"off by ‖{number(gap)}‖"
        marks.append((node, what))
    return marks


def _headline(whole: Drawing, told: Story) -> Story:
    """How many gradients differ, and which the most."""
    boxes = {box.id: box for box in whole.boxes}
    gaps: dict[str, float] = told["gaps"]
    apart = [id for id, gap in gaps.items() if gap != 0.0]
    if not apart:
        return {"text": f"All {len(gaps)} gradients agree.", "about": ""}
    worst = max(apart, key=lambda id: math.inf if math.isnan(gaps[id]) else abs(gaps[id]))
    text = f"{len(apart)} of {len(gaps)} gradients differ"
    box, other = boxes.get(worst), told["nodes"][worst]
    if box is not None and box.grad is not None:
        text += f", most of all that of {full_name(box)}"
        if box.grad.number is not None:
            text += f": {told['names'][0]} {number(other)}, {told['names'][1]} {number(box.grad.number)}"
    return {"text": f"{text}.", "about": worst}


def _place(places: Mapping[Any, list[int]], key: Any) -> int:
    there = places.get(key, [])
    if len(there) == 1:
        return there[0]
    name = repr(key)
    if there:
        raise OperandError(f"{len(there)} values of the graph are labelled {name}: give the Value itself as the key")
    raise OperandError(f"{name} is not in the graph: keys are its Values, or their labels")
