"""A page that shows a picture in any browser, laid out there by viz-js: no Graphviz, no network.

The page holds the DOT text and the plain data of the drawing, and nothing that was not escaped. What can be done with
it is zooming by the browser's own means; it is not the interactive page.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import gzip
import json
import math
from importlib.resources import files
from typing import Any, Final

from .escape import html
from .model import Drawing
from .table import table

_FRAME: Final = (
    '<iframe style="width:100%;height:480px;border:0" sandbox="allow-scripts" title="graph" srcdoc="{page}"></iframe>'
)


def as_json(drawing: Drawing) -> str:
    """The drawing as JSON that is safe inside a `<script>`; NaN and infinities are the strings "nan", "inf", "-inf"."""
    text = json.dumps(_plain(dataclasses.asdict(drawing)), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return _scriptable(text)


def page(source: str, drawing: Drawing) -> str:
    """The whole page.

    Args:
        source: the DOT text.
        drawing: what it shows; its table is on the page for those who cannot see the picture.
    """
    template = _asset("page.html")
    pieces = {
        "TABLE": html(table(drawing)),
        "DOT": _scriptable(json.dumps(source, ensure_ascii=True)),
        "DRAWING": as_json(drawing),
        "VIZ": _layouter(),
    }
    return "".join(pieces.get(part, part) for part in template.split("@@"))  # one pass: what is put in is not searched


def framed(source: str, drawing: Drawing) -> str:
    """The page for a notebook: in a frame of its own that may run its script and nothing else."""
    return _FRAME.format(page=html(page(source, drawing)))


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _layouter() -> str:
    """viz-js, packed: 1.3 MB of text of which a third are control characters, in 0.6 MB of letters."""
    packed = gzip.compress(_asset("viz-global.js").encode("utf-8"), mtime=0)
    return base64.b64encode(packed).decode("ascii")


def _scriptable(text: str) -> str:
    """JSON text that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c")


def _plain(thing: Any) -> Any:
    """Floats that JSON does not know as strings."""
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else repr(thing)
    if isinstance(thing, dict):
        return {key: _plain(each) for key, each in thing.items()}
    return [_plain(each) for each in thing] if isinstance(thing, (list, tuple)) else thing
