"""Steps that multiply a right gradient by something of their own: by what is known of the curvature, as Newton does.

Each number is divided by a curvature, or multiplied by what follows from the parameters alone (a natural gradient); or
a matrix, the inverse of a Hessian perhaps, turns the whole gradient; or what was kept is added to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look, Point
from .match import TOLERANCE, matched
from .rates import is_copy
from .replay import ancestors

Array = Any
LARGE = 200_000  # numbers in an array of samples that is multiplied
FAR = 12  # operations from the end of a step back to where the gradient is divided
CHANGES = ("add", "sub", "subtract", "iadd", "isub")
PRODUCTS = ("mul", "multiply")
QUOTIENTS = ("truediv", "divide")
PLAIN = ("neg", "negative", "linked", "copy", "reshape", "ravel", "squeeze", "transpose", "T", "array")
TURNS = ("matmul", "dot", "einsum")


def is_scaled(look: Look, points: list[Point], steps: list[Array], right: list[Array], name: str) -> bool:
    """Whether each number of a step is that of the gradient, but for something positive that it is divided by; or that
    it is multiplied by, as far as that follows from no samples: else it is a slope, and may be one too many.
    """  # fmt: skip
    if len(look.ends[name]) != 1:
        return False
    for node, divides in _beside(look, look.ends[name][0]):
        if any(id(node) not in point.values for point in points):
            continue
        sizes = [np.ravel(np.asarray(point.values[id(node)], dtype=float)) for point in points]
        if not all(np.all(size > 0) and size.size in (1, np.size(d)) for size, d in zip(sizes, steps, strict=True)):
            continue
        undone = [-np.ravel(d) * (size if divides else 1 / size) for d, size in zip(steps, sizes, strict=True)]
        match = matched(undone, right)
        if match.holds and match.scale > 0:
            return True
    return False


def _beside(look: Look, end: Node) -> Iterator[tuple[Node, bool]]:
    """What a change is divided by, and multiplied by, that follows from the parameters; and whether it divides."""
    node = end
    for _ in range(FAR):
        kind = getattr(node.function, "__name__", "")
        active = [(k, arg) for k, arg in enumerate(node.args) if isinstance(arg, Node) and id(arg) in look.depends]
        if kind in CHANGES:
            active = [(k, arg) for k, arg in active if not is_copy(arg, look.start_ids)]
        elif kind in QUOTIENTS and len(active) == 2:
            yield active[1][1], True
            active = active[:1]
        elif kind in PRODUCTS and len(active) == 2:
            plain = [arg for _, arg in active if not reads_samples(look, arg)]
            if len(plain) != 1:
                return
            yield plain[0], False
            active = [(k, arg) for k, arg in active if arg is not plain[0]]
        elif kind not in (*PRODUCTS, *QUOTIENTS, *PLAIN):
            return
        if len(active) != 1 or (kind in QUOTIENTS and active[0][0] == 1):
            return
        node = active[0][1]


def reads_samples(look: Look, node: Node) -> bool:
    """Whether arrays have a part in it that follow from no parameters."""
    made = ancestors([node], look._is_leaf)
    return any(id(n) not in look.depends and not n.hyper and np.size(n.value) > 1 for n in made)


def is_turned(look: Look, name: str, right: Array) -> bool:
    """Whether a square matrix that goes on from step to step turned the gradient into the step that the script made:
    what is known of the inverse of a Hessian, or how sure a filter is of its weights.

    Args:
        right: the gradient where the script was.
    """  # fmt: skip
    values, goal = look.base.values, np.ravel(right)
    step = np.ravel(look.change(values, name))
    for node in look.program.order if goal.size > 2 and np.any(step) else ():
        if np.shape(node.value) != (goal.size, goal.size) or id(node) not in values or not _is_kept(look, node, name):
            continue
        matrix = np.asarray(values[id(node)], dtype=float)
        match = matched([-step], [matrix @ goal])
        if np.allclose(matrix, matrix.T) and match.holds and match.scale > 0 and float(step @ goal) < 0:
            return True
    return False


def _is_kept(look: Look, node: Node, name: str) -> bool:
    """Whether it goes on from the step before, and is not the block itself."""
    leaves = [n for n in ancestors([node], look._is_leaf) if id(n) in look.program.leaves]
    own = [n for n in leaves if look.start_ids.get(id(n)) != name]
    return any(id(n) in {*look.start_ids, *look.rule_states} or look.goes_back(id(n)) for n in own)


def is_through_samples(look: Look, points: list[Point], steps: list[Array], right: list[Array], name: str) -> bool:
    """Whether a step is the gradient as predictions, or residuals, follow it that are kept themselves.

    They go along `X @ X.T @ g` where weights go along `X.T @ g`; and the weights of samples, where these are alike by
    `K`, go along g itself, of which `K @ g` is the gradient. Either may shrink what it steps.
    """
    size = np.size(steps[0])
    weights = [look.block(point.values, look.starts[name]) for point in points]
    for node in look.nodes.values() if size > 2 and len(steps) > 2 else ():
        chosen = getattr(node.function, "__name__", "") == "getitem" and id(node.args[0]) not in look.depends
        own: list[Array] = [point.values.get(id(node)) for point in points]
        if np.shape(node.value)[:1] != (size,) or node.hyper or (id(node) in look.depends and not chosen):
            continue
        if any(np.shape(each)[:1] != (size,) or np.asarray(each).dtype.kind not in "fiu" for each in own):
            continue
        by = [np.reshape(np.asarray(each, dtype=float), (size, -1)) for each in own]  # also of a np.matrix
        along = [x @ (x.T @ np.ravel(g)) for x, g in zip(by, right, strict=True)]
        if matched(along, right).holds or np.size(node.value) > LARGE:
            continue  # it turns nothing
        if _fits(steps, along, weights):
            return True
        if all(x.shape[1] == size and np.allclose(x, x.T) for x in by) and np.linalg.eigvalsh(by[0])[0] > -1e-9:
            turned, shares = ([k @ np.ravel(d) for k, d in zip(by, each, strict=True)] for each in (steps, weights))
            if _fits(turned, right, shares):
                return True
    return False


def _fits(steps: list[Array], slopes: list[Array], weights: list[Array]) -> bool:
    """Whether steps go down slopes, and shrink weights perhaps, by the same factors everywhere."""
    goal, slope, weight = (
        np.concatenate([np.ravel(x).astype(float) for x in each]) for each in (steps, slopes, weights)
    )
    both = np.stack([slope, weight], axis=1)
    if not np.all(np.isfinite(both)) or not np.all(np.isfinite(goal)) or not np.any(slope) or not np.any(goal):
        return False
    fit, *_ = np.linalg.lstsq(both, goal, rcond=None)
    missed = float(np.linalg.norm(both @ fit - goal))
    return missed <= TOLERANCE * float(np.linalg.norm(goal)) and fit[0] < 0 and bool(fit[1] <= 1e-9)


def is_offset(look: Look, points: list[Point], steps: list[Array], right: list[Array], name: str) -> bool:
    """Whether a step is along the gradient, and something that was kept from earlier parameters is added to it.

    So do steps along a gradient that is corrected by an earlier one, and those of several that are to agree: what is
    added is the same wherever the parameters are now, but for a share of themselves.
    """
    size = np.size(steps[0])
    if len(points) < 4 or size < 2 or not all(point.moved for point in points) or not _reads_earlier(look, name):
        return False
    weights = [look.block(point.values, look.starts[name]) for point in points]
    about = [[each - sum(row) / len(row) for each in row] for row in (steps, right, weights)]
    return _fits(*about)


def _reads_earlier(look: Look, name: str) -> bool:
    """Whether something that was made from earlier parameters, and is no state of the rule, has a part in a step."""
    leaves = [n for n in ancestors(look.ends[name], look._is_leaf) if id(n) in look.program.leaves]
    return any(
        id(n) not in look.start_ids and id(n) not in look.rule_states and np.size(n.value) > 1
        and (id(n) in look.states or id(n) in look._kept_copies or look.goes_back(id(n))) for n in leaves
    )  # fmt: skip
