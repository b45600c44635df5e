"""One value that no usual mistake explains, taken for two mistakes: an earlier one, and what is wrong besides.

Where a line is right with right operands, its operands are to blame. Else what is put right first is an operand, or
what puts a part of the block right, or the value itself, for something else; then what is left is judged once more.
Two mistakes that have a name each are likelier than one that has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from ..watch.limits import Limit
from ..watch.node import Node, same_statement
from .blame import place
from .candidates import CLOSE, Change, Fault
from .explain import Explainer
from .handed import Handed, as_fault, columns, options, traced, with_the_rest_right
from .in_common import in_common
from .locate import Locator
from .match import matched
from .quantities import Quantity

CERTAIN = {"dropped-edge", "overwritten", "missing-penalty"}  # exactly a term of what it should be: no coincidence
UNTOLD = {"unrecognised", "not-finite"}  # these name no mistake
SECONDS = 5.0
ALL = 8.0  # seconds for all faults of a script: those that are left stay as they are
MOST = 4  # earlier mistakes that are tried for one value
LEVELS = 3  # of the forward pass, from what a value belongs to on to what its operand belongs to

Test = Callable[[Fault], bool]


def peeled(locator: Locator, faults: list[Fault], hopeless: Test, seconds: float) -> list[Fault]:
    """The faults, with several in the place of one that cannot be mended where these explain it better.

    Args:
        hopeless: whether no line to write puts a fault right.
        seconds: that there are for it.
    """
    out: list[Fault] = []
    until = time.process_time() + min(ALL, seconds)
    given, faults = faults, in_common(locator, faults, lambda f: _name(locator, f) == "unrecognised", hopeless)
    for each in faults:
        fault, left = each, until - time.process_time()
        if any(one not in faults for one in out):  # it was found with something else in the place of an earlier one
            locator.put_right(locator.fixed)
            now = with_the_rest_right(locator, fault)
            if now is None:
                locator.fixed = {key: v for key, v in locator.fixed.items() if key not in fault.right}
                continue
            fault = now
        several = [fault]
        if not fault.sure and left > 0:
            with Limit(left, work=True):
                several = _several(locator, fault, out, hopeless, _name(locator, fault) == "unrecognised")
        out += several
        locator.fixed = {key: v for key, v in locator.fixed.items() if key not in fault.right} | _right(several)
    locator.put_right(locator.fixed)
    place(locator, [fault for fault in out if fault not in given], out)
    return out


def _several(locator: Locator, fault: Fault, before: list[Fault], hopeless: Test, nameless: bool) -> list[Fault]:
    """What makes a fault; itself, where it is one mistake."""
    lost = hopeless(fault)
    if not (lost or nameless):
        return [fault]
    fixed, kept = _right(before), locator.fixed
    try:
        locator.put_right(fixed | fault.right)  # at the other turns of a loop
        vouched = any(v.right for v in locator.found.verdicts.values())  # else another loss may be meant
        several = traced(locator, fault) if vouched else [fault]
        if several == [fault]:
            locator.put_right(fixed)
            several = _pair(locator, fault, fixed, hopeless, nameless, lost) or [fault]
    except Exception:
        several = [fault]
    finally:
        locator.put_right(kept)
    return several


def _right(faults: list[Fault]) -> Change:
    return {key: values for fault in faults for key, values in fault.right.items()}


def _name(locator: Locator, fault: Fault) -> str:
    try:
        return Explainer(locator, fault).cause().name
    except Exception:
        return "unrecognised"


def _pair(
    locator: Locator, fault: Fault, fixed: Change, hopeless: Test, nameless: bool, lost: bool
) -> list[Fault] | None:  # fmt: skip
    """Two mistakes that make a fault.

    Args:
        lost: whether nothing can be written for it; else the same value is looked at only, as what it should be
            further on: `/ np.sqrt(d)` in the line of a softmax may be what a line behind it lacks.
    """
    until = time.process_time() + SECONDS

    def mended(one: Fault, other: Fault) -> bool:
        place(locator, [one])
        locator.put_right(fixed | other.right | one.right)
        return not hopeless(one)

    def likelier(first: Fault, name: str, rest: Fault) -> bool:
        """Whether two mistakes are likelier than one."""
        if first.wanted == fault.wanted and first.scale != fault.scale:  # what is behind lacks the factor, and no more
            behind = rest.rescaled is not None and not same_statement(rest.first, first.first)
            return behind and mended(rest, first) and mended(first, rest)
        known = _name(locator, rest)  # with the first put right
        if nameless and {name, known} & CERTAIN:
            return True
        if UNTOLD & {name, known}:
            return False
        return nameless or (vouched and mended(rest, first) and mended(first, rest))

    fault = _wrong_turns(fault)
    operands = list(islice(_operands(locator, fault), MOST if lost else 0))
    vouched = any(v.right for v in locator.found.verdicts.values())
    others = list(islice(_for_something_else(locator, fault), MOST if vouched else 0))
    for first in [*operands, *others, *(fault.halves[:MOST] if lost else ())]:
        if time.process_time() > until:
            break
        turns = fault.right if first in operands and len(fault.nodes) > 1 else {}  # what other turns hand on is right
        locator.put_right(fixed | turns)
        first = (with_the_rest_right(locator, first) if turns else None) or first
        name = _name(locator, first)
        locator.put_right(fixed | turns | first.right)
        rest = _found(locator, fault) if first in others else _left(locator, fault)
        if rest is not None and likelier(first, name, rest):
            locator.put_right(fixed | first.right)
            rest = _earlier(locator, fault, rest)
            return sorted((replace(first, repairs=[*fault.repairs]), rest), key=lambda f: f.first.time)
    return None


def _wrong_turns(fault: Fault) -> Fault:
    """A fault without the turns of a loop at which nothing is wrong."""
    there = [n for n in fault.nodes if fault.moves(n)] or fault.nodes
    return replace(fault, nodes=there, wanted=[fault.wanted[fault.nodes.index(n)] for n in there])


def _left(locator: Locator, fault: Fault) -> Fault | None:
    """What is wrong with the value now; None where nothing is, or all that was."""
    rest = with_the_rest_right(locator, fault)
    still = rest is None or all(np.allclose(x, y, rtol=1e-9) for n in fault.nodes
                                for x, y in zip(rest.wrong[id(n)], fault.wrong[id(n)], strict=True))  # fmt: skip
    return None if still else rest


def _found(locator: Locator, fault: Fault) -> Fault | None:
    """The one mistake that is left in the blocks of a fault now."""
    locator.until = time.process_time() + SECONDS
    rest = locator._next([*fault.repairs])
    return rest if rest is not None and set(rest.repairs) >= set(fault.repairs) else None


def _earlier(locator: Locator, fault: Fault, rest: Fault) -> Fault:
    """What is left, where it is made: by the formula of a slope, and not by the line that asks for the slope."""
    found = _found(locator, fault)
    made = found is not None and found.wanted[0].kind == "slope" and found.first.time < rest.first.time
    return found if made and found is not None else rest


def _operands(locator: Locator, fault: Fault) -> Iterator[Fault]:
    """The operands of a value, each with the cotangent that belongs there, where it has another one; or with what comes
    back by one path, as from the next turn of a loop.
    """  # fmt: skip
    bars = {id(q.node): q for q in locator.quantities.bars}
    paths = [*locator.quantities.parts, *locator.quantities.rests]
    near: dict[int, dict[int, Quantity]] = {}  # by turn: what may come in there
    for node, wanted in zip(fault.nodes, fault.wanted, strict=True):
        may = [*(q for q in paths if q.node is wanted.node), *_beyond(locator, wanted.node, bars)]
        near[id(node)] = {id(q): q for q in may}

    def reader(operand: Node) -> int:
        return id(next((n for n in fault.nodes if n.time > operand.time), fault.nodes[-1]))

    def fits(operand: Node) -> bool:
        theirs = [np.asarray(v[id(operand)], dtype=float) for v in locator.values]
        same = (q for q in near[reader(operand)].values() if q.size == theirs[0].size)
        return any((m := matched(theirs, q.values)).holds and m.scale > 0 for q in same)

    kept = locator.fixed
    locator.put_right(kept | fault.right)  # what comes out right now is not to blame
    guilty = [c for c in columns(locator, fault) if not all(map(fits, c))]
    locator.put_right(kept)
    for column in guilty:
        likely: dict[tuple[int, ...], Handed] = {}
        for handed in options(locator, column, fault.scale):
            if all(id(q) in near[reader(n)] for n, q in zip(handed.nodes, handed.wanted, strict=True)):
                likely.setdefault(tuple(map(id, handed.wanted)), handed)
        for handed in sorted(likely.values(), key=lambda h: h.wanted[0].kind == "bar"):
            yield from _told(locator, fault, handed)


def _for_something_else(locator: Locator, fault: Fault) -> Iterator[Fault]:
    """The value itself, with the factor that it has by custom; as what it should be further on; or as the slope of a
    part of what it is the slope of.
    """  # fmt: skip
    bars = {id(q.node): q for q in locator.quantities.bars}
    near = {id(q) for wanted in fault.wanted for q in _beyond(locator, wanted.node, bars)}
    single, usual = len(fault.nodes) == 1, locator.by_convention(fault.first)
    given = abs(fault.scale * _scaled_by(locator, fault.first))
    if fault.wanted[0].kind == "bar" and fault.rescaled is None and abs(given - usual) > CLOSE * usual:
        right = {key: [usual / abs(fault.scale) * v for v in values] for key, values in fault.right.items()}
        scaled = replace(fault, scale=usual if fault.scale > 0 else -usual)
        yield from _told(locator, scaled, Handed(fault.nodes, fault.wanted, fault.turned, right))
    for handed in options(locator, fault.nodes, fault.scale) if fault.wanted[0].kind == "bar" else ():
        if all(id(q) in near for q in handed.wanted):
            yield from _told(locator, fault, handed)
    for slope in locator.quantities.slopes if single and fault.wanted[0].kind == "slope" else ():
        if slope.start is fault.wanted[0].start and slope is not fault.wanted[0] and slope.size == fault.wanted[0].size:
            key, shape = id(fault.first), np.shape(fault.right[id(fault.first)][0])
            right = {key: [np.reshape(v, shape) for v in slope.values]}
            yield from _told(locator, fault, Handed(fault.nodes, [slope], False, right))


def _scaled_by(locator: Locator, node: Node) -> float:
    """What the rest of a statement multiplies a value by: `/ np.sqrt(d)` in `d_k = d_s @ q / np.sqrt(d)`."""
    at, factor = node, 1.0
    while len(readers := [n for n in locator.look.consumers.get(id(at), ()) if same_statement(n, node)]) == 1:
        one, other = ([np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in (at, readers[0]))
        match = matched(other, one)
        if np.shape(one[0]) != np.shape(other[0]) or not match.holds or not match.scale:
            break
        at, factor = readers[0], factor * match.scale
    return factor


def _told(locator: Locator, fault: Fault, handed: Handed) -> Iterator[Fault]:
    made = as_fault(locator, replace(fault, eases=[*fault.repairs], repairs=[]), handed, handed.nodes)
    if any(map(made.moves, made.nodes)) and made.rescaled is None:
        yield made


def _beyond(locator: Locator, node: Node, bars: dict[int, Quantity]) -> list[Quantity]:
    """The cotangents of what is computed from a node in the forward pass, nearest first."""
    found: list[Quantity] = []
    level = [node]
    for _ in range(LEVELS):
        level = [c for n in level for c in locator.quantities.consumers.get(id(n), ())][:LEVELS]
        found += [bars[id(n)] for n in level if id(n) in bars]
    return found
