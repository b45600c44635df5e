"""The errors that only `nn` raises, each under the built-in that people already catch; see also `autograd.errors`."""

from __future__ import annotations

from autograd import AutogradError


class SettingError(AutogradError, ValueError):
    """A setting (a learning rate, the name of an activation) that makes no sense."""


class StateError(AutogradError, ValueError):
    """Saved numbers that do not fit what they are loaded into, or a file that holds none."""


class TrainingError(AutogradError, FloatingPointError):
    """Training ran into NaN or infinity; `history` holds what happened until then."""

    history: object = None
