"""What a Tensor passes on in a sweep, and `Tensor.backward`, which carries it through a graph into `.grad`.

THE sweep and its one rule are in `core/reverse.py`. Here, for both kinds of row: upstream × local, with broadcasting
undone, in plain arrays (`passed`) and with the memory of which elements arrived (`passed_exactly`).
"""

from __future__ import annotations

import functools
import operator
import sys
from typing import Any

import numpy as np

from ..carrier import NOTHING_RECORDED
from ..core import table
from ..core.node import walk
from ..core.reverse import sweep, times
from ..core.rule import Rule
from ..core.table import UNRECORDED
from ..errors import AnomalyError, GraphError
from ..masking import Arrived, finite, is_selective
from ..mode import ADDING
from ..numbers.functions import greater, where
from ..switches import check_cotangents, looking_for_anomalies
from .arriving import pull_arrived
from .rules import ArrayRule, astype, broadcast_to, choose, concatenate, put, unbroadcast

PARENTS = operator.attrgetter("_parents")


def plain_parts(node: Any, wanted: Any, g: Any) -> list[Any]:
    """What a node passes on to its operands, as arrays; None to those that do not want it."""
    rule, saved, out = node.rule, node._saved, node._data
    if rule.__class__ is not ArrayRule:
        slopes: Any = _SLOPES.get(rule) or _slopes(rule)
    elif rule.whole is not None:
        return list(rule.whole(g, out, saved, wanted, node.options))
    else:
        slopes = None
    alone = len(saved) == 1 and slopes is not None  # nothing is broadcast
    parts: list[Any] = []
    for want in wanted:
        part = None
        if want is not None:
            k = len(parts)
            if slopes is None:
                part = rule.pull(k, g, out, saved, node.options)
            else:
                place, formula = slopes[k]
                if place == STATED:
                    part = g if formula == 1 else times(g, formula)
                elif place == SEVERAL:
                    part = times(g, rule.partial(k, saved, out))
                else:
                    try:
                        part = g * formula(out if place == OUT else saved[place])
                    except (ZeroDivisionError, OverflowError):  # the other operand is a float, not an array
                        part = g * rule.partial(k, saved, out)
            like = saved[k]
            if part is not None and (part.dtype is not like.dtype or not (alone or part.shape == like.shape)):
                part = fitted(part, like)
        parts.append(part)
    return parts


def exact_parts(node: Any, wanted: Any, g: Arrived, given: Any, out: Any) -> list[Any]:
    """The same, with the memory of which elements arrived; from the operands and the result as arrays or as Tensors."""
    if isinstance(node.rule, ArrayRule) and node.rule.whole is not None:
        return list(node.rule.whole(g, out, given, wanted, node.options))
    return [None if want is None else passed_exactly(node, k, g, given, out) for k, want in enumerate(wanted)]


def passed_exactly(node: Any, k: int, g: Arrived, given: Any, out: Any) -> Arrived | None:
    """The same, with the memory of which elements arrived."""
    rule, like = node.rule, node._saved[k]
    if isinstance(rule, ArrayRule):
        part: Arrived | None = pull_arrived(rule, k, g, out, given, node.options)
    else:
        part = g.times(rule, k, given, out)
    if part is None:
        return None
    came = part.came
    if came is not None and came.shape != like.shape:
        wide = broadcast_to(where(came, 1.0, 0.0), shape=part.number.shape)
        came = greater(unbroadcast(wide, like.shape), 0)
    return type(part)(fitted(part.number, like), came)


def fitted(part: Any, like: Any) -> Any:
    """A contribution in the shape and dtype of the operand that it belongs to."""
    if isinstance(part, float):  # of an operand without axes, where Python's floats raise
        part = np.array(part)
    if part.shape != like.shape:
        part = unbroadcast(part, like.shape)
    return part if part.dtype == like.dtype else astype(part, dtype=like.dtype)


STATED, OUT, SEVERAL = -1, -2, -3
_SLOPES: dict[Rule, list[tuple[int, Any]]] = {}


def _slopes(rule: Rule) -> list[tuple[int, Any]]:
    """For each operand its local derivative: the number that the table states, or a formula and what it is of."""
    slopes: list[tuple[int, Any]] = []
    for formula, wants in zip(rule.partials, rule.wants, strict=True):
        if not wants and type(formula()) is int:
            slopes.append((STATED, formula()))
        elif len(wants) == 1:
            slopes.append((OUT if wants[0] == rule.arity else wants[0], formula))
        else:
            slopes.append((SEVERAL, formula))
    _SLOPES[rule] = slopes
    return slopes


def accumulate(root: Any, seed: Any) -> None:
    """`Tensor.backward`: THE sweep over everything a Tensor depends on, into `.grad`.

    What arrives at a result is also its gradient. Leaves receive theirs at the end, so that an error leaves them
    untouched.
    """
    order, leaves = _opened(root)
    watching = looking_for_anomalies()
    arrived: dict[int, Any] = _Kept({id(root): seed})
    if not watching:
        sweep(order, arrived, plain_parts)
    if watching or not _is_sound(order, leaves, arrived):
        arrived = _swept_exactly(root, order, seed, watching)
    for node, _ in order:
        node._grad = arrived.get(id(node))
        node.reached = True
    _add(leaves, arrived)


def _is_sound(order: list[Any], leaves: list[Any], arrived: dict[int, Any]) -> bool:
    """Whether plain arrays are what really arrives: nothing is selected in this graph, or all numbers are finite."""
    if not any(map(_selects, {node.rule for node, _ in order})):
        return True
    ends = [*leaves, *[node for node, _ in order if node.rule in LOSSY]]  # what is not finite shows at one of them
    return all(finite(arrived.get(id(node))) for node in ends)


def _opened(root: Any) -> tuple[list[Any], list[Any]]:
    """The order of the sweep, and the leaves. Are all arrays as they were? Old gradients of results go."""
    order, leaves = [], []
    shown = False  # whether somebody outside holds an array, and so could have changed it
    for pair in reversed(walk(root, operands_of=PARENTS)):
        node, parents = pair
        if node._print is not None or node._prints is not None:
            shown = True
        if parents:
            node._grad = None
            order.append(pair)
        else:
            leaves.append(node)
    if leaves and all(leaf.rule is UNRECORDED for leaf in leaves):  # almost always the first is not
        raise GraphError(NOTHING_RECORDED)
    if shown:
        for node, _ in order:
            node._check_unchanged(False)
    return order, leaves


class _Kept(dict[int, Any]):
    """What has arrived at results stays, to become their gradients."""

    pop = dict.get


def _swept_exactly(root: Any, order: list[Any], seed: Any, watching: bool) -> dict[int, Any]:
    """What arrives at the nodes, with the memory of which elements did."""
    origins: dict[int, AnomalyError] = {}

    def send(node: Any, parents: Any, g: Arrived) -> list[Any]:
        parts = exact_parts(node, parents, g, node._saved, node._data)
        return check_cotangents(node, parents, parts, origins) if watching else parts

    arrived: dict[int, Any] = _Kept({id(root): Arrived(seed)})
    sweep(order, arrived, send)
    return {place: np.array(g.number) for place, g in arrived.items()}


def _add(leaves: list[Any], arrived: dict[int, Any]) -> None:
    """Add what arrived to the gradients of the leaves."""
    with ADDING:
        sums: list[tuple[Any, Any]] = []
        for leaf in leaves:
            total = arrived.get(id(leaf))
            if total is not None:
                if leaf._grad is not None:
                    total = np.asarray(leaf._grad + total)
                elif total.base is not None or sys.getrefcount(total) > 3:  # `arrived`, `total` and the call
                    total = np.array(total)  # somebody else holds it, or looks into it
                sums.append((leaf, np.asarray(total)))
        set_gradients(sums)


def set_gradients(sums: list[tuple[Any, Any]]) -> None:
    """Give leaves their new gradients: all of them, also where an interrupt comes."""
    try:
        _set(sums)
    except BaseException:
        _set(sums)
        raise


def _set(sums: list[tuple[Any, Any]]) -> None:
    for leaf, total in sums:
        leaf._grad, leaf.reached = total, True


LOSSY = {choose, concatenate, put, table.sign, table.floor, table.ceil}
"""Rules that pass on less than arrives: to a constant side, or nothing at all."""


@functools.lru_cache(maxsize=1024)
def _selects(rule: Any) -> bool:
    """Whether there are elements of its operands that nothing of the result arrives at."""
    if isinstance(rule, ArrayRule):
        return rule.selects
    return any(is_selective(rule, k) for k in range(rule.arity))
