"""The page of a drawing: what every page of a graph is made by, `inspect`, `compare_gradients` and a picture alike."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from ...core.rule import Rule
from ...errors import RenderError
from .. import dot, render
from ..boxes import title_of
from ..escape import clean, html
from ..headline import headline
from ..model import Drawing
from ..options import Options
from ..table import table
from ..wrap import wrapped
from .file import Page, assemble
from .live import live
from .story import Story, story

MOST_IN_WORDS: Final = 300
"""A graph with more values has no table for browsers without scripts."""

SCRIPTS: Final = (
    "numbers.js", "elements.js", "colours.js", "tints.js", "graph.js", "scene.js", "routes.js", "layout.js",
    "fitting.js", "sweep.js", "paths.js", "words.js", "matrix.js", "picture.js", "camera.js", "minimap.js", "strip.js",
    "legend.js", "table.js", "engine.js", "step.js", "why.js", "chosen.js", "plot.js", "view.js", "choosing.js",
    "whatif.js", "descent.js", "time.js", "page.js",
)  # fmt: skip
"""In the order in which the page reads them, as one script."""

TRAINING: Final = ("fit.js", "trainer.js", "training.js")
"""What a page reads besides if it trains a model."""


def page_of(
    whole: Drawing,
    title: str = "",
    *,
    still: Drawing,
    depth: int | None = None,
    more: Story | None = None,
    others: Sequence[Rule] = (),
    engines: str = "",
) -> Page:
    """The page of a drawing.

    Args:
        still: what is drawn of it where no script runs.
        depth: how many modules are open inside one another at first; None for as many as can be read.
        more: what else the page knows, such as another gradient to compare with.
        others: rules that the page may put in the place of one in the graph.
        engines: statements with more for it to compute with.
    """
    named = clean(title, 200) or _named(whole)
    data = {**story(whole, named), **({} if depth is None else {"depth": depth}), **(more or {})}
    words = table(whole) if len(whole.boxes) <= MOST_IN_WORDS else ""
    scripts = (*SCRIPTS, *TRAINING) if "training" in data else SCRIPTS
    engine = "\n".join(filter(None, (live(whole, others), engines)))
    return Page(assemble("page", named, scripts, data, engine=engine, words=words), named, lambda: _still(still))


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
