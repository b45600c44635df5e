"""A graph is read: walked once, with what flows in it, where its modules and neurons are, and what is marked.

`view.py` makes a `Drawing` of what was read. Names are places in the topological order, so the same graph gives the
same drawing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ..core.node import walk
from . import collapse
from .collapse import Key, Neuron
from .equations import equations
from .errors import OptionError
from .flows import flows
from .model import Path
from .neurons import neurons

MOST_WITH_NEURONS: Final = 50_000
"""In a larger graph nobody looks for neurons: whole modules are collapsed anyway."""

Marks = Sequence[tuple[Any, str]]


class Reading:
    """Everything that pictures need to know of a graph.

    Args:
        roots: the nodes to draw, with all they depend on.
        marks: nodes, or labels of nodes, and why they are suspicious.

    Raises:
        OptionError: a mark names what is not in the graph.

    Attributes:
        nodes, operands, kinds, links, paths: by place in the topological order; `links` are the places of the operands,
            `paths` the modules that a value is drawn in.
        turns: by place, when backward comes to a result: 1 for the root.
        folds: by place, the neuron it is part of, where that is no module.
        named: by path, the neuron that is all there is in a module.
        equations: by path, what a module is that is a layer: "tanh(x @ W + b), W 2 × 16".
    """

    def __init__(self, roots: Sequence[Any], marks: Marks = ()) -> None:
        walked = walk(*roots)
        index = {id(node): place for place, (node, _) in enumerate(walked)}
        self.nodes = [node for node, _ in walked]
        self.operands = [operands for _, operands in walked]
        self.kinds = [node.kind for node in self.nodes]
        self.links = [tuple([index[id(operand)] for operand in operands]) for operands in self.operands]
        self.roots = list(dict.fromkeys(index[id(root)] for root in roots))
        self.marks: dict[int, list[str]] = {}
        for what, reason in marks:
            for place in self._places(what, index):
                self.marks.setdefault(place, []).append(reason)
        is_free = [kind in ("parameter", "constant") for kind in self.kinds]
        self.paths = collapse.homes([node.scope for node in self.nodes], self.links, is_free)
        self.module_ids: dict[Path, str] = {}
        for path in dict.fromkeys(self.paths):
            for length in range(1, len(path) + 1):
                self.module_ids.setdefault(path[:length], f"m{len(self.module_ids)}")
        self.folds: dict[int, Neuron] = {}
        self.named: dict[Path, Neuron] = {}
        self.equations: dict[Path, str] = {}
        if len(self.nodes) <= MOST_WITH_NEURONS and all(hasattr(node, "partials") for node in self.nodes):
            self._find_neurons()
        self.turns: dict[int, int] = {}
        for place in range(len(self.nodes) - 1, -1, -1):  # as backward goes: see `core/reverse.py`
            if self.links[place]:
                self.turns[place] = len(self.turns) + 1
        self.flows = flows(walked)

    def _find_neurons(self) -> None:
        results = [(path, bool(links)) for path, links in zip(self.paths, self.links, strict=True)]
        counts = Counter(path[:k] for path, is_result in results if is_result for k in range(1, len(path) + 1))
        marked = [place for place in self.marks if self.kinds[place] == "input"]
        for neuron in neurons(self.nodes, self.links, self.paths, [*self.roots, *marked]):
            path = self.paths[neuron.output]
            if path and counts[path] == sum(bool(self.links[place]) for place in neuron.members):
                self.named[path] = neuron
            else:
                self.folds.update(dict.fromkeys(neuron.members, neuron))
        found = {id(neuron): neuron for neuron in (*self.named.values(), *self.folds.values())}
        ops = [node.op for node in self.nodes]
        self.equations = equations(found.values(), ops, self.kinds, self.links, self.paths)

    @property
    def deepest(self) -> int:
        """The depth at which every value has a box: modules inside one another, and neurons that are no modules."""
        folded = (len(self.paths[place]) + 1 for place in self.folds)
        return max(*map(len, self.paths), *folded, 0)

    def keys_at(self, depth: int) -> list[Key]:
        """By place, what its box is at this depth."""
        keys = collapse.keys_at(depth, self.paths)
        if depth < self.deepest:
            for place, neuron in self.folds.items():
                if keys[place] == place:
                    keys[place] = neuron
        return keys

    def _places(self, what: Any, index: dict[int, int]) -> list[int]:
        """Where a node is, or all nodes with a label."""
        if not isinstance(what, str):
            if id(what) in index:
                return [index[id(what)]]
            raise OptionError(f"marks names {what!r}, which is no part of this graph")
        found = [place for place, node in enumerate(self.nodes) if node.label == what]
        if not found:
            labels = list(dict.fromkeys(node.label for node in self.nodes if node.label))
            known = ", ".join(labels[:8]) + ", …" * (len(labels) > 8) or "none"
            raise OptionError(f"marks names {what!r}, which is no label in this graph; its labels: {known}")
        return found
