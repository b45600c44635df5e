"""The page that a person opens to understand a gradient: `inspect(loss)` steps through backward, in one HTML file.

`story` is what a page tells, as JSON; `file` puts it and the files in `assets` together; `compare` shows two gradients
over one graph; `film` records a training, and `playground` does one in the page. A picture rendered as HTML is the same
page.
"""

from __future__ import annotations

from .compare import compare_gradients, gradients
from .file import Page
from .film import Film
from .inspecting import inspect
from .playground import Playground

__all__ = ["Film", "Page", "Playground", "compare_gradients", "gradients", "inspect"]
