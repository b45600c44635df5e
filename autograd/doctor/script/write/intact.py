"""Whether a script still computes the loss that it did, with some lines written anew.

What is judged is the way back. A text that changes the forward pass may make it fit a wrong line there: then the script
learns something else than was meant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..judge.verdicts import Judgement

CLOSE = 1e-9


def first_losses(found: Judgement) -> list[Any]:
    """What the line of the loss computes before a parameter changes for the first time."""
    reading, training = found.reading, found.look.training
    if reading is None or not reading.roots:
        return []
    root = reading.roots[0]
    begin = min((chain.times[0] for p in training.parameters for chain in p.chains if chain.times), default=0)
    text, name = "" if root.site is None else root.site.text, getattr(root.function, "__name__", "")
    nodes = (n for n in training.tape.nodes if n.time < begin and getattr(n.function, "__name__", "") == name)
    return [n.value for n in nodes if n.value is not None and n.site is not None and n.site.text == text]


def same_losses(before: Judgement, now: Judgement) -> bool:
    """Whether they begin with the same losses, as far as both have any."""
    pairs = zip(first_losses(before), first_losses(now), strict=False)
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=CLOSE, equal_nan=True) for a, b in pairs)
