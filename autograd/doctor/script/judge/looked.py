"""The step of a training to look at: one in which a loss is shown, with everything that is stored in it."""

from __future__ import annotations

import contextlib

import numpy as np

from ..watch.direct import beside, way_back
from ..watch.node import Node, comes_from
from ..watch.sites import Site
from ..watch.steps import Parameter, Step, Training
from .engines import place_of_loss
from .look import Look, Point
from .losses import loss_nodes


def telling_look(training: Training, rng: np.random.Generator, first: int = 0) -> tuple[Look, list[Point]]:
    """The step to look at: one in which a loss is shown, if there is one."""
    steps = training.steps
    order = training.telling(first)
    losses: list[list[Node]] = []
    chosen = next((k for k in order if Look(training, steps[k]).sound), order[0])
    for k in order:
        if losses and k > 1:  # what comes only now and then is of other samples
            break
        there, here = losses_in(training, steps[k])
        own = [nodes for nodes in here if not is_of_the_rule(there, nodes)]
        if own or (here and not losses):
            chosen, losses = k, own or here
        if own:
            break
    chosen, losses = _with_their_sum(training, chosen, losses)
    return look_at(training, steps[chosen], losses, rng)


def _with_their_sum(training: Training, chosen: int, losses: list[list[Node]]) -> tuple[int, list[list[Node]]]:
    """The same, or a step in which the sum of what looks like several losses is shown: `print(fit + penalty)`."""
    shown = {id(node) for _, node, _ in training.tape.shown}
    parts = {nodes[0].site for nodes in losses}
    if len(parts) > 1 and not any(id(node) in shown for nodes in losses for node in nodes):
        for k in training.telling():
            here = losses_in(training, training.steps[k])[1]
            if any(id(node) in shown and parts <= _made_of(node) for nodes in here for node in nodes):
                return k, here
    return chosen, losses


def _made_of(whole: Node) -> set[Site | None]:
    """The places of the numbers that a number is a sum of, as it is and by factors."""
    found, waiting = set(), [whole]
    while waiting:
        node = waiting.pop()
        found.add(node.site)
        waiting += [o for o in node.operands() if np.size(node.value) == 1 == np.size(o.value)]
    return found


def is_of_the_rule(look: Look, nodes: list[Node]) -> bool:
    """Whether these are numbers that a step is scaled by, or is made of: the norm that it clips by, a velocity."""
    inside = [node for node in nodes if id(node) in look.to_end]
    if inside:  # but for those whose differences make a gradient
        used = [reader for node in inside for reader in look.consumers.get(id(node), ())]
        return not any("sub" in getattr(n.function, "__name__", "") and np.size(n.value) == 1 for n in used)
    there = place_of_loss(nodes[0])
    here = (n for n in look.program.steps if id(n) in look.to_end and n.site is nodes[0].site)
    return any(place_of_loss(node) == there for node in here)


def losses_in(training: Training, step: Step) -> tuple[Look, list[list[Node]]]:
    """A step, and the scalars of it that may be losses."""
    look, k = Look(training, step), step.number + 1
    upto = training.steps[k].end if k < len(training.steps) else training.tape.time
    return look, loss_nodes(look, upto) if look.sound else []


def look_at(
    training: Training, step: Step, losses: list[list[Node]], rng: np.random.Generator
) -> tuple[Look, list[Point]]:
    """A step with its losses; no points where there is no telling what changes in it."""
    watched = [node for nodes in losses for node in nodes]
    look = Look(training, step, [*watched, *stored_nodes(training, step)])
    look.losses = losses
    return look, _points(look, rng) if look.sound else []


def stored_nodes(training: Training, step: Step) -> list[Node]:
    """What the script stores during a step, whether or not anything follows from it."""
    found = {
        id(t): t for _, _, _, t, _ in training.tape.stores if isinstance(t, Node) and step.start < t.time <= step.end
    }
    return list(found.values())


def _points(look: Look, rng: np.random.Generator) -> list[Point]:
    """Random points; where the script would take other branches there, the one that it was at."""
    points = look.points(rng, 4)
    if len(points) < 2:
        with contextlib.suppress(Exception):
            points.append(look.base)
    return points


def one_after_the_other(look: Look) -> bool:
    """Whether one line updates an element several times in what was taken for a step: then it is no single step.

    Rows that are read twice and stepped one by one, by a gradient that was computed before, are still one step. So do
    the elements of an array of which each follows from what the ones before it have become: coordinate descent.
    """
    for parameter in look.training.parameters:
        if len(parameter.chains) > 1 and _in_turn(parameter, look.step):
            return True
        for chain in parameter.chains:
            seen: dict[str, list[Node]] = {}
            for time, key, state in zip(chain.times, chain.keys, chain.states[1:], strict=True):
                if look.step.start < time <= look.step.end:
                    before = seen.setdefault(repr(key), [])
                    if before and _follows(state, before):
                        return True
                    before.append(state)
    return False


def _in_turn(parameter: Parameter, step: Step) -> bool:
    """Whether what is added to an element follows from others that were updated before it in the same step."""
    rows = sorted(
        ((time, state, old) for chain in parameter.chains
         for time, state, old in zip(chain.times, chain.states[1:], chain.states, strict=False)
         if step.start < time <= step.end),
        key=lambda row: row[0],
    )  # fmt: skip
    earlier: set[int] = set()
    for _, state, old in rows:
        way = way_back(state, {id(old)})
        if earlier and len(way) > 1 and comes_from(earlier, beside(way), rows[0][0]):
            return True
        earlier.add(id(state))
    return False


def _follows(state: Node, before: list[Node]) -> bool:
    """Whether what is added to a state follows from what it was before."""
    earlier = {id(each) for each in before}
    return comes_from(earlier, beside(way_back(state, earlier)), before[0].time)
