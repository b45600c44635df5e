"""What is stepped like a parameter and was taken for none: its step does not follow from it, or no loss reads it."""

from __future__ import annotations

import numpy as np

from ..watch.chains import Chain
from ..watch.companions import is_velocity
from ..watch.direct import hyper, way_back
from ..watch.naming import name_blocks
from ..watch.node import Node, same_statement
from ..watch.steps import Parameter
from ..watch.tape import Tape
from .rates import number_in, written_rate
from .replay import ancestors
from .verdicts import Judgement


def left_out(found: Judgement) -> tuple[list[Parameter], list[Parameter]]:
    """What is stepped with the rate of the parameters, not by what follows from itself; what the loss reads first."""
    look, tape = found.look, found.look.training.tape
    rates = {written_rate(look, end) for ends in look.ends.values() for end in ends} - {None}
    assert found.reading is not None
    reads = {id(node) for node in ancestors(found.reading.roots, look._is_leaf)}
    functions = {p.site.function for p in look.training.parameters}
    groups: tuple[list[Parameter], list[Parameter]] = [], []
    idle, last = [c for p in look.training.idle for c in p.chains], max(n.time for n in found.reading.roots)
    states = {id(n) for nodes in (*look.starts.values(), *look.ends.values()) for n in nodes}
    for chain in look.training.others:
        start, end = chain.state_at(look.step.start), chain.state_at(look.step.end)
        if len(chain.states) < 3 or start is end or end.site is None or not _settled(chain):
            continue
        if np.size(end.value) == 1 and id(end) in reads:
            continue  # it is the loss, summed up: `loss += 0.5 * error**2`, and the rate is 0.5, too
        if len(way_back(end, {id(start)})) < 2:  # a number that the script computes from others than traced ones
            own = end.function is None and end.site.kind == "augmented" and np.asarray(end.value).dtype.kind == "f"
            if own and id(start) in reads and end.site.function in functions:
                look.training.lost.append(Parameter("", [chain], chain.sites[0]))
            continue
        made = _made_there(end, look.step.start)
        block, read = Parameter("", [chain], chain.sites[0]), id(start) in reads
        if is_velocity(block, look.training.parameters, look.step) or any(
            id(o) in states
            for node in made
            for o in node.operands()  # an average of parameters
        ):
            continue
        factors = {abs(number_in(look, a)) for node in made for a in node.args if hyper(a) and np.size(a) < 2}
        if factors & rates and (read or not _reads(tape, chain)):
            groups[not read].append(block)
        elif (chain in idle and (factors & rates or _is_apart(found, chain))) or (
            read and end.time > last and end.site.function in functions
        ):
            look.training.lost.append(block)
    name_blocks(tape, [*look.training.parameters, *look.training.lost, *groups[0], *groups[1]])
    return groups


def _is_apart(found: Judgement, chain: Chain) -> bool:
    """Whether an array is used, and neither for the loss nor for the steps of others: its trace was lost on the way."""
    look = found.look
    start = chain.state_at(look.step.start)
    return chain.size > 1 and id(start) not in look.to_end and _reads(look.training.tape, chain)


def _made_there(end: Node, since: int) -> list[Node]:
    """A state and what it is made of in its own statement; a loop's line may make those of others, too."""
    found, stack = dict[int, Node](), [end]
    while stack:
        node = stack.pop()
        if id(node) not in found and node.time > since and same_statement(node, end):
            found[id(node)] = node
            stack += node.operands()
    return [*found.values()]


def _settled(chain: Chain) -> bool:
    """Whether the same line makes each of its states: it is not what a loop over samples adds up."""
    return len({site.number for site in chain.sites}) == 1


def _reads(tape: Tape, chain: Chain) -> bool:
    """Whether anything but its own next state is computed from a state."""
    states = {id(state) for state in chain.states}
    return any(id(n) not in states and any(id(o) in states for o in n.operands()) for n in tape.nodes)
