"""Activations: by name, for the layers in scalars, and as modules, for `Sequential`.

No formula is here: each is a row of autograd's table, and works on Values, Tensors and plain numbers alike.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from operator import methodcaller
from typing import Any, ClassVar, Final

import autograd
from autograd import Value, exp, gelu, leaky_relu, relu, sigmoid, silu, softplus, tanh

from .errors import SettingError
from .module import Module
from .normalised import softmax

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


# ------------------------------------------------------------------------------------------------- as modules


class Elementwise(Module):
    """What the activations share: a function of one number, for each number on its own.

    They take a Tensor or an array of any shape, a Value, or a list of Values as the scalar layers give.
    """

    function: ClassVar[Activation]

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape."""
        if isinstance(x, (list, tuple)):
            return [self.forward(each) for each in x]
        return type(self).function(x)


class ReLU(Elementwise):
    """max(0, x).

    >>> import numpy as np
    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    function = relu


class Tanh(Elementwise):
    """The hyperbolic tangent, between -1 and 1.

    >>> from autograd import Tensor
    >>> Tanh()(Tensor([0.0, 1.0])).data.round(4)
    array([0.    , 0.7616])
    """

    function = tanh


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)), between 0 and 1.

    >>> from autograd import Tensor
    >>> Sigmoid()(Tensor([0.0]))
    Tensor([0.5])
    """

    function = sigmoid


class GELU(Elementwise):
    """x times the probability that a standard normal number is below x; the exact form, by the error function.

    >>> from autograd import Tensor
    >>> GELU()(Tensor([0.0, 1.0])).data.round(4)
    array([0.    , 0.8413])
    """

    function = gelu


class SiLU(Elementwise):
    """x * sigmoid(x), also called swish.

    >>> from autograd import Tensor
    >>> SiLU()(Tensor([0.0, 1.0])).data.round(4)
    array([0.    , 0.7311])
    """

    function = silu


class LeakyReLU(Elementwise):
    """x where it is positive, else negative_slope * x.

    >>> from autograd import Tensor
    >>> LeakyReLU(0.1)(Tensor([-1.0, 2.0]))
    Tensor([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = float(negative_slope)

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape."""
        if isinstance(x, (list, tuple)):
            return super().forward(x)
        return leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"negative_slope={self.negative_slope:g}"


class Softplus(Elementwise):
    """log(1 + exp(beta * x)) / beta: a smooth ReLU, exact however large x is.

    >>> from autograd import Tensor
    >>> Softplus()(Tensor([0.0])).data.round(4)
    array([0.6931])
    """

    def __init__(self, beta: float = 1.0) -> None:
        if not beta > 0:
            raise SettingError(f"beta is above 0, got {beta}")
        self.beta = float(beta)

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape."""
        if isinstance(x, (list, tuple)):
            return super().forward(x)
        return softplus(x) if self.beta == 1 else softplus(x * self.beta) / self.beta

    def extra_repr(self) -> str:
        """The sharpness."""
        return f"beta={self.beta:g}"


class Softmax(Module):
    """Positive numbers that add up to 1 along an axis, in the proportions of exp(x).

    Before `cross_entropy` there is none: it takes the scores themselves.

    >>> from autograd import Tensor
    >>> Softmax()(Tensor([1.0, 1.0]))
    Tensor([0.5, 0.5])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape; a list of Values to such a list."""
        return softmax(x, self.dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"
