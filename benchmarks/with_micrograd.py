"""micrograd's `Value` with `exp` and `log`, which it lacks and `microgpt.py` needs: added as its users add them."""

from __future__ import annotations

import math
from typing import Any

from micrograd.engine import Value


def exp(self: Any) -> Any:
    out = Value(math.exp(self.data), (self,), "exp")

    def backward() -> None:
        self.grad += out.data * out.grad

    out._backward = backward
    return out


def log(self: Any) -> Any:
    out = Value(math.log(self.data), (self,), "log")

    def backward() -> None:
        self.grad += out.grad / self.data

    out._backward = backward
    return out


Value.exp, Value.log = exp, log
