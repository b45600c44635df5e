"""How weights start: distributions of a layer's first weights, and where their random numbers come from.

Each function here makes an `Init`, which draws one weight, or an array of them, when it is told how many inputs and
outputs its layer has.
Formulas of xavier (Glorot and Bengio 2010) and kaiming (He et al. 2015), names and values as PyTorch's.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .errors import SettingError


class Draws(Protocol):
    """A source of random numbers: a `random.Random`, or the `random` module itself."""

    def uniform(self, a: float, b: float, /) -> float: ...

    def gauss(self, mu: float, sigma: float, /) -> float: ...

    def getrandbits(self, k: int, /) -> int: ...


def generator(seed: int | Draws | None) -> Draws:
    """The source of random numbers for a `seed=`.

    Args:
        seed: a whole number starts a source of its own; None stands for Python's `random` module, whose state
            `random.seed(1337)` sets (as micrograd's users do); a `random.Random` is used as it is.

    Raises:
        SettingError: it is none of these.
    """
    if seed is None:
        return random
    if seed is random or isinstance(seed, random.Random):
        return seed
    if hasattr(seed, "__index__"):
        return random.Random(seed.__index__())
    raise SettingError(f"a seed is a whole number, a random.Random or None, got {type(seed).__name__} {seed!r}")


def array_generator(source: Draws) -> np.random.Generator:
    """numpy's generator for one array, started from the source: whole arrays are drawn at once."""
    return np.random.default_rng(source.getrandbits(64))


def manual_seed(seed: int) -> None:
    """Make all that follows reproducible: everything that is given no `seed=` draws from Python's `random`.

    >>> import nn
    >>> nn.manual_seed(0)
    >>> first = nn.Linear(1, 1).weight.item()
    >>> nn.manual_seed(0)
    >>> nn.Linear(1, 1).weight.item() == first
    True
    """
    random.seed(seed)


@dataclass(frozen=True)
class Init:
    """A distribution of weights: `center` plus or minus `spread(fan_in, fan_out)`.

    The spread is the half width of a uniform distribution, or the standard deviation of a normal one.

    >>> Init("mine", "uniform", lambda fan_in, fan_out: 1 / fan_in)(random.Random(0), 4, 2)
    0.17221092576252406
    """

    name: str
    shape: str
    spread: Callable[[int, int], float]
    center: float = 0.0

    def __call__(self, source: Draws, fan_in: int, fan_out: int) -> float:
        """One weight of a layer with so many inputs and outputs."""
        spread = self.spread(fan_in, fan_out)
        if self.shape == "normal":
            return source.gauss(self.center, spread)
        return source.uniform(self.center - spread, self.center + spread) if spread else self.center

    def array(
        self,
        shape: Sequence[int],
        fan_in: int | None = None,
        fan_out: int | None = None,
        seed: int | Draws | None = None,
        dtype: Any = float,
    ) -> np.ndarray[Any, Any]:
        """An array of weights, to make a Tensor of.

        Args:
            shape: its shape.
            fan_in, fan_out: the inputs and outputs of the layer; by default the last and the first axis, as in
                `Linear.weight`, which is (out, in).
            seed: makes it reproducible; see `generator`.
            dtype: a float dtype.

        >>> xavier_uniform().array((2, 3), seed=0).shape
        (2, 3)
        """
        spread = self.spread(
            (shape[-1] if shape else 1) if fan_in is None else fan_in,
            (shape[0] if shape else 1) if fan_out is None else fan_out,
        )
        draw = array_generator(generator(seed))
        if self.shape == "normal":
            return draw.normal(self.center, spread, shape).astype(dtype)
        return draw.uniform(self.center - spread, self.center + spread, shape).astype(dtype)


def uniform(low: float = -1.0, high: float = 1.0) -> Init:
    """Evenly spread between two numbers; the default of `Neuron`, as micrograd's."""
    if not low <= high:
        raise SettingError(f"uniform(low, high) needs low <= high, got {low} and {high}")
    return Init("uniform", "uniform", lambda fan_in, fan_out: (high - low) / 2, (low + high) / 2)


def normal(mean: float = 0.0, std: float = 1.0) -> Init:
    """Normally distributed."""
    _positive("std", std)
    return Init("normal", "normal", lambda fan_in, fan_out: std, mean)


def constant(number: float) -> Init:
    """Always the same number. All neurons of a layer then stay alike: for tests and for single neurons."""
    return Init("constant", "uniform", lambda fan_in, fan_out: 0.0, float(number))


def zeros() -> Init:
    """Always 0."""
    return constant(0.0)


def xavier_uniform(gain: float = 1.0) -> Init:
    """Uniform within gain * sqrt(6 / (fan_in + fan_out)): keeps the size of signals and gradients through tanh."""
    _positive("gain", gain)
    return Init("xavier_uniform", "uniform", lambda fan_in, fan_out: gain * math.sqrt(6 / (fan_in + fan_out)))


def xavier_normal(gain: float = 1.0) -> Init:
    """Normal with standard deviation gain * sqrt(2 / (fan_in + fan_out))."""
    _positive("gain", gain)
    return Init("xavier_normal", "normal", lambda fan_in, fan_out: gain * math.sqrt(2 / (fan_in + fan_out)))


def kaiming_uniform(gain: float = math.sqrt(2.0), mode: str = "fan_in") -> Init:
    """Uniform within gain * sqrt(3 / fan): keeps the size of signals through ReLU; mode "fan_out" that of gradients."""
    fan = _fan(gain, mode)
    return Init("kaiming_uniform", "uniform", lambda fan_in, fan_out: gain * math.sqrt(3 / fan(fan_in, fan_out)))


def kaiming_normal(gain: float = math.sqrt(2.0), mode: str = "fan_in") -> Init:
    """Normal with standard deviation gain / sqrt(fan)."""
    fan = _fan(gain, mode)
    return Init("kaiming_normal", "normal", lambda fan_in, fan_out: gain / math.sqrt(fan(fan_in, fan_out)))


def gain(activation: str, slope: float = 0.01) -> float:
    """The factor that makes up for what an activation takes from the size of a signal.

    Args:
        activation: its name; one that is not in this short list of PyTorch's has gain 1.
        slope: that of leaky_relu.

    >>> gain("tanh")
    1.6666666666666667
    """
    known = {"tanh": 5 / 3, "relu": math.sqrt(2.0), "leaky_relu": math.sqrt(2.0 / (1 + slope * slope))}
    return known.get(activation, 1.0)


BY_NAME: dict[str, Callable[[], Init]] = {
    make.__name__: make
    for make in (uniform, normal, zeros, xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal)
}
"""What `init="..."` understands."""

Chosen = str | Callable[[Draws, int, int], float] | None


def chosen(init: Chosen) -> Callable[[Draws, int, int], float]:
    """The distribution for an `init=`: a name, an `Init`, a function like one, or None for micrograd's uniform.

    Raises:
        SettingError: there is none of that name; the message lists those there are.
    """
    if init is None:
        return uniform()
    if isinstance(init, str) and init in BY_NAME:
        return BY_NAME[init]()
    if callable(init):
        maker: Any = init
        if maker is constant or maker in BY_NAME.values():
            raise SettingError(f"call it: init.{maker.__name__}(...) makes the distribution")
        return init
    raise SettingError(f"there is no init {init!r}; there are {', '.join(BY_NAME)}; or write nn.init.normal(0, 0.1)")


def drawn(init: Chosen, shape: Sequence[int], seed: int | Draws | None, dtype: Any) -> np.ndarray[Any, Any]:
    """The first weights (out, in) of an array layer, from what its `init=` was given."""
    draw = chosen(init)
    if isinstance(draw, Init):
        return draw.array(shape, seed=seed, dtype=dtype)
    source, count = generator(seed), math.prod(shape)
    return np.array([draw(source, shape[-1], shape[0]) for _ in range(count)], dtype).reshape(shape)


def _positive(name: str, number: float) -> None:
    if not 0 <= number < math.inf:
        raise SettingError(f"{name} is a number from 0 up, got {number}")


def _fan(gain: float, mode: str) -> Callable[[int, int], int]:
    _positive("gain", gain)
    if mode not in ("fan_in", "fan_out"):
        raise SettingError(f'mode is "fan_in" or "fan_out", got {mode!r}')
    return lambda fan_in, fan_out: fan_in if mode == "fan_in" else fan_out
