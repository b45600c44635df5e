"""What the lines around a value tell of a sign, or a factor, that it seems to lack: they may be the ones to have it."""

from __future__ import annotations

from typing import Protocol

from ..watch.node import Node, same_statement
from .candidates import CLOSE, Change, Fault
from .look import Look
from .rates import number_in

PRODUCTS = ("mul", "multiply", "truediv", "divide")


class Ranks(Protocol):
    """What is asked of the one that ranks faults, a `Ranking`."""

    look: Look
    fixed: Change

    @property
    def erring(self) -> set[int]: ...

    @property
    def named(self) -> set[int]: ...

    def factor(self, node: Node) -> float | None: ...

    def factors_before(self, node: Node, beyond: bool = False) -> list[float]: ...


def has_its_sign(known: Ranks, node: Node) -> bool:
    """Whether a whole statement, `dmu = -1 * np.sum(d)`, has the sign of what it is computed from: then the parts of it
    may have the other, and whoever turns it about later is to blame.
    """  # fmt: skip
    whole = _whole(known, node)
    mine = known.factor(whole) if id(whole) in known.named else None
    theirs = known.factors_before(whole, beyond=True) if mine is not None else []
    return mine is not None and bool(theirs) and all(f * mine > 0 for f in theirs)


def has_it_behind(known: Ranks, fault: Fault) -> bool:
    """Whether a line that reads a value, and is wrong for another reason, has the factor itself that the value seems to
    lack: `db = 1 / m * np.sum(dz)` beside `dw = x.T @ dz`.
    """  # fmt: skip
    factor, consumers = fault.rescaled, known.look.consumers
    stack, seen = [*fault.nodes], set[int]()
    while stack and factor is not None:
        for node in consumers.get(id(stack.pop()), ()):
            if id(node) in seen or id(node) not in known.erring:
                continue
            seen.add(id(node))
            if id(node) not in known.fixed:
                stack += [node] if same_statement(node, fault.first) or _leads_to_fixed(known, node) else []
                continue
            if any(abs(f - abs(factor)) <= CLOSE * f for f in _factors_of_line(known, node)):
                return True
    return False


def _leads_to_fixed(known: Ranks, node: Node) -> bool:
    """Whether a value is read in its own line by what was put right."""
    readers = known.look.consumers.get(id(node), ())
    return any(id(n) in known.fixed or _leads_to_fixed(known, n) for n in readers if same_statement(n, node))


def _factors_of_line(known: Ranks, node: Node) -> list[float]:
    """The plain numbers that the line of a value multiplies and divides by, from this value on."""
    at, found = node, list[float]()
    while True:
        kind = getattr(at.function, "__name__", "")
        numbers = [abs(f) for arg in at.args if (f := number_in(known.look, arg))] if kind in PRODUCTS else []
        found += [1.0 / f if kind in PRODUCTS[2:] else f for f in numbers]
        readers = [n for n in known.look.consumers.get(id(at), ()) if same_statement(n, node)]
        if len(readers) != 1:
            return found
        at = readers[0]


def _whole(known: Ranks, node: Node) -> Node:
    """What a statement gives in the end."""
    while id(node) not in known.named:
        readers = [n for n in known.look.consumers.get(id(node), ()) if same_statement(n, node)]
        if len(readers) != 1:
            break
        node = readers[0]
    return node
