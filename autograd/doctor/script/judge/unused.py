"""Gradients that a script computes and then does not use: they may be wrong as well.

Where the step of a block takes no notice of the gradient, the step is looked at as if it did: the new parameter is the
old one minus what the script stored as the gradient. What is wrong with that is found in the usual way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node, linked
from .candidates import Fault
from .locate import Locator
from .look import Look
from .quantities import Quantities
from .reference import gradient
from .replay import compute_node
from .stored import stored_unused
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
