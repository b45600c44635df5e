"""What there is to say of one block of parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..watch.node import Node
from .match import Match


@dataclass(eq=False)
class Verdict:
    """What was found about one block.

    Args:
        name: of the block.
        change: (after - before) against minus the right gradient.
        gradient: the node, or nodes, of the script that hold the gradient, and how they compare; None if there is none.
        right: whether the step follows the right gradient downhill.
        rule: "plain", or what kind of step it is.
        silent: the right gradient is zero wherever one looked.
        exact: whether the step is computed from the gradient itself, no multiple of it.
    """

    name: str
    change: Match
    gradient: Match | None = None
    nodes: list[Node] = field(default_factory=list)
    right: bool = False
    rule: str = "plain"
    uphill: bool = False
    silent: bool = False
    exact: bool = False
    decay: float = 0.0
    factor: float = 1.0
