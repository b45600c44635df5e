"""What can be watched and changed in another run of a script: its loss, its loops, its updates, its learning rate."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

import numpy as np

from .judge.look import Look
from .judge.losses import errors
from .judge.rates import written_number
from .judge.verdicts import Judgement
from .trial import Place, Watched
from .watch.loops import find_loops
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site

RATE = re.compile(r"(^|_|\W)(lr|alpha|eta|rate|step|step_?size|learning_?rate|l_?rate|epsilon)($|_|\W)", re.IGNORECASE)


FOLLOWED = (
    "sub", "subtract", "add", "neg", "mul", "multiply", "truediv", "divide", "copy", "linked", "assembled", "spread",
    "matmul", "dot", "outer",
)  # fmt: skip
"""What a step may be made by, between the parameter and its gradient."""


def place_of(site: Site) -> Place:
    return site.source.path, site.span


def watched_for(recording: Recording, found: Judgement) -> Watched:
    """The places to watch in a run at full speed."""
    assert recording.training is not None
    loops = find_loops(recording.tape, recording.hooks.turns, recording.training)
    updates = {place_of_statement(site) for p in recording.training.parameters for c in p.chains for site in c.sites}
    updates |= {
        place_of_statement(site) for chain in recording.training.others if chain.size > 1 for site in chain.sites
    }
    error, side = _error(found)
    loss, becomes = _loss(found)
    return Watched(
        loss=loss,
        becomes=becomes,
        error=error,
        side=side,
        samples=None if loops.samples is None or loops.epochs is None else place_of(loops.samples),
        epochs=_loop(loops.epochs if loops.epochs is not None else loops.samples),
        updates=tuple(sorted(updates)),
    )


def place_of_statement(site: Site) -> Place:
    return site.source.path, site.statement


def _loop(site: Site | None) -> Place | None:
    return None if site is None else place_of(site)


def _loss(found: Judgement) -> tuple[Place | None, str]:
    """The place of the loss, and the name that is the loss after it; "" where the place is an expression."""
    reading = found.reading
    if reading is None or reading.kind != "loss" or reading.site is None:
        return None, ""
    site: Site = reading.site
    if site.kind == "augmented":
        statement = ast.parse(textwrap.dedent(site.source.segment(site.statement))).body[0]
        assert isinstance(statement, ast.AugAssign)
        if not isinstance(statement.op, ast.Add):
            return place_of_statement(site), ast.unparse(statement.target)
        if len(site.parts) > 1 and site.parts[1] is not None:
            return (site.source.path, site.parts[1]), ""
    return (place_of(site) if site.kind in ("binary", "call", "item", "unary") else None), ""


def _error(found: Judgement) -> tuple[Place | None, int]:
    """A difference of prediction and target in the text, and on which side of it the prediction stands."""
    for group in errors(found.look):
        node, _, sign = group[0]
        if node.site is not None and node.site.kind == "binary" and getattr(node.function, "__name__", "") == "sub":
            return place_of(node.site), 0 if sign > 0 else 1
    return None, 0


def rate_places(look: Look) -> tuple[float, list[Place]]:
    """The learning rate as it is written, and where; no places where it is not found."""
    found: dict[Place, float] = {}
    for nodes in look.ends.values():
        for value, place in _rates(look, nodes[0]):
            found[place] = value
    if not found:
        return float("nan"), []
    values = list(found.values())
    rate = max(set(values), key=values.count)
    return rate, [place for place, value in found.items() if value == rate]


def _rates(look: Look, end: Node) -> Iterator[tuple[float, Place]]:
    """The written numbers that a step is multiplied by."""
    stack: list[Node] = [end]
    known: set[int] = set()
    while stack and len(known) < 40:
        node = stack.pop(0)
        if id(node) in known:
            continue
        known.add(id(node))
        name = getattr(node.function, "__name__", "")
        operands = list(node.operands())
        if name in ("mul", "multiply", "truediv", "divide") and id(node) in look.depends:
            factors = node.args[:1] if name in ("truediv", "divide") else node.args
            hyper = [leaf for o in factors if isinstance(o, Node) and o.hyper for leaf in _literals(o)]
            told = [leaf for leaf in hyper if _is_rate(look, leaf)] or sorted(hyper, key=_size)
            for leaf in told[:1]:
                yield float(np.asarray(leaf.value)), place_of(leaf.site)  # type: ignore[arg-type]
            written = [] if told else list(_written(node, len(factors)))
            yield from written[:1]
            if told or written:
                return
        if name in ("matmul", "dot", "outer"):  # lr * X.T @ error
            for operand in operands:
                if id(operand) not in look.depends and getattr(operand.function, "__name__", "") in ("mul", "multiply"):
                    yield from list(_written(operand, 2))[:1]
        if name in FOLLOWED:
            stack += [o for o in operands if id(o) in look.depends and id(o) not in look.start_ids]


def _written(node: Node, count: int) -> Iterator[tuple[float, Place]]:
    """The numbers in the text among the first operands of a node."""
    for k, arg in enumerate(node.args[:count]):
        part = node.site.parts[k] if node.site is not None and k < len(node.site.parts) else None
        if isinstance(arg, (int, float)) and written_number(node, k) and part is not None and node.site is not None:
            yield float(arg), (node.site.source.path, part)


def _size(leaf: Node) -> float:
    return abs(float(np.asarray(leaf.value)))


def _literals(node: Node) -> list[Node]:
    """The written numbers that a number is made of."""
    out, stack = [], [node]
    while stack:
        at = stack.pop()
        if at.function is None and at.name == "literal" and at.site is not None:
            out.append(at)
        stack += list(at.operands())
    return out


def _is_rate(look: Look, leaf: Node) -> bool:
    """Whether a number is stored under a name such as `lr`."""
    stores = look.training.tape.stores
    return any(
        thing is leaf and isinstance(key, str) and RATE.search(key) is not None for _, _, key, thing, _ in stores
    )
