"""Gradients that a script computes and then does not use: they may be wrong as well.

Where the step of a block takes no notice of the gradient, the step is looked at as if it did: the new parameter is the
old one minus what the script stored as the gradient. What is wrong with that is found in the usual way.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..watch.node import Node, linked
from .candidates import Fault
from .locate import Locator
from .look import Look
from .match import matched
from .quantities import Quantities
from .reference import gradient
from .replay import compute_node
from .verdicts import Judgement, verdicts

Array = Any


def unused_gradients(found: Judgement, faults: list[Fault]) -> dict[str, Node]:
    """For blocks whose step is at fault: what the script stored as their gradient, and the step does not use."""
    out = {}
    for name, verdict in found.verdicts.items():
        at_the_step = [f for f in faults if name in f.repairs and f.wanted[0].block == name and len(f.repairs) == 1]
        if verdict.right or verdict.silent or not at_the_step or len(found.look.starts[name]) != 1:
            continue
        node = _stored_as_gradient(found, name)
        if node is not None:
            out[name] = node
    return out


def _stored_as_gradient(found: Judgement, name: str) -> Node | None:
    """A value that the step stores, that nothing follows from, and that is meant as the gradient of a block."""
    start = found.look.starts[name][0]
    right = [gradient(found.look, point, bar, name) for point, bar in zip(found.points, found.bars, strict=True)]
    return stored_unused(found, np.shape(found.points[0].values[id(start)]), right, name)


def stored_unused(found: Judgement, shape: tuple[int, ...], right: list[Array], name: str = "") -> Node | None:
    """A value that the step stores and that nothing follows from: a right gradient, or what is called that of a block.

    Args:
        shape: of what the gradient belongs to.
    """
    look, size = found.look, int(np.prod(shape))
    best: tuple[int, Node] | None = None
    for time, _, key, thing, site in look.training.tape.stores:
        if not isinstance(thing, Node) or not look.step.start < thing.time <= look.step.end or time > look.step.end:
            continue
        if (
            id(thing) in look.to_end
            or getattr(thing.function, "__name__", "").endswith("_like")
            or id(thing) in found.forward
            or any(id(thing) not in p.values for p in found.points)
            or np.asarray(thing.value).dtype == object
        ):
            continue
        values = [np.asarray(p.values[id(thing)], dtype=float) for p in found.points]
        if values[0].size != size or id(thing) not in look.depends:
            continue
        layouts = [right, [g.reshape(shape).T for g in right]] if len(shape) == 2 else [right]
        matches = [matched(values, layout) for layout in layouts]
        same = any(m.holds and abs(m.scale - 1.0) < 1e-6 for m in matches)
        rank = 2 * same + (bool(name) and means(site.target or str(key), name))
        if rank and (best is None or rank > best[0]):
            best = rank, thing
    return None if best is None else best[1]


def means(text: str, block: str) -> bool:
    """Whether a name speaks of a block: `dW1`, `Partials_W_hidden`, `grads["W1"]`."""
    inner = re.split(r"[.\[\]'\"]+", block.strip("'\"[] "))[-1] or block
    mine = re.sub(r"[^A-Za-z0-9]", "", inner).lower()
    whole = re.sub(r"\[[^'\"\]]*\]$", "", text.strip())  # without the index of a part of it
    theirs = re.sub(r"[^A-Za-z0-9]", "", whole).lower()
    return bool(mine) and theirs.endswith(mine) and theirs != mine


class AsIfUsed(Look):
    """The step as it would be if it used the gradients that were stored."""

    def __init__(self, look: Look, stored: dict[str, Node]) -> None:
        super().__init__(look.training, look.step, [*look.watched, *stored.values()])
        self.losses = look.losses
        for name, node in stored.items():
            start = self.starts[name][0]
            shape, theirs = np.shape(start.value), np.shape(node.value)
            turned = len(shape) == 2 and theirs == shape[::-1] and theirs != shape
            laid = Node(np.transpose if turned else linked, (node,), {}, None, None, node.time)
            laid = Node(np.reshape, (laid, shape), {}, None, None, node.time)
            end = Node(np.subtract, (start, laid), {}, None, None, look.step.end)
            self.ends[name] = [end]
            at = {id(n): n for n in (laid.args[0], laid, end)}
            self.program.order += at.values()
            self.program.steps += at.values()
            self.nodes |= at


def judged_as_if_used(found: Judgement, stored: dict[str, Node]) -> Judgement:
    """The verdicts on the stored gradients."""
    assert found.reading is not None
    look = AsIfUsed(found.look, stored)
    points = []
    for point in found.points:
        values = dict(point.values)
        for node in look.program.steps[-3 * len(stored) :]:
            values[id(node)] = compute_node(node, values)
        points.append(type(point)(values, point.moved))
    judged = verdicts(look, points, found.reading)
    judged.verdicts = {name: v for name, v in judged.verdicts.items() if name in stored}
    return judged


def faults_in_unused(found: Judgement, stored: dict[str, Node]) -> tuple[Locator | None, list[Fault]]:
    """What is wrong in gradients that are not used."""
    judged = judged_as_if_used(found, stored)
    if all(v.right or v.silent for v in judged.verdicts.values()):
        return None, []
    locator = Locator(judged, Quantities(judged))
    return locator, locator.faults()
