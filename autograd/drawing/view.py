"""What was read of a graph becomes a `Drawing`: collapsed to a depth, and to so many boxes as can be read.

What the boxes and edges then say is in `contents`. Nothing of the graph is kept in a drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from . import collapse
from .collapse import REST, Key
from .contents import Contents
from .extent import PAGE, extent
from .gather import Reading
from .model import Box, Drawing, Module, Recorded
from .options import MOST_BOXES, Options

NOT_YET: Final = "backward() has not been called yet: there are no gradients to show"
DEEPEST: Final = 10_000
READABLE: Final = 120
"""So many boxes can be read, if they fit the width of a page."""

MOST_AT_ONCE: Final = 300
"""More boxes than this are collapsed, or left out, unless they are asked for."""

MOST_VALUES: Final = 20_000
"""What a page tells of a graph; of a larger one the values nearest to the result."""


class View:
    """A reading as it is asked for.

    Args:
        constants: whether plain numbers have boxes of their own.
        histograms: whether to look at how the elements of every array are spread.
    """

    def __init__(self, reading: Reading, constants: bool = True, histograms: bool = False) -> None:
        self.read, self.histograms = reading, histograms
        self.hidden = [
            kind == "constant" and not constants and place not in reading.roots and place not in reading.marks
            for place, kind in enumerate(reading.kinds)
        ]

    def whole(self) -> Drawing:
        """Every value, for a page: it collapses by itself."""
        read, drawing = self.read, self.drawing(DEEPEST, MOST_VALUES)
        is_scalar = all(hasattr(node, "partials") for node in read.nodes)
        if not is_scalar or len(read.roots) != 1 or len(drawing.boxes) != len(read.nodes):
            return drawing
        numbers = {place: node.data for place, node in enumerate(read.nodes) if read.kinds[place] == "constant"}
        rules = tuple(node.rule if links else None for node, links in zip(read.nodes, read.links, strict=True))
        return replace(drawing, recorded=Recorded(rules, tuple(read.links), numbers))

    def readable(self, options: Options) -> Drawing:
        """Every value, if one line of boxes at the width of a page holds them; else each neuron as one box.

        What then does not fit goes on in another line, or is collapsed further if it is too much to be read.
        """
        deepest = self.read.deepest
        depths = [depth for depth in range(deepest, -1, -1) if self._count(depth) <= READABLE]
        if not depths:
            return self.fitting(MOST_AT_ONCE)
        drawing = self.drawing(depths[0], said=self._collapsed(depths[0]))
        has_neurons = bool(self.read.folds or self.read.named)
        if depths[0] < deepest or not has_neurons or extent(drawing, options).wide <= PAGE:
            return drawing
        return self.drawing(deepest - 1, said=self._collapsed(deepest - 1))

    def fitting(self, most: int) -> Drawing:
        """As deep as so many boxes allow; if even the outermost modules are more, those nearest to the result."""
        depth = next((depth for depth in range(self.read.deepest, 0, -1) if self._count(depth) <= most), 0)
        return self.drawing(depth, most, self._collapsed(depth))

    def drawing(self, depth: int, most: int | None = None, said: str = "") -> Drawing:
        """At a depth: how many frames may lie inside one another; what lies deeper is one box.

        Args:
            most: how many boxes there may be; those nearest to the roots are kept.
            said: a note on why it is this depth.
        """
        read = self.read
        depth = min(depth, read.deepest)
        keys = read.keys_at(depth)
        notes = [] if any(read.nodes[root].reached for root in read.roots) else [NOT_YET]
        notes += [said] if said else []
        total = self._count_of(keys)
        if most is not None and total > most:
            links = [tuple([link for link in links if not self.hidden[link]]) for links in read.links]
            kept = collapse.nearest(read.roots, keys, links, most)
            keys = [key if key in kept else REST for key in keys]
            collapse_more = "a smaller depth= collapses modules, " if depth else ""
            remedy = "" if most > MOST_BOXES else f"; {collapse_more}max_nodes= allows up to {MOST_BOXES:,}"
            notes.append(f"{total:,} boxes are too many: these are the {len(kept):,} nearest to the result{remedy}")
        contents = Contents(read, keys, self.hidden, self.histograms)
        boxes = tuple(contents.boxes())
        return Drawing(
            boxes=boxes,
            edges=tuple(contents.edges()),
            modules=tuple(self._modules(boxes)),
            total=len(read.nodes),
            depth=depth,
            notes=tuple(notes),
        )

    def _count(self, depth: int) -> int:
        return self._count_of(self.read.keys_at(depth))

    def _count_of(self, keys: Sequence[Key]) -> int:
        return len({key for key, hidden in zip(keys, self.hidden, strict=True) if not hidden})

    def _collapsed(self, depth: int) -> str:
        """What to say of a depth that nobody asked for; "" if every value has its box."""
        deepest = self.read.deepest
        if depth == deepest:
            return ""
        values = len(self.hidden) - sum(self.hidden)
        if depth == deepest - 1 and (self.read.folds or self.read.named):
            return f"{values:,} values: each neuron is one box here; depth={deepest} shows every value"
        return (
            f"{values:,} values are too many to draw one by one: modules more than {depth} deep are collapsed; "
            f"depth={depth + 1} opens them"
        )

    def _modules(self, boxes: Sequence[Box]) -> Iterator[Module]:
        """What lies around the boxes, outer modules first."""
        read, ids = self.read, self.read.module_ids
        around = {box.path[: -1 if box.kind == "module" else None] for box in boxes}
        needed = {path[:length] for path in around for length in range(1, len(path) + 1)}
        for path, number in ids.items():
            if path in needed:
                neuron = read.named.get(path)
                sign, output = ("", "") if neuron is None else (neuron.sign, f"n{neuron.output}")
                equation = read.equations.get(path, "")
                yield Module(number, path, ids.get(path[:-1], ""), sign, output, path[-1], equation)
        single = {box.neuron for box in boxes if box.neuron}
        for neuron in {id(each): each for each in read.folds.values()}.values():
            if f"s{neuron.output}" in single:
                path = read.paths[neuron.output]
                label = read.nodes[neuron.output].label
                yield Module(f"s{neuron.output}", path, ids.get(path, ""), neuron.sign, f"n{neuron.output}", label)
