"""What a script stores as a gradient, and uses for nothing: by its value, or by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.node import Node
from .match import matched
from .verdicts import Judgement

Array = Any


def unused(found: Judgement) -> Iterator[tuple[Node, str]]:
    """What follows from parameters, is stored in the step, and is no part of anything; with what it is stored as."""
    look = found.look
    for time, _, key, thing, site in look.training.tape.stores:
        if not isinstance(thing, Node) or not look.step.start < thing.time <= look.step.end or time > look.step.end:
            continue
        if (
            id(thing) in look.depends
            and id(thing) not in look.to_end
            and id(thing) not in found.forward
            and not getattr(thing.function, "__name__", "").endswith("_like")
            and all(id(thing) in p.values for p in found.points)
            and np.asarray(thing.value).dtype != object
        ):
            yield thing, site.target or str(key)


def stored_unused(found: Judgement, shape: tuple[int, ...], right: list[Array], name: str = "") -> Node | None:
    """A value that the step stores and that nothing follows from: a right gradient, or what is called that of a block.

    Args:
        shape: of what the gradient belongs to.
    """
    size = int(np.prod(shape))
    best: tuple[int, Node] | None = None
    if np.size(right[0]) != size:
        return None  # some rows only are learned
    for thing, target in unused(found):
        if np.size(found.points[0].values[id(thing)]) != size:
            continue
        values = [np.asarray(p.values[id(thing)], dtype=float) for p in found.points]
        layouts = [right, [g.reshape(shape).T for g in right]] if len(shape) == 2 else [right]
        matches = [matched(values, layout) for layout in layouts]
        same = any(m.holds and abs(m.scale - 1.0) < 1e-6 for m in matches)
        rank = 2 * same + (bool(name) and means(target, name))
        if rank and (best is None or rank > best[0]):
            best = rank, thing
    return None if best is None else best[1]


def stored_right(found: Judgement, right: dict[str, list[Array]]) -> set[str]:
    """The blocks of which the right gradient is stored and not used: it is their step that takes another one, which
    may be right for the block that it is the gradient of.
    """  # fmt: skip
    starts = {name: nodes[0] for name, nodes in found.look.starts.items() if len(nodes) == 1 and name in right}
    alone = len(found.verdicts) == 1
    return {
        name for name, start in starts.items()
        if not alone and stored_unused(found, np.shape(start.value), right[name]) is not None
    }  # fmt: skip


def means(text: str, block: str) -> bool:
    """Whether a name speaks of a block: `dW1`, `Partials_W_hidden`, `grads["W1"]`."""
    inner = re.split(r"[.\[\]'\"]+", block.strip("'\"[] "))[-1] or block
    mine = re.sub(r"[^A-Za-z0-9]", "", inner).lower()
    whole = re.sub(r"\[[^'\"\]]*\]$", "", text.strip())  # without the index of a part of it
    theirs = re.sub(r"[^A-Za-z0-9]", "", whole).lower()
    return bool(mine) and theirs.endswith(mine) and theirs != mine
