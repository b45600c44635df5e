"""Which rule right steps follow where they are not plain gradient descent: momentum, or that of Adam and its kin."""

from __future__ import annotations

import numpy as np

from ..language import say
from .moments import Held, Moments
from .watch.record import Recording


def step_rule(recording: Recording) -> str:
    """A sentence on the rule, with its numbers; "" for steps in which none is seen."""
    with np.errstate(all="ignore"):
        return _of_squares(of := Moments(recording)) or _of_a_velocity(of)


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
