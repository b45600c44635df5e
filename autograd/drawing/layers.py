"""The layers of a graph, from its inputs to its result: where to look for a gradient that vanishes or explodes.

Modules with a number in their name are layers; without modules the blocks of parameters are (`W1[0,2]` belongs to
`W1`); without parameters the values at about the same distance from the result.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from .extent import ranks
from .model import Box, Drawing

MOST: Final = 48


class Layer(NamedTuple):
    """A name, and the ids of the values whose gradients say how much arrives there."""

    name: str
    ids: tuple[str, ...]


def layers(drawing: Drawing) -> list[Layer]:
    """In the order of the forward pass; [] where there are not at least two."""
    place = ranks(drawing)
    leaves = [box for box in drawing.boxes if box.kind == "parameter"]
    leaves = leaves or [box for box in drawing.boxes if box.kind == "input" and "[" in box.label]
    groups: dict[str, list[str]] = {}
    for box in leaves:
        groups.setdefault(_layer_of(box), []).append(box.id)
    distance = {name: max(place[id] for id in ids) for name, ids in groups.items()}
    apart = sorted(distance.values())
    if not 2 <= len(groups) <= MOST or any(far - near < 2 for near, far in itertools.pairwise(apart)):
        return _by_distance(drawing, place)  # blocks side by side, such as a weight and a bias, are no layers
    return [Layer(name, tuple(groups[name])) for name in sorted(groups, key=lambda name: -distance[name])]


def norms(found: Sequence[Layer], boxes: Mapping[str, Box]) -> list[float | None]:
    """The norm of the gradient of each layer; None where it is not known."""
    sizes = [[boxes[id].grad for id in layer.ids] for layer in found]
    return [math.hypot(*(grad.size for grad in grads if grad is not None)) if any(grads) else None for grads in sizes]


def _layer_of(box: Box) -> str:
    """Its modules as far as the first with a number; without modules its label as far as the index."""
    if box.path:
        number = next((k for k, part in enumerate(box.path) if re.search(r"\d", part)), 0)
        return box.path[number] if not box.path[number].isdigit() else ".".join(box.path[: number + 1][-2:])
    return box.label.partition("[")[0] or "parameters"


def _by_distance(drawing: Drawing, place: Mapping[str, int]) -> list[Layer]:
    results = [box for box in drawing.boxes if box.kind in ("result", "input", "parameter") and box.grad is not None]
    deepest = max((place[box.id] for box in results), default=0)
    if deepest < 6:
        return []
    size = math.ceil((deepest + 1) / (12 if deepest < 1000 else 9))  # so many names have room below their bars
    groups: dict[int, list[str]] = {}
    for box in results:
        groups.setdefault(place[box.id] // size, []).append(box.id)
    found = []
    for k in sorted(groups, reverse=True):
        first, last = k * size, min((k + 1) * size - 1, deepest)
        found.append(Layer(f"{first if first == last else f'{first}–{last}'} from the end", tuple(groups[k])))
    return found
