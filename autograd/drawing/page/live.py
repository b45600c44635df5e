"""What a page computes with in the reader's browser: the graph as JavaScript, which the compiler writes from the table.

It stands in the one script of the page, whose hash the Content-Security-Policy names. So nothing is evaluated that was
not written here, and no text of a user's is in it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

from ...core.rule import Rule
from ...errors import TraceError
from ...formula import Symbol
from ...masking import evaluate, partial
from ..model import Drawing

NOT_LIVE = "const LIVE = null;"


def live(drawing: Drawing, others: Sequence[Rule] = ()) -> str:
    """The statement that gives the page its engine; `LIVE` is null where the graph cannot be computed there.

    Args:
        others: rules that the page may put in the place of one in the graph.
    """
    recorded = drawing.recorded
    if recorded is None:
        return NOT_LIVE
    from ...compiler.javascript import tables_of, text_of  # opened with the first page, not with the first picture

    tables = tables_of(recorded.rules, recorded.links, recorded.numbers)
    try:
        text = text_of(tables, others)
    except TraceError:  # a user's own primitive that is not written in ordinary arithmetic
        return NOT_LIVE
    known = [*tables.rules, *others]
    names = json.dumps([rule.name for rule in known])
    cases = ", ".join(f"[{', '.join(_which(rule, slot) for slot in range(rule.arity))}]" for rule in known)
    leaves, frozen = (str(list(places)) for places in (tables.leaves, tables.frozen))
    return f"const LIVE = {{ run: {text}, leaves: {leaves}, frozen: {frozen}, operations: {names}, cases: [{cases}] }};"


@functools.lru_cache(maxsize=1024)
def _which(rule: Rule, slot: int) -> str:
    """A function that says which case of a derivative applies: see `formulas.cases`."""
    from ...compiler.javascript import arrow

    tree = partial(rule, slot)
    if not (isinstance(tree, Symbol) and tree.op == "where"):
        return "() => 0"
    numbered, _ = _number(tree, 0)
    helpers: dict[Rule, str] = {}

    def compute(given: list[Any]) -> tuple[Any, bool]:
        known = {**dict(zip(rule.operands, given, strict=False)), "out": given[-1]}
        return evaluate(numbered, known), False

    text = arrow(rule, ("x", "y", "out"), helpers, compute)
    return "() => 0" if helpers else text


def _number(tree: Any, first: int) -> tuple[Any, int]:
    """The conditions of a formula with the number of each case in its place."""
    if not (isinstance(tree, Symbol) and tree.op == "where"):
        return first, first + 1
    chosen, middle = _number(tree.args[1], first)
    other, last = _number(tree.args[2], middle)
    return Symbol("where", (tree.args[0], chosen, other)), last
