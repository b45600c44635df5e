"""Where Graphviz puts everything, as far as the page needs it: positions by id, and no text.

The page draws the boxes itself. Where there is no Graphviz the page lays them out with viz-js, which writes the same
JSON; so the page reads one format.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import graphviz

from ...errors import RenderError
from .. import dot, render
from ..model import Drawing
from ..options import Options

_OBJECT, _EDGE = ("name", "pos", "width", "height", "bb"), ("id", "pos", "lp")


def geometry(drawing: Drawing) -> dict[str, Any] | None:
    """The positions of a drawing's boxes, edges and frames; None where there is no Graphviz to find them.

    There is more room between the ranks than in a still picture: each step writes its products on the edges.
    """
    text = dot.write(replace(drawing, notes=()), Options(legend=False))
    source = source_of(replace(text, graph={**text.graph, "ranksep": "0.7"}))
    if not render.can_render():
        return None
    try:
        laid = json.loads(render.render(source, "json0").content)
    except (RenderError, ValueError):
        return None
    return {
        "bb": laid["bb"],
        "objects": [_picked(thing, _OBJECT) for thing in laid.get("objects", ())],
        "edges": [_picked(edge, _EDGE) for edge in laid.get("edges", ())],
    }


def source_of(text: dot.Dot) -> str:
    """DOT text in one piece."""
    graph = graphviz.Digraph(graph_attr=text.graph, node_attr=text.node, edge_attr=text.edge, body=text.body)
    return str(graph.source)


def _picked(thing: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: thing[name] for name in names if name in thing}
