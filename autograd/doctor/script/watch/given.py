"""What a training is given: an array that was put together of many single numbers before it begins is taken as it is.

How each pixel of a picture was read is nobody's question, and thousands of such nodes would be computed at each look.
"""

from __future__ import annotations

import itertools

from .node import Node
from .steps import Training

MANY = 256  # numbers that are still told one by one


def taken_as_given(training: Training) -> None:
    """Make leaves of what was put together of many numbers, none of which follows from a parameter."""
    start = training.steps[0].start
    made = {id(state) for p in training.parameters for chain in p.chains for state in chain.states}
    large: list[Node] = []
    for node in training.tape.nodes:
        if node.time > start:
            break
        if any(id(operand) in made for operand in node.operands()):
            made.add(id(node))
        elif id(node) not in made and next(itertools.islice(node.operands(), MANY, None), None) is not None:
            large.append(node)
    for node in large:
        node.function, node.args, node.kwargs, node.plan = None, (), {}, None
    if large:
        _forget_the_unread(training, start)


def _forget_the_unread(training: Training, start: int) -> None:
    """Without the single numbers that nothing is computed from any more."""
    tape = training.tape
    read = {id(operand) for node in (*tape.nodes, *tape.conditions) for operand in node.operands()}
    read |= {id(thing) for _, _, _, thing, _ in tape.stores}
    tape.nodes = [node for node in tape.nodes if node.time > start or id(node) in read]
