"""Pictures of graphs: `draw(loss)` shows every value, every local derivative and the gradient that flowed.

What a picture says is in `model`, how a graph becomes that in `gather` and `collapse`, how it looks in `dot`, `legend`
and `colour`, and who turns it into an SVG or a PNG in `render`.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from .picture import Picture, draw, draw_dot

__all__ = ["Picture", "draw", "draw_dot"]


class _Room(types.ModuleType):
    """The room is called like the function in it. Python puts a module that is imported into its package under its
    name, so after `import autograd.draw` that is what `autograd.draw` means: it can be called just the same."""

    def __call__(self, root: Any, **options: Any) -> Picture:
        return draw(root, **options)


sys.modules[__name__].__class__ = _Room
