"""Layers of arrays: `Linear` and its relatives, for whole batches at once. Their parameters are `Tensor`s.

Names, arguments, shapes and first weights are PyTorch's, so a state_dict goes from one to the other as it is. The first
axes of an input are the batch. No derivative is written here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from autograd import OperandError, ShapeError, Tensor, TraceError, sqrt
from autograd.mode import NOW, TRACING
from autograd.system.arrays import check_array

from .activations import is_recorded
from .errors import SettingError
from .init import Chosen, Draws, array_generator, drawn, gain, generator, kaiming_uniform, normal, uniform
from .layers import positive
from .module import Module

FROZEN: Final = "a compiled step would drop the same numbers every time: with Dropout, train without compiling"


class Linear(Module):
    """x @ weight.T + bias: every output a weighted sum of the inputs.

    Args:
        in_features: how many inputs.
        out_features: how many outputs.
        bias: whether there is one.
        init: how the weights start, see `nn.init`; by default as in PyTorch, uniform within 1 / sqrt(in_features).
        seed: makes the layer reproducible; without it, Python's `random` decides, see `nn.manual_seed`.
        dtype: float64, unless you say float32.

    >>> layer = Linear(3, 2, seed=0)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    >>> layer.weight.shape
    (2, 3)
    """

    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: Chosen = None,
        seed: int | Draws | None = None,
        dtype: Any = float,
    ) -> None:
        self.in_features = positive("in_features", in_features)
        self.out_features = positive("out_features", out_features)
        shape, source = (self.out_features, self.in_features), generator(seed)
        first = kaiming_uniform(gain("leaky_relu", math.sqrt(5))) if init is None else init  # 1 / sqrt(in), in disguise
        self.weight = Tensor(drawn(first, shape, source, dtype))
        bound = 1 / math.sqrt(self.in_features)
        self.bias = Tensor(uniform(-bound, bound).array(shape[:1], seed=source, dtype=dtype)) if bias else None

    def forward(self, x: Any) -> Tensor:
        """(..., in_features) to (..., out_features)."""
        x = array_input(x, self, self.weight.dtype)
        if not x.ndim or x.shape[-1] != self.in_features:
            column = "; for one feature in a column write X[:, None]" if x.ndim == self.in_features == 1 else ""
            raise ShapeError(f"{self!r} expects inputs of shape (..., {self.in_features}), got {x.shape}{column}")
        out: Tensor = x @ self.weight.T
        return out if self.bias is None else out + self.bias

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A table of vectors, looked up by number: word 3 becomes row 3 of `weight`.

    Args:
        num_embeddings: how many rows.
        embedding_dim: the length of each.
        init: how they start; by default normally distributed with deviation 1.
        seed: makes it reproducible.
        dtype: float64, unless you say float32.

    >>> Embedding(10, 4, seed=0)([[1, 2, 1]]).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        init: Chosen = None,
        seed: int | Draws | None = None,
        dtype: Any = float,
    ) -> None:
        self.num_embeddings = positive("num_embeddings", num_embeddings)
        self.embedding_dim = positive("embedding_dim", embedding_dim)
        shape = (self.num_embeddings, self.embedding_dim)
        self.weight = Tensor(drawn(normal() if init is None else init, shape, seed, dtype))

    def forward(self, numbers: Any) -> Tensor:
        """Whole numbers of any shape to that shape with an axis of `embedding_dim` at its end."""
        check_array(numbers)
        places = np.asarray(numbers.data if isinstance(numbers, Tensor) else numbers)
        if places.dtype.kind not in "iu" and places.size:
            raise OperandError(f"Embedding looks rows up by whole numbers, got dtype {places.dtype}: use .astype(int)")
        if places.size and not 0 <= places.min() <= places.max() < self.num_embeddings:
            wrong = places.min() if places.min() < 0 else places.max()
            raise ShapeError(f"Embedding has the rows 0 to {self.num_embeddings - 1}, got {wrong}")
        out: Tensor = self.weight[places.astype(int)]
        return out

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


class LayerNorm(Module):
    """Each sample shifted and scaled to mean 0 and variance 1 over its last axes, then by `weight` and `bias`.

    Args:
        normalized_shape: the lengths of those axes; a number for the last one alone.
        eps: added to the variance, which keeps the division from zero.
        elementwise_affine: whether there is a weight, which starts at 1.
        bias: whether there is a bias beside the weight, which starts at 0.
        dtype: float64, unless you say float32.

    Source: Ba, Kiros and Hinton, Layer Normalization (2016).

    >>> LayerNorm(2)(Tensor([[1.0, 3.0]])).data.round(3)
    array([[-1.,  1.]])
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = float,
    ) -> None:
        lengths = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
        self.normalized_shape = tuple(positive("normalized_shape", length) for length in lengths)
        self.eps = float(eps)
        self.weight = Tensor(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        self.bias = Tensor(np.zeros(self.normalized_shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        """(..., *normalized_shape) to the same shape."""
        x = array_input(x, self, float if self.weight is None else self.weight.dtype)
        count = len(self.normalized_shape)
        if x.shape[x.ndim - count :] != self.normalized_shape or x.ndim < count:
            raise ShapeError(f"{self!r} expects inputs whose last axes are {self.normalized_shape}, got {x.shape}")
        axes = tuple(range(-count, 0))
        away = x - x.mean(axis=axes, keepdims=True)
        out = away / sqrt((away * away).mean(axis=axes, keepdims=True) + self.eps)
        if self.weight is not None:
            out = out * self.weight
        return out if self.bias is None else out + self.bias

    def extra_repr(self) -> str:
        """As PyTorch writes it."""
        return f"{self.normalized_shape}, eps={self.eps:g}, elementwise_affine={self.weight is not None}"


class Dropout(Module):
    """In training each number is dropped (made 0) with probability p, the others are scaled by 1 / (1 - p).

    In evaluation (`model.eval()`) nothing is changed.

    Args:
        p: the probability.
        seed: makes what is dropped reproducible; without it, Python's `random` decides.

    >>> layer = Dropout(0.5, seed=1)
    >>> layer(np.ones(4)), layer.eval()(np.ones(4))
    (array([0., 2., 2., 2.]), array([1., 1., 1., 1.]))
    """

    def __init__(self, p: float = 0.5, *, seed: int | Draws | None = None) -> None:
        if not 0 <= p <= 1:
            raise SettingError(f"p is a probability between 0 and 1, got {p}")
        self.p = float(p)
        self.source = None if seed is None else generator(seed)

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape; a list of Values to a list."""
        if not self.training or self.p == 0:
            return x
        if TRACING and NOW.tracer is not None:
            raise TraceError(f"{FROZEN}, or after model.eval()")
        kept = array_generator(generator(self.source)).random(np.shape(x) if isinstance(x, list) else x.shape) >= self.p
        factors = kept / (1 - self.p) if self.p < 1 else kept * 0.0
        if isinstance(x, list):
            return [each * float(factor) for each, factor in zip(x, factors, strict=True)]
        return x * factors.astype(x.dtype)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p:g}"


class Flatten(Module):
    """The axes from `start_dim` to `end_dim` laid out along one: pictures (N, 8, 8) become rows (N, 64).

    >>> Flatten()(Tensor(np.ones((5, 2, 3)))).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        """(N, a, b, ...) to (N, a * b * ...)."""
        check_array(x)
        x = x if isinstance(x, Tensor) else np.asarray(x)
        first, last = (dim + x.ndim * (dim < 0) for dim in (self.start_dim, self.end_dim))
        if not 0 <= first <= last < x.ndim:
            raise ShapeError(f"{self!r} does not fit an input of shape {x.shape}")
        return x.reshape((*x.shape[:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))

    def extra_repr(self) -> str:
        """The axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Sequential(Module):
    """Modules one after the other, each given what the one before it returned.

    Args:
        modules: the modules, named "0", "1"... as in PyTorch; or one dict of them by name.

    >>> from nn import ReLU
    >>> model = Sequential(Linear(2, 16, seed=0), ReLU(), Linear(16, 1, seed=1))
    >>> print(model)
    Sequential(
      (0): Linear(in_features=2, out_features=16, bias=True)
      (1): ReLU()
      (2): Linear(in_features=16, out_features=1, bias=True)
    )
    >>> [name for name, _ in model.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Any) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else dict(enumerate(modules))
        for name, module in named.items():
            if not isinstance(module, Module):
                made = f"{module.__name__}()" if isinstance(module, type) else "a class with forward"
                if isinstance(module, (list, tuple)):
                    made = "Sequential(*layers)"
                raise SettingError(f"Sequential is made of modules, got {module!r} at {name}; write {made}")
            if hasattr(self, str(name)):
                raise SettingError(f"a part of Sequential cannot be named {name!r}: that name has a meaning already")
            setattr(self, str(name), module)

    def forward(self, x: Any) -> Any:
        """Through all of them."""
        for _, module in self._listed():
            x = module(x)
        return x

    def _listed(self) -> list[tuple[str, Module]]:
        """The modules in order, also one that is in it twice."""
        return [(name, module) for name, module in vars(self).items() if isinstance(module, Module)]

    def __len__(self) -> int:
        return len(self._listed())

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._listed())

    def __getitem__(self, place: int | slice) -> Module:
        """The module at a place; for a slice, a Sequential of the same modules."""
        if isinstance(place, slice):
            return Sequential(dict(self._listed()[place]))
        return self._listed()[place][1]


def array_input(x: Any, module: Module, dtype: Any) -> Any:
    """What an array module was called with: a Tensor as it is, anything else as an array in the module's dtype.

    Raises:
        OperandError: it holds Values, or no numbers.
    """
    if isinstance(x, Tensor):
        return x
    check_array(x)
    array = None if is_recorded(x) else np.asarray(x)
    if array is None or array.dtype.kind not in "biuf":
        what = type(x).__name__ if array is None else f"dtype {array.dtype}"
        raise OperandError(
            f"{type(module).__name__} takes a Tensor or an array of numbers, got {what}; "
            "for Values there are Layer and MLP"
        )
    return array.astype(dtype, copy=False)
