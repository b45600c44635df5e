"""The forward pass of a script as a graph, with marks where it is wrong: computed again on Tensors, and drawn.

What is passed on is DOT text: it is made in the script's process and becomes a picture in the report's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ....core.node import walk
from ....drawing.picture import draw
from ....drawing.render import can_render, render
from ....errors import AutogradError
from ....switches import always_recording
from ....tensor.tensor import Tensor
from ...language import say
from ..judge.candidates import Fault
from ..judge.reference import forward_part
from ..judge.replay import Layered, lifted, resolved
from ..judge.verdicts import Judgement
from ..watch.node import Node
from .words import Words

MOST_BOXES = 60  # more cannot be read on a page
LONGEST_NAME = 24


def graph_of(found: Judgement, faults: Iterable[tuple[Fault, str]]) -> str:
    """The graph of the loss as DOT text; "" where it is too large, or not made of what can be drawn.

    Args:
        faults: each with what is to be said at the node that it is about.
    """
    try:
        return _Graph(found).drawn(list(faults))
    except Exception:  # a report without a picture is better than none
        return ""


def picture(text: str) -> str:
    """The SVG of a DOT text, without the head of a file of its own; "" where there is nothing to draw with."""
    if not text or not can_render():
        return ""
    try:
        svg = render(text, "svg").content.decode("utf-8")
    except (AutogradError, OSError):
        return ""
    return svg[svg.index("<svg") :]


class _Graph:
    def __init__(self, found: Judgement) -> None:
        assert found.reading is not None
        self.found, self.words = found, Words(found.look)
        self.values = found.look.base.values
        self.tensors: dict[int, Any] = {}
        self.root = self._built(found.reading.roots)

    def _built(self, roots: list[Node]) -> Tensor:
        look = self.found.look
        order = forward_part(look, roots)
        if len(order) > 3 * MOST_BOXES:
            raise ValueError("too many operations")
        for node, operands in reversed(order):
            if id(node) in look.start_ids or not operands:
                self.tensors[id(node)] = self._leaf(node)
                continue
            for operand in node.operands():  # what follows from no parameter: the samples
                if id(operand) not in self.tensors and np.ndim(self.values[id(operand)]):
                    self.tensors[id(operand)] = self._leaf(operand)
            mixed = Layered(self.tensors, self.values)
            args = [resolved(arg, mixed) for arg in node.args]
            kwargs = {key: resolved(arg, mixed) for key, arg in node.kwargs.items() if key != "dtype"}
            with np.errstate(all="ignore"), always_recording():
                out = lifted(node.function)(*args, **kwargs)
            if isinstance(out, Tensor) and not out.label and id(node) in self.words.named:
                out.label = self._name(node)
            self.tensors[id(node)] = out
        assert self.found.reading is not None
        made = [self.tensors[id(root)] for root in roots]
        total: Tensor = made[0]
        for other in made[1:]:
            total = total + other
        seed = self.found.reading.seeds(self.values)[id(roots[0])] if len(made) == 1 else np.ones(total.shape)
        total.backward(np.reshape(np.asarray(seed, dtype=float), total.shape))
        if len(walk(total)) > MOST_BOXES:
            raise ValueError("too many boxes")
        return total

    def _leaf(self, node: Node) -> Any:
        value = self.values[id(node)]
        return (
            Tensor(np.array(value, dtype=float), self._name(node)) if np.asarray(value).dtype.kind in "fiub" else value
        )

    def _name(self, node: Node) -> str:
        name = self.words.name(node)
        return name if len(name) <= LONGEST_NAME else ""

    def drawn(self, faults: list[tuple[Fault, str]]) -> str:
        present = {id(node) for node, _ in walk(self.root)}
        marks: dict[int, tuple[Tensor, list[str]]] = {}
        for fault, text in faults:
            for quantity in fault.wanted[:1]:
                node = self.tensors.get(id(quantity.node))
                if isinstance(node, Tensor) and id(node) in present:
                    marks.setdefault(id(node), (node, []))[1].append(text)
        pairs = [(node, say("e_semicolon").join(texts)) for node, texts in marks.values()]
        return str(draw(self.root, marks=pairs, rankdir="LR", legend=False, partials=False, tables=False).source)
