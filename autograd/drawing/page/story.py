"""What the page tells, as plain data for JSON: nodes, edges with their local derivatives, and the order of backward.

It is written from a `Drawing`, so it holds nothing of the graph. These are the engine's numbers; the page computes anew
only what a reader changes. Floats that JSON does not know are strings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from ... import formula
from ...core.table import TABLE
from .. import colour
from ..boxes import title_of
from ..dot import sizes
from ..escape import LONGEST_TOOLTIP, clean
from ..headline import headline
from ..layers import layers
from ..model import Amount, Box, Drawing, Edge, Module

Story = dict[str, Any]

MOST_CELLS: Final = 20_000
"""So many numbers of arrays a page holds for its heat maps."""

_LEFT_OUT = ("number", "spread")


def story(drawing: Drawing, title: str = "") -> Story:
    """Everything that a page of this drawing knows."""
    formulas = _Formulas()
    modules = {module.path: module.id for module in drawing.modules if module.is_frame}
    scale = colour.fit(sizes(drawing))
    opening = headline(drawing)
    budget = [MOST_CELLS]
    return {
        "title": clean(title, 200),
        "headline": _kept(text=opening.text, about=opening.about),
        "nodes": [_node(box, modules, budget) for box in drawing.boxes],
        "edges": [_edge(edge, formulas) for edge in drawing.edges],
        "modules": [_module(module) for module in drawing.modules],
        "layers": [_kept(name=clean(layer.name), nodes=layer.ids) for layer in layers(drawing)],
        "formulas": formulas.told,
        "operations": {box.op: _formula_of(box.op) for box in drawing.boxes if box.op},
        "backward": backward_order(drawing)
        if any(box.is_root and box.grad is not None for box in drawing.boxes)
        else [],
        "notes": list(drawing.notes),
        "total": drawing.total,
        "scale": [scale.low, scale.high, scale.dust],
    }


def backward_order(drawing: Drawing) -> list[str]:
    """The results in the order in which backward visits them."""
    turns = {box.order: box.id for box in drawing.boxes if box.order is not None}
    return [turns[turn] for turn in sorted(turns)]


class _Formulas:
    """Each formula once: in general, and in its cases."""

    def __init__(self) -> None:
        self.told: list[Story] = []
        self._places: dict[Any, int] = {}

    def place(self, edge: Edge) -> int | None:
        if not edge.formula:
            return None
        key = (edge.formula, *edge.cases.items())
        if key not in self._places:
            self._places[key] = len(self.told)
            self.told.append(_kept(general=edge.formula, cases={str(k): text for k, text in edge.cases.items()}))
        return self._places[key]


def _node(box: Box, modules: Mapping[tuple[str, ...], str], budget: list[int]) -> Story:
    return _kept(
        id=box.id,
        kind=box.kind,
        title=title_of(box),
        label=clean(box.label, LONGEST_TOOLTIP),
        op=box.op,
        sign=box.sign,
        module=box.neuron or modules.get(box.path[:-1] if box.kind == "module" else box.path, ""),
        root=box.is_root,
        value=told_amount(box.value, budget),
        grad=told_amount(box.grad, budget),
        before=box.before,
        source=clean(box.source, LONGEST_TOOLTIP),
        count=box.count if box.count > 1 else None,
        mark=clean(box.mark, LONGEST_TOOLTIP),
    )


def _edge(edge: Edge, formulas: _Formulas) -> Story:
    return _kept(
        id=edge.id,
        tail=edge.tail,
        head=edge.head,
        slot=edge.slot,
        mark=edge.mark,
        partial=edge.partial,
        flow=told_amount(edge.flow),
        after=told_amount(edge.after),
        formula=formulas.place(edge),
        case=edge.case if len(edge.cases) > 1 else None,
        constant=edge.to_constant,
    )


def _module(module: Module) -> Story:
    return _kept(
        id=module.id,
        name=clean(module.name),
        parent=module.parent,
        sign=module.sign,
        output=module.output,
        equation=module.equation,
    )


def _kept(**fields: Any) -> Story:
    """What says something: no empty texts, no False, nothing unknown."""
    return {name: field for name, field in fields.items() if field is not None and field is not False and field != ""}


def told_amount(amount: Amount | None, budget: list[int] | None = None) -> Any:
    """A number, or what is known of an array.

    Args:
        budget: how many numbers the page may still hold for heat maps; without one it gets none.
    """
    if amount is None or amount.number is not None:
        return None if amount is None else amount.number
    known = {field.name: getattr(amount, field.name) for field in dataclasses.fields(amount)}
    count = sum(map(len, amount.cells))
    if budget is None or count > budget[0]:
        known["cells"] = ()
    else:
        budget[0] -= count
    return {name: field for name, field in known.items() if name == "size" or (field and name not in _LEFT_OUT)}


def _formula_of(op: str) -> str:
    """The formula of an operation; "" where the table has none."""
    rule = TABLE.get(op)
    try:
        return "" if rule is None else formula.value(rule)
    except Exception:  # a user's own primitive need not understand symbols
        return ""
