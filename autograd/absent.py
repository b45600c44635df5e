"""Attributes that a Value or a Tensor does not have, though habit writes them: what to write instead.

Where they are read it is the AttributeError of any unknown name, so `hasattr` is False; but it has a remedy.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any, Final, NoReturn

_SETUP: Final = "__internal_mypyc_setup"
_BESIDE: Final = "keep it in a dict beside them, m = {p: 0.0 for p in parameters}"
ALWAYS: Final = "every one has a gradient; for what needs none take plain numbers, or detach()"
ABSENT: Final[dict[str, str]] = {
    **dict.fromkeys(("m", "v", "velocity", "momentum", "cache", "ema", "buf", "state"), _BESIDE),
    **dict.fromkeys(("requires_grad", "requires_grad_"), ALWAYS),
    "retain_grad": "results keep their gradient until the next backward",
    "grad_fn": "write .op and .operands",
    "is_cuda": "there are no devices",
}
"""Of optimisers written by hand, and of PyTorch."""


class Absent:
    """A descriptor in the place of such an attribute."""

    def __init__(self, told: str) -> None:
        self._told = told

    def __get__(self, node: Any, owner: Any = None) -> NoReturn:
        raise AttributeError(self._told)

    def __set__(self, node: Any, value: Any) -> NoReturn:
        raise AttributeError(self._told)

    def __delete__(self, node: Any) -> NoReturn:
        raise AttributeError(self._told)


def enter(carrier: type, name: str) -> None:
    """Put them into a class, and let Python's own messages call its methods by its name, not by a base class's."""
    for attribute, instead in ABSENT.items():
        setattr(carrier, attribute, Absent(f"a {name} has no attribute {attribute!r}: {instead}"))
    for base in carrier.__mro__[:-1]:
        for method in vars(base).values():
            if isinstance(method, FunctionType):
                method.__qualname__ = f"{name}.{method.__name__}"


def hide_setup() -> None:
    """Take away a method that mypyc gives to its classes for itself, and finds elsewhere: called by hand it crashes."""
    for name, module in list(sys.modules.items()):
        if name.startswith("autograd.") and not str(getattr(module, "__file__", ".py")).endswith(".py"):
            for each in vars(module).values():
                if isinstance(each, type) and _SETUP in vars(each):
                    delattr(each, _SETUP)
