"""Mistakes in the clipping of gradients that still go downhill.

(Pascanu, Mikolov, Bengio 2013.)
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import Any

import numpy as np

from ..language import say
from .judge.invented import number_of
from .moments import (
    PRODUCT,
    QUOTIENT,
    SEEN,
    Factor,
    Moments,
    factors,
    is_number,
    name_of,
)  # fmt: skip
from .slip import Found, Slip, replaced
from .watch.edits import Edit
from .watch.node import Node

COMPARED = ("lt", "le", "gt", "ge", "less", "less_equal", "greater", "greater_equal")


# ----------------------------------------------------------------------------------------- of clipping


def _longer(of: Moments) -> Found:
    """Gradients that clipping makes longer: `g * norm / bound`, of what is longer than the bound."""
    tests = [(c, k) for c in of.recording.tape.conditions if name_of(c) in COMPARED and len(c.args) == 2
             for k in (0, 1) if is_number(c.args[1 - k]) and _is_norm(c.args[k])]  # fmt: skip
    for condition, k in tests:
        norm, bound = condition.args[k], number_of(condition.args[1 - k])
        upper = (name_of(condition)[0] == "g") == (k == 0) and condition.value
        users = [*of.consumers.get(id(norm), ())]
        users += [n for u in users if name_of(u) in PRODUCT for n in of.consumers.get(id(u), ())]
        for node in users:
            divided = name_of(node) in QUOTIENT and len(node.args) == 2 and node.site is not None
            if not divided or not of.moved(node):
                continue
            above = next((f for f in factors(node.args[0], node, 0) if f.thing is norm and f.owner), None)
            if above is not None and is_number(node.args[1]) and number_of(node.args[1]) == bound and upper:
                below, source = Factor(node.args[1], node, 1), node.site.source
                inside = above.owner is not None and above.owner.site is not None and above.owner.site.source is source
                if above.span is not None and below.span is not None and inside:
                    between = source.segment((*above.span[2:], *below.span[:2]))
                    span = (*above.span[:2], *below.span[2:])
                    yield node, replaced(node.site, span, f"{below.text}{between}{above.text}")


def _is_norm(thing: Any) -> bool:
    """Whether it is one number that is the root of a sum, or the length of an array."""
    return name_of(thing) in ("sqrt", "norm", "pow") and np.size(thing.value) == 1


def _clipped_for_nothing(of: Moments) -> Found:
    """A gradient that is clipped, and what comes out is not used."""
    rows: dict[Any, list[Node]] = defaultdict(list)
    for node in of.nodes:
        if name_of(node) == "clip" and node.args and np.ndim(node.value) and node.site is not None:
            rows[node.site].append(node)
    for site, row in rows.items():
        unused = all(not of.consumers.get(id(node)) and not node.kwargs.get("out") for node in row)
        along = all(isinstance(n.args[0], Node) and of.stepped_along(n.args[0]) for n in row[:SEEN])
        if len(row) >= SEEN and unused and along and site.kind == "call" and site.text.endswith(")"):
            made = ast.parse(site.text, mode="eval").body
            assert isinstance(made, ast.Call)
            line, column = site.span[2:]
            is_method = isinstance(made.func, ast.Attribute) and ast.unparse(made.func.value) not in ("np", "numpy")
            owner = ast.unparse(made.func.value if is_method else made.args[0])  # type: ignore[attr-defined]
            edit = Edit(site.source, (line, column - 1, line, column - 1), f", out={owner}")
            for node in row:
                yield node.args[0], Slip(site, "not-used", say("line_not_used", node=site.text), [], edit)


CLIPPINGS = (_longer, _clipped_for_nothing)
