"""Scripts with an engine of their own: one line, `self.v + o.v` in a method, computes the loss and much else."""

from __future__ import annotations

from ..watch.node import Node
from ..watch.sites import Site
from .look import Look
from .replay import ancestors


def place_of_loss(node: Node) -> tuple[int, ...]:
    """The place of a loss, and those of the calls in which it was computed: the same in every step."""
    found, context = [-1 if node.site is None else node.site.number], node.context
    while context is not None:
        found.append(context[1])
        context = context[0]
    return tuple(found)


def computed_on(again: list[Node], terminal: list[Node], within: set[int]) -> set[int]:
    """Those that another of the same place is computed from: they are no losses of runs of their own."""
    found: set[int] = set()
    for site in {node.site for node in again}:
        known = _before([n for n in terminal if n.site is site], within)
        found |= {id(node) for node in again if node.site is site and id(node) in known}
    return found


def own_site(look: Look, node: Node) -> Site | None:
    """The line that computes nothing but a loss: that of its innermost call where the line itself computes more, which
    the loss is made of.
    """  # fmt: skip
    parts = _before([node], look.depends)
    places = [place_of_loss(each) for each in look.program.steps if id(each) in parts and each.site is not None]
    mine = place_of_loss(node)
    for k, number in enumerate(mine):
        if number >= 0 and all(place[j:] == mine[k:] for place in places for j, at in enumerate(place) if at == number):
            return node.site if k == 0 else look.training.tape.sites[number]
    return node.site


def _before(nodes: list[Node], within: set[int]) -> set[int]:
    """What some nodes are computed from."""
    operands = (operand for node in nodes for operand in node.operands())
    return {id(node) for node in ancestors(operands, lambda node: id(node) not in within)} & within
