"""What becomes one box: modules that are too deep to be shown, and all that lies too far from the root.

A graph is here a list of places in topological order, with the places of each one's operands and its modules' names;
the answer is a key for every place: places with the same key share a box. No recursion, and a million places are few.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from typing import Final

from .model import Path

REST: Final = "rest"

Links = Sequence[tuple[int, ...]]


def homes(paths: Sequence[Path], links: Links, is_free: Sequence[bool]) -> list[Path]:
    """The modules that every place is drawn in: parameters and constants stand where they are used.

    Args:
        paths: the modules that ran when each was made. A parameter is made before any module runs.
        links: the operands of each.
        is_free: whether it is a parameter or a constant.

    >>> homes([(), ("layer",)], [(), (0,)], [True, False])
    [('layer',), ('layer',)]
    """
    found = list(paths)
    seen = [False] * len(found)
    for place, operands in enumerate(links):
        for operand in operands:
            if is_free[operand]:
                found[operand] = _common(found[operand], found[place]) if seen[operand] else found[place]
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


def boxes_at(depth: int, counts: Counter[Path]) -> int:
    """How many boxes there are when no more than `depth` frames lie inside one another."""
    deep = {path[: depth + 1] for path in counts if len(path) > depth}
    return len(deep) + sum(count for path, count in counts.items() if len(path) <= depth)


def deepest_that_fits(paths: Sequence[Path], most: int) -> int:
    """The largest depth at which there are no more boxes than `most`; 0 where even that has more."""
    counts = Counter(paths)
    deepest = max(map(len, counts), default=0)
    return next((depth for depth in range(deepest, 0, -1) if boxes_at(depth, counts) <= most), 0)


def keys_at(depth: int, paths: Sequence[Path]) -> list[Hashable]:
    """The box of every place: its own, or that of the module it is collapsed into."""
    return [path[: depth + 1] if len(path) > depth else place for place, path in enumerate(paths)]


def nearest(roots: Sequence[int], keys: Sequence[Hashable], links: Links, most: int) -> set[Hashable]:
    """The boxes with the fewest edges between them and the root, no more of them than `most`."""
    members: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        if not isinstance(key, int):
            members.setdefault(key, []).append(place)
    kept: dict[Hashable, None] = {}
    waiting = deque(keys[root] for root in roots)
    while waiting and len(kept) < most:
        key = waiting.popleft()
        if key in kept:
            continue
        kept[key] = None
        for place in [key] if isinstance(key, int) else members[key]:
            waiting.extend(keys[operand] for operand in links[place])
    return set(kept)
