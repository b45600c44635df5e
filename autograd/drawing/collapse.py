"""What becomes one box: modules that are too deep to be shown, and all that lies too far from the root.

A graph is here a list of places in topological order, with the places of each one's operands and its modules' names;
the answer is a key for every place: places with the same key share a box. No recursion, and a million places are few.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .model import Path

REST: Final = "rest"

Links = Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Neuron:
    """Values that have one result together.

    Attributes:
        output: the place of that result.
        members: all places, those of its own parameters and constants included.
        sign: how it is written: "Σ → tanh".
    """

    output: int
    members: tuple[int, ...]
    sign: str


Key = int | Path | Neuron | str
"""The box of a place: its own, that of a module (by its path) or of a neuron, or `REST` for what is left out."""


def homes(paths: Sequence[Path], links: Links, is_free: Sequence[bool]) -> list[Path]:
    """The modules that every place is drawn in: parameters and constants stand where they are used.

    What is used in several places stands in the module around them. A use outside of the module where it was used
    first does not count: a penalty on all weights does not pull them out of their neurons.

    Args:
        paths: the modules that ran when each was made. A parameter is made before any module runs.
        links: the operands of each.
        is_free: whether it is a parameter or a constant.

    >>> homes([(), ("layer",), ()], [(), (0,), (0, 1)], [True, False, False])
    [('layer',), ('layer',), ()]
    """
    found = list(paths)
    seen = [False] * len(found)
    for place, operands in enumerate(links):
        for operand in operands:
            if is_free[operand]:
                here, before = found[place], found[operand]
                if not seen[operand] or (here and not before):
                    found[operand] = here
                elif here[:1] == before[:1]:
                    found[operand] = _common(before, here)
                seen[operand] = True
    return found


def _common(one: Path, other: Path) -> Path:
    """The modules around both."""
    if one == other:
        return one
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return one[:length]


def keys_at(depth: int, paths: Sequence[Path]) -> list[Key]:
    """The box of every place: its own, or that of the module it is collapsed into."""
    return [path[: depth + 1] if len(path) > depth else place for place, path in enumerate(paths)]


def nearest(roots: Sequence[int], keys: Sequence[Key], links: Links, most: int) -> set[Key]:
    """The boxes with the fewest edges between them and the root, no more of them than `most`."""
    members: dict[Key, list[int]] = {}
    for place, key in enumerate(keys):
        if not isinstance(key, int):
            members.setdefault(key, []).append(place)
    kept: dict[Key, None] = {}
    waiting = deque(keys[root] for root in roots)
    while waiting and len(kept) < most:
        key = waiting.popleft()
        if key in kept:
            continue
        kept[key] = None
        for place in [key] if isinstance(key, int) else members[key]:
            waiting.extend(keys[operand] for operand in links[place])
    return set(kept)
