"""Comparisons with another sign, or with another number, that hold where they should.

A mask chooses what a slope of 0 leaves out, as in a hinge; where the forward pass has its edge at 1, a mask with its
edge at 0 chooses others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.direct import hyper
from ..watch.node import Node
from .replay import Values

Array = Any
SIGNS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
NAMES = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "less": "<", "less_equal": "<=", "greater": ">",
         "greater_equal": ">="}  # fmt: skip
EDGES = (0.0, 1.0, -1.0)


def other_comparisons(node: Node, values: list[Values], wanted: list[Array]) -> Iterator[tuple[str, float | None]]:
    """Signs, and numbers in the place of the one on the right, with which a comparison is right; nearest first.

    Args:
        values: what the script computes, at each point.
        wanted: where the comparison should hold, at each point; None for the number that is written.
    """
    own = NAMES.get(getattr(node.function, "__name__", ""), "")
    if not own or len(node.args) != 2:
        return
    left, right = node.args
    pairs = [[v.get(id(a), a.value) if isinstance(a, Node) else a for a in (left, right)] for v in values]
    edges = [None, *EDGES] if hyper(right) and np.size(right) == 1 else [None]
    signs = sorted(SIGNS, key=lambda sign: (sign != own, sign[0] != own[0]))
    for edge, sign in itertools.product(edges, signs):
        made = [SIGNS[sign](x, y if edge is None else edge) for x, y in pairs]
        if all(np.shape(m) == np.shape(w) and np.array_equal(m, w) for m, w in zip(made, wanted, strict=True)):
            yield sign, edge
