"""Silence about infinities and NaN, which are values here, not accidents.

numpy keeps what it warns of in a context variable. `with np.errstate(...)` sets it back at the end, unless Ctrl-C comes
just then: from then on numpy says nothing more, in the user's code too. Here the setting is made in a context of its
own, which Python itself leaves.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

_F = TypeVar("_F", bound=Callable[..., Any])


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`function(*args, **kwargs)`, with numpy silent about infinities and NaN.

    >>> float(quietly(np.log, np.float64(0.0)))
    -inf
    """
    return contextvars.copy_context().run(_silenced, function, args, kwargs)


def quiet(function: _F) -> _F:
    """The function with numpy silent inside; a decorator."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return contextvars.copy_context().run(_silenced, function, args, kwargs)

    return run  # type: ignore[return-value]


_FRESH = contextvars.Context()
_FRESH.run(np.seterr, all="ignore")
_SILENCE = tuple(_FRESH.items())  # what numpy sets to be silent; setting it takes a twentieth of np.errstate


def _silenced(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    for variable, silent in _SILENCE:
        variable.set(silent)
    return function(*args, **kwargs)
