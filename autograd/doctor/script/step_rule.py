"""Which rule right steps follow where they are not plain gradient descent: momentum, that of Adam and kin, a limit."""

from __future__ import annotations

import numpy as np

from ..language import say
from .judge.invented import number_of
from .moments import PRODUCT, QUOTIENT, Held, Moment, Moments, is_number, name_of, uncopied
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
        decay = _decay(of, squares)
        means = [_decay(of, held.moment) for held in each.above if isinstance(held, Held) and held.moment is not None]
        mean = next((m for m in means if m is not None and m < 1), None)
        if decay is None or None in means or (mean is None and each.gradient is None):
            continue  # of what they are made is not known: Nadam's mean and gradient, say
        if decay == 1:
            return say("rule_adagrad")
        if mean is None:
            first = {each for each, _ in _kept_along(of)}
            if first:  # beside the gradient itself: Nadam
                return say("rule_nadam", decay=f"{first.pop():g}", other=f"{decay:g}") if len(first) == 1 else ""
            return say("rule_rmsprop", decay=f"{decay:g}")
        return say("rule_adam", decay=f"{mean:g}", other=f"{decay:g}")
    return ""


def _decay(of: Moments, kept: Moment) -> float | None:
    """What is left of a moment from one step to the next, also where a line of its own shrinks it; None where it is not
    made of what it was before.
    """  # fmt: skip
    own = of.states.get(id(kept.node))
    decay, old = kept.decay, uncopied(kept.old)
    states = () if own is None else {id(state) for state in own.states}
    while id(old) in states and own is not None and old is not own.states[0]:
        if name_of(old) not in PRODUCT or sum(map(is_number, old.args)) != 1:
            break
        k = int(is_number(old.args[0]))
        decay, old = decay * number_of(old.args[1 - k]), uncopied(old.args[k])
    return decay if is_number(old) or id(old) in states else None


def _of_a_velocity(of: Moments) -> str:
    """Steps along what was kept of the gradients before."""
    steps = _kept_along(of)
    if any(_is_divided(of, node) or _divides(of, node) for _, node in steps):
        return ""  # Adamax; or a mean of sizes
    decays = {decay for decay, _ in steps}
    return say("rule_momentum", decay=f"{decays.pop():g}") if len(decays) == 1 else ""


def _kept_along(of: Moments) -> list[tuple[float, Node]]:
    """What was kept of the gradients, and steps follow: what is left of it from one step to the next, and its node."""
    velocities = (each for each in of.kept if each.square is None and id(each.node) not in of.parameters)
    made = ((_decay(of, each), each.node) for each in velocities)
    return [(decay, node) for decay, node in made if decay is not None and decay < 1 and of.stepped_along(node)]


def _divides(of: Moments, node: Node) -> bool:
    """Whether something is divided by it, or by it and a small number."""
    level = [node]
    for _ in range(NEAR):
        users = [(user, at) for at in level for user in of.consumers.get(id(at), ())]
        if any(name_of(user) in QUOTIENT and user.args[-1] is at and not is_number(at) for user, at in users):
            return True
        level = [user for user, at in users if name_of(user) in ("add", "sqrt", "maximum") and user is not at]
    return False


def _is_divided(of: Moments, node: Node) -> bool:
    """Whether a velocity, or a multiple of it, is divided by what is no setting."""
    level = [node]
    for _ in range(NEAR):
        users = [(user, at) for at in level for user in of.consumers.get(id(at), ())]
        if any(name_of(user) in QUOTIENT and user.args[0] is at and not is_number(user.args[1]) for user, at in users):
            return True
        level = [user for user, _ in users if name_of(user) in (*PRODUCT, *QUOTIENT)]
    return False


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
