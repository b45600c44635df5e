"""Steps that stay 0: `u = rate * g * mu * u`, where u begins at 0, so that whatever is stepped by it never moves.

It is told by the tape alone, for what never moves may pass for no training.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..language import say
from .moments import DIFFERENCE, PRODUCT, SUM, name_of
from .slip import Slip
from .watch.edits import Edit
from .watch.node import Node, same_statement
from .watch.record import Recording
from .watch.sites import Site

MOST = 40  # of these that are looked at
SEEN = 4  # times that it was stored, and was 0


def stuck_at_zero(recording: Recording) -> list[Slip]:
    """The lines that multiply a state that is 0 by a gradient, and what to write."""
    rows: dict[int, list[tuple[tuple[str, int], Any, Node]]] = defaultdict(list)
    sites: dict[int, Site] = {}
    for _, scope, key, thing, site in recording.tape.stores:
        if site.kind in ("store", "augmented") and isinstance(thing, Node) and _is_product(thing):
            rows[site.number].append((scope, key, thing))
            sites[site.number] = site
    zero = {number: row for number, row in rows.items()
            if len(row) >= SEEN and not any(np.any(np.asarray(node.value)) for *_, node in row)}  # fmt: skip
    steps = _steps(recording) if zero else {}
    out = []
    for number, row in zero.items():
        names = sorted({name for *_, node in row for name in steps.get(id(node), ())})
        if names and any(_is_of_itself(*row[k], row[:k]) for k in range(1, min(len(row), MOST))):
            site, target = sites[number], " ".join(sites[number].target.split())
            says = say("line_stuck", node=target, block=names[0])
            out.append(Slip(site, "stuck-at-zero", says, names[:1], _edit(row[-1][2], target)))
    return out


def _is_product(node: Node) -> bool:
    return name_of(node) in PRODUCT and node.value is not None


def _factors(node: Node, old: set[int]) -> Iterator[Node]:
    """What is multiplied in one turn of a statement, from what the turns before left on."""
    for arg in node.operands():
        if _is_product(arg) and same_statement(arg, node) and id(arg) not in old:
            yield from _factors(arg, old)
        else:
            yield arg


def _is_of_itself(scope: tuple[str, int], key: Any, node: Node, before: list[Any]) -> bool:
    """Whether one of the factors is what was stored here before, and another is no setting, and is not 0."""
    old = {id(each) for where, at, each in before if where == scope and repr(at) == repr(key)}
    factors = [*_factors(node, old)]
    own = [f for f in factors if id(f) in old]
    return bool(own) and any(
        not f.hyper and np.size(f.value) > 1 and np.any(np.asarray(f.value)) for f in factors if f not in own
    )


def _steps(recording: Recording) -> dict[int, set[str]]:
    """By node, what is updated by it: `w` in `w -= u`, or in `w = w - u`."""
    found: dict[int, set[str]] = defaultdict(set)
    for _, _, _, thing, site in recording.tape.stores:
        if name_of(thing) in (*SUM, *DIFFERENCE) and len(thing.args) == 2:
            step = thing.args[1]
            own = site.kind == "augmented" or (thing.site is not None and thing.site.part(0).strip() == site.target)
            if isinstance(step, Node) and own:
                found[id(step)].add(" ".join(site.target.split()))
    return found


def _edit(node: Node, target: str) -> Edit | None:
    """A sum in the place of the product: of the gradient with its factors, and the state with those beside it."""
    site = node.site
    if site is None:
        return None
    text = site.text
    try:
        tree = ast.parse(f"({text})", mode="eval").body
    except SyntaxError:
        return None
    parts: list[ast.expr] = []

    def flatten(part: ast.expr) -> None:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult):
            flatten(part.left)
            flatten(part.right)
        else:
            parts.append(part)

    flatten(tree)
    written = [ast.unparse(part) for part in parts]
    states = [k for k, each in enumerate(written) if each == target]
    if len(states) != 1 or len(parts) < 3 or states[0] not in (0, 1, len(parts) - 1):
        return None
    at = states[0]
    cut = at + 1 if at < len(parts) - 1 else at - 1 if len(parts) > 3 else at
    if not 0 < cut < len(parts):
        return None
    new = f"{' * '.join(written[:cut])} + {' * '.join(written[cut:])}"
    return Edit(site.source, site.span, new)
