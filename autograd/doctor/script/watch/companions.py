"""States that go along with parameters and are none themselves: velocities, and means of what the parameters were."""

from __future__ import annotations

from typing import Any

from .node import Node, assembled


def is_velocity(parameter: Any, among: list[Any], step: Any) -> bool:
    """Whether the new state is what another parameter changes by: of Nesterov's momentum, say.

    Of several numbers each is what a number of the others changes by.
    """
    taken: set[tuple[int, int]] = set()
    for chain in (chain for other in among if other is not parameter for chain in other.chains):
        taken |= {(id(change), chain.size) for change in _changes(chain.state_at(step.end))}
    return all((id(chain.state_at(step.end)), chain.size) in taken for chain in parameter.chains)


def is_summed_for(chain: Any, other: Any) -> bool:
    """Whether a state is a sum, added to several times for each time that another changes by it."""
    if len(chain.times) <= len(other.times):
        return False
    sums = set(map(id, chain.states))
    changes = [change for state in other.states[1:3] for change in _changes(state) if isinstance(change, Node)]
    parts = (part for change in changes if change.function is assembled for part in change.operands())
    return any(id(each) in sums for each in (*changes, *parts))


def _changes(state: Node) -> list[Any]:
    """What a state is changed by, but for numbers that were written down."""
    name = getattr(state.function, "__name__", "")
    added = state.args if name == "add" else state.args[1:] if name in ("sub", "subtract") else ()
    return [_multiple(operand) for operand in added]


def _multiple(thing: Any) -> Any:
    """What something is a multiple of, by numbers that were written down: the velocity in `w - rate * v`."""
    while isinstance(thing, Node) and getattr(thing.function, "__name__", "") in ("mul", "multiply", "neg", "linked"):
        inside = [arg for arg in thing.args if isinstance(arg, Node) and not arg.hyper]
        if len(inside) != 1:
            break
        thing = inside[0]
    return thing


def is_of_squares(parameter: Any) -> bool:
    """Whether squares are added to the state, and nothing else: what Adagrad keeps of the gradients."""
    ends = [chain.states[-1] for chain in parameter.chains]
    changes = [_changes(end) if getattr(end.function, "__name__", "") in ("add", "iadd") else [] for end in ends]
    return all(any(map(_is_square, each)) for each in changes)


def _is_square(thing: Any) -> bool:
    kind = getattr(thing.function, "__name__", "") if isinstance(thing, Node) else ""
    if kind in ("mul", "multiply"):
        return thing.args[0] is thing.args[1]
    return kind == "square" or (kind in ("pow", "power") and not isinstance(thing.args[1], Node) and thing.args[1] == 2)


def is_average(parameter: Any, among: list[Any], step: Any) -> bool:
    """Whether the new state is made of the old one and of other parameters alone: a mean of them that moves along."""
    own = {id(state) for chain in parameter.chains for state in chain.states}
    others = {id(state) for p in among if p is not parameter for chain in p.chains for state in chain.states}
    stack: list[Any] = [chain.state_at(step.end) for chain in parameter.chains]
    own -= set(map(id, stack))
    mixed, known = False, 0
    while stack and known < 60:
        node = stack.pop()
        known += 1
        if not isinstance(node, Node) or node.hyper or id(node) in own:
            continue
        if id(node) in others:
            mixed = True
            continue
        name = getattr(node.function, "__name__", "")
        if name not in ("add", "sub", "subtract", "mul", "multiply", "truediv", "divide", "copy", "linked", "neg"):
            return False
        stack += node.args
    return mixed and known < 60
