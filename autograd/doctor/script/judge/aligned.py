"""Feedback alignment: errors that go back through fixed random weights, on purpose, where those of the forward pass
belong.

Lillicrap et al., "Random synaptic feedback weights support error backpropagation for deep learning", 2016.
"""

from __future__ import annotations

import numpy as np

from ..watch.node import Node
from .candidates import Fault
from .locate import Locator
from .masks import draws_anew
from .match import matched
from .replay import ancestors, compute_node


def aligned(locator: Locator, faults: list[Fault]) -> list[Fault]:
    """The faults that are no more than that."""
    look = locator.look
    own = {id(n) for p in look.training.parameters for c in p.chains for n in _draws(c.states[0])}
    out = []
    for fault in faults:
        for k, fixed in enumerate(fault.first.args):
            draws = _draws(fixed) if isinstance(fixed, Node) and id(fixed) not in look.depends else []
            # its own draw may be the weights themselves, as they were once
            if draws and not any(draws_anew(look, n) or id(n) in own for n in draws) and _stands_for(locator, fault, k):
                out.append(fault)
                break
    return out


def _stands_for(locator: Locator, fault: Fault, k: int) -> bool:
    """Whether it is right with the weights of a layer in the place of an operand."""
    node, shape = fault.first, np.shape(fault.first.args[k].value)
    if getattr(node.function, "__name__", "") not in ("matmul", "dot") or len(shape) != 2:
        return False
    right = fault.right[id(node)]
    for start in (nodes[0] for nodes in locator.look.starts.values() if len(nodes) == 1):
        for turned in (False, True):
            made = []
            for values in locator.values:
                weights = np.asarray(values[id(start)])
                weights = weights.T if turned else weights
                if np.shape(weights) == shape:
                    made.append(compute_node(node, values | {id(node.args[k]): weights}))
            if len(made) == len(right) and matched(made, right).holds:
                return True
    return False


def _draws(node: Node) -> list[Node]:
    """The random numbers that something is made of."""
    return [n for n in ancestors([node], lambda n: n.name == "random") if n.name == "random"]
