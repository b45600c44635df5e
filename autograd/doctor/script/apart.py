"""Inputs that the training puts into another order while their targets keep theirs: each is judged by another's target.

Only an order that is made anew inside the loops of the training counts: labels that are dealt out before it may be so
on purpose. And inputs and targets must be cut from their arrays by the same index, so that they are meant to go
together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from ..learning.targets import constant
from .judge.blame import calls_of
from .judge.look import Look
from .judge.losses import errors
from .judge.verdicts import Judgement
from .watch.direct import SAME
from .watch.node import Index, Node, assembled, linked
from .watch.sites import Site

DEALT = re.compile(r"\b(shuffle|permutation|permuted)$")
DEEP = 12  # operations between an array of all samples and what a step computes with
Array = Any


@dataclass(frozen=True)
class Source:
    """Where the samples of a step come from.

    Args:
        node: all of them.
        cut: how those of this step were cut from it: numbers that tell one index from another; None where it was not.
        rows: how many there are.
    """

    node: Node
    cut: Any
    rows: int


def apart(found: Judgement) -> str:
    """In a sentence; "" where there are none."""
    look = found.look
    loops = _loops(look, look.training.parameters[0].site, look.training.parameters[0].chains[0].states[-1].context)
    for group in errors(look):
        error, prediction, _ = group[0]
        target = next((a for a in error.args if isinstance(a, Node) and a is not prediction), None)
        if len(group) > 1 or target is None or id(target) in look.depends or target.value is None:
            continue
        theirs = source_of(target)
        if theirs is None or constant((0, theirs.node.value)) or loops & _around(look, theirs.node):
            continue
        for node in look.program.steps:
            for x in node.args if id(node) in look.depends else ():
                if not isinstance(x, Node) or id(x) in look.depends or np.ndim(x.value) < 1:
                    continue
                moved = _moved(look, x, loops, theirs)
                if moved is not None and error.site is not None:
                    return say("apart", line=moved.line, code=moved.source.line(moved.line), other=error.site.line)
    return ""


def _moved(look: Look, x: Node, loops: set[int], theirs: Source) -> Site | None:
    """Where inputs got another order in the loops of the training, and their targets, as old as before, did not."""
    mine = source_of(x)
    if mine is None or mine.cut != theirs.cut or mine.rows > theirs.rows:
        return None
    made = mine.node
    if made.time <= theirs.node.time or not loops & _around(look, made) or not _is_reordered(made):
        return None
    for earlier in look.training.tape.nodes:
        if earlier.site is made.site and _is_reordered(earlier):  # the first time, too
            return made.site if earlier.time > theirs.node.time else None
    return None


def source_of(node: Node) -> Source | None:
    """What the numbers of a step were cut from, at most once."""
    cut: Any = None
    for _ in range(DEEP):
        name, rows = getattr(node.function, "__name__", ""), _length(node)
        inside = node.args[0] if node.args else None
        if node.function is assembled:
            parts = node.args[0]
            inside = parts[0] if len(parts) == 1 else None
            if not isinstance(inside, Node) or inside.function is not None:
                break
            if _is_reordered(inside) and inside.value is not None:  # a view of what was shuffled
                return Source(inside, cut, rows)
        elif name == "getitem" and isinstance(inside, Node):
            if _is_reordered(node):
                break
            if _length(node) >= _length(inside):
                chosen = node.args[1]  # a row for each label: the labels have the order
                if not isinstance(chosen, Node) or np.ndim(chosen.value) != 1:
                    break
                inside = chosen
            else:
                index = _index(node.args[1])
                if cut is not None or index is None:
                    break
                cut = index
        elif not (node.function is linked or name in SAME) or not isinstance(inside, Node):
            break
        node = inside
    return None if node.value is None or not np.ndim(node.value) else Source(node, cut, _length(node))


def _length(node: Node) -> int:
    return 0 if node.value is None or not np.ndim(node.value) else max(np.shape(node.value))


def _index(index: Any) -> Any:
    """An index as something to compare; None where it cuts nothing out of the samples, or not in a plain way."""
    found = [
        part for part in _parts(index) if not (isinstance(part, slice) and part == slice(None)) and part is not None
    ]
    if len(found) != 1:
        return None
    if isinstance(found[0], slice):
        return tuple(map(_number, (found[0].start, found[0].stop, found[0].step)))
    return _number(found[0])


def _parts(index: Any) -> tuple[Any, ...]:
    """An index, axis by axis."""
    return tuple(index.parts) if isinstance(index, Index) else index if isinstance(index, tuple) else (index,)


def _number(thing: Any) -> Any:
    value = thing.value if isinstance(thing, Node) else thing
    return None if value is None else np.asarray(value).tobytes()


def _is_reordered(node: Node) -> bool:
    """Whether it is an array in another order: indexed by a permutation, or shuffled."""
    if node.site is None:
        return False
    if node.function is None:
        return any(DEALT.search(name.strip()) for name in node.site.text.split("(")[:-1])
    if getattr(node.function, "__name__", "") != "getitem" or not isinstance(node.args[0], Node):
        return False
    for axis, part in enumerate(_parts(node.args[1])):
        order = part.value if isinstance(part, Node) else part
        if isinstance(order, (list, np.ndarray)) and np.ndim(order) == 1 and np.asarray(order).dtype.kind in "iu":
            count = np.shape(node.args[0].value)[axis] if axis < np.ndim(node.args[0].value) else 0
            plain = np.arange(count)
            return np.array_equal(np.sort(order), plain) and not np.array_equal(order, plain)
    return False


def _around(look: Look, node: Node) -> set[int]:
    return set() if node.site is None else _loops(look, node.site, node.context)


def _loops(look: Look, site: Site, context: Any) -> set[int]:
    """The loops that a place lies in, those around the calls that lead there, too."""
    sites = look.training.tape.sites
    return {loop for at in (site, *(sites[number] for number in calls_of(context))) for loop in at.loops}
