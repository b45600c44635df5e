"""The page that a person opens to understand a gradient: `inspect(loss)` steps through backward, in one HTML file.

`story` is what a page tells, as JSON; `page` puts it and the files in `assets` together; `compare` shows two gradients
over one graph; `film` records a training. The static picture is `draw`, next door.
"""

from __future__ import annotations

from .compare import compare_gradients, gradients
from .film import Film
from .inspecting import inspect
from .page import Page

__all__ = ["Film", "Page", "compare_gradients", "gradients", "inspect"]
