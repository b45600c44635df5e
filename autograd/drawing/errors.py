"""What is wrong with the way a picture was asked for. Errors of rendering are `RenderError`, for all of autograd."""

from __future__ import annotations

from ..errors import AutogradError


class OptionError(AutogradError, ValueError):
    """A picture was asked for with an option that does not exist; the message names those that do."""
