"""Which rule right steps follow where they are not plain gradient descent: momentum, that of Adam and kin, a limit."""

from __future__ import annotations

import numpy as np

from ..language import say
from .judge.invented import number_of
from .moments import PRODUCT, QUOTIENT, Held, Moments, is_number, name_of
from .watch.node import Node
from .watch.record import Recording

NORMS = ("sqrt", "norm", "pow", "power", "hypot")
NEAR = 8  # values between a norm and what is scaled by it


def step_rule(recording: Recording) -> str:
    """A sentence on the rule, with its numbers; "" for steps in which none is seen."""
    with np.errstate(all="ignore"):
        return _of_squares(of := Moments(recording)) or _of_a_velocity(of) or _of_a_limit(of)


def _of_squares(of: Moments) -> str:
    """Steps that are divided by the root of what was kept of the squares of the gradients."""
    for each in of.quotients:
        squares = each.below.moment
        if squares is None or squares.square is None or not each.below.rooted or not of.stepped_along(each.node):
            continue
        if squares.decay == 1:
            return say("rule_adagrad")
        means = (held.moment for held in each.above if isinstance(held, Held))
        mean = next((m for m in means if m is not None and m.decay < 1), None)
        if mean is None:
            return say("rule_rmsprop", decay=f"{squares.decay:g}")
        return say("rule_adam", decay=f"{mean.decay:g}", other=f"{squares.decay:g}")
    return ""


def _of_a_velocity(of: Moments) -> str:
    """Steps along what was kept of the gradients before."""
    velocities = (each for each in of.kept if each.square is None and each.decay < 1)
    decays = {each.decay for each in velocities if of.stepped_along(each.node)}
    return say("rule_momentum", decay=f"{decays.pop():g}") if len(decays) == 1 else ""


def _of_a_limit(of: Moments) -> str:
    """Steps along gradients of which each number is cut off, or that are scaled by their norm."""
    last = of.training.steps[-1].end
    inside = [node for node in of.nodes if of.training.steps[0].start < node.time <= last and np.size(node.value) > 1]
    for node in inside:
        bounds = node.args[1:3] if name_of(node) == "clip" else ()
        low, high = map(number_of, bounds) if len(bounds) == 2 and all(map(is_number, bounds)) else (0.0, 0.0)
        if high > 0 and low == -high and np.any(np.abs(node.value) >= high) and of.stepped_along(node):
            return say("rule_cut", limit=f"{high:g}")
    for node in inside:
        if name_of(node) in (*PRODUCT, *QUOTIENT) and any(map(_is_of_a_norm, node.args)) and of.stepped_along(node):
            return say("rule_scaled")
    return ""


def _is_of_a_norm(thing: object) -> bool:
    """Whether it is one number that is made of a norm."""
    level = [thing] if isinstance(thing, Node) and not thing.hyper and np.size(thing.value) == 1 else []
    for _ in range(NEAR):
        if any(name_of(node) in NORMS for node in level):
            return True
        level = [o for node in level for o in node.operands() if np.size(o.value) == 1]
    return False
