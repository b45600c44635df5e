"""Reverse mode: from the outputs back to the inputs, upstream × local, summed over every use.

The one driver behind `grad`, `vjp`, `jacobian` and `Tensor.backward` (`Value.backward` is the same sweep over floats,
in `scalar.py`). It asks a node's rule for the local derivatives in one of two kinds of number: in plain floats and
arrays, or in `Value`s and `Tensor`s, and then the derivative has a graph of its own and can be differentiated again.
Nothing is left behind on the nodes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .array_rules import ArrayRule, astype, choose, plain_array, unbroadcast
from .errors import AnomalyError
from .graph import MODE, THREAD, walk
from .rules import Rule
from .scalar import times

Order = list[tuple[Any, tuple[Any, ...]]]


def active(order: Order, inputs: Sequence[Any]) -> tuple[Order, set[int]]:
    """The results that depend on the inputs, in order, and the ids of all nodes that do."""
    ids = {id(node) for node in inputs}
    results = []
    for node, operands in order:
        if id(node) not in ids and any(id(operand) in ids for operand in operands):
            ids.add(id(node))
            results.append((node, operands))
    return results, ids


def pull(outputs: Sequence[Any], cotangents: Sequence[Any], inputs: Sequence[Any], differentiable: bool) -> list[Any]:
    """The cotangents of the inputs, given those of the outputs: a vector-Jacobian product.

    Args:
        outputs: nodes; `cotangents` has one number or array for each, or None.
        inputs: nodes; where one is a result itself, nothing is passed on beyond it.
        differentiable: record the computation, so that the cotangents are Values or Tensors.

    Returns:
        One cotangent for each input; None where no output depends on it.
    """
    order, ids = active(walk(*outputs), inputs)
    waiting: dict[int, Any] = {}
    for node, cotangent in zip(outputs, cotangents, strict=True):
        if cotangent is not None:
            receive(waiting, node, cotangent)
    with np.errstate(all="ignore"):  # infinities and NaN are values here, not accidents
        _sweep(order, waiting, ids, differentiable)
    return [waiting.get(id(node)) for node in inputs]


def _sweep(order: Order, waiting: dict[int, Any], ids: set[int], differentiable: bool) -> None:
    """Walk back over `order`, passing on what waits for each node to those of its operands that are in `ids`.

    Where a `where` did not choose an element, no cotangent comes through, and none goes on from there: not even
    0 × inf, which would be NaN. So the nodes behind a `where` are remembered in `masked`.
    """
    masked: set[int] = set()
    watching = MODE.special > 0 and THREAD.anomaly > 0 and not differentiable  # what is recorded is looked at anyway
    for node, operands in reversed(order):
        g = waiting.pop(id(node), None)
        if g is None:
            continue
        hidden = id(node) in masked
        if hidden or node.rule is choose:
            masked.update(map(id, operands))
        wanted = [id(operand) in ids for operand in operands]
        parts = node._pull(g, operands, wanted, differentiable, hidden)
        for k, (operand, part) in enumerate(zip(operands, parts, strict=True)):
            if watching:
                _check_finite(node, k, part)
            if part is not None:
                receive(waiting, operand, part)


def _check_finite(node: Any, k: int, part: Any) -> None:
    """What `detect_anomaly` asks of a cotangent that `node` passes on to its operand `k`."""
    if part is not None and not np.all(np.isfinite(plain_array(part))):
        told = f" of shape {part.shape}" if getattr(part, "shape", ()) else ""
        raise AnomalyError(
            f"backward through {node.op} gave a gradient that is not finite to its operand {k}{told}"
            + (f", recorded at {node.source}" if node.source else "; record the graph under detect_anomaly() too")
        )


def receive(waiting: dict[int, Any], node: Any, contribution: Any) -> None:
    """Add a contribution to what waits for a node. Never in place: arrays may be shared."""
    before = waiting.get(id(node))
    waiting[id(node)] = contribution if before is None else before + contribution


def pulled(node: Any, k: int, g: Any, given: Any, out: Any, hidden: bool) -> Any:
    """What a Tensor node passes on to operand `k`: upstream × local, broadcasting undone; None for nothing.

    Args:
        given: the operands, as arrays or as Tensors; `out`, the result, likewise.
        hidden: the node lies behind a `where`.
    """
    rule = node.rule
    if rule.__class__ is ArrayRule:
        part = rule.pull(k, g, out, given, node.options)
    else:
        slope = (_SLOPES.get(rule) or _slopes(rule))[k]
        part = times(g, slope if slope.__class__ is int else slope(rule, k, given, out))
        if hidden and part is not None:
            part = _where_anything_came(g, part)
    if part is None:
        return None
    like = node._saved[k]
    if part.shape != like.shape:
        part = unbroadcast(part, like.shape)
    return part if part.dtype == like.dtype else astype(part, dtype=like.dtype)


_SLOPES: dict[Rule, tuple[Any, ...]] = {}


def _slopes(rule: Rule) -> tuple[Any, ...]:
    """For each operand the local derivative: a number where the table says one, else a way to compute it."""
    slopes: list[Any] = []
    for formula in rule.partials:
        wants = tuple(inspect.signature(formula).parameters)
        constant = None if wants else formula()
        slopes.append(constant if type(constant) is int else _of(formula, wants, rule.operands))
    _SLOPES[rule] = tuple(slopes)
    return _SLOPES[rule]


def _of(formula: Callable[..., Any], wants: tuple[str, ...], operands: tuple[str, ...]) -> Callable[..., Any]:
    """The commonest forms of a derivative, called without a detour; the others through `Rule.partial`."""
    if wants == ("out",):
        return lambda rule, k, given, out: formula(out)
    if len(wants) == 1:
        only = operands.index(wants[0])
        return lambda rule, k, given, out: (
            formula(given[only]) if given[only].__class__ not in (float, int) else rule.partial(k, given, out)
        )
    return lambda rule, k, given, out: rule.partial(k, given, out)


def _where_anything_came(g: Any, part: Any) -> Any:
    """Nothing came through a `where`, so nothing goes on: not even 0 × inf, which would be NaN."""
    stopped = plain_array(g) == 0
    return choose(np.zeros(part.shape, part.dtype), part, condition=stopped) if np.any(stopped) else part


def accumulate(root: Any, seed: Any) -> None:
    """`Tensor.backward`: the sweep in plain arrays over everything a Tensor depends on, into `.grad`.

    Each result is visited when its last user has been. What waits for a result is kept in its own gradient; leaves
    receive theirs at the end, so that an error leaves them untouched.
    """
    uses = _uses(root)
    watching = MODE.special > 0 and THREAD.anomaly > 0
    arrived: dict[int, list[Any]] = {}  # by leaf: the leaf, the sum so far, and whether that array is the leaf's own
    if root._parents:
        root._grad = seed
        ready = [root]
    else:
        arrived[id(root)] = [root, seed, False]
        ready = []
    masked: set[int] = set()
    while ready:
        node = ready.pop()
        node.reached = True
        g, parents = node._grad, node._parents
        parts: Any = None
        hidden = False
        if g is not None:
            if node.rule is choose or (masked and id(node) in masked):
                hidden = node.rule is not choose
                masked.update(map(id, parents))
            if node.rule.__class__ is ArrayRule and node.rule.whole is not None:
                parts = node.rule.whole(g, node._data, node._saved, parents, node.options)
        for k, parent in enumerate(parents):
            if parent is None:
                continue
            part = None
            if g is not None:
                part = pulled(node, k, g, node._saved, node._data, hidden) if parts is None else parts[k]
                if watching:
                    _check_finite(node, k, part)
            if parent._parents:
                if part is not None:
                    parent._grad = part if parent._grad is None else parent._grad + part
                left = uses[id(parent)] - 1
                if left:
                    uses[id(parent)] = left
                else:
                    ready.append(parent)
            elif part is not None:
                entry = arrived.get(id(parent))
                if entry is None:
                    arrived[id(parent)] = [parent, part, part is not g and part.base is None]
                else:
                    entry[1], entry[2] = entry[1] + part, True
    for leaf, total, own in arrived.values():
        leaf.reached = True
        if leaf._grad is not None:
            leaf._grad = np.asarray(leaf._grad + total)
        else:
            leaf._grad = np.asarray(total) if own else np.array(total)


def _uses(root: Any) -> dict[int, int]:
    """How often each result below the root is used. On the way: are the arrays unchanged; old gradients go."""
    uses: dict[int, int] = {}
    stack, results = [root], []
    while stack:
        node = stack.pop()
        results.append(node)
        open_to_change = node._prints is not None
        for parent in node._parents:
            if parent is not None:
                if parent._print is not None:
                    open_to_change = True
                if parent._parents:
                    seen = uses.get(id(parent), 0)
                    uses[id(parent)] = seen + 1
                    if not seen:
                        stack.append(parent)
        if open_to_change:
            node._check_unchanged(False)
    if root._parents:
        for node in results:
            node._grad = None
    return uses
