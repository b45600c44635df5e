"""Chains of states in a tape: what is stored again and again, each time made from what it was before.

A parameter is a chain, and so are a momentum, a counter and a sum of losses; `steps.py` tells them apart.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .direct import FAR, SAME, beside, direct, way_back
from .node import Node, assembled, comes_from, linked
from .sites import Site
from .tape import Tape


@dataclass(eq=False)
class Chain:
    """The states of one number or array: `states[0]` before the first update that was seen."""

    states: list[Node]
    times: list[int]
    sites: list[Site]
    keys: list[Any]
    number: int = 0
    scope: tuple[str, int] = ("", 0)

    @property
    def size(self) -> int:
        return int(np.size(self.states[-1].value)) if self.states[-1].value is not None else 2

    @cached_property
    def changing(self) -> bool:
        """Whether one line updates other elements nearly each time: the rows of the words in a sentence."""
        return self.scope[0] == "memory" and len({*self.sites}) == 1 and len({*self.keys}) > len(self.keys) / 2

    def state_at(self, time: int) -> Node:
        """The latest state at a time."""
        found = self.states[0]
        for at, state in zip(self.times, self.states[1:], strict=True):
            if at <= time:
                found = state
        return found


def find_chains(tape: Tape) -> list[Chain]:
    """Every state that is stored again and again, each made from the one before."""
    first: dict[int, tuple[int, Node, Site, Any, tuple[str, int]]] = {}
    for _, scope, key, thing, site in tape.stores:
        if (
            isinstance(thing, Node)
            and id(thing) not in first
            and site.kind in ("store", "augmented", "call")
            and _changes(thing)
        ):
            where = (scope[0] == "memory", key if scope[0] == "memory" else None)
            first[id(thing)] = (thing.time, thing, site, where, scope)
    chains: list[Chain] = []
    member: dict[int, Chain] = {}
    for time, node, site, key, scope in sorted(first.values(), key=lambda event: event[0]):
        chain = _before(node, site, member)
        if chain is None:
            origin = _origin(node)
            if origin is None:
                continue
            chain = Chain([origin], [], [], [], len(chains), scope)
            chains.append(chain)
        chain.states.append(node)
        chain.times.append(time)
        chain.sites.append(site)
        chain.keys.append((site.number, key))
        member[id(node)] = chain
    return _joined([chain for chain in chains if len(chain.states) > 1], member)


def _changes(node: Node) -> bool:
    """Whether it is made by arithmetic; a copy, or an element that was read, is no new state."""
    function = node.function
    name = getattr(function, "__name__", "")
    if function is None or function in (linked, assembled, operator.getitem) or name in SAME:
        return False
    return node.value is None or np.asarray(node.value).dtype.kind in "fiu"


def _before(node: Node, site: Site, member: dict[int, Chain]) -> Chain | None:
    """The chain of this site whose latest state this one was made from."""
    past = (chain for state in _past(node) if _fits(node, state) and (chain := member.get(id(state))))
    return next((chain for chain in past if chain.sites[-1] is site), None)


def _fits(node: Node, before: Node) -> bool:
    """Whether they may be states of one thing; what begins as one number may become an array."""
    sizes = {int(np.size(each.value)) for each in (node, before) if each.value is not None} - {1}
    return len(sizes) < 2


def _past(node: Node, most: int = 300) -> Iterator[Node]:
    """What a state is a change of, and what that is a change of; nearest first."""
    level: list[Any] = direct(node)
    known: set[int] = set()
    for _ in range(FAR):
        further = []
        for at in level:
            if isinstance(at, Node) and id(at) not in known and len(known) < most:
                known.add(id(at))
                yield at
                further += direct(at)
        level = further
        if not level:
            return


def _origin(node: Node) -> Node | None:
    """What the first state was made from: the first operand on the way that was made somewhere else."""
    ways = direct(node)
    for _ in range(FAR):
        if not ways:
            return None
        at = ways[0]
        if not isinstance(at, Node):
            return Node(None, (), {}, float(at), None, 0, "literal")
        here, there = node.site, at.site
        same = (
            here is not None and there is not None and there.statement == here.statement and there.source is here.source
        )
        ways = direct(at)
        if not ways or not (same or getattr(at.function, "__name__", "") in ("copy", "linked")):
            return at
    return None


def _joined(chains: list[Chain], member: dict[int, Chain]) -> list[Chain]:
    """Chains of one variable that several lines update in turn become one."""
    made_from: dict[int, set[int]] = {chain.number: set() for chain in chains}
    for chain in chains:
        for state in chain.states[1:40]:
            for earlier in _past(state, 40):
                other = member.get(id(earlier))
                if other is not None and other.number in made_from and _fits(state, earlier):
                    made_from[chain.number].add(other.number)
                    break
    groups: dict[int, int] = {}
    by_number = {chain.number: chain for chain in chains}
    for chain in chains:
        for number in made_from[chain.number]:
            in_turn = chain.number in made_from[number] or _branches(chain, by_number[number])
            if number != chain.number and in_turn:
                groups[chain.number] = min(groups.get(chain.number, chain.number), groups.get(number, number))
    by_group: dict[int, list[Chain]] = defaultdict(list)
    for chain in chains:
        by_group[groups.get(chain.number, chain.number)].append(chain)
    found = []
    for members in by_group.values():
        if len(members) == 1:
            found += members
            continue
        rows = [row for c in members for row in zip(c.times, c.states[1:], c.sites, c.keys, strict=True)]
        rows.sort(key=lambda row: row[0])
        first = min(members, key=lambda c: c.times[0])
        columns = [list(column) for column in zip(*rows, strict=True)]
        found.append(
            Chain([first.states[0], *columns[1]], columns[0], columns[2], columns[3], first.number, first.scope)
        )
    return found


def _branches(one: Chain, other: Chain) -> bool:
    """Whether two lines of one turn of a loop change the same array, each as a whole: an `if` and its `else`."""
    a, b = one.sites[0], other.sites[0]
    whole = all(key[1] == (True, None) for key in (one.keys[0], other.keys[0]))
    here = a.function == b.function and a.loops == b.loops != () and a is not b
    return whole and one.scope == other.scope and here and {*one.sites} == {a} and {*other.sites} == {b}


def depends_on_itself(chain: Chain) -> bool:
    """Whether what is added to a state depends on an earlier state of it, one or two cycles back.

    A cycle may end with what adds nothing, as clipping does.
    """
    count = len(chain.keys)
    for k in sorted({count - 1, count - 2, min(count - 1, 3), 2, 1}, reverse=True):
        if not 1 <= k < count:
            continue
        before = [j for j in range(k) if chain.changing or chain.keys[j] == chain.keys[k]]
        since = chain.states[before[-1]].time if before else 0
        earlier = chain.states[: k + 1]
        ways = beside(way_back(chain.states[k + 1], set(map(id, earlier)))) if before else ()
        if comes_from({id(state) for state in earlier if state.time >= since}, ways, since):
            return True
    return False
