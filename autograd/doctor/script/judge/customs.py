"""What the lines around a value tell of a sign, or a factor, that it seems to lack: they may be the ones to have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..watch.node import Node, same_statement
from .candidates import CLOSE, Fault
from .rates import number_in

if TYPE_CHECKING:
    from .ranking import Ranking

PRODUCTS = ("mul", "multiply", "truediv", "divide")


def has_its_sign(ranking: Ranking, node: Node) -> bool:
    """Whether a whole statement, `dmu = -1 * np.sum(d)`, has the sign of what it is computed from: then the parts of it
    may have the other, and whoever turns it about later is to blame.
    """  # fmt: skip
    whole = _whole(ranking, node)
    mine = ranking.factor(whole) if id(whole) in ranking.named else None
    theirs = ranking.factors_before(whole, beyond=True) if mine is not None else []
    return mine is not None and bool(theirs) and all(f * mine > 0 for f in theirs)


def has_it_behind(ranking: Ranking, fault: Fault) -> bool:
    """Whether a line that reads a value, and is wrong for another reason, has the factor itself that the value seems to
    lack: `db = 1 / m * np.sum(dz)` beside `dw = x.T @ dz`.
    """  # fmt: skip
    factor, consumers = fault.rescaled, ranking.look.consumers
    stack, known = [*fault.nodes], set[int]()
    while stack and factor is not None:
        for node in consumers.get(id(stack.pop()), ()):
            if id(node) in known or id(node) not in ranking.erring:
                continue
            known.add(id(node))
            if id(node) not in ranking.fixed:
                stack += [node] if same_statement(node, fault.first) or _leads_to_fixed(ranking, node) else []
                continue
            if any(abs(f - abs(factor)) <= CLOSE * f for f in _factors_of_line(ranking, node)):
                return True
    return False


def _leads_to_fixed(ranking: Ranking, node: Node) -> bool:
    """Whether a value is read in its own line by what was put right."""
    readers = ranking.look.consumers.get(id(node), ())
    return any(id(n) in ranking.fixed or _leads_to_fixed(ranking, n) for n in readers if same_statement(n, node))


def _factors_of_line(ranking: Ranking, node: Node) -> list[float]:
    """The plain numbers that the line of a value multiplies and divides by, from this value on."""
    at, found = node, list[float]()
    while True:
        kind = getattr(at.function, "__name__", "")
        numbers = [abs(f) for arg in at.args if (f := number_in(ranking.look, arg))] if kind in PRODUCTS else []
        found += [1.0 / f if kind in PRODUCTS[2:] else f for f in numbers]
        readers = [n for n in ranking.look.consumers.get(id(at), ()) if same_statement(n, node)]
        if len(readers) != 1:
            return found
        at = readers[0]


def _whole(ranking: Ranking, node: Node) -> Node:
    """What a statement gives in the end."""
    while id(node) not in ranking.named:
        readers = [n for n in ranking.look.consumers.get(id(node), ()) if same_statement(n, node)]
        if len(readers) != 1:
            break
        node = readers[0]
    return node
