"""What the numbers of one step tell of a training that does not fit: of its targets, its inputs, its units, its model.

Nothing is trained here. Each sentence states what was measured; it is told only of a training that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from ..learning.changes import short
from ..learning.targets import constant, explained, unrelated
from .apart import source_of
from .judge.look import Look
from .judge.losses import before_squash, errors
from .judge.verdicts import Judgement
from .watch.node import Node

Array = Any
MOST_FACTS = 2
SQUASHED = 0.02  # of the largest slope: a mean slope below that lets hardly any gradient through
LARGE = 10.0  # inputs beyond that drive units to their ends
NONE, POOR, GOOD = 0.01, 0.5, 0.75  # shares of the variance of the targets
FEW = 4  # units
CUT = ("maximum", "mul", "multiply", "where", "masked")  # what a relu is written with
BENT = ("tanh", "exp", "maximum", "minimum", "where", "sin", "cos", "abs", "absolute", "sqrt", "log", "clip", "max")


@dataclass
class _Data:
    """The samples of a step, in rows, and the nodes that are computed of them."""

    inputs: Array
    targets: Array
    prediction: Node
    rows: int
    whole: Array  # all targets, where those of the step were cut from an array


def facts(found: Judgement) -> list[str]:
    """The likeliest reasons first; none where the samples cannot be told."""
    look = found.look
    data = _samples(look)
    if data is None:
        return []
    with np.errstate(all="ignore"):
        return [text for _, text in zip(range(MOST_FACTS), _told(look, data), strict=False)]


def _told(look: Look, data: _Data) -> Iterator[str]:
    batch = (data.inputs, data.targets)
    if constant(batch):
        if data.whole is None or constant((data.inputs, data.whole)):  # not of this batch only
            row = [short(float(each)) for each in data.targets[0]]
            yield say("fact_constant", value=row[0] if len(row) == 1 else f"({', '.join(row)})")
        return
    yield from _range(look, data)
    if unrelated(batch):
        yield say("fact_unrelated")
        return
    low, high = float(data.inputs.min()), float(data.inputs.max())
    if max(-low, high) > LARGE:
        yield say("fact_inputs", low=short(low), high=short(high))
    bent = list(_bent(look, data))
    yield from _idle(look, data, bent)
    share = explained(batch)
    units = [size for node, size in bent if size and _feeds(look, node)]
    if not bent and data.inputs.shape[1] > 1:
        best = explained(batch, linear=True)
        if best < NONE or (best < POOR and share > GOOD):
            yield say("fact_linear", share=f"{100 * max(best, 0.0):.0f}")
    elif units and min(units) <= FEW and share > GOOD and not _is_copied(data):
        node = next(node for node, size in bent if size == min(units) and _feeds(look, node))
        line = 0 if node.site is None else node.site.line
        yield say("fact_units", units=min(units), line=line, share=f"{100 * share:.0f}")


def _samples(look: Look) -> _Data | None:
    """Targets, and the inputs that go with them; None where a step has one sample, or where there is no telling."""
    values = look.base.values
    for group in errors(look):
        error, prediction, _ = group[0]
        target = next((a for a in error.args if isinstance(a, Node) and a is not prediction), None)
        if len(group) > 1 or target is None or id(target) in look.depends or target.value is None:
            continue
        y = np.asarray(target.value, dtype=float)
        for node in look.program.steps:
            if getattr(node.function, "__name__", "") not in ("matmul", "dot") or id(node) not in look.depends:
                continue
            for x in node.args:
                plain = isinstance(x, Node) and id(x) not in look.depends and np.ndim(x.value) == 2
                if not plain or np.size(values[id(node)]) < 2:
                    continue
                inputs = np.asarray(x.value, dtype=float)
                for turned in (inputs, inputs.T):
                    rows = len(turned)
                    if rows > 2 and y.size % rows == 0 and rows in y.shape and max(y.shape) <= 4 * rows:
                        table = y if y.shape[0] == rows else y.T
                        whole = source_of(target)
                        all_of_them = None if whole is None or whole.cut is None else whole.node.value
                        return _Data(turned, table.reshape(rows, -1), prediction, rows, all_of_them)
    return None


def _range(look: Look, data: _Data) -> Iterator[str]:
    """Targets that the last activation cannot reach."""
    name = getattr(data.prediction.function, "__name__", "")
    low, high = (-1.0, 1.0) if name == "tanh" else (0.0, np.inf) if name == "maximum" else (-np.inf, np.inf)
    if name != "tanh" and before_squash(look, data.prediction, look.base) is not None:
        low, high = 0.0, 1.0
    y = data.targets
    if np.mean((y < low) | (y > high)) > 0 and data.prediction.site is not None:
        yield say(
            "fact_range", low=short(float(y.min())), high=short(float(y.max())), line=data.prediction.site.line,
            least=f"{low:g}", most=f"{high:g}",
        )  # fmt: skip


def _bent(look: Look, data: _Data) -> Iterator[tuple[Node, int]]:
    """What is not linear between the inputs and the prediction, or its logits; and how many units it has."""
    squash = before_squash(look, data.prediction, look.base)
    stack = [data.prediction if squash is None else squash[0]]
    known: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in known or id(node) not in look.depends or id(node) in look.start_ids:
            continue
        known.add(id(node))
        name, size = getattr(node.function, "__name__", ""), np.size(look.base.values[id(node)])
        divided = name in ("truediv", "divide") and isinstance(node.args[1], Node) and id(node.args[1]) in look.depends
        inner = [o for o in node.operands() if id(o) in look.depends]
        if name in BENT or divided or (name in ("mul", "multiply", "pow", "power") and len(inner) != 1):
            yield node, size // data.rows if size % data.rows == 0 else 0
        stack += inner


def _feeds(look: Look, node: Node) -> bool:
    """Whether it is what a layer takes in."""
    return any(getattr(n.function, "__name__", "") in ("matmul", "dot") for n in look.consumers.get(id(node), ()))


def _idle(look: Look, data: _Data, bent: list[tuple[Node, int]]) -> Iterator[str]:
    """Units that are 0 for every sample, or at the ends of what they can be."""
    for node, units in reversed(bent):
        name, value = getattr(node.function, "__name__", ""), np.asarray(look.base.values[id(node)], dtype=float)
        if not units or value.ndim != 2 or node.site is None or node is data.prediction:
            continue
        table = value if len(value) == data.rows else value.T
        if name in CUT:
            silent = int(np.sum(np.all(table == 0, axis=0)))
            if 2 * silent >= units:
                yield say("fact_dead", line=node.site.line, count=silent, units=units)
        elif name == "tanh" or before_squash(look, node, look.base) is not None:
            slope = float(np.mean(1 - table**2)) if name == "tanh" else float(np.mean(4 * table * (1 - table)))
            if slope < SQUASHED:
                yield say("fact_saturated", line=node.site.line, share=f"{100 * slope:.2g}")


def _is_copied(data: _Data) -> bool:
    """Whether the targets are the inputs: the few units of an autoencoder are what it is for."""
    same = data.targets.shape == data.inputs.shape
    return same and bool(np.allclose(data.targets, data.inputs))
