"""What a Tensor passes on in a sweep, and `Tensor.backward`, which carries it through a graph into `.grad`.

THE sweep and its one rule are in `core/reverse.py`. Here, for both kinds of row: upstream × local, with broadcasting
undone, in plain arrays (`passed`) and with the memory of which elements arrived (`passed_exactly`).
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..carrier import NOTHING_RECORDED
from ..core import table
from ..core.node import UNRECORDED, walk
from ..core.reverse import sweep, times
from ..core.rule import Rule
from ..errors import AnomalyError, GraphError
from ..formula import Symbol, names_in
from ..masking import Arrived, decided, finite, is_selective, partial
from ..mode import ADDING
from ..numbers.functions import greater, where
from ..switches import check_cotangents, looking_for_anomalies
from .arriving import pull_arrived
from .rules import ArrayRule, astype, broadcast_to, choose, concatenate, put, unbroadcast

PARENTS = operator.attrgetter("_parents")


def plain_parts(node: Any, wanted: Any, g: Any) -> Sequence[Any]:
    """What a node passes on to its operands, as arrays; None to those that do not want it."""
    rule = node.rule
    passes = _PASSES.get(rule)
    if passes is None:
        if rule.__class__ is ArrayRule:
            return _array_parts(node, wanted, g)
        passes = _PASSES[rule] = [_passing(rule, k) for k in range(rule.arity)]
    if len(passes) == 1:
        (x,) = wanted
        return (None if x is None else passes[0](node, g),)
    if len(passes) == 2:
        x, y = wanted
        return (None if x is None else passes[0](node, g), None if y is None else passes[1](node, g))
    return [None if want is None else passed(node, g) for want, passed in zip(wanted, passes, strict=True)]


def _array_parts(node: Any, wanted: Any, g: Any) -> Sequence[Any]:
    """The same for a node that an array rule made."""
    rule, saved, out = node.rule, node._saved, node._data
    if rule.whole is not None:
        parts: Sequence[Any] = rule.whole(g, out, saved, wanted, node.options)
        return parts
    return [
        None if want is None else _fitting(rule.pull(k, g, out, saved, node.options), saved[k])
        for k, want in enumerate(wanted)
    ]


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


def _fitting(part: Any, like: Any) -> Any:
    """The same, quickly where it fits already; None stays None."""
    if part is None or (part.dtype is like.dtype and part.shape == like.shape):
        return part
    return fitted(part, like)


_PASSES: dict[Rule, list[Callable[[Any, Any], Any]]] = {}


def _passing(rule: Rule, k: int) -> Callable[[Any, Any], Any]:
    """How a node of this rule passes a cotangent on to its operand `k`: made once, since there are many nodes.

    What it gives fits its operand, as `_fitting` says, which is written out where calling it would cost a tenth.
    """
    formula, wants = rule.partials[k], rule.wants[k]
    stated = None if wants else formula()
    if stated == 1 and type(stated) is int:

        def passed(node: Any, g: Any) -> Any:
            like = node._saved[k]
            return g if g.dtype is like.dtype and g.shape == like.shape else fitted(g, like)

    elif wants == (rule.arity,):

        def passed(node: Any, g: Any) -> Any:
            part, like = g * formula(node._data), node._saved[k]
            return part if part.dtype is like.dtype and part.shape == like.shape else fitted(part, like)

    elif len(wants) == 1:
        place = wants[0]

        def passed(node: Any, g: Any) -> Any:
            saved = node._saved
            like = saved[k]
            try:
                part = g * formula(saved[place])
            except (ZeroDivisionError, OverflowError):  # the other operand is a float, not an array
                part = g * rule.partial(k, saved, node._data)
            return part if part.dtype is like.dtype and part.shape == like.shape else fitted(part, like)

    else:

        def passed(node: Any, g: Any) -> Any:
            saved, out = node._saved, node._data
            case = _case_of(node, k)
            local = rule.partial(k, saved, out) if case is None else case[0]((*saved, out))
            return _fitting(times(g, local), saved[k])

    return passed


@functools.lru_cache(maxsize=1024)
def _deciding(rule: Rule, k: int) -> tuple[int, ...]:
    """The places of the operands that choose between the cases of a derivative: of x**y, to x, the exponent's alone."""
    formula = partial(rule, k)
    read = names_in(formula.args[0]) if isinstance(formula, Symbol) and formula.op == "where" else set()
    return tuple(place for place, name in enumerate((*rule.operands, "out")) if name in read)


def _case_of(node: Any, k: int) -> tuple[Callable[[Any], Any], bool] | None:
    """The one case of the derivative to operand `k` that constants choose, as `decided` gives it; None: they do not."""
    deciding, saved = _deciding(node.rule, k), node._saved
    for place in deciding:
        if place == len(saved) or saved[place].__class__ is not float or not saved[place]:  # 0.0 == -0.0: one key
            return None
    return decided(node.rule, k, tuple([x if x.__class__ is float else None for x in saved])) if deciding else None


def accumulate(root: Any, seed: Any) -> None:
    """`Tensor.backward`: THE sweep over everything a Tensor depends on, into `.grad`.

    What arrives at a result is also its gradient. Leaves receive theirs at the end, so that an error leaves them
    untouched.
    """
    order, leaves, selective = _opened(root)
    watching = looking_for_anomalies()
    arrived: dict[int, Any] = _Kept({id(root): seed})
    if not watching:
        sweep(order, arrived, plain_parts)
    if watching or (selective and not _is_sound(order, leaves, arrived)):
        arrived = _swept_exactly(root, order, seed, watching)
    find = arrived.get
    for node, _ in order:
        node._grad = find(id(node))
        node.reached = True
    _add(leaves, arrived)


def _is_sound(order: list[Any], leaves: list[Any], arrived: dict[int, Any]) -> bool:
    """Whether plain arrays are what really arrives, though something is selected: all numbers are finite."""
    ends = [*leaves, *[node for node, _ in order if node.rule in LOSSY]]  # what is not finite shows at one of them
    return all(finite(arrived.get(id(node))) for node in ends)


def _opened(root: Any) -> tuple[list[Any], list[Any], bool]:
    """The order of the sweep, the leaves, and whether a rule selects elements. Are all arrays as they were?"""
    order, leaves = [], []
    shown = selective = False  # shown: somebody outside holds an array of its own, and so could have changed it
    doubted = []  # what was computed from an array that somebody held by then
    for pair in reversed(walk(root, operands_of=PARENTS)):
        node, parents = pair
        if node._print is not None:
            shown = True
        if parents:
            order.append(pair)
            if node._prints is not None:
                doubted.append(node)
            if _SELECTS[node.rule] and not selective:
                selective = any(p is not None and _selects_here(node, k) for k, p in enumerate(parents))
        else:
            leaves.append(node)
    if leaves and all(leaf.rule is UNRECORDED for leaf in leaves):  # almost always the first is not
        raise GraphError(NOTHING_RECORDED)
    for node in [node for node, _ in order] if shown else doubted:
        node._check_unchanged(False)
    return order, leaves, selective


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


class _Selects(dict[Any, bool]):
    """Whether there are elements of a rule's operands that nothing of the result arrives at: asked once a rule."""

    def __missing__(self, rule: Any) -> bool:
        if isinstance(rule, ArrayRule):
            return self.setdefault(rule, rule.selects)
        return self.setdefault(rule, any(is_selective(rule, k) for k in range(rule.arity)))


_SELECTS = _Selects()


def _selects_here(node: Any, k: int) -> bool:
    """The same for one operand of a node whose rule selects: x**2 has only one case, and that selects nothing."""
    if isinstance(node.rule, ArrayRule):
        return True
    case = _case_of(node, k)
    return is_selective(node.rule, k) if case is None else case[1]
