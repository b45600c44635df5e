"""The options of `draw`, checked: what a picture shows and how."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..errors import OperandError
from .colour import Scale
from .errors import OptionError

MOST_BOXES: Final = 2000
"""More take Graphviz minutes, and nobody can read them."""

DIRECTIONS: Final = ("LR", "TB", "RL", "BT")


@dataclass(frozen=True)
class Options:
    """What is shown: numbers, gradients, local derivatives, turns of backward, the key; and the direction.

    Attributes:
        tables: whether small matrices are shown as tables of their numbers.
        scale: the gradients at both ends of the colour scale; None for one that fits the picture.
    """

    values: bool = True
    grads: bool = True
    partials: bool = True
    order: bool = False
    legend: bool = True
    tables: bool = False
    digits: int = 3
    rankdir: str = "LR"
    title: str = ""
    scale: Scale | None = None


def checked_rankdir(rankdir: Any) -> str:
    """The direction of the picture.

    Raises:
        OptionError: it is none.
    """
    if rankdir not in DIRECTIONS:
        raise OptionError(f"rankdir is one of {', '.join(DIRECTIONS)} (LR: from left to right), got {rankdir!r}")
    return str(rankdir)


def checked_count(name: str, number: Any, low: int, high: int) -> int:
    """A whole number between two others.

    Raises:
        OptionError: it lies outside, or is not a whole number.
    """
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise OptionError(f"{name} is a whole number from {low} to {high}, got {number!r}")
    if not low <= number.__index__() <= high:
        hint = ": more boxes cannot be read; collapse modules with depth= instead" if name == "max_nodes" else ""
        raise OptionError(f"{name} is a whole number from {low} to {high}, got {number!r}{hint}")
    return int(number.__index__())


def checked_scale(scale: Any) -> Scale | None:
    """The ends of the colour scale.

    Raises:
        OptionError: they are not two positive numbers, the smaller one first.
    """
    if scale is None or isinstance(scale, Scale):
        return scale
    try:
        low, high = (float(end) for end in scale)
    except (TypeError, ValueError):
        low = high = math.nan
    if not 0.0 < low < high < math.inf:
        raise OptionError(
            "scale is the smallest and the largest gradient that colours tell apart, such as (1e-6, 1.0); "
            f"got {scale!r}"
        )
    return Scale(low, high)


def checked_marks(marks: Any) -> list[tuple[Any, str]]:
    """What to mark, as pairs of a node (or a label) and the reason.

    Raises:
        OptionError: it is neither a mapping, nor a list of nodes and labels, nor one of pairs with a reason.
    """
    pairs = marks.items() if isinstance(marks, Mapping) else marks
    if isinstance(pairs, str) or not hasattr(pairs, "__iter__"):
        raise OptionError(f"marks is {{node or label: reason}}, or a list of nodes and labels, got {marks!r}")
    found = []
    for pair in pairs:
        what, reason = pair if isinstance(pair, tuple) and len(pair) == 2 else (pair, "marked")
        if not (isinstance(what, str) or (hasattr(what, "rule") and hasattr(what, "operands"))):
            raise OptionError(f"marks names nodes of the graph or their labels, got {type(what).__name__}")
        found.append((what, str(reason) or "marked"))
    return found


def checked_roots(root: Any) -> list[Any]:
    """What to draw, as a list of nodes.

    Raises:
        OperandError: it holds something that is no node of a graph.
    """
    if isinstance(root, np.ndarray) and root.dtype == object:
        root = root.ravel().tolist()
    roots: Sequence[Any] = root if isinstance(root, (list, tuple)) else [root]
    wrong = [each for each in roots if not (hasattr(each, "rule") and hasattr(each, "operands"))]
    if wrong or not roots:
        found = type(wrong[0]).__name__ if wrong else "nothing"
        raise OperandError(
            f"draw() expects what a computation gave, a Value or a Tensor (or a list of them), got {found}"
            + ("; call the function first and draw its result" if wrong and callable(wrong[0]) else "")
        )
    return list(roots)
