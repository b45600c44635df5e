"""`Neuron`, `Layer` and `MLP` in scalars: every weight is a `Value`, every product a node that can be looked at.

The network of micrograd (same attributes, same defaults, same random numbers), with activations, biases, seeds and
initialisation to choose. No derivative is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import index, methodcaller, mul
from typing import Any, Final

import numpy as np

from autograd import ShapeError, Value, dot
from autograd.system.arrays import check_array
from autograd.value.at_once import Affine

from .activations import Activation, activation, is_recorded
from .errors import SettingError
from .init import Chosen, Draws, chosen, generator
from .module import Module, naming

NUMBERS: Final = (Value, float, int, np.number)


class _Neurons:
    """Counts how often an attribute of any neuron has been assigned."""

    changes = 0


class Neuron(Module):
    """A weighted sum of its inputs plus a bias, through an activation.

    Args:
        nin: how many inputs.
        activation: a name ("relu", "tanh", "sigmoid", ... "linear"), a function of one Value, or None for "linear".
        bias: whether there is one; it starts at 0.
        nonlin: micrograd's spelling: False makes it linear.
        init: how the weights start; see `nn.init`. By default uniform between -1 and 1, as micrograd's.
        seed: makes the weights reproducible; without it they come from Python's `random`, so `random.seed` does.
        fan_out: how many neurons its layer has; some initialisations ask.

    >>> neuron = Neuron(2, "tanh", seed=1)
    >>> print(neuron, len(neuron.parameters()))
    Neuron(2, tanh) 3
    >>> neuron([1.0, -2.0]).scope
    ('Neuron',)
    """

    def __init__(
        self,
        nin: int,
        activation: str | Activation | bool | None = "relu",
        bias: bool = True,
        *,
        nonlin: bool | None = None,
        init: Chosen = None,
        seed: int | Draws | None = None,
        fan_out: int = 1,
    ) -> None:
        count, draw, source = positive("nin", nin), chosen(init), generator(seed)
        self.w = [Value(draw(source, count, fan_out), f"w{i}") for i in range(count)]
        self.b = Value(0.0, "b") if bias else None
        self.activation, self._activate = _activation(activation, nonlin)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _Neurons.changes += 1

    @property
    def nonlin(self) -> bool:
        """Whether it has an activation."""
        return self._activate is not None

    def forward(self, x: Any) -> Any:
        """A list of `nin` numbers or Values to one Value."""
        w = self.w
        if type(x) is not list or len(x) != len(w):
            x = inputs(x, len(w), self)
        if are_numbers(x):
            act = dot(w, x, self.b)
        else:
            products = map(mul, w, x)
            act = sum(products, self.b if self.b is not None else next(products))
        return act if self._activate is None else self._activate(act)

    def extra_repr(self) -> str:
        """Inputs, activation, and a missing bias."""
        return f"{len(self.w)}, {self.activation}" + ("" if self.b is not None else ", bias=False")


FORWARD: Final = Neuron.forward


class Plan:
    """A layer that computes its neurons at once, as long as no neuron has changed."""

    __slots__ = ("affine", "changes", "naming", "neurons")

    def __init__(self, neurons: list[Neuron], known: object, changes: int) -> None:
        self.neurons, self.naming, self.changes = list(neurons), known, changes
        weights: list[Any] = [neuron.w for neuron in neurons]
        self.affine = Affine(
            [each if type(each) is list else list(each) for each in weights],
            [neuron.b for neuron in neurons],
            [_method(neuron._activate) for neuron in neurons],
            [neuron._place[1].note for neuron in neurons],
        )


class Layer(Module):
    """Neurons side by side, all with the same inputs.

    Args:
        nin: how many inputs.
        nout: how many neurons.
        options: what `Neuron` takes: activation, bias, nonlin, init, seed.

    >>> layer = Layer(2, 3, activation="sigmoid", seed=1)
    >>> len(layer([0.5, -0.5]))
    3
    """

    _plan: Plan | None = None

    def __init__(self, nin: int, nout: int, *, seed: int | Draws | None = None, **options: Any) -> None:
        count, source = positive("nout", nout), generator(seed)
        options = {"fan_out": count, **options}
        self.neurons = [Neuron(nin, seed=source, **options) for _ in range(count)]

    def forward(self, x: Any) -> Any:
        """A list of `nin` numbers or Values to a list of `nout` Values; to the Value itself when `nout` is 1."""
        if type(x) is not list:
            x = inputs(x, len(self.neurons[0].w), self)
        out = self._at_once(x)
        if not out:
            x = inputs(x, len(self.neurons[0].w), self)
            out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def _at_once(self, x: list[Any]) -> list[Any] | None:
        """What calling every neuron gives, and the names it gives, in a fifth of the time.

        Nothing where a neuron is not as this file has it, or where what it records is more than a sum and a primitive.
        """
        if Neuron.forward is not FORWARD:
            return None
        plan = self._plan
        known, changes = naming(), _Neurons.changes
        if plan is None or plan.naming is not known or plan.changes != changes or plan.neurons != self.neurons:
            if not all(is_plain(neuron, known) for neuron in self.neurons):
                return None
            plan = Plan(self.neurons, known, changes)
            object.__setattr__(self, "_plan", plan)
        return plan.affine.record(x)


class MLP(Module):
    """A multilayer perceptron: layers one after the other, the last one linear.

    Args:
        nin: how many inputs.
        nouts: how many neurons in each layer, the last number being the outputs.
        activation: that of all layers but the last.
        bias: whether the neurons have one.
        output: the activation of the last layer.
        init: how the weights start; see `nn.init`.
        seed: makes the network reproducible; without it the weights come from Python's `random`.

    >>> model = MLP(2, [16, 16, 1], seed=1337)
    >>> print(model)
    MLP(
      (layers.0): Layer(
        (neurons.0-15): 16 x Neuron(2, relu)
      )
      (layers.1): Layer(
        (neurons.0-15): 16 x Neuron(16, relu)
      )
      (layers.2): Layer(
        (neurons.0): Neuron(16, linear)
      )
    )
    >>> len(model.parameters())
    337
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation | None = "relu",
        bias: bool = True,
        *,
        output: str | Activation | None = "linear",
        init: Chosen = None,
        seed: int | Draws | None = None,
    ) -> None:
        if isinstance(nouts, (str, int)) or not isinstance(nouts, Iterable) or not list(nouts):
            raise SettingError(f"nouts lists the neurons of each layer, such as [16, 16, 1]; got {nouts!r}")
        sizes, source = [nin, *nouts], generator(seed)
        _activation(activation, None)  # a wrong name is told also where no layer would use it
        activations = [activation] * (len(sizes) - 2) + [output]
        self.layers = [
            Layer(fan_in, fan_out, activation=each, bias=bias, init=init, seed=source)
            for fan_in, fan_out, each in zip(sizes, sizes[1:], activations, strict=False)
        ]

    def forward(self, x: Any) -> Any:
        """A list of `nin` numbers or Values to a list of the outputs; to the Value itself when there is one."""
        x = inputs(x, len(self.layers[0].neurons[0].w), self)
        for layer in self.layers:
            x = layer(x)
        return x


def is_plain(neuron: Neuron, known: object) -> bool:
    """Whether a neuron is as this file has it, and part of what `known` has named, with a primitive for activation."""
    return (
        type(neuron) is Neuron
        and neuron._place[0] is known
        and "forward" not in neuron.__dict__
        and isinstance(neuron.w, (list, tuple))
        and isinstance(neuron.b, (Value, float, type(None)))
        and (neuron._activate is None or type(neuron._activate) is methodcaller)
    )


def _method(activate: Activation | None) -> Any:
    """The method of `Value` that a methodcaller calls, which is called sooner than looked up."""
    return None if activate is None else getattr(Value, activate.__reduce__()[1][0])


def are_numbers(x: list[Any]) -> bool:
    """Whether all are Values or plain numbers."""
    return all(map(isinstance, x, repeat(NUMBERS)))


def positive(name: str, number: Any) -> int:
    """A whole number from 1 up.

    Raises:
        SettingError: it is none.
    """
    if isinstance(number, bool) or not hasattr(number, "__index__") or number < 1:
        raise SettingError(f"{name} is a whole number from 1 up, got {type(number).__name__} {number!r}")
    return index(number)


def inputs(x: Any, expected: int, module: Module) -> list[Any]:
    """What a scalar module was called with, as a list of numbers or Values of the length it expects.

    Raises:
        ShapeError: the length is wrong, or it is no row of numbers.
    """
    listed: list[Any] = x if type(x) is list else _listed(x, module)
    if len(listed) != expected:
        rows = listed and isinstance(listed[0], (list, tuple, np.ndarray))
        numbers = ", ".join([f"x{k}" for k in range(expected)] if expected <= 3 else ["x0", "...", f"x{expected - 1}"])
        raise ShapeError(
            f"{type(module).__name__} expects {expected} input{'s' * (expected != 1)}, got {len(listed)}; "
            + ("it takes one sample at a time: [model(row) for row in X]" if rows else f"write model([{numbers}])")
        )
    return listed


def _listed(x: Any, module: Module) -> list[Any]:
    check_array(x)
    if getattr(x, "ndim", 0) > 1:
        raise ShapeError(
            f"{type(module).__name__} takes one sample at a time, got an array of shape {x.shape}; "
            "write [model(row) for row in X]; Sequential and Linear take all at once"
        )
    if isinstance(x, np.ndarray):
        return list(np.atleast_1d(x).tolist())
    if isinstance(x, (int, float, np.generic)) or is_recorded(x):
        return [x]
    if isinstance(x, Iterable) and not isinstance(x, (str, bytes, dict, set, frozenset)):
        return list(x)
    raise ShapeError(f"{type(module).__name__} expects a list of numbers or Values, got {type(x).__name__}")


def _activation(given: str | Activation | bool | None, nonlin: bool | None) -> tuple[str, Activation | None]:
    if isinstance(given, bool):  # micrograd's Neuron(2, False)
        return activation("relu" if given else None)
    return activation(None if nonlin is False else given)
