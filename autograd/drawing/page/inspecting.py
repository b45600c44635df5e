"""`inspect`: a graph becomes a page."""

from __future__ import annotations

import base64
import os
from typing import Any, Final

from ...errors import RenderError
from .. import dot, render
from ..boxes import title_of
from ..escape import clean
from ..gather import Reading
from ..model import Drawing
from ..options import Options, checked_roots
from ..sample import is_step, one_sample, refuse_sample
from ..table import table
from ..view import View
from .file import Page, assemble
from .geometry import geometry, source_of
from .story import Story, story

MOST_BOXES: Final = 300
"""A graph with more is collapsed, and laid out, in the page."""

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
        with one_sample(root, sample, "inspect") as result:
            return inspect(result, path=path, title=title, viz=viz)
    if sample and (len(sample) > 1 or path is not None or not isinstance(sample[0], (str, os.PathLike))):
        refuse_sample(root, sample, "inspect")
    path = sample[0] if sample else path
    page = page_of(View(Reading(checked_roots(root))).whole(), title, viz)
    if path is not None:
        page.save(path)
    return page


def page_of(
    drawing: Drawing,
    title: str = "",
    viz: bool | None = None,
    more: Story | None = None,
    depth: int | None = None,
) -> Page:
    """The page of a drawing.

    Args:
        depth: how many modules are open inside one another at first; None for as many as can be read.
        more: what else the page knows, such as another gradient to compare with.
    """
    named = title or _named(drawing)
    laid = geometry(drawing) if len(drawing.boxes) <= MOST_BOXES else None
    data = {**story(drawing, named), **({} if depth is None else {"depth": depth}), **(more or {})}
    if laid is not None:
        data["geometry"] = laid
    brings_viz = (laid is None or bool(drawing.modules)) if viz is None else viz or laid is None
    words = table(drawing) if len(drawing.boxes) <= MOST_BOXES else ""
    text = assemble("page", named, SCRIPTS, data, viz=brings_viz, words=words)
    return Page(text, named, lambda: _still(drawing))


def _named(drawing: Drawing) -> str:
    root = next((box for box in drawing.boxes if box.is_root), None)
    return "Gradient flow" if root is None else f"Gradient flow of {clean(root.label) or title_of(root)}"


def _still(drawing: Drawing) -> str:
    """The picture that stands where no script runs."""
    if len(drawing.boxes) > MOST_BOXES:
        return ""
    try:
        source = source_of(dot.write(drawing, Options()))
        image = base64.b64encode(render.render(source, "svg").content).decode("ascii")
    except RenderError:
        return ""
    return f'<img style="max-width:100%;height:auto" alt="graph" src="data:image/svg+xml;base64,{image}">'
