"""Which of several readings of the loss is meant: the one under which most of the step is explained."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from .factors import outward
from .match import Columns
from .told import is_sloped, shown_forms
from .verdicts import Judgement

Array = Any
EXACT = 1e-9
KINDS = {"squares", "entropy", "errors", "likelihood"}  # of losses that may be meant where none is computed


def explains_most(found: list[Judgement]) -> Judgement:
    """The verdicts under the reading that explains most."""
    shown = shown_forms(found[0].look) or KINDS
    held = set[str]().union(*(each.penalised for each in found))
    ranks: tuple[Callable[[Judgement], Any], ...] = (
        lambda f: _agreement(f, held),
        lambda f: f.reading is not None and f.reading.kind in ("loss", *shown),
        _nearness,
        _plausibility,
        _suits_the_slope,
        support,
    )
    for rank in ranks:
        reached = [rank(each) for each in found]
        best_rank = max(reached)
        found = [each for each, its in zip(found, reached, strict=True) if its == best_rank]
        if len(found) == 1 or (
            rank is _plausibility and best_rank and all(v.right for v in found[0].verdicts.values())
        ):
            break
    return found[0]


def _agreement(found: Judgement, held: Collection[str]) -> tuple[int, int, int]:
    """How many blocks are right, how many of them by a plain step, and to the last digit.

    A step that is not plain is known by its direction, and a block of one number has none to be known by.

    Args:
        held: blocks of which some loss of the script has a penalty: they do not shrink beside it.
    """
    right = [found.verdicts[name] for name in _surely_right(found)]
    right = [v for v in right if v.rule != "decay" or v.name not in held]
    return len(right), sum(v.rule == "plain" for v in right), sum(v.change.error <= EXACT for v in right)


def _surely_right(found: Judgement) -> set[str]:
    numbers = {name: sum(np.size(node.value) for node in found.look.starts[name]) for name in found.verdicts}
    one = 1 if max(numbers.values()) > 1 else 0
    return {name for name, v in found.verdicts.items() if v.right and (v.rule == "plain" or numbers[name] > one)}


def _nearness(found: Judgement) -> tuple[bool, ...]:
    """Which blocks are right, from the output back: a mistake shows in the blocks before it, not after."""
    right = _surely_right(found)
    return tuple(name in right for name in outward(found.look, found.forward))


def _plausibility(found: Judgement) -> int:
    """A loss of a kind that one trains on; of equals the one that the script computes."""
    assert found.reading is not None
    return {"squares": 2, "entropy": 2, "": 1}.get(found.form, 0) + (found.reading.kind == "loss")


def _suits_the_slope(found: Judgement) -> bool:
    """Whether the errors are taken as those of squares where each is multiplied by a slope, and only there."""
    assert found.reading is not None
    sloped = any(is_sloped(found.look, error, found.points[0].values) for error, _ in found.reading.errors)
    return found.reading.kind == ("squares" if sloped else "entropy")


def support(found: Judgement, used: Collection[int] = ()) -> int:
    """How many places of the script hold a cotangent of this reading: of the deltas that learners write.

    Args:
        used: where they may stand in the forward pass as well.
    """
    look, count = found.look, 0
    columns: dict[int, list[list[Array]]] = {}
    for key in found.bars[0]:
        if all(key in bar for bar in found.bars):
            column = [np.ravel(bar[key]) for bar in found.bars]
            if column[0].size > 1 or len(found.points) > 2:
                columns.setdefault(column[0].size, []).append(column)
    rights = {size: Columns(each) for size, each in columns.items()}
    tried: dict[int, int] = {}
    for node in look.program.steps:
        if (
            (id(node) in found.forward and id(node) not in used)
            or node.site is None
            or tried.get(node.site.number, 0) > 1
            or id(node) not in look.depends
        ):
            continue
        tried[node.site.number] = tried.get(node.site.number, 0) + 1
        theirs = [np.ravel(np.asarray(point.values[id(node)], dtype=float)) for point in found.points]
        if len({t.size for t in theirs}) == 1 and theirs[0].size in rights and rights[theirs[0].size].first(theirs):
            tried[node.site.number] = 9
            count += 1
    return count
