"""`inspect`: a graph becomes a page."""

from __future__ import annotations

import base64
import os
from typing import Any, Final

from ...errors import RenderError
from .. import dot, render
from ..boxes import title_of
from ..escape import clean, html
from ..gather import Reading
from ..headline import headline
from ..model import Drawing
from ..options import Options, checked_roots
from ..sample import is_step, one_sample, refuse_sample
from ..table import table
from ..view import View
from ..wrap import wrapped
from .file import Page, assemble
from .live import live
from .story import Story, story

MOST_IN_WORDS: Final = 300
"""A graph with more values has no table for browsers without scripts."""

SCRIPTS: Final = (
    "numbers.js", "elements.js", "colours.js", "graph.js", "scene.js", "routes.js", "layout.js", "fitting.js",
    "sweep.js", "paths.js", "words.js", "matrix.js", "picture.js", "camera.js", "minimap.js", "strip.js", "legend.js",
    "table.js", "engine.js", "step.js", "why.js", "chosen.js", "plot.js", "view.js", "choosing.js", "whatif.js",
    "descent.js", "time.js", "page.js",
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
        viz: of no effect: once the page needed a layout library, now it lays everything out by itself.

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
            return inspect(result, path=path, title=title)
    if sample and (len(sample) > 1 or path is not None or not isinstance(sample[0], (str, os.PathLike))):
        refuse_sample(root, sample, "inspect")
    path = sample[0] if sample else path
    view = View(Reading(checked_roots(root)))
    page = page_of(view.whole(), title, still=view.readable(Options()))
    if path is not None:
        page.save(path)
    return page


def page_of(
    whole: Drawing, title: str = "", *, still: Drawing, depth: int | None = None, more: Story | None = None
) -> Page:
    """The page of a drawing.

    Args:
        still: what is drawn of it where no script runs.
        depth: how many modules are open inside one another at first; None for as many as can be read.
        more: what else the page knows, such as another gradient to compare with.
    """
    named = title or _named(whole)
    data = {**story(whole, named), **({} if depth is None else {"depth": depth}), **(more or {})}
    words = table(whole) if len(whole.boxes) <= MOST_IN_WORDS else ""
    return Page(assemble("page", named, SCRIPTS, data, engine=live(whole), words=words), named, lambda: _still(still))


def _named(drawing: Drawing) -> str:
    root = next((box for box in drawing.boxes if box.is_root), None)
    return "Gradient flow" if root is None else f"Gradient flow of {clean(root.label) or title_of(root)}"


def _still(drawing: Drawing) -> str:
    """The picture that stands where no script runs."""
    try:
        image = render.render(dot.source(dot.write(wrapped(drawing, Options()), Options())), "svg").content
    except RenderError:
        return ""
    data = base64.b64encode(image).decode("ascii")
    words = html(headline(drawing).text or "graph")
    return f'<img style="max-width:100%;height:auto" alt="{words}" src="data:image/svg+xml;base64,{data}">'
