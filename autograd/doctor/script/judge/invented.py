"""Losses that a script may mean and does not compute, told by what it computes of an error or of a margin."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.direct import hyper
from ..watch.node import Node
from .look import Look, Point
from .match import matched

Array = Any
MOST_FORMS = 6  # of a derivative by the error, that are tried
COMPARED = ("lt", "le", "gt", "ge", "less", "less_equal", "greater", "greater_equal")


def number_of(thing: Any) -> float:
    """A number, or that of a node."""
    return float(np.real(np.reshape(thing.value if isinstance(thing, Node) else thing, ())))


def margins_of(look: Look) -> list[tuple[Node, float]]:
    """What is compared with 1, y * f(x), and its sign: -1, for a hinge falls with it; 1 for 1 - y * f(x), and 0."""
    found: dict[int, tuple[Node, float]] = {}
    for test in [*look.conditions, *look.program.steps]:
        name = getattr(test.function, "__name__", "")
        if name not in COMPARED or len(test.args) != 2:
            continue
        for node, other in (test.args, test.args[::-1]):
            if not isinstance(node, Node) or id(node) not in look.depends or not hyper(other) or np.size(other) > 1:
                continue
            inner = getattr(node.function, "__name__", "") in ("sub", "subtract") and not isinstance(node.args[0], Node)
            if number_of(other) == 1 and not inner:
                found[id(node)] = node, -1.0
            elif number_of(other) == 0 and inner and number_of(node.args[0]) == 1:
                found[id(node)] = node, 1.0
    return [*found.values()]


def quotients(look: Look, points: list[Point]) -> Iterator[tuple[Node, Node, float]]:
    """Derivatives of a cross-entropy by shares p, as a loss object gives them: (the derivative, p, its sign).

    They are -y / p, or of two classes (p - y) / (p (1 - p)), perhaps times a number.
    """
    told: set[int] = set()
    for start in look.program.steps:
        if getattr(start.function, "__name__", "") not in ("truediv", "divide") or id(start) not in look.to_end:
            continue
        y, p = start.args
        if not isinstance(p, Node) or id(p) not in look.depends or (isinstance(y, Node) and id(y) in look.depends):
            continue
        shares = [np.asarray(point.values[id(p)], dtype=float) for point in points]
        targets = np.asarray(y.value if isinstance(y, Node) else y, dtype=float)
        targets = -targets if np.all(targets <= 0) else targets
        if targets.shape != shares[0].shape or np.any((targets < 0) | (targets > 1)) or not np.any(targets):
            continue
        if any(np.any((share <= 0) | (share >= 1)) for share in shares):
            continue
        forms = [[(q - targets) / (q * (1 - q)) for q in shares]]
        if any(np.allclose(shares[0].sum(axis=k), 1.0) for k in range(targets.ndim)):
            forms.append([-targets / q for q in shares])
        found, level = [start], [start]
        for _ in range(4):
            level = [n for at in level for n in look.consumers.get(id(at), ()) if np.shape(n.value) == targets.shape]
            found += level
        for node in reversed(found):
            theirs = np.concatenate([np.ravel(point.values[id(node)]) for point in points])
            for right in forms:
                match = matched([theirs], [np.concatenate([np.ravel(r) for r in right])])
                if match.holds and match.scale and id(node) not in told:
                    told.add(id(node))
                    yield node, p, float(np.sign(match.scale))
                    break
            else:
                continue
            break


def of_margins(look: Look, points: list[Point]) -> Iterator[tuple[Node, Node, float]]:
    """Derivatives of log(1 + exp(-t s)) by s, for targets t of -1 and 1: (the derivative, s, its sign)."""
    for margin in look.program.steps:
        if getattr(margin.function, "__name__", "") not in ("mul", "multiply") or id(margin) not in look.depends:
            continue
        scores = [a for a in margin.args if isinstance(a, Node) and id(a) in look.depends]
        target = next((number for number in margin.args if not any(number is s for s in scores)), None)
        t = np.asarray(target.value if isinstance(target, Node) else target, dtype=object)
        if len(scores) != 1 or t.size != np.size(margin.value) or not all(abs(each) == 1 for each in np.ravel(t)):
            continue
        t = t.astype(float).reshape(np.shape(margin.value))
        both = [_first_derivative(look, points, margin, sign * t, sign) for sign in (1.0, -1.0)]
        known = [each for each in both if each is not None]
        if known:  # of 1 - 1 / (1 + exp(-t s)), that as a whole
            node, sign = max(known, key=lambda each: each[0].time)
            yield node, scores[0], sign


def _first_derivative(
    look: Look, points: list[Point], margin: Node, t: Array, turned: float
) -> tuple[Node, float] | None:
    """The first multiple of that derivative in a step, and its sign, where the margin is t s but for its sign."""
    with np.errstate(over="ignore"):
        right = [-t / (1 + np.exp(turned * np.asarray(point.values[id(margin)], dtype=float))) for point in points]
    for node in look.program.steps:
        if id(node) in look.to_end and np.shape(node.value) == t.shape and id(node) in look.depends:
            match = matched([np.ravel(point.values[id(node)]) for point in points], [np.ravel(r) for r in right])
            if match.holds and match.scale:
                return node, float(np.sign(match.scale))
    return None


def spreads(means: Array) -> tuple[int, ...]:
    """The variances of usual likelihoods with such means: 1 for μ (Poisson), 2 (gamma), 3; 0 for μ(1 - μ)."""
    if not np.all(means > 0):
        return ()
    return (1, 2, 3) if np.any(means > 1) else (0,) if np.all(means < 1) else ()


def grown(look: Look, group: list[tuple[Node, Node, float]], points: list[Point]) -> Iterator[list[tuple[Node, float]]]:
    """What is computed from each error and grows with it, or is weighted by data, but no multiple: of some loss."""
    of: dict[int, int] = {id(error): k for k, (error, _, _) in enumerate(group)}
    rows: dict[Any, dict[int, Node]] = {}
    for node in look.program.steps:
        used = {of.get(id(o), -1) for o in node.operands() if id(o) in look.depends}
        if id(node) in of or id(node) not in look.to_end or len(used) != 1 or used == {-1} or node.site is None:
            continue
        k = used.pop()
        if np.size(node.value) == np.size(group[k][0].value):
            of[id(node)] = k
            rows.setdefault((node.site.number, node.function), {})[k] = node
    for row in itertools.islice((row for row in rows.values() if len(row) == len(group)), MOST_FORMS):
        e, d = (
            np.concatenate([np.ravel(p.values[id(n)]).astype(float) for p in points for n in nodes])
            for nodes in ([error for error, _, _ in group], [row[k] for k in range(len(group))])
        )
        order = np.argsort(e)
        with np.errstate(all="ignore"):
            weights = (d / e).reshape(len(points), -1)
        weighted = np.allclose(weights, weights[0], rtol=1e-9) and np.all(weights >= 0)
        if len(e) > 2 and np.ptp(d) > 0 and np.all(e * d >= 0) and (weighted or np.all(np.diff(d[order]) >= 0)):
            share = float(d @ e) / float(e @ e)
            if np.linalg.norm(d - share * e) > 1e-6 * np.linalg.norm(d):
                yield [(row[k], sign) for k, (_, _, sign) in enumerate(group)]
