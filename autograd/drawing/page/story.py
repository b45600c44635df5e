"""What the page tells, as plain data for JSON: nodes, edges with their local derivatives, and the order of backward.

It is written from a `Drawing`, so it holds nothing of the graph. The page computes nothing that the engine computed: it
shows these numbers, multiplied and added in the engine's order. Floats that JSON does not know are strings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ... import formula
from ...core.table import TABLE
from .. import colour
from ..boxes import title_of
from ..dot import sizes
from ..escape import LONGEST_TOOLTIP, clean
from ..model import Amount, Box, Drawing, Edge

Story = dict[str, Any]

_LEFT_OUT = ("number", "spread")


def story(drawing: Drawing, title: str = "") -> Story:
    """Everything that a page of this drawing knows."""
    formulas = list(dict.fromkeys(edge.formula for edge in drawing.edges if edge.formula))
    places = {text: place for place, text in enumerate(formulas)}
    modules = {module.path: module.id for module in drawing.modules}
    scale = colour.fit(sizes(drawing))
    return {
        "title": clean(title, 200),
        "nodes": [_node(box, modules) for box in drawing.boxes],
        "edges": [_edge(edge, places) for edge in drawing.edges],
        "modules": [_kept(id=m.id, name=clean(m.path[-1]), parent=m.parent) for m in drawing.modules],
        "formulas": formulas,
        "operations": {box.op: _formula_of(box.op) for box in drawing.boxes if box.op},
        "backward": backward_order(drawing)
        if any(box.is_root and box.grad is not None for box in drawing.boxes)
        else [],
        "notes": list(drawing.notes),
        "total": drawing.total,
        "scale": [scale.low, scale.high],
        "palette": {"steps": colour.PLUS, "zero": colour.PAPER, "alarm": colour.ALARM},
    }


def backward_order(drawing: Drawing) -> list[str]:
    """The results in the order in which backward visits them."""
    turns = {box.order: box.id for box in drawing.boxes if box.order is not None}
    return [turns[turn] for turn in sorted(turns)]


def _node(box: Box, modules: Mapping[tuple[str, ...], str]) -> Story:
    return _kept(
        id=box.id,
        kind=box.kind,
        title=title_of(box),
        label=clean(box.label, LONGEST_TOOLTIP),
        op=box.op,
        module=modules.get(box.path[:-1] if box.kind == "module" else box.path, ""),
        root=box.is_root,
        value=_amount(box.value),
        grad=_amount(box.grad),
        before=box.before,
        source=clean(box.source, LONGEST_TOOLTIP),
        count=box.count if box.count > 1 else None,
    )


def _edge(edge: Edge, formulas: Mapping[str, int]) -> Story:
    return _kept(
        id=edge.id,
        tail=edge.tail,
        head=edge.head,
        slot=edge.slot,
        mark=edge.mark,
        partial=edge.partial,
        flow=_amount(edge.flow),
        after=_amount(edge.after),
        formula=formulas.get(edge.formula),
        constant=edge.to_constant,
    )


def _kept(**fields: Any) -> Story:
    """What says something: no empty texts, no False, nothing unknown."""
    return {name: field for name, field in fields.items() if field is not None and field is not False and field != ""}


def _amount(amount: Amount | None) -> Any:
    """A number, or what is known of an array."""
    if amount is None or amount.number is not None:
        return None if amount is None else amount.number
    known = dataclasses.asdict(amount)
    return {name: field for name, field in known.items() if name == "size" or (field and name not in _LEFT_OUT)}


def _formula_of(op: str) -> str:
    """The formula of an operation; "" where the table has none."""
    rule = TABLE.get(op)
    write: Callable[[Any], str] = formula.value
    try:
        return "" if rule is None else write(rule)
    except Exception:  # a user's own primitive need not understand symbols
        return ""
