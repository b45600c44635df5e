"""The errors that only `nn` raises, each under the built-in that people already catch; see also `autograd.errors`."""

from __future__ import annotations

from autograd import AutogradError


class SettingError(AutogradError, ValueError):
    """A setting (a learning rate, the name of an activation) that makes no sense.

    >>> import nn
    >>> nn.SGD(nn.Linear(2, 1), lr=0.1)
    Traceback (most recent call last):
    nn.errors.SettingError: an optimiser takes the parameters: write model.parameters()
    """


class StateError(AutogradError, ValueError):
    """Saved numbers that do not fit what they are loaded into, or a file that holds none.

    >>> import nn
    >>> nn.Linear(2, 1).load_state_dict({})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nn.errors.StateError: ...
    """


class TrainingError(AutogradError, FloatingPointError):
    """Training ran into NaN or infinity; `history` holds what happened until then.

    >>> import nn, numpy as np
    >>> model = nn.Linear(1, 1, seed=0)
    >>> nn.fit(model, ([[1.0]], [[1.0]]), lambda p, t: p.sum() * np.inf, progress=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nn.errors.TrainingError: the loss is ...
    """

    history: object = None
