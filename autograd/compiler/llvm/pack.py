"""Finding vectors in a program of single numbers: instructions that do the same to neighbouring numbers go together.

A batch of one sample leaves nothing to vectorise over but the program itself, in which the neurons of a layer do the
same thing next to each other. Starting from neighbouring outputs (the derivatives to neighbouring weights),
instructions of the same kind are packed, then their operands, and so on. No sum is reordered: results do not change.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..scalar.program import LEAVES, Program

Lanes = tuple[int, ...]
"""Instructions that stand side by side."""


@dataclass
class Packing:
    """Which instructions go together.

    Args:
        members: of each pack; an instruction is in one pack at most.
        place: the pack and lane of an instruction.
        order: instructions, and packs k as ~k, in an order in which they can run.
    """

    lanes: int
    members: list[Lanes] = field(default_factory=list)
    place: dict[int, tuple[int, int]] = field(default_factory=dict)
    found: dict[Lanes, int] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)


def pack(program: Program, order: Sequence[int], outputs: Sequence[int], lanes: int) -> Packing:
    """Pack what can be packed. Where that is nothing, no order is looked for either.

    Args:
        order: the instructions that are not leaves, in order.
        lanes: how many numbers go together.
    """
    packing = Packing(lanes)
    partners: dict[Lanes, list[int]] = {}
    _grow(program, packing, _chunks(outputs, lanes), partners)
    while partners:
        waiting = sorted(partners.items(), key=lambda item: program.ops[item[0][0]] in LEAVES)
        partners = {}
        for _, multiplied in waiting:
            _grow(program, packing, _chunks(list(dict.fromkeys(multiplied)), lanes), partners)
    if packing.members:
        _arrange(program, packing, order)
    return packing


def _chunks(listed: Sequence[int], lanes: int) -> Iterable[Lanes]:
    return [tuple(listed[k : k + lanes]) for k in range(0, len(listed) - lanes + 1, lanes)]


def _grow(program: Program, packing: Packing, seeds: Iterable[Lanes], partners: dict[Lanes, list[int]]) -> None:
    """Pack the seeds, their operands, and theirs. What one number is multiplied by is noted under `partners`."""
    for seed in seeds:
        stack = [seed]
        while stack:
            members = stack.pop()
            if not _fits(program, packing, members):
                continue
            number = len(packing.members)
            packing.members.append(members)
            packing.found[members] = number
            for lane, i in enumerate(members):
                packing.place[i] = (number, lane)
            columns = operand_columns(program, members)
            stack.extend(columns)
            for k, column in enumerate(columns):
                if len(columns) == 2 and column.count(column[0]) == len(column) and program.args[column[0]]:
                    partners.setdefault(columns[1 - k], []).append(column[0])


def _fits(program: Program, packing: Packing, members: Lanes) -> bool:
    op = program.ops[members[0]]
    if op in LEAVES or len(set(members)) < len(members):
        return False
    return all(program.ops[i] == op and i not in packing.place for i in members)


def operand_columns(program: Program, members: Lanes) -> list[Lanes]:
    """The operands of packed instructions: one tuple for the first operands, one for the second, ..."""
    return list(zip(*(program.args[i] for i in members), strict=True))


def _arrange(program: Program, packing: Packing, order: Sequence[int]) -> None:
    """An order in which every pack comes after all it needs. A pack that waits for itself is taken apart."""
    place, members = packing.place, packing.members
    node_of = {i: ~place[i][0] if i in place else i for i in order}
    needs: dict[int, int] = {}
    users: dict[int, list[int]] = {}
    for node in dict.fromkeys(node_of.values()):
        given = {node_of[arg] for i in _parts(members, node) for arg in program.args[i] if arg in node_of}
        needs[node] = len(given)
        for each in given:
            users.setdefault(each, []).append(node)
    ready = [(max(_parts(members, node)), node) for node, count in needs.items() if not count]
    heapq.heapify(ready)
    done: list[int] = []
    while ready:
        _, node = heapq.heappop(ready)
        done.append(node)
        for user in users.get(node, ()):
            needs[user] -= 1
            if not needs[user]:
                heapq.heappush(ready, (max(_parts(members, user)), user))
    if len(done) == len(needs):
        packing.order = done
        return
    reached = set(done)
    for node in needs:
        if node < 0 and node not in reached:
            for i in members[~node]:
                del place[i]
            del packing.found[members[~node]]
    _arrange(program, packing, order)  # everything that waited is apart now, so this is the last time


def _parts(members: Sequence[Lanes], node: int) -> Lanes:
    return (node,) if node >= 0 else members[~node]
