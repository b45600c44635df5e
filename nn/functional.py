"""Functions of numbers that the layers and losses share: activations by name, and logsumexp with its relatives.

They hold no parameters and know no modules.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from functools import reduce
from operator import methodcaller
from typing import Any, Final

import autograd
from autograd import ShapeError, Value, exp, logaddexp

from .errors import SettingError

Activation = Callable[[Any], Any]

ROWS: Final[dict[str, Any]] = {row.name: row for row in vars(autograd).values() if isinstance(row, type(exp))}
"""The primitives by name."""


def is_recorded(thing: object) -> bool:
    """Whether it is a number that records what is done to it: a `Value`, or the number a compiler traces with."""
    return hasattr(thing, "_apply")  # what the rules of the table ask for


def activation_names() -> list[str]:
    """The names that `activation=` understands: "linear", and every primitive that takes one number."""
    return ["linear", *(row.name for row in ROWS.values() if row.arity - len(row.defaults) == 1)]


def activation(chosen: str | Activation | None) -> tuple[str, Activation | None]:
    """The name of an activation and the function that applies it; None for "linear", which needs no function.

    Args:
        chosen: a name such as "relu", a primitive, any function of one number, or None for "linear".

    Raises:
        SettingError: there is no activation of that name; the message lists those there are.

    >>> name, apply = activation("tanh")
    >>> apply(Value(0.5))
    Value(0.46211715726000974, grad=0.0)
    """
    if chosen is None or chosen == "linear":
        return "linear", None
    chosen = next((name for name, row in ROWS.items() if row is chosen), chosen)
    if isinstance(chosen, str):
        if chosen not in activation_names():
            raise SettingError(
                f"there is no activation {chosen!r}{_nearest(chosen)}; there are {', '.join(activation_names())}; "
                "or give a function of one number"
            )
        # A method is found faster than the public function finds out whom to ask.
        return chosen, methodcaller(chosen) if hasattr(Value, chosen) else ROWS[chosen]
    if not callable(chosen):
        raise SettingError(f"an activation is a name, a function or None, got {type(chosen).__name__} {chosen!r}")
    return getattr(chosen, "name", "") or getattr(chosen, "__name__", type(chosen).__name__), chosen


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), activation_names(), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def logsumexp(numbers: Iterable[Any]) -> Any:
    """log(exp(z0) + exp(z1) + ...), without overflow: each step takes the larger one out.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    listed = list(numbers)
    if not listed:
        raise ShapeError("logsumexp() needs at least one number, got none")
    return reduce(logaddexp, listed)


def log_softmax(numbers: Iterable[Any]) -> list[Any]:
    """The logarithms of `softmax`, exact where the probabilities are tiny."""
    listed = list(numbers)
    total = logsumexp(listed)
    return [number - total for number in listed]


def softmax(numbers: Iterable[Any]) -> list[Any]:
    """Positive numbers that add up to 1, in the proportions of exp(z).

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return [exp(number) for number in log_softmax(numbers)]
