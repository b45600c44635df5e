"""An array that lines write into, row by row or element by element: what of it a step changes, before and after.

Several lines may write the same rows, in any order: only the memory tells what an element was made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..watch.chains import Chain
from ..watch.naming import name_blocks
from ..watch.node import Node
from ..watch.steps import Parameter, Step, Training

Array = Any


class Block(list[Node]):
    """The nodes that hold a block of parameters, or its gradient.

    Args:
        picks: by node, which of its numbers belong to the block, and how many it has; None for all of them.
        places: which elements of an array these numbers are; None where they are no part of one.
    """

    def __init__(
        self, nodes: Iterable[Node], picks: list[tuple[Array, int] | None] | None = None, places: Array | None = None
    ) -> None:
        super().__init__(nodes)
        self.picks, self.places = picks, places


def flat(nodes: list[Node], values: Mapping[int, Any], otherwise: Any) -> Array:
    """The numbers of a block, one after the other.

    Args:
        otherwise: gives the value of a node that has none.
    """
    picks = getattr(nodes, "picks", None) or [None] * len(nodes)
    parts = []
    for node, pick in zip(nodes, picks, strict=True):
        value = np.asarray(values[id(node)] if id(node) in values else otherwise(node), dtype=float).ravel()
        parts.append(value[pick[0]] if pick is not None and value.size == pick[1] else value)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def united(training: Training) -> None:
    """Make one block of those that write the same elements of one array."""
    merged = False
    for p in [*training.parameters]:
        if p not in training.parameters or not _in_parts(p.chains):
            continue
        for chain in training.chains:
            if chain not in p.chains and chain.scope == p.chains[0].scope and _share(chain, p):
                for other in [q for q in training.parameters if chain in q.chains]:
                    training.parameters.remove(other)
                    p.chains += [c for c in other.chains if c is not chain]
                p.chains = sorted([*p.chains, chain], key=lambda c: c.states[0].time)
                merged = True
    if merged:
        training.others = [c for c in training.others if all(c not in p.chains for p in training.parameters)]
        name_blocks(training.tape, [*training.parameters, *training.lost])


def _in_parts(chains: list[Chain]) -> bool:
    return all(c.scope[0] == "memory" for c in chains) and any(_where(c) for c in chains)


def _where(chain: Chain) -> set[int]:
    """The elements that are written, where these are not all."""
    keys = {key[1][1] for key in chain.keys if key[1][0]}
    return {int(at) for key in keys if key is not None for at in np.frombuffer(key, dtype=np.int64)}


def _share(chain: Chain, parameter: Parameter) -> bool:
    """Whether a line of the block, or another one that writes the same elements, or all, makes these states."""
    mine, sites = _where(chain), set(chain.sites)
    return not mine or any(mine & _where(c) or sites & set(c.sites) for c in parameter.chains)


def written(training: Training, parameter: Parameter, step: Step) -> tuple[Block, Block] | None:
    """What of a block its lines write in a step, before and after it; None where it is no part of an array."""
    if not _in_parts(parameter.chains):
        return None
    tape, number = training.tape, parameter.chains[0].scope[1]
    first = [node for node in tape.nodes if id(node) in tape.buffers and id(tape.buffers[id(node)]) == number]
    if len(first) != 1 or first[0].value is None:
        return None
    sites = {site for chain in parameter.chains for site in chain.sites}
    size = int(np.size(first[0].value))
    records: list[Any] = [first[0]]
    owner, slot, touched = np.zeros(size, dtype=int), np.arange(size), np.zeros(size, dtype=bool)
    before: tuple[Array, Array] | None = None
    updated = {id(state): t for c in parameter.chains for t, state in zip(c.times, c.states[1:], strict=True)}
    for stored, scope, key, thing, site in tape.stores:
        if scope != ("memory", number):
            continue
        time = updated.get(id(thing), stored)  # a step ends with what is computed, and it is stored afterwards
        if time > step.end:
            break
        if before is None and time > step.start:
            before = owner.copy(), slot.copy()
        where = np.arange(size) if key is None else np.frombuffer(key, dtype=np.int64)
        owner[where], slot[where] = len(records), np.arange(where.size)
        records.append(thing)
        touched[where] = before is not None and site in sites
    if before is None or not touched.any():
        return None
    pieces: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at in np.flatnonzero(touched):
        pieces[int(before[0][at]), int(owner[at])].append(int(at))
    sides: tuple[list[Node], list[Node]] = [], []
    picks: tuple[list[Any], list[Any]] = [], []
    for (start, end), elements in pieces.items():
        for side, record, slots in ((0, records[start], before[1]), (1, records[end], slot)):
            if not isinstance(record, Node) or record.value is None:
                return None
            whole = int(np.size(record.value))
            numbers = slots[elements]
            sides[side].append(record)
            picks[side].append(None if np.array_equal(numbers, np.arange(whole)) else (numbers, whole))
    places = np.concatenate([*pieces.values()])
    return Block(sides[0], picks[0], places), Block(sides[1], picks[1], places)
