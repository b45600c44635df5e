"""A `Drawing` as DOT text: a pure function, the same bytes for the same drawing. Nothing is laid out here.

One box per value with its operation inside; an edge per operand, as wide and as vivid as the gradient that flows along
it. How these look is in `boxes` and `edges`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import graphviz

from . import boxes, colour, edges
from .boxes import Attributes
from .colour import GREY, Scale
from .escape import LONGEST_TOOLTIP, clean, dotted, quoted, tooltip
from .extent import extent
from .legend import legend
from .model import Box, Drawing, Module
from .options import Options
from .order import around, siblings

FONT: Final = "Helvetica,Arial,sans-serif"

SIDES: Final = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}
"""Where an edge leaves its operand and where it reaches the result."""

WIDEST: Final = 3.0
"""A picture is at most so many times as wide as it is high: a thin strip would be shown too small."""

KEY: Final = 460.0
"""So wide may the key be below a narrower picture that is high enough: in more lines it would be as high itself."""

PAD: Final = 0.15  # inches around the picture


@dataclass(frozen=True)
class Dot:
    """The text in the parts that the graphviz package puts together: attributes for all, and statements."""

    graph: Attributes
    node: Attributes
    edge: Attributes
    body: list[str]


def write(drawing: Drawing, options: Options) -> Dot:
    """The DOT text of a drawing."""
    scale = options.scale or colour.fit(sizes(drawing))
    dense = is_dense(drawing)
    size = extent(drawing, options)
    key = legend(drawing, options, scale, dense, max(size.wide, 300.0, min(3.0 * (size.high + 40.0), KEY)))
    graph = {
        "rankdir": options.rankdir,
        "bgcolor": "transparent",
        "fontname": FONT,
        "fontsize": "11",
        "fontcolor": GREY,
        "nodesep": "0.22",
        "ranksep": "0.42",
        "pad": _pad(max(size.wide, key.wide), size.high + key.high) if options.rankdir in ("LR", "RL") else f"{PAD}",
        "labelloc": "b",
        "labeljust": "l",
        "tooltip": " ",
        "label": key.text,
    }
    node = {"shape": "box", "fontname": FONT, "fontsize": "12", "margin": "0.13,0.07", "height": "0.35", "color": GREY}
    line = {"fontname": FONT, "fontsize": "11", "fontcolor": GREY, "arrowsize": "0.7", "color": GREY}
    if dense:  # straight lines between two sides, with room between the columns
        gap = min(max(0.045 * len(drawing.boxes), 1.2), 5.0)
        graph |= {"splines": "line", "outputorder": "edgesfirst", "ranksep": f"{gap:.2f}"}
        line["arrowsize"] = "0.45"
        line |= dict(zip(("tailport", "headport"), SIDES[options.rankdir], strict=True))
    if len(drawing.edges) > HURRIED:
        graph |= {"nslimit": "1", "nslimit1": "1", "mclimit": "0.2", "searchsize": "10"}
    body = [*_framed(drawing, options, scale)]
    paths = {box.id: box.path for box in drawing.boxes}
    results = {box.id for box in drawing.boxes if box.kind == "result"}
    for edge in drawing.edges:
        enters = edge.head in results and paths[edge.tail] != paths[edge.head] and not dense
        # Longer where it enters a frame, which leaves room for the parameters there: frames then stand beside one
        # another and not in steps. Heavier from result to result: a chain of them is then straight.
        course = {"minlen": "2"} if enters else {}
        if edge.tail in results and not dense:
            course["weight"] = "8"
        listed = _listed({**edges.attributes(edge, options, scale, dense), **course})
        body.append(f"\t{edge.tail} -> {edge.head} {listed}\n")
    body += [_column([box.id for box in boxes]) for boxes in siblings(drawing)]
    return Dot({key: value for key, value in graph.items() if value}, node, line, body)


def source(text: Dot) -> str:
    """The DOT text in one piece."""
    graph = graphviz.Digraph(graph_attr=text.graph, node_attr=text.node, edge_attr=text.edge, body=text.body)
    return str(graph.source)


HURRIED: Final = 600
"""With more edges than this Graphviz is told to stop improving early."""


def _pad(wide: float, high: float) -> str:
    """Room around the picture, more above and below one that would be a thin strip."""
    missing = wide / (0.93 * WIDEST) - high - 144 * PAD  # points; sizes are estimates
    return f"{PAD},{PAD + max(missing, 0.0) / 144:.2f}" if missing > 0 else f"{PAD}"


def is_dense(drawing: Drawing) -> bool:
    """Whether there are so many edges that numbers on them would push everything apart: layers of whole neurons."""
    return len(drawing.edges) > 2 * len(drawing.boxes)


def sizes(drawing: Drawing) -> Iterable[float]:
    """Every gradient that colour or width shows."""
    yield from (box.grad.size for box in drawing.boxes if box.grad is not None)
    yield from (edge.flow.size for edge in drawing.edges if edge.flow is not None)


# ------------------------------------------------------------------------------------------------------------ frames


def _framed(drawing: Drawing, options: Options, scale: Scale) -> Iterable[str]:
    """The boxes, each inside the frames of its modules; a frame is there once for every line it is on."""
    inside: dict[tuple[tuple[str, ...], int], list[str]] = {}
    # What Graphviz reads first it puts at the bottom of a column, or at the left of a row.
    for box in drawing.boxes if options.rankdir in ("TB", "BT") else reversed(drawing.boxes):
        inside.setdefault((around(box), box.line), []).append(_box(box, options, scale))
    children: dict[str, list[Module]] = {}
    for module in filter(lambda module: module.is_frame, drawing.modules):
        children.setdefault(module.parent, []).append(module)
    for line in sorted({line for _, line in inside}, reverse=True):
        stack: list[tuple[Module, bool]] = [(module, False) for module in reversed(children.get("", ()))]
        while stack:
            module, closing = stack.pop()
            margin = "\t" * len(module.path)
            if closing:
                yield f"{margin}}}\n"
                continue
            on = [k for path, k in inside if path[: len(module.path)] == module.path]
            if line not in on:
                continue
            name = quoted(clean(module.path[-1]))
            path = tooltip(clean(dotted(module.path), LONGEST_TOOLTIP))
            identity = module.id if line == min(on) else f"{module.id}_{line}"
            yield f"{margin}subgraph cluster_{identity} {{\n"
            yield (
                f'{margin}\tgraph [id="{identity}" class="module" label={name} tooltip={path} labelloc="t" '
                f'style="rounded" color="{with_opacity(GREY, 0.6)}" bgcolor="{with_opacity(GREY, 0.06)}"]\n'
            )
            yield from (f"{margin}{text}" for text in inside.get((module.path, line), ()))
            stack.append((module, True))
            stack.extend((child, False) for child in reversed(children.get(module.id, ())))
        yield from inside.get(((), line), ())


def with_opacity(tone: str, opacity: float) -> str:
    """The colour, partly transparent."""
    return f"{tone}{round(255 * opacity):02x}"


def _box(box: Box, options: Options, scale: Scale) -> str:
    return f"\t{box.id} {_listed(boxes.attributes(box, options, scale))}\n"


def _column(ids: Sequence[str]) -> str:
    """What keeps boxes in this order: a column of points that nobody sees, tied together, each before its box.

    The boxes themselves cannot be tied to one another: inside a frame Graphviz does not heed such edges, or crashes.
    Two edges from each point outweigh the crossings that another order would save. (They must not have weight 0:
    Graphviz 2.43 crashes on that.)
    """
    points = [f"tie_{id}" for id in ids]
    ties = [f'{point} -> {id} [style="invis"]' for id, point in zip(ids, points, strict=True)]
    lines = [
        f"subgraph column_{ids[0]} {{",
        '\tgraph [rank="same"]',
        *(f'\t{point} [shape="point" label="" width="0.01" style="invis"]' for point in points),
        *(f'\t{one} -> {other} [style="invis"]' for one, other in itertools.pairwise(points)),
        "}",
        *ties,
        *ties,
    ]
    return "".join(f"\t{line}\n" for line in lines)


def _listed(attributes: Attributes) -> str:
    return "[" + " ".join(f"{name}={value}" for name, value in attributes.items()) + "]"
