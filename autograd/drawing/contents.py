"""The boxes and edges of a drawing, once it is known which values share a box: what each of them says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.reverse import sweep
from . import amounts, signs
from .amounts import amount
from .collapse import REST, Key, Neuron
from .formulas import case_of, cases
from .gather import Reading
from .model import Amount, Box, Edge, Path
from .pullbacks import LETTERS, pullback


class Contents:
    """What stands in the boxes and on the edges.

    Args:
        keys: by place, what its box is.
        hidden: by place, whether it has no box at all: a constant that is written in the operation.
    """

    def __init__(self, reading: Reading, keys: Sequence[Key], hidden: Sequence[bool], histograms: bool) -> None:
        self.read, self.keys, self.hidden, self.histograms = reading, keys, hidden, histograms
        self.members: dict[Key, list[int]] = {}
        for place, key in enumerate(keys):
            if not hidden[place]:
                self.members.setdefault(key, []).append(place)
        self.members = dict(sorted(self.members.items(), key=lambda pair: pair[1][-1]))  # operands before results
        self._through: dict[Key, dict[int, list[Any]]] = {}

    # ------------------------------------------------------------------------------------------------ boxes

    def boxes(self) -> Iterator[Box]:
        """In topological order."""
        for key, places in self.members.items():
            if isinstance(key, int):
                yield self._value(key)
            elif isinstance(key, str):
                yield Box(REST, "rest", count=len(places), mark=self._mark(places))
            else:
                yield self._several(key, places)

    def _value(self, place: int) -> Box:
        read, node = self.read, self.read.nodes[place]
        return Box(
            id=f"n{place}",
            kind=read.kinds[place],
            label=node.label,
            op=node.op,
            sign=self._sign(place),
            path=read.paths[place],
            is_root=place in read.roots,
            value=amounts.value_of(node, self.histograms),
            grad=amounts.gradient_of(node, self.histograms),
            before=self._before(place),
            order=read.turns.get(place),
            source=node.source,
            parameters=int(read.kinds[place] == "parameter"),
            mark=self._mark([place]),
            neuron=f"s{read.folds[place].output}" if place in read.folds else "",
        )

    def _several(self, key: Path | Neuron, places: list[int]) -> Box:
        """A neuron with the number and the gradient of its result; another module with the norm of its gradient.

        That is the norm over its parameters; if it has none, over all that it holds.
        """
        read = self.read
        neuron = self._neuron(key)
        own = [place for place in places if read.kinds[place] == "parameter"]
        output = None if neuron is None else read.nodes[neuron.output]
        grads = [amounts.gradient_of(read.nodes[place]) for place in own or places]
        is_module = isinstance(key, tuple)
        return Box(
            id=self._id(key),
            kind="module" if is_module else "neuron",
            label=key[-1] if isinstance(key, tuple) else read.nodes[key.output].label,
            sign="" if neuron is None else neuron.sign,
            equation=read.equations.get(key, "") if isinstance(key, tuple) else "",
            path=key if isinstance(key, tuple) else read.paths[key.output],
            is_root=any(root in places for root in read.roots),
            value=None if output is None else amounts.value_of(output, self.histograms),
            grad=_norm(grads) if output is None else amounts.gradient_of(output, self.histograms),
            order=None if neuron is None else read.turns.get(neuron.output),
            count=len(places),
            parameters=len(own),
            mark=self._mark(places),
        )

    def _neuron(self, key: Key) -> Neuron | None:
        """The neuron that a box is, as such or as a module."""
        return self.read.named.get(key) if isinstance(key, tuple) else key if isinstance(key, Neuron) else None

    def _before(self, place: int) -> float | None:
        """What a leaf had before this backward: several add up, until the gradient is set to zero."""
        node = self.read.nodes[place]
        if self.read.links[place] or self.read.kinds[place] == "constant" or not node.reached:
            return None
        if not isinstance(node.grad, float):
            return None  # of an array nobody asks
        had = node.grad - self.read.flows.totals.get(id(node), 0.0)
        return float(had) if had != 0.0 and math.isfinite(had) else None

    def _mark(self, places: list[int]) -> str:
        """Why a box is marked; where several values are in it, each reason with the name of the value."""
        marks = self.read.marks
        if not marks:
            return ""
        reasons = []
        for place in places:
            name = self.read.nodes[place].label if len(places) > 1 else ""
            reasons += [f"{name}: {reason}" if name else reason for reason in marks.get(place, [])]
        return "; ".join(dict.fromkeys(reasons))

    def _sign(self, place: int) -> str:
        """How the operation is written; a constant that has no box of its own is written in its place."""
        node, links = self.read.nodes[place], self.read.links[place]
        if not any(self.hidden[link] for link in links):
            return signs.sign_of(node.rule)
        written = [
            signs.written(operand) if self.hidden[link] else signs.MARKS[slot]
            for slot, (operand, link) in enumerate(zip(self.read.operands[place], links, strict=True))
        ]
        return signs.applied(node.rule, written)

    def _cases(self, node: Any, operands: Sequence[Any], slot: int) -> dict[str, Any]:
        """The formula of a local derivative taken apart into its cases, and which of them applies."""
        if not hasattr(node, "partials"):
            return self._of_arrays(node, operands, slot)
        constants = tuple(operand.data if operand.kind == "constant" else None for operand in operands)
        found = cases(node.rule, slot, constants)
        if len(found) < 2:
            return {"cases": found, "case": next(iter(found), -1)}
        return {"cases": found, "case": case_of(node.rule, slot, [operand.data for operand in operands], node.data)}

    def _of_arrays(self, node: Any, operands: Sequence[Any], slot: int) -> dict[str, Any]:
        """The formula of what passes from an array to an operand."""
        whole = pullback(node, operands, slot)
        if whole:
            text = whole.replace("{", "").replace("}", "")
            return {"formula": f"d{LETTERS[slot]} = {text}", "cases": {0: whole}, "case": 0}
        constants = tuple(
            float(operand.data) if operand.kind == "constant" and np.ndim(operand.data) == 0 else None
            for operand in operands
        )
        found = cases(node.rule, slot, constants)
        return {"cases": found, "case": next(iter(found))} if len(found) == 1 else {}

    def _id(self, key: Key) -> str:
        if isinstance(key, int):
            return f"n{key}"
        if isinstance(key, Neuron):
            return f"s{key.output}"
        return key if isinstance(key, str) else self.read.module_ids[key]

    # ------------------------------------------------------------------------------------------------ edges

    def edges(self) -> Iterator[Edge]:
        """One for each operand of a value that has a box; between other boxes one for all."""
        bundles: dict[tuple[Key, Key], list[tuple[int, Edge]]] = {}
        for place, links in enumerate(self.read.links):
            head = self.keys[place]
            if all(self.keys[link] == head for link in links):
                continue  # a leaf, or all inside one box
            for link, edge in self._into(place):
                tail = self.keys[link]
                if isinstance(head, int) and isinstance(tail, int):
                    yield edge
                else:
                    bundles.setdefault((tail, head), []).append((link, edge))
        for edges in bundles.values():
            yield _bundle([edge for _, edge in edges], one_value=len({link for link, _ in edges}) == 1)

    def _into(self, place: int) -> Iterator[tuple[int, Edge]]:
        """The edges from the operands of one result, but for those that lie inside its box; and where each begins."""
        read, head = self.read, self.keys[place]
        node, operands, links = read.nodes[place], read.operands[place], read.links[place]
        parts, sums = read.flows.of(node, operands), read.flows.sums_of(node, operands)
        if isinstance(head, int):
            partials = amounts.partials_of(node, operands)
        else:
            partials = self._derivatives_through(head).get(id(node)) or [None] * len(links)
        for slot, link in enumerate(links):
            tail = self.keys[link]
            if tail == head or self.hidden[link]:
                continue
            edge = Edge(
                id=f"e{place}_{slot}",
                tail=self._id(tail),
                head=self._id(head),
                partial=partials[slot],
                flow=None if parts[slot] is None else amount(parts[slot]),
                to_constant=read.kinds[link] == "constant",
            )
            if isinstance(head, int):
                edge = replace(
                    edge,
                    slot=slot,
                    mark=signs.mark_of(node.rule, slot, len(links)),
                    after=None if sums[slot] is None else amount(sums[slot]),
                    **{"formula": signs.formula_of(node.rule, slot), **self._cases(node, operands, slot)},
                )
            yield link, edge

    def _derivatives_through(self, key: Key) -> dict[int, list[Any]]:
        """For a neuron, by the id of each value in it, the derivative of its result along the edge to each operand."""
        neuron = self._neuron(key)
        if neuron is None or not hasattr(self.read.nodes[neuron.output], "partials"):
            return {}
        if key not in self._through:
            found: dict[int, list[Any]] = {}

            def pull(node: Any, operands: Any, g: Any) -> Any:
                wanted = [None if operand.kind == "constant" else operand for operand in operands]
                parts = node._pull(g, operands, wanted, False)
                found[id(node)] = [
                    0.0 if w is not None and p is None else p for w, p in zip(wanted, parts, strict=True)
                ]
                return parts

            inside = [(self.read.nodes[k], self.read.operands[k]) for k in reversed(neuron.members)]
            with np.errstate(all="ignore"):
                sweep(
                    [(node, operands) for node, operands in inside if operands],
                    {id(self.read.nodes[neuron.output]): 1.0},
                    pull,
                )
            self._through[key] = found
        return self._through[key]


def _bundle(edges: list[Edge], one_value: bool) -> Edge:
    """Several edges between the same two boxes as one.

    Args:
        one_value: they all begin at one value: then what flows is a sum, and so is the derivative; else it is a norm.
    """
    first = edges[0]
    if len(edges) == 1:
        return first
    flows = [edge.flow for edge in edges]
    numbers = [flow.number for flow in flows if flow is not None and flow.number is not None]
    partials = [edge.partial for edge in edges if edge.partial is not None]
    added = one_value and len(numbers) == len(edges)
    return Edge(
        id=f"e{first.tail}_{first.head}",
        tail=first.tail,
        head=first.head,
        partial=sum(partials) if one_value and len(partials) == len(edges) else None,
        flow=amount(sum(numbers)) if added else _norm(flows),
        to_constant=all(edge.to_constant for edge in edges),
        count=len(edges),
    )


def _norm(amounts: Iterable[Amount | None]) -> Amount | None:
    """The norm of those that are known; None if none is."""
    known = [amount.size for amount in amounts if amount is not None]
    return Amount(math.hypot(*known)) if known else None
