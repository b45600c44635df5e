"""Whether the error that the steps begin with is that of a loss which the script computes, but for a slip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.node import Node, assembled
from .forms import counterpart, counterparts
from .match import matched
from .reference import cotangents, gradient
from .verdicts import Judgement

Array = Any
MOST_ELEMENTS = 200  # that one sweep each is made for
LEVELS = 4  # from a prediction back to what a softmax is given


def all_but_some(best: Judgement, computed: Judgement) -> bool:
    """Whether the error that explains the steps is that of a loss that is computed, all of it or but for some numbers.

    A wrong label, or a mask that is forgotten; samples that have a factor are weighted, on purpose. Where the sign of
    some is another, it is the loss that has a slip.
    """
    assert best.reading is not None
    keys = [counterpart(best.look, best.points, root, computed.bars) for root in best.reading.roots]
    others: list[Array] = []
    weighted = True
    for bar, own in zip(computed.bars, best.bars, strict=True):
        for key in keys:
            if key is None or key not in own or np.size(own[key]) < 3:
                return False
            with np.errstate(all="ignore"):
                ratio = np.ravel(own[key]) / np.ravel(bar[key])
            factor = float(np.nanmedian(ratio))
            if factor == 0 or not np.isfinite(factor):
                return False
            others.append(~(np.abs(ratio - factor) <= 1e-6 * abs(factor)))
            ratio = ratio / factor
            weighted &= bool(np.all(np.isfinite(ratio)) and np.all((ratio >= 0) | (np.abs(ratio + 1) < 1e-6)))
    share = float(np.mean(np.concatenate(others)))
    return share == 0 or (share <= 0.5 and not weighted)


def forgets_weights(best: Judgement, computed: Judgement) -> bool:
    """Whether the loss that is computed is that of the steps with another weight for each sample, by its class, say:
    one that no parameter has a part in.
    """  # fmt: skip
    assert best.reading is not None
    judged = [v.right for v in best.verdicts.values() if not v.silent]
    if 2 * sum(judged) < len(judged):
        return False
    if len(best.reading.roots) == 1:
        each = _ratios(best, computed, best.reading.roots[0])
        return any(_are_weights(ratios) and _has(computed, ratios) for ratios in each)
    rows = [next(_ratios(best, computed, root), None) for root in best.reading.roots]
    known = [row for row in rows if row is not None]
    if len(known) < len(rows):
        return False
    ratios = [np.concatenate(parts) for parts in zip(*known, strict=True)]
    return _are_weights(ratios) and _has(computed, ratios)


def _has(computed: Judgement, ratios: list[Array]) -> bool:
    """Whether these weights are in the loss, and not one through them in the steps."""
    with np.errstate(all="ignore"):
        weights = np.nanmedian(ratios[0], axis=1)
        look, point = computed.look, computed.points[0]
        readers = (node for node in look.program.steps if id(node) in computed.forward)
        given = {id(o): o for node in readers for o in node.operands() if id(o) not in look.depends}
        numbers = [np.ravel(np.asarray(point.values.get(key, o.value), dtype=float)) for key, o in given.items()
                   if o.value is not None and np.asarray(o.value).dtype.kind in "fiu"]  # fmt: skip
        rows = [each for each in numbers if each.size == weights.size]
        if any(np.allclose(each / each[0], weights / weights[0]) for each in rows):
            return True
        levels, single = np.unique(weights), np.unique([each[0] for each in numbers if each.size == 1])
        return any(all(np.any(np.isclose(single, scale * w)) for w in levels) for scale in single / levels[0])


def _ratios(best: Judgement, computed: Judgement, root: Node) -> Iterator[list[Array]]:
    """What a loss passes to a prediction, by what another one passes, at each point, a row for each sample; then the
    same of what the prediction is made from: a softmax of its own results gives the same again.
    """  # fmt: skip
    at: Node | None = root
    for _ in range(LEVELS):
        key = None if at is None else counterpart(best.look, best.points, at, computed.bars)
        if at is None:
            return
        found = []
        for bar, own in zip(computed.bars, best.bars, strict=True):
            if key in bar and key in own:
                x, y = (np.asarray(each[key], dtype=float) for each in (bar, own))
                small = np.abs(y) <= 1e-9 * np.max(np.abs(y), initial=0.0)
                with np.errstate(all="ignore"):
                    ratio = np.where(small, np.nan, x / y)
                found.append(np.reshape(ratio, (len(ratio), -1) if ratio.ndim > 1 else (-1, 1)))
        if len(found) == len(best.bars):
            yield found
        wide = [o for o in at.operands() if id(o) in best.look.depends and np.shape(o.value) == np.shape(at.value)]
        at = wide[0] if wide else None


def _are_weights(ratios: list[Array]) -> bool:
    """Whether each sample has a factor of its own, the same at all points."""
    with np.errstate(all="ignore"):
        first = np.nanmedian(ratios[0], axis=1)
    if first.size < 3 or not np.all(np.isfinite(first)) or np.min(first) <= 0:
        return False
    same = all(np.allclose(np.where(np.isnan(w), first[:, None], w), first[:, None], rtol=1e-5) for w in ratios)
    return same and bool(np.ptp(first) > 1e-3 * np.max(first))


def counts_unseen(best: Judgement, computed: Judgement) -> bool:
    """Whether the loss that is computed is that of the steps but for elements here and there that it leaves out.

    So it is with what nobody rated. Whole samples, and whole outputs, are left out on purpose: to watch the others.
    """
    return all(v.right or v.silent for v in best.verdicts.values()) and _seen(best, computed) is not None


def with_the_steps_own(computed: Judgement, best: Judgement) -> None:
    """Let such a loss know the forward pass of the steps, too, and what it passes back there."""
    seen = _seen(best, computed)
    if best.reading is not None and computed.reading is not None and seen is not None:
        root, order = best.reading.roots[0], best.reading.order(best.look)
        for point, own, bar in zip(best.points, best.bars, computed.bars, strict=True):
            known = cotangents(order, point.values, {id(root): own[id(root)] * seen})
            bar |= {key: value for key, value in known.items() if key not in bar}
        computed.forward |= best.forward
        computed.reading.along = best.reading.roots


def _seen(best: Judgement, computed: Judgement) -> Array | None:
    """By which factor the error of each element of the steps is in a loss: 0 here and there, and one number else."""
    assert best.reading is not None
    root = best.reading.roots[0]
    shape = np.shape(best.points[0].values[id(root)])
    if len(best.reading.roots) > 1 or len(shape) != 2:
        return None
    shares = [np.nan_to_num(ratios, nan=-1.0) for each in _ratios(best, computed, root) for ratios in each]
    shares = shares if shares and shares[0].shape == shape else _shares(best, computed, root)
    if not shares or any(not np.allclose(each, shares[0], rtol=1e-5, atol=1e-5) for each in shares):
        return None
    seen = shares[0][np.abs(shares[0]) > 1e-5]
    left = np.abs(shares[0]) <= 1e-5
    mixed = all(np.any(left.any(axis) & ~left.all(axis)) for axis in (0, 1))
    same = bool(seen.size and seen[0] > 0 and np.ptp(seen) <= 1e-5 * seen[0])
    return np.where(left, 0.0, seen[0]) if mixed and same else None


def _shares(best: Judgement, computed: Judgement, root: Node) -> list[Array]:
    """By which factors the error of each element is in the gradient of a loss that computes them one by one, and that
    may shrink the parameters; nothing where there is no telling.
    """  # fmt: skip
    assert best.reading is not None
    look, names = best.look, [*best.look.starts]
    size, order = np.size(root.value), best.reading.order(look)
    if size > MOST_ELEMENTS:
        return []
    rows, goal = list[Array](), list[Array]()
    for point, bar in zip(best.points, computed.bars, strict=True):
        seed = best.reading.seeds(point.values)[id(root)]
        columns = []
        for k in range(size):
            one = np.zeros(size)
            one[k] = np.ravel(seed)[k]
            single = cotangents(order, point.values, {id(root): one.reshape(np.shape(seed))})
            columns.append(np.concatenate([gradient(look, point, single, name) for name in names]))
        weights = [look.block(point.values, look.starts[name]) for name in names]
        shrunk = [np.concatenate([w * (k == j) for j, w in enumerate(weights)]) for k in range(len(names))]
        rows.append(np.stack([*columns, *shrunk], axis=1))
        goal.append(np.concatenate([gradient(look, point, bar, name) for name in names]))
    table, right = np.concatenate(rows), np.concatenate(goal)
    if not np.all(np.isfinite(table)) or not np.all(np.isfinite(right)) or len(table) < table.shape[1]:
        return []
    fit, _, rank, _ = np.linalg.lstsq(table, right, rcond=None)
    known = rank == table.shape[1] and np.linalg.norm(table @ fit - right) <= 1e-6 * np.linalg.norm(right)
    return [np.reshape(fit[:size], np.shape(root.value))] if known else []


def of_more_samples(best: Judgement, computed: Judgement) -> bool:
    """Whether a loss that is computed has what the step lowers, and the same of other samples besides, in a forward
    pass of its own. Errors that the step itself computes and makes no use of are another matter.
    """  # fmt: skip
    assert best.reading is not None
    assert computed.reading is not None
    look = best.look
    step, kinds = look.step, {(error.site, error.function) for error, _ in best.reading.errors}
    inside = (n for n in look.training.tape.nodes if step.start < n.time <= step.end)
    here = {_as_read(n) for n in inside if (n.site, n.function) in kinds}
    if len(here) > len(best.reading.errors) or any(id(r) in computed.forward for r in best.reading.roots):
        return False
    right = [np.concatenate([np.ravel(bar[id(root)]) for root in best.reading.roots]) for bar in best.bars]
    for keys in _passes(best, computed):
        theirs = [np.concatenate([np.ravel(bar[key]) for key in keys]) for bar in computed.bars]
        place = look.nodes[keys[0]].site
        more, few = (sum(n.site is place for n, _ in j.reading.order(look)) for j in (computed, best) if j.reading)
        if matched(theirs, right).holds and more > max(few, len(keys)):  # the step may have a forward pass of its own
            return True
    return False


def _passes(best: Judgement, computed: Judgement) -> Iterator[list[int]]:
    """What a reading begins with, in each pass of the forward pass of another one that may be the same: what sequences
    have in common, if they begin alike, does not tell which it is; their ends do.
    """  # fmt: skip
    assert best.reading is not None
    nodes = best.look.nodes
    options = [[*counterparts(best.points, root, computed.bars)] for root in best.reading.roots]
    if all(options):
        for last in min(options, key=len):
            yield [min(keys, key=lambda key: abs(nodes[key].time - nodes[last].time)) for keys in options]


def _as_read(node: Node) -> Any:
    """What is the same for two reads of the same elements of an array."""
    if node.function is not assembled:
        return id(node)
    parts, order, _ = node.args
    return *map(id, parts), bytes(np.asarray(order))


def sums_to_one(found: Judgement) -> bool:
    """Whether the predictions are shares, as a softmax gives them."""
    assert found.reading is not None
    error, _ = found.reading.errors[0]
    e = np.asarray(found.points[0].values[id(error)], dtype=float)
    return any(np.allclose(e.sum(axis=axis), 0.0, atol=1e-9) for axis in range(e.ndim))
