"""Whether a script still computes the loss that it did, with some lines written anew.

What is judged is the way back. A text that changes the forward pass may make it fit a wrong line there: then the script
learns something else than was meant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..judge.verdicts import Judgement
from ..watch.node import Node

CLOSE = 1e-9


def same_losses(before: Judgement, now: Judgement) -> bool:
    """Whether they begin with the same losses, as far as both have any: each may be judged against another line."""
    roots = [found.reading.roots[0] for found in (before, now) if found.reading is not None and found.reading.roots]
    return all(_agree(_firsts(before, root), _firsts(now, root)) for root in roots)


def _firsts(found: Judgement, root: Node) -> list[Any]:
    """What the line of a loss computes before a parameter changes for the first time."""
    training = found.look.training
    begin = min((chain.times[0] for p in training.parameters for chain in p.chains if chain.times), default=0)
    text, name = "" if root.site is None else root.site.text, getattr(root.function, "__name__", "")
    nodes = (n for n in training.tape.nodes if n.time < begin and getattr(n.function, "__name__", "") == name)
    return [n.value for n in nodes if n.value is not None and n.site is not None and n.site.text == text]


def _agree(before: list[Any], now: list[Any]) -> bool:
    pairs = zip(before, now, strict=False)
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=CLOSE, equal_nan=True) for a, b in pairs)
