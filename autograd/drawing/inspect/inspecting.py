"""`inspect`: a graph becomes a page."""

from __future__ import annotations

import base64
import os
from typing import Any, Final

import numpy as np

from ...core.node import walk
from ...errors import GraphError, OperandError, RenderError
from .. import carrier, dot, render
from ..escape import clean
from ..gather import gather
from ..look import Look, checked_roots
from ..model import Amount, Drawing
from ..table import table
from .eagerly import is_step, one_sample
from .geometry import geometry, source_of
from .page import Page, assemble
from .story import Story, backward_order, story

MOST_VALUES: Final = 20_000
"""What a page tells of a graph; of a larger one the values nearest to the result."""

MOST_BOXES: Final = 300
"""A graph with more is collapsed, and laid out, in the page."""

_DEEPEST: Final = 10_000
SCRIPTS: Final = (
    "numbers.js", "graph.js", "sweep.js", "layout.js", "picture.js", "panel.js", "table.js",
    "view.js", "choosing.js", "time.js", "page.js",
)  # fmt: skip
"""In the order in which the page reads them, as one script."""


def inspect(
    root: Any,
    *sample: Any,
    path: str | os.PathLike[str] | None = None,
    title: str = "",
    viz: bool | None = None,
) -> Page:
    """A page that steps through forward and backward, and shows at every step what is multiplied and what is added.

    It is one HTML file: it opens from disk in any browser, without a network and without Graphviz.

    Args:
        root: the result to understand, a `Value` or a `Tensor`; call its `backward` first, or there is only forward. Or
            a compiled step, of which the page shows one sample.
        sample: only for a compiled step: one row of each array that it takes. No gradients are changed.
        path: where to write the file; without one `.save(path)` does, and a notebook shows the page.
        title: its heading.
        viz: whether the page can lay out by itself, which it needs to open and close modules and where there is no
            Graphviz here; costs 0.7 MB. By default where it is needed.

    Raises:
        OperandError: `root` is nothing that has a graph, or a loaded step, which has no function to run on a sample.

    >>> from autograd import Value, inspect
    >>> x = Value(0.5, "x")
    >>> y = (x * -2.0).tanh()
    >>> y.backward()
    >>> page = inspect(y, title="a neuron")
    >>> page.title
    'a neuron'
    """
    if is_step(root):
        with one_sample(root, sample) as result:
            return inspect(result, path=path, title=title, viz=viz)
    if sample and (len(sample) > 1 or path is not None or not isinstance(sample[0], (str, os.PathLike))):
        raise OperandError(f"a sample is for a compiled step, and this is a {type(root).__name__}: inspect(loss)")
    path = sample[0] if sample else path
    roots = checked_roots(root)
    drawing = gather(roots, _DEEPEST, MOST_VALUES, True)
    page = page_of(drawing, title, viz, running_sums(roots, drawing))
    if path is not None:
        page.save(path)
    return page


def page_of(
    drawing: Drawing,
    title: str = "",
    viz: bool | None = None,
    sums: dict[str, Amount] | None = None,
    more: Story | None = None,
) -> Page:
    """The page of a drawing.

    Args:
        sums: see `story`.
        more: what else the page knows, such as another gradient to compare with.
    """
    named = title or _named(drawing)
    laid = geometry(drawing) if len(drawing.boxes) <= MOST_BOXES else None
    data = {**story(drawing, named, sums), **(more or {})}
    if laid is not None:
        data["geometry"] = laid
    brings_viz = (laid is None or bool(drawing.modules)) if viz is None else viz or laid is None
    words = table(drawing) if len(drawing.boxes) <= MOST_BOXES else ""
    text = assemble("page", named, SCRIPTS, data, viz=brings_viz, words=words)
    return Page(text, named, lambda: _still(drawing))


def running_sums(roots: list[Any], drawing: Drawing) -> dict[str, Amount]:
    """For a graph of Tensors, by edge the size of its operand's gradient once this edge's term is in."""
    if len(roots) != 1 or hasattr(roots[0], "partials") or not roots[0].reached:
        return {}
    order = walk(*roots)
    nodes = {f"n{place}": pair for place, pair in enumerate(order)}
    names = {id(node): f"n{place}" for place, (node, _) in enumerate(order)}
    totals: dict[str, Any] = {}
    sums = {}
    for name in backward_order(drawing):
        node, operands = nodes[name]
        wanted = [None if operand.kind == "constant" else operand for operand in operands]
        try:
            with np.errstate(all="ignore"):
                parts = node._pull(node.grad, operands, wanted, False)
        except (GraphError, TypeError):  # changed since, or never reached: the page then shows the terms alone
            continue
        for slot, (operand, part) in enumerate(zip(operands, parts, strict=True)):
            if part is not None:
                tail = names[id(operand)]
                totals[tail] = part if tail not in totals else totals[tail] + part
                sums[f"e{name[1:]}_{slot}"] = carrier.amount(totals[tail])
    return sums


def _named(drawing: Drawing) -> str:
    root = next((box for box in drawing.boxes if box.is_root), None)
    return "Gradient flow" if root is None else f"Gradient flow of {clean(root.label) or dot.title_of(root)}"


def _still(drawing: Drawing) -> str:
    """The picture that stands where no script runs."""
    if len(drawing.boxes) > MOST_BOXES:
        return ""
    try:
        source = source_of(dot.write(drawing, Look()))
        image = base64.b64encode(render.render(source, "svg").content).decode("ascii")
    except RenderError:
        return ""
    return f'<img style="max-width:100%;height:auto" alt="graph" src="data:image/svg+xml;base64,{image}">'
