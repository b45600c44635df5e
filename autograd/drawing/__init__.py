"""Pictures of graphs: `draw(loss)` shows every value, every local derivative and the gradient that flowed.

What a picture says is in `model`, how a graph becomes that in `gather` and `collapse`, how it looks in `dot`, `legend`
and `colour`, and who turns it into an SVG or a PNG in `render`. The page, to look closer, is in `page/`.
"""

from __future__ import annotations

from .picture import Picture, draw, draw_dot

__all__ = ["Picture", "draw", "draw_dot"]
