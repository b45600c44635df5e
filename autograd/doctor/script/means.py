"""Running means whose decay stands in one place and another's in the next: Adam's `v / (1 - beta1**t)` for beta2.

Such a step still goes downhill, and no gradient is wrong: only the text tells. (Kingma, Ba: Adam, 2015, algorithm 1.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from .grown import as_fault
from .judge.invented import number_of
from .watch.direct import hyper
from .watch.edits import Edit
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site

PRODUCT, QUOTIENT, DIFFERENCE, POWER = ("mul", "multiply"), ("truediv", "divide"), ("sub", "subtract"), ("pow", "power")


@dataclass(eq=False)
class Decay:
    """A decay that stands where that of another mean belongs.

    Args:
        names: the parameters whose steps follow from it.
        edit: the right one in its place.
    """

    site: Site
    names: list[str]
    edit: Edit

    def told(self) -> dict[str, Any]:
        """As a fault among those of a consultation."""
        old, new = (" ".join(text.split()) for text in self.edit.within(self.site.span))
        says = say("line_wrong-operand", old=old, new=new)
        return as_fault(self.site, self.edit, "wrong-operand", says, self.names, True)


def wrong_decays(recording: Recording) -> list[Decay]:
    """The places where a running mean is divided by 1 - decay**t, or takes in 1 - decay, with another mean's decay."""
    found: dict[int, Decay] = {}
    means = {id(node): mean for node in recording.tape.nodes if (mean := _mean(node)) is not None}
    decays = {number for number, _, _ in means.values()}
    for node in recording.tape.nodes:
        if _name(node) in QUOTIENT and len(node.args) == 2 and id(node.args[0]) in means:
            number, text, _ = means[id(node.args[0])]
            taken = _one_minus(node.args[1])
            if isinstance(taken, Node) and _name(taken) in POWER and hyper(taken.args[0]):
                _compare(recording, found, node, (taken, 0), (number, text), decays)
        elif id(node) in means:
            number, text, difference = means[id(node)]
            if isinstance(difference, Node):
                _compare(recording, found, node, (difference, 1), (number, text), decays)
    return [*found.values()]


def _compare(
    recording: Recording, found: dict[int, Decay], node: Node, at: tuple[Node, int], right: tuple[float, str],
    decays: set[float],
) -> None:  # fmt: skip
    """Keep a place where another decay stands, that of another mean."""
    (owner, k), (number, text) = at, right
    site = owner.site
    there = number_of(owner.args[k])
    if site is None or node.site is None or site.number in found or there == number or there not in decays:
        return
    span = site.parts[k] if k < len(site.parts) else None
    if span is not None and text and span[0] == span[2]:
        found[site.number] = Decay(node.site, _moved(recording, node), Edit(site.source, span, text))


def _mean(node: Node) -> tuple[float, str, Any] | None:
    """Of decay * old + (1 - ...) * new: the decay, how it is written, and what is 1 - ...; None for anything else."""
    if _name(node) != "add" or len(node.args) != 2:
        return None
    sides = [_scaled(arg) for arg in node.args]
    for one, other in (sides, sides[::-1]):
        if one is None or other is None or _one_minus(one[0]) is not None:
            continue
        taken = _one_minus(other[0])
        if taken is not None and hyper(taken) and not (isinstance(taken, Node) and _name(taken) in POWER):
            return number_of(one[0]), one[1], other[0]
    return None


def _scaled(side: Any) -> tuple[Any, str] | None:
    """The number that a product scales by, and how it is written."""
    if not isinstance(side, Node) or _name(side) not in PRODUCT or side.site is None:
        return None
    for k, arg in enumerate(side.args):
        other = side.args[1 - k]
        if (
            hyper(arg)
            and np.size(arg.value if isinstance(arg, Node) else arg) == 1
            and isinstance(other, Node)
            and not other.hyper
        ):
            return arg, side.site.part(k).strip()
    return None


def _one_minus(thing: Any) -> Any:
    """x of 1 - x; None for anything else."""
    if isinstance(thing, Node) and _name(thing) in DIFFERENCE and not isinstance(thing.args[0], Node):
        return thing.args[1] if thing.args[0] == 1 else None
    return None


def _moved(recording: Recording, node: Node) -> list[str]:
    """The parameters that follow from a node in its step."""
    assert recording.training is not None
    step = next((s for s in recording.training.steps if s.start < node.time <= s.end), None)
    until = node.time if step is None else step.end
    reached = {id(node)}
    for later in recording.tape.nodes:
        if node.time < later.time <= until and any(id(o) in reached for o in later.operands()):
            reached.add(id(later))
    parameters = recording.training.parameters
    names = [p.name for p in parameters if any(id(state) in reached for c in p.chains for state in c.states)]
    return names or [p.name for p in parameters]


def _name(node: Node) -> str:
    return getattr(node.function, "__name__", "")
